//! What the servers were asked on one visit, held against another.

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::browsers::{Browser, Route};

#[derive(Clone, Debug, Deserialize)]
pub struct Visit {
    asked: Vec<Asked>,
    /// What the pages made of the answers, by server.
    said: BTreeMap<String, BTreeMap<String, String>>,
}

/// A request, or a message on a WebSocket.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    server: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    method: String,
    /// The first byte of the frame.
    #[serde(default)]
    message: u8,
    #[serde(default)]
    version: String,
    length: usize,
    sha256: String,
    /// Names and values by turns, as they came.
    #[serde(default)]
    fields: Vec<String>,
}

impl Visit {
    pub fn read(text: &str) -> Self {
        let mut visit: Self = serde_json::from_str(text).unwrap();
        visit.asked.sort();
        visit
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.asked.iter().filter(|one| one.message == 0).count()
    }

    /// The visit showed what it is for.
    pub fn did_everything(&self) {
        assert_eq!(self.said.keys().map(String::as_str).collect::<Vec<_>>(), ["clear", "one", "two"]);
        for (server, said) in &self.said {
            let fine =
                |(act, says): (&String, &String)| !says.starts_with("failed") || panic!("{server} {act}: {says}");
            assert!(said.iter().all(fine));
            assert_eq!(said["socket"], "hello ☃,200 true,70000 true,1000");
            assert_eq!(said["events"], "first,second");
            assert_eq!(said["post"], "POST 300000");
        }
        let versions = |server| self.asked.iter().filter(move |one| one.server == server).map(|one| &one.version[..]);
        assert!(versions("one").all(|version| matches!(version, "1.1" | "")));
        assert!(versions("two").any(|version| version == "2.0"));
    }

    /// The same requests with the same fields, in the same order and case, and
    /// the same bodies; and the same answers.
    pub fn is_the_same_as(&self, direct: &Self, browser: Browser, route: Route) {
        let (here, there) = (self.settled(browser, route), direct.settled(browser, route));
        assert_eq!(here.said, there.said, "{browser:?} {route:?}");
        let names = |visit: &Self| visit.asked.iter().map(Asked::name).collect::<Vec<_>>();
        assert_eq!(names(&here), names(&there), "{browser:?} {route:?}");
        let pairs = here.asked.iter().zip(&there.asked);
        let differs: Vec<String> = pairs
            .filter(|(here, there)| here != there)
            .map(|(here, there)| format!("through us: {here:?}\nstraight:   {there:?}\n"))
            .collect();
        assert!(differs.is_empty(), "{browser:?} {route:?}:\n{}", differs.concat());
    }

    /// Without what differs by its nature.
    fn settled(&self, browser: Browser, route: Route) -> Self {
        let mut visit = self.clone();
        for (server, said) in &mut visit.said {
            said.retain(|act, _| !is_another(browser, route, server, act));
        }
        visit.asked.retain(|one| !is_another(browser, route, &one.server, one.act()));
        for one in &mut visit.asked {
            one.settle(browser, route);
        }
        visit.asked.sort();
        visit
    }
}

/// What a browser itself does otherwise where it has such a proxy.
fn is_another(browser: Browser, route: Route, server: &str, act: &str) -> bool {
    match (browser, route) {
        // What it asks for in clear goes out in HTTP/2, and bodies can be streams.
        (Browser::Chromium, Route::Https) => (server, act) == ("clear", "stream"),
        // It opens no WebSocket to a server to which it has idle tunnels, through no
        // proxy of HTTP/2, whoever wrote it.
        (Browser::Firefox, Route::Https) => (server, act) == ("one", "socket"),
        _ => false,
    }
}

impl Asked {
    fn name(&self) -> String {
        format!("{} {} {}", self.server, self.method, self.url)
    }

    /// What the page did there.
    fn act(&self) -> &str {
        if self.message > 0 { "socket" } else { self.url.trim_start_matches('/') }
    }

    fn settle(&mut self, browser: Browser, route: Route) {
        let mut fields: Vec<[String; 2]> = self.fields.as_chunks().0.to_vec();
        if self.version == "2.0" {
            // hyper writes the four pseudo-fields in an order of its own.
            let pseudo = fields.iter().take_while(|[name, _]| name.starts_with(':')).count();
            fields[..pseudo].sort();
        }
        if self.url == "/report" {
            // What is in it is held against the other's by itself.
            (self.length, self.sha256) = (0, String::new());
            fields.retain(|[name, _]| !name.eq_ignore_ascii_case("content-length"));
        }
        match (&self.server[..], route) {
            // Chromium says `Proxy-Connection` to a proxy that is asked for an address in
            // clear, which goes no further, and no `Connection`.
            ("clear", Route::Http) => fields.retain(|[name, _]| name != "Connection"),
            // In HTTP/2 there is none, names are in lower case, and Chromium gives a priority.
            ("clear", Route::Https) => {
                fields.iter_mut().for_each(|[name, _]| name.make_ascii_lowercase());
                let of_http2 = |name: &str| browser == Browser::Chromium && name == "priority";
                fields.retain(|[name, _]| name != "connection" && !of_http2(name));
            }
            _ => {}
        }
        self.fields = fields.concat();
    }
}
