//! `bulle-load desk-sim`: the desk's rule over days of traffic in virtual time, beside products that hand out chats by a timer, and
//! beside what no rule can beat. Pure: it opens nothing, and the same seed gives the same table.
//!
//! - [`traffic`]: who comes · [`desk`]: the events and the rules · [`result`]: what came of it · [`theory`]: closed forms for the tests

use anyhow::Result;
use clap::Args;

use desk::{Rule, simulate};
pub use result::Interval;
use result::{Figures, summary};
use traffic::{MINUTE, Traffic};

mod desk;
mod result;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod theory;
mod traffic;

/// The simulated team and its visitors.
#[derive(Args, Clone, Debug)]
pub struct Setting {
    /// Agents who share all visitors
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub agents: u16,
    /// Slots of each; the default is the relay's
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub slots: u8,
    /// Days of each run
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=365))]
    pub days: u16,
    /// Runs, each with the next seed
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(2..=1000))]
    pub runs: u16,
    /// First seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Visitors an hour, over the whole day, 0.1 to 100000; the default keeps two of three slots busy over the day, and more than there are at the peak
    #[arg(long, default_value_t = 100.0, value_parser = between::<1, 1_000_000>)]
    pub per_hour: f64,
    /// Rate at the busiest time of day, over the mean one, 1 to 2; an assumption
    #[arg(long, default_value_t = 1.5, value_parser = between::<10, 20>)]
    pub peak: f64,
    /// Mean minutes of a chat, 0.1 to 1000; 11 min 55 s in Comm100's Live Chat Benchmark Report 2020
    #[arg(long, default_value_t = 11.9, value_parser = between::<1, 10_000>)]
    pub chat_minutes: f64,
    /// Standard deviation of a chat's length over its mean, 0 to 5; log-normal as in Brown et al., JASA 100 (2005), the spread is an
    /// assumption
    #[arg(long, default_value_t = 1.0, value_parser = between::<0, 50>)]
    pub chat_spread: f64,
    /// Mean minutes that a visitor waits before they give up, 0.1 to 100000; an assumption
    #[arg(long, default_value_t = 3.0, value_parser = between::<1, 1_000_000>)]
    pub patience_minutes: f64,
    /// Mean minutes between an agent's absences, 0.1 to 100000; an assumption
    #[arg(long, default_value_t = 80.0, value_parser = between::<1, 1_000_000>)]
    pub here_minutes: f64,
    /// Mean minutes of an absence, 0 to 1000, 0: nobody is ever away; an assumption
    #[arg(long, default_value_t = 10.0, value_parser = between::<0, 10_000>)]
    pub away_minutes: f64,
}

/// Parses a number between two, given in tenths.
fn between<const LEAST: i32, const MOST: i32>(text: &str) -> Result<f64, String> {
    let (least, most) = (f64::from(LEAST) / 10.0, f64::from(MOST) / 10.0);
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("{number} is not between {least} and {most}")) }
}

/// A rule's figures.
pub struct Row {
    pub name: &'static str,
    pub figures: Figures<Interval>,
    /// Whether there are agents among whom it could be fair.
    pub has_agents: bool,
}

/// All rules on the same days.
pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let rules = [
        ("no rule can beat", Rule::Pool),
        ("Bulle", Rule::Bulle),
        ("round robin, every 5 s", Rule::Ticks(MINUTE / 12)),
        ("round robin, every 60 s", Rule::Ticks(MINUTE)),
        ("round robin, every 5 min", Rule::Ticks(5 * MINUTE)),
    ];
    let mut figures = rules.map(|_| Vec::new());
    for run in 0..u64::from(setting.runs) {
        let traffic = Traffic::draw(setting, setting.seed.wrapping_add(run))?;
        for ((_, rule), figures) in rules.iter().zip(&mut figures) {
            figures.push(simulate(setting, &traffic, *rule).figures());
        }
    }
    let row = |((name, rule), figures): ((&'static str, Rule), &Vec<Figures<f64>>)| {
        Ok(Row { name, figures: summary(figures)?, has_agents: rule != Rule::Pool })
    };
    rules.into_iter().zip(&figures).map(row).collect()
}
