//! What the pages are about: the guard, or a capture that only watches.

use std::{path::PathBuf, sync::Arc};

use gate::{ActivityFeed, GuardState};
use jiff::tz::TimeZone;
use knowledge::Knowledge;

use crate::{door::Door, pages::Way};

/// Everything that a page can need.
pub(crate) struct Desk {
    pub(crate) face: Face,
    pub(crate) ways: Vec<Way>,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) door: Door,
    pub(crate) zone: TimeZone,
}

/// Whose pages they are.
pub(crate) enum Face {
    Guard(Arc<GuardState>),
    Capture { board: Arc<ActivityFeed>, knowledge: Arc<Knowledge>, evidence: Option<PathBuf> },
}

/// What devices have to trust.
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    /// SHA-256 in groups, as phones and browsers show it.
    pub(crate) fingerprint: String,
}

impl Desk {
    pub(crate) fn board(&self) -> &ActivityFeed {
        match &self.face {
            Face::Guard(keeper) => keeper.board(),
            Face::Capture { board, .. } => board,
        }
    }

    pub(crate) fn knowledge(&self) -> &Knowledge {
        match &self.face {
            Face::Guard(keeper) => keeper.knowledge(),
            Face::Capture { knowledge, .. } => knowledge,
        }
    }

    /// The guard, where there is something to switch.
    pub(crate) fn keeper(&self) -> Option<&Arc<GuardState>> {
        match &self.face {
            Face::Guard(keeper) => Some(keeper),
            Face::Capture { .. } => None,
        }
    }

    /// The file in which what is shown here is kept.
    pub(crate) async fn evidence(&self) -> Option<PathBuf> {
        match &self.face {
            Face::Guard(keeper) => keeper.evidence().await,
            Face::Capture { evidence, .. } => evidence.clone(),
        }
    }
}
