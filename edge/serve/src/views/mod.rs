//! The pages; each is a function of the data to show.

mod frame;

mod dashboard;

mod said;

mod rows;

mod shapes;

mod peeled;

mod pictures;

mod devices;

mod event;

mod settings;

mod sets;

mod switches;

mod install;

mod qr;

mod small;

use std::sync::Arc;

use axum::{Extension, extract::State, response::Html};

pub(crate) use self::{
    dashboard::dashboard,
    devices::in_query,
    event::event,
    install::install,
    said::row_of,
    settings::settings,
    small::{no_such_page, page_of_entry, page_of_link, page_of_refusal},
};
use crate::{access::BrowserSession, state::AppState};

/// The extractors of a page handler.
type PageQuery = (State<Arc<AppState>>, Extension<BrowserSession>);

type PageResult = Html<String>;
