//! What becomes of a request.
//!
//! An example: a browser opens a page, and then posts the page's address to the browser's maker.
//! The request for the page goes to the site itself: the guard passes it without looking into it.
//! The post goes to a host that no page named: the guard holds it until its body is complete,
//! decodes the body, and finds the address. The host collects telemetry, so the post is a report.
//! The switch for addresses is off in this mode, so the guard absorbs the post.

use model::{Destination, Exchange, Guise, Kind, LayerPlace, Mode, Purpose, RecognitionMethod, Sighting, Trail};

use crate::{
    Choices, ClientIdentity, DecisionReason, GuardClient, GuardTime, HostAction, ReportReason, RequestParty,
    RequestScan, UnreadChoice, relationship::DestinationClass, service::BrowserService, values::CanaryOrigin,
};

/// Bytes of a body that are held back at most.
pub const HELD_BYTES: u64 = 1 << 20;
/// Microseconds for which a body is held back at most.
pub const HELD_MICROS: u64 = 2_000_000;
/// Microseconds for which an extension may be late with its list.
const LATE_MICROS: u64 = 400_000;
/// Bytes of unexplained values above which a request to a collector counts as unread.
const UNEXPLAINED: u64 = 64;

/// A request, complete or not, with its client and its destination.
#[derive(Clone, Copy, Debug)]
pub struct RequestContext<'a> {
    pub who: &'a ClientIdentity,
    /// For a message on a WebSocket: the request that opened it, with this one
    /// message.
    pub exchange: &'a Exchange,
    pub aim: &'a Destination,
    /// The request is complete.
    pub whole: bool,
    /// Microseconds since the head of the request was complete.
    pub waited: u64,
}

/// What the guard does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuardAction {
    /// The request is forwarded, without a change.
    Pass,
    /// The request waits: it is not decided yet.
    Hold,
    /// The guard answers the request as the server would on success, and does not forward it.
    Absorb,
    /// The guard ends the connection.
    Cut,
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub verdict: GuardAction,
    pub reason: DecisionReason,
    /// The mode of the request; or, for a request in normal mode, the other mode in which a value
    /// that it carries was seen.
    pub mode: Mode,
    /// Kinds of data in the sightings that decided, each once.
    pub kinds: Vec<Kind>,
    /// The sightings that decided.
    pub sightings: Vec<Sighting>,
}

impl Decision {
    fn plain(verdict: GuardAction, reason: DecisionReason) -> Self {
        Self { verdict, reason, mode: Mode::Unknown, kinds: Vec::new(), sightings: Vec::new() }
    }

    /// The decision for a connection whose TLS handshake did not complete.
    pub fn no_handshake(mode: Mode) -> Self {
        Self { mode, ..Self::plain(GuardAction::Cut, DecisionReason::NoHandshake) }
    }

    fn about(verdict: GuardAction, reason: DecisionReason, sightings: Vec<Sighting>) -> Self {
        let mut kinds: Vec<Kind> = sightings.iter().map(|sighting| sighting.kind.clone()).collect();
        kinds.sort();
        kinds.dedup();
        Self { verdict, reason, mode: Mode::Unknown, kinds, sightings }
    }
}

/// Decides.
pub fn decide(
    asking: &RequestContext<'_>,
    looked: &RequestScan,
    client: &GuardClient,
    choices: &Choices,
    now: GuardTime,
) -> Decision {
    let mut decision = decided(asking, looked, client, choices, now);
    decision.mode = mode_of(asking.who, &decision.sightings, client, now);
    decision
}

fn decided(
    asking: &RequestContext<'_>,
    looked: &RequestScan,
    client: &GuardClient,
    choices: &Choices,
    now: GuardTime,
) -> Decision {
    let RequestContext { who, aim, .. } = *asking;
    match choices.destined(aim, who) {
        Some(HostAction::Allow) => return Decision::plain(GuardAction::Pass, DecisionReason::AllowedDestination),
        Some(HostAction::Stop) => return Decision::plain(GuardAction::Absorb, DecisionReason::StoppedDestination),
        Some(HostAction::Cut) => return Decision::plain(GuardAction::Cut, DecisionReason::StoppedDestination),
        None => {}
    }
    if client.is_asked_by_page(asking, choices.strict, now) {
        return Decision::plain(GuardAction::Pass, DecisionReason::Page);
    }
    let class = DestinationClass::of(aim, who, &looked.schemas);
    let accused = accused(aim, who, looked, choices);
    let found = found(asking, looked, client, class, choices, now);
    if let Some(decision) = by_its_switch(asking, looked, &found, client, choices, now) {
        return decision;
    }
    let belongs = found.belongs;
    let asked = found.asked.clone();
    if let Some(sightings) = found.that_count(choices.strict && class == DestinationClass::Collector, choices.strict) {
        return weigh(asking, looked, client, choices, now, CaseAgainst { sightings, accused, class });
    }
    if !asking.whole && is_patient(asking) {
        return Decision::about(GuardAction::Hold, DecisionReason::Incomplete, asked);
    }
    if is_unread(asking, looked, class) {
        return unread(asking, client, choices, now);
    }
    let (on, off): (Vec<Sighting>, Vec<Sighting>) =
        asked.into_iter().partition(|sighting| may_leave(sighting, who, client, choices, now));
    match (off.is_empty(), on.is_empty()) {
        (false, _) => Decision::about(GuardAction::Pass, DecisionReason::Asked, off),
        (true, false) => Decision::about(GuardAction::Pass, DecisionReason::On, on),
        _ => Decision::plain(GuardAction::Pass, if belongs { DecisionReason::Page } else { DecisionReason::Nothing }),
    }
}

/// The sightings that may stop a request, and why its destination counts as a collector of reports.
struct CaseAgainst {
    sightings: Vec<Sighting>,
    accused: Option<ReportReason>,
    class: DestinationClass,
}

/// Decides on requests to services that have a switch of their own, whatever the requests carry. A
/// switch that acted only if a value was recognised would not do what its label says.
fn by_its_switch(
    asking: &RequestContext<'_>,
    looked: &RequestScan,
    found: &CountedSightings,
    client: &GuardClient,
    choices: &Choices,
    now: GuardTime,
) -> Option<Decision> {
    let sightings = || [&found.own[..], &found.asked].concat();
    let (is_on, reason) = match asking.aim.purpose {
        Purpose::Update => (choices.updates, DecisionReason::Updates),
        Purpose::Security => (choices.security, DecisionReason::Security),
        _ if client.service(asking, now) == Some(BrowserService::Suggestions) => {
            (choices.suggests(asking.who.mode), DecisionReason::Suggestions)
        }
        _ => return None,
    };
    let stopped = if asking.exchange.seal.is_some() { GuardAction::Cut } else { GuardAction::Absorb };
    if !is_on && is_early(asking, client, now) {
        return Some(Decision::about(GuardAction::Hold, DecisionReason::Unlisted, sightings()));
    }
    if !is_on {
        return Some(Decision::about(stopped, reason, sightings()));
    }
    if !asking.whole && is_patient(asking) {
        return Some(Decision::about(GuardAction::Hold, DecisionReason::Incomplete, Vec::new()));
    }
    let sightings = sightings();
    // A request that passes with no known value in it is not shown, unless it could not be read.
    let reason = match sightings.is_empty() {
        true if is_unread(asking, looked, DestinationClass::Other) => DecisionReason::Unread,
        true => DecisionReason::Nothing,
        false => reason,
    };
    Some(Decision::about(GuardAction::Pass, reason, sightings))
}

/// The sightings of a request, sorted by who made the request.
#[derive(Default)]
struct CountedSightings {
    own: Vec<Sighting>,
    /// Sent by a page to another host; counts only in strict mode.
    pages: Vec<Sighting>,
    /// Recognised only by its shape, or by a guess; counts only in strict mode.
    asked: Vec<Sighting>,
    /// At least one value went to a site that knows it anyway, or was sent by a page.
    belongs: bool,
}

impl CountedSightings {
    /// The sightings that count. The flags add those of pages, and those recognised only by shape.
    fn that_count(self, with_pages: bool, with_asked: bool) -> Option<Vec<Sighting>> {
        let mut all = self.own;
        if with_pages {
            all.extend(self.pages);
        }
        if with_asked {
            all.extend(self.asked);
        }
        (!all.is_empty()).then_some(all)
    }
}

fn found(
    asking: &RequestContext<'_>,
    looked: &RequestScan,
    client: &GuardClient,
    class: DestinationClass,
    choices: &Choices,
    now: GuardTime,
) -> CountedSightings {
    let mut found = CountedSightings::default();
    let service = client.service(asking, now);
    for sighting in &looked.sightings {
        let Some(seen) = seen_where(sighting, client, now) else { continue };
        let url = &asking.exchange.request.url;
        let party = match (service, &seen) {
            (Some(_), _) => RequestParty::Own,
            (None, Some(CanaryOrigin::Before { site, .. })) if is_of_site(client, site, &asking.aim.host) => {
                RequestParty::First
            }
            (None, _) => client.party_for(
                asking.aim,
                url,
                class,
                seen.as_ref().and_then(CanaryOrigin::site),
                choices.strict,
                now,
            ),
        };
        match party {
            RequestParty::First => found.belongs = true,
            RequestParty::Page => found.pages.push(sighting.clone()),
            // Many numbers have the shape of an address or of a phone's number.
            RequestParty::Own if sighting.how == RecognitionMethod::Pattern && sighting.weak => {}
            RequestParty::Own if seen.is_none() && is_a_guess(sighting) => found.asked.push(sighting.clone()),
            RequestParty::Own => found.own.push(sighting.clone()),
        }
    }
    if service == Some(BrowserService::Autofill) && asking.whole {
        found.own.push(form_of_a_page(asking.exchange));
    }
    found.belongs |= !found.pages.is_empty();
    found
}

/// Where the canary of a sighting was seen; an inner none for sightings that are not of a canary.
/// The outer none means that the sighting does not count: the canary is too old, or its disguise
/// proves too little.
fn seen_where(sighting: &Sighting, client: &GuardClient, now: GuardTime) -> Option<Option<CanaryOrigin>> {
    if sighting.how != RecognitionMethod::Canary {
        return Some(None);
    }
    let seen = client.memory.values().of(sighting.canary.as_deref()?, now.steady)?;
    let counts = seen == CanaryOrigin::Entered || !says_too_little(&sighting.guise);
    counts.then_some(Some(seen))
}

fn is_of_site(client: &GuardClient, site: &[u8; 16], host: &str) -> bool {
    client.memory.values().is_site(site, attribute::site_of(host))
}

/// Whether a sighting rests on the shape of its value, or on a guess on its trail.
fn is_a_guess(sighting: &Sighting) -> bool {
    sighting.how == RecognitionMethod::Pattern || sighting.weak
}

/// The sighting of a form's signature. Who knows a page can compute the signatures of its forms, so
/// the signature tells which page is visited. We cannot decode it, but an autofill request carries
/// nothing else.
fn form_of_a_page(exchange: &Exchange) -> Sighting {
    let path = exchange.request.url.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    Sighting {
        exchange: exchange.index,
        kind: Kind::new("visited-host"),
        canary: None,
        guise: Guise::Plain,
        how: RecognitionMethod::Schema,
        schema: None,
        trail: Trail::default().then("url", LayerPlace::Whole),
        value: Sighting::shown(last.as_bytes()),
        weak: false,
    }
}

/// Whether a digest is of the host alone, or is cut to fewer than 8 bytes: many values have such a
/// digest.
fn says_too_little(guise: &Guise) -> bool {
    let Guise::Digest(name) = guise else { return false };
    let (algorithm, forms) = name.split_once('(').unwrap_or((name, ""));
    let of_host = forms.trim_end_matches(')').split(',').any(|form| form == "host");
    let cut_to = algorithm.split_once("-prefix").and_then(|(_, bytes)| bytes.parse::<u32>().ok());
    of_host || cut_to.is_some_and(|bytes| bytes < 8)
}

/// Why a request to this destination is a report, if it carries personal data.
fn accused(aim: &Destination, who: &ClientIdentity, looked: &RequestScan, choices: &Choices) -> Option<ReportReason> {
    match (aim.purpose, &aim.owner, looked.schemas.first()) {
        (Purpose::Telemetry, ..) => Some(ReportReason::Telemetry),
        (Purpose::Advertising, ..) => Some(ReportReason::Advertising),
        (_, Some(owner), _) if who.is_made_by(owner) => Some(ReportReason::Maker(owner.clone())),
        (_, _, Some(schema)) => Some(ReportReason::Schema(schema.clone())),
        _ => choices.strict.then_some(ReportReason::Strict),
    }
}

/// Decides on a request that has sightings which count.
fn weigh(
    asking: &RequestContext<'_>,
    looked: &RequestScan,
    client: &GuardClient,
    choices: &Choices,
    now: GuardTime,
    case: CaseAgainst,
) -> Decision {
    let RequestContext { who, aim, .. } = *asking;
    let (on, off): (Vec<Sighting>, Vec<Sighting>) =
        case.sightings.into_iter().partition(|sighting| may_leave(sighting, who, client, choices, now));
    if off.is_empty() {
        // The rest of the body may hold a value whose switch is off.
        if !asking.whole && is_patient(asking) {
            return Decision::about(GuardAction::Hold, DecisionReason::Incomplete, on);
        }
        return match is_unread(asking, looked, case.class) {
            true => unread(asking, client, choices, now),
            false => Decision::about(GuardAction::Pass, DecisionReason::On, on),
        };
    }
    if matches!(aim.purpose, Purpose::Sync | Purpose::Translation) {
        return Decision::about(GuardAction::Pass, DecisionReason::Started, off);
    }
    match case.accused {
        _ if is_early(asking, client, now) => Decision::about(GuardAction::Hold, DecisionReason::Unlisted, off),
        Some(accused) => Decision::about(GuardAction::Absorb, DecisionReason::Report(accused), off),
        None if !client.is_exact(now) => Decision::about(GuardAction::Pass, DecisionReason::Asked, off),
        None => Decision::about(GuardAction::Absorb, DecisionReason::AskedByNoPage, off),
    }
}

/// Whether our extension may still list this request as a page's: its list may arrive late.
fn is_early(asking: &RequestContext<'_>, client: &GuardClient, now: GuardTime) -> bool {
    client.is_exact(now) && asking.waited < LATE_MICROS && asking.exchange.seal.is_none()
}

/// Whether the switch for this sighting is on, in the mode of the request. If the value was seen
/// only in other modes, the switch must be on in those too: an address visited in a private window
/// is private, whichever program sends it.
fn may_leave(
    sighting: &Sighting,
    who: &ClientIdentity,
    client: &GuardClient,
    choices: &Choices,
    now: GuardTime,
) -> bool {
    let elsewhere = seen_elsewhere(sighting, who, client, now);
    let is_on = |mode| choices.is_on(&sighting.kind, &ClientIdentity { mode, ..who.clone() }, now.wall);
    is_on(who.mode) && elsewhere.into_iter().all(is_on)
}

/// The modes in which a value was seen; empty if the mode of the request is among them.
fn seen_elsewhere(sighting: &Sighting, who: &ClientIdentity, client: &GuardClient, now: GuardTime) -> Vec<Mode> {
    let seen = sighting.canary.as_deref().and_then(|id| client.memory.values().of(id, now.steady));
    match seen {
        Some(CanaryOrigin::At { modes, .. } | CanaryOrigin::Before { modes, .. }) if !modes.contains(&who.mode) => {
            modes
        }
        _ => Vec::new(),
    }
}

/// The mode that a decision is recorded under: not normal, if the request carries a value that was
/// seen only in another mode.
fn mode_of(who: &ClientIdentity, sightings: &[Sighting], client: &GuardClient, now: GuardTime) -> Mode {
    if who.mode != Mode::Normal {
        return who.mode;
    }
    let elsewhere = |sighting: &Sighting| seen_elsewhere(sighting, who, client, now).into_iter().next();
    sightings.iter().find_map(elsewhere).unwrap_or(Mode::Normal)
}

/// Whether time and memory allow to wait for the rest of the body.
fn is_patient(asking: &RequestContext<'_>) -> bool {
    (asking.exchange.request.body.bytes.len() as u64) < HELD_BYTES && asking.waited < HELD_MICROS
}

/// Whether a request was not fully read: it is incomplete, sealed, has gaps, or goes to a collector
/// with more unexplained bytes than [`UNEXPLAINED`].
fn is_unread(asking: &RequestContext<'_>, looked: &RequestScan, class: DestinationClass) -> bool {
    let is_riddle = class == DestinationClass::Collector && looked.unexplained > UNEXPLAINED;
    !asking.whole || asking.exchange.seal.is_some() || looked.is_unread() || is_riddle
}

fn unread(asking: &RequestContext<'_>, client: &GuardClient, choices: &Choices, now: GuardTime) -> Decision {
    if is_early(asking, client, now) {
        return Decision::plain(GuardAction::Hold, DecisionReason::Unlisted);
    }
    let verdict = match choices.unread(asking.who.mode) {
        _ if choices.are_all_on(&client.knowledge.kinds, asking.who, now.wall) => GuardAction::Pass,
        UnreadChoice::Pass => GuardAction::Pass,
        UnreadChoice::Absorb if asking.exchange.seal.is_some() => GuardAction::Cut,
        UnreadChoice::Absorb => GuardAction::Absorb,
        UnreadChoice::Refuse => GuardAction::Cut,
    };
    Decision::plain(verdict, DecisionReason::Unread)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use model::{Direction, Message, Time};
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::{
        EnteredValues, HostRule,
        checks::{GuardStage, bytes_that_look_random, gzip, knowledge, post, request, said},
    };

    const PAGE: &str = "https://clinic.example/patients/4711-secret?from=mail";
    const COLLECTOR: &str = "https://sa.api.intl.miui.com/sa?project=global_browser_mini";

    /// The envelope of the case.
    fn report(url: &str) -> Exchange {
        let json = format!(
            r#"[{{"type":"track","event":"page_load_event_start","lib":{{"$lib":"Android"}},"properties":{{"$lib":"Android","url":"{url}"}}}}]"#
        );
        let list = STANDARD.encode(gzip(&json)).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        post(COLLECTOR, format!("crc=1&gzip=1&data_list={list}").as_bytes())
    }

    fn visited() -> GuardStage {
        let mut stage = GuardStage::new();
        stage.visit(PAGE, "<img src=https://img.example/logo.png>");
        stage
    }

    fn on(stage: &mut GuardStage, kind: &str, mode: Mode) {
        stage.choices.table.turn(&Kind::new(kind), mode, true);
    }

    #[test]
    fn the_case_is_absorbed() {
        let mut stage = visited();
        assert_eq!(stage.says(&report(PAGE)), "absorb report-telemetry visited-url");
        let unseen = report("https://elsewhere.example/other");
        assert_eq!(stage.says(&unseen), "absorb report-telemetry visited-url", "its format tells what it is");
    }

    #[test]
    fn what_the_person_turned_on_passes_in_that_mode_only() {
        let mut stage = visited();
        on(&mut stage, "visited-url", Mode::Normal);
        assert_eq!(stage.says(&report(PAGE)), "pass on visited-url");
        stage.who.mode = Mode::Private;
        assert_eq!(stage.says(&report(PAGE)), "absorb report-telemetry visited-url");
        stage.who.mode = Mode::Unknown;
        assert_eq!(stage.says(&report(PAGE)), "absorb report-telemetry visited-url");
    }

    #[test]
    fn what_was_visited_in_private_is_private_whoever_reports_it() {
        let mut stage = visited();
        let private = "https://clinic.example/patients/4712-visited-in-private";
        let mut window = GuardClient::new(knowledge(), stage.client.memory().clone(), Mode::Private);
        window.page(private, stage.now);
        on(&mut stage, "visited-url", Mode::Normal);
        let decision = stage.decide(&report(private));
        assert_eq!(said(&decision), "absorb report-telemetry visited-url", "by a helper in the normal profile");
        assert_eq!(decision.mode, Mode::Private, "and nothing of it is written down");
        assert_eq!(said(&stage.decide(&report(PAGE))), "pass on visited-url");
        on(&mut stage, "visited-url", Mode::Private);
        assert_eq!(said(&stage.decide(&report(private))), "pass on visited-url");
    }

    #[test]
    fn a_page_first_party_traffic_is_never_touched() {
        let mut stage = visited();
        let upload = post("https://api.clinic.example/save", format!("page={PAGE}").as_bytes());
        for whole in [false, true] {
            assert_eq!(said(&stage.decide_on(&upload, whole)), "pass page", "and never held");
        }
        let first = request("GET", "https://clinic.example/style.css", &[("referer", PAGE)], b"");
        assert_eq!(stage.says(&first), "pass page");
    }

    #[test]
    fn what_a_page_was_told_to_ask_for_is_the_pages() {
        let mut stage = visited();
        let picture = request("GET", "https://img.example/logo.png", &[("referer", PAGE)], b"");
        assert_eq!(stage.says(&picture), "pass page");
        let other = request("GET", "https://other.example/logo.png", &[("referer", PAGE)], b"");
        assert_eq!(stage.says(&other), "pass asked visited-url");
    }

    #[test]
    fn a_script_of_a_page_names_hosts_as_the_page_does() {
        let mut stage = visited();
        let script = request("GET", "https://img.example/s.js", &[], b"");
        stage.answer(&script, "text/javascript", br#"fetch("https:\/\/api.example\/x")"#);
        let asked = request("GET", "https://api.example/x", &[("referer", PAGE)], b"");
        assert_eq!(stage.says(&asked), "pass page");
    }

    #[test]
    fn an_answer_to_the_browser_itself_acquits_nobody() {
        let mut stage = visited();
        let config = request("GET", "https://config.example/remote", &[], b"");
        stage.answer(&config, "application/json", br#"{"collector":"https://collector.example/"}"#);
        assert_eq!(said(&stage.decide(&post("https://collector.example/", PAGE.as_bytes()))), "pass asked visited-url");
    }

    #[test]
    fn a_page_that_names_a_collector_acquits_it_only_of_its_own_address() {
        let mut stage = visited();
        stage.visit("https://maker.example/about-us-page", "<script src=https://sa.api.intl.miui.com/sa.js></script>");
        assert_eq!(stage.says(&report("https://maker.example/about-us-page")), "pass page");
        assert_eq!(stage.says(&report(PAGE)), "absorb report-telemetry visited-url");
    }

    #[test]
    fn who_is_strict_stops_what_pages_tell_collectors_too() {
        let mut stage = visited();
        stage.visit("https://maker.example/about-us-page", "<script src=https://sa.api.intl.miui.com/sa.js></script>");
        stage.choices.strict = true;
        assert_eq!(stage.says(&report("https://maker.example/about-us-page")), "absorb report-telemetry visited-url");
        let picture = request("GET", "https://img.example/logo.png", &[("referer", PAGE)], b"");
        assert_eq!(stage.says(&picture), "pass page", "no collector");
        let other = request("GET", "https://other.example/logo.png", &[("referer", PAGE)], b"");
        assert_eq!(stage.says(&other), "absorb report-strict visited-url");
    }

    #[test]
    fn what_goes_to_the_maker_is_a_report() {
        let mut stage = visited();
        let to_google = post("https://clients4.google.com/anything", PAGE.as_bytes());
        assert_eq!(stage.says(&to_google), "pass asked visited-url");
        stage.who.makers = vec!["google".into()];
        assert_eq!(stage.says(&to_google), "absorb report-to-maker visited-url");
    }

    #[test]
    fn what_is_packed_like_a_known_report_is_one() {
        let mut stage = visited();
        let mut sensors = report(PAGE);
        sensors.request.url = "https://nobody-knows.example/sa?project=p".into();
        assert_eq!(stage.says(&sensors), "absorb report-schema visited-url");
    }

    #[test]
    fn to_who_owns_the_site_nothing_new_is_told() {
        let mut stage = GuardStage::new();
        stage.who.makers = vec!["Google".into()];
        stage.visit("https://www.google.com/maps/place/somewhere-quiet", "");
        let told = post("https://clients4.google.com/x", b"https://www.google.com/maps/place/somewhere-quiet");
        assert_eq!(stage.says(&told), "pass page");
    }

    #[test]
    fn words_searched_for_are_canaries() {
        let mut stage = GuardStage::new();
        stage.visit("https://duckduckgo.com/?q=rash+on+left+hand&ia=web", "");
        let told = post(COLLECTOR, br#"{"word":"rash on left hand"}"#);
        assert_eq!(stage.says(&told), "absorb report-telemetry search");
        let engine = request("GET", "https://links.duckduckgo.com/d.js?q=rash+on+left+hand", &[], b"");
        assert_eq!(stage.says(&engine), "pass page", "the engine knows them");
    }

    #[test]
    fn a_host_alone_and_its_digest_are_no_reports() {
        let mut stage = visited();
        assert_eq!(stage.says(&post(COLLECTOR, b"host=clinic.example")), "pass nothing");
        let digest = |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(stage.says(&post(COLLECTOR, digest("clinic.example").as_bytes())), "pass nothing");
        assert_eq!(stage.says(&post(COLLECTOR, digest(PAGE).as_bytes())), "absorb report-telemetry visited-url");
    }

    #[test]
    fn what_the_person_entered_is_found_and_a_login_still_works() {
        let mut stage = GuardStage::entered(&[("email", "Jo.Finukgurmann@mail.example")]);
        stage.visit("https://account.xiaomi.com/login", "");
        stage.who.makers = vec!["Xiaomi".into()];
        let login = post("https://account.xiaomi.com/pass/auth", b"user=jo.finukgurmann%40mail.example");
        assert_eq!(stage.says(&login), "pass page");
        let told = post(COLLECTOR, b"user=jo.finukgurmann%40mail.example");
        assert_eq!(stage.says(&told), "absorb report-telemetry email");
    }

    #[test]
    fn a_body_is_held_until_it_is_whole() {
        let mut stage = visited();
        let exchange = report(PAGE);
        let mut half = exchange.clone();
        half.request.body = model::Body::whole(&exchange.request.body.bytes[..40]);
        assert_eq!(said(&stage.decide_on(&half, false)), "hold incomplete");
        assert_eq!(said(&stage.decide_on(&exchange, true)), "absorb report-telemetry visited-url");
    }

    #[test]
    fn what_was_found_in_the_first_half_is_enough() {
        let mut stage = visited();
        let half = post(COLLECTOR, format!("{{\"url\":\"{PAGE}\",\"more").as_bytes());
        assert_eq!(said(&stage.decide_on(&half, false)), "absorb report-telemetry visited-url");
    }

    #[test]
    fn a_body_without_end_follows_the_choice_for_what_is_unread() {
        let mut stage = visited();
        let long = post("https://other.example/", &vec![b'a'; HELD_BYTES as usize]);
        assert_eq!(said(&stage.decide_on(&long, false)), "pass unread");
        stage.who.mode = Mode::Private;
        assert_eq!(said(&stage.decide_on(&long, false)), "absorb unread");
        let slow = post("https://other.example/", b"a");
        assert_eq!(said(&stage.decide_on(&slow, false)), "hold incomplete");
        stage.waited = HELD_MICROS;
        assert_eq!(said(&stage.decide_on(&slow, false)), "absorb unread");
    }

    #[test]
    fn what_cannot_be_opened_follows_the_choice_for_what_is_unread() {
        let mut stage = visited();
        let closed = post("https://tracking.miui.com/track/v4", &bytes_that_look_random(900));
        for (choice, says) in [
            (UnreadChoice::Pass, "pass unread"),
            (UnreadChoice::Absorb, "absorb unread"),
            (UnreadChoice::Refuse, "cut unread"),
        ] {
            stage.choices.unread.normal = choice;
            assert_eq!(stage.says(&closed), says);
        }
    }

    #[test]
    fn with_everything_on_everything_passes() {
        let mut stage = visited();
        stage.choices.strict = true;
        stage.choices.unread.normal = UnreadChoice::Refuse;
        for kind in knowledge().kinds.all() {
            on(&mut stage, &kind.id, Mode::Normal);
        }
        for exchange in [report(PAGE), post(COLLECTOR, &bytes_that_look_random(900))] {
            assert_eq!(stage.decide(&exchange).verdict, GuardAction::Pass);
        }
    }

    #[test]
    fn a_destination_that_was_named_is_decided_by_its_name() {
        let mut stage = visited();
        let named = |host: &str, rule| HostRule { host: host.into(), rule, device: None };
        stage.choices.destinations.push(named("sa.api.intl.miui.com", HostAction::Allow));
        assert_eq!(stage.says(&report(PAGE)), "pass allowed-destination");
        stage.choices.destinations.push(named("other.example", HostAction::Stop));
        assert_eq!(stage.says(&post("https://other.example/", b"anything")), "absorb stopped-destination");
        stage.choices.destinations.push(named("third.example", HostAction::Cut));
        assert_eq!(stage.says(&post("https://third.example/", b"anything")), "cut stopped-destination");
    }

    #[test]
    fn with_an_exact_list_what_no_page_asked_for_is_absorbed_after_a_moment() {
        let mut stage = visited();
        stage.client.lists(stage.now);
        let asked = request("GET", "https://other.example/logo.png", &[("referer", PAGE)], b"");
        assert_eq!(stage.says(&asked), "hold unlisted visited-url");
        stage.waited = LATE_MICROS;
        assert_eq!(stage.says(&asked), "absorb asked-by-no-page visited-url");
        stage.client.listed("https://other.example/logo.png#part");
        assert_eq!(stage.says(&asked), "pass page");
    }

    #[test]
    fn a_list_that_nobody_keeps_any_more_accuses_nobody() {
        let mut stage = visited();
        stage.client.lists(stage.now);
        stage.waited = LATE_MICROS;
        let asked = request("GET", "https://other.example/logo.png", &[("referer", PAGE)], b"");
        stage.now.steady += 119_000_000;
        assert_eq!(stage.says(&asked), "absorb asked-by-no-page visited-url");
        stage.now.steady += 1_000_000;
        assert_eq!(stage.says(&asked), "pass asked visited-url");
    }

    #[test]
    fn an_address_that_a_script_made_is_known_by_the_requests_of_its_page() {
        let mut stage = visited();
        let route = "https://clinic.example/patients/5000-made-by-script";
        stage.decide(&request("GET", "https://clinic.example/api/next", &[("referer", route)], b""));
        assert_eq!(stage.says(&report(route)), "absorb report-telemetry visited-url");
    }

    #[test]
    fn messages_on_a_socket_are_decided_one_by_one() {
        let mut stage = visited();
        let mut socket = request("GET", "https://push.other.example/socket", &[("upgrade", "websocket")], b"");
        let message = |text: &str| Message {
            direction: Direction::FromClient,
            at: Time(0),
            text: true,
            body: model::Body::whole(text.as_bytes()),
        };
        stage.choices.strict = true;
        socket.messages = vec![message("hello")];
        assert_eq!(stage.says(&socket), "pass nothing");
        socket.messages = vec![message(PAGE)];
        assert_eq!(stage.says(&socket), "absorb report-strict visited-url");
    }

    #[test]
    fn a_clock_set_back_makes_no_canary_young_again() {
        let (mut stage, told) = (visited(), post(COLLECTOR, PAGE.as_bytes()));
        stage.now = GuardTime::new(Time::from_millis(-1_000_000), 59 * 60 * 1_000_000);
        assert_eq!(stage.says(&told), "absorb report-telemetry visited-url");
        stage.now.steady = 61 * 60 * 1_000_000;
        assert_eq!(stage.says(&told), "pass nothing");
    }

    #[test]
    fn what_is_no_longer_entered_is_no_longer_looked_for() {
        let mut stage = GuardStage::entered(&[("person-name", "Zoë Finukgurmann")]);
        let told = post(COLLECTOR, "name=Zoë Finukgurmann".as_bytes());
        assert_eq!(stage.says(&told), "absorb report-telemetry person-name");
        let (none, _) = EnteredValues::new(&knowledge(), []);
        stage.client.memory().enter(none);
        assert_eq!(stage.says(&told), "pass nothing");
    }

    #[test]
    fn nothing_is_looked_into_where_there_is_nothing_to_look_for() {
        let mut stage = GuardStage::new();
        let long = post("https://other.example/", b"x");
        assert_eq!(said(&stage.decide_on(&long, true)), "pass nothing");
    }
}
