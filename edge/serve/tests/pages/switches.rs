//! The switches: what a form does, and when it has an answer.

use guard::{ClientIdentity, HostAction, UnreadChoice};
use model::{Kind, Mode, Time};

use crate::stage::Stage;

fn is_on(stage: &Stage, kind: &str, mode: Mode) -> bool {
    stage.keeper.choices().is_on(&Kind::new(kind), &ClientIdentity::new("phone", mode), Time(i64::MAX / 2))
}

/// The cell of the table, as a screen reader has it.
async fn stands(stage: &Stage, name: &str) -> bool {
    let page = stage.get("/settings").await.body;
    let (before, _) = page.split_once(&format!("aria-label=\"{name}\"")).unwrap();
    let (_, checked) = before.rsplit_once("aria-checked=\"").unwrap();
    checked.starts_with("true")
}

#[tokio::test]
async fn every_switch_stands_visibly_off_at_first_but_updates_and_warnings() {
    let stage = Stage::new().await;
    let page = stage.get("/settings").await.body;
    let kinds = stage.keeper.knowledge().kinds.all().len();
    assert_eq!(
        page.matches("role=\"switch\"").count(),
        2 * kinds + 2 * 4 + 3,
        "each kind and four sets in two modes, and three that stand alone"
    );
    assert_eq!(page.matches("aria-checked=\"true\"").count(), 2, "updates and warnings alone");
    for on in ["Updates, All windows", "Safety, All windows"] {
        assert!(stands(&stage, on).await, "{on}");
    }
    assert!(page.contains("Candor does not stop these by itself"), "what no switch stops is said, too");
}

#[tokio::test]
async fn a_set_turns_all_of_its_kinds_and_says_if_only_some_are_on() {
    let stage = Stage::new().await;
    let answer = stage.post("/set", "set=visited&mode=normal&on=on").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/settings#set-visited")));
    for kind in ["visited-url", "page-title", "page-text"] {
        assert!(is_on(&stage, kind, Mode::Normal) && !is_on(&stage, kind, Mode::Private), "{kind}");
    }
    assert!(!is_on(&stage, "search", Mode::Normal));
    assert!(stands(&stage, "What I visit, Normal windows").await);
    stage.post("/turn", "kind=page-text&mode=normal&on=off").await;
    assert!(stage.get("/settings").await.body.contains("aria-checked=\"mixed\""));
    stage.post("/set", "set=visited&mode=normal&on=off").await;
    assert!(!is_on(&stage, "visited-url", Mode::Normal));
    stage.post("/set", "set=entered&mode=private&on=on&device=192.168.1.20").await;
    let choices = stage.keeper.choices();
    let on = |device| choices.is_on(&Kind::new("email"), &ClientIdentity::new(device, Mode::Private), Time(0));
    assert!(on("192.168.1.20") && !on("phone"));
}

#[tokio::test]
async fn services_with_a_switch_of_their_own_are_turned_by_it() {
    let stage = Stage::new().await;
    for (path, form) in [("/suggestions", "mode=private&on=on"), ("/updates", "on=off"), ("/security", "on=off")] {
        assert_eq!(stage.post(path, form).await.status, 303, "{path}");
    }
    let choices = stage.keeper.choices();
    assert!(choices.suggests(Mode::Private) && !choices.suggests(Mode::Normal));
    assert!(!choices.updates && !choices.security);
    let device = stage.get("/settings?device=192.168.1.20").await.body;
    assert!(!device.contains("action=\"/updates\""), "a switch that cannot act for one device is not shown there");
}

#[tokio::test]
async fn a_switch_is_in_force_when_its_form_has_an_answer_and_can_be_turned_back() {
    let stage = Stage::new().await;
    let answer = stage.post("/turn", "kind=visited-url&mode=normal&on=on").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/settings?each=kind#visited-url")));
    assert!(is_on(&stage, "visited-url", Mode::Normal) && !is_on(&stage, "visited-url", Mode::Private));
    assert!(stands(&stage, "page address, Normal windows").await);
    assert!(!stands(&stage, "page address, Private windows").await);
    stage.post("/turn", "kind=visited-url&mode=normal&on=off").await;
    assert!(!is_on(&stage, "visited-url", Mode::Normal));
    let changes = stage.get("/").await.body;
    assert!(changes.contains("visited-url in normal mode turned on"), "a change is told");
}

#[tokio::test]
async fn an_hour_shows_its_end_and_can_be_ended_before() {
    let stage = Stage::new().await;
    stage.post("/hour", "kind=search&mode=private").await;
    assert_eq!(stage.keeper.choices().hours.len(), 1);
    assert!(stage.get("/settings").await.body.contains(">until "));
    assert!(stands(&stage, "search words, Private windows").await);
    stage.post("/turn", "kind=search&mode=private&on=off").await;
    assert!(stage.keeper.choices().hours.is_empty());
}

#[tokio::test]
async fn an_hour_for_addresses_is_shown_at_their_parts_which_can_be_turned_off() {
    let stage = Stage::new().await;
    stage.post("/hour", "kind=visited-url&mode=normal").await;
    let leaves = |kind: &str| {
        let who = ClientIdentity::new("phone", Mode::Normal);
        stage.keeper.choices().is_on(&Kind::new(kind), &who, stage.keeper.choices().hours[0].from)
    };
    for (kind, name) in [("visited-host", "site visited"), ("visited-url-part", "part of a page address")] {
        let name = format!("{name}, Normal windows");
        assert!(leaves(kind) && stands(&stage, &name).await, "{kind}");
        stage.post("/turn", &format!("kind={kind}&mode=normal&on=off")).await;
        assert!(!leaves(kind) && !stands(&stage, &name).await, "{kind}");
    }
    assert!(leaves("visited-url") && stands(&stage, "page address, Normal windows").await);
}

#[tokio::test]
async fn a_device_can_be_turned_off_in_an_hour_for_all() {
    let stage = Stage::new().await;
    stage.post("/hour", "kind=search&mode=normal").await;
    let shows = async |on: bool| {
        let page = stage.get("/settings?device=phone").await.body;
        let (before, _) = page.split_once("aria-label=\"search words, Normal windows\"").unwrap();
        before.ends_with(if on { "aria-checked=\"true\" " } else { "aria-checked=\"false\" " })
    };
    assert!(shows(true).await);
    stage.post("/turn", "kind=search&mode=normal&on=off&device=phone").await;
    assert!(shows(false).await);
    let choices = stage.keeper.choices();
    let on =
        |device| choices.is_on(&Kind::new("search"), &ClientIdentity::new(device, Mode::Normal), choices.hours[0].from);
    assert!(on("laptop") && !on("phone"));
}

#[tokio::test]
async fn a_device_has_switches_of_its_own() {
    let stage = Stage::new().await;
    let answer = stage.post("/turn", "kind=email&mode=normal&on=on&device=192.168.1.20").await;
    assert_eq!(answer.header("location"), Some("/settings?each=kind&device=192.168.1.20#email"));
    let choices = stage.keeper.choices();
    let on = |device| choices.is_on(&Kind::new("email"), &ClientIdentity::new(device, Mode::Normal), Time(0));
    assert!(on("192.168.1.20") && !on("192.168.1.21"));
    assert!(stage.get("/settings?device=192.168.1.20").await.body.contains("as all devices"));
}

#[tokio::test]
async fn programs_with_switches_of_their_own_are_named() {
    let stage = Stage::new().await;
    assert!(!stage.get("/settings").await.body.contains("switches of their own in the file"));
    let text = "[[program]]\nname = \"<i>browser\"\n[program.kinds.search]\nnormal = \"on\"\n";
    std::fs::write(stage.folder.path().join("guard/choices.toml"), text).unwrap();
    stage.keeper.look_around().await.unwrap();
    let page = stage.get("/settings").await.body;
    assert!(page.contains("say more than those here: &lt;i&gt;browser."), "{page}");
}

#[tokio::test]
async fn what_is_chosen_more_rarely_is_a_form_too() {
    let stage = Stage::new().await;
    for (path, form) in [
        ("/destination", "host=+T.A.Example+&rule=stop"),
        ("/unread", "mode=normal&choice=refuse"),
        ("/security", "on=on"),
        ("/strict", "on=on"),
    ] {
        assert_eq!(stage.post(path, form).await.status, 303, "{path}");
    }
    let choices = stage.keeper.choices();
    assert_eq!(choices.destinations[0].host, "t.a.example");
    assert_eq!((choices.destinations[0].rule, choices.unread.normal), (HostAction::Stop, UnreadChoice::Refuse));
    assert!(choices.security && choices.strict);
    stage.post("/destination", "host=t.a.example&rule=").await;
    assert!(stage.keeper.choices().destinations.is_empty());
}

#[tokio::test]
async fn what_makes_no_sense_changes_nothing() {
    let stage = Stage::new().await;
    let before = stage.keeper.choices();
    for (path, form) in [
        ("/turn", "kind=shoe-size&mode=normal&on=on"),
        ("/turn", "kind=search&mode=both&on=on"),
        ("/destination", "host=a/b&rule=stop"),
        ("/destination", "host=a.example&rule=maybe"),
        ("/unread", "mode=normal&choice=drop"),
        ("/set", "set=everything&mode=normal&on=on"),
        ("/set", "set=visited&mode=both&on=on"),
        ("/suggestions", "mode=both&on=on"),
        ("/describe", "device=nobody&name=x"),
    ] {
        assert_eq!(stage.post(path, form).await.status, 400, "{path} {form}");
    }
    assert_eq!(stage.keeper.choices(), before);
}

#[tokio::test]
async fn a_value_that_was_entered_is_never_shown_again() {
    let stage = Stage::new().await;
    assert_eq!(stage.post("/value", "kind=email&value=jo%40mail-finukgurmann.example").await.status, 303);
    assert_eq!(stage.keeper.entered().get("email"), Some(&1));
    for path in ["/", "/settings"] {
        assert!(!stage.get(path).await.body.contains("finukgurmann"), "{path}");
    }
    let refused = stage.post("/value", "kind=person-name&value=zoe").await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("too short") && !refused.body.contains("zoe"));
    stage.post("/forget", "").await;
    assert!(stage.keeper.entered().is_empty());
}

#[tokio::test]
async fn a_broken_file_of_choices_is_told_on_every_page() {
    let stage = Stage::new().await;
    std::fs::write(stage.folder.path().join("guard/choices.toml"), "strict = <b>maybe</b>").unwrap();
    stage.keeper.look_around().await.unwrap();
    for path in ["/", "/settings"] {
        let page = stage.get(path).await.body;
        assert!(page.contains("The file of choices cannot be read") && !page.contains("<b>maybe"), "{path}");
    }
    assert_eq!(stage.post("/strict", "on=on").await.status, 409, "and nothing is written over it");
}

#[tokio::test]
async fn until_something_comes_through_the_page_says_so_and_what_to_do() {
    let stage = Stage::new().await;
    let first = stage.get("/").await.body;
    assert!(first.contains("<h1>Nothing goes through Candor yet.</h1>") && first.contains("candor open chromium"));
    stage.keeper.board().seen("192.168.1.20", Mode::Normal);
    let then = stage.get("/").await.body;
    assert!(then.contains("<h1>No report had to be stopped today.</h1>") && !then.contains("Three ways to begin"));
}
