//! Several relays: how much later a message comes when its receiver is connected to another one, and what PostgreSQL and a second
//! relay make of the throughput. All servers have one core together, the clients the other.

pub mod capacity;
mod company;
mod cost;

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use crate::bench::{Limit, Row, median};
use crate::corpus::Dialogue;
use crate::pairs::{self, Open};
use crate::report::Report;
use crate::stage::{Cast, Doors};
use crate::{chat, talk};

use company::{Company, Relays};

/// Messages a second of the open loop, unless told otherwise: what keeps no queue anywhere busy.
pub const RATE: u32 = 400;
/// How much later a message may come by way of the bus, in ms.
const BUDGET: f64 = 1.5;

/// How much is measured.
pub struct Extent {
    /// Runs of each measurement, of which the median counts.
    pub runs: usize,
    /// Length of one.
    pub window: Duration,
    /// Pairs that chat.
    pub pairs: usize,
    /// Messages a second of the open loop.
    pub rate: u32,
}

/// Measures it, and prints each row as soon as it is known. `cast`: as many agents with SQLite, for as many pairs.
pub async fn rows(binary: &Path, cast: &Cast, extent: &Extent, corpus: &Rc<[Dialogue]>, report: &mut Report) -> Result<()> {
    if let Some(why) = company::missing() {
        report.skipped("PostgreSQL, and several relays", &why);
        return Ok(());
    }
    let company = Company::hire(binary, extent.pairs, 1).await?;
    latency(&company, extent, corpus, report).await?;
    throughput(&company, cast, extent, corpus, report).await
}

async fn latency(company: &Company, extent: &Extent, corpus: &Rc<[Dialogue]>, report: &mut Report) -> Result<()> {
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for _ in 0..extent.runs {
        let run = near_and_far(company, extent, corpus).await?;
        near.push(run.0);
        far.push(run.1);
    }
    let p50 = |all: &[Open]| median(all.iter().map(|run| run.p50_ms).collect());
    let p99 = |all: &[Open]| median(all.iter().map(|run| run.p99_ms).collect());
    let rows = [
        ("delivery by another relay, p50", p50(&far), p50(&near), Limit::AtMostMore(BUDGET)),
        ("delivery by another relay, p99", p99(&far), p99(&near), Limit::Unset),
    ];
    for (what, measured, beside, limit) in rows {
        report.row(&Row { what, measured, floor: Some(beside), unit: "ms", limit });
    }
    Ok(())
}

/// Visitors of one relay write to agents of the same, and, in between, others to agents of another one.
async fn near_and_far(company: &Company, extent: &Extent, corpus: &Rc<[Dialogue]>) -> Result<(Open, Open)> {
    let relays = company.enter(2)?;
    let [here, there] = [0, 1].map(|number| relays.servers[number].address);
    let (one, other) = company.accounts.split_at(company.accounts.len() / 2);
    // The first agents have their visitors before the others come.
    let near = talk::pairs(&Doors::of(one, &[here], &[here])).await?;
    let far = talk::pairs(&Doors::of(other, &[there], &[here])).await?;
    let rate = extent.rate / 2;
    let between = Duration::from_secs(1) / extent.rate;
    let far = async {
        tokio::time::sleep(between).await;
        pairs::open(far, rate, extent.window, corpus).await
    };
    tokio::try_join!(pairs::open(near, rate, extent.window, corpus), far)
}

async fn throughput(company: &Company, cast: &Cast, extent: &Extent, corpus: &Rc<[Dialogue]>, report: &mut Report) -> Result<()> {
    let (mut sqlite, mut postgres, mut two) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..extent.runs {
        sqlite.push(chat::relay_closed(cast, extent.window, corpus).await?.per_second);
        for (relays, rates) in [(1, &mut postgres), (2, &mut two)] {
            let relays = company.enter(relays)?;
            let talks = talk::pairs(&mixed(company, &relays)).await?;
            rates.push(pairs::closed(talks, || Ok(()), extent.window, corpus).await?.per_second);
        }
    }
    let (sqlite, postgres, two) = (median(sqlite), median(postgres), median(two));
    let rows = [("durable chat, PostgreSQL by SQLite", postgres, sqlite), ("the same, two relays by one", two, postgres)];
    for (what, measured, beside) in rows {
        report.row(&Row { what, measured, floor: Some(beside), unit: "messages/s", limit: Limit::Unset });
    }
    Ok(())
}

/// As a balancer would have it: half of all chats have their agent at another relay than their visitor.
fn mixed(company: &Company, relays: &Relays) -> Doors {
    let agents: Vec<_> = relays.servers.iter().map(|relay| relay.address).collect();
    let visitors: Vec<_> = agents.iter().flat_map(|relay| [*relay; 2]).collect();
    Doors::of(&company.accounts, &agents, &visitors)
}
