//! The records of a capture.

use crate::{Canary, Exchange, NoteCode, Phase, Run, Time, Trial, opaque::opaque};

/// One thing that a capture holds, in the order in which it was written.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    Run(Run),
    Trial(Trial),
    /// A canary, written down before it is used.
    Plant(PlantedCanary),
    Phase(Phase),
    /// A page of ours that the subject was given.
    Page(Page),
    /// A request that the driver saw a page make.
    Listed(ListedRequest),
    Exchange(Box<Exchange>),
    Beacon(Beacon),
    Note(Note),
    End(CaptureEnd),
}

/// A canary, with the trial that it is used in; decoys have no trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlantedCanary {
    pub trial: Option<u32>,
    pub canary: Canary,
    /// The host that may have the value: the visited site, or the search
    /// engine.
    pub site: Option<String>,
}

/// A page as it was served: its content that recipes compute over, and the
/// requests that it can cause.
#[derive(Clone, PartialEq, Eq)]
pub struct Page {
    pub trial: u32,
    pub at: Time,
    pub url: String,
    pub title: String,
    pub forms: Vec<PageForm>,
    /// The page's manifest. Empty in evidence that an older Candor wrote.
    pub resources: Vec<PageResource>,
}

/// A request that a page of ours can cause, to its own site.
#[derive(Clone, PartialEq, Eq)]
pub struct PageResource {
    pub method: String,
    /// Path and query, whole.
    pub path: String,
    pub cause: RequestCause,
}

/// Why a browser makes the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestCause {
    /// The page's markup, script, form or redirect names the address.
    Page,
    /// No page names the address; browsers request it when a page is opened,
    /// such as a favicon.
    Browser,
}

/// A form's name and the names of its fields, in order.
#[derive(Clone, PartialEq, Eq)]
pub struct PageForm {
    pub name: String,
    pub fields: Vec<String>,
}

/// A request that the driver saw a page make.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedRequest {
    pub trial: u32,
    pub at: Time,
    pub method: String,
    pub url: String,
    /// The protocol that listed the request: `cdp`, `bidi`, `netlog`.
    pub by: String,
}

/// A request of Candor's own, recorded before it is sent: the positive control
/// of the instrument. Candor must find the value that it carries. The value
/// counts for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    pub trial: u32,
    pub at: Time,
    /// The host of the request; no other request goes to this host.
    pub host: String,
    /// `http`, `https`, `query`, `header`, `websocket`.
    pub transport: String,
    /// `json`, `gzip` … or `none`.
    pub layer: String,
    /// `plain`, `sha256` …
    pub disguise: String,
    /// The id of the canary in the request; none in a silent twin, which
    /// carries no canary.
    pub canary: Option<String>,
}

/// An event that is not an exchange but matters for the audit.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    pub trial: Option<u32>,
    pub at: Time,
    pub code: NoteCode,
    pub says: String,
    pub count: u64,
}

/// The last record of a capture that came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureEnd {
    pub at: Time,
    /// Why the capture ended before its plan was done; none if it was done.
    pub early: Option<String>,
}

opaque!(Page, PageForm, PageResource, ListedRequest, Note);
