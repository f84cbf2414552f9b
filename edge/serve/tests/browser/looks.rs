//! The pages fit a desk and a phone, in light and dark. With
//! `CANDOR_PICTURES=docs/pictures` the pictures of the README are made.

use crate::{
    demo,
    window::{self, DESKTOP, PHONE, Window, pixels::pixels},
};

#[tokio::test]
async fn the_pages_fit_desktop_and_phone_in_light_and_dark() {
    let Some(window) = Window::open().await else { return };
    let demo = demo::guard().await;
    demo::a_day(&demo.keeper).await;
    window.go(&demo.serving.link().unwrap()).await;
    let address = format!("http://{}", demo.serving.address());
    let newest = demo.keeper.board().events()[0].id;
    let pages = ["/".into(), "/settings".into(), "/install".into(), format!("/event/{newest}")];
    for path in &pages {
        for view in [DESKTOP, PHONE] {
            window.shape(view, 900).await;
            window.go(&format!("{address}{path}")).await;
            assert_eq!(window.needs().await.0, view.width, "{path}: nothing is wider than the window");
            let (light, colours) = pixels(&window.picture().await);
            window.shape(view.dark(), 900).await;
            let (dark, _) = pixels(&window.picture().await);
            assert!(colours > 100, "{path} is not blank: {colours} colours");
            assert!(light > 200.0 && dark < 80.0, "{path}: light is light and dark is dark: {light}, {dark}");
        }
    }
    let Some(folder) = window::pictures() else { return window.close().await };
    for (name, view, height, page, place) in [
        ("guard-dashboard.png", DESKTOP, 1_060, &pages[0], ""),
        ("guard-dashboard-dark.png", DESKTOP.dark(), 1_060, &pages[0], ""),
        ("guard-today.png", DESKTOP, 960, &pages[0], "pictures"),
        ("guard-dashboard-phone.png", PHONE, 1_200, &pages[0], ""),
        ("guard-settings.png", DESKTOP, 1_060, &pages[1], ""),
        ("guard-settings-dark.png", DESKTOP.dark(), 1_060, &pages[1], ""),
        ("guard-settings-phone.png", PHONE, 1_200, &pages[1], ""),
        ("guard-settings-phone-dark.png", PHONE.dark(), 1_200, &pages[1], ""),
        ("guard-install.png", DESKTOP, 1_060, &pages[2], ""),
        ("guard-stopped.png", DESKTOP, 1_000, &pages[3], ""),
        ("guard-stopped-dark.png", DESKTOP.dark(), 1_000, &pages[3], ""),
        ("guard-stopped-phone.png", PHONE, 1_200, &pages[3], ""),
    ] {
        window.shape(view, height).await;
        window.go(&format!("{address}{page}")).await;
        window.run(&format!("document.getElementById('{place}')?.scrollIntoView()")).await;
        std::fs::write(folder.join(name), window.picture().await).unwrap();
    }
    window.close().await;
}
