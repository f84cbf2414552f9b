//! What a capture is made of.

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

/// A canary and the trial it is for; decoys are for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlantedCanary {
    pub trial: Option<u32>,
    pub canary: Canary,
    /// The host that is meant to have it: the site visited, the engine asked.
    pub site: Option<String>,
}

/// A page as it was given out: what a recipe may compute over, and what it can
/// make a browser ask for.
#[derive(Clone, PartialEq, Eq)]
pub struct Page {
    pub trial: u32,
    pub at: Time,
    pub url: String,
    pub title: String,
    pub forms: Vec<PageForm>,
    /// Its manifest. Empty in evidence from before there was one.
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

/// Why a browser asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestCause {
    /// Markup, script, form or redirect of a page name it.
    Page,
    /// Nobody names it; browsers ask for it because a page was opened.
    Browser,
}

/// A form's name and the names of its fields, in order.
#[derive(Clone, PartialEq, Eq)]
pub struct PageForm {
    pub name: String,
    pub fields: Vec<String>,
}

/// A request that the driver lists as a page's.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedRequest {
    pub trial: u32,
    pub at: Time,
    pub method: String,
    pub url: String,
    /// Who lists it: `cdp`, `bidi`, `netlog`.
    pub by: String,
}

/// A request of Candor's own, written down before it is sent: the control of the
/// instrument. What it carries must be found, and counts as nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    pub trial: u32,
    pub at: Time,
    /// Where it goes; nothing else goes there.
    pub host: String,
    /// `http`, `https`, `query`, `header`, `websocket`.
    pub transport: String,
    /// `json`, `gzip` … or `none`.
    pub layer: String,
    /// `plain`, `sha256` …
    pub disguise: String,
    /// The id of the canary in it; none in a silent twin.
    pub canary: Option<String>,
}

/// Something that is not an exchange and counts all the same.
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
    /// Why it ended before its plan did; none if it did not.
    pub early: Option<String>,
}

opaque!(Page, PageForm, PageResource, ListedRequest, Note);
