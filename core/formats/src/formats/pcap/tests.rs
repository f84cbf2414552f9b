use expect_test::expect;
use rustls::{
    CipherSuite,
    version::{TLS12, TLS13},
};

use super::wire::{self, CLIENT, SERVER, TlsPeers, Turn, WireCapture};
use crate::checks::{check, shown};

const ASKED: &[u8] = b"POST /sa?project=p HTTP/1.1\r\nHost: sa.example\r\nContent-Length: 5\r\n\r\nhello";
const TOLD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const READ: &str =
    "0 POST http://sa.example/sa?project=p HTTP/1.1\n  Host: sa.example\n  Content-Length: 5\n  > hello\n  200 < ok\n";

fn conversation(port: u16, turns: &[Turn<'_>]) -> WireCapture {
    let mut capture = WireCapture::default();
    capture.connect(port);
    turns.iter().for_each(|turn| capture.say(*turn));
    capture.close();
    capture
}

/// A frame of raw IP in the head of a link type.
fn framed(link: u32, packet: &[u8]) -> Vec<u8> {
    let head: &[u8] = match link {
        0 => b"\x02\0\0\0",
        108 => b"\0\0\0\x02",
        1 => b"\x01\x02\x03\x04\x05\x06\x01\x02\x03\x04\x05\x07\x81\0\0\x07\x08\0",
        113 => b"\0\0\0\x01\0\x06\x01\x02\x03\x04\x05\x06\0\0\x08\0",
        276 => b"\x08\0\0\0\0\0\0\x01\0\x01\0\x06\x01\x02\x03\x04\x05\x06\0\0",
        _ => b"",
    };
    [head, packet].concat()
}

#[test]
fn every_link_type_gives_the_same_request() {
    let capture = conversation(80, &[Turn::Client(ASKED), Turn::Server(TOLD)]);
    for link in [0, 1, 12, 101, 108, 113, 228, 276] {
        let packets: Vec<_> = capture.packets.iter().map(|packet| framed(link, packet)).collect();
        assert_eq!(shown(&wire::pcap(link, &packets)), READ, "{link}");
    }
    assert_eq!(shown(&capture.pcapng(b"", "")), READ);
    check(
        wire::pcap(127, &capture.packets),
        expect![[r#"
        capture ! Unsupported: 6 packets are of link type 127, which is not read
    "#]],
    );
}

#[test]
fn packets_may_come_twice_and_in_any_order() {
    let mut capture = conversation(80, &[Turn::Client(&ASKED[..20]), Turn::Client(&ASKED[20..]), Turn::Server(TOLD)]);
    capture.packets.swap(2, 3);
    let again = capture.packets[2].clone();
    capture.packets.push(again);
    assert_eq!(shown(&capture.pcap()), READ);
}

#[test]
fn what_is_not_in_the_capture_is_named() {
    let mut capture =
        conversation(80, &[Turn::Client(ASKED), Turn::Client(ASKED), Turn::Client(ASKED), Turn::Server(TOLD)]);
    capture.packets.remove(3);
    check(
        capture.pcap(),
        expect![[r#"
            0 POST http://sa.example/sa?project=p HTTP/1.1
              Host: sa.example
              Content-Length: 5
              > hello
              200 < ok
            0 entry ! Missing: 146 bytes of its connection are not in the capture: what was sent after it is not known
        "#]],
    );
    // A part of what the server said.
    let mut told = conversation(80, &[Turn::Client(ASKED), Turn::Server(&TOLD[..10]), Turn::Server(&TOLD[10..])]);
    told.packets.remove(3);
    assert!(shown(&told.pcap()).contains("bytes of what its server said are not in the capture"));
    // Nothing of what the client said.
    capture.packets.drain(2..4);
    assert!(shown(&capture.pcap()).contains("not in the capture"));
}

#[test]
fn fragments_and_other_protocols_are_counted() {
    let mut capture = conversation(80, &[Turn::Client(ASKED), Turn::Server(TOLD)]);
    let mut fragment = wire::ipv4(true, 17, b"0123456789");
    fragment[6] = 0x20;
    capture.packets.extend([
        fragment,
        wire::ipv4(true, 47, b"gre"),
        wire::ipv4(true, 1, b"\x08echo"),
        b"\x45".to_vec(),
    ]);
    // An error of ICMP, and a question for a neighbour, carry nothing.
    capture.packets.extend([wire::ipv4(false, 1, b"\x03error"), wire::ipv4(true, 2, b"groups")]);
    let expected = "capture ! Unsupported: 1 packets are fragments of IP and were not put together\n\
        capture ! Cut: the capture kept too little of 1 packets to read them\n\
        capture ! Unsupported: 1 packets are of ICMP, other than errors and were not read\n\
        capture ! Unsupported: 1 packets are of GRE and were not read\n";
    assert_eq!(shown(&capture.pcap()), format!("{READ}{expected}"));
}

#[test]
fn ipv6_is_read_behind_its_further_heads() {
    let capture = conversation(80, &[Turn::Client(ASKED), Turn::Server(TOLD)]);
    let packets = capture.packets.iter().map(|packet| {
        let (mut head, content) = (vec![0x60, 0, 0, 0], &packet[20..]);
        head.extend((content.len() as u16 + 8).to_be_bytes());
        head.extend([60, 64]);
        for address in [&packet[12..16], &packet[16..20]] {
            head.extend(b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0");
            head.extend(address);
        }
        head.extend([6, 0, 1, 4, 0, 0, 0, 0]);
        [&head, content].concat()
    });
    assert_eq!(shown(&wire::pcap(229, &packets.collect::<Vec<_>>())), READ);
}

#[test]
fn requests_in_a_row_have_their_answers() {
    check(
        conversation(
            8080,
            &[
                Turn::Client(b"GET /1 HTTP/1.1\r\nHost: a.example:8080\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: a.example:8080\r\n\r\n"),
                Turn::Client(b"POST /3 HTTP/1.1\r\nHost: a.example:8080\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\n"),
                Turn::Server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
                Turn::Server(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 No\r\n\r\nuntil the end"),
                Turn::Client(b"GET /4 HTTP/1.1\r\n\r\n"),
            ],
        )
        .pcap(),
        expect![[r#"
            0 GET http://a.example:8080/1 HTTP/1.1
              Host: a.example:8080
              200 < a
            1 HEAD http://a.example:8080/2 HTTP/1.1
              Host: a.example:8080
              200 < 
            2 POST http://a.example:8080/3 HTTP/1.1
              Host: a.example:8080
              Transfer-Encoding: chunked
              > abcde
              404 < until the end
            3 GET http://192.0.2.1:8080/4 HTTP/1.1
        "#]],
    );
}

#[test]
fn a_tunnel_is_read_through() {
    let mut inner = Vec::new();
    inner.extend_from_slice(b"CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\n\r\n");
    let socks: [&[u8]; 4] =
        [b"\x05\x01\0", b"\x05\0", b"\x05\x01\0\x03\x09b.example\0\x50", b"\x05\0\0\x01\0\0\0\0\0\0"];
    check(
        conversation(
            3128,
            &[
                Turn::Client(socks[0]),
                Turn::Server(socks[1]),
                Turn::Client(socks[2]),
                Turn::Server(socks[3]),
                Turn::Client(&inner),
                Turn::Server(b"HTTP/1.1 200 Connection established\r\n\r\n"),
                Turn::Client(b"GET /x HTTP/1.1\r\n\r\n"),
                Turn::Server(TOLD),
            ],
        )
        .pcap(),
        expect![[r#"
            0 CONNECT https://a.example:80/ HTTP/1.1
              Host: a.example:80
              200 < 
            1 GET http://a.example/x HTTP/1.1
              200 < ok
        "#]],
    );
}

#[test]
fn messages_of_a_web_socket_belong_to_its_handshake() {
    check(
        conversation(
            80,
            &[
                Turn::Client(b"GET /s HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
                Turn::Server(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
                Turn::Client(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
                Turn::Server(b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00"),
            ],
        )
        .pcap(),
        expect![[r#"
            0 GET http://a.example/s HTTP/1.1
              Host: a.example
              Upgrade: websocket
              Connection: Upgrade
              101 < 
              >> Hello
              << Hello
              << Hello
        "#]],
    );
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[test]
fn streams_of_http_2_are_requests() {
    let fields = b"\x83\x87\x44\x02/x\x41\x09a.example\x40\x01k\x01v";
    let mut client = super::http2::PREFACE.to_vec();
    client.extend(frame(4, 0, 0, b"\0\x03\0\0\0\x64"));
    // Fields in two frames, with a priority and padding; and data with padding.
    client.extend(frame(1, 0x28, 1, &[&[2, 0, 0, 0, 0, 16][..], &fields[..5], &[0, 0]].concat()));
    client.extend(frame(9, 4, 1, &fields[5..]));
    client.extend(frame(0, 8, 1, b"\x01body\0"));
    client.extend(frame(1, 5, 3, b"\x82\x87\x84\x41\x09b.example\xbf"));
    client.extend(frame(1, 5, 1, b"\0\x01t\x01u"));
    let mut server = frame(4, 0, 0, b"");
    server.extend(frame(1, 4, 3, b"\x48\x03103"));
    server.extend(frame(1, 5, 3, b"\x89"));
    server.extend(frame(1, 4, 1, b"\x88"));
    server.extend(frame(0, 1, 1, b"told"));
    check(
        conversation(80, &[Turn::Client(&client), Turn::Server(&server)]).pcap(),
        expect![[r#"
            0 POST https://a.example/x HTTP/2
              k: v
              t: u
              > body
              200 < told
            1 GET https://b.example/ HTTP/2
              k: v
              204 < 
        "#]],
    );
}

#[test]
fn fields_that_cannot_be_told_leave_the_rest_unread_and_say_so() {
    let mut client = super::http2::PREFACE.to_vec();
    client.extend(frame(1, 5, 1, b"\x82\x87\x84\x41\x09a.example"));
    client.extend(frame(1, 5, 3, b"\xff\xff\xff"));
    client.extend(frame(1, 5, 5, b"\x82\x87\x84"));
    let shown = shown(&conversation(80, &[Turn::Client(&client)]).pcap());
    assert!(shown.starts_with("0 GET https://a.example/ HTTP/2\n"), "{shown}");
    assert!(shown.contains("24 bytes of its connection are missing or broken"), "{shown}");
}

fn tls(version: &'static rustls::SupportedProtocolVersion, suite: Option<CipherSuite>) -> (WireCapture, String) {
    let mut capture = WireCapture::default();
    capture.connect(443);
    let mut peers = TlsPeers::new(version, suite);
    peers.handshake(&mut capture);
    peers.say(Turn::Client(ASKED), &mut capture);
    peers.say(Turn::Server(TOLD), &mut capture);
    if version.version == TLS13.version {
        peers.update_keys(&mut capture);
    }
    peers.say(Turn::Client(b"GET /later HTTP/1.1\r\nHost: a.example\r\n\r\n"), &mut capture);
    peers.say(Turn::Server(TOLD), &mut capture);
    capture.close();
    (capture, peers.secrets())
}

#[test]
fn secrets_open_every_version_and_suite() {
    let expected = format!(
        "{}1 GET https://a.example/later HTTP/1.1\n  Host: a.example\n  200 < ok\n",
        READ.replace("http://", "https://")
    );
    for (version, suite) in [
        (&TLS13, CipherSuite::TLS13_AES_128_GCM_SHA256),
        (&TLS13, CipherSuite::TLS13_AES_256_GCM_SHA384),
        (&TLS13, CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
        (&TLS12, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
        (&TLS12, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
        (&TLS12, CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ] {
        let (capture, secrets) = tls(version, Some(suite));
        assert_eq!(shown(&capture.pcapng(secrets.as_bytes(), "")), expected, "{suite:?}");
        // Beside the file, and in front of a later block.
        let mut beside = String::new();
        let mut read = |item| {
            if let crate::PieceItem::Record(model::Record::Exchange(exchange)) = item {
                beside.push_str(&exchange.request.url);
            }
        };
        let mut piece = |piece: crate::CapturePiece| {
            piece.read(&mut read);
            std::ops::ControlFlow::Continue(())
        };
        crate::cut_with_keys(&mut &capture.pcap()[..], secrets.as_bytes(), &mut piece).unwrap();
        assert_eq!(beside, "https://sa.example/sa?project=phttps://a.example/later", "{suite:?}");
    }
}

#[test]
fn without_its_secret_a_connection_is_sealed_with_name_and_size() {
    let (capture, secrets) = tls(&TLS13, None);
    let sealed = shown(&capture.pcap());
    assert_eq!(
        sealed,
        "0 CONNECT https://a.example/ \n  sealed: the capture has no secret for this connection of TLS\n"
    );
    // Secrets of another connection, or wrong ones, open nothing.
    let (_, other) = tls(&TLS13, None);
    assert_eq!(shown(&capture.pcapng(other.as_bytes(), "")), sealed);
    let wrong: String = secrets.lines().map(|line| format!("{}{}\n", &line[..line.len() - 8], "00000000")).collect();
    assert!(shown(&capture.pcapng(wrong.as_bytes(), "")).contains("do not open this"));
}

#[test]
fn after_a_hole_in_tls_the_rest_is_sealed_or_missing() {
    let (mut capture, secrets) = tls(&TLS12, None);
    let last = capture.packets.iter().rposition(|packet| packet.len() > 60 && packet[12..16] == CLIENT).unwrap();
    capture.packets.remove(last);
    let shown = shown(&capture.pcapng(secrets.as_bytes(), ""));
    assert!(shown.contains("POST https://sa.example/sa?project=p"), "{shown}");
    assert!(shown.contains("are not in the capture: what was sent after it is not known"), "{shown}");
}

#[test]
fn the_beginning_of_a_connection_may_be_missing() {
    let (mut capture, secrets) = tls(&TLS13, None);
    capture.packets.drain(..6);
    let shown = shown(&capture.pcapng(secrets.as_bytes(), ""));
    assert!(shown.contains("sealed: the capture does not have the beginning of this connection"), "{shown}");
}

#[test]
fn questions_of_dns_name_the_hosts_that_follow() {
    let question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03sa1\x07example\0\0\x01\0\x01";
    let mut answer = question.to_vec();
    (answer[2], answer[7]) = (0x81, 1);
    answer.extend(b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04");
    answer.extend(SERVER);
    let mut capture = WireCapture::default();
    capture.udp(true, (5000, 53), question);
    capture.udp(false, (5000, 53), &answer);
    capture.connect(9000);
    capture.say(Turn::Client(b"\x01\x02hello"));
    capture.udp(true, (6000, 6000), b"datagram");
    check(
        capture.pcap(),
        expect![[r#"
            0 DNS dns://sa1.example/?type=A DNS
              Content-Type: application/dns-message
              > \x124\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03sa1\x07example\x00\x00\x01\x00\x01
              200 < \x124\x81\x00\x00\x01\x00\x01\x00\x00\x00\x00\x03sa1\x07example\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00<\x00\x04\xc0\x00\x02\x01
            1 TCP tcp://sa1.example:9000/ 
              >> binary \x01\x02hello
            2 UDP udp://sa1.example:6000/ 
              >> binary datagram
        "#]],
    );
}

#[test]
fn quic_is_sealed_with_its_name() {
    let mut capture = WireCapture::default();
    let (one, two) = wire::initial_datagrams("a.example");
    for datagram in [&one[..], &two, b"\x40short head"] {
        capture.udp(true, (5000, 443), datagram);
    }
    capture.udp(false, (5000, 443), b"\x41told");
    capture.udp(true, (5001, 443), b"\x42in the middle of one");
    check(
        capture.pcap(),
        expect![[r#"
            0 CONNECT https://a.example/ 
              sealed: it is QUIC, of which the name alone is read
            1 CONNECT https://192.0.2.1/ 
              sealed: it is QUIC, of which the name alone is read
        "#]],
    );
}

/// The apps of a capture's exchanges.
fn apps(capture: &[u8]) -> Vec<Option<String>> {
    let mut apps = Vec::new();
    crate::read(&mut &capture[..], &mut |item| {
        if let crate::PieceItem::Record(model::Record::Exchange(exchange)) = item {
            apps.push(exchange.client.process.as_ref().map(|process| process.name.clone()));
        }
    })
    .unwrap();
    apps
}

#[test]
fn the_app_of_a_connection_is_known_from_pcapdroid() {
    let capture = conversation(80, &[Turn::Client(ASKED), Turn::Server(TOLD)]);
    let mut named = capture.pcapng(b"", "u-10123");
    let mut map = b"\0\0\0\0\x01\x01".to_vec();
    map.extend(10_123_u32.to_le_bytes());
    map.extend([11, 3]);
    map.extend(b"org.exampleApp");
    named.extend(wire::block(0x0bad, &map));
    assert_eq!(apps(&named), [Some("org.example".to_owned())]);
    let trailer = |packet: &Vec<u8>| {
        let mut frame = framed(1, packet);
        frame.extend([0x01, 0x07, 0x20, 0x21, 0, 0, 0x27, 0x8b]);
        frame.extend(b"Example App\0\0\0\0\0\0\0\0\0crc!");
        frame
    };
    let packets: Vec<_> = capture.packets.iter().map(trailer).collect();
    assert_eq!(apps(&wire::pcap(1, &packets)), [Some("Example App".to_owned())]);
}

#[test]
fn a_cut_file_gives_what_it_has_and_says_so() {
    let capture = conversation(80, &[Turn::Client(ASKED), Turn::Server(TOLD)]);
    for file in [capture.pcap(), capture.pcapng(b"# log\n", "u-1")] {
        for end in 0..file.len() {
            let shown = shown(&file[..end]);
            assert!(!shown.contains("hello") || shown.starts_with("0 POST "), "{shown}");
        }
        let shown = shown(&file[..file.len() - 1]);
        assert!(shown.contains("capture ! Cut: the file ends within a "), "{shown}");
        assert!(shown.contains("> hello"), "{shown}");
    }
}

#[test]
fn a_broken_file_is_a_gap() {
    let file = conversation(80, &[Turn::Client(ASKED)]).pcap();
    let mut long = file.clone();
    long[32..36].copy_from_slice(&[0xff; 4]);
    assert!(shown(&long).contains("longer than any can be"));
    let mut short = conversation(80, &[Turn::Client(ASKED)]).pcapng(b"", "");
    short[32..36].copy_from_slice(&[4, 0, 0, 0]);
    assert!(shown(&short).contains("shorter than its head"));
}

#[test]
fn many_connections_do_not_stay_in_memory() {
    let mut capture = WireCapture::default();
    let body = vec![b'x'; 4 << 20];
    for number in 0..12 {
        capture.connect(8000 + number);
        capture
            .say(Turn::Client(format!("POST /{number} HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes()));
        capture.say(Turn::Client(&body));
        capture.close();
    }
    let mut urls = Vec::new();
    let mut largest = 0;
    crate::cut(&mut &capture.pcap()[..], &mut |piece| {
        largest = largest.max(piece.size());
        piece.read(&mut |item| {
            if let crate::PieceItem::Record(model::Record::Exchange(exchange)) = item {
                urls.push(exchange.request.url);
            }
        });
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(urls.len(), 12);
    assert!(urls.iter().enumerate().all(|(number, url)| url.ends_with(&format!("/{number}"))), "{urls:?}");
    assert!(largest > 4 << 20);
}
