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
use tests::new_id;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::stage::Doors;
use crate::talk;

/// Pause between two freed slots: 100 a second, far more than 200 people ever end, and little enough that each is seen alone.
pub const PACE: Duration = Duration::from_millis(10);
/// How long one step may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was measured.
pub struct Dispatch<R> {
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
    /// Slots that were filled per second.
    pub per_second: f64,
    /// What was read of the servers before the first of them, and after the last.
    pub read: (R, R),
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

/// How much is dispatched, and how fast.
pub struct Extent {
    /// Slots of each agent, as hired.
    pub slots: usize,
    /// Visitors that wait when it begins.
    pub queued: usize,
    /// Slots that are freed.
    pub freed: usize,
    /// Pause between two; none: each agent frees the next as soon as the last is filled.
    pub pace: Duration,
}

/// Measures it.
pub async fn measure<R>(doors: &Doors, extent: &Extent, read: impl Fn() -> Result<R>) -> Result<Dispatch<R>> {
    let local = LocalSet::new();
    local.run_until(run(doors, extent, read)).await
}

async fn run<R>(doors: &Doors, extent: &Extent, read: impl Fn() -> Result<R>) -> Result<Dispatch<R>> {
    let Extent { slots, queued, freed, pace } = *extent;
    let (tell, mut news) = mpsc::channel(1024);
    let mut orders = Vec::new();
    for (id, door) in &doors.agents {
        let client = talk::agent(door.clone()).await?;
        // Orders wait for an agent who is still at the last one.
        let (order, todo) = mpsc::channel(64);
        orders.push(order);
        let (tell, id) = (tell.clone(), *id);
        tokio::task::spawn_local(async move {
            if let Err(error) = work(client, id, todo, &tell).await {
                let _ = tell.send(News::Broken(error)).await;
            }
        });
    }
    let total = doors.agents.len() * slots + queued;
    for number in 0..total {
        let mut client = talk::visitor(doors.visitor(number)).await?;
        client.say(Say::text(new_id(), None, format!("I am number {number}")));
        tokio::time::timeout(PATIENCE, talk::acked(&mut client)).await.context("a first message was not acked")??;
        tokio::task::spawn_local(async move {
            loop {
                client.next().await;
            }
        });
    }
    let mut held = 0;
    while held < doors.agents.len() * slots {
        if let News::Has = next(&mut news).await? {
            held += 1;
        }
    }

    let mut took = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    let read_before = read()?;
    let began = Instant::now();
    let pacing = async {
        for turn in 0..freed {
            let due = began + pace * u32::try_from(turn)?;
            tokio::time::sleep_until(due.into()).await;
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
    let per_second = freed as f64 / began.elapsed().as_secs_f64();
    let read = (read_before, read()?);
    let ms = |micros: u64| micros as f64 / 1000.0;
    Ok(Dispatch {
        agents: doors.agents.len(),
        queued,
        freed,
        p50_ms: ms(took.value_at_quantile(0.5)),
        p99_ms: ms(took.value_at_quantile(0.99)),
        max_ms: ms(took.max()),
        per_second,
        read,
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
