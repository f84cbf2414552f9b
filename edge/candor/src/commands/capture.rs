//! `candor capture`: record live.

use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use adb::{Phone, PhoneRedirect};
use anyhow::{Context, Result, bail};
use evidence::{EvidenceSender, EvidenceWriter, SealedFile};
use gate::{ActivityFeed, AnswerWatcher};
use knowledge::Knowledge;
use model::{CaptureEnd, Mode, Note, NoteCode, Record};
use proxy::{CertificateAuthority, ExchangeSink, ForwardMode, ProxySettings, UpstreamSettings, dns, now};
use serve::{DevicePort, PageServer, PhoneGuide, ServingPages};

use crate::{
    exit::{ExitStatus, print, talk},
    live::{
        answers::KnownAnswers,
        authority,
        counts::LiveCounts,
        devices::DeviceAdmission,
        doors,
        evidence_sink::LiveEvidenceSink,
        folder, limits,
        live_view::LiveViewSink,
        nft_redirect::{self, NftRedirect, OtherDatagrams},
        proxies::{ProxyParts, ProxySet},
        stopping,
        undo_journal::RunJournal,
        upstream::UpstreamArgs,
    },
};

/// Record live what a browser or a device sends
///
/// Point its proxy setting (HTTP, HTTPS or SOCKS5) at the address printed at start,
/// and let it trust Candor's certificate (`candor ca install`). Everything goes
/// on to its servers and is written down on the way, until Ctrl-C. What cannot
/// be read is written down as sealed, and counted.
#[derive(Debug, clap::Args)]
pub struct CaptureArgs {
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
    devices: DeviceAdmission,
    #[command(flatten)]
    beyond: UpstreamArgs,
    #[command(flatten)]
    known: super::KnowledgeArgs,
}

/// The sockets of a capture.
struct ListenArgs {
    open: Vec<TcpListener>,
    page: Option<TcpListener>,
    dns: Option<(UdpSocket, TcpListener)>,
}

/// All parts of a capture whose setup may fail.
struct CaptureSetup {
    doors: ListenArgs,
    own: Vec<SocketAddr>,
    knowledge: Arc<Knowledge>,
    upstream: UpstreamSettings,
    guide: Arc<PhoneGuide>,
    phone: Option<CapturePhone>,
    turned: Option<NftRedirect>,
}

/// A phone, the port to which its traffic is sent, and the journal of its changes.
struct CapturePhone {
    phone: Phone,
    port: u16,
    owed: Arc<RunJournal>,
}

/// The result of a capture.
struct CaptureOutcome {
    tally: LiveCounts,
    /// The evidence can no longer be written.
    failed: bool,
}

impl CaptureArgs {
    pub fn run(self) -> Result<ExitStatus> {
        let home = folder::of_the_person()?;
        let authority = authority::kept(&home)?;
        // The setup comes first, so that a failure leaves no file behind.
        let ready = self.ready(&home, &authority)?;
        let out = self.out.clone().unwrap_or_else(free);
        let writer = EvidenceWriter::create(&out).map_err(|error| not_created(&out, error))?;
        let runtime = tokio::runtime::Runtime::new().context("cannot start the threads for the capture")?;
        let captured = runtime.block_on(self.capture(authority, ready, writer.pen(), &out));
        // The evidence is closed first, also after an error.
        let ended = writer.finish(CaptureEnd { at: now(), early: None });
        let captured = captured?;
        let sealed = ended.context("the capture ended early")?;
        if captured.failed {
            bail!("the capture ended early: {} could not be written any more", out.display());
        }
        print(&last_words(&captured.tally, &out, sealed));
        Ok(if captured.tally.exchanges() == 0 { ExitStatus::SawTooLittle } else { ExitStatus::Clean })
    }

    /// Opens all sockets and reads all files.
    fn ready(&self, home: &Path, authority: &CertificateAuthority) -> Result<CaptureSetup> {
        let mut open: Vec<TcpListener> =
            self.listen.iter().map(|address| doors::open(*address, "--listen")).collect::<Result<_>>()?;
        let page = self.page.map(doors::open_page).transpose()?;
        let mut card = match &self.transparent {
            Some(card) => Some(nft_redirect::CardSockets::on(card, self.dns.is_some())?),
            None => None,
        };
        let all = open.iter().chain(card.as_ref().map(|sockets| &sockets.proxy));
        let own: Vec<SocketAddr> = all.map(TcpListener::local_addr).collect::<Result<_, _>>()?;
        let page_at = page.as_ref().map(TcpListener::local_addr).transpose()?;
        let knowledge = Arc::new(self.known.read()?);
        let upstream = self.beyond.upstream(&[own.as_slice(), page_at.as_slice()].concat())?;
        let guide = PhoneGuide::new(authority.cert_pem(), vec![])?;
        let dns = self.dns.filter(|_| card.is_none()).map(resolving).transpose()?;
        // The phone and the firewall are changed last, after all that may fail.
        let (phone, turned) = (self.phone(home, &own)?, self.turn(home, card.as_ref())?);
        let dns = dns.or_else(|| card.as_mut().and_then(|sockets| sockets.dns.take()));
        open.extend(card.map(|sockets| sockets.proxy));
        Ok(CaptureSetup { doors: ListenArgs { open, page, dns }, own, knowledge, upstream, guide, phone, turned })
    }

    async fn capture(
        &self,
        authority: Arc<CertificateAuthority>,
        ready: CaptureSetup,
        pen: EvidenceSender,
        out: &Path,
    ) -> Result<CaptureOutcome> {
        stopping::survive_full_files();
        let CaptureSetup { doors, own, knowledge, upstream, guide, phone, turned } = ready;
        let fingerprint = authority.fingerprint();
        let ledger = LiveEvidenceSink::new(pen.clone());
        let board = doors.page.as_ref().map(|_| Arc::<ActivityFeed>::default());
        let (sink, missed): (Arc<dyn ExchangeSink>, _) = match &board {
            None => (Arc::new(ledger.clone()), None),
            Some(board) => {
                let watching =
                    LiveViewSink::new(ledger.clone(), AnswerWatcher::new(Arc::clone(&knowledge), Arc::clone(board)));
                let missed = watching.missed();
                (Arc::new(watching), Some(missed))
            }
        };
        let parts = ProxyParts {
            authority: Arc::clone(&authority),
            answers: Arc::new(KnownAnswers(Arc::clone(&knowledge))),
            sink,
        };
        let addresses = self.dns.map(|_| Arc::new(dns::NameAddresses::default()));
        let settings = ProxySettings {
            onward: self.onward(upstream),
            processes: Some("/proc/net".into()),
            pairing: self.devices.pairing(&own, board.clone()),
            home: Some(guide),
            addresses: addresses.clone(),
            limits: limits::common(),
            ..ProxySettings::default()
        };
        pen.write(note(NoteCode::Capture, &self.describe(&own), 1)).await?;
        let mut proxies = ProxySet::default();
        for door in doors.open {
            proxies.serve(door, parts.clone(), settings.clone())?;
        }
        if let Some(((udp, tcp), addresses)) = doors.dns.zip(addresses) {
            let sink = Arc::new(ledger.clone());
            proxies.resolve(dns::DnsResponder::serve(udp, Some(tcp), addresses, sink, None)?);
        }
        if turned.is_none() {
            pen.write(note(NoteCode::NotWatched, "what does not use the proxy setting was not seen", 1)).await?;
        }
        let phone = phone.map(send_here).transpose()?;
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
        Ok(CaptureOutcome { tally: ledger.tally(), failed })
    }

    /// The phone, if `--android` was given. Its traffic can only be sent to a loopback port.
    fn phone(&self, home: &Path, own: &[SocketAddr]) -> Result<Option<CapturePhone>> {
        let Some(serial) = &self.android else { return Ok(None) };
        let inside = own.iter().find(|door| doors::is_inside(door.ip()));
        let port = inside.context("--android needs a loopback address to --listen on")?.port();
        let phone = adb::AdbServer::local().phone(serial.as_deref())?;
        let owed = RunJournal::begin(home, &phone)?;
        Ok(Some(CapturePhone { phone, port, owed }))
    }

    /// Redirects the traffic that arrives on the network card, if `--transparent` was given.
    fn turn(&self, home: &Path, sockets: Option<&nft_redirect::CardSockets>) -> Result<Option<NftRedirect>> {
        let Some((card, sockets)) = self.transparent.as_ref().zip(sockets) else { return Ok(None) };
        let others = if self.sinkhole { OtherDatagrams::Refuse } else { OtherDatagrams::Pass };
        NftRedirect::begin(home, card, sockets, others).map(Some)
    }

    /// Records the counts of packets that were not redirected.
    async fn count(&self, turned: &NftRedirect, ledger: &LiveEvidenceSink) {
        let counted = match turned.counted() {
            Ok(counted) => counted,
            Err(error) => {
                ledger.note(noted(NoteCode::NotCounted, &format!("packets that were not turned: {error:#}"), 1)).await;
                return;
            }
        };
        if counted.quic > 0 {
            ledger
                .note(noted(NoteCode::QuicRefused, "QUIC was refused, so that clients fall back", counted.quic))
                .await;
        }
        if counted.other > 0 {
            let code = if self.sinkhole { NoteCode::PacketsRefused } else { NoteCode::PacketsUnread };
            ledger.note(noted(code, "datagrams that are neither DNS nor QUIC", counted.other)).await;
        }
    }

    fn onward(&self, upstream: UpstreamSettings) -> ForwardMode {
        match (self.sinkhole, self.record_only) {
            (true, _) => ForwardMode::Sinkhole,
            (false, true) => ForwardMode::Untouched(upstream),
            (false, false) => ForwardMode::Upstream(upstream),
        }
    }

    fn mode(&self) -> &'static str {
        match (self.sinkhole, self.record_only) {
            (true, _) => "no server is contacted; Candor answers",
            (false, true) => "everything goes on untouched; encrypted connections are not opened",
            (false, false) => "everything goes on to its servers",
        }
    }

    /// Describes the capture's settings, for readers of the evidence.
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

/// Sends a phone's traffic to this machine, through adb.
fn send_here(CapturePhone { phone, port, owed }: CapturePhone) -> Result<(PhoneRedirect, Arc<RunJournal>)> {
    talk(&format!("candor: the phone {} is sent through here by its cable", phone.serial()));
    Ok((PhoneRedirect::begin(phone, port, &*owed)?, owed))
}

/// Serves the live view and prints its address.
fn show(
    listener: TcpListener,
    board: Arc<ActivityFeed>,
    knowledge: Arc<Knowledge>,
    authority: &CertificateAuthority,
    own: &[SocketAddr],
    out: &Path,
) -> Result<ServingPages> {
    let ways = own.iter().map(|address| DevicePort { mode: Mode::Unknown, address: *address }).collect();
    let pages = PageServer::capture(board, knowledge, Some(out.into())).ways(ways).authority(authority.cert_pem())?;
    let serving = doors::serve_page(listener, pages)?;
    talk(&format!("  who is told what, for one browser, once: {}", serving.link()?));
    Ok(serving)
}

/// The sockets for DNS over UDP and over TCP.
fn resolving(address: SocketAddr) -> Result<(UdpSocket, TcpListener)> {
    let failed = || format!("cannot answer DNS on {address}; choose another address with --dns ADDRESS:PORT");
    let udp = UdpSocket::bind(address).with_context(failed)?;
    let tcp = TcpListener::bind(udp.local_addr().with_context(failed)?).with_context(failed)?;
    Ok((udp, tcp))
}

fn last_words(tally: &LiveCounts, out: &Path, sealed: SealedFile) -> String {
    let apart = sealed.says(out).map(|says| format!("  {says}\n")).unwrap_or_default();
    format!("{}\n{tally}  head {}\n{apart}", out.display(), sealed.head)
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

/// A name with the present time, which no earlier capture has used:
/// `capture-2026-11-23-023045.candor`.
fn free() -> PathBuf {
    PathBuf::from(jiff::Zoned::now().strftime("capture-%Y-%m-%d-%H%M%S.candor").to_string())
}

fn note(code: NoteCode, says: &str, count: u64) -> Record {
    Record::Note(noted(code, says, count))
}

fn noted(code: NoteCode, says: &str, count: u64) -> Note {
    Note { trial: None, at: now(), code, says: says.into(), count }
}
