//! Experiments in which all can be read: what a subject sends by itself, and
//! leaks that nobody can read. How often do the instruments cost *kept*?

use judge::Outcome;
use model::Mode;

use super::{Draw, PROMISE};
use crate::stage::Stage;

/// How a visited site is told, if it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token {
    /// Not at all.
    None,
    /// By so many bits under a key of the install, with this probability a visit.
    Keyed(u32, f64),
    /// By so many bits, in a ping that is sent in every step anyway.
    InPing(u32),
}

/// What became of the promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    pub kept: bool,
    pub broken: bool,
    pub by_contrast: bool,
    pub by_twins: bool,
}

/// Who is told.
const TOLD: &str = "own.example";
/// Visits and idle steps of each trial.
const STEPS: u32 = 7;

/// An experiment with so many installs used and as many left alone.
pub fn experiment(token: Token, trials: u32, seed: u64) -> Judged {
    let mut draw = Draw(seed);
    let mut stage = Stage::new(PROMISE);
    stage.run.seed = seed;
    let normal = stage.trial(Mode::Normal);
    stage.visit(normal);
    stage.close(normal);
    for _ in 0..trials {
        let blank = stage.blank_in(Mode::Private, STEPS);
        let mut install = Install::new(blank, &mut draw);
        for phase in phases(&stage, blank) {
            install.step(&mut stage, phase, None, token, &mut draw);
        }
        let used = stage.trial(Mode::Private);
        let visits = stage.twins(used);
        stage.idle(used);
        stage.close(used);
        let mut install = Install::new(used, &mut draw);
        for phase in phases(&stage, used) {
            let site = visits.iter().position(|visit| stage.phases[*visit].canaries == stage.phases[phase].canaries);
            install.step(&mut stage, phase, site.filter(|_| visits.contains(&phase)), token, &mut draw);
        }
    }
    let verdict = stage.verdict();
    let says = |words: &str| verdict.outcome == Outcome::Unclear && verdict.because.contains(words);
    Judged {
        kept: verdict.outcome == Outcome::Kept,
        broken: verdict.outcome == Outcome::Broken,
        by_contrast: says("contrast with installs left alone, max-T"),
        by_twins: says("twin visits, max-T"),
    }
}

/// What was said of so many experiments.
pub fn drawn(token: Token, trials: u32, experiments: u64) -> Vec<Judged> {
    (0..experiments).map(|number| experiment(token, trials, 1_789 ^ (number << 8) ^ u64::from(trials))).collect()
}

fn phases(stage: &Stage, trial: u32) -> Vec<usize> {
    let of_trial = (0..stage.phases.len()).filter(|phase| stage.phases[*phase].trial == trial);
    of_trial.take(STEPS as usize + 1).collect()
}

/// What an install draws for itself.
struct Install {
    key: u64,
    id: u64,
    session: u64,
    /// Some things happen in some installs only.
    has_experiment: bool,
    count: u32,
}

impl Install {
    fn new(_trial: u32, draw: &mut Draw) -> Self {
        let has_experiment = draw.chance(0.5);
        Self { key: draw.number(), id: draw.number(), session: draw.number(), has_experiment, count: 0 }
    }

    /// What it sends in one step, used or not, and what it tells.
    fn step(&mut self, stage: &mut Stage, phase: usize, site: Option<usize>, token: Token, draw: &mut Draw) {
        self.count += 1;
        let ping = stage.send_value(phase, TOLD, "id", &format!("{:016x}", self.id));
        stage.add_value(ping, "count", &self.count.to_string());
        stage.add_value(ping, "took", &(draw.number() % 400).to_string());
        stage.add_value(ping, "state", ["idle", "busy", "full"][(draw.number() % 3) as usize]);
        let filler = match (token, site) {
            (Token::InPing(bits), Some(site)) => self.hash(site, bits),
            (Token::InPing(bits), None) => cut(draw.number(), bits),
            _ => format!("{:016x}", draw.number()),
        };
        stage.add_value(ping, "nonce", &filler);
        for (host, often) in [("update.example", 0.3), ("features.example", 0.5), ("time.example", 0.15)] {
            if draw.chance(often) {
                let request = stage.send_value(phase, host, "session", &format!("{:016x}", self.session));
                stage.add_value(request, "request", &format!("{:032x}", u128::from(draw.number())));
                stage.add_value(request, "version", "156.0.1");
            }
        }
        if self.has_experiment && draw.chance(0.6) {
            for _ in 0..draw.number() % 4 {
                stage.send_value(phase, "models.example", "model", &format!("{:08x}", draw.number() as u32));
            }
        }
        if let (Token::Keyed(bits, often), Some(site)) = (token, site)
            && draw.chance(often)
        {
            stage.send_value(phase, TOLD, "token", &self.hash(site, bits));
        }
    }

    fn hash(&self, site: usize, bits: u32) -> String {
        cut(Draw(self.key ^ (site as u64 + 1).wrapping_mul(0x1234_5678_9abc_def1)).number(), bits)
    }
}

fn cut(number: u64, bits: u32) -> String {
    format!("{:0width$x}", number >> (64 - bits), width = (bits as usize).div_ceil(4))
}
