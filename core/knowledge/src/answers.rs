//! Answers that replace those of servers: `data/answers/<maker>.toml`.
//!
//! Programs keep the data that they collected until a server has accepted it,
//! and repeat a request until they get an answer that they understand. If no
//! server is contacted, these answers end the repetition. An answer changes the
//! behaviour of the program, so each one has a reason.

mod fallback;

mod pattern;

pub use fallback::fallback;

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{Header, Request};
use serde::Deserialize;

use pattern::{HostPattern, PathPattern};

/// All answers, indexed by host.
#[derive(Clone, Debug, Default)]
pub struct AnswerTable {
    answers: Vec<AnswerRule>,
    by_host: BTreeMap<HostPattern, Vec<usize>>,
}

/// One file of answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerFile {
    #[serde(rename = "answer")]
    answers: Vec<AnswerRule>,
}

/// The answer to requests of one kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRule {
    /// `update.googleapis.com`; `*.miui.com` means that name and all below it,
    /// `*` any.
    pub host: Vec<HostPattern>,
    /// The whole path, without the query; `*` stands for any run of characters.
    #[serde(default)]
    pub path: Vec<PathPattern>,
    #[serde(default)]
    pub method: Vec<String>,
    /// The start of the request's content type.
    #[serde(default)]
    pub content: Option<String>,
    /// A media type that the request accepts.
    #[serde(default)]
    pub accept: Option<String>,
    #[serde(default = "success")]
    pub status: u16,
    #[serde(default, rename = "type")]
    pub content_type: Option<String>,
    #[serde(default)]
    pub header: BTreeMap<String, String>,
    /// Text of the body; `{{q}}` is replaced by the query parameter `q`, escaped
    /// for a JSON string.
    #[serde(default)]
    pub body: Option<String>,
    /// Bytes of the body, in base64.
    #[serde(default)]
    pub base64: Option<String>,
    /// Answers to messages on a WebSocket.
    #[serde(default)]
    pub message: Vec<MessageAnswer>,
    /// The reason for this answer.
    pub because: String,
    /// Requests that the answer is for: `GET https://host/path`, or with a
    /// content type before the address, `POST application/json
    /// https://host/path`.
    pub example: Vec<String>,
}

/// The answer to a WebSocket message that contains a text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageAnswer {
    pub contains: String,
    pub says: String,
}

/// An answer to one request, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct PreparedAnswer {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Vec<u8>,
}

impl std::fmt::Debug for PreparedAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said(..)")
    }
}

const fn success() -> u16 {
    200
}

impl AnswerFile {
    /// Reads and checks a file of answers.
    pub fn parse(_path: &str, text: &str) -> Result<Self, String> {
        let file: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for answer in &file.answers {
            answer.check().map_err(|says| format!("the answer for {}: {says}", answer.name()))?;
        }
        Ok(file)
    }
}

impl AnswerTable {
    pub(crate) fn add(&mut self, file: AnswerFile) {
        for answer in file.answers {
            for host in &answer.host {
                self.by_host.entry(host.clone()).or_default().push(self.answers.len());
            }
            self.answers.push(answer);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &AnswerRule> {
        self.answers.iter()
    }

    /// The answer for a request. The longest matching name wins, then the
    /// longest path, then the rule with more conditions.
    pub fn answer(&self, request: &Request) -> Option<&AnswerRule> {
        let host = request.host().to_ascii_lowercase();
        HostPattern::that_fit(&host)
            .filter_map(|pattern| self.by_host.get(&pattern))
            .find_map(|places| self.best(places, request))
    }

    /// The prepared answer for a request: from a matching rule, or else a fallback
    /// by the types that the request accepts.
    pub fn say(&self, request: &Request) -> PreparedAnswer {
        self.answer(request).map_or_else(|| fallback(request), |answer| answer.say(request))
    }

    /// The answer to a message on a WebSocket that `request` opened.
    pub fn say_to_message(&self, request: &Request, message: &[u8]) -> Option<&str> {
        let answer = self.answer(request)?;
        let fits =
            |one: &&MessageAnswer| message.windows(one.contains.len()).any(|part| part == one.contains.as_bytes());
        answer.message.iter().find(fits).map(|one| one.says.as_str())
    }

    fn best(&self, places: &[usize], request: &Request) -> Option<&AnswerRule> {
        let fitting = places.iter().map(|place| &self.answers[*place]);
        // Reversed, so that the first of equal rules wins: `max_by_key` gives
        // the last.
        fitting
            .rev()
            .filter_map(|answer| Some((answer.fit(request)?, answer)))
            .max_by_key(|(fit, _)| *fit)
            .map(|(_, answer)| answer)
    }
}

impl AnswerRule {
    /// The prepared answer for this request.
    pub fn say(&self, request: &Request) -> PreparedAnswer {
        let mut headers = Vec::new();
        if let Some(content_type) = &self.content_type {
            headers.push(Header::new("Content-Type", content_type.as_str()));
        }
        headers.extend(self.header.iter().map(|(name, value)| Header::new(name.as_str(), value.as_str())));
        headers.extend(fallback::for_other_sites(request));
        PreparedAnswer { status: self.status, headers, body: self.body_for(request) }
    }

    fn body_for(&self, request: &Request) -> Vec<u8> {
        match (&self.base64, &self.body) {
            // It was decoded when the file was read.
            (Some(bytes), _) => STANDARD.decode(bytes).unwrap_or_default(),
            (None, Some(text)) => filled(text, &request.url).into_owned().into_bytes(),
            (None, None) => Vec::new(),
        }
    }

    /// How well a request fits: the length of its path's pattern, and how much
    /// else is asked for. None: it does not.
    fn fit(&self, request: &Request) -> Option<(usize, usize)> {
        let path = path_of(&request.url);
        let best_path = match &self.path[..] {
            [] => 0,
            paths => paths.iter().filter(|pattern| pattern.fits(path)).map(PathPattern::weight).max()?,
        };
        let method = self.method.is_empty() || self.method.contains(&request.method);
        let content = self.content.as_ref().is_none_or(|start| begins(request.header("content-type"), start));
        let accept = self.accept.as_ref().is_none_or(|name| lists(request.header("accept"), name));
        let asked = [!self.method.is_empty(), self.content.is_some(), self.accept.is_some()];
        (method && content && accept).then(|| (best_path, asked.into_iter().filter(|asked| *asked).count()))
    }

    fn check(&self) -> Result<(), String> {
        let one_body = self.base64.is_none() || self.body.is_none();
        let readable = self.base64.as_ref().is_none_or(|bytes| STANDARD.decode(bytes).is_ok());
        match () {
            () if self.host.is_empty() => Err("it names no host".into()),
            () if self.because.trim().is_empty() => Err("it gives no reason".into()),
            () if self.example.is_empty() => Err("it has no example".into()),
            () if !(200..=599).contains(&self.status) => Err(format!("{} is no status", self.status)),
            () if !one_body => Err("it has two bodies".into()),
            () if !readable => Err("its body is not base64".into()),
            () => Ok(()),
        }
    }

    fn name(&self) -> String {
        self.host.first().map(ToString::to_string).unwrap_or_default()
    }
}

fn begins(value: Option<&[u8]>, start: &str) -> bool {
    value.and_then(|value| value.get(..start.len())).is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

fn lists(value: Option<&[u8]>, name: &str) -> bool {
    let text = String::from_utf8_lossy(value.unwrap_or_default());
    text.split([',', ';']).any(|part| part.trim().eq_ignore_ascii_case(name))
}

/// The path of an address, without its query.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.find('/').map_or("/", |at| &after_scheme[at..]);
    path.split(['?', '#']).next().unwrap_or_default()
}

/// A text with its `{{…}}` replaced by parameters of the query.
fn filled<'t>(text: &'t str, url: &str) -> Cow<'t, str> {
    if !text.contains("{{") {
        return Cow::Borrowed(text);
    }
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = placeholder(rest) {
        filled.push_str(before);
        filled.push_str(&json_text(&parameter(url, name)));
        rest = after;
    }
    filled.push_str(rest);
    Cow::Owned(filled)
}

fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name, after))
}

/// A parameter of the query, decoded; empty if there is none.
fn parameter(url: &str, name: &str) -> String {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
    value.map(|(_, value)| percent_decoded(value)).unwrap_or_default()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
                bytes.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text as it stands between the quotes of a JSON string (RFC 8259 §7).
fn json_text(text: &str) -> String {
    let mut json = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c.is_control() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use model::Body;

    use super::*;

    fn request(example: &str) -> Request {
        let words: Vec<&str> = example.split(' ').collect();
        let (method, content, url) = match words[..] {
            [method, url] => (method, None, url),
            [method, content, url] => (method, Some(content), url),
            _ => panic!("an example is a method, perhaps a type, and an address: {example}"),
        };
        let mut headers: Vec<Header> =
            content.map(|content| Header::new("Content-Type", content)).into_iter().collect();
        headers.extend(content.map(|content| Header::new("Accept", content)));
        Request { method: method.into(), url: url.into(), version: "HTTP/1.1".into(), headers, body: Body::default() }
    }

    fn answers(text: &str) -> AnswerTable {
        let mut answers = AnswerTable::default();
        answers.add(AnswerFile::parse("answers/x.toml", text).unwrap());
        answers
    }

    fn said(answers: &AnswerTable, example: &str) -> String {
        String::from_utf8(answers.say(&request(example)).body).unwrap()
    }

    #[test]
    fn every_example_gets_its_own_answer() {
        let knowledge = crate::Knowledge::built_in();
        let all = &knowledge.answers;
        assert!(all.iter().count() > 40);
        for answer in all.iter() {
            for example in &answer.example {
                let found = all.answer(&request(example)).unwrap_or_else(|| panic!("no answer for {example}"));
                assert!(std::ptr::eq(found, answer), "{example} is answered by {}: {}", found.name(), found.because);
            }
        }
    }

    #[test]
    fn what_says_that_it_is_json_is() {
        for answer in crate::Knowledge::built_in().answers.iter() {
            for example in &answer.example {
                let said = answer.say(&request(example));
                let is_json = said.headers.iter().any(|header| header.value == b"application/json");
                let text = String::from_utf8_lossy(&said.body);
                // Google's servers put this in front, so that no script can read it.
                let text = text.strip_prefix(")]}'\n").unwrap_or(&text);
                assert!(!is_json || looks_like_json(text), "{example}: {text}");
            }
        }
    }

    /// Brackets and quotes are closed in the order in which they were opened.
    fn looks_like_json(text: &str) -> bool {
        let (mut open, mut quoted, mut escaped) = (Vec::new(), false, false);
        for c in text.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ if quoted => {}
                '[' => open.push(']'),
                '{' => open.push('}'),
                ']' | '}' if open.pop() != Some(c) => return false,
                _ => {}
            }
        }
        open.is_empty() && !quoted && text.trim_start().starts_with(['{', '[', '1'])
    }

    const SOME: &str = r#"
        [[answer]]
        host = ["*"]
        path = ["/sa"]
        body = "any"
        because = "b"
        example = ["GET https://x.example/sa"]
        [[answer]]
        host = ["*.miui.com"]
        body = "below"
        because = "b"
        example = ["GET https://miui.com/"]
        [[answer]]
        host = ["a.miui.com"]
        path = ["/x/*"]
        body = "exact"
        because = "b"
        example = ["GET https://a.miui.com/x/y"]
        [[answer]]
        host = ["a.miui.com"]
        path = ["/x/y*", "/z"]
        method = ["POST"]
        body = "longer"
        because = "b"
        example = ["POST https://a.miui.com/x/y"]
        [[answer]]
        host = ["s.example"]
        body = '["{{q}}",[]]'
        because = "b"
        example = ["GET https://s.example/?q=a"]
    "#;

    #[test]
    fn the_longest_name_and_then_the_longest_path_wins() {
        let answers = answers(SOME);
        for (example, body) in [
            ("GET https://b.example/sa?project=p", "any"),
            ("GET https://b.a.miui.com/sa", "below"),
            ("GET https://MIUI.com:8443/", "below"),
            ("GET https://a.miui.com/x/y", "exact"),
            ("POST https://a.miui.com/x/y", "longer"),
            ("POST https://a.miui.com/z", "longer"),
            ("GET https://a.miui.com/z", "below"),
        ] {
            assert_eq!(said(&answers, example), body, "{example}");
        }
        assert!(answers.answer(&request("GET https://notmiui.com/sale")).is_none());
    }

    #[test]
    fn a_parameter_stands_in_a_json_string() {
        let answers = answers(SOME);
        assert_eq!(said(&answers, "GET https://s.example/?x=1&q=a%22%5c+%C3%A9#f"), r#"["a\"\\ é",[]]"#);
        assert_eq!(said(&answers, "GET https://s.example/?q=%"), r#"["%",[]]"#);
        assert_eq!(said(&answers, "GET https://s.example/"), r#"["",[]]"#);
    }

    #[test]
    fn a_file_that_proves_nothing_is_refused() {
        for (wrong, says) in [
            ("host = []\nbecause = 'b'\nexample = ['GET https://x/']", "names no host"),
            ("host = ['x']\nbecause = ' '\nexample = ['GET https://x/']", "gives no reason"),
            ("host = ['x']\nbecause = 'b'\nexample = []", "has no example"),
            ("host = ['x']\nbase64 = '?'\nbecause = 'b'\nexample = ['GET https://x/']", "not base64"),
            ("host = ['x']\nnonsense = 1\nbecause = 'b'\nexample = ['GET https://x/']", "unknown field"),
        ] {
            let error = AnswerFile::parse("answers/x.toml", &format!("[[answer]]\n{wrong}")).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
