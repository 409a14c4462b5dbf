//! Who comes to the simulated desk and when, how long their chat is and how long they would wait, and when agents are away. All of
//! it is drawn before the first visitor comes, so that every rule is tried on the same days.

use std::f64::consts::TAU;

use anyhow::{Context, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, Exp, LogNormal, StandardUniform};

use super::Setting;

/// Virtual time, in ms since the simulation began.
pub type Millis = i64;

pub const MINUTE: Millis = 60_000;
pub const HOUR: Millis = 60 * MINUTE;
pub const DAY: Millis = 24 * HOUR;

/// One visitor.
#[derive(Clone, Copy, Debug)]
pub struct Visitor {
    /// When they write.
    pub at: Millis,
    /// How long their chat occupies a slot.
    pub chat: Millis,
    /// How long they wait before they give up.
    pub patience: Millis,
}

/// An agent is away.
#[derive(Clone, Copy, Debug)]
pub struct Absence {
    pub agent: usize,
    pub from: Millis,
    pub to: Millis,
}

/// Everything that happens to a desk from outside.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// In the order in which they come.
    pub visitors: Vec<Visitor>,
    pub absences: Vec<Absence>,
    pub end: Millis,
}

impl Traffic {
    /// Draws it: arrivals by a Poisson process whose rate swings once a day, log-normal chats, exponential patience and absences.
    pub fn draw(setting: &Setting, seed: u64) -> Result<Self> {
        let chats = LogNormal::from_mean_cv(setting.chat_minutes, setting.chat_spread).context("no such lengths of chats")?;
        Self::with(setting, seed, &chats)
    }

    /// The same with other lengths of chats, in minutes.
    pub fn with(setting: &Setting, seed: u64, chats: &impl Distribution<f64>) -> Result<Self> {
        let end = i64::from(setting.days) * DAY;
        // Streams of their own, so that one more visitor does not send other agents away.
        let stream = |number| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(number);
            random
        };
        Ok(Self {
            visitors: visitors(setting, end, chats, &mut stream(0))?,
            absences: absences(setting, end, &mut stream(1))?,
            end,
        })
    }
}

/// Lewis and Shedler's thinning: candidates come at the highest rate, and each stays with the share that its hour has of it.
fn visitors(setting: &Setting, end: Millis, chats: &impl Distribution<f64>, random: &mut ChaCha8Rng) -> Result<Vec<Visitor>> {
    let gap = Exp::new(setting.per_hour * setting.peak / HOUR as f64).context("no such rate")?;
    let patience = exponential(setting.patience_minutes)?;
    let mut visitors = Vec::new();
    let mut at = 0.0;
    loop {
        at += gap.sample(random);
        if at >= end as f64 {
            return Ok(visitors);
        }
        let swing = 1.0 - (setting.peak - 1.0) * (TAU * at / DAY as f64).cos();
        let keep: f64 = StandardUniform.sample(random);
        if keep * setting.peak < swing {
            let minutes = |minutes: f64| (minutes * MINUTE as f64) as Millis;
            let (chat, patience) = (minutes(chats.sample(random)), minutes(patience.sample(random)));
            visitors.push(Visitor { at: at as Millis, chat, patience });
        }
    }
}

fn absences(setting: &Setting, end: Millis, random: &mut ChaCha8Rng) -> Result<Vec<Absence>> {
    if setting.away_minutes == 0.0 {
        return Ok(Vec::new());
    }
    let (here, away) = (exponential(setting.here_minutes)?, exponential(setting.away_minutes)?);
    let mut absences = Vec::new();
    for agent in 0..usize::from(setting.agents) {
        let mut at = 0;
        while at < end {
            let from = at + (here.sample(random) * MINUTE as f64) as Millis;
            at = from + (away.sample(random) * MINUTE as f64) as Millis;
            absences.push(Absence { agent, from, to: at });
        }
    }
    Ok(absences)
}

fn exponential(mean: f64) -> Result<Exp<f64>> {
    Exp::new(1.0 / mean).context("a mean time must be above 0")
}
