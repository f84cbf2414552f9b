//! What bytes a body in a HAR stands for.

use std::borrow::Cow;

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use memchr::{memchr_iter, memchr2};

use super::text::WtfText;

/// A body as a HAR has it.
#[derive(Default)]
pub(super) struct HarBody<'a> {
    pub(super) text: Option<WtfText<'a>>,
    pub(super) encoding: Option<WtfText<'a>>,
    pub(super) mime: Option<WtfText<'a>>,
    pub(super) params: Vec<FormParam<'a>>,
    /// Lengths that the capture states for it, in bytes; 0 and less are none.
    pub(super) lengths: Vec<f64>,
}

/// A field of a form.
pub(super) struct FormParam<'a> {
    pub(super) name: WtfText<'a>,
    pub(super) value: Option<WtfText<'a>>,
    pub(super) file: Option<WtfText<'a>>,
}

/// The bytes, and what is wrong with them.
pub(super) struct BodyBytes {
    pub(super) bytes: Vec<u8>,
    pub(super) wrong: Option<BodyFault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// Longer than the capture, or the file, has it.
    Cut,
    /// Said to be base64, and is not.
    NotBase64,
    /// Characters that are gone for good.
    Lossy,
    /// There was a body, and the capture has none.
    Absent,
}

impl HarBody<'_> {
    pub(super) fn bytes(&self) -> BodyBytes {
        let text = self.text.as_ref().filter(|text| !text.is_empty());
        let Some(text) = text else { return self.of_params() };
        if self.encoding.as_ref().is_some_and(|encoding| encoding.raw().eq_ignore_ascii_case(b"base64")) {
            return of_base64(text);
        }
        let bytes = self.of_text(text);
        let wrong = match () {
            () if text.cut => Some(BodyFault::Cut),
            () if self.is_lossy(&bytes) => Some(BodyFault::Lossy),
            () => None,
        };
        BodyBytes { bytes: bytes.into_owned(), wrong }
    }

    /// Unmarked text is UTF-8, or each character is a byte. What the capture
    /// says of its length decides; if it says nothing, text that reads as
    /// UTF-8 once it is bytes, or that no person writes, is bytes.
    fn of_text<'t>(&self, text: &'t WtfText<'_>) -> Cow<'t, [u8]> {
        let exact = text.exact();
        if text.escapes_bytes() {
            return exact;
        }
        let Some(latin1) = text.latin1() else { return exact };
        match (self.says(latin1.len()), self.says(exact.len())) {
            (true, false) => return Cow::Owned(latin1),
            (false, true) => return exact,
            _ => {}
        }
        let is_control = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 0x7f..=0x9f);
        if std::str::from_utf8(&latin1).is_ok() || latin1.iter().any(is_control) {
            return Cow::Owned(latin1);
        }
        exact
    }

    /// Whether the capture says that the body has this length.
    fn says(&self, length: usize) -> bool {
        self.lengths.contains(&(length as f64))
    }

    fn is_lossy(&self, bytes: &[u8]) -> bool {
        const LOST: &[u8] = "\u{fffd}".as_bytes();
        memchr_iter(LOST[0], bytes).any(|at| bytes[at..].starts_with(LOST)) && !self.says(bytes.len())
    }

    fn of_params(&self) -> BodyBytes {
        if self.params.is_empty() {
            let wrong = self.lengths.iter().any(|length| *length > 0.0).then_some(BodyFault::Absent);
            return BodyBytes { bytes: Vec::new(), wrong };
        }
        let mime = self.mime.as_ref().map(|mime| mime.lossy().into_owned()).unwrap_or_default();
        let bytes = match mime.to_ascii_lowercase().starts_with("multipart/") {
            true => multipart(&mime, &self.params),
            false => form(&self.params),
        };
        BodyBytes { bytes, wrong: None }
    }
}

fn of_base64(text: &WtfText<'_>) -> BodyBytes {
    let packed = match text.raw().iter().any(u8::is_ascii_whitespace) {
        false => Cow::Borrowed(text.raw()),
        true => text.raw().iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect(),
    };
    let alphabet = if memchr2(b'-', b'_', &packed).is_some() { &URL_SAFE } else { &STANDARD };
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    // A text that was cut ends anywhere.
    let whole = if text.cut { packed.len() / 4 * 4 } else { packed.len() };
    match GeneralPurpose::new(alphabet, config).decode(&packed[..whole]) {
        Ok(bytes) => BodyBytes { bytes, wrong: text.cut.then_some(BodyFault::Cut) },
        Err(_) => BodyBytes { bytes: text.exact().into_owned(), wrong: Some(BodyFault::NotBase64) },
    }
}

/// `name=value&…` (URL Standard §5.2). Some programs have undone the percent
/// encoding of the fields, some have not.
fn form(params: &[FormParam<'_>]) -> Vec<u8> {
    let texts = || params.iter().flat_map(|param| [Some(&param.name), param.value.as_ref()]).flatten();
    let encoded = texts().all(|text| is_encoded(text.raw()));
    let mut body = Vec::new();
    for (i, param) in params.iter().enumerate() {
        if i > 0 {
            body.push(b'&');
        }
        push(&mut body, &param.name.exact(), encoded);
        if let Some(value) = &param.value {
            body.push(b'=');
            push(&mut body, &value.exact(), encoded);
        }
    }
    body
}

fn push(body: &mut Vec<u8>, text: &[u8], encoded: bool) {
    for byte in text {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'-' | b'.' | b'_' => body.push(*byte),
            byte if encoded => body.push(*byte),
            byte => body.extend(format!("%{byte:02X}").bytes()),
        }
    }
}

/// Whether a form could have it just so.
fn is_encoded(text: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"*-._+%~!'()[]".contains(byte);
    let escapes = memchr_iter(b'%', text);
    text.iter().all(fits)
        && escapes
            .into_iter()
            .all(|at| text.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

/// RFC 7578, with the boundary that the type names.
fn multipart(mime: &str, params: &[FormParam<'_>]) -> Vec<u8> {
    let boundary = mime.split_once("boundary=").map_or("candor", |(_, rest)| rest.split(';').next().unwrap_or(rest));
    let boundary = boundary.trim().trim_matches('"');
    let mut body = Vec::new();
    for param in params {
        body.extend(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"").bytes());
        body.extend_from_slice(&param.name.exact());
        if let Some(file) = &param.file {
            body.extend(b"\"; filename=\"");
            body.extend_from_slice(&file.exact());
        }
        body.extend(b"\"\r\n\r\n");
        if let Some(value) = &param.value {
            body.extend_from_slice(&value.exact());
        }
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    body
}
