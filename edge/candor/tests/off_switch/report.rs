//! What the reporting browser sends, opened.

use std::io::Read;

use base64::{Engine, prelude::BASE64_STANDARD};
use model::Request;

/// Hosts of the maker of the case.
const COLLECTOR: &str = "sa.api.intl.miui.com";

/// What arrived at the collector, with whatever was packed in it.
pub fn arrived(got: &[Request]) -> Vec<String> {
    got.iter().filter(|request| request.url.contains(COLLECTOR)).map(opened).collect()
}

/// Everything in a request as one text: as it is, and body ▸ form data_list ▸
/// base64 ▸ gzip.
fn opened(request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body.bytes).into_owned();
    let packed = body.split('&').find_map(|pair| pair.strip_prefix("data_list=")).unwrap_or_default();
    let packed = packed.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    let mut json = String::new();
    let bytes = BASE64_STANDARD.decode(packed).unwrap_or_default();
    let _ = flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut json);
    format!("{}\n{body}\n{json}", request.url)
}
