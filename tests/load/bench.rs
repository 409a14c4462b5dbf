//! Every time and memory budget of the design, measured now: relay and floor in turns, so that both meet the same machine, and the
//! median of all runs against the budget.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cdp::Chromium;
use crate::corpus::Dialogue;
use crate::report::Report;
use crate::stage::Cast;
use crate::{chat, cluster, console, dispatch, idle, page, start};

/// How much is measured.
pub struct Extent {
    /// Runs of each measurement, of which the median counts.
    pub runs: usize,
    /// Length of one chat run.
    pub window: Duration,
    /// Idle visitors.
    pub idle: usize,
    /// Pairs that chat.
    pub pairs: usize,
    /// Messages a second of the open loop.
    pub rate: u32,
    /// Agents of the dispatch measurement, with three slots each.
    pub agents: usize,
    /// Visitors that wait for them.
    pub queued: usize,
    /// Slots that are freed.
    pub freed: usize,
    /// Messages in the filled store.
    pub messages: usize,
}

impl Extent {
    /// The budgets' own: medians of 9.
    pub fn full() -> Self {
        Self {
            runs: 9,
            window: Duration::from_secs(3),
            idle: 10_000,
            pairs: 64,
            rate: 2_000,
            agents: 200,
            queued: 2_000,
            freed: 600,
            messages: 1_000_000,
        }
    }

    /// Fewer and shorter runs, for a first impression.
    pub fn quick() -> Self {
        Self { runs: 3, window: Duration::from_secs(2), freed: 300, ..Self::full() }
    }
}

/// What a budget limits, and how.
pub enum Limit {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// At most so much more than what it is measured beside.
    AtMostMore(f64),
    /// None: it is only told.
    Unset,
}

/// One row of the result.
pub struct Row {
    /// What is measured.
    pub what: &'static str,
    /// The relay's figure, with its unit in `unit`.
    pub measured: f64,
    /// What it is measured beside, the floor unless `what` says another thing.
    pub floor: Option<f64>,
    /// Unit of both.
    pub unit: &'static str,
    /// The budget: for the ratio or the difference where there is a floor, else for the figure.
    pub limit: Limit,
}

impl Row {
    /// What the budget is about: the ratio, the difference, or the figure itself.
    pub fn value(&self) -> f64 {
        match (&self.limit, self.floor) {
            (_, None) => self.measured,
            (Limit::AtMostMore(_), Some(floor)) => self.measured - floor,
            (_, Some(floor)) => self.measured / floor,
        }
    }

    /// Whether it is within the budget.
    pub fn met(&self) -> bool {
        match self.limit {
            Limit::AtMost(most) | Limit::AtMostMore(most) => self.value() <= most,
            Limit::AtLeast(least) => self.value() >= least,
            Limit::Unset => true,
        }
    }
}

/// Measures everything and prints each row as soon as it is known.
pub async fn run(binary: &Path, extent: &Extent, corpus: &Rc<[Dialogue]>, report: &mut Report) -> Result<()> {
    let Extent { runs, window, rate, .. } = *extent;
    let nobody = Cast::empty(binary)?;

    let (mut at_rest, mut empty) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        at_rest.push(start::rest(&nobody).await? as f64 / MEGABYTE);
        empty.push(start::ready(&nobody).await?.ready_ms);
    }
    report.row(&Row { what: "memory at rest", measured: median(at_rest), floor: None, unit: "MB", limit: Limit::AtMost(25.0) });
    report.row(&Row {
        what: "start to ready, empty store",
        measured: median(empty),
        floor: None,
        unit: "ms",
        limit: Limit::AtMost(100.0),
    });
    page_rows(&nobody, runs, report).await?;
    console_row(binary, runs, report).await?;
    let filled = start::filled(binary, extent.messages).await?;
    let mut full = Vec::new();
    for _ in 0..runs {
        full.push(start::ready(&filled).await?.ready_ms);
    }
    drop(filled);
    report.row(&Row {
        what: "start to ready, 1 million messages",
        measured: median(full),
        floor: None,
        unit: "ms",
        limit: Limit::AtMost(300.0),
    });

    let (mut relay_idle, mut floor_idle) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        floor_idle.push(idle::floor(extent.idle).await?.each / KILOBYTE);
        relay_idle.push(idle::relay(&nobody, extent.idle).await?.each / KILOBYTE);
    }
    let floor = Some(median(floor_idle));
    report.row(&Row {
        what: "memory per idle visitor",
        measured: median(relay_idle),
        floor,
        unit: "KB",
        limit: Limit::AtMost(1.5),
    });

    let cast = Cast::hire(binary, extent.pairs, 1).await?;
    let (mut relay, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        bare.push(chat::floor_closed(extent.pairs, window, corpus).await?);
        relay.push(chat::relay_closed(&cast, window, corpus).await?);
    }
    report.row(&Row {
        what: "durable chat, closed loop, 64 pairs",
        measured: median(relay.iter().map(|run| run.per_second).collect()),
        floor: Some(median(bare.iter().map(|run| run.per_second).collect())),
        unit: "messages/s",
        limit: Limit::AtLeast(0.35),
    });
    report.row(&Row {
        what: "relay CPU per 1,000 durable messages",
        measured: median(relay.iter().map(|run| run.cpu_ms()).collect()),
        floor: Some(median(bare.iter().map(|run| run.cpu_ms()).collect())),
        unit: "ms",
        limit: Limit::AtMost(2.5),
    });
    let (mut relay, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        bare.push(chat::floor_open(extent.pairs, rate, window, corpus).await?);
        relay.push(chat::relay_open(&cast, rate, window, corpus).await?);
    }
    let p50 = median(relay.iter().map(|run| run.p50_ms).collect());
    report.row(&Row {
        what: "send to delivery at 2,000/s, p50",
        measured: p50,
        floor: None,
        unit: "ms",
        limit: Limit::AtMost(1.0),
    });
    report.row(&Row {
        what: "send to delivery at 2,000/s, p99",
        measured: median(relay.iter().map(|run| run.p99_ms).collect()),
        floor: Some(median(bare.iter().map(|run| run.p99_ms).collect())),
        unit: "ms",
        limit: Limit::AtMost(20.0),
    });

    let team = Cast::hire(binary, extent.agents, SLOTS).await?;
    let mut p99 = Vec::new();
    for _ in 0..runs {
        let stage = team.enter()?;
        let load = dispatch::Extent { slots: SLOTS as usize, queued: extent.queued, freed: extent.freed, pace: dispatch::PACE };
        p99.push(dispatch::measure(&stage.doors(), &load, || stage.server.processor_time()).await?.p99_ms);
    }
    report.row(&Row {
        what: "freed slot to next visitor, p99",
        measured: median(p99),
        floor: None,
        unit: "ms",
        limit: Limit::AtMost(100.0),
    });
    drop(team);
    cluster::rows(binary, &cast, &cluster::Extent { runs, window, pairs: extent.pairs, rate: cluster::RATE }, corpus, report)
        .await
}

/// What a page pays for the widget, and how soon a click is answered.
async fn page_rows(cast: &Cast, runs: usize, report: &mut Report) -> Result<()> {
    let mut browser = match Chromium::start().await {
        Ok(browser) => browser,
        Err(error) => {
            report.skipped("everything in a browser", &format!("{error:#}"));
            return Ok(());
        }
    };
    let stage = cast.enter()?;
    let pages = page::pages(stage.server.address).await?;
    let (mut controls, mut loads, mut clicks) = (Vec::new(), Vec::new(), Vec::new());
    // Not counted: a browser is busy with itself when it has just been started.
    page::visit(&mut browser, pages).await?;
    for _ in 0..runs {
        controls.push(page::control(&mut browser, pages).await?);
        let (load, click) = page::visit(&mut browser, pages).await?;
        loads.push(load);
        clicks.push(click);
    }
    let blank = median(controls.iter().map(|load| load.script_ms).collect());
    let rows = [
        ("script until the launcher, 4× slower", median(loads.iter().map(|load| load.script_ms).collect()), "ms", 30.0),
        ("the same, an empty page (control)", blank, "ms", 30.0),
        ("longest task until then, over 50 ms", median(loads.iter().map(|load| load.longest_task_ms).collect()), "ms", 0.0),
        ("layout shift", median(loads.iter().map(|load| load.shift).collect()), "", 0.0),
        ("click to composer focused, 4× slower", median(clicks.iter().map(|click| click.focus_ms).collect()), "ms", 150.0),
        ("script until the panel is whole", median(clicks.iter().map(|click| click.script_ms).collect()), "ms", 80.0),
    ];
    for (what, measured, unit, most) in rows {
        report.row(&Row { what, measured, floor: None, unit, limit: Limit::AtMost(most) });
    }
    let rest = [
        ("click to panel drawn, 4× slower", median(clicks.iter().map(|click| click.drawn_ms).collect())),
        ("click to panel whole, 4× slower", median(clicks.iter().map(|click| click.whole_ms).collect())),
    ];
    for (what, measured) in rest {
        report.row(&Row { what, measured, floor: None, unit: "ms", limit: Limit::Unset });
    }
    Ok(())
}

/// How soon the console answers its agent's keys while fifty chats live.
async fn console_row(binary: &Path, runs: usize, report: &mut Report) -> Result<()> {
    let mut browser = match Chromium::start().await {
        Ok(browser) => browser,
        Err(error) => {
            report.skipped("the console in a browser", &format!("{error:#}"));
            return Ok(());
        }
    };
    let cast = Cast::hire(binary, 1, console::MINE).await?;
    let mut times = Vec::new();
    for _ in 0..runs {
        let stage = cast.enter()?;
        let agent = stage.accounts.first().context("one agent was hired")?;
        times.push(console::typing(&mut browser, &stage, agent).await?.p95_ms);
    }
    report.row(&Row {
        what: "console, key to paint, 50 live chats, p95",
        measured: median(times),
        floor: None,
        unit: "ms",
        limit: Limit::AtMost(50.0),
    });
    Ok(())
}

/// The default capacity.
pub const SLOTS: u32 = 3;
const KILOBYTE: f64 = 1024.0;
const MEGABYTE: f64 = 1024.0 * 1024.0;

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
