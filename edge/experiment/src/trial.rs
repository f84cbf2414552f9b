//! One trial: a fresh cell, a fresh profile, the steps one by one.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use honey::{ActCanaries, CanaryGenerator, SiteVisit};
use knowledge::subjects::{self, SubjectDriver};
use model::{Act, ArmRole, ListedRequest, Mode, Note, NoteCode, Phase, Record, RunSwitch, SwitchSetting};
use proxy::{Proxy, ProxySettings, dns};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{
    Error, PlannedTrial,
    cell::{Cell, CellDevice, CellProcess, CellSockets, CellSpec, CellUser},
    control::{self, ControlRound},
    datagrams::PacketRecorder,
    display::{TypingPace, VirtualDisplay},
    drivers::{
        android::AndroidDriver,
        browser::{BrowserDriver, InputDevices},
        chromium::SwitchAt,
        launch::{LaunchSpec, LaunchTrust, ProxyRoute, SandboxPolicy, WindowMode},
        visited::{FormField, PageRequest, VisitedPage},
    },
    evidence_sink::EvidenceSink,
    in_force, now,
    plan::PlannedStep,
    run::RunContext,
    subject_setup,
};

/// How long a page may take to load.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often `stay` checks whether the subject still runs.
const LOOK: Duration = Duration::from_secs(1);

/// The folder of a program below `/home` or `/tmp`, which a cell hides.
fn unpacked(program: &Path) -> Vec<PathBuf> {
    let folder = program.parent().filter(|folder| folder.components().count() > 2);
    folder
        .filter(|folder| folder.starts_with("/home") || folder.starts_with("/tmp"))
        .map(Path::to_owned)
        .into_iter()
        .collect()
}

/// Runs a trial to its end. The cell and all that runs in it are gone when
/// this returns, or when its future is dropped.
pub(crate) async fn run(conduct: &Arc<RunContext>, planned: &PlannedTrial) -> Result<(), Error> {
    let spec = CellSpec {
        walls: conduct.walls,
        device: CellDevice::numbered(conduct.seed, planned.arm.device),
        user: CellUser::default(),
        keep: unpacked(&conduct.entry.program),
    };
    let (cell, sockets) = Cell::open(spec).await?;
    let door = sockets.proxy.first().and_then(|listener| listener.local_addr().ok());
    let net = CellNetwork::serve(conduct, planned.id, sockets)?;
    let sent = match (&conduct.app, door) {
        (Some(app), Some(door)) => Some(app.begin(door.port()).await?),
        _ => None,
    };
    let mut stage = TrialSession {
        conduct,
        planned,
        cell: &cell,
        display: None,
        browser: None,
        read: vec![],
        lister: None,
        session: 0,
        planter: CanaryGenerator::new(conduct.seed, planned.id),
        tells: false,
    };
    if cell.watched() {
        control::send(conduct, planned.id, &cell, &net.addresses, ControlRound::Before).await?;
    }
    let outcome = stage.play().await;
    stage.close().await;
    if let Some(display) = stage.display.take() {
        display.stop().await;
    }
    drop(stage);
    if cell.watched() {
        control::send(conduct, planned.id, &cell, &net.addresses, ControlRound::After).await?;
    }
    let undone = match sent {
        Some(sent) => sent.end().await,
        None => Ok(()),
    };
    let recorded = net.stop().await;
    note_refused(conduct, planned.id, &cell).await?;
    outcome.and(undone).and(recorded)
}

/// Proxy and resolver of a cell.
struct CellNetwork {
    proxies: Vec<Proxy>,
    resolvers: Vec<dns::DnsResponder>,
    addresses: Arc<dns::NameAddresses>,
    packets: Option<PacketRecorder>,
}

impl CellNetwork {
    fn serve(conduct: &RunContext, trial: u32, sockets: CellSockets) -> Result<Self, Error> {
        let sink = Arc::new(EvidenceSink(conduct.pen.clone()));
        let addresses = Arc::new(dns::NameAddresses::default());
        let settings = ProxySettings {
            trial: Some(trial),
            connections: Arc::clone(&conduct.connections),
            addresses: Some(Arc::clone(&addresses)),
            ..ProxySettings::default()
        };
        let (names, numbers) = (Arc::clone(&addresses), Arc::clone(&conduct.connections));
        let packets = sockets.packets.map(|log| PacketRecorder::start(log, conduct.pen.clone(), trial, names, numbers));
        let mut net = Self {
            proxies: vec![],
            resolvers: vec![],
            addresses: Arc::clone(&addresses),
            packets: packets.transpose()?,
        };
        for listener in sockets.proxy {
            let (authority, world) = (Arc::clone(&conduct.authority), Arc::clone(&conduct.world));
            net.proxies.push(Proxy::serve(listener, authority, world, sink.clone(), settings.clone())?);
        }
        if let Some(dns) = sockets.dns {
            let mut tcp = dns.tcp.into_iter();
            for udp in dns.udp {
                let responder =
                    dns::DnsResponder::serve(udp, tcp.next(), Arc::clone(&addresses), sink.clone(), Some(trial))?;
                net.resolvers.push(responder);
            }
        }
        Ok(net)
    }

    async fn stop(self) -> Result<(), Error> {
        for proxy in self.proxies {
            proxy.stop().await;
        }
        for resolver in self.resolvers {
            resolver.stop().await;
        }
        match self.packets {
            Some(packets) => packets.stop().await,
            None => Ok(()),
        }
    }
}

/// The state of a running trial.
struct TrialSession<'a> {
    conduct: &'a Arc<RunContext>,
    planned: &'a PlannedTrial,
    cell: &'a Cell,
    display: Option<VirtualDisplay>,
    browser: Option<BrowserDriver>,
    /// Switches whose default position is already in the evidence.
    read: Vec<String>,
    lister: Option<JoinHandle<()>>,
    session: u32,
    planter: CanaryGenerator,
    /// Whether this trial records how the subject was really started: the first
    /// trial of each role does.
    tells: bool,
}

impl TrialSession<'_> {
    async fn play(&mut self) -> Result<(), Error> {
        if self.conduct.window {
            self.display = Some(VirtualDisplay::start(self.cell).await?);
        }
        for step in &self.planned.steps {
            tracing::debug!(trial = self.planned.id, step = step.name, "a step begins");
            self.conduct.progress.step(self.planned, step);
            self.act(step).await?;
            self.stay(Duration::from_secs_f64(step.stay)).await?;
        }
        Ok(())
    }

    /// Waits without using the subject. A subject that ends meanwhile has not gone
    /// through the trial, even if no step is left.
    async fn stay(&mut self, long: Duration) -> Result<(), Error> {
        let end = Instant::now() + long;
        loop {
            if self.browser.as_mut().is_some_and(|browser| !browser.runs()) {
                tracing::error!(trial = self.planned.id, "the subject has ended, or its connection has");
                return Err(Error::Lost(self.conduct.subject.name.clone()));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            sleep(left.min(LOOK)).await;
        }
    }

    async fn act(&mut self, step: &PlannedStep) -> Result<(), Error> {
        match step.act {
            Act::Start if step.by.as_deref() == Some("beside") => self.open_private_beside(step).await,
            Act::Start | Act::Restart | Act::Later => {
                self.close_and_tell().await?;
                self.session += 1;
                self.mark(step, &[], vec![]).await?;
                self.start(step.mode).await
            }
            Act::Visit | Act::Download | Act::Form | Act::Search | Act::Type | Act::Open => self.use_it(step).await,
            Act::Close => {
                self.mark(step, &[], vec![]).await?;
                self.close_and_tell().await
            }
            Act::Switch => self.throw(step).await,
            Act::Idle => self.mark(step, &[], vec![]).await,
        }
    }

    /// Runs a step that uses canaries. If the subject's driver cannot do the step,
    /// it is skipped and the evidence says so.
    async fn use_it(&mut self, step: &PlannedStep) -> Result<(), Error> {
        let engine = self.conduct.subject.search.clone().unwrap_or_default();
        let (planted, visit) = match (step.length, step.twin) {
            (Some(length), _) => (self.planter.plant_address_of(length), SiteVisit::First),
            (None, Some(site)) => self.planter.plant_twin(site),
            (None, None) => (self.planter.plant(step.act, &engine), SiteVisit::First),
        };
        let is_new = visit == SiteVisit::First;
        for plant in planted.plants.iter().filter(|_| is_new) {
            self.conduct.pen.write(Record::Plant(plant.clone())).await?;
        }
        // A search engine's page is none of the honey sites: a search also causes other requests.
        let is_page = !planted.url.is_empty() && step.act != Act::Search;
        if is_page && is_new {
            self.conduct.world.garden.add(&planted);
        }
        self.mark(step, &planted.ids(), vec![]).await?;
        if is_page && is_new {
            self.conduct.pen.write(Record::Page(planted.page(self.planned.id, now()))).await?;
        }
        let done = match step.act {
            Act::Type => self.type_in_address_bar(&planted.text).await,
            Act::Open => self.open(&planted.title, &planted.text).await,
            Act::Form => self.fill(&planted).await,
            Act::Download => self.browser()?.visit(self.hands(), &planted.url).await.map(drop),
            _ => self.visit(step, &planted).await,
        };
        match done {
            Err(cannot @ Error::Cannot { .. }) => self.note(NoteCode::NotDone, &cannot.to_string(), 1).await,
            done => done,
        }
    }

    async fn open(&mut self, folder: &str, screen: &str) -> Result<(), Error> {
        self.browser.as_mut().ok_or(Error::NoPage("the subject"))?.open(folder, screen).await
    }

    async fn visit(&self, step: &PlannedStep, planted: &ActCanaries) -> Result<(), Error> {
        let (browser, hands) = (self.browser()?, self.hands());
        let words = if step.act == Act::Search { &planted.text } else { &planted.url };
        let visited = match step.by.as_deref() {
            Some("typed") if self.display.is_some() => browser.go_by_typing(hands, words).await,
            Some("redirect") => browser.visit(hands, &planted.redirected()).await,
            Some("link") => self.follow(planted).await,
            _ => browser.visit(hands, &planted.url).await,
        };
        let visited = match visited {
            Err(Error::Cannot { .. }) => browser.visit(hands, &planted.url).await?,
            visited => visited?,
        };
        match visited.failed {
            Some(says) => {
                tracing::warn!(trial = self.planned.id, step = step.name, "a page was not loaded");
                self.note(NoteCode::VisitFailed, &says, 1).await
            }
            None => Ok(()),
        }
    }

    async fn follow(&self, planted: &ActCanaries) -> Result<VisitedPage, Error> {
        let browser = self.browser()?;
        browser.visit(self.hands(), &planted.way_here()).await?;
        browser.follow_link(self.hands(), &format!("#{}", honey::LINK)).await
    }

    async fn fill(&self, planted: &ActCanaries) -> Result<(), Error> {
        let visited = self.browser()?.visit(self.hands(), &planted.url).await?;
        if let Some(says) = visited.failed {
            return self.note(NoteCode::VisitFailed, &says, 1).await;
        }
        let text = |name: &str| if name == "password" { &planted.secret } else { &planted.text };
        let names = planted.forms.iter().flat_map(|form| &form.fields);
        let fields: Vec<FormField> = names
            .filter(|name| ["fullname", "password"].contains(&name.as_str()))
            .map(|name| FormField { name: name.clone(), text: text(name).clone() })
            .collect();
        self.browser()?.fill_form(&fields).await
    }

    /// Types as a person would, but does not press Enter. Escape twice restores the
    /// address of the page.
    async fn type_in_address_bar(&self, text: &str) -> Result<(), Error> {
        let browser = self.browser()?;
        browser.type_in_address_bar(self.hands(), text).await?;
        sleep(Duration::from_secs(1)).await;
        browser.leave_address_bar(self.hands()).await
    }

    /// Turns switches in the subject's own settings. The position of a switch
    /// before its first turn is its default.
    async fn throw(&mut self, step: &PlannedStep) -> Result<(), Error> {
        self.mark(step, &[], vec![]).await?;
        for switch in &step.switches {
            let Some(known) = self.conduct.subject.switch(&switch.name) else { continue };
            let at = SwitchAt { page: &known.page, control: &known.control };
            let stood = self.browser()?.throw_switch(at, switch.position == SwitchSetting::On).await?;
            if !self.read.contains(&switch.name) {
                self.read.push(switch.name.clone());
                let note = Note::default_read(Some(self.planned.id), now(), &switch.name, stood);
                self.conduct.pen.write(Record::Note(note)).await?;
            }
        }
        // Promises about a switch hold from here on: the switch has been turned.
        let thrown = PlannedStep { name: format!("{}, thrown", step.name), ..step.clone() };
        self.mark(&thrown, &[], step.switches.clone()).await
    }

    async fn start(&mut self, mode: Mode) -> Result<(), Error> {
        if let Some(app) = &self.conduct.app {
            self.browser = Some(BrowserDriver::Android(AndroidDriver::start(app, mode).await?));
            return Ok(());
        }
        let launch = self.launch(mode).await?;
        let driver = self.driver();
        let (browser, requests) = BrowserDriver::start(driver, self.cell, self.display.as_ref(), &launch).await?;
        let (trial, version) = (self.planned.id, browser.version().unwrap_or_default());
        tracing::info!(
            trial,
            driver = driver.as_str(),
            version,
            process = browser.process().and_then(CellProcess::id),
            "the subject was started"
        );
        self.conduct.learn(&browser).await?;
        self.tell_in_force(&browser).await?;
        if let Some(by) = browser.lister() {
            self.lister = Some(tokio::spawn(list(self.conduct.pen.clone(), self.planned.id, by, requests)));
        }
        self.browser = Some(browser);
        Ok(())
    }

    async fn launch(&self, mode: Mode) -> Result<LaunchSpec, Error> {
        let (subject, edition) = (&self.conduct.subject, self.conduct.edition.as_ref());
        let extension = subject_setup::extension(self.cell, &self.conduct.world.knowledge, subject, edition).await?;
        let mut launch = LaunchSpec {
            mode,
            entry_args: self.conduct.entry.args.clone(),
            private_args: subject.private_arguments.clone(),
            env: subject.environment.clone().into_iter().collect(),
            address_keys: subject.address_keys.clone(),
            preferences: subject_setup::preferences(subject, edition),
            window: self
                .display
                .as_ref()
                .map_or(WindowMode::Headless, |display| WindowMode::On(display.name().to_owned())),
            route: if self.cell.watched() { ProxyRoute::Redirected } else { ProxyRoute::ProxySetting },
            extensions: extension.into_iter().collect(),
            args: subject_setup::arguments(subject, edition),
            sandbox: if self.cell.watched() { SandboxPolicy::Required } else { SandboxPolicy::MayBeMissing },
            ..LaunchSpec::new(&self.conduct.entry.program, self.trust())
        };
        if self.is_reference() {
            subject_setup::as_a_person_starts_it(&mut launch, subject);
        }
        Ok(launch)
    }

    fn is_reference(&self) -> bool {
        self.planned.arm.role == ArmRole::Reference
    }

    /// The reference is always driven through its window, as a person would use it.
    fn driver(&self) -> SubjectDriver {
        if self.is_reference() { SubjectDriver::Window } else { self.conduct.subject.driver }
    }

    /// Opens a private window beside the ordinary one, as a person does.
    async fn open_private_beside(&mut self, step: &PlannedStep) -> Result<(), Error> {
        self.mark(step, &[], vec![]).await?;
        let conduct = Arc::clone(self.conduct);
        let Some(keys) = conduct.subject.private_keys.as_deref() else {
            return Err(Error::Cannot { driver: "this subject", act: "open a private window by keys" });
        };
        // `self.hands()` would borrow all of `self`, but `browser` is needed mutably.
        let (display, pace) = (self.display.as_ref(), self.pace());
        let hands = InputDevices { cell: self.cell, display, patience: PATIENCE, stay: Duration::ZERO, pace };
        self.browser.as_mut().ok_or(Error::NoPage("the subject"))?.open_private(hands, keys).await
    }

    /// Records once for each role how the subject was really started.
    async fn tell_in_force(&mut self, browser: &BrowserDriver) -> Result<(), Error> {
        let role = self.planned.arm.role;
        let Some(process) = browser.process().filter(|_| self.conduct.is_first_of(role)) else { return Ok(()) };
        self.tells = true;
        for (code, says) in [
            (NoteCode::CommandLine, in_force::command_line(process)),
            (NoteCode::Environment, in_force::environment(process)),
        ] {
            if let Some(says) = says {
                self.note(code, &says, 1).await?;
            }
        }
        Ok(())
    }

    /// Records preferences from the profile of the closed subject.
    async fn tell_preferences(&mut self) -> Result<(), Error> {
        let subject = &self.conduct.subject;
        if !std::mem::take(&mut self.tells) || subject.read_back.is_empty() {
            return Ok(());
        }
        let profile = if self.is_reference() { subject_setup::usual_profile(subject) } else { "profile" };
        for says in in_force::preferences(self.cell, subject.driver, profile, &subject.read_back).await {
            self.note(NoteCode::Preference, &says, 1).await?;
        }
        Ok(())
    }

    fn trust(&self) -> LaunchTrust {
        match self.conduct.subject.trust {
            subjects::CertificateTrust::Authority => {
                LaunchTrust::Authority(self.conduct.authority.cert_pem().to_owned())
            }
            subjects::CertificateTrust::Nothing => LaunchTrust::Nothing,
        }
    }

    async fn close(&mut self) {
        if let Some(browser) = self.browser.take() {
            browser.close().await;
        }
        if let Some(lister) = self.lister.take() {
            // The browser is gone, so its list of requests ends by itself.
            let _ = lister.await;
        }
    }

    /// Closes the subject and then records the preferences in its profile.
    async fn close_and_tell(&mut self) -> Result<(), Error> {
        self.close().await;
        self.tell_preferences().await
    }

    async fn mark(&self, step: &PlannedStep, canaries: &[String], switches: Vec<RunSwitch>) -> Result<(), Error> {
        let phase = Phase {
            trial: self.planned.id,
            name: step.name.clone(),
            act: step.act,
            mode: step.mode,
            session: self.session,
            at: now(),
            canaries: canaries.to_vec(),
            switches,
        };
        Ok(self.conduct.pen.write(Record::Phase(phase)).await?)
    }

    async fn note(&self, code: NoteCode, says: &str, count: u64) -> Result<(), Error> {
        note(self.conduct, self.planned.id, code, says, count).await
    }

    fn browser(&self) -> Result<&BrowserDriver, Error> {
        self.browser.as_ref().ok_or(Error::NoPage("the subject"))
    }

    fn hands(&self) -> InputDevices<'_> {
        let (display, pace) = (self.display.as_ref(), self.pace());
        InputDevices { cell: self.cell, display, patience: PATIENCE, stay: Duration::ZERO, pace }
    }

    /// The reference and the trials that are compared with it type at the same pace.
    fn pace(&self) -> TypingPace {
        if self.planned.arm.role == ArmRole::Driven { TypingPace::Person } else { TypingPace::Quick }
    }
}

/// Writes the requests that the driver listed into the evidence.
async fn list(
    pen: evidence::EvidenceSender,
    trial: u32,
    by: &'static str,
    mut requests: mpsc::UnboundedReceiver<PageRequest>,
) {
    while let Some(PageRequest { at, method, url }) = requests.recv().await {
        let listed = ListedRequest { trial, at, method, url, by: by.into() };
        if pen.write(Record::Listed(listed)).await.is_err() {
            return;
        }
    }
}

async fn note_refused(conduct: &RunContext, trial: u32, cell: &Cell) -> Result<(), Error> {
    if let Some(refused) = cell.refused().await? {
        if refused.quic > 0 {
            note(conduct, trial, NoteCode::QuicRefused, "QUIC was refused, so that clients fall back", refused.quic)
                .await?;
        }
        if refused.other > 0 {
            note(conduct, trial, NoteCode::PacketsRefused, "packets that are neither TCP nor DNS", refused.other)
                .await?;
        }
    }
    Ok(())
}

async fn note(conduct: &RunContext, trial: u32, code: NoteCode, says: &str, count: u64) -> Result<(), Error> {
    let note = Note { trial: Some(trial), at: now(), code, says: says.into(), count };
    Ok(conduct.pen.write(Record::Note(note)).await?)
}
