//! How fast a freed slot pulls the next visitor out of a long queue: agents end chats at a steady pace, and each waits for the
//! chat that they get instead. Their consoles are all open, so the boards that 200 of them are sent cost what they cost.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use shared::agent::{About, Dialect, FromRelay, ToRelay};
use shared::ids::{AgentId, ConversationId};
use shared::link::{Emit, Status};
use shared::model::{Say, State};
use tests::client::Client;
use tests::door::Door;
use tests::new_id;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::idle::source;
use crate::stage::Stage;
use crate::talk;

/// Pause between two freed slots: 100 a second, far more than 200 people ever end, and little enough that each is seen alone.
const PACE: Duration = Duration::from_millis(10);
/// How long one step may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was measured.
pub struct Dispatch {
    /// Agents.
    pub agents: usize,
    /// Visitors in the queue at the beginning.
    pub queued: usize,
    /// Slots that were freed.
    pub freed: usize,
    /// Median from freed to assigned, in ms.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

/// What an agent's task tells.
enum News {
    /// A chat is theirs now.
    Has,
    /// Assigned this long after the slot was freed.
    Assigned(Duration),
    /// Something broke.
    Broken(anyhow::Error),
}

/// Measures it. `slots` per agent, as hired.
pub async fn measure(stage: &Stage, slots: usize, queued: usize, freed: usize) -> Result<Dispatch> {
    let local = LocalSet::new();
    local.run_until(run(stage, slots, queued, freed)).await
}

async fn run(stage: &Stage, slots: usize, queued: usize, freed: usize) -> Result<Dispatch> {
    let (tell, mut news) = mpsc::channel(1024);
    let mut orders = Vec::new();
    for account in &stage.accounts {
        let client = talk::agent(stage.door(account)).await?;
        // One order at a time waits for an agent who is still at the last one.
        let (order, todo) = mpsc::channel(64);
        orders.push(order);
        let tell = tell.clone();
        let id = account.me.id;
        tokio::task::spawn_local(async move {
            if let Err(error) = work(client, id, todo, &tell).await {
                let _ = tell.send(News::Broken(error)).await;
            }
        });
    }
    let total = stage.accounts.len() * slots + queued;
    for number in 0..total {
        let door = Door { from: Some(source(number)), ..Door::visitor(stage.server.address, "demo") };
        let mut client = talk::visitor(door).await?;
        client.say(Say::text(new_id(), None, format!("I am number {number}")));
        tokio::time::timeout(PATIENCE, talk::acked(&mut client)).await.context("a first message was not acked")??;
        tokio::task::spawn_local(async move {
            loop {
                client.next().await;
            }
        });
    }
    let mut held = 0;
    while held < stage.accounts.len() * slots {
        if let News::Has = next(&mut news).await? {
            held += 1;
        }
    }

    let mut took = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    let mut pace = tokio::time::interval(PACE);
    let pacing = async {
        for turn in 0..freed {
            pace.tick().await;
            let order = &orders[turn % orders.len()];
            order.send(()).await.ok().context("an agent is gone")?;
        }
        anyhow::Ok(())
    };
    let counting = async {
        let mut counted = 0;
        while counted < freed {
            if let News::Assigned(after) = next(&mut news).await? {
                took.record(u64::try_from(after.as_micros())?)?;
                counted += 1;
            }
        }
        anyhow::Ok(())
    };
    tokio::try_join!(pacing, counting)?;
    let ms = |micros: u64| micros as f64 / 1000.0;
    Ok(Dispatch {
        agents: stage.accounts.len(),
        queued,
        freed,
        p50_ms: ms(took.value_at_quantile(0.5)),
        p99_ms: ms(took.value_at_quantile(0.99)),
        max_ms: ms(took.max()),
    })
}

async fn next(news: &mut mpsc::Receiver<News>) -> Result<News> {
    match tokio::time::timeout(PATIENCE, news.recv()).await.context("no slot was filled")? {
        Some(News::Broken(error)) => Err(error),
        Some(news) => Ok(news),
        None => bail!("all agents are gone"),
    }
}

/// Ends a chat whenever told to, and says when the next one has come.
async fn work(mut client: Client<Dialect>, me: AgentId, mut todo: mpsc::Receiver<()>, tell: &mpsc::Sender<News>) -> Result<()> {
    let mut mine: Vec<ConversationId> = Vec::new();
    let mut freed: Option<Instant> = None;
    loop {
        tokio::select! {
            order = todo.recv(), if freed.is_none() && !mine.is_empty() => {
                if order.is_none() {
                    return Ok(());
                }
                let conversation = mine.remove(0);
                freed = Some(Instant::now());
                client.send(ToRelay::Close(About { id: new_id(), conversation }));
            }
            emit = client.next() => match emit {
                Emit::Frame(FromRelay::Chat(chat)) => {
                    let chat = chat.conversation;
                    let is_mine = chat.state == State::Active && chat.agent.as_ref().is_some_and(|agent| agent.id == me);
                    if is_mine && !mine.contains(&chat.id) {
                        mine.push(chat.id);
                        let news = freed.take().map_or(News::Has, |freed| News::Assigned(freed.elapsed()));
                        tell.send(news).await.ok().context("nobody listens")?;
                    }
                }
                Emit::Refused(error) => bail!("refused: {:?} {}", error.code, error.message),
                Emit::Status(Status::Waiting(_)) => bail!("the relay hung up on an agent"),
                _ => {}
            }
        }
    }
}
