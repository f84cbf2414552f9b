//! One entry: a request and its answer.

use std::sync::Arc;

use model::{AnsweredBy, Body, Exchange, GapReason, Header, IngressKind, Request, Response, Seal, SealReason, Time};

use super::{
    body::{BodyFault, FormParam, HarBody},
    json::{HarResult, JsonCursor, JsonFault},
    socket,
    text::WtfText,
};
use crate::{
    piece::{PieceResult, body_gap, gap},
    stamp,
};

/// Reads an entry, as far as it can be read.
pub(super) fn read(index: u64, bytes: &[u8]) -> PieceResult {
    let mut entry = HarEntry::default();
    let read = entry.fill(&mut JsonCursor::new(bytes));
    let mut gaps = Vec::new();
    match read {
        Ok(()) => {}
        // That the file ends here is said of the file.
        Err(JsonFault::Cut) => {}
        Err(JsonFault::Broken) => {
            gaps.push(gap(Some(index), GapReason::Broken, "the entry is broken JSON from some place on"))
        }
    }
    if entry.request.url.is_empty() {
        if read.is_ok() {
            gaps.push(gap(Some(index), GapReason::Missing, "the entry has no request with an address"));
        }
        return PieceResult { exchange: None, gaps };
    }
    if is_local(&entry.request.url) {
        return PieceResult { exchange: None, gaps };
    }
    let (exchange, wrong) = entry.exchange(index);
    gaps.extend(wrong.map(|wrong| body_gap(index, wrong.why(), wrong.says())));
    PieceResult { exchange: Some(exchange), gaps }
}

/// Whether an address is looked up in the browser itself: nothing is sent.
fn is_local(url: &str) -> bool {
    const LOCAL: [&str; 14] = [
        "data",
        "blob",
        "about",
        "javascript",
        "file",
        "filesystem",
        "chrome",
        "chrome-extension",
        "moz-extension",
        "safari-web-extension",
        "resource",
        "view-source",
        "devtools",
        "content",
    ];
    let scheme = url.split(':').next().filter(|scheme| scheme.len() < url.len()).unwrap_or_default();
    LOCAL.iter().any(|local| scheme.trim_start().eq_ignore_ascii_case(local))
}

/// What an entry says.
#[derive(Default)]
struct HarEntry<'a> {
    started: Option<Time>,
    /// Milliseconds from the first byte to the last.
    took: Option<f64>,
    connection: Option<u64>,
    request: EntryHalf<'a>,
    response: EntryHalf<'a>,
    messages: Vec<model::Message>,
}

/// What it says of the request, or of the answer.
#[derive(Default)]
struct EntryHalf<'a> {
    method: String,
    url: String,
    version: String,
    status: u16,
    headers: Vec<Header>,
    cookies: Vec<Header>,
    query: Vec<Header>,
    body: HarBody<'a>,
}

impl<'a> HarEntry<'a> {
    fn fill(&mut self, json: &mut JsonCursor<'a>) -> HarResult<()> {
        json.object(|key, json| {
            match key {
                b"startedDateTime" => self.started = json.text()?.and_then(|text| stamp::time(&text.lossy())),
                b"time" => self.took = json.number()?,
                b"connection" => self.connection = json.text()?.and_then(|text| text.lossy().parse().ok()),
                b"request" => self.request.fill(json)?,
                b"response" => self.response.fill(json)?,
                b"_webSocketMessages" => json.array(|json| {
                    self.messages.push(socket::message(json)?);
                    Ok(())
                })?,
                _ => json.skip()?,
            }
            Ok(())
        })
    }

    fn exchange(self, index: u64) -> (Exchange, Option<BodyFault>) {
        let started = self.started.unwrap_or_default();
        let took = self.took.filter(|took| *took > 0.0 && *took < 1e12);
        let response = (self.response.status > 0).then(|| self.response.response());
        let (request, wrong) = self.request.request();
        let tunnel = request.method.eq_ignore_ascii_case("connect");
        let seal = tunnel.then(|| Seal {
            reason: SealReason::Tunnelled,
            says: "the capture has the tunnel, not what went through it".to_owned(),
            sent: 0,
            received: 0,
        });
        let exchange = Exchange {
            index,
            trial: None,
            connection: self.connection.unwrap_or(index),
            started,
            ended: took.map(|took| Time(started.0 + (took * 1e3) as i64)),
            inlet: IngressKind::Imported,
            client: Arc::default(),
            request,
            response,
            messages: self.messages,
            seal,
        };
        (exchange, wrong.filter(|_| !tunnel))
    }
}

impl<'a> EntryHalf<'a> {
    fn fill(&mut self, json: &mut JsonCursor<'a>) -> HarResult<()> {
        json.object(|key, json| {
            match key {
                b"method" => self.method = owned(json.text()?),
                b"url" => self.url = owned(json.text()?),
                b"httpVersion" => self.version = version(&owned(json.text()?)),
                b"status" => self.status = json.number()?.unwrap_or(0.0) as u16,
                b"headers" => named(json, &mut self.headers)?,
                b"cookies" => named(json, &mut self.cookies)?,
                b"queryString" => named(json, &mut self.query)?,
                b"bodySize" => self.body.lengths.extend(json.number()?),
                b"postData" | b"content" | b"_content" => self.body(json)?,
                _ => json.skip()?,
            }
            Ok(())
        })
    }

    fn body(&mut self, json: &mut JsonCursor<'a>) -> HarResult<()> {
        if json.next()? != b'{' {
            self.body.text = json.any()?;
            return Ok(());
        }
        let body = &mut self.body;
        let written = json.ahead();
        let (mut known, mut other) = (false, false);
        json.object(|key, json| {
            match key {
                b"text" => body.text = json.any()?,
                b"encoding" => body.encoding = json.text()?,
                b"mimeType" => body.mime = json.text()?,
                b"size" => body.lengths.extend(json.number()?),
                b"params" if json.next()? == b'[' => json.array(|json| {
                    body.params.extend(param(json)?);
                    Ok(())
                })?,
                b"params" => body.text = body.text.take().or(json.any()?),
                _ => {
                    other |= !key.starts_with(b"_") && key != b"comment" && key != b"compression";
                    return json.skip();
                }
            }
            known = true;
            Ok(())
        })?;
        // The body itself stands where its description belongs.
        if other && !known {
            body.text = written.ahead_to(json);
        }
        Ok(())
    }

    fn request(mut self) -> (Request, Option<BodyFault>) {
        let url = self.absolute();
        self.headers.retain(|header| !header.name.starts_with(':'));
        if !self.cookies.is_empty() && !self.has("cookie") {
            self.headers.push(Header::new("Cookie", joined(&self.cookies, b"; ")));
        }
        let url = address(&url, &self.query);
        self.lengths();
        let body = self.body.bytes();
        let method = if self.method.is_empty() { "GET".to_owned() } else { self.method };
        let bodiless = ["GET", "HEAD"].contains(&&*method);
        let wrong = body.wrong.filter(|wrong| !(bodiless && *wrong == BodyFault::Absent));
        let whole = Body { bytes: body.bytes.into(), cut_from: None };
        (Request { method, url, version: self.version, headers: self.headers, body: whole }, wrong)
    }

    /// The address with the host that stands only beside it: in `Host`, or in
    /// what HTTP/2 sends for it.
    fn absolute(&self) -> String {
        let field = |name: &str| {
            let header = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(&header.value).ok().map(str::trim).filter(|value| !value.is_empty())
        };
        let scheme = || field(":scheme").unwrap_or("http");
        match field("host").or_else(|| field(":authority")) {
            _ if self.url.starts_with("//") => format!("{}:{}", scheme(), self.url),
            Some(host) if self.url.starts_with(['/', '?']) => {
                let slash = if self.url.starts_with('/') { "" } else { "/" };
                format!("{}://{host}{slash}{}", scheme(), self.url)
            }
            _ => self.url.clone(),
        }
    }

    fn response(mut self) -> Response {
        self.lengths();
        Response {
            status: self.status,
            version: self.version,
            headers: self.headers,
            body: Body::whole(self.body.bytes().bytes),
            by: AnsweredBy::Capture,
        }
    }

    /// The header's length counts like those that the capture states.
    fn lengths(&mut self) {
        let header = self.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length: Option<f64> =
            header.and_then(|header| std::str::from_utf8(&header.value).ok()?.trim().parse().ok());
        self.body.lengths.extend(length);
        self.body.lengths.retain(|length: &f64| *length > 0.0);
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
    }
}

impl BodyFault {
    fn why(self) -> GapReason {
        match self {
            Self::Cut => GapReason::Cut,
            Self::NotBase64 => GapReason::Broken,
            Self::Lossy | Self::Absent => GapReason::Missing,
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Cut => "the body was longer than the budget allows, or than the file",
            Self::NotBase64 => "the capture says that the body is base64, and it is not",
            Self::Lossy => "the program that wrote the capture replaced bytes of the body that it could not show",
            Self::Absent => "the request had a body, and the capture does not have it",
        }
    }
}

/// `{name, value}` objects, as HAR has them; or pairs; or one object.
fn named(json: &mut JsonCursor<'_>, into: &mut Vec<Header>) -> HarResult<()> {
    if json.next()? == b'{' {
        return json.object(|key, json| {
            let name = String::from_utf8_lossy(key).into_owned();
            if json.next()? == b'[' {
                return json.array(|json| {
                    into.push(Header { name: name.clone(), value: value(json.text()?) });
                    Ok(())
                });
            }
            into.push(Header { name, value: value(json.text()?) });
            Ok(())
        });
    }
    json.array(|json| {
        let mut header = Header::new("", "");
        if json.next()? == b'[' {
            let mut nth = 0;
            json.array(|json| {
                match nth {
                    0 => header.name = owned(json.text()?),
                    1 => header.value = value(json.text()?),
                    _ => json.skip()?,
                }
                nth += 1;
                Ok(())
            })?;
        } else {
            json.object(|key, json| {
                match key {
                    b"name" | b"key" => header.name = owned(json.text()?),
                    b"value" => header.value = value(json.any()?),
                    _ => json.skip()?,
                }
                Ok(())
            })?;
        }
        if !header.name.is_empty() || !header.value.is_empty() {
            into.push(header);
        }
        Ok(())
    })
}

fn param<'a>(json: &mut JsonCursor<'a>) -> HarResult<Option<FormParam<'a>>> {
    let (mut name, mut value, mut file) = (None, None, None);
    json.object(|key, json| {
        match key {
            b"name" => name = json.text()?,
            b"value" => value = json.any()?,
            b"fileName" => file = json.text()?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(name.map(|name| FormParam { name, value, file }))
}

fn owned(text: Option<WtfText<'_>>) -> String {
    text.map(|text| text.lossy().into_owned()).unwrap_or_default()
}

fn value(text: Option<WtfText<'_>>) -> Vec<u8> {
    text.map(|text| text.exact().into_owned()).unwrap_or_default()
}

fn joined(fields: &[Header], between: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            all.extend_from_slice(between);
        }
        all.extend_from_slice(field.name.as_bytes());
        all.push(b'=');
        all.extend_from_slice(&field.value);
    }
    all
}

/// What was asked for: without a fragment, which is not sent, without the
/// scheme's own port, and with the query if it stands only beside it.
fn address(url: &str, query: &[Header]) -> String {
    let sent = url.split('#').next().unwrap_or_default();
    let mut address = without_port(sent);
    if !query.is_empty() && !sent.contains('?') {
        let query = String::from_utf8_lossy(&joined(query, b"&")).replace(['#', ' '], "+");
        address.push('?');
        address.push_str(&query);
    }
    address
}

fn without_port(url: &str) -> String {
    for (scheme, port) in [("https://", ":443"), ("http://", ":80"), ("wss://", ":443"), ("ws://", ":80")] {
        let Some(rest) = url.strip_prefix(scheme) else { continue };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, rest) = rest.split_at(end);
        let host = host.strip_suffix(port).unwrap_or(host);
        let slash = if rest.starts_with('/') { "" } else { "/" };
        return [scheme, host, slash, rest].concat();
    }
    url.to_owned()
}

/// `h2`, `http/2.0`, `HTTP/2` are one.
fn version(written: &str) -> String {
    let lower = written.to_ascii_lowercase();
    match lower.strip_prefix("http/").unwrap_or(&lower) {
        "1.0" => "HTTP/1.0".to_owned(),
        "1.1" => "HTTP/1.1".to_owned(),
        "h2" | "2" | "2.0" | "h2c" => "HTTP/2".to_owned(),
        "3" | "3.0" | "quic" => "HTTP/3".to_owned(),
        h3 if h3.starts_with("h3") => "HTTP/3".to_owned(),
        _ => written.to_owned(),
    }
}
