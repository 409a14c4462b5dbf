//! What a simulated desk has made of its visitors, and what several such runs say together.

use anyhow::{Context, Result};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::traffic::Millis;

/// How sure the intervals are.
const CONFIDENCE: f64 = 0.95;

/// What became of a visitor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// Not there yet, or still waiting at the end.
    Waits,
    /// Somebody had a slot after so long (a pool has no somebody).
    Served(Millis, Option<usize>),
    /// They went after so long.
    GaveUp(Millis),
}

/// One rule on one traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub fates: Vec<Fate>,
    /// Slot time with a chat in it, and all there is.
    pub busy: Millis,
    pub whole: Millis,
    /// Of each agent: time not away, and of chats given to them.
    pub here: Vec<Millis>,
    pub talked: Vec<Millis>,
    /// Starts while somebody who came earlier was waiting.
    pub overtaken: u64,
}

/// The figures of one run. Times in s, shares from 0 to 1.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures<T> {
    /// Waiting time of all, whether served or not.
    pub mean: T,
    pub p50: T,
    pub p90: T,
    pub p99: T,
    /// Share of those who gave up.
    pub gave_up: T,
    /// Share of all slots' time in which a chat was in them.
    pub slot_use: T,
    /// Jain's index of the agents' load, chats' time per time there: 1 is the same for all.
    pub fairness: T,
    /// Visitors who started before somebody who had come earlier.
    pub overtaken: T,
}

/// A mean over runs, and how far the true one may be from it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Interval {
    pub mean: f64,
    pub plus_minus: f64,
}

impl Run {
    pub fn new(visitors: usize, agents: usize) -> Self {
        let fates = vec![Fate::Waits; visitors];
        Self { fates, busy: 0, whole: 0, here: vec![0; agents], talked: vec![0; agents], overtaken: 0 }
    }

    /// Sorted waiting times of all whose wait has ended.
    fn waits(&self) -> Vec<Millis> {
        let wait = |fate: &Fate| match fate {
            Fate::Served(wait, _) | Fate::GaveUp(wait) => Some(*wait),
            Fate::Waits => None,
        };
        let mut waits: Vec<Millis> = self.fates.iter().filter_map(wait).collect();
        waits.sort_unstable();
        waits
    }

    pub fn figures(&self) -> Figures<f64> {
        let waits = self.waits();
        let all = waits.len().max(1) as f64;
        // Nearest rank.
        let quantile = |share: f64| {
            let rank = (share * all).ceil() as usize;
            waits.get(rank.saturating_sub(1)).map_or(0.0, |wait| *wait as f64 / 1_000.0)
        };
        let gave_up = self.fates.iter().filter(|fate| matches!(fate, Fate::GaveUp(_))).count();
        let loads = self.talked.iter().zip(&self.here).map(|(talked, here)| *talked as f64 / (*here).max(1) as f64);
        Figures {
            mean: waits.iter().sum::<Millis>() as f64 / 1_000.0 / all,
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            gave_up: gave_up as f64 / all,
            slot_use: self.busy as f64 / self.whole.max(1) as f64,
            fairness: jain(loads),
            overtaken: self.overtaken as f64,
        }
    }
}

/// (Σx)² / (n Σx²), by Jain, Chiu and Hawe 1984. Nothing at all is fair, too.
pub fn jain(loads: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for load in loads {
        count += 1.0;
        sum += load;
        squares += load * load;
    }
    if squares == 0.0 { 1.0 } else { sum * sum / (count * squares) }
}

/// Student's interval of a mean of independent runs.
pub fn interval(runs: &[f64]) -> Result<Interval> {
    let count = runs.len() as f64;
    let mean = runs.iter().sum::<f64>() / count;
    let variance = runs.iter().map(|run| (run - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let student = StudentsT::new(0.0, 1.0, count - 1.0).context("an interval needs two runs")?;
    let plus_minus = student.inverse_cdf(0.5 + CONFIDENCE / 2.0) * (variance / count).sqrt();
    Ok(Interval { mean, plus_minus })
}

/// All figures of several runs.
pub fn summary(runs: &[Figures<f64>]) -> Result<Figures<Interval>> {
    let over = |figure: fn(&Figures<f64>) -> f64| interval(&runs.iter().map(figure).collect::<Vec<_>>());
    Ok(Figures {
        mean: over(|run| run.mean)?,
        p50: over(|run| run.p50)?,
        p90: over(|run| run.p90)?,
        p99: over(|run| run.p99)?,
        gave_up: over(|run| run.gave_up)?,
        slot_use: over(|run| run.slot_use)?,
        fairness: over(|run| run.fairness)?,
        overtaken: over(|run| run.overtaken)?,
    })
}
