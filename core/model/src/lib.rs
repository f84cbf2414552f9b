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

mod time;

mod exchange;

mod trail;

mod gap;

mod canary;

mod sighting;

mod endpoint;

mod run;

mod record;

pub use canary::{Canary, Kind};
pub use endpoint::{Destination, Hosted, Purpose, Side, SideBecause};
pub use exchange::{
    AUTHORITY, Body, CHUNK_EXTENSIONS, Client, Direction, Exchange, Header, Hello, Inlet, Message, Process, Request,
    Response, Seal, SealReason, TRAILERS, host_of,
};
pub use gap::{Gap, Why};
pub use record::{Beacon, Cause, End, Form, Listed, Note, Page, Plant, Record, Resource};
pub use run::{Act, Arm, ArmRole, Mode, Phase, Run, Subject, Switch, Trial};
pub use sighting::{Guise, How, Sighting};
pub use time::Time;
pub use trail::{BadTrail, Leaf, Place, Route, Step, Trail};
