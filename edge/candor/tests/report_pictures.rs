//! The report in a real browser: it fits a phone, it is dark where the person
//! wants it dark, it is not blank, and nothing captured in it runs.
//!
//! With `CANDOR_PICTURES=docs/pictures` in the environment the pictures of the
//! README are written there.

mod window;

use window::{DESKTOP, PHONE, Window, pixels::pixels};

#[path = "../../../core/report/tests/formats/reporting.rs"]
#[allow(clippy::unwrap_used, dead_code, reason = "helpers of tests fail as tests do")]
mod reporting;

#[tokio::test]
async fn the_page_fits_desktop_and_phone_in_light_and_dark() {
    let Some(window) = Window::open().await else { return };
    let page = window.file("page.html", &report::html(reporting::audit()));
    for view in [DESKTOP, PHONE] {
        window.shape(view, 1_000).await;
        window.go(&page).await;
        let (width, height) = window.needs().await;
        assert_eq!(width, view.width, "nothing is wider than the window");
        assert!(height > 3_000, "the whole page is there: {height}");
        let title = window.run("document.title").await;
        assert!(title.as_str().unwrap().contains("broke"), "{title}");
        window.shape(view, height).await;
        let (light, colours) = pixels(&window.picture().await);
        window.shape(view.dark(), height).await;
        let (dark, dark_colours) = pixels(&window.picture().await);
        assert!(colours > 200 && dark_colours > 200, "not blank: {colours}, {dark_colours} colours");
        assert!(light > 200.0 && dark < 80.0, "light is light and dark is dark: {light}, {dark}");
    }
    let Some(folder) = window::pictures() else { return window.close().await };
    for (name, view, height, place) in [
        ("report-desktop.png", DESKTOP, 1_130, ""),
        ("report-desktop-dark.png", DESKTOP.dark(), 1_130, ""),
        ("report-picture.png", DESKTOP, 740, "picture"),
        ("report-layers.png", DESKTOP, 900, "found"),
        ("report-timeline.png", DESKTOP, 900, "time"),
        ("report-phone.png", PHONE, 1_500, ""),
        ("report-phone-dark.png", PHONE.dark(), 1_500, "picture"),
    ] {
        window.shape(view, height).await;
        window.go(&page).await;
        window.run(&format!("document.getElementById('{place}')?.scrollIntoView()")).await;
        std::fs::write(folder.join(name), window.picture().await).unwrap();
    }
    window.close().await;
}

#[tokio::test]
async fn no_captured_value_runs() {
    let Some(window) = Window::open().await else { return };
    let mut audit = reporting::made();
    let attacks = [
        "<script>document.title = 'owned'</script>",
        "\"><img src=x onerror=\"document.title = 'owned'\">",
        "</title></style><svg onload=\"document.title = 'owned'\">",
    ];
    for (n, spotted) in audit.spotted.iter_mut().enumerate() {
        spotted.seen.sighting.value = attacks[n % attacks.len()].into();
        spotted.url = attacks[(n + 1) % attacks.len()].into();
    }
    for (n, to) in audit.destinations.iter_mut().enumerate() {
        to.host = attacks[n % attacks.len()].into();
    }
    window.shape(PHONE, 1_000).await;
    window.go(&window.file("page.html", &report::html(&audit))).await;
    let title = window.run("document.title").await;
    let title = title.as_str().unwrap();
    assert!(title.contains("broke") && !title.contains("owned"), "{title}");
    assert_eq!(window.needs().await.0, PHONE.width, "not even hostile words widen the page");
    window.close().await;
}
