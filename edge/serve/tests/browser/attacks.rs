//! What was captured is hostile: put into every place that is shown, in a real
//! browser, nothing of it runs, and nothing is asked of anybody else.

use gate::{FoundValue, GuardEvent, HERE};
use guard::{DecisionReason, GuardAction, ReportReason};
use model::{Mode, Purpose, Time};

use crate::{
    demo,
    window::{PHONE, Window},
};

const ATTACKS: [&str; 10] = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=\"document.title='owned'\">",
    "'><svg/onload=document.title='owned'>",
    "</title></textarea></style></template></script><script>alert('owned')</script>",
    "javascript:document.title='owned'",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
    "<img src=http://127.0.0.1:9/foreign><link rel=stylesheet href=//127.0.0.1:9/foreign.css>",
    "<meta http-equiv=refresh content=\"0;url=http://127.0.0.1:9/foreign\">",
    "{\"id\":1}\n\ndata: <b>owned</b>\n\n\u{202e}\u{0}\u{1b}[2J",
    "<base href=http://127.0.0.1:9/><form action=//127.0.0.1:9/ id=events><button name=csrf>owned</button></form>",
];

/// An event that says nothing but attacks, a different one in each place.
fn hostile(n: usize) -> GuardEvent {
    let attack = |place: usize| ATTACKS[(n + place) % ATTACKS.len()].to_owned();
    GuardEvent {
        id: 0,
        at: Time(jiff::Timestamp::now().as_microsecond()),
        device: if n.is_multiple_of(2) { HERE.into() } else { attack(0) },
        program: Some(attack(1)),
        mode: Mode::Normal,
        host: attack(2),
        owner: (!n.is_multiple_of(3)).then(|| attack(3)),
        seat: Some(attack(4)),
        purpose: Purpose::Telemetry,
        method: attack(5),
        address: attack(6),
        verdict: GuardAction::Absorb,
        reason: DecisionReason::Report(if n.is_multiple_of(2) {
            ReportReason::Maker(attack(7))
        } else {
            ReportReason::Schema(attack(7))
        }),
        kinds: vec![attack(8), "search".into()],
        found: vec![FoundValue {
            kind: attack(9),
            trail: format!("body ▸ form {} ▸ json $[0].{}", attack(0), attack(1)),
            guise: attack(2),
            value: Some(attack(3)),
        }],
    }
}

/// What reaches beyond the window.
const WIDE: &str =
    "Array.from(document.querySelectorAll('body *')).filter(one => one.getBoundingClientRect().right > 391)
    .map(one => `${one.tagName}.${one.getAttribute('class')}`).join(' ')";

#[tokio::test]
async fn nothing_captured_runs_and_no_page_asks_anybody_else() {
    let Some(window) = Window::open().await else { return };
    let demo = demo::guard().await;
    let board = demo.keeper.board();
    for (n, attack) in ATTACKS.iter().enumerate() {
        board.seen(attack, Mode::Normal);
        board.asks_for(&format!("{n}{attack}"), attack);
        board.tell(gate::ChangeNotice { at: Time(0), says: (*attack).to_owned() });
        board.add(hostile(n));
    }
    window.shape(PHONE, 900).await;
    window.go(&demo.serving.link().unwrap()).await;
    let address = format!("http://{}", demo.serving.address());
    let mut pages = vec!["/".to_owned(), "/settings".into(), "/install".into()];
    pages.extend(board.events().iter().map(|event| format!("/event/{}", event.id)));
    for attack in ATTACKS {
        let device: String = attack.bytes().map(|byte| format!("%{byte:02x}")).collect();
        pages.push(format!("/settings?device={device}"));
    }
    window.heard();
    for page in &pages {
        window.go(&format!("{address}{page}")).await;
        window.run("for (const one of document.querySelectorAll('details')) one.open = true").await;
        if page == "/" {
            window.until("document.getElementById('live').className == 'on'").await;
            let before = window.run("document.getElementById('events').children.length").await;
            (0..ATTACKS.len()).for_each(|n| board.add(hostile(n)));
            let grown = before.as_u64().unwrap() + ATTACKS.len() as u64;
            window.until(&format!("document.getElementById('events').children.length == {grown}")).await;
            let first = window.run("document.querySelector('#events [data-say=whereabouts]').textContent").await;
            assert!(first.as_str().unwrap().len() > 5, "{first}");
        }
        let title = window.run("document.title").await;
        assert!(title.as_str().unwrap().ends_with("– Candor"), "{page}: {title}");
        let wide = window.run(WIDE).await;
        assert_eq!(window.needs().await.0, PHONE.width, "{page}: hostile words widen the page: {wide}");
        let strange = "document.querySelectorAll('main script, main style, main iframe, main img, main base, main link, main meta, \
                       [onload], [onerror], [style]').length";
        assert_eq!(window.run(strange).await, 0, "{page}");
        let heard = window.heard();
        assert_eq!(heard.dialogs, 0, "{page}");
        let foreign: Vec<&String> = heard.asked.iter().filter(|url| !url.starts_with(&address)).collect();
        assert!(foreign.is_empty(), "{page} asked for {foreign:?}");
        assert!(!heard.asked.is_empty());
    }
    window.close().await;
}

#[tokio::test]
async fn a_page_of_another_site_neither_frames_nor_reads_nor_changes_anything() {
    let Some(window) = Window::open().await else { return };
    let demo = demo::guard().await;
    let address = format!("http://{}", demo.serving.address());
    window.go(&demo.serving.link().unwrap()).await;
    window.until("location.pathname == '/'").await;
    let page = format!(
        "<!doctype html><title>evil</title><iframe src='{address}/settings' onload='this.id = `loaded`'></iframe>\
         <form method=post action='{address}/strict'><input name=on value=on></form>"
    );
    window.go(&window.file("evil.html", &page)).await;
    // Until then the frame is an empty page that belongs to whoever made it.
    window.until("document.getElementById('loaded') !== null").await;
    let framed = window
        .run("(() => { try { return !!frames[0].document.querySelector('table') } catch { return 'kept apart' } })()")
        .await;
    assert_eq!(framed, "kept apart");
    let read =
        format!("fetch('{address}/settings', {{credentials: 'include'}}).then(a => a.text()).catch(() => 'refused')");
    assert_eq!(window.run(&read).await, "refused");
    window.follow("document.forms[0].submit()").await;
    assert!(!demo.keeper.choices().strict, "a foreign form changed a switch");
    let told = window.run("document.body.textContent").await;
    assert!(told.as_str().unwrap().contains("Not let in"), "{told}");
    window.close().await;
}

#[tokio::test]
async fn a_switch_is_thrown_by_keyboard_and_its_page_comes_back_to_it() {
    let Some(window) = Window::open().await else { return };
    let demo = demo::guard().await;
    window.go(&demo.serving.link().unwrap()).await;
    window.go(&format!("http://{}/settings?each=kind", demo.serving.address())).await;
    window.run("document.querySelector('#search button[role=switch]').focus()").await;
    window.press_space().await;
    window.until("document.querySelector('#search button[role=switch]')?.ariaChecked == 'true' && location.hash == '#search'").await;
    let kind = model::Kind::new("search");
    assert_eq!(demo.keeper.choices().table.cell(&kind, Mode::Normal), Some(true));
    window.close().await;
}
