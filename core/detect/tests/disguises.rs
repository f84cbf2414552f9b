//! What a value may be disguised as, and what only looks like it.

mod checks;

use checks::{detector, lines, post, sightings};
use detect::Detector;
use knowledge::Knowledge;
use model::{Canary, Exchange, RecognitionMethod};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const EMAIL: (&str, &str, &str) = ("mail-1", "email", "Zoe.Fink60@sallo-post.example");
const URL: (&str, &str, &str) = ("url-1", "visited-url", "https://qvwzkrtplmxn.com/berlin-9f2c7/page?q=zx81");

fn guises(detector: &mut Detector, exchange: &Exchange) -> Vec<String> {
    let seen = sightings(detector, exchange);
    let guise = |weak: bool, guise: String| if weak { format!("{guise} weak") } else { guise };
    seen.iter().map(|sighting| guise(sighting.weak, sighting.guise.to_string())).collect()
}

fn json(value: &str) -> Exchange {
    post(format!(r#"{{"x":"{value}"}}"#).as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[test]
fn a_digest_is_known_if_only_its_beginning_is_sent() {
    let digest = hex(&Sha256::digest("zoe.fink60@sallo-post.example"));
    let mut detector = detector(&[EMAIL]);
    assert_eq!(guises(&mut detector, &json(&digest[..16])), ["sha256-prefix8(lower)"]);
    assert_eq!(guises(&mut detector, &json(&digest[..32])), ["sha256-prefix16(lower)"]);
    assert_eq!(guises(&mut detector, &json(&digest[..14])), [""; 0]);
}

#[test]
fn salted_digests_are_seen_once_the_salt_is_known() {
    let salted = hex(&Sha256::digest("pepperzoe.fink60@sallo-post.example"));
    let mut detector = detector(&[EMAIL]);
    assert_eq!(guises(&mut detector, &json(&salted)), [""; 0]);
    detector.salt(b"pepper");
    assert_eq!(guises(&mut detector, &json(&salted)), ["sha256(salt+lower)"]);
    detector.plant(&Canary::new("user-1", "user-id", "pat-ch6u8g4yk")).unwrap();
    let salted = hex(&Sha256::digest("pat-ch6u8g4ykpepper"));
    assert_eq!(guises(&mut detector, &json(&salted)), ["sha256(value+salt)"]);
}

#[test]
fn a_short_hash_is_a_hint_in_a_whole_field_and_nothing_in_a_longer_one() {
    let crc = format!("{:08x}", crc32fast::hash(EMAIL.2.as_bytes()));
    let mut detector = detector(&[EMAIL]);
    assert_eq!(guises(&mut detector, &json(&crc)), ["crc32 weak"]);
    assert_eq!(guises(&mut detector, &json(&format!("id {crc} of"))), [""; 0]);
}

#[test]
fn four_bytes_of_a_digest_count_only_if_a_second_four_confirm_them() {
    let mut detector = detector(&[URL]);
    let prefix = |expression: &str| hex(&Sha256::digest(expression)[..4]);
    let page = prefix("qvwzkrtplmxn.com/berlin-9f2c7/page?q=zx81");
    let host = prefix("qvwzkrtplmxn.com/");
    assert_eq!(guises(&mut detector, &json(&page)), [""; 0]);
    assert_eq!(guises(&mut detector, &post(format!(r#"{{"a":"{page}","b":"{page}"}}"#).as_bytes())), [""; 0]);
    let both = post(format!(r#"{{"a":"{page}","b":"{host}"}}"#).as_bytes());
    let seen = sightings(&mut detector, &both);
    assert_eq!(
        lines(&seen),
        format!(
            "visited-url url-1 sha256-prefix4: body ▸ json $.a = {page}\n\
             visited-host url-1 sha256-prefix4: body ▸ json $.b = {host}\n"
        )
    );
}

#[test]
fn eight_bytes_of_a_digest_need_no_confirmation() {
    let mut detector = detector(&[URL]);
    let prefix = hex(&Sha256::digest("qvwzkrtplmxn.com/berlin-9f2c7/")[..8]);
    assert_eq!(guises(&mut detector, &json(&prefix)), ["sha256-prefix8"]);
}

#[test]
fn a_value_taken_apart_is_weak_evidence() {
    let mut detector = detector(&[("name-1", "person-name", "Zoe Finukgurmann"), EMAIL]);
    let apart = post(br#"{"first_name":"Zoe","last_name":"finukgurmann","age":7}"#);
    assert_eq!(guises(&mut detector, &apart), ["plain weak"]);
    let one_part = post(br#"{"first_name":"Zoe","last_name":"Finukgurmonn"}"#);
    assert_eq!(guises(&mut detector, &one_part), [""; 0]);
    let whole_too = post(br#"{"first_name":"Zoe","last_name":"Finukgurmann","name":"Zoe Finukgurmann"}"#);
    assert_eq!(guises(&mut detector, &whole_too), ["plain"]);
    let numbered = post(br#"{"p":["Zoe.Fink60@sa","llo-post.example"]}"#);
    assert_eq!(guises(&mut detector, &numbered), ["plain weak"]);
}

#[test]
fn unicode_and_case_hide_nothing() {
    let mut detector = detector(&[("name-1", "person-name", "Zoë Müllerßon")]);
    for form in ["Zoë Müllerßon", "zoë müllerßon", "ZOË MÜLLERSSON", "Zoe\u{308} Mu\u{308}llerßon"] {
        assert_eq!(guises(&mut detector, &json(form)), ["plain"], "{form}");
    }
}

#[test]
fn an_email_address_is_seen_without_its_dots_and_tags() {
    let mut detector = detector(&[("mail-1", "email", "jo.hann+shop@qvwz-post.example")]);
    for form in ["jo.hann+shop@qvwz-post.example", "jo.hann@qvwz-post.example", "johann@qvwz-post.example"] {
        assert_eq!(guises(&mut detector, &json(form)), ["plain"], "{form}");
    }
    assert_eq!(guises(&mut detector, &json("mo.jo.hann@qvwz-pest.example")), [""; 0]);
}

#[test]
fn an_identifier_is_seen_with_and_without_its_separators() {
    let mut detector = detector(&[("ad-1", "advertising-id", "38400000-8cf0-11bd-b23e-10b96e40000d")]);
    for form in ["38400000-8cf0-11bd-b23e-10b96e40000d", "384000008cf011bdb23e10b96e40000d"] {
        assert_eq!(sightings(&mut detector, &json(form)).len(), 1, "{form}");
    }
}

#[test]
fn patterns_are_off_unless_asked_for_and_come_last() {
    let mut detector = Detector::new(&Knowledge::built_in());
    let body = post(br#"{"contact":"someone@sallo-post.example","imei":"352387871605635"}"#);
    assert!(sightings(&mut detector, &body).is_empty());
    detector.patterns(true);
    assert_eq!(
        lines(&sightings(&mut detector, &body)),
        "email pattern plain: body ▸ json $.contact = someone@sallo-post.example\n\
         device-id pattern plain: body ▸ json $.imei = 352387871605635\n"
    );
    detector.plant(&Canary::new("mail-1", "email", "someone@sallo-post.example")).unwrap();
    let seen = sightings(&mut detector, &body);
    assert_eq!(
        seen.iter().map(|sighting| sighting.how).collect::<Vec<_>>(),
        [RecognitionMethod::Canary, RecognitionMethod::Pattern]
    );
}

/// Values of every sort, and what each would be with one character changed.
const DECOYS: [(&str, &str); 8] = [
    ("visited-url", "https://clinic-dqzu2ua.example/befund/hexclimir-2udp8/suche?q=moclihex%2095mg&seite=7"),
    ("visited-url-part", "hexclimir-2udp8"),
    ("visited-host", "clinic-dqzu2ua.example"),
    ("search", "nausea after moclihex 95mg"),
    ("email", "Zoe.Finukgurmann60@sallo-post.example"),
    ("phone", "+4915194636692"),
    ("user-id", "pat-ch6u8g4yk"),
    ("device-id", "352387871605635"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_value_with_one_character_changed_is_never_seen(
        which in 0..DECOYS.len(), place in any::<prop::sample::Index>(), digested in any::<bool>(),
    ) {
        let (kind, value) = DECOYS[which];
        // The scheme of an address says nothing of the page, nor a plus of the number.
        let from = match kind {
            "visited-url" => "https://".len(),
            "phone" => "+".len(),
            _ => 0,
        };
        let at = from + place.index(value.len() - from);
        let near: String = value.char_indices().map(|(i, c)| if i == at { other(c) } else { c }).collect();
        let sent = if digested { hex(&Sha256::digest(&near)) } else { near };
        let mut detector = detector(&[("decoy-1", kind, value)]);
        let seen = sightings(&mut detector, &json(&sent));
        let of_canary: Vec<_> = seen.iter().filter(|sighting| sighting.canary.is_some()).cloned().collect();
        prop_assert_eq!(lines(&of_canary), "");
    }

    #[test]
    fn a_value_is_seen_wherever_a_plain_search_sees_it(
        which in 0..DECOYS.len(), before in "[ ,;=&]{0,9}", after in "[ ,;&]{0,9}",
    ) {
        let (kind, value) = DECOYS[which];
        let mut detector = detector(&[("canary-1", kind, value)]);
        let seen = sightings(&mut detector, &post(format!("{before}{value}{after}").as_bytes()));
        prop_assert!(seen.iter().any(|sighting| sighting.canary.as_deref() == Some("canary-1") && !sighting.weak));
    }
}

/// Another character of the same sort.
fn other(c: char) -> char {
    match c {
        '9' => '8',
        '0'..='8' => char::from(c as u8 + 1),
        'z' | 'Z' => 'a',
        'a'..='y' | 'A'..='Y' => char::from(c as u8 + 1),
        _ => 'x',
    }
}

#[test]
fn a_digest_of_another_digest_is_known() {
    use sha1::Sha1;
    let value = EMAIL.2.to_lowercase();
    let mut detector = detector(&[EMAIL]);
    for (digest, guise) in [
        (hex(&Sha1::digest(hex(&Sha256::digest(&value)))), "sha1(sha256(lower))"),
        (hex(&Sha256::digest(Sha1::digest(&value))), "sha256(raw sha1(lower))"),
        (hex(&md5::Md5::digest(hex(&Sha1::digest(EMAIL.2)))), "md5(sha1)"),
    ] {
        assert_eq!(guises(&mut detector, &json(&digest)), [guise]);
    }
}

/// Fields of a message: 64-bit number, its eight bytes, and any bytes.
fn message(varint: u64, fixed: [u8; 8], bytes: &[u8]) -> Vec<u8> {
    let mut all = vec![0x08];
    let mut left = varint;
    while left >= 0x80 {
        all.push(left as u8 | 0x80);
        left >>= 7;
    }
    all.push(left as u8);
    all.push(0x11);
    all.extend(fixed);
    all.extend([0x1a, bytes.len() as u8]);
    [&all, bytes].concat()
}

#[test]
fn an_identifier_sent_as_a_number_or_as_bytes_is_known() {
    const ANDROID: (&str, &str, &str) = ("a", "device-id", "3d1122aa55667781");
    const UUID: (&str, &str, &str) = ("u", "advertising-id", "5F1C9A52-7b1e-4d3c-9a77-0c1f2e3d4b5a");
    const IMEI: (&str, &str, &str) = ("i", "device-id", "352387871605635");
    let uuid = data_encoding::HEXLOWER.decode(b"5f1c9a527b1e4d3c9a770c1f2e3d4b5a").unwrap();
    let guid = data_encoding::HEXLOWER.decode(b"529a1c5f1e7b3c4d9a770c1f2e3d4b5a").unwrap();
    let (android, imei, half) = (0x3d11_22aa_5566_7781_u64, 352_387_871_605_635_u64, 0x5f1c_9a52_7b1e_4d3c_u64);
    for (canary, body, count) in [
        (ANDROID, message(android, [9; 8], b"words"), 1),
        (ANDROID, message(7, android.to_le_bytes(), b"words"), 1),
        (ANDROID, message(7, [9; 8], &android.to_be_bytes()), 1),
        (ANDROID, format!("{{\"id\":{android}}}").into_bytes(), 1),
        (ANDROID, [&b"\x00\x01\xff"[..], &android.to_le_bytes(), b"\x00\x02"].concat(), 1),
        (UUID, message(7, [9; 8], &uuid), 1),
        (UUID, message(7, [9; 8], &guid), 1),
        (UUID, message(half, [9; 8], b"words"), 1),
        (UUID, [&b"\x00\x01\xff"[..], &uuid, b"\x00\x02"].concat(), 1),
        (IMEI, message(imei, [9; 8], b"words"), 1),
        (IMEI, message(7, imei.to_le_bytes(), b"words"), 1),
        (IMEI, message(7, [9; 8], b"\x53\x32\x78\x78\x61\x50\x36\xf5"), 1),
        (ANDROID, message(android ^ 2, [9; 8], &(android ^ 1).to_be_bytes()), 0),
        (UUID, message(half ^ 4, [9; 8], &uuid[1..]), 0),
    ] {
        let seen = sightings(&mut detector(&[canary]), &post(&body));
        assert_eq!(seen.len(), count, "{}: {}", canary.2, lines(&seen));
        assert!(seen.iter().all(|sighting| !sighting.weak && sighting.guise == model::Guise::Plain));
    }
}

#[test]
fn a_value_in_messages_within_messages_is_seen_once() {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8][..], bytes].concat();
    let inner = field(3, EMAIL.2.as_bytes());
    for (body, places) in [
        (field(1, &field(1, &field(1, &inner))), &["body ▸ protobuf 1.1.1.3"][..]),
        ([field(1, &inner), field(1, &inner)].concat(), &["body ▸ protobuf 1.3", "body ▸ protobuf 1#2.3"]),
        ([field(1, &field(2, &inner)), field(4, &inner)].concat(), &["body ▸ protobuf 1.2.3", "body ▸ protobuf 4.3"]),
    ] {
        let seen = sightings(&mut detector(&[EMAIL]), &post(&body));
        let seen: Vec<String> = seen.iter().map(|sighting| sighting.trail.to_string()).collect();
        assert_eq!(seen, places);
    }
}
