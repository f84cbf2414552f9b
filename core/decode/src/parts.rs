//! The parts of an exchange that values are found in, and what they are called.
//!
//! | part | trail |
//! |---|---|
//! | the address, whole | `url` |
//! | a request header, by its name in lower case | `header referer`, the second of a name `header cookie#2` |
//! | the request's body | `body` |
//! | the third WebSocket message, counted from 1 over both directions | `message 3` |
//! | the ClientHello of its connection | `hello` |
//! | the answer's headers and body | `answer header set-cookie`, `answer body` |
//! | a value from elsewhere | `value` |

use model::{Body, Direction, Exchange, Gap, GapReason, Header, LayerPlace, Leaf, Message, Route, SealReason};

use crate::{
    budget::{Budget, DecodeLimits},
    engine::{DecodeCoverage, Engine},
    memo::ValueMemo,
    unopened::RandomValues,
};

/// Opens exchange after exchange. What it keeps in between saves work and
/// changes nothing.
pub struct ExchangeOpener {
    budgets: DecodeLimits,
    budget: Budget,
    memo: ValueMemo,
}

impl Clone for ExchangeOpener {
    /// Another that spends as much, and knows nothing yet.
    fn clone(&self) -> Self {
        Self::new(&self.budgets)
    }
}

impl ExchangeOpener {
    /// An opener that spends at most `budgets` on each exchange.
    pub fn new(budgets: &DecodeLimits) -> Self {
        Self { budgets: *budgets, budget: Budget::new(budgets), memo: ValueMemo::default() }
    }

    /// Visits every value that the client sent: address, headers, body,
    /// messages.
    ///
    /// Values come outside in, a wrapping before what is in it. A body that the
    /// capture cut, and a connection that could not be read, are gaps.
    pub fn open(
        &mut self,
        exchange: &Exchange,
        visit: &mut dyn FnMut(&Leaf<'_>),
        gaps: &mut Vec<Gap>,
    ) -> DecodeCoverage {
        self.open_with(exchange, RandomValues::Told, visit, gaps)
    }

    /// [`ExchangeOpener::open`] for a caller that judges values itself that only look random:
    /// no gap is told of them, and they count as unopened all the same.
    pub fn open_without_random(
        &mut self,
        exchange: &Exchange,
        visit: &mut dyn FnMut(&Leaf<'_>),
        gaps: &mut Vec<Gap>,
    ) -> DecodeCoverage {
        self.open_with(exchange, RandomValues::LeftOut, visit, gaps)
    }

    fn open_with(
        &mut self,
        exchange: &Exchange,
        random: RandomValues,
        visit: &mut dyn FnMut(&Leaf<'_>),
        gaps: &mut Vec<Gap>,
    ) -> DecodeCoverage {
        let budgets = self.budgets.for_bytes(wire(exchange));
        self.budget.refill(&budgets);
        let mut engine = Engine::new(Some(exchange.index), &mut self.budget, visit, gaps);
        if let Some(seal) = &exchange.seal {
            engine.gap(&whole("body"), GapReason::Sealed, why_sealed(seal.reason));
            engine.opened.bytes += seal.sent;
        }
        asked(&mut engine, exchange, &mut self.memo);
        engine.unlock(&budgets, &|engine| asked(engine, exchange, &mut ValueMemo::default()));
        engine.settle(random);
        engine.opened
    }

    /// Visits every value in the ClientHello of its connection. Exchanges share
    /// one: whoever counts asks this of one exchange a connection.
    pub fn open_hello(
        &mut self,
        exchange: &Exchange,
        visit: &mut dyn FnMut(&Leaf<'_>),
        gaps: &mut Vec<Gap>,
    ) -> DecodeCoverage {
        self.open_hello_with(exchange, RandomValues::Told, visit, gaps)
    }

    /// [`ExchangeOpener::open_hello`] for a caller that judges values itself that only look random.
    pub fn open_hello_without_random(
        &mut self,
        exchange: &Exchange,
        visit: &mut dyn FnMut(&Leaf<'_>),
        gaps: &mut Vec<Gap>,
    ) -> DecodeCoverage {
        self.open_hello_with(exchange, RandomValues::LeftOut, visit, gaps)
    }

    fn open_hello_with(
        &mut self,
        exchange: &Exchange,
        random: RandomValues,
        visit: &mut dyn FnMut(&Leaf<'_>),
        gaps: &mut Vec<Gap>,
    ) -> DecodeCoverage {
        let Some(hello) = &exchange.client.hello else { return DecodeCoverage::default() };
        self.budget.refill(&self.budgets.for_bytes(hello.raw.len() as u64));
        let mut engine = Engine::new(Some(exchange.index), &mut self.budget, visit, gaps);
        engine.part("hello", LayerPlace::Whole, &hello.raw);
        engine.settle(random);
        engine.opened
    }

    /// Visits every value that the client was sent: headers, body, messages.
    pub fn open_answer(
        &mut self,
        exchange: &Exchange,
        visit: &mut dyn FnMut(&Leaf<'_>),
        gaps: &mut Vec<Gap>,
    ) -> DecodeCoverage {
        let budgets = self.budgets.for_bytes(wire(exchange));
        self.budget.refill(&budgets);
        let mut engine = Engine::new(Some(exchange.index), &mut self.budget, visit, gaps);
        answered(&mut engine, exchange, &mut self.memo);
        engine.unlock(&budgets, &|engine| answered(engine, exchange, &mut ValueMemo::default()));
        engine.opened
    }
}

impl std::fmt::Debug for ExchangeOpener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener(..)")
    }
}

/// [`ExchangeOpener::open`] for one exchange.
pub fn open(
    exchange: &Exchange,
    budgets: &DecodeLimits,
    visit: &mut dyn FnMut(&Leaf<'_>),
    gaps: &mut Vec<Gap>,
) -> DecodeCoverage {
    ExchangeOpener::new(budgets).open(exchange, visit, gaps)
}

/// [`ExchangeOpener::open_answer`] for one exchange.
pub fn open_answer(
    exchange: &Exchange,
    budgets: &DecodeLimits,
    visit: &mut dyn FnMut(&Leaf<'_>),
    gaps: &mut Vec<Gap>,
) -> DecodeCoverage {
    ExchangeOpener::new(budgets).open_answer(exchange, visit, gaps)
}

/// Visits a value from anywhere, and all that is in it. Its trails start with
/// `value`.
pub fn open_value(
    value: &[u8],
    budgets: &DecodeLimits,
    visit: &mut dyn FnMut(&Leaf<'_>),
    gaps: &mut Vec<Gap>,
) -> DecodeCoverage {
    let mut budget = Budget::new(budgets);
    let mut engine = Engine::new(None, &mut budget, visit, gaps);
    let part = |engine: &mut Engine<'_>| engine.part("value", LayerPlace::Whole, value);
    part(&mut engine);
    engine.unlock(budgets, &part);
    engine.settle(RandomValues::Told);
    engine.opened
}

/// About how many bytes went over the wire.
fn wire(exchange: &Exchange) -> u64 {
    let request = &exchange.request;
    let answer = exchange.response.as_ref().map_or(0, |answer| answer.body.bytes.len());
    let messages: usize = exchange.messages.iter().map(|message| message.body.bytes.len()).sum();
    (request.url.len() + request.body.bytes.len() + answer + messages) as u64
}

fn asked(engine: &mut Engine<'_>, exchange: &Exchange, memo: &mut ValueMemo) {
    let request = &exchange.request;
    engine.part("url", LayerPlace::Whole, request.url.as_bytes());
    headers(engine, "header", &request.headers, memo);
    body(engine, "body", &request.body);
    messages(engine, &exchange.messages, Direction::FromClient);
}

fn answered(engine: &mut Engine<'_>, exchange: &Exchange, memo: &mut ValueMemo) {
    if let Some(answer) = &exchange.response {
        headers(engine, "answer header", &answer.headers, memo);
        body(engine, "answer body", &answer.body);
    }
    messages(engine, &exchange.messages, Direction::FromServer);
}

/// The part that a trail's first step names: `header referer`.
pub(crate) fn part<'x>(exchange: &'x Exchange, name: &str) -> Option<&'x [u8]> {
    let request = &exchange.request;
    match name.split_once(' ') {
        None if name == "url" => Some(request.url.as_bytes()),
        None if name == "body" => Some(&request.body.bytes),
        None if name == "hello" => exchange.client.hello.as_ref().map(|hello| &*hello.raw),
        Some(("header", name)) => header(&request.headers, name),
        Some(("message", number)) => message(&exchange.messages, number),
        Some(("answer", "body")) => exchange.response.as_ref().map(|answer| &*answer.body.bytes),
        Some(("answer", header_name)) => {
            header(&exchange.response.as_ref()?.headers, header_name.strip_prefix("header ")?)
        }
        _ => None,
    }
}

fn headers(engine: &mut Engine<'_>, layer: &'static str, headers: &[Header], memo: &mut ValueMemo) {
    let mut name = String::new();
    for (i, header) in headers.iter().enumerate() {
        name.clear();
        name.push_str(&header.name);
        name.make_ascii_lowercase();
        let before = headers[..i].iter().filter(|other| other.name.eq_ignore_ascii_case(&name)).count();
        if before > 0 {
            name.push_str(&format!("#{}", before + 1));
        }
        // Chromium's captures list a header as it was meant and as it was sent.
        let again = |other: &Header| other.name.eq_ignore_ascii_case(&header.name) && other.value == header.value;
        if before > 0 && headers[..i].iter().any(again) {
            continue;
        }
        let place = LayerPlace::at(name.as_str());
        // A cookie's value opens in its own way.
        if name.contains("cookie") {
            engine.part(layer, place, &header.value);
        } else {
            engine.part_known(layer, place, &header.value, memo);
        }
    }
}

fn header<'x>(headers: &'x [Header], place: &str) -> Option<&'x [u8]> {
    let (name, nth) = match place.rsplit_once('#') {
        Some((name, nth)) => (name, nth.parse::<usize>().ok()?.checked_sub(1)?),
        None => (place, 0),
    };
    headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).nth(nth).map(|header| &*header.value)
}

fn body(engine: &mut Engine<'_>, layer: &'static str, body: &Body) {
    if let Some(length) = body.cut_from {
        engine.gap(&whole(layer), GapReason::Cut, format!("the capture kept {} of {length} bytes", body.bytes.len()));
        engine.opened.bytes += length.saturating_sub(body.bytes.len() as u64);
    }
    engine.part(layer, LayerPlace::Whole, &body.bytes);
}

fn messages(engine: &mut Engine<'_>, messages: &[Message], direction: Direction) {
    for (i, message) in messages.iter().enumerate().filter(|(_, message)| message.direction == direction) {
        let place = LayerPlace::at((i + 1).to_string());
        let route = Route { before: None, layer: "message", place: &place };
        if let Some(length) = message.body.cut_from {
            let says = format!("the capture kept {} of {length} bytes", message.body.bytes.len());
            engine.gap(&route, GapReason::Cut, says);
            engine.opened.bytes += length.saturating_sub(message.body.bytes.len() as u64);
        }
        engine.part("message", place, &message.body.bytes);
    }
}

fn message<'x>(messages: &'x [Message], number: &str) -> Option<&'x [u8]> {
    let index = number.parse::<usize>().ok()?.checked_sub(1)?;
    messages.get(index).map(|message| &*message.body.bytes)
}

fn whole(layer: &'static str) -> Route<'static> {
    Route { before: None, layer, place: &LayerPlace::Whole }
}

fn why_sealed(reason: SealReason) -> &'static str {
    match reason {
        SealReason::Refused => "the client refused our certificate, so the connection could not be read",
        SealReason::UnknownProtocol => "the connection spoke neither TLS nor HTTP",
        SealReason::Quic => "the connection was QUIC, which is not read",
        SealReason::Tunnelled => "the connection was passed on unread",
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::checks::{base64, check_exchange, gzip, percent, request};

    #[test]
    fn the_main_case_reads_as_people_write_it() {
        let json = r#"[{"properties":{"url":"https://c4n4ry.example/p?q=1"}}]"#;
        let list = percent(&base64(&gzip(json.as_bytes())));
        let body = format!("crc=-858179794&gzip=1&data_list={list}");
        let headers = [("Referer", "https://a.example/?q=words"), ("X-A", "one"), ("x-a", "two")];
        check_exchange(
            &request("POST", "https://sa.example/sa?project=p", &headers, body.as_bytes()),
            expect![[r#"
                url = https://sa.example/sa?project=p
                url ▸ path 1 = sa
                url ▸ query project = p
                header referer = https://a.example/?q=words
                header referer ▸ query q = words
                header x-a = one
                header x-a#2 = two
                body = crc=-858179794&gzip=1&data_list=H4sIAAAAAAAA%2F4uuViooyi9ILS…
                body ▸ form crc = -858179794
                body ▸ form gzip = 1
                body ▸ form data_list = H4sIAAAAAAAA/4uuViooyi9ILSrJTC1WsqpWKi3KUbJSyigpKSi20tdPNskz…
                body ▸ form data_list ▸ base64 = \x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x8b\xaeV*(\xca/H-*\xc9L-V\xb2\xaaV*-\xcaQ\xb2R\xca())(\xb6\xd2\xd7O6\xc93)\xaa\xd4K\xadH\xcc-\xc8I\xd5/\xb0/\xb4…
                body ▸ form data_list ▸ base64 ▸ gzip = [{"properties":{"url":"https://c4n4ry.example/p?q=1"}}]
                body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url = https://c4n4ry.example/p?q=1
                body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url ▸ path 1 = p
                body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[0].properties.url ▸ query q = 1
            "#]],
        );
    }

    #[test]
    fn a_header_that_is_listed_twice_was_sent_once() {
        let headers = [("Referer", "https://a.example/x"), ("referer", "https://a.example/x"), ("Referer", "other")];
        check_exchange(
            &request("GET", "https://b.example/", &headers, b""),
            expect![[r#"
            url = https://b.example/
            header referer = https://a.example/x
            header referer ▸ path 1 = x
            header referer#3 = other
        "#]],
        );
    }

    #[test]
    fn an_autofill_query_opens_to_its_digest() {
        let url = "https://content-autofill.googleapis.com/v1/pages/ChFDaHJvbWUvMTU2LjAuNzkzMhIJCQgHBgUEAwIB?alt=proto";
        check_exchange(
            &request("GET", url, &[], b""),
            expect![[r#"
                url = https://content-autofill.googleapis.com/v1/pages/ChFDaHJvbWU…
                url ▸ path 1 = v1
                url ▸ path 2 = pages
                url ▸ path 3 = ChFDaHJvbWUvMTU2LjAuNzkzMhIJCQgHBgUEAwIB
                url ▸ path 3 ▸ base64url = \n\u{11}Chrome/156.0.7932\u{12}\t\t\u{8}\u{7}\u{6}\u{5}\u{4}\u{3}\u{2}\u{1}
                url ▸ path 3 ▸ base64url ▸ protobuf 1 = Chrome/156.0.7932
                url ▸ path 3 ▸ base64url ▸ protobuf 1 ▸ reversed ~ 2397.0.651/emorhC
                url ▸ path 3 ▸ base64url ▸ protobuf 2 = \t\u{8}\u{7}\u{6}\u{5}\u{4}\u{3}\u{2}\u{1}
                url ▸ path 3 ▸ base64url ▸ protobuf 2.1 = \u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}
                url ▸ path 3 ▸ reversed ~ BIwAEUgBHgQCJIhMzkzNuAjL2UTMvUWbvJHaDFhC
                url ▸ query alt = proto
            "#]],
        );
    }

    #[test]
    fn a_cut_body_and_a_content_encoding_are_said() {
        let mut exchange = request("POST", "https://a.example/", &[], &gzip(b"hello hello hello"));
        exchange.request.body.cut_from = Some(1_000);
        check_exchange(
            &exchange,
            expect![[r#"
                url = https://a.example/
                body = \x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xcbH\xcd\xc9\xc9W\xc8@\x90\x00\x80\x88\xf9\xe5\x11\x00\x00\x00
                body ▸ gzip = hello hello hello
                body ! Cut: the capture kept 28 of 1000 bytes
            "#]],
        );
    }
}
