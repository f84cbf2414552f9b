//! The data behind the pages: the guard, or a capture without decisions.

use std::{path::PathBuf, sync::Arc};

use gate::{ActivityFeed, GuardState};
use jiff::tz::TimeZone;
use knowledge::Knowledge;

use crate::{access::AccessControl, pages::DevicePort};

/// Everything that a page may need.
pub(crate) struct AppState {
    pub(crate) face: PageFace,
    pub(crate) ways: Vec<DevicePort>,
    pub(crate) certificate: Option<TrustCertificate>,
    pub(crate) door: AccessControl,
    pub(crate) zone: TimeZone,
}

/// Whether the pages belong to the guard or to a capture.
pub(crate) enum PageFace {
    Guard(Arc<GuardState>),
    Capture { board: Arc<ActivityFeed>, knowledge: Arc<Knowledge>, evidence: Option<PathBuf> },
}

/// The certificate that devices have to trust.
pub(crate) struct TrustCertificate {
    pub(crate) der: Vec<u8>,
    /// SHA-256 in pairs of hex digits, as phones and browsers show it.
    pub(crate) fingerprint: String,
}

impl AppState {
    pub(crate) fn board(&self) -> &ActivityFeed {
        match &self.face {
            PageFace::Guard(keeper) => keeper.board(),
            PageFace::Capture { board, .. } => board,
        }
    }

    pub(crate) fn knowledge(&self) -> &Knowledge {
        match &self.face {
            PageFace::Guard(keeper) => keeper.knowledge(),
            PageFace::Capture { knowledge, .. } => knowledge,
        }
    }

    /// The guard, if these are the guard's pages.
    pub(crate) fn keeper(&self) -> Option<&Arc<GuardState>> {
        match &self.face {
            PageFace::Guard(keeper) => Some(keeper),
            PageFace::Capture { .. } => None,
        }
    }

    /// The evidence file of the traffic on these pages.
    pub(crate) async fn evidence(&self) -> Option<PathBuf> {
        match &self.face {
            PageFace::Guard(keeper) => keeper.evidence().await,
            PageFace::Capture { evidence, .. } => evidence.clone(),
        }
    }
}
