//! The words of Candor as types.
//!
//! Every stage knows these and no other stage. A [`Record`] is one thing that
//! a capture holds; an [`Exchange`] is the record that matters most. Decoding
//! an exchange gives [`Leaf`]s, each with the [`Route`] by which it was reached;
//! a leaf recognised as personal data is a [`Sighting`], and its route is kept
//! as a [`Trail`]. What could not be looked into is a [`Gap`], never silence.
//!
//! Captured values are private: no type here prints one in `Debug`.
#![forbid(unsafe_code)]

mod opaque;

mod word;

mod time;

mod exchange;

mod trail;

mod drawn;

mod gap;

mod canary;

mod sighting;

mod endpoint;

mod run;

mod record;

mod note_code;

mod answered_by;

mod condition;

mod switch_setting;

mod subject_origin;

pub use answered_by::AnsweredBy;
pub use canary::{Canary, Kind};
pub use condition::RunCondition;
pub use drawn::is_drawn;
pub use endpoint::{Attribution, Destination, HostingPlace, Initiator, Purpose};
pub use exchange::{
    AUTHORITY, Body, CHUNK_EXTENSIONS, Client, ClientHello, Direction, Exchange, Header, IngressKind, Message, Process,
    Request, Response, Seal, SealReason, TRAILERS, host_of,
};
pub use gap::{Gap, GapReason};
pub use note_code::NoteCode;
pub use record::{
    Beacon, CaptureEnd, ListedRequest, Note, Page, PageForm, PageResource, PlantedCanary, Record, RequestCause,
};
pub use run::{Act, Arm, ArmRole, Mode, Phase, Run, RunSwitch, Subject, Trial};
pub use sighting::{Guise, RecognitionMethod, Sighting};
pub use subject_origin::SubjectOrigin;
pub use switch_setting::SwitchSetting;
pub use time::Time;
pub use trail::{BadTrail, LayerPlace, Leaf, Route, Trail, TrailStep};
