//! The JSON of records in the file. These shapes have a version of their own
//! (`layout::VERSION`), so that the types in `model` can change freely.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    Act, Arm, ArmRole, Beacon, Body, Canary, CaptureEnd, Client, ClientHello, Direction, Exchange, Header, IngressKind,
    Kind, ListedRequest, Message, Mode, Note, Page, PageForm, PageResource, Phase, PlantedCanary, Process, Record,
    Request, RequestCause, Response, Run, RunSwitch, Seal, SealReason, Subject, Time, Trial,
};
use serde::{Deserialize, Serialize};

use crate::{
    chain::{digest, hex},
    layout,
};

/// A record as JSON, with the bodies that it refers to.
pub(crate) struct WrittenRecord {
    pub kind: &'static str,
    pub at: Time,
    pub trial: Option<u32>,
    pub content: String,
    pub bodies: Vec<([u8; 32], Arc<[u8]>)>,
}

pub(crate) fn write(record: &Record) -> WrittenRecord {
    let mut bodies = Vec::new();
    let (kind, at, trial, content) = match record {
        Record::Run(run) => ("run", run.started, None, json(&RunShape::from(run))),
        Record::Trial(trial) => ("trial", trial.at, Some(trial.id), json(&TrialShape::from(trial))),
        Record::Plant(plant) => ("plant", Time(0), plant.trial, json(&PlantShape::from(plant))),
        Record::Phase(phase) => ("phase", phase.at, Some(phase.trial), json(&PhaseShape::from(phase))),
        Record::Page(page) => ("page", page.at, Some(page.trial), json(&PageShape::from(page))),
        Record::Listed(listed) => ("listed", listed.at, Some(listed.trial), json(&ListedShape::from(listed))),
        Record::Exchange(exchange) => {
            ("exchange", exchange.started, exchange.trial, json(&ExchangeShape::from(exchange, &mut bodies)))
        }
        Record::Beacon(beacon) => ("beacon", beacon.at, Some(beacon.trial), json(&BeaconShape::from(beacon))),
        Record::Note(note) => ("note", note.at, note.trial, json(&NoteShape::from(note))),
        Record::End(end) => ("end", end.at, None, json(&EndShape { early: end.early.as_deref().map(Cow::Borrowed) })),
    };
    WrittenRecord { kind, at, trial, content, bodies }
}

/// Returns the body with a digest in hex, or the reason why it cannot.
type BodyLookup<'a> = dyn FnMut(&str) -> Result<Arc<[u8]>, String> + 'a;

/// Reads a record; `body` returns the body with a digest in hex.
pub(crate) fn read(
    kind: &str,
    at: Time,
    trial: Option<u32>,
    content: &str,
    body: &mut BodyLookup<'_>,
) -> Result<Record, String> {
    let of = |trial: Option<u32>| trial.ok_or("names no trial".to_owned());
    Ok(match kind {
        "run" => Record::Run(parse::<RunShape>(content)?.into(at)),
        "trial" => Record::Trial(parse::<TrialShape>(content)?.into(of(trial)?, at)),
        "plant" => Record::Plant(parse::<PlantShape>(content)?.into(trial)),
        "phase" => Record::Phase(parse::<PhaseShape>(content)?.into(of(trial)?, at)?),
        "page" => Record::Page(parse::<PageShape>(content)?.into(of(trial)?, at)),
        "listed" => Record::Listed(parse::<ListedShape>(content)?.into(of(trial)?, at)),
        "exchange" => Record::Exchange(Box::new(parse::<ExchangeShape>(content)?.into(trial, at, body)?)),
        "beacon" => Record::Beacon(parse::<BeaconShape>(content)?.into(of(trial)?, at)),
        "note" => Record::Note(parse::<NoteShape>(content)?.into(trial, at)),
        "end" => Record::End(CaptureEnd { at, early: parse::<EndShape>(content)?.early.map(Cow::into_owned) }),
        other => return Err(format!("is of a kind that this Candor does not know: {other}")),
    })
}

fn json(shape: &impl Serialize) -> String {
    // Shapes contain only strings, numbers and lists, and serde_json cannot
    // fail on those.
    serde_json::to_string(shape).expect("a shape of evidence is always JSON")
}

fn parse<S: serde::de::DeserializeOwned>(content: &str) -> Result<S, String> {
    serde_json::from_str(content).map_err(|error| format!("line {}, column {}", error.line(), error.column()))
}

type RecordText<'a> = Cow<'a, str>;

#[derive(Serialize, Deserialize)]
struct RunShape<'a> {
    subject: RecordText<'a>,
    edition: Option<RecordText<'a>>,
    version: RecordText<'a>,
    digest: RecordText<'a>,
    extensions: Vec<RecordText<'a>>,
    scenario: RecordText<'a>,
    seed: u64,
    candor: RecordText<'a>,
    knowledge: RecordText<'a>,
    host: RecordText<'a>,
    sinkhole: bool,
    bypass_watched: bool,
    conditions: Vec<RecordText<'a>>,
}

impl<'a> RunShape<'a> {
    fn from(run: &'a Run) -> Self {
        Self {
            subject: text(&run.subject.name),
            edition: run.subject.edition.as_deref().map(text),
            version: text(&run.subject.version),
            digest: text(&run.subject.digest),
            extensions: texts(&run.subject.extensions),
            scenario: text(&run.scenario),
            seed: run.seed,
            candor: text(&run.candor),
            knowledge: text(&run.knowledge),
            host: text(&run.host),
            sinkhole: run.sinkhole,
            bypass_watched: run.bypass_watched,
            conditions: run.conditions.iter().map(|condition| text(condition)).collect(),
        }
    }

    fn into(self, started: Time) -> Run {
        Run {
            subject: Subject {
                name: self.subject.into(),
                edition: self.edition.map(Into::into),
                version: self.version.into(),
                digest: self.digest.into(),
                extensions: owned(self.extensions),
            },
            scenario: self.scenario.into(),
            seed: self.seed,
            candor: self.candor.into(),
            knowledge: self.knowledge.into(),
            host: self.host.into(),
            started,
            sinkhole: self.sinkhole,
            bypass_watched: self.bypass_watched,
            conditions: self.conditions.into_iter().map(|condition| (*condition).into()).collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct TrialShape<'a> {
    mode: RecordText<'a>,
    switches: Vec<(RecordText<'a>, RecordText<'a>)>,
    blank: bool,
    /// Absent for driven arms, as in evidence that was written before other
    /// roles existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<RecordText<'a>>,
    device: u32,
    install: u32,
    failed: Option<RecordText<'a>>,
}

impl<'a> TrialShape<'a> {
    fn from(trial: &'a Trial) -> Self {
        Self {
            mode: text(trial.arm.mode.word()),
            switches: pairs(&trial.arm.switches),
            blank: trial.arm.blank,
            role: (trial.arm.role != ArmRole::Driven).then(|| text(trial.arm.role.as_str())),
            device: trial.arm.device,
            install: trial.install,
            failed: trial.failed.as_deref().map(text),
        }
    }

    fn into(self, id: u32, at: Time) -> Trial {
        let arm = Arm {
            mode: Mode::from_word(&self.mode),
            switches: switches(self.switches),
            blank: self.blank,
            role: self.role.map(|name| ArmRole::named(&name)).unwrap_or_default(),
            device: self.device,
        };
        Trial { id, arm, install: self.install, at, failed: self.failed.map(Into::into) }
    }
}

#[derive(Serialize, Deserialize)]
struct PlantShape<'a> {
    id: RecordText<'a>,
    kind: RecordText<'a>,
    value: RecordText<'a>,
    decoy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<RecordText<'a>>,
}

impl<'a> PlantShape<'a> {
    fn from(plant: &'a PlantedCanary) -> Self {
        let canary = &plant.canary;
        Self {
            id: text(&canary.id),
            kind: text(canary.kind.as_str()),
            value: text(&canary.value),
            decoy: canary.decoy,
            site: plant.site.as_deref().map(text),
        }
    }

    fn into(self, trial: Option<u32>) -> PlantedCanary {
        let canary =
            Canary { id: self.id.into(), kind: Kind::new(&self.kind), value: self.value.into(), decoy: self.decoy };
        PlantedCanary { trial, canary, site: self.site.map(Into::into) }
    }
}

#[derive(Serialize, Deserialize)]
struct PhaseShape<'a> {
    name: RecordText<'a>,
    act: RecordText<'a>,
    mode: RecordText<'a>,
    session: u32,
    canaries: Vec<RecordText<'a>>,
    switches: Vec<(RecordText<'a>, RecordText<'a>)>,
}

impl<'a> PhaseShape<'a> {
    fn from(phase: &'a Phase) -> Self {
        Self {
            name: text(&phase.name),
            act: text(phase.act.word()),
            mode: text(phase.mode.word()),
            session: phase.session,
            canaries: texts(&phase.canaries),
            switches: pairs(&phase.switches),
        }
    }

    fn into(self, trial: u32, at: Time) -> Result<Phase, String> {
        Ok(Phase {
            trial,
            name: self.name.into(),
            act: Act::from_word(&self.act).ok_or("names an act that this Candor does not know")?,
            mode: Mode::from_word(&self.mode),
            session: self.session,
            at,
            canaries: owned(self.canaries),
            switches: switches(self.switches),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct PageShape<'a> {
    url: RecordText<'a>,
    title: RecordText<'a>,
    forms: Vec<FormShape<'a>>,
    /// Method and path of each; a third word marks requests that browsers make
    /// on their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Vec<RecordText<'a>>>,
}

#[derive(Serialize, Deserialize)]
struct FormShape<'a> {
    name: RecordText<'a>,
    fields: Vec<RecordText<'a>>,
}

impl<'a> PageShape<'a> {
    fn from(page: &'a Page) -> Self {
        let form = |form: &'a PageForm| FormShape { name: text(&form.name), fields: texts(&form.fields) };
        let resources = page.resources.iter().map(resource_shape).collect();
        Self { url: text(&page.url), title: text(&page.title), forms: page.forms.iter().map(form).collect(), resources }
    }

    fn into(self, trial: u32, at: Time) -> Page {
        let form = |form: FormShape<'_>| PageForm { name: form.name.into(), fields: owned(form.fields) };
        Page {
            trial,
            at,
            url: self.url.into(),
            title: self.title.into(),
            forms: self.forms.into_iter().map(form).collect(),
            resources: self.resources.into_iter().filter_map(resource).collect(),
        }
    }
}

const BY_BROWSER: &str = "browser";

fn resource_shape(resource: &PageResource) -> Vec<RecordText<'_>> {
    let mut shape = vec![text(&resource.method), text(&resource.path)];
    shape.extend((resource.cause == RequestCause::Browser).then_some(text(BY_BROWSER)));
    shape
}

/// A resource without a method or a path is ignored.
fn resource(shape: Vec<RecordText<'_>>) -> Option<PageResource> {
    let mut words = shape.into_iter().map(Cow::into_owned);
    let (method, path) = (words.next()?, words.next()?);
    let cause = if words.next().as_deref() == Some(BY_BROWSER) { RequestCause::Browser } else { RequestCause::Page };
    Some(PageResource { method, path, cause })
}

#[derive(Serialize, Deserialize)]
struct BeaconShape<'a> {
    host: RecordText<'a>,
    transport: RecordText<'a>,
    layer: RecordText<'a>,
    disguise: RecordText<'a>,
    canary: Option<RecordText<'a>>,
}

impl<'a> BeaconShape<'a> {
    fn from(beacon: &'a Beacon) -> Self {
        Self {
            host: text(&beacon.host),
            transport: text(&beacon.transport),
            layer: text(&beacon.layer),
            disguise: text(&beacon.disguise),
            canary: beacon.canary.as_deref().map(text),
        }
    }

    fn into(self, trial: u32, at: Time) -> Beacon {
        Beacon {
            trial,
            at,
            host: self.host.into(),
            transport: self.transport.into(),
            layer: self.layer.into(),
            disguise: self.disguise.into(),
            canary: self.canary.map(Into::into),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct ListedShape<'a> {
    method: RecordText<'a>,
    url: RecordText<'a>,
    by: RecordText<'a>,
}

impl<'a> ListedShape<'a> {
    fn from(listed: &'a ListedRequest) -> Self {
        Self { method: text(&listed.method), url: text(&listed.url), by: text(&listed.by) }
    }

    fn into(self, trial: u32, at: Time) -> ListedRequest {
        ListedRequest { trial, at, method: self.method.into(), url: self.url.into(), by: self.by.into() }
    }
}

#[derive(Serialize, Deserialize)]
struct NoteShape<'a> {
    code: RecordText<'a>,
    says: RecordText<'a>,
    count: u64,
}

impl<'a> NoteShape<'a> {
    fn from(note: &'a Note) -> Self {
        Self { code: text(&note.code), says: text(&note.says), count: note.count }
    }

    fn into(self, trial: Option<u32>, at: Time) -> Note {
        Note { trial, at, code: (*self.code).into(), says: self.says.into(), count: self.count }
    }
}

#[derive(Serialize, Deserialize)]
struct EndShape<'a> {
    early: Option<RecordText<'a>>,
}

#[derive(Serialize, Deserialize)]
struct ExchangeShape<'a> {
    connection: u64,
    ended: Option<i64>,
    inlet: RecordText<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<RecordText<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<(u32, RecordText<'a>, RecordText<'a>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hello: Option<HelloShape<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    http2: Option<RecordText<'a>>,
    request: RequestShape<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<ResponseShape<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    messages: Vec<MessageShape>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seal: Option<SealShape<'a>>,
}

#[derive(Serialize, Deserialize)]
struct HelloShape<'a> {
    /// Stored like a body: a client sends the same bytes on many connections,
    /// and every exchange of a connection refers to them.
    raw: BodyShape,
    ja4: RecordText<'a>,
    sni: Option<RecordText<'a>>,
    alpn: Vec<RecordText<'a>>,
}

#[derive(Serialize, Deserialize)]
struct RequestShape<'a> {
    method: RecordText<'a>,
    url: RecordText<'a>,
    version: RecordText<'a>,
    headers: Vec<HeaderShape<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<BodyShape>,
}

#[derive(Serialize, Deserialize)]
struct ResponseShape<'a> {
    status: u16,
    version: RecordText<'a>,
    headers: Vec<HeaderShape<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<BodyShape>,
    by: RecordText<'a>,
}

/// Name and value; a value that is not UTF-8 comes third, in base64.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum HeaderShape<'a> {
    Text(RecordText<'a>, RecordText<'a>),
    Bytes(RecordText<'a>, RecordText<'a>, RecordText<'a>),
}

#[derive(Serialize, Deserialize)]
struct BodyShape {
    sha256: String,
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cut_from: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct MessageShape {
    from_client: bool,
    at: i64,
    text: bool,
    body: Option<BodyShape>,
}

#[derive(Serialize, Deserialize)]
struct SealShape<'a> {
    reason: RecordText<'a>,
    says: RecordText<'a>,
    sent: u64,
    received: u64,
}

type BodyTable = Vec<([u8; 32], Arc<[u8]>)>;

impl<'a> ExchangeShape<'a> {
    fn from(exchange: &'a Exchange, bodies: &mut BodyTable) -> Self {
        let client = &exchange.client;
        let request = &exchange.request;
        Self {
            connection: exchange.connection,
            ended: exchange.ended.map(|time| time.0),
            inlet: text(inlet_word(exchange.inlet)),
            client: client.address.as_deref().map(text),
            process: client.process.as_ref().map(|p| (p.pid, text(&p.name), text(&p.path))),
            hello: client.hello.as_ref().map(|hello| HelloShape {
                raw: kept(&hello.raw, bodies),
                ja4: text(&hello.ja4),
                sni: hello.sni.as_deref().map(text),
                alpn: texts(&hello.alpn),
            }),
            http2: client.http2.as_deref().map(text),
            request: RequestShape {
                method: text(&request.method),
                url: text(&request.url),
                version: text(&request.version),
                headers: headers(&request.headers),
                body: body_shape(&request.body, bodies),
            },
            response: exchange.response.as_ref().map(|response| ResponseShape {
                status: response.status,
                version: text(&response.version),
                headers: headers(&response.headers),
                body: body_shape(&response.body, bodies),
                by: text(&response.by),
            }),
            messages: exchange
                .messages
                .iter()
                .map(|message| MessageShape {
                    from_client: message.direction == Direction::FromClient,
                    at: message.at.0,
                    text: message.text,
                    body: body_shape(&message.body, bodies),
                })
                .collect(),
            seal: exchange.seal.as_ref().map(|seal| SealShape {
                reason: text(seal_word(seal.reason)),
                says: text(&seal.says),
                sent: seal.sent,
                received: seal.received,
            }),
        }
    }

    fn into(self, trial: Option<u32>, started: Time, body: &mut BodyLookup<'_>) -> Result<Exchange, String> {
        let hello = match self.hello {
            None => None,
            Some(hello) => Some(ClientHello {
                raw: read_body(Some(hello.raw), body)?.bytes,
                ja4: hello.ja4.into(),
                sni: hello.sni.map(Into::into),
                alpn: owned(hello.alpn),
            }),
        };
        let process = self.process.map(|(pid, name, path)| Process { pid, name: name.into(), path: path.into() });
        let request = Request {
            method: self.request.method.into(),
            url: self.request.url.into(),
            version: self.request.version.into(),
            headers: read_headers(self.request.headers)?,
            body: read_body(self.request.body, body)?,
        };
        let response = match self.response {
            None => None,
            Some(response) => Some(Response {
                status: response.status,
                version: response.version.into(),
                headers: read_headers(response.headers)?,
                body: read_body(response.body, body)?,
                by: (*response.by).into(),
            }),
        };
        let mut messages = Vec::with_capacity(self.messages.len());
        for message in self.messages {
            messages.push(Message {
                direction: if message.from_client { Direction::FromClient } else { Direction::FromServer },
                at: Time(message.at),
                text: message.text,
                body: read_body(message.body, body)?,
            });
        }
        let seal = match self.seal {
            None => None,
            Some(seal) => Some(Seal {
                reason: seal_reason(&seal.reason).ok_or("is sealed for a reason that this Candor does not know")?,
                says: seal.says.into(),
                sent: seal.sent,
                received: seal.received,
            }),
        };
        Ok(Exchange {
            index: 0,
            trial,
            connection: self.connection,
            started,
            ended: self.ended.map(Time),
            inlet: inlet(&self.inlet).ok_or("came by a way that this Candor does not know")?,
            client: Arc::new(Client {
                address: self.client.map(Into::into),
                process,
                hello,
                http2: self.http2.map(Into::into),
            }),
            request,
            response,
            messages,
            seal,
        })
    }
}

const INLETS: [(IngressKind, &str); 4] = [
    (IngressKind::Proxy, "proxy"),
    (IngressKind::Transparent, "transparent"),
    (IngressKind::Socks, "socks"),
    (IngressKind::Imported, "imported"),
];

const SEALS: [(SealReason, &str); 4] = [
    (SealReason::Refused, "refused"),
    (SealReason::UnknownProtocol, "unknown-protocol"),
    (SealReason::Quic, "quic"),
    (SealReason::Tunnelled, "tunnelled"),
];

fn inlet_word(inlet: IngressKind) -> &'static str {
    INLETS.iter().find(|(known, _)| *known == inlet).map_or("", |(_, word)| word)
}

fn inlet(word: &str) -> Option<IngressKind> {
    INLETS.iter().find(|(_, known)| *known == word).map(|(inlet, _)| *inlet)
}

fn seal_word(reason: SealReason) -> &'static str {
    SEALS.iter().find(|(known, _)| *known == reason).map_or("", |(_, word)| word)
}

fn seal_reason(word: &str) -> Option<SealReason> {
    SEALS.iter().find(|(_, known)| *known == word).map(|(reason, _)| *reason)
}

fn headers(headers: &[Header]) -> Vec<HeaderShape<'_>> {
    headers
        .iter()
        .map(|header| match std::str::from_utf8(&header.value) {
            Ok(value) => HeaderShape::Text(text(&header.name), text(value)),
            Err(_) => HeaderShape::Bytes(text(&header.name), text("base64"), STANDARD.encode(&header.value).into()),
        })
        .collect()
}

fn read_headers(shapes: Vec<HeaderShape<'_>>) -> Result<Vec<Header>, String> {
    shapes
        .into_iter()
        .map(|shape| match shape {
            HeaderShape::Text(name, value) => Ok(Header::new(name, value.into_owned())),
            HeaderShape::Bytes(name, _, value) => {
                let value = STANDARD.decode(value.as_bytes()).map_err(|_| "holds a broken header".to_owned())?;
                Ok(Header::new(name, value))
            }
        })
        .collect()
}

fn body_shape(body: &Body, bodies: &mut BodyTable) -> Option<BodyShape> {
    if body.bytes.is_empty() && body.cut_from.is_none() {
        return None;
    }
    let most = layout::MOST_OF_A_BODY;
    if body.bytes.len() > most {
        // A reader rejects longer bodies as hostile, so the writer cuts them.
        let whole = body.cut_from.unwrap_or(body.bytes.len() as u64);
        return Some(BodyShape { cut_from: Some(whole), ..kept(&body.bytes[..most].into(), bodies) });
    }
    Some(BodyShape { cut_from: body.cut_from, ..kept(&body.bytes, bodies) })
}

/// Stores bytes under their digest.
fn kept(bytes: &Arc<[u8]>, bodies: &mut BodyTable) -> BodyShape {
    let sha256 = digest(bytes);
    bodies.push((sha256, Arc::clone(bytes)));
    BodyShape { sha256: hex(&sha256), size: bytes.len() as u64, cut_from: None }
}

fn read_body(shape: Option<BodyShape>, body: &mut BodyLookup<'_>) -> Result<Body, String> {
    let Some(shape) = shape else { return Ok(Body::default()) };
    let bytes = body(&shape.sha256)?;
    Ok(Body { bytes, cut_from: shape.cut_from })
}

fn text(text: &str) -> RecordText<'_> {
    Cow::Borrowed(text)
}

fn texts(texts: &[String]) -> Vec<RecordText<'_>> {
    texts.iter().map(|one| text(one)).collect()
}

fn owned(texts: Vec<RecordText<'_>>) -> Vec<String> {
    texts.into_iter().map(Cow::into_owned).collect()
}

fn pairs(switches: &[RunSwitch]) -> Vec<(RecordText<'_>, RecordText<'_>)> {
    switches.iter().map(|switch| (text(&switch.name), text(&switch.position))).collect()
}

fn switches(pairs: Vec<(RecordText<'_>, RecordText<'_>)>) -> Vec<RunSwitch> {
    pairs.into_iter().map(|(name, position)| RunSwitch { name: name.into(), position: (*position).into() }).collect()
}
