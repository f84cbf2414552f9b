//! Live events, as server-sent events (HTML Living Standard, §9.2).

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use tokio::sync::{broadcast::error::RecvError, watch};

use crate::{state::AppState, views};

/// Streams each event as the texts that the page's script puts into a new row.
pub(crate) async fn stream(State(desk): State<Arc<AppState>>, stopped: watch::Receiver<bool>) -> Response {
    Sse::new(events(desk, stopped)).keep_alive(KeepAlive::default()).into_response()
}

fn events(desk: Arc<AppState>, stopped: watch::Receiver<bool>) -> impl Stream<Item = Result<Event, Infallible>> {
    let news = desk.board().news();
    stream::unfold((desk, news, stopped), async |(desk, mut news, mut stopped)| {
        let event = tokio::select! {
            event = news.recv() => event,
            // An open stream would block the graceful shutdown.
            _ = stopped.wait_for(|stopped| *stopped) => return None,
        };
        let said = match event {
            Ok(event) => Event::default().event("event").data(views::row_of(&desk, &event).to_string()),
            Err(RecvError::Lagged(missed)) => Event::default().event("missed").data(missed.to_string()),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(said), (desk, news, stopped)))
    })
}
