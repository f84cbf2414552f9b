//! One trial: a fresh cell, a fresh profile, the steps one by one.

use std::{sync::Arc, time::Duration};

use honey::{Planted, Planter};
use knowledge::subjects::{self, Edition, Subject};
use model::{Act, Listed, Mode, Note, Phase, Record, Switch};
use proxy::{Proxy, Settings, dns};
use tokio::{sync::mpsc, task::JoinHandle, time::sleep};

use crate::{
    Error, Planned,
    cell::{Cell, CellSpec, Device, Sockets, User},
    conduct::Conduct,
    display::{Display, Keys},
    drivers::chromium::{Chromium, Field, Launch, PageRequest, Sandbox, Trust, Window},
    ledger::Ledger,
    now,
    plan::Do,
    ready,
};

/// How long a page may take to load.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a whole trial learned about its subject.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learned {
    pub version: String,
    pub extensions: Vec<String>,
    pub conditions: Vec<String>,
}

/// Runs a trial to its end. The cell and all that runs in it are gone when
/// this returns, or when its future is dropped.
pub(crate) async fn run(conduct: &Arc<Conduct>, planned: &Planned) -> Result<Learned, Error> {
    let spec = CellSpec {
        walls: conduct.walls,
        device: Device::numbered(conduct.seed, planned.arm.device),
        user: User::default(),
        keep: vec![],
    };
    let (cell, sockets) = Cell::open(spec).await?;
    let net = Net::serve(conduct, planned.id, sockets)?;
    let mut stage = Stage {
        conduct,
        planned,
        cell: &cell,
        display: None,
        browser: None,
        lister: None,
        session: 0,
        planter: Planter::new(conduct.seed, planned.id),
        learned: Learned::default(),
    };
    let outcome = stage.play().await;
    stage.close().await;
    let learned = std::mem::take(&mut stage.learned);
    if let Some(display) = stage.display.take() {
        display.stop().await;
    }
    drop(stage);
    net.stop().await;
    note_refused(conduct, planned.id, &cell).await?;
    outcome.map(|()| learned)
}

/// Proxy and resolver of a cell.
struct Net {
    proxies: Vec<Proxy>,
    resolvers: Vec<dns::Responder>,
}

impl Net {
    fn serve(conduct: &Conduct, trial: u32, sockets: Sockets) -> Result<Self, Error> {
        let sink = Arc::new(Ledger(conduct.pen.clone()));
        let addresses = Arc::new(dns::Addresses::default());
        let settings = Settings {
            trial: Some(trial),
            expects: Some(model::Inlet::Proxy),
            connections: Arc::clone(&conduct.connections),
            addresses: Some(Arc::clone(&addresses)),
            ..Settings::default()
        };
        let mut net = Self { proxies: vec![], resolvers: vec![] };
        for listener in sockets.proxy {
            let (authority, world) = (Arc::clone(&conduct.authority), Arc::clone(&conduct.world));
            net.proxies.push(Proxy::serve(listener, authority, world, sink.clone(), settings.clone())?);
        }
        if let Some(dns) = sockets.dns {
            let mut tcp = dns.tcp.into_iter();
            for udp in dns.udp {
                let responder =
                    dns::Responder::serve(udp, tcp.next(), Arc::clone(&addresses), sink.clone(), Some(trial))?;
                net.resolvers.push(responder);
            }
        }
        Ok(net)
    }

    async fn stop(self) {
        for proxy in self.proxies {
            proxy.stop().await;
        }
        for resolver in self.resolvers {
            resolver.stop().await;
        }
    }
}

/// What is going on in a trial.
struct Stage<'a> {
    conduct: &'a Arc<Conduct>,
    planned: &'a Planned,
    cell: &'a Cell,
    display: Option<Display>,
    browser: Option<Chromium>,
    lister: Option<JoinHandle<()>>,
    session: u32,
    planter: Planter,
    learned: Learned,
}

impl Stage<'_> {
    async fn play(&mut self) -> Result<(), Error> {
        if self.conduct.window {
            self.display = Some(Display::start(self.cell).await?);
        }
        for step in &self.planned.steps {
            self.conduct.progress.step(self.planned, step);
            self.act(step).await?;
            sleep(Duration::from_secs_f64(step.stay)).await;
        }
        Ok(())
    }

    async fn act(&mut self, step: &Do) -> Result<(), Error> {
        match step.act {
            Act::Start | Act::Restart => {
                self.close().await;
                self.session += 1;
                self.mark(step, &[], vec![]).await?;
                self.start(step.mode).await
            }
            Act::Visit | Act::Download | Act::Form | Act::Search | Act::Type => self.use_it(step).await,
            Act::Close => {
                self.mark(step, &[], vec![]).await?;
                self.close().await;
                Ok(())
            }
            Act::Switch => self.throw(step).await,
            Act::Idle | Act::Later | Act::Open => self.mark(step, &[], vec![]).await,
        }
    }

    /// Something that gives out canaries.
    async fn use_it(&mut self, step: &Do) -> Result<(), Error> {
        if step.act == Act::Type && self.display.is_none() {
            return self.note("not-typed", "there is no window to type into", 1).await;
        }
        let engine = self.conduct.subject.search.clone().unwrap_or_default();
        let planted = self.planter.plant(step.act, &engine);
        for plant in &planted.plants {
            self.conduct.pen.write(Record::Plant(plant.clone())).await?;
        }
        // A search engine is not a site of ours: it gets more than its page's own requests.
        let is_page = !planted.url.is_empty() && step.act != Act::Search;
        if is_page {
            self.conduct.world.garden.add(&planted);
        }
        self.mark(step, &planted.ids(), vec![]).await?;
        if is_page {
            self.conduct.pen.write(Record::Page(planted.page(self.planned.id, now()))).await?;
        }
        match step.act {
            Act::Type => self.type_in_address_bar(&planted.text).await,
            Act::Form => self.fill(&planted).await,
            _ => self.visit(&planted.url).await,
        }
    }

    async fn visit(&mut self, url: &str) -> Result<(), Error> {
        let visited = self.browser()?.visit(url, PATIENCE, Duration::ZERO).await?;
        if let Some(says) = visited.failed {
            self.note("visit-failed", &says, 1).await?;
        }
        Ok(())
    }

    async fn fill(&mut self, planted: &Planted) -> Result<(), Error> {
        self.visit(&planted.url).await?;
        let text = |name: &str| if name == "password" { &planted.secret } else { &planted.text };
        let names = planted.forms.iter().flat_map(|form| &form.fields);
        let fields: Vec<Field> = names
            .filter(|name| ["fullname", "password"].contains(&name.as_str()))
            .map(|name| Field { name: name.clone(), text: text(name).clone() })
            .collect();
        self.browser()?.fill_form(&fields).await
    }

    /// Types as a person would, and does not send it: Escape twice gives the
    /// page back its address.
    async fn type_in_address_bar(&mut self, text: &str) -> Result<(), Error> {
        let Some(display) = &self.display else { return Ok(()) };
        display.focus(self.cell).await?;
        let keys = [Keys::Key("ctrl+l"), Keys::Text(text)];
        display.press(self.cell, &keys).await?;
        sleep(Duration::from_secs(1)).await;
        display.press(self.cell, &[Keys::Key("Escape"), Keys::Key("Escape")]).await
    }

    async fn throw(&mut self, step: &Do) -> Result<(), Error> {
        let Some((name, to)) = &step.switch else { return Ok(()) };
        self.mark(step, &[], vec![Switch { name: name.clone(), position: to.clone() }]).await
    }

    async fn start(&mut self, mode: Mode) -> Result<(), Error> {
        let (subject, edition) = (&self.conduct.subject, self.conduct.edition.as_ref());
        let extension = ready::extension(self.cell, &self.conduct.world.knowledge, subject, edition).await?;
        let launch = Launch {
            mode,
            window: self.display.as_ref().map_or(Window::Headless, |display| Window::On(display.name().to_owned())),
            extensions: extension.into_iter().collect(),
            args: arguments(subject, edition),
            sandbox: if self.cell.watched() { Sandbox::Required } else { Sandbox::MayBeMissing },
            ..Launch::new(&self.conduct.program, self.trust())
        };
        let (browser, requests) = Chromium::start(self.cell, &launch).await?;
        self.learn(&browser);
        self.lister = Some(tokio::spawn(list(self.conduct.pen.clone(), self.planned.id, requests)));
        self.browser = Some(browser);
        Ok(())
    }

    fn trust(&self) -> Trust {
        match self.conduct.subject.trust {
            subjects::Trust::Authority => Trust::Authority(self.conduct.authority.cert_pem().to_owned()),
            subjects::Trust::Nothing => Trust::Nothing,
        }
    }

    fn learn(&mut self, browser: &Chromium) {
        self.learned.version = browser.version().to_owned();
        self.learned.extensions = browser.extensions().to_vec();
        if !browser.sandboxed() {
            self.learned.conditions = vec!["the browser ran without its sandbox".into()];
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

    async fn mark(&self, step: &Do, canaries: &[String], switches: Vec<Switch>) -> Result<(), Error> {
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

    async fn note(&self, code: &str, says: &str, count: u64) -> Result<(), Error> {
        note(self.conduct, self.planned.id, code, says, count).await
    }

    fn browser(&self) -> Result<&Chromium, Error> {
        self.browser.as_ref().ok_or(Error::NoPage("the subject"))
    }
}

fn arguments(subject: &Subject, edition: Option<&Edition>) -> Vec<String> {
    let of_edition = edition.map(|edition| edition.arguments.as_slice()).unwrap_or_default();
    subject.arguments.iter().chain(of_edition).cloned().collect()
}

/// What pages asked for, as the driver saw it, into the evidence.
async fn list(pen: evidence::Pen, trial: u32, mut requests: mpsc::UnboundedReceiver<PageRequest>) {
    while let Some(PageRequest { at, method, url }) = requests.recv().await {
        let listed = Listed { trial, at, method, url, by: "cdp".into() };
        if pen.write(Record::Listed(listed)).await.is_err() {
            return;
        }
    }
}

async fn note_refused(conduct: &Conduct, trial: u32, cell: &Cell) -> Result<(), Error> {
    if let Some(refused) = cell.refused().await? {
        if refused.quic > 0 {
            note(conduct, trial, "quic-refused", "QUIC was refused, so that clients fall back", refused.quic).await?;
        }
        if refused.other > 0 {
            note(conduct, trial, "packets-refused", "packets that are neither TCP nor DNS", refused.other).await?;
        }
    }
    Ok(())
}

async fn note(conduct: &Conduct, trial: u32, code: &str, says: &str, count: u64) -> Result<(), Error> {
    let note = Note { trial: Some(trial), at: now(), code: code.into(), says: says.into(), count };
    Ok(conduct.pen.write(Record::Note(note)).await?)
}
