//! `bulle-load`: measures the relay beside the bare relay of the budgets ("the floor"), in the same run and on the same cores.
//! Every measurement starts its own server process with a fresh data folder and ends it; all are bounded in count and time.

mod chat;
mod cores;
mod corpus;
mod floor;
mod idle;
mod pairs;
mod report;

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

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
#[derive(Args, Clone)]
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

#[derive(Subcommand)]
enum Command {
    /// The bare relay, which only passes texts between pairs
    Floor {
        /// Pairs that chat
        #[arg(long, default_value_t = 64)]
        pairs: usize,
        /// Seconds of each measurement
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Messages a second of the open loop
        #[arg(long, default_value_t = 2000)]
        rate: u32,
        /// Connections of the idle measurement
        #[arg(long, default_value_t = 10_000)]
        connections: usize,
    },
    /// Memory per idle visitor
    Idle {
        /// Visitors
        #[arg(long, default_value_t = 10_000)]
        connections: usize,
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
    cores::take_the_clients();
    run(measure(command, setup))
}

/// One thread: the client has one core, and the floor serves on one.
fn run(job: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(job)
}

async fn measure(command: Command, setup: Setup) -> Result<()> {
    let corpus: Rc<[corpus::Dialogue]> = corpus::load(setup.corpus.as_deref())?.into();
    match command {
        Command::Floor { pairs, seconds, rate, connections } => {
            let mut report = report::Report::new(setup.json);
            report.idle("floor", &idle::floor(connections).await?);
            let window = Duration::from_secs(seconds);
            report.closed("floor", &chat::floor_closed(pairs, window, &corpus).await?);
            report.open("floor", &chat::floor_open(pairs, rate, window, &corpus).await?);
            report.print();
        }
        Command::Idle { connections: _ } => todo!(),
        Command::ServeFloor => {}
    }
    Ok(())
}
