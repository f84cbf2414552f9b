use crate::candor;

const COOKED: &[u8] = b"crc=1&data=eyJ1cmwiOiJodHRwczovL3NhLmV4YW1wbGUvP3E9MSJ9";

#[test]
fn a_value_is_shown_layer_by_layer() {
    let ran = candor(&["decode"], COOKED);
    assert_eq!(ran.status, Some(0), "{}", ran.said);
    let text = ran.text();
    assert!(text.starts_with("value = crc=1&data="), "{text}");
    assert!(text.contains("      json $.url = https://sa.example/?q=1\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour into a pipe");
}

#[test]
fn a_trail_leads_to_one_value_raw() {
    for trail in ["value ▸ form data ▸ base64", "form data ▸ base64"] {
        let ran = candor(&["decode", "--to", trail, "-"], COOKED);
        assert_eq!(ran.text(), r#"{"url":"https://sa.example/?q=1"}"#, "{}", ran.said);
    }
    let astray = candor(&["decode", "--to", "form nothing"], COOKED);
    assert_eq!(astray.status, Some(2));
    assert!(astray.said.contains("there is no value at value ▸ form nothing"), "{}", astray.said);
}

#[test]
fn what_does_not_open_is_a_gap_and_nothing_is_refused() {
    let cut = candor(&["decode"], b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xcbH\xcd");
    assert_eq!(cut.status, Some(3), "{}", cut.said);
    assert!(cut.text().contains("! cut: "), "{}", cut.text());
    assert_eq!(candor(&["decode"], b"").status, Some(2));
    assert_eq!(candor(&["decode", "no-such-file"], b"").status, Some(2));
}
