//! Captures of packets: as they are, and as what both sides of one connection
//! said, so that the protocols in it are reached without a checksum of luck.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[kind, at], rest)) = data.split_first_chunk::<2>() else { return };
    if kind & 1 == 0 {
        return read(rest);
    }
    let (client, server) = rest.split_at(rest.len() * usize::from(at) / 256);
    let mut file = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x65\0\0\0".to_vec();
    // TCP to one of two ports, or UDP of DNS and another.
    let port: u16 = [443, 53, 80, 5353][usize::from(kind >> 1 & 3)];
    for (is_client, bytes) in [(true, client), (false, server)] {
        let mut sequence = 1_u32;
        for part in std::iter::once(&[][..]).chain(bytes.chunks(1200)) {
            packet(&mut file, is_client, port, sequence, part, kind & 8 == 0);
            sequence = sequence.wrapping_add(part.len().max(usize::from(sequence == 1)) as u32);
        }
    }
    read(&file);
});

fn read(mut file: &[u8]) {
    let keys = format!("CLIENT_RANDOM {} {}\n", "00".repeat(32), "00".repeat(48));
    let _ = formats::cut_with_keys(&mut file, keys.as_bytes(), &mut |piece| {
        piece.read(&mut |_| ());
        std::ops::ControlFlow::Continue(())
    });
}

fn packet(file: &mut Vec<u8>, is_client: bool, port: u16, sequence: u32, bytes: &[u8], is_tcp: bool) {
    let (from, to) = if is_client { (40_000, port) } else { (port, 40_000) };
    let mut content = [from.to_be_bytes(), to.to_be_bytes()].concat();
    if is_tcp {
        let flags = if bytes.is_empty() { if is_client { 2 } else { 18 } } else { 16 };
        content.extend(sequence.to_be_bytes());
        content.extend([0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0]);
    } else {
        content.extend((bytes.len() as u16 + 8).to_be_bytes());
        content.extend([0, 0]);
    }
    content.extend_from_slice(bytes);
    let length = content.len() as u32 + 20;
    file.extend([&[0; 8][..], &length.to_le_bytes(), &length.to_le_bytes()].concat());
    file.extend([0x45, 0, (length >> 8) as u8, length as u8, 0, 0, 0, 0, 64, if is_tcp { 6 } else { 17 }, 0, 0]);
    let (client, server) = ([10, 0, 0, 2], [192, 0, 2, 1]);
    file.extend(if is_client { [client, server] } else { [server, client] }.concat());
    file.extend(content);
}
