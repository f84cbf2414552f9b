//! Chromium's NetLog: which part of Chromium sent which request.
//!
//! Every request carries the hash of the traffic annotation in the source code, so
//! the log shows with certainty whether a page or the browser itself asked. Tests
//! compare Candor's results with it. An audit does not read it, because only
//! Chromium has such a log.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::Value;

use crate::Error;

/// Annotations of page requests (`tools/traffic_annotation` in Chromium's source).
/// The browser requests the favicon, but because of a page.
const PAGE: [&str; 5] =
    ["blink_resource_loader", "navigation_url_loader", "favicon_loader", "worker_script_load", "websocket_stream"];

/// A request as Chromium itself logged it.
#[derive(Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    pub method: String,
    pub url: String,
    /// Hash of the annotation's name.
    pub annotation: i64,
}

impl fmt::Debug for LoggedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logged(.., {})", self.annotation)
    }
}

impl LoggedRequest {
    /// Whether the part of Chromium with this annotation sent the request.
    pub fn is_by(&self, annotation: &str) -> bool {
        self.annotation == hash(annotation)
    }

    /// Whether a page sent the request.
    pub fn is_page(&self) -> bool {
        PAGE.iter().any(|annotation| self.is_by(annotation))
    }
}

#[derive(Deserialize)]
struct NetLog {
    constants: LogConstants,
    events: Vec<LogEvent>,
}

#[derive(Deserialize)]
struct LogConstants {
    #[serde(rename = "logEventTypes")]
    events: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
struct LogEvent {
    #[serde(rename = "type")]
    kind: i64,
    source: LogSource,
    #[serde(default)]
    params: Value,
}

#[derive(Deserialize)]
struct LogSource {
    id: i64,
}

/// Reads a log. A log without its end, as after a kill, is read up to its last event.
pub fn read(log: &[u8]) -> Result<Vec<LoggedRequest>, Error> {
    let unreadable = || Error::Refused { program: "the network log".to_owned(), says: "it is no NetLog".to_owned() };
    let text = String::from_utf8_lossy(log);
    let log: NetLog =
        serde_json::from_str(&text).or_else(|_| serde_json::from_str(&mended(&text))).map_err(|_| unreadable())?;
    let kind = |name: &str| log.constants.events.get(name).copied();
    let (alive, start) = kind("REQUEST_ALIVE").zip(kind("URL_REQUEST_START_JOB")).ok_or_else(unreadable)?;
    let mut annotations = BTreeMap::new();
    let mut logged = Vec::new();
    for event in &log.events {
        if let Some(annotation) = event.params["traffic_annotation"].as_i64().filter(|_| event.kind == alive) {
            annotations.insert(event.source.id, annotation);
        }
        let (Some(url), Some(method)) = (event.params["url"].as_str(), event.params["method"].as_str()) else {
            continue;
        };
        if event.kind == start && url.starts_with("http") {
            logged.push(LoggedRequest {
                method: method.to_owned(),
                url: url.split('#').next().unwrap_or(url).to_owned(),
                annotation: annotations.get(&event.source.id).copied().unwrap_or_default(),
            });
        }
    }
    Ok(logged)
}

/// Each event is one line: drops a partial event at the end, and closes the JSON.
fn mended(text: &str) -> String {
    let whole = text.rfind("},\n").map_or("", |end| &text[..=end]);
    format!("{whole}]}}")
}

/// `r = (31 r + c) mod 138003713` over the characters of an annotation's name.
fn hash(annotation: &str) -> i64 {
    annotation.bytes().fold(0, |hash, byte| (hash * 31 + i64::from(byte)) % 138_003_713)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"constants": {"logEventTypes": {"REQUEST_ALIVE": 2, "URL_REQUEST_START_JOB": 110}},
"events": [
{"type":2,"phase":1,"source":{"id":7,"type":1},"params":{"traffic_annotation":88863520,"url":"https://a.example/"}},
{"type":110,"phase":1,"source":{"id":7,"type":1},"params":{"method":"GET","url":"https://a.example/#x"}},
{"type":110,"phase":1,"sou"#;

    #[test]
    fn names_hash_to_what_chromium_writes() {
        assert_eq!(hash("blink_resource_loader"), 101_845_102);
        assert_eq!(hash("navigation_url_loader"), 63_171_670);
        assert_eq!(hash("autofill_query"), 88_863_520);
    }

    #[test]
    fn a_cut_log_is_read_up_to_the_cut() {
        let logged = read(LOG.as_bytes()).unwrap();
        assert_eq!(logged.len(), 1);
        assert!(logged[0].is_by("autofill_query") && !logged[0].is_page());
        assert_eq!(logged[0].url, "https://a.example/");
    }

    #[test]
    fn what_is_no_log_is_an_error() {
        assert!(read(b"{}").is_err());
        assert!(read(b"").is_err());
    }
}
