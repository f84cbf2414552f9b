//! Answers without a server: those in `data/answers/`, else a plausible success.

use std::sync::Arc;

use bytes::Bytes;
use knowledge::Knowledge;
use model::{AnsweredBy, Request};
use proxy::{AnswerProvider, StaticResponse};

/// Answers from `data/answers/`.
#[derive(Debug)]
pub struct KnownAnswers(pub Arc<Knowledge>);

impl AnswerProvider for KnownAnswers {
    fn answer(&self, request: &Request) -> StaticResponse {
        let said = self.0.answers.say(request);
        StaticResponse { status: said.status, headers: said.headers, body: said.body.into(), by: AnsweredBy::Sinkhole }
    }

    fn message(&self, request: &Request, message: &[u8]) -> Option<Bytes> {
        let says = self.0.answers.say_to_message(request, message)?;
        Some(Bytes::copy_from_slice(says.as_bytes()))
    }
}
