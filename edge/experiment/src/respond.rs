//! Who answers what a subject asks: honey sites, then what is known of
//! servers, then a plausible success. No server is contacted.

use std::sync::Arc;

use honey::HoneySites;
use knowledge::Knowledge;
use model::Request;
use proxy::{Answer, Reply};

/// The world that a subject sees.
#[derive(Debug)]
pub struct World {
    pub garden: HoneySites,
    pub knowledge: Arc<Knowledge>,
}

impl Answer for World {
    fn answer(&self, request: &Request) -> Reply {
        if let Some(served) = self.garden.serve(request) {
            return Reply {
                status: served.status,
                headers: served.headers,
                body: served.body.into(),
                by: "honey".into(),
            };
        }
        let said = self.knowledge.answers.say(request);
        Reply { status: said.status, headers: said.headers, body: said.body.into(), by: "sinkhole".into() }
    }
}
