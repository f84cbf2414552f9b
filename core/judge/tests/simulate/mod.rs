//! Experiments drawn by lot, with nothing in them to find or with a known leak:
//! how often the judge is wrong, and how often it sees.
#![allow(dead_code, reason = "the test draws fewer sorts than the bench")]

pub mod readable;

use judge::{Outcome, dependence};
use model::{Initiator, Mode};

use crate::stage::{REPORT, Stage};

pub(super) const PROMISE: &str = r#"
    [[promise]]
    id = "private"
    quote = "…"
    source = "…"
    says = "…"
    when = { mode = "private" }
    never = { kinds = ["visited-url"], to = "anyone-but-the-site" }
"#;

/// Visits in each trial that is used: each length twice.
pub const VISITS: u32 = 6;
const LENGTHS: [usize; 3] = [40, 400, 1_600];
/// Who is sent something now and then, whatever the person does.
const TICKING: [&str; 3] = ["update.example", "time.example", "features.example"];
/// Who is told.
const TOLD: &str = "own.example";

/// What the subject does with an address that is visited.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Leak {
    /// Nothing.
    None,
    /// Tells it in clear, with this probability a visit.
    Clear(f64),
    /// Tells it in bytes that cannot be read, as long as it is.
    Sealed(f64),
    /// The same, always as long as the longest.
    Padded(f64),
}

/// What was said of an experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub broken: bool,
    pub on_use: bool,
    pub on_address: bool,
}

impl Said {
    pub fn depends(self) -> bool {
        self.on_use || self.on_address
    }
}

/// An experiment with so many trials that are used in private mode and as many
/// that are left alone, judged.
pub fn experiment(leak: Leak, trials: u32, seed: u64) -> Said {
    let mut draw = Draw(seed);
    let mut stage = Stage::new(PROMISE);
    stage.run.seed = seed;
    let normal = stage.trial(Mode::Normal);
    let visit = stage.visit(normal);
    stage.tell(visit, visit, REPORT);
    stage.close(normal);
    for _ in 0..trials {
        let first = stage.phases.len() + 1;
        stage.blank_in(Mode::Private, VISITS);
        (first..first + VISITS as usize).for_each(|phase| tick(&mut stage, phase, &mut draw));
        let used = stage.trial(Mode::Private);
        let mut lengths = [LENGTHS, LENGTHS].concat();
        draw.shuffle(&mut lengths);
        for length in lengths {
            let visit = stage.visit_address_of(used, length);
            tick(&mut stage, visit, &mut draw);
            tell(&mut stage, visit, length, leak, &mut draw);
        }
        stage.close(used);
    }
    let dependence = dependence(&stage.case());
    Said {
        broken: stage.word() == Outcome::Broken,
        on_use: !dependence.on_use.depends().is_empty(),
        on_address: !dependence.on_address.depends().is_empty(),
    }
}

/// What was said of so many experiments.
pub fn drawn(leak: Leak, trials: u32, experiments: u64) -> Vec<Said> {
    (0..experiments).map(|number| experiment(leak, trials, SEED ^ (number << 8) ^ u64::from(trials))).collect()
}

/// Fixed, so that every run prints the same.
const SEED: u64 = 2020;

/// Traffic that nobody asked for: rare, of very different sizes, to the host
/// that may be told too.
fn tick(stage: &mut Stage, phase: usize, draw: &mut Draw) {
    for (host, often) in TICKING.into_iter().chain([TOLD]).zip([0.1, 0.5, 0.3, 0.2]) {
        if draw.chance(often) {
            let bytes = 200.0 * (6.0 * draw.fraction()).exp2();
            stage.send_sealed(phase, host, bytes as u64);
        }
    }
    if draw.chance(0.3) {
        stage.send(phase, "open.example", Initiator::Native);
    }
}

fn tell(stage: &mut Stage, visit: usize, length: usize, leak: Leak, draw: &mut Draw) {
    let noise = (draw.fraction() * 60.0) as u64;
    match leak {
        Leak::Clear(often) if draw.chance(often) => {
            stage.tell(visit, visit, REPORT);
        }
        Leak::Sealed(often) if draw.chance(often) => stage.send_sealed(visit, TOLD, 300 + noise + length as u64),
        Leak::Padded(often) if draw.chance(often) => stage.send_sealed(visit, TOLD, 2_048),
        _ => {}
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Draw(u64);

impl Draw {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn fraction(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn chance(&mut self, often: f64) -> bool {
        self.fraction() < often
    }

    fn shuffle(&mut self, values: &mut [usize]) {
        for i in (1..values.len()).rev() {
            values.swap(i, (self.number() % (i as u64 + 1)) as usize);
        }
    }
}
