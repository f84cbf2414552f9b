//! A URL as a QR code for a phone's camera (ISO/IEC 18004).

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

/// The white border around the code, in modules; the standard asks for four.
const QUIET: i32 = 4;

/// The QR code; None if the text is too long.
pub(super) fn code(text: &str, says: &str) -> Option<Markup> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    let side = size + 2 * QUIET;
    Some(html! {
        svg .qr viewBox={ "0 0 " (side) " " (side) } width="180" height="180" role="img" aria-label=(says) shape-rendering="crispEdges" {
            rect .light width=(side) height=(side) {}
            path .dark d=(path) {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_dots_with_white_around_them() {
        let drawn = code("http://192.168.1.5:8460", "the proxy").unwrap().into_string();
        assert!(drawn.contains("M4 4h1v1h-1z") && !drawn.contains("M3 "));
        assert!(code(&"x".repeat(4_000), "too long").is_none());
    }
}
