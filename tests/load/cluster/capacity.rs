//! What a connection, a message and a dispatch cost relays, database and bus: the figures that relay/SCALING.md reckons with.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::ValueEnum;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::Method;
use shared::link::{Emit, Status};
use shared::model::Say;
use shared::visitor::Dialect;
use tests::accounts::Office;
use tests::client::Client;
use tests::new_id;
use tests::proxy::{Proxy, Weather};
use tokio::task::LocalSet;

use super::company::{self, Company, Relays};
use super::cost::{self, Costs, Spent};
use crate::bench::SLOTS;
use crate::corpus::Dialogue;
use crate::idle::AT_ONCE;
use crate::report::Report;
use crate::stage::{Cast, Doors};
use crate::{dispatch, pairs, talk};

/// How long a chat is noted by the database, request by request.
const NOTED: Duration = Duration::from_secs(1);
/// Longer than two pings of everybody, from both ends, with their jitter.
const IDLE: Duration = Duration::from_secs(60);
/// Until memory and boards are quiet again.
const SETTLED: Duration = Duration::from_secs(3);
/// How far the database is in one of the measurements: no timer knows less.
const EACH_WAY: Duration = Duration::from_millis(1);
/// Loaders that are fetched.
const LOADERS: usize = 2_000;
/// Sites of the measurement that is about them.
const SITES: u32 = 100;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The loader, which every page asks for
    Loader,
    /// Connections of visitors who do nothing
    Idle,
    /// Messages
    Messages,
    /// Freed slots that are filled
    Dispatch,
}

/// How much is measured.
pub struct Extent {
    /// Visitors who are connected and have no conversation.
    pub connections: usize,
    /// Visitors who have one.
    pub conversations: usize,
    /// Pairs that chat.
    pub pairs: usize,
    /// Length of a chat.
    pub window: Duration,
    /// Most agents.
    pub agents: usize,
    /// Slots that are freed.
    pub freed: usize,
}

/// Measures these parts, and prints what it finds.
pub async fn run(binary: &Path, parts: &[Part], extent: &Extent, corpus: &Rc<[Dialogue]>, report: &Report) -> Result<()> {
    if let Some(why) = company::missing() {
        report.skipped("PostgreSQL, and several relays", &why);
        return Ok(());
    }
    for part in parts {
        match part {
            Part::Loader => loader(binary, report).await?,
            Part::Idle => idle(binary, extent, report).await?,
            Part::Messages => messages(binary, extent, corpus, report).await?,
            Part::Dispatch => dispatches(binary, extent, report).await?,
        }
    }
    Ok(())
}

/// The script of every page, by one connection; a browser keeps it for five minutes.
async fn loader(binary: &Path, report: &Report) -> Result<()> {
    let stage = Cast::empty(binary)?.enter()?;
    let office = Office::new(stage.server.address);
    let before = stage.server.processor_time()?;
    let mut bytes = 0;
    for _ in 0..LOADERS {
        let answer = office.request(Method::GET, "/bulle.js?site=demo").send().await?;
        ensure!(answer.status.is_success(), "no loader: {}", answer.status);
        bytes = answer.body.len();
    }
    let cpu = (stage.server.processor_time()? - before).as_secs_f64() * 1e6 / LOADERS as f64;
    report.costs("the loader", &[("relay CPU, µs", cpu), ("bytes, not compressed", bytes as f64)]);
    Ok(())
}

/// Two relays with a bus, and visitors at both.
async fn idle(binary: &Path, extent: &Extent, report: &Report) -> Result<()> {
    let company = Company::hire(binary, 1, 1).await?;
    for (talks, count) in [(false, extent.connections), (true, extent.conversations)] {
        let relays = company.enter(2)?;
        let local = LocalSet::new();
        local.run_until(idle_visitors(&company, &relays, talks, count, report)).await?;
    }
    Ok(())
}

async fn idle_visitors(company: &Company, relays: &Relays, talk: bool, count: usize, report: &Report) -> Result<()> {
    let memory = || -> Result<(f64, f64)> {
        let relays = relays.servers.iter().map(|relay| relay.resident()).collect::<Result<Vec<_>>>()?;
        Ok((relays.iter().sum::<u64>() as f64, company.bus.resident()? as f64))
    };
    let addresses: Vec<_> = relays.servers.iter().map(|relay| relay.address).collect();
    let doors = Doors::of(&[], &[], &addresses);
    tokio::time::sleep(SETTLED).await;
    let (before, memory_before) = (Spent::so_far(company, relays)?, memory()?);
    let subjects_before = company.bus.traffic()?.subscriptions;
    let visitors: Vec<_> =
        stream::iter(0..count).map(|number| comes(&doors, number, talk)).buffer_unordered(AT_ONCE).try_collect().await?;
    tokio::time::sleep(SETTLED).await;
    let (opened, memory_after) = (Spent::so_far(company, relays)?, memory()?);
    let subjects = company.bus.traffic()?.subscriptions - subjects_before;
    let each = count as f64;
    let lost = Rc::new(Cell::new(0));
    for visitor in visitors {
        tokio::task::spawn_local(stays(visitor, Rc::clone(&lost)));
    }
    company.store.notes_requests(true)?;
    let begins = Spent::so_far(company, relays)?;
    tokio::time::sleep(IDLE).await;
    let ends = Spent::so_far(company, relays)?;
    company.store.notes_requests(false)?;
    ensure!(lost.get() == 0, "{} connections were lost", lost.get());

    let who = if talk { "a visitor with a conversation" } else { "a visitor without a conversation" };
    let mut costs: Costs = vec![
        ("visitors", each),
        ("relay memory, bytes", (memory_after.0 - memory_before.0) / each),
        ("bus memory, bytes", (memory_after.1 - memory_before.1) / each),
        ("subjects", subjects as f64 / each),
    ];
    costs.extend(cost::each((before, opened), each));
    report.costs(&format!("{who}, to come"), &costs);
    let hours = IDLE.as_secs_f64() / 3600.0;
    let mut costs = cost::each((begins, ends), each * hours);
    costs.extend(cost::requests((begins, ends), each * hours).into_iter().take(1));
    report.costs(&format!("{who}, an hour"), &costs);
    Ok(())
}

async fn comes(doors: &Doors, number: usize, talk: bool) -> Result<Client<Dialect>> {
    let mut visitor = talk::visitor(doors.visitor(number)).await?;
    if talk {
        visitor.say(Say::text(new_id(), None, format!("I am number {number}")));
        talk::acked(&mut visitor).await?;
    }
    Ok(visitor)
}

/// Answers pings, and sends its own.
async fn stays(mut visitor: Client<Dialect>, lost: Rc<Cell<usize>>) {
    loop {
        if let Emit::Status(Status::Waiting(_) | Status::Refused(_)) = visitor.next().await {
            lost.set(lost.get() + 1);
        }
    }
}

/// One conversation at a time, and many; all at one relay, and all from one relay to another.
async fn messages(binary: &Path, extent: &Extent, corpus: &Rc<[Dialogue]>, report: &Report) -> Result<()> {
    let company = Company::hire(binary, extent.pairs, 1).await?;
    for count in [1, extent.pairs] {
        for relays in [1, 2] {
            let accounts = &company.accounts[..count];
            let chat = async |noted: bool| {
                let relays = company.enter(relays)?;
                let addresses: Vec<_> = relays.servers.iter().map(|relay| relay.address).collect();
                let (first, last) = (addresses.first().copied(), addresses.last().copied());
                let doors = Doors::of(accounts, last.as_slice(), first.as_slice());
                let talks = talk::pairs(&doors).await?;
                company.store.notes_requests(noted)?;
                let window = if noted { NOTED } else { extent.window };
                let closed = pairs::closed(talks, || Spent::so_far(&company, &relays), window, corpus).await;
                company.store.notes_requests(false)?;
                closed
            };
            let (plain, noted) = (chat(false).await?, chat(true).await?);
            let mut costs: Costs = vec![("messages/s", plain.per_second)];
            costs.extend(cost::each(plain.read, plain.messages as f64));
            costs.extend(cost::requests(noted.read, noted.messages as f64));
            let place = if relays == 1 { "one relay" } else { "from one relay to another" };
            report.costs(&format!("a message, {place}, pairs at a time: {count}"), &costs);
        }
    }
    far_database(&company, extent, corpus, report).await
}

/// Nearly all databases have a network before them.
async fn far_database(company: &Company, extent: &Extent, corpus: &Rc<[Dialogue]>, report: &Report) -> Result<()> {
    // A thread of its own: this one waits for the relay's start.
    let network = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let way = network.spawn(Proxy::start(company.store.address())).await??;
    let relays = company.enter_by(way.address)?;
    let [relay] = relays.servers.as_slice() else { bail!("one relay") };
    let doors = Doors::of(&company.accounts, &[relay.address], &[relay.address]);
    let talks = talk::pairs(&doors).await?;
    way.turns(Weather::Slow(EACH_WAY));
    let closed = pairs::closed(talks, || Ok(()), extent.window, corpus).await?;
    network.shutdown_background();
    let costs = [("messages/s", closed.per_second)];
    report.costs(&format!("a message, the database {EACH_WAY:?} away each way, pairs at a time: {}", extent.pairs), &costs);
    Ok(())
}

/// Agents end chats as fast as they get new ones.
async fn dispatches(binary: &Path, extent: &Extent, report: &Report) -> Result<()> {
    let company = Company::hire(binary, extent.agents, SLOTS).await?;
    let few = extent.agents / 10;
    let some = extent.agents * 4 / 10;
    let load = |freed| dispatch::Extent { slots: SLOTS as usize, queued: freed, freed, pace: Duration::ZERO };
    for (relays, agents, sites) in [(1, few, 1), (1, some, 1), (1, extent.agents, 1), (2, some, 1), (1, some, SITES)] {
        let run = async |noted: bool, freed: usize| {
            let relays = company.enter(relays)?;
            company.add_sites(sites - 1)?;
            let addresses: Vec<_> = relays.servers.iter().map(|relay| relay.address).collect();
            let doors = Doors::of(&company.accounts[..agents], &addresses, &addresses);
            let read = || {
                company.store.notes_requests(noted)?;
                Spent::so_far(&company, &relays)
            };
            let measured = dispatch::measure(&doors, &load(freed), read).await;
            company.store.notes_requests(false)?;
            measured
        };
        let (plain, noted) = (run(false, extent.freed).await?, run(true, extent.freed / 5).await?);
        let mut costs: Costs = vec![("slots/s", plain.per_second), ("p50, ms", plain.p50_ms), ("p99, ms", plain.p99_ms)];
        costs.extend(cost::each(plain.read, plain.freed as f64));
        costs.extend(cost::requests(noted.read, noted.freed as f64));
        report.costs(&format!("a freed slot, relays: {relays}, agents: {agents}, sites: {sites}"), &costs);
    }
    let cast = Cast::hire(binary, some, SLOTS).await?;
    let stage = cast.enter()?;
    let measured = dispatch::measure(&stage.doors(), &load(extent.freed), || stage.server.processor_time()).await?;
    let cpu = (measured.read.1 - measured.read.0).as_secs_f64() * 1e6 / measured.freed as f64;
    let costs =
        [("slots/s", measured.per_second), ("p50, ms", measured.p50_ms), ("p99, ms", measured.p99_ms), ("relay CPU, µs", cpu)];
    report.costs(&format!("a freed slot, SQLite, agents: {some}"), &costs);
    Ok(())
}
