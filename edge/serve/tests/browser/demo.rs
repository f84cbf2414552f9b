//! A day with the guard, made up: what the case's browsers sent, stopped.

use std::sync::Arc;

use gate::{ActivityFeed, ChoiceChange, FoundValue, GuardEvent, GuardFolder, GuardState, HERE};
use guard::{DecisionReason, GuardAction, HostAction, ReportReason};
use jiff::tz::TimeZone;
use knowledge::Knowledge;
use model::{Kind, Mode, Purpose, Time};
use proxy::CertificateAuthority;
use serve::{DevicePort, PageServer, ServingPages};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub const PHONE: &str = "192.168.1.20";

/// A guard with its pages.
pub struct Demo {
    pub keeper: Arc<GuardState>,
    pub serving: ServingPages,
    _folder: TempDir,
}

/// A guard whose pages stand where it is afternoon.
pub async fn guard() -> Demo {
    let folder = tempfile::tempdir().unwrap();
    let keeper = GuardState::open(Arc::new(Knowledge::built_in()), &GuardFolder(folder.path().join("guard"))).unwrap();
    let authority = CertificateAuthority::in_memory("Candor").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = |mode, address: &str| DevicePort { mode, address: address.parse().unwrap() };
    let ways = vec![
        way(Mode::Normal, "192.168.1.5:8461"),
        way(Mode::Private, "192.168.1.5:8462"),
        way(Mode::Unknown, "127.0.0.1:8463"),
    ];
    let pages = PageServer::guard(Arc::clone(&keeper)).zone(afternoon()).ways(ways);
    let serving = pages.authority(authority.cert_pem()).unwrap().serve(listener).unwrap();
    Demo { keeper, serving, _folder: folder }
}

/// A place where it is afternoon, so that today has something to show.
fn afternoon() -> TimeZone {
    let hour = jiff::Timestamp::now().to_zoned(TimeZone::UTC).hour();
    // From 11 hours behind to 12 ahead: the places there are.
    let ahead = (16 - hour + 11).rem_euclid(24) - 11;
    TimeZone::fixed(jiff::tz::offset(ahead))
}

/// Fills it with a day.
pub async fn a_day(keeper: &GuardState) {
    let describe = |device: &str, name: &str, maker: Option<&str>| ChoiceChange::Describe {
        device: device.into(),
        name: Some(name.into()),
        maker: maker.map(Into::into),
    };
    keeper.board().seen(PHONE, Mode::Private);
    keeper.board().seen(HERE, Mode::Normal);
    for change in [
        describe(PHONE, "Kim’s phone", Some("Xiaomi")),
        ChoiceChange::Turn { device: None, kind: Kind::new("search"), mode: Mode::Normal, on: true },
        ChoiceChange::Hour { device: None, kind: Kind::new("page-title"), mode: Mode::Normal },
        ChoiceChange::Destination { host: "crash.example.com".into(), rule: Some(HostAction::Stop) },
    ] {
        keeper.change(&change).await.unwrap();
    }
    fill(keeper.board(), true);
}

/// A day of events, the newest now.
pub fn fill(board: &ActivityFeed, guards: bool) {
    let now = Time(jiff::Timestamp::now().as_microsecond());
    let minutes = |ago: i64| Time(now.0 - ago * 60_000_000);
    // Most of it in the evening before and this morning, as people browse.
    let mut day: Vec<(i64, GuardEvent)> = Vec::new();
    for n in 0..140i64 {
        let ago = 18 + (n * n * 7 + n * 11) % 1_400;
        let busy = [0, 1, 2, 5, 6, 7, 11, 12, 13, 14, 20].contains(&(ago / 60 % 24));
        if busy || n % 9 == 0 {
            day.push((ago, made(n)));
        }
    }
    day.sort_by_key(|(ago, _)| std::cmp::Reverse(*ago));
    day.extend(last().into_iter().rev().enumerate().map(|(n, event)| (14 - 2 * n as i64, event)));
    for (ago, event) in day {
        let mut event = GuardEvent { at: minutes(ago), ..event };
        if !guards && event.reason != DecisionReason::Unread {
            (event.verdict, event.reason) = (GuardAction::Pass, DecisionReason::Asked);
        }
        board.add(event);
    }
}

fn made(n: i64) -> GuardEvent {
    match n % 10 {
        0..4 => sensors("https://shop.example.de/cart?id=4711"),
        4 | 5 => onetrack(),
        6 => favicon(),
        7 => unread(),
        8 => autofill(),
        _ => suggest(),
    }
}

/// What stands at the top of the page.
fn last() -> Vec<GuardEvent> {
    vec![
        sensors("https://www.klinik-am-park.de/termin/hautarzt?id=8312"),
        suggest(),
        unread(),
        onetrack(),
        onetrack(),
        autofill(),
        favicon(),
    ]
}

fn found(kind: &str, trail: &str, guise: &str, value: Option<&str>) -> FoundValue {
    FoundValue { kind: kind.into(), trail: trail.into(), guise: guise.into(), value: value.map(Into::into) }
}

fn event(host: &str, owner: Option<(&str, &str)>, purpose: Purpose, address: &str) -> GuardEvent {
    GuardEvent {
        id: 0,
        at: Time(0),
        device: PHONE.into(),
        program: None,
        mode: Mode::Private,
        host: host.into(),
        owner: owner.map(|(owner, _)| owner.into()),
        seat: owner.map(|(_, seat)| seat.into()),
        purpose,
        method: "POST".into(),
        address: address.into(),
        verdict: GuardAction::Absorb,
        reason: DecisionReason::Report(ReportReason::Maker("Xiaomi".into())),
        kinds: vec![],
        found: vec![],
    }
}

fn sensors(visited: &str) -> GuardEvent {
    let at = "body ▸ form data_list ▸ base64 ▸ gzip ▸ json $[1].properties.";
    GuardEvent {
        kinds: vec!["visited-url".into(), "device-id".into()],
        found: vec![
            found("visited-url", &format!("{at}url"), "plain", Some(visited)),
            found("device-id", &format!("{at}imei"), "sha256", None),
        ],
        ..event(
            "sa.api.intl.miui.com",
            Some(("Xiaomi", "CN")),
            Purpose::Telemetry,
            "https://sa.api.intl.miui.com/sa?project=browser",
        )
    }
}

fn onetrack() -> GuardEvent {
    GuardEvent {
        mode: Mode::Normal,
        kinds: vec!["folder".into(), "screen-name".into()],
        found: vec![found(
            "folder",
            "body ▸ gzip ▸ json $[0].B.path",
            "plain",
            Some("/storage/emulated/0/Documents/Tax 2025"),
        )],
        ..event(
            "tracking.intl.miui.com",
            Some(("Xiaomi", "CN")),
            Purpose::Telemetry,
            "https://tracking.intl.miui.com/track/v4",
        )
    }
}

fn favicon() -> GuardEvent {
    let visited = "https://forum.example.org/t/quitting-my-job/31";
    GuardEvent {
        device: HERE.into(),
        program: Some("otherbrowser".into()),
        mode: Mode::Normal,
        method: "GET".into(),
        verdict: GuardAction::Pass,
        reason: DecisionReason::Asked,
        kinds: vec!["visited-url".into()],
        found: vec![found("visited-url", "url ▸ query domain ▸ percent", "plain", Some(visited))],
        ..event("icons.favfetch.example", None, Purpose::Unknown, "https://icons.favfetch.example/ip")
    }
}

fn unread() -> GuardEvent {
    GuardEvent {
        mode: Mode::Normal,
        method: "CONNECT".into(),
        verdict: GuardAction::Pass,
        reason: DecisionReason::Unread,
        ..event("api.sec.miui.com", Some(("Xiaomi", "CN")), Purpose::Unknown, "https://api.sec.miui.com")
    }
}

fn autofill() -> GuardEvent {
    GuardEvent {
        device: HERE.into(),
        program: Some("chromium".into()),
        method: "GET".into(),
        reason: DecisionReason::Report(ReportReason::Maker("Google".into())),
        kinds: vec!["visited-host".into()],
        found: vec![found(
            "visited-host",
            "url ▸ path 3 ▸ base64url ▸ protobuf 2.1",
            "sha1-prefix8(autofill form signature)",
            Some("3f9a11c05b7d2e84"),
        )],
        ..event(
            "content-autofill.googleapis.com",
            Some(("Google", "US")),
            Purpose::Autofill,
            "https://content-autofill.googleapis.com/v1/pages/ChNDaHJvbWU",
        )
    }
}

fn suggest() -> GuardEvent {
    GuardEvent {
        device: HERE.into(),
        program: Some("chromium".into()),
        mode: Mode::Normal,
        method: "GET".into(),
        verdict: GuardAction::Pass,
        reason: DecisionReason::On,
        kinds: vec!["search".into()],
        found: vec![found("search", "url ▸ query q ▸ percent", "plain", Some("rash on left hand"))],
        ..event("www.google.com", Some(("Google", "US")), Purpose::Suggest, "https://www.google.com/complete/search")
    }
}
