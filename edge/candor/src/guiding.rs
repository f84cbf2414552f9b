//! `candor audit phone --guided`: a run by hand. Pages on the phone itself guide the
//! person.

mod asks;

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use anyhow::{Result, bail};
use experiment::{
    GuidedRun, PhoneListeners, RunOutcome, RunRequest,
    drivers::guided::{GuideSession, GuideTask},
};
use knowledge::subjects::SubjectDriver;
use proxy::{ProxySettings, SinkFuture};
use serve::PhoneGuide;

use crate::{
    exit::talk,
    live::{authority, devices::DeviceAdmission, doors, folder, stopping},
};

/// How a phone comes in.
#[derive(Clone, Debug, clap::Args)]
pub struct PhoneEntry {
    /// For `phone`: be led through the audit by pages on the phone, which uses the proxy printed at start
    #[arg(long, conflicts_with = "command")]
    pub guided: bool,
    /// With --guided: where the phone's proxy listens; a phone needs an address of this machine in its network
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:7878",
        requires = "guided",
        conflicts_with = "command"
    )]
    listen: Vec<SocketAddr>,
    #[command(flatten)]
    devices: DeviceAdmission,
}

impl PhoneEntry {
    /// Checks that `--guided` is given exactly for a subject that is used by hand.
    pub fn fits(&self, name: &str, driver: SubjectDriver) -> Result<()> {
        if !self.guided && self.devices.are_named() {
            bail!("--paired is for --guided: nothing else lets devices in");
        }
        match (self.guided, driver == SubjectDriver::Guided) {
            (true, false) => bail!("{name} is not used by hand; --guided is for `phone`"),
            (false, true) => {
                bail!("{name} is used by hand: candor audit {name} --guided --listen ADDRESS:PORT")
            }
            _ => Ok(()),
        }
    }

    /// Runs until the person has done everything, or stops the run.
    pub fn run(&self, wish: RunRequest) -> Result<RunOutcome> {
        let authority = authority::kept(&folder::of_the_person()?)?;
        let listeners: Vec<TcpListener> =
            self.listen.iter().map(|address| doors::open(*address, "--listen")).collect::<Result<_>>()?;
        let own: Vec<SocketAddr> = listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
        let guided = GuidedRun::new(&wish);
        let guide = PhoneGuide::new(authority.cert_pem(), guided.tasks.iter().map(asks::step).collect())?;
        let settings = ProxySettings {
            pairing: self.devices.pairing(&own, None),
            home: Some(Arc::<PhoneGuide>::clone(&guide)),
            ..ProxySettings::default()
        };
        let titles: Vec<String> = guided.tasks.iter().map(title).collect();
        let (steps, minutes) = (PhoneGuide::BEFORE + titles.len(), guided.minutes());
        let leader = Arc::new(PageGuide { guide, titles });
        for address in own {
            talk(&format!("candor: listening on {address} (HTTP proxy and SOCKS5)"));
        }
        talk(&format!("  {steps} steps by hand, about {minutes} minutes"));
        talk(&format!("  certificate {}", authority.fingerprint()));
        talk("  set the address above as the phone's proxy, then open http://candor.test/ on the phone");
        talk("  no server is contacted; what does not use the proxy is not seen, so nothing can be called kept");
        talk("candor: ready; Ctrl-C ends, and what there is by then is judged");
        let runtime = tokio::runtime::Runtime::new()?;
        let doors = PhoneListeners { listeners, authority, settings };
        Ok(runtime.block_on(experiment::guide(wish, guided, doors, leader, stopping::asked()))?)
    }
}

fn title(task: &GuideTask) -> String {
    format!("{} ({})", asks::step(task).title, task.step.mode.word())
}

/// A [`GuideSession`] that shows the tasks on the guide's pages.
struct PageGuide {
    guide: Arc<PhoneGuide>,
    titles: Vec<String>,
}

impl GuideSession for PageGuide {
    fn begins(&self, task: usize) {
        let title = self.titles.get(task).map_or("", String::as_str);
        // The phone counts its setup as the first steps, so the numbers here do, too.
        talk(&format!(
            "  step {} of {}: {title}",
            PhoneGuide::BEFORE + task + 1,
            PhoneGuide::BEFORE + self.titles.len()
        ));
    }

    fn done(&self, task: usize) -> SinkFuture<'_> {
        let mut progress = self.guide.progress();
        Box::pin(async move {
            // `self` holds the guide, so waiting for its progress does not fail.
            let _ = progress.wait_for(|progress| progress.done > task).await;
        })
    }

    fn was_seen(&self, task: usize) {
        self.guide.was_seen(task);
    }
}
