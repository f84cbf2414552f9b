//! What is to be seen on a picture (PNG), as numbers.

use std::{collections::BTreeMap, io::Read};

/// Lightness of each pixel and how many different ones there are (PNG, 8 bits
/// a channel, not interlaced, as Chromium writes it).
pub fn pixels(png: &[u8]) -> (f64, usize) {
    let channels = if png[25] == 6 { 4 } else { 3 };
    let width = u32::from_be_bytes([png[16], png[17], png[18], png[19]]) as usize;
    let (mut at, mut packed) = (8, Vec::new());
    while at + 12 <= png.len() {
        let length = u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]) as usize;
        if &png[at + 4..at + 8] == b"IDAT" {
            packed.extend_from_slice(&png[at + 8..at + 8 + length]);
        }
        at += 12 + length;
    }
    let mut rows = Vec::new();
    flate2::read::ZlibDecoder::new(&packed[..]).read_to_end(&mut rows).expect("a PNG holds zlib");
    let mut above = vec![0; width * channels];
    let (mut light, mut colours) = (0u64, BTreeMap::<Vec<u8>, u32>::new());
    for row in rows.chunks_exact(1 + width * channels) {
        let line = unfiltered(row[0], &row[1..], &above, channels);
        for pixel in line.chunks_exact(channels) {
            light += pixel[..3].iter().map(|part| u64::from(*part)).sum::<u64>();
            if colours.len() < 10_000 {
                *colours.entry(pixel.to_vec()).or_default() += 1;
            }
        }
        above = line;
    }
    let count = rows.len() / (1 + width * channels) * width * 3;
    (light as f64 / count as f64, colours.len())
}

/// PNG, §9.2.
fn unfiltered(filter: u8, row: &[u8], above: &[u8], channels: usize) -> Vec<u8> {
    let mut line: Vec<u8> = Vec::with_capacity(row.len());
    for (i, byte) in row.iter().enumerate() {
        let left = if i >= channels { line[i - channels] } else { 0 };
        let corner = if i >= channels { above[i - channels] } else { 0 };
        let guess = match filter {
            1 => left,
            2 => above[i],
            3 => ((u16::from(left) + u16::from(above[i])) / 2) as u8,
            4 => paeth(left, above[i], corner),
            _ => 0,
        };
        line.push(byte.wrapping_add(guess));
    }
    line
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    let far = |from: u8| (guess - i16::from(from)).abs();
    match () {
        () if far(left) <= far(above) && far(left) <= far(corner) => left,
        () if far(above) <= far(corner) => above,
        () => corner,
    }
}
