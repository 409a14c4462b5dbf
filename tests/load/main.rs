//! `bulle-load`: measures the relay beside the bare relay of the budgets ("the floor"), in the same run and on the same cores.
//! Every measurement starts its own server process with a fresh data folder and ends it; all are bounded in count and time.

mod bench;
mod cdp;
mod chat;
mod cluster;
mod console;
mod cores;
mod corpus;
mod dispatch;
mod floor;
mod idle;
mod page;
mod pairs;
mod report;
mod sim;
mod stage;
mod start;
mod talk;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};

use crate::bench::{Extent, SLOTS};
use crate::cluster::capacity::{self, Part};
use crate::report::Report;
use crate::stage::Cast;

/// What the relay uses too: the floor must not pay for another allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures a relay under load.
#[derive(Parser)]
#[command(name = "bulle-load", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    setup: Setup,
}

/// What all measurements share.
#[derive(Args)]
struct Setup {
    /// Print one JSON object a line instead of a table
    #[arg(long, global = true)]
    json: bool,
    /// The relay's binary; the one beside this program unless given
    #[arg(long, global = true)]
    relay: Option<PathBuf>,
    /// Dialogues to speak, one {"id", "turns": [["visitor", "text"], ["agent", "text"] …]} a line
    #[arg(long, global = true)]
    corpus: Option<PathBuf>,
}

/// How much of a chat.
#[derive(Args)]
struct Talk {
    /// Pairs that chat
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pairs: u16,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Messages a second of the open loop
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
}

#[derive(Subcommand)]
enum Command {
    /// The bare relay, which only passes texts between pairs: idle memory, closed and open loop
    Floor {
        #[command(flatten)]
        talk: Talk,
        /// Connections of the idle measurement
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=19_000))]
        connections: u32,
    },
    /// Memory per idle visitor
    Idle {
        /// Visitors
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=19_000))]
        connections: u32,
    },
    /// Chats as fast as they go, and at a fixed rate
    Chat {
        #[command(flatten)]
        talk: Talk,
    },
    /// From a freed slot to the next visitor
    Dispatch {
        /// Agents, with three slots each
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=1000))]
        agents: u16,
        /// Visitors that wait
        #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        queued: u16,
        /// Slots that are freed; no more than wait
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        freed: u16,
    },
    /// From process start to ready, over an empty and a full store
    Start {
        /// Messages in the full one
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(20..=10_000_000))]
        messages: u32,
    },
    /// Memory when nobody is there
    Rest,
    /// Two relays on PostgreSQL with NATS between them, beside one, and beside SQLite
    Cluster {
        /// Runs of each measurement, of which the median counts
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=99))]
        runs: u16,
        /// Pairs that chat
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(2..=1000))]
        pairs: u16,
        /// Seconds of each measurement
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
        /// Messages a second of the open loop
        #[arg(long, default_value_t = cluster::RATE, value_parser = clap::value_parser!(u32).range(2..=100_000))]
        rate: u32,
    },
    /// What a connection, a message and a dispatch cost relays, PostgreSQL and NATS: the figures of relay/SCALING.md
    Capacity {
        /// Only this; everything unless given
        #[arg(value_enum)]
        parts: Vec<Part>,
        /// Visitors who are connected and have no conversation
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=19_000))]
        connections: u32,
        /// Visitors who are connected and have one
        #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(2..=19_000))]
        conversations: u32,
        /// Pairs that chat
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1000))]
        pairs: u16,
        /// Seconds of each chat
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
        /// Most agents, with three slots each
        #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(10..=1000))]
        agents: u16,
        /// Slots that are freed
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(10..=10_000))]
        freed: u16,
    },
    /// The desk's rule over days of traffic in virtual time, beside other rules; needs no relay
    DeskSim {
        #[command(flatten)]
        setting: sim::Setting,
    },
    /// Every time and memory budget, as medians beside the floor
    Bench {
        /// Fewer and shorter runs
        #[arg(long)]
        quick: bool,
    },
    /// Serves the bare relay until it is killed
    #[command(hide = true)]
    ServeFloor,
}

fn main() -> Result<()> {
    let Arguments { command, setup } = Arguments::parse();
    rlimit::increase_nofile_limit(u64::MAX)?;
    if let Command::ServeFloor = command {
        return run(floor::serve());
    }
    if let Command::DeskSim { setting } = command {
        Report::new(setup.json).desk_sim(&sim::run(&setting)?);
        return Ok(());
    }
    cores::take_the_clients();
    run(measure(command, setup))
}

/// One thread: the clients have one core, and the floor serves on one. Who is told to stop ends what it has started.
fn run(job: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut told = signal(SignalKind::terminate())?;
        tokio::select! {
            done = job => done,
            _ = told.recv() => bail!("told to stop"),
            _ = ctrl_c() => bail!("told to stop"),
        }
    })
}

async fn measure(command: Command, setup: Setup) -> Result<()> {
    let corpus: Rc<[corpus::Dialogue]> = corpus::load(setup.corpus.as_deref())?.into();
    let binary = setup.relay.clone().or_else(tests::relay::find_binary);
    let binary =
        binary.context("no `bulle` beside this program: build it with `cargo build --release -p relay`, or name it with --relay");
    let mut report = Report::new(setup.json);
    match command {
        Command::Floor { talk: Talk { pairs, seconds, rate }, connections } => {
            let window = Duration::from_secs(seconds);
            report.idle("floor", &idle::floor(connections as usize).await?);
            report.closed("floor", &chat::floor_closed(pairs.into(), window, &corpus).await?);
            report.open("floor", &chat::floor_open(pairs.into(), rate, window, &corpus).await?);
        }
        Command::Idle { connections } => {
            report.idle("relay", &idle::relay(&Cast::empty(&binary?)?, connections as usize).await?);
        }
        Command::Chat { talk: Talk { pairs, seconds, rate } } => {
            let window = Duration::from_secs(seconds);
            let cast = Cast::hire(&binary?, pairs.into(), 1).await?;
            report.closed("relay", &chat::relay_closed(&cast, window, &corpus).await?);
            report.open("relay", &chat::relay_open(&cast, rate, window, &corpus).await?);
        }
        Command::Dispatch { agents, queued, freed } => {
            let cast = Cast::hire(&binary?, agents.into(), SLOTS).await?;
            let freed = freed.min(queued);
            let load =
                dispatch::Extent { slots: SLOTS as usize, queued: queued.into(), freed: freed.into(), pace: dispatch::PACE };
            let stage = cast.enter()?;
            report.dispatch(&dispatch::measure(&stage.doors(), &load, || stage.server.processor_time()).await?);
        }
        Command::Start { messages } => {
            let binary = binary?;
            report.start("empty store", start::ready(&Cast::empty(&binary)?).await?.ready_ms);
            let filled = start::filled(&binary, messages as usize).await?;
            report.start(&format!("{messages} messages"), start::ready(&filled).await?.ready_ms);
        }
        Command::Rest => report.rest(start::rest(&Cast::empty(&binary?)?).await?),
        Command::Cluster { runs, pairs, seconds, rate } => {
            let (binary, window) = (binary?, Duration::from_secs(seconds));
            let cast = Cast::hire(&binary, pairs.into(), 1).await?;
            let extent = cluster::Extent { runs: runs.into(), window, pairs: pairs.into(), rate };
            cluster::rows(&binary, &cast, &extent, &corpus, &mut report).await?;
            report.end();
        }
        Command::Capacity { parts, connections, conversations, pairs, seconds, agents, freed } => {
            let parts = if parts.is_empty() { Part::value_variants() } else { parts.as_slice() };
            let extent = capacity::Extent {
                connections: connections as usize,
                conversations: conversations as usize,
                pairs: pairs.into(),
                window: Duration::from_secs(seconds),
                agents: agents.into(),
                freed: freed.into(),
            };
            capacity::run(&binary?, parts, &extent, &corpus, &report).await?;
        }
        Command::Bench { quick } => {
            let extent = if quick { Extent::quick() } else { Extent::full() };
            bench::run(&binary?, &extent, &corpus, &mut report).await?;
            report.end();
        }
        Command::DeskSim { .. } | Command::ServeFloor => {}
    }
    Ok(())
}
