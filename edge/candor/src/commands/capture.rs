//! `candor capture`: record live.

use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::SystemTime,
};

use adb::{Phone, Proxied};
use anyhow::{Context, Result, bail};
use evidence::{Head, Pen, Writer};
use gate::{Board, Watcher};
use knowledge::Knowledge;
use model::{End, Mode, Note, Record, Time};
use proxy::{Authority, Onward, Settings, Sink, Upstream, dns};
use serve::{Guide, Pages, Serving, Way};

use crate::{
    exit::{Exit, print, talk},
    live::{
        answers::Known,
        authority,
        beyond::Beyond,
        devices::Devices,
        doors, folder,
        ledger::Ledger,
        owed::Owed,
        proxies::{Parts, Proxies},
        stopping,
        tally::Tally,
        transparent::{self, Others, Turned},
        watching::Watching,
    },
};

/// Record live what a browser or a device sends
///
/// Point its proxy setting (HTTP, HTTPS or SOCKS5) at the address printed at start,
/// and let it trust Candor's certificate (`candor ca install`). Everything goes
/// on to its servers and is written down on the way, until Ctrl-C. What cannot
/// be read is written down as sealed, and counted.
#[derive(Debug, clap::Args)]
pub struct Capture {
    /// Where to listen: only programs on this machine reach a loopback address
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7878")]
    listen: Vec<SocketAddr>,
    /// File for the evidence; must not exist [default: capture-TIME.candor]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Contact no server: answer everything as its server would on success
    #[arg(long, conflicts_with = "record_only")]
    sinkhole: bool,
    /// Open no encrypted connection: write down who speaks to whom, when and how much
    #[arg(long)]
    record_only: bool,
    /// Answer DNS too: every name has an address, and none an offer of HTTP/3. With --transparent devices
    /// need no setting for it; otherwise tell them to ask here
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:5300")]
    dns: Option<SocketAddr>,
    /// Take what devices send through this machine by this network card, without any setting on them (needs root)
    #[arg(long, value_name = "CARD")]
    transparent: Option<String>,
    /// Send the phone on the cable through here while this runs, by adb; undone at the end
    #[arg(long, value_name = "SERIAL", num_args = 0..=1)]
    android: Option<Option<String>>,
    /// Show live who is told what, on a page for a browser on this machine
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:7880")]
    page: Option<SocketAddr>,
    #[command(flatten)]
    devices: Devices,
    #[command(flatten)]
    beyond: Beyond,
    #[command(flatten)]
    known: super::Known,
}

/// Where clients come in.
struct Doors {
    open: Vec<TcpListener>,
    page: Option<TcpListener>,
    card: Option<transparent::Sockets>,
}

impl Doors {
    fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let all = self.open.iter().chain(self.card.as_ref().map(|sockets| &sockets.proxy));
        Ok(all.map(TcpListener::local_addr).collect::<Result<_, _>>()?)
    }
}

/// How a capture came out.
struct Captured {
    tally: Tally,
    /// The evidence can no longer be written.
    failed: bool,
}

impl Capture {
    pub fn run(self) -> Result<Exit> {
        let home = folder::of_the_person()?;
        let authority = authority::kept(&home)?;
        let doors = Doors {
            open: self.listen.iter().map(|address| doors::open(*address, "--listen")).collect::<Result<_>>()?,
            page: self.page.map(doors::open_page).transpose()?,
            card: match &self.transparent {
                Some(card) => Some(transparent::Sockets::on(card, self.dns.is_some())?),
                None => None,
            },
        };
        // What cannot be done is found out before there is a file.
        let (phone, turned) = (self.phone(&home)?, self.turn(&home, doors.card.as_ref())?);
        let out = self.out.clone().unwrap_or_else(free);
        let writer = Writer::create(&out).map_err(|error| not_created(&out, error))?;
        let runtime = tokio::runtime::Runtime::new().context("cannot start the threads for the capture")?;
        let captured = runtime.block_on(self.capture(authority, doors, phone, turned, writer.pen(), &out));
        // Whatever happened, what was written is closed first.
        let ended = writer.finish(End { at: now(), early: None });
        let captured = captured?;
        let head = ended
            .with_context(|| format!("the capture ended early; {} holds what was written before", out.display()))?;
        if captured.failed {
            bail!("the capture ended early: {} could not be written any more", out.display());
        }
        print(&last_words(&captured.tally, &out, &head));
        Ok(if captured.tally.exchanges() == 0 { Exit::SawTooLittle } else { Exit::Clean })
    }

    async fn capture(
        &self,
        authority: Arc<Authority>,
        doors: Doors,
        phone: Option<(Phone, Arc<Owed>)>,
        turned: Option<Turned>,
        pen: Pen,
        out: &Path,
    ) -> Result<Captured> {
        let own = doors.addresses()?;
        let fingerprint = authority.fingerprint();
        let ledger = Ledger::new(pen.clone());
        let knowledge = Arc::new(self.known.read()?);
        let page = doors.page.as_ref().map(TcpListener::local_addr).transpose()?;
        let board = page.map(|_| Arc::<Board>::default());
        let (sink, missed): (Arc<dyn Sink>, _) = match &board {
            None => (Arc::new(ledger.clone()), None),
            Some(board) => {
                let watching = Watching::new(ledger.clone(), Watcher::new(Arc::clone(&knowledge), Arc::clone(board)));
                let missed = watching.missed();
                (Arc::new(watching), Some(missed))
            }
        };
        let guide = Guide::new(authority.cert_pem(), vec![])?;
        let parts = Parts { authority: Arc::clone(&authority), answers: Arc::new(Known(Arc::clone(&knowledge))), sink };
        let addresses = self.dns.map(|_| Arc::new(dns::Addresses::default()));
        let settings = Settings {
            onward: self.onward(self.beyond.upstream(&[own.as_slice(), page.as_slice()].concat())?),
            processes: Some("/proc/net".into()),
            pairing: self.devices.pairing(&own, board.clone()),
            home: Some(guide),
            addresses: addresses.clone(),
            ..Settings::default()
        };
        pen.write(note("capture", &self.describe(&own), 1)).await?;
        let mut proxies = Proxies::default();
        let (card, card_dns) = doors.card.map(|sockets| (sockets.proxy, sockets.dns)).unzip();
        for door in doors.open.into_iter().chain(card) {
            proxies.serve(door, parts.clone(), settings.clone())?;
        }
        if let Some((address, addresses)) = self.dns.zip(addresses) {
            let on_card = card_dns.flatten();
            let sockets = if on_card.is_some() { on_card } else { Some(resolving(address)?) };
            if let Some((udp, tcp)) = sockets {
                let sink = Arc::new(ledger.clone());
                proxies.resolve(dns::Responder::serve(udp, Some(tcp), addresses, sink, None)?);
            }
        }
        if turned.is_none() {
            pen.write(note("not-watched", "what does not use the proxy setting was not seen", 1)).await?;
        }
        let phone = phone.map(|cable| self.send_here(cable, &own)).transpose()?;
        self.greet(&own, out, &fingerprint);
        let pages = match doors.page.zip(board) {
            Some((listener, board)) => Some(show(listener, board, knowledge, &authority, &own, out)?),
            None => None,
        };
        talk("candor: ready; Ctrl-C ends");
        let failed = tokio::select! {
            () = stopping::asked() => false,
            () = ledger.failed() => true,
        };
        talk("candor: ending; exchanges under way come to their end");
        if let Some((proxied, owed)) = phone {
            drop(proxied);
            if let Err(error) = owed.end() {
                talk(&format!("candor: {error:#}; the next start with this phone takes it back"));
            }
        }
        proxies.stop().await;
        if let Some(pages) = pages {
            pages.stop().await;
        }
        let missed = missed.map_or(0, |missed| missed.load(Ordering::Relaxed));
        if missed > 0 {
            talk(&format!("candor: {missed} exchanges came too fast for the page; they are in the evidence"));
        }
        if let Some(turned) = turned {
            self.count(&turned, &ledger).await;
        }
        Ok(Captured { tally: ledger.tally(), failed })
    }

    /// The phone on the cable, if one was asked for, and what it will be owed.
    fn phone(&self, home: &Path) -> Result<Option<(Phone, Arc<Owed>)>> {
        let Some(serial) = &self.android else { return Ok(None) };
        let phone = adb::Server::local().phone(serial.as_deref())?;
        let owed = Owed::begin(home, &phone)?;
        Ok(Some((phone, owed)))
    }

    /// Sends a phone through the first socket that it can reach by its cable.
    fn send_here(&self, (phone, owed): (Phone, Arc<Owed>), own: &[SocketAddr]) -> Result<(Proxied, Arc<Owed>)> {
        let inside = own.iter().find(|door| doors::is_inside(door.ip()));
        let port = inside.context("--android needs a loopback address to --listen on")?.port();
        talk(&format!("candor: the phone {} is sent through here by its cable", phone.serial()));
        Ok((Proxied::begin(phone, port, &*owed)?, owed))
    }

    /// Turns what comes in by the card, if one was named.
    fn turn(&self, home: &Path, sockets: Option<&transparent::Sockets>) -> Result<Option<Turned>> {
        let Some((card, sockets)) = self.transparent.as_ref().zip(sockets) else { return Ok(None) };
        let others = if self.sinkhole { Others::Refuse } else { Others::Pass };
        Turned::begin(home, card, sockets, others).map(Some)
    }

    /// Writes down what was not turned.
    async fn count(&self, turned: &Turned, ledger: &Ledger) {
        let counted = match turned.counted() {
            Ok(counted) => counted,
            Err(error) => {
                ledger.note(noted("not-counted", &format!("packets that were not turned: {error:#}"), 1)).await;
                return;
            }
        };
        if counted.quic > 0 {
            ledger.note(noted("quic-refused", "QUIC was refused, so that clients fall back", counted.quic)).await;
        }
        if counted.other > 0 {
            let code = if self.sinkhole { "packets-refused" } else { "packets-unread" };
            ledger.note(noted(code, "datagrams that are neither DNS nor QUIC", counted.other)).await;
        }
    }

    fn onward(&self, upstream: Upstream) -> Onward {
        match (self.sinkhole, self.record_only) {
            (true, _) => Onward::Sinkhole,
            (false, true) => Onward::Untouched(upstream),
            (false, false) => Onward::Upstream(upstream),
        }
    }

    fn mode(&self) -> &'static str {
        match (self.sinkhole, self.record_only) {
            (true, _) => "no server is contacted; Candor answers",
            (false, true) => "everything goes on untouched; encrypted connections are not opened",
            (false, false) => "everything goes on to its servers",
        }
    }

    /// How the capture was taken, for whoever reads it.
    fn describe(&self, own: &[SocketAddr]) -> String {
        let listens = own.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", ");
        format!("candor {}; {}; listens on {listens}", env!("CARGO_PKG_VERSION"), self.mode())
    }

    fn greet(&self, own: &[SocketAddr], out: &Path, fingerprint: &str) {
        for address in own {
            talk(&format!("candor: listening on {address} (HTTP proxy and SOCKS5)"));
        }
        match (&self.transparent, self.dns) {
            (Some(card), dns) => {
                let dns = if dns.is_some() { ", DNS included" } else { "" };
                talk(&format!(
                    "  TAKING WHAT COMES IN BY {card}{dns}: devices have to be paired before they are let in"
                ));
            }
            (None, Some(address)) => talk(&format!("  DNS on {address}")),
            (None, None) => {}
        }
        talk(&format!("  {}", self.mode()));
        talk(&format!("  evidence in {}", out.display()));
        talk(&format!("  certificate {fingerprint} (candor ca install)"));
        if self.transparent.is_none() {
            talk("  what does not use the proxy is not seen");
        }
    }
}

/// Serves the dashboard, and tells its address.
fn show(
    listener: TcpListener,
    board: Arc<Board>,
    knowledge: Arc<Knowledge>,
    authority: &Authority,
    own: &[SocketAddr],
    out: &Path,
) -> Result<Serving> {
    let ways = own.iter().map(|address| Way { mode: Mode::Unknown, address: *address }).collect();
    let pages = Pages::capture(board, knowledge, Some(out.into())).ways(ways).authority(authority.cert_pem())?;
    let inside = doors::is_inside(listener.local_addr()?.ip());
    let pages = if inside { pages } else { pages.beyond_this_machine() };
    listener.set_nonblocking(true)?;
    let serving = pages.serve(tokio::net::TcpListener::from_std(listener)?)?;
    talk(&format!("  who is told what, for one browser, once: {}", serving.link()?));
    Ok(serving)
}

/// Sockets to answer DNS on.
fn resolving(address: SocketAddr) -> Result<(UdpSocket, TcpListener)> {
    let failed = || format!("cannot answer DNS on {address}; choose another address with --dns ADDRESS:PORT");
    let udp = UdpSocket::bind(address).with_context(failed)?;
    let tcp = TcpListener::bind(udp.local_addr().with_context(failed)?).with_context(failed)?;
    Ok((udp, tcp))
}

fn last_words(tally: &Tally, out: &Path, head: &Head) -> String {
    format!("{}\n{tally}  head {head}\n", out.display())
}

fn not_created(out: &Path, error: evidence::Error) -> anyhow::Error {
    if out.exists() {
        anyhow::anyhow!(
            "{} is there already; evidence is never added to: choose another file with --out",
            out.display()
        )
    } else if let Some(folder) = out.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        anyhow::anyhow!("there is no folder {} to write the evidence to", folder.display())
    } else {
        anyhow::Error::new(error)
    }
}

/// A name that no earlier capture has used: `capture-2026-11-23-0230.candor`.
fn free() -> PathBuf {
    PathBuf::from(jiff::Zoned::now().strftime("capture-%Y-%m-%d-%H%M%S.candor").to_string())
}

fn note(code: &str, says: &str, count: u64) -> Record {
    Record::Note(noted(code, says, count))
}

fn noted(code: &str, says: &str, count: u64) -> Note {
    Note { trial: None, at: now(), code: code.into(), says: says.into(), count }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
