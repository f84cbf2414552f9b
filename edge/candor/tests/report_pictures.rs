//! The report in a real browser: it fits a phone, it is dark where the person
//! wants it dark, it is not blank, and nothing captured in it runs.
//!
//! With `CANDOR_PICTURES=docs/pictures` in the environment the pictures of the
//! README are written there.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::{
    collections::BTreeMap,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

#[path = "../../../core/report/tests/formats/reporting.rs"]
#[allow(clippy::unwrap_used, dead_code, reason = "helpers of tests fail as tests do")]
mod reporting;

/// A browser that shows files and nothing else, run by nobody in particular.
struct Window {
    folder: TempDir,
}

/// What it takes to show a page.
#[derive(Clone, Copy)]
struct View {
    width: u32,
    dark: bool,
}

const DESKTOP: View = View { width: 1280, dark: false };
const PHONE: View = View { width: 390, dark: false };

impl Window {
    fn open() -> Option<Self> {
        if !Path::new("/usr/bin/chromium").exists() {
            eprintln!("skipped: chromium is not installed");
            return None;
        }
        let folder = TempDir::new().expect("a folder can be made");
        let everyone = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(folder.path(), everyone).expect("the folder is ours");
        Some(Self { folder })
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("the folder can be written");
        path
    }

    /// Runs the browser on a page; what it printed.
    fn run(&self, view: View, arguments: &[String], page: &Path) -> String {
        let is_root = rustix::process::getuid().is_root();
        // As root it would refuse its sandbox.
        let mut command = if is_root { Command::new("setpriv") } else { Command::new("timeout") };
        if is_root {
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "timeout"]);
        }
        let home = self.folder.path();
        let output = command
            .args(["90", "/usr/bin/chromium", "--headless=new", "--no-first-run", "--disable-gpu", "--hide-scrollbars"])
            .args(["--allow-file-access-from-files", "--host-resolver-rules=MAP * ~NOTFOUND"])
            .arg(format!("--user-data-dir={}", home.join("profile").display()))
            .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!view.dark)))
            .args(arguments)
            .arg(format!("file://{}", page.display()))
            .env("HOME", home)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .expect("the browser starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Width and height that a page needs in a frame of this width, and the
    /// title that a script of the page itself could have changed.
    fn measure(&self, view: View, page: &Path) -> (u32, u32, String) {
        let script = "const d = frames[0].document, e = d.documentElement; \
                      document.title = `${e.scrollWidth} ${e.scrollHeight} ${d.title}`";
        let outer = self.file("measure.html", &framed(view, 1000, page, script));
        let dom = self.run(view, &["--dump-dom".into()], &outer);
        let title = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
        let mut parts = title.splitn(3, ' ');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).unwrap_or_default();
        let (width, height) = (number(), number());
        (width, height, parts.next().unwrap_or_default().to_owned())
    }

    /// A picture of a page from a place on it, or from its top.
    fn picture(&self, view: View, height: u32, page: &Path, place: &str) -> Vec<u8> {
        let script = format!("frames[0].document.getElementById('{place}')?.scrollIntoView()");
        let outer = self.file("picture.html", &framed(view, height, page, &script));
        let png = self.folder.path().join("picture.png");
        let _ = std::fs::remove_file(&png);
        let arguments = [format!("--screenshot={}", png.display()), format!("--window-size={},{height}", view.width)];
        self.run(view, &arguments, &outer);
        std::fs::read(&png).expect("the browser made a picture")
    }
}

/// A page that shows another in a frame: windows have a least width, frames
/// have none.
fn framed(view: View, height: u32, page: &Path, script: &str) -> String {
    format!(
        "<!doctype html><meta name=color-scheme content='light dark'><style>body{{margin:0}}iframe{{border:0;\
         width:{}px;height:{height}px;display:block}}</style><iframe src='{}'></iframe><script>onload=()=>{{{script}}}\
         </script>",
        view.width,
        page.file_name().expect("a page is a file").to_string_lossy()
    )
}

/// Lightness of each pixel and how many different ones there are (PNG, 8 bits
/// a channel, not interlaced, as Chromium writes it).
fn pixels(png: &[u8]) -> (f64, usize) {
    let channels = if png[25] == 6 { 4 } else { 3 };
    let width = u32::from_be_bytes([png[16], png[17], png[18], png[19]]) as usize;
    let (mut at, mut packed) = (8, Vec::new());
    while at + 12 <= png.len() {
        let length = u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]) as usize;
        if &png[at + 4..at + 8] == b"IDAT" {
            packed.extend_from_slice(&png[at + 8..at + 8 + length]);
        }
        at += 12 + length;
    }
    let mut rows = Vec::new();
    flate2::read::ZlibDecoder::new(&packed[..]).read_to_end(&mut rows).expect("a PNG holds zlib");
    let mut above = vec![0; width * channels];
    let (mut light, mut colours) = (0u64, BTreeMap::<Vec<u8>, u32>::new());
    for row in rows.chunks_exact(1 + width * channels) {
        let line = unfiltered(row[0], &row[1..], &above, channels);
        for pixel in line.chunks_exact(channels) {
            light += pixel[..3].iter().map(|part| u64::from(*part)).sum::<u64>();
            if colours.len() < 10_000 {
                *colours.entry(pixel.to_vec()).or_default() += 1;
            }
        }
        above = line;
    }
    let count = rows.len() / (1 + width * channels) * width * 3;
    (light as f64 / count as f64, colours.len())
}

/// PNG, §9.2.
fn unfiltered(filter: u8, row: &[u8], above: &[u8], channels: usize) -> Vec<u8> {
    let mut line: Vec<u8> = Vec::with_capacity(row.len());
    for (i, byte) in row.iter().enumerate() {
        let left = if i >= channels { line[i - channels] } else { 0 };
        let corner = if i >= channels { above[i - channels] } else { 0 };
        let guess = match filter {
            1 => left,
            2 => above[i],
            3 => ((u16::from(left) + u16::from(above[i])) / 2) as u8,
            4 => paeth(left, above[i], corner),
            _ => 0,
        };
        line.push(byte.wrapping_add(guess));
    }
    line
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    let far = |from: u8| (guess - i16::from(from)).abs();
    match () {
        () if far(left) <= far(above) && far(left) <= far(corner) => left,
        () if far(above) <= far(corner) => above,
        () => corner,
    }
}

#[test]
fn the_page_fits_desktop_and_phone_in_light_and_dark() {
    let Some(window) = Window::open() else { return };
    let page = window.file("page.html", &report::html(reporting::audit()));
    for view in [DESKTOP, PHONE] {
        let (width, height, title) = window.measure(view, &page);
        assert_eq!(width, view.width, "nothing is wider than the window");
        assert!(height > 3_000, "the whole page is there: {height}");
        assert!(title.contains("broke"), "{title}");
        let (light, colours) = pixels(&window.picture(view, height, &page, ""));
        let (dark, dark_colours) = pixels(&window.picture(View { dark: true, ..view }, height, &page, ""));
        assert!(colours > 200 && dark_colours > 200, "not blank: {colours}, {dark_colours} colours");
        assert!(light > 200.0 && dark < 80.0, "light is light and dark is dark: {light}, {dark}");
    }
    let Some(folder) = std::env::var_os("CANDOR_PICTURES").map(PathBuf::from) else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let dark = |view| View { dark: true, ..view };
    for (name, view, height, place) in [
        ("report-desktop.png", DESKTOP, 1_130, ""),
        ("report-desktop-dark.png", dark(DESKTOP), 1_130, ""),
        ("report-picture.png", DESKTOP, 740, "picture"),
        ("report-layers.png", DESKTOP, 900, "found"),
        ("report-timeline.png", DESKTOP, 900, "time"),
        ("report-phone.png", PHONE, 1_500, ""),
        ("report-phone-dark.png", dark(PHONE), 1_500, "picture"),
    ] {
        let picture = window.picture(view, height, &page, place);
        std::fs::write(folder.join(name), picture).expect("the folder is there");
    }
}

#[test]
fn no_captured_value_runs() {
    let Some(window) = Window::open() else { return };
    let mut audit = reporting::made();
    let attacks = [
        "<script>parent.document.title = document.title = 'owned'</script>",
        "\"><img src=x onerror=\"parent.document.title = document.title = 'owned'\">",
        "</title></style><svg onload=\"document.title = 'owned'\">",
    ];
    for (n, spotted) in audit.spotted.iter_mut().enumerate() {
        spotted.seen.sighting.value = attacks[n % attacks.len()].into();
        spotted.url = attacks[(n + 1) % attacks.len()].into();
    }
    for (n, to) in audit.destinations.iter_mut().enumerate() {
        to.host = attacks[n % attacks.len()].into();
    }
    let page = window.file("page.html", &report::html(&audit));
    let (width, _, title) = window.measure(PHONE, &page);
    assert!(title.contains("broke") && !title.contains("owned"), "{title}");
    assert_eq!(width, PHONE.width, "not even hostile words widen the page");
}
