//! Bodies like those of SDKs: JSON with events, some of it packed again.

use base64::{Engine, prelude::BASE64_STANDARD};

/// A body of so many bytes: events, and in the last one as many words as are
/// missing.
pub fn of(size: usize) -> Vec<u8> {
    let (open, close) = (r#"{"note":""#, r#""}]"#);
    if size == 0 {
        return Vec::new();
    }
    let mut text = String::from("[");
    for number in 0.. {
        let event = event(number);
        if text.len() + event.len() + open.len() + close.len() + 1 > size {
            break;
        }
        text.push_str(&event);
        text.push(',');
    }
    text.push_str(open);
    let missing = size.saturating_sub(text.len() + close.len());
    text.extend("nothing in particular ".chars().cycle().take(missing));
    text.push_str(close);
    text.into_bytes()
}

fn event(number: u64) -> String {
    let id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let context = format!(r#"{{"session":"{id:016x}","locale":"de-DE","screen":[1080,2340],"tz":120}}"#);
    format!(
        r#"{{"event":"screen_view","time":{},"distinct_id":"{id:016x}{id:016x}","properties":{{"$lib":"Android","$os_version":"13","title":"Nothing in particular {number}","url":"https://elsewhere.example/{number}/path?ref=home&n={number}","duration":{number}.25,"context":"{}"}}}}"#,
        1_790_000_000_000_u64 + number,
        BASE64_STANDARD.encode(context),
    )
}
