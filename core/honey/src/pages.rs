//! The pages themselves: small, ordinary, complete.

use maud::{DOCTYPE, Markup, html};
use model::{Header, PageForm};

use crate::{ActCanaries, HoneyAnswer, generator::DOWNLOAD};

const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// A page with a link to the first page of its site.
pub(crate) const WAY: &str = "/way";

/// Redirects there.
pub(crate) const REDIRECT: &str = "/go/on";

/// Pictures, style sheets and scripts, and what a page has fetched ahead.
pub(crate) const PARTS: [&str; 4] = ["/picture.gif", "/style.css", "/script.js", NEXT];

/// Fetched ahead of need.
const NEXT: &str = "/next";

/// The script of pages with a form: it registers a service worker.
pub(crate) const APP: &str = "/app.js";
pub(crate) const WORKER: &str = "/worker.js";

/// Told by a page's script that the page is there.
pub(crate) const BEACON: &str = "/beacon";

/// Where a form is sent.
pub(crate) const SENT: &str = "/sent";

/// Named by no page.
pub(crate) const ICON: &str = "/favicon.ico";

/// The link on it: an element's id.
pub const LINK: &str = "on";

pub(crate) fn of_site(site: &[ActCanaries], url: &str, path: &str) -> HoneyAnswer {
    let bare = |url: &str| url.split_once("://").map_or(url, |(_, rest)| rest).to_owned();
    if let Some(planted) = site.iter().find(|planted| bare(&planted.url) == bare(url)) {
        return if is_file(path) { download() } else { page(&planted.title, &content(planted)) };
    }
    match path.split('?').next().unwrap_or_default() {
        "/picture.gif" => served(200, "image/gif", PIXEL.to_vec()),
        "/style.css" => {
            served(200, "text/css", b"body{font:16px sans-serif;margin:3rem auto;max-width:40rem}".to_vec())
        }
        "/script.js" => served(
            200,
            "text/javascript",
            format!("document.documentElement.dataset.ready='yes';navigator.sendBeacon('{BEACON}','here')")
                .into_bytes(),
        ),
        APP => {
            let script = format!("navigator.serviceWorker&&navigator.serviceWorker.register('{WORKER}').catch(()=>0)");
            served(200, "text/javascript", script.into_bytes())
        }
        WORKER => served(200, "text/javascript", b"self.addEventListener('activate',()=>0)".to_vec()),
        NEXT => page("Next", &html! { p { "The page after this." } }),
        BEACON => HoneyAnswer { status: 204, ..served(204, "text/plain", vec![]) },
        SENT => page("Thank you", &html! { p { "Your form has arrived." } }),
        WAY => way(site),
        REDIRECT => redirect(site),
        _ => HoneyAnswer { status: 404, ..page("Not found", &html! { p { "There is no such page." } }) },
    }
}

/// The page of results; none for what is not a search.
pub(crate) fn of_engine(path: &str) -> Option<HoneyAnswer> {
    let (path, query) = path.split_once('?')?;
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("q="))?;
    (path == "/" || path == "/search" || path == "/html/").then(|| {
        let words = asked.replace('+', " ").replace("%20", " ");
        let list = html! {
            ol { @for n in 1..=3 { li { a href=(format!("#{n}")) { "Result " (n) " for " (words) } } } }
        };
        page(&format!("{words} at the search engine"), &list)
    })
}

fn is_file(path: &str) -> bool {
    path.split('?').next().is_some_and(|path| path.rsplit('.').next() == Some(DOWNLOAD))
}

fn way(site: &[ActCanaries]) -> HoneyAnswer {
    let to = site.first().map_or("/", |planted| &planted.url);
    page("The way", &html! { p { a id=(LINK) href=(to) { "This way" } } })
}

fn content(planted: &ActCanaries) -> Markup {
    html! {
        p { "An ordinary page with a picture, a style sheet and a script." }
        img src="/picture.gif" width="8" height="8" alt="";
        link rel="prefetch" href=(NEXT);
        @if !planted.forms.is_empty() { script src=(APP) {} }
        @for form in &planted.forms { (form_of(form)) }
        p { a href=(REDIRECT) { "Go on" } }
    }
}

fn form_of(form: &PageForm) -> Markup {
    html! {
        form name=(form.name) method="post" action=(SENT) {
            @for field in &form.fields {
                p { label { (field) " " input name=(field) type=(if field == "password" { "password" } else { "text" }); } }
            }
            button { "Send" }
        }
    }
}

fn page(title: &str, content: &Markup) -> HoneyAnswer {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) }
                link rel="stylesheet" href="/style.css";
                script src="/script.js" {}
            }
            body { h1 { (title) } (content) }
        }
    };
    served(200, "text/html; charset=utf-8", markup.into_string().into_bytes())
}

fn download() -> HoneyAnswer {
    let mut answer = served(200, "application/octet-stream", vec![0x43; 2_048]);
    answer.headers.push(Header::new("content-disposition", "attachment; filename=\"download.bin\""));
    answer
}

fn redirect(site: &[ActCanaries]) -> HoneyAnswer {
    let to = site.first().map_or("/", |planted| &planted.url);
    let mut answer = served(302, "text/plain", vec![]);
    answer.headers.push(Header::new("location", to));
    answer
}

/// Path and query of an address.
pub(crate) fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

fn served(status: u16, kind: &str, body: Vec<u8>) -> HoneyAnswer {
    let headers = vec![Header::new("content-type", kind), Header::new("cache-control", "no-store")];
    HoneyAnswer { status, headers, body }
}
