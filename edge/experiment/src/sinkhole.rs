//! Answers the subject's requests: from honey sites, then from known servers'
//! answers, else with a plausible success. No server is contacted.

use std::sync::Arc;

use honey::HoneySites;
use knowledge::Knowledge;
use model::{AnsweredBy, Request};
use proxy::{AnswerProvider, StaticResponse};

/// All servers, as the subject sees them.
#[derive(Debug)]
pub struct Sinkhole {
    pub garden: HoneySites,
    pub knowledge: Arc<Knowledge>,
}

impl AnswerProvider for Sinkhole {
    fn answer(&self, request: &Request) -> StaticResponse {
        if let Some(served) = self.garden.serve(request) {
            return StaticResponse {
                status: served.status,
                headers: served.headers,
                body: served.body.into(),
                by: AnsweredBy::Honey,
            };
        }
        let said = self.knowledge.answers.say(request);
        StaticResponse { status: said.status, headers: said.headers, body: said.body.into(), by: AnsweredBy::Sinkhole }
    }
}
