//! A guard with its pages, and a browser that is played by the test.

use std::{net::SocketAddr, sync::Arc};

use gate::{GuardEvent, GuardFolder, GuardState};
use guard::{DecisionReason, GuardAction, ReportReason};
use jiff::tz::TimeZone;
use knowledge::Knowledge;
use model::{Mode, Purpose, Time};
use serve::{PageServer, ServingPages};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub struct Stage {
    pub folder: TempDir,
    pub keeper: Arc<GuardState>,
    pub serving: ServingPages,
    pub cookie: String,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Stage {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keeper =
            GuardState::open(Arc::new(Knowledge::built_in()), &GuardFolder(folder.path().join("guard"))).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = PageServer::guard(Arc::clone(&keeper)).zone(TimeZone::UTC).serve(listener).unwrap();
        let mut stage = Self { folder, keeper, serving, cookie: String::new() };
        stage.cookie = stage.enter().await;
        stage
    }

    /// The same with other pages.
    pub async fn around(serving: ServingPages) -> Self {
        let mut stage = Self { serving, ..Self::new().await };
        stage.cookie = stage.enter().await;
        stage
    }

    /// Comes in by a link; the cookie.
    pub async fn enter(&self) -> String {
        let link = self.serving.link().unwrap();
        let path = link.strip_prefix(&format!("http://{}", self.address())).unwrap();
        let answer = self.ask("GET", path, &[], "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    pub fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// As a browser that is in looks at a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[("Cookie", &self.cookie)], "").await
    }

    /// As it sends a form of the page.
    pub async fn post(&self, path: &str, form: &str) -> Answer {
        let csrf = self.csrf().await;
        let form = format!("csrf={csrf}&{form}");
        let headers = [("Cookie", self.cookie.as_str()), FORM, ("Origin", "null"), ("Sec-Fetch-Site", "same-origin")];
        self.ask("POST", path, &headers, &form).await
    }

    /// What stands in forms of the page.
    pub async fn csrf(&self) -> String {
        let page = self.get("/settings").await.body;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Any request; `Host` is ours unless it is among the headers.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut text = format!("{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "Host") {
            text.push_str(&format!("Host: {}\r\n", self.address()));
        }
        headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
        text.push_str(&format!("\r\n{body}"));
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let bytes = answer.split_off(end + 4);
        let head = String::from_utf8(answer).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }
}

pub const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// A report that was stopped.
pub fn event() -> GuardEvent {
    GuardEvent {
        id: 0,
        at: Time::from_millis(1_790_000_000_000),
        device: "192.168.1.20".into(),
        program: None,
        mode: Mode::Private,
        host: "sa.api.intl.miui.com".into(),
        owner: Some("Xiaomi".into()),
        seat: Some("CN".into()),
        purpose: Purpose::Telemetry,
        method: "POST".into(),
        address: "https://sa.api.intl.miui.com/sa".into(),
        verdict: GuardAction::Absorb,
        reason: DecisionReason::Report(ReportReason::Telemetry),
        kinds: vec!["visited-url".into(), "search".into()],
        found: vec![],
    }
}
