//! `candor guard`: the off switch.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Subcommand;
use gate::{ChoiceChange, GuardFolder, GuardGate, GuardState};
use knowledge::Knowledge;
use model::{CaptureEnd, Mode};
use proxy::{CertificateAuthority, ExchangeSink, ForwardMode, Gate, InternalHost, ProxySettings, UpstreamSettings};
use serve::{DevicePort, PageServer, PhoneGuide};

use crate::{
    exit::{ExitStatus, print, talk},
    guarding::{
        entering,
        ports::{GuardPort, GuardPorts},
        recording::EvidenceRecording,
        running::RunningGuard,
    },
    live::{
        authority,
        devices::DeviceAdmission,
        doors, folder, limits,
        proxies::{ProxyParts, ProxySet},
        stopping,
        upstream::UpstreamArgs,
    },
};

/// Decide what leaves: what is about you is off until you turn it on
///
/// Browsers opened by `candor open`, and whatever else has its proxy setting
/// here, go on working; what they would tell others about you is answered as
/// its server would on success, and goes nowhere. What may leave is chosen, per
/// kind of data and mode, on the page whose address is printed at start, or in
/// the file named there; a change counts from the next request on.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct GuardArgs {
    #[command(subcommand)]
    act: Option<GuardCommand>,
    /// Where browsers listen to in normal mode
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7878")]
    listen: SocketAddr,
    /// Where private windows go
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7879")]
    private: SocketAddr,
    /// Where devices go of which nobody knows their mode: the stricter choice counts (repeatable)
    #[arg(long, value_name = "ADDRESS:PORT")]
    devices: Vec<SocketAddr>,
    /// Where the page with the switches is
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7880")]
    page: SocketAddr,
    /// Also stop what pages tell their trackers, and what is told to somebody nobody knows; stays on until it is
    /// turned off on the page
    #[arg(long)]
    strict: bool,
    /// Record EVERYTHING that passes, answers and private windows included, in this file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    paired: DeviceAdmission,
    #[command(flatten)]
    beyond: UpstreamArgs,
    #[command(flatten)]
    known: super::KnowledgeArgs,
}

#[derive(Debug, Subcommand)]
enum GuardCommand {
    /// Look for a value of yours in whatever is sent; it is read from standard input
    ///
    /// It is kept in one file that only you can read, and never shown again.
    Enter {
        /// What it is: email, phone, person-name, device-id … (`candor list kinds`)
        kind: String,
    },
    /// Forget every value that was entered
    Forget,
    /// Print an address that lets one more browser in to the page of the guard that runs, once
    ///
    /// A browser that came in stays in for 30 days, over restarts of the guard too.
    Link,
}

/// How often the guard looks for changed files.
const LOOK: Duration = Duration::from_millis(250);

impl GuardArgs {
    pub fn run(self) -> Result<ExitStatus> {
        let home = folder::of_the_person()?;
        folder::private(&home)?;
        let (folder, knowledge) = (GuardFolder(home.join("guard")), Arc::new(self.known.read()?));
        match &self.act {
            Some(GuardCommand::Enter { kind }) => entering::enter(&folder, &knowledge, kind),
            Some(GuardCommand::Forget) => entering::forget(&folder, &knowledge),
            Some(GuardCommand::Link) => {
                print(&format!("{}\n", RunningGuard::find(&folder.0)?.link("/")?));
                Ok(ExitStatus::Clean)
            }
            None => self.guard(&home, &folder, knowledge),
        }
    }

    fn guard(self, home: &Path, folder: &GuardFolder, knowledge: Arc<Knowledge>) -> Result<ExitStatus> {
        let doors = GuardPorts::open(self.listen, self.private, &self.devices, self.page)?;
        // The setup comes first, so that a failure leaves no file behind.
        let (upstream, authority) = (self.beyond.upstream(&doors.own()?)?, authority::kept(home)?);
        let recording = self.record.as_deref().map(EvidenceRecording::begin).transpose()?;
        let runtime = tokio::runtime::Runtime::new().context("cannot start the threads for the guard")?;
        let ended = runtime.block_on(self.serve(folder, knowledge, authority, upstream, doors, recording.as_ref()));
        let recorded = recording.map(|recording| recording.finish(CaptureEnd { at: proxy::now(), early: None }));
        print(&ended?);
        if let Some(recorded) = recorded {
            print(&recorded?);
        }
        Ok(ExitStatus::Clean)
    }

    async fn serve(
        &self,
        folder: &GuardFolder,
        knowledge: Arc<Knowledge>,
        authority: Arc<CertificateAuthority>,
        upstream: UpstreamSettings,
        doors: GuardPorts,
        recording: Option<&EvidenceRecording>,
    ) -> Result<String> {
        stopping::survive_full_files();
        let keeper = GuardState::open(knowledge, folder)?;
        if self.strict {
            keeper.change(&ChoiceChange::Strict(true)).await?;
        }
        let ways = doors.ways();
        let mut proxies = ProxySet::default();
        let (connections, limits) = (Arc::default(), limits::common());
        let pairing = self.paired.pairing(&doors.addresses(), Some(Arc::clone(keeper.board())));
        let guide = PhoneGuide::new(authority.cert_pem(), vec![])?;
        for GuardPort { listener, mode, .. } in doors.all {
            let port = GuardGate::new(Arc::clone(&keeper), mode);
            let sink: Arc<dyn ExchangeSink> = match recording {
                Some(recording) => recording.sink(),
                None => Arc::clone(&port) as _,
            };
            let settings = ProxySettings {
                gate: Some(Arc::clone(&port) as Arc<dyn Gate>),
                onward: ForwardMode::Upstream(upstream.clone()),
                processes: Some("/proc/net".into()),
                pairing: pairing.clone(),
                home: Some(Arc::clone(&guide) as Arc<dyn InternalHost>),
                connections: Arc::clone(&connections),
                limits: Arc::clone(&limits),
                ..ProxySettings::default()
            };
            let parts = ProxyParts { authority: Arc::clone(&authority), answers: port, sink };
            proxies.serve(listener, parts, settings)?;
        }
        let pages = PageServer::guard(Arc::clone(&keeper)).ways(ways.clone()).authority(authority.cert_pem())?;
        let pages = pages.remembering(folder.0.clone());
        let pages = doors::serve_page(doors.page, pages)?;
        let running = RunningGuard::at(&ways, pages.address(), pages.key()).announce(&folder.0)?;
        self.greet(&ways, folder, &keeper, &authority.fingerprint());
        talk(&format!("  the switches, for one browser, once: {}", pages.link()?));
        talk("  another such address: candor guard link; a browser on the guard: candor open chromium");
        talk("candor: ready; Ctrl-C ends");
        let watching = tokio::spawn(watch(Arc::clone(&keeper)));
        let lost = recording.map(EvidenceRecording::lost);
        stopping::asked().await;
        lost.inspect(tokio::task::JoinHandle::abort);
        talk("candor: ending; what is under way comes to its end");
        watching.abort();
        proxies.stop().await;
        drop(running);
        pages.stop().await;
        let said = last_words(&keeper).await;
        keeper.finish().await?;
        Ok(said)
    }

    fn greet(&self, ways: &[DevicePort], folder: &GuardFolder, keeper: &GuardState, fingerprint: &str) {
        for DevicePort { mode, address } in ways {
            let whose = match mode {
                Mode::Normal => "normal windows",
                Mode::Private => "private windows",
                Mode::Unknown => "devices; where the mode is not known the stricter choice counts",
            };
            talk(&format!("candor: listening on {address} (HTTP proxy and SOCKS5) for {whose}"));
        }
        talk(&format!("  what may leave is written in {}", folder.0.join("choices.toml").display()));
        let strict = if keeper.choices().strict { "; strict" } else { "" };
        talk(&format!(
            "  what is not on there is off, but for updates and warnings, which are on unless they are off{strict}"
        ));
        let entered: usize = keeper.entered().values().sum();
        if entered > 0 {
            talk(&format!("  {entered} values of yours are looked for (candor guard forget)"));
        }
        if let Some(file) = &self.record {
            talk(&format!(
                "  RECORDING EVERYTHING THAT PASSES, ANSWERS AND PRIVATE WINDOWS INCLUDED, IN {}",
                file.display()
            ));
        }
        talk(&format!("  certificate {fingerprint} (candor ca install)"));
    }
}

/// Reloads edited files, and reports each problem with them once.
async fn watch(keeper: Arc<GuardState>) {
    let mut said = None;
    loop {
        let trouble = match keeper.look_around().await {
            Ok(()) => keeper.trouble(),
            // The guard has begun a new evidence file, so this error is not found again.
            Err(error @ gate::Error::Evidence(_)) => {
                talk(&format!("candor: {}", error.with_cause()));
                keeper.trouble()
            }
            Err(error) => Some(error.to_string()),
        };
        let trouble = trouble.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        if trouble != said {
            match &trouble {
                Some(trouble) => {
                    talk(&format!("candor: choices.toml cannot be read, what was chosen before counts: {trouble}"))
                }
                None => talk("candor: choices.toml can be read again, and counts"),
            }
            said = trouble;
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn last_words(keeper: &GuardState) -> String {
    let devices = keeper.board().devices();
    let sum = |of: fn(&gate::DeviceSeen) -> u64| devices.values().map(of).sum::<u64>();
    let kept = keeper.evidence().await.map(|path| format!("{}\n", path.display())).unwrap_or_default();
    format!(
        "{kept}  {} stopped, {} let through and shown, {} could not be read\n",
        sum(|seen| seen.stopped),
        sum(|seen| seen.asked),
        sum(|seen| seen.unread),
    )
}
