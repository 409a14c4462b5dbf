//! Pairs that talk, over whatever relay: the closed loop (the next turn only after the last one was acked and delivered) and the
//! open loop (messages at a fixed rate, whatever comes of them). The same code measures the relay and the floor.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use tokio::task::LocalSet;

use crate::corpus::{self, Dialogue, Speaker};

/// Pairs talk this long before anything counts: caches, branch predictors and the store's files are warm then.
const WARM_UP: Duration = Duration::from_secs(1);
/// A turn that takes longer than this is a fault, not a slow relay.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a side of a pair learns.
pub enum Heard {
    /// What was put is on its way (floor) or on disk (relay).
    Acked,
    /// The other side's text.
    Text(String),
}

/// One side of a pair.
pub trait Talker {
    /// Says something.
    fn put(&mut self, text: String);
    /// What comes next. May be dropped without loss.
    fn event(&mut self) -> impl Future<Output = Result<Heard>>;
}

/// What the closed loop showed.
pub struct Closed<R> {
    /// Pairs.
    pub pairs: usize,
    /// Messages acked and delivered per second.
    pub per_second: f64,
    /// How many in all.
    pub messages: u64,
    /// What was read of the servers before the first of them, and after the last.
    pub read: (R, R),
}

impl Closed<Duration> {
    /// Processor time per 1,000 messages, in ms, where that is what was read.
    pub fn cpu_ms(&self) -> f64 {
        (self.read.1 - self.read.0).as_secs_f64() * 1e6 / self.messages as f64
    }
}

/// What the open loop showed.
pub struct Open {
    /// Messages a second that were asked for.
    pub rate: u32,
    /// And said.
    pub per_second: f64,
    /// Median from say to delivery, in ms.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

/// All pairs speak their dialogues turn by turn as fast as they can.
pub async fn closed<A, B, R>(
    pairs: Vec<(A, B)>,
    read: impl Fn() -> Result<R>,
    window: Duration,
    corpus: &Rc<[Dialogue]>,
) -> Result<Closed<R>>
where
    A: Talker + 'static,
    B: Talker + 'static,
{
    let count = pairs.len();
    let delivered = Rc::new(Cell::new(0_u64));
    let over = Rc::new(Cell::new(false));
    let local = LocalSet::new();
    let mut talks = tokio::task::JoinSet::new();
    for (number, (mut visitor, mut agent)) in pairs.into_iter().enumerate() {
        let (delivered, over, corpus) = (Rc::clone(&delivered), Rc::clone(&over), Rc::clone(corpus));
        talks.spawn_local_on(
            async move {
                for (speaker, text) in corpus::turns(&corpus, number) {
                    if over.get() {
                        break;
                    }
                    let turn = async {
                        match speaker {
                            Speaker::Visitor => exchange(&mut visitor, &mut agent, text).await,
                            Speaker::Agent => exchange(&mut agent, &mut visitor, text).await,
                        }
                    };
                    tokio::time::timeout(PATIENCE, turn).await.context("a turn was lost")??;
                    delivered.set(delivered.get() + 1);
                }
                Ok::<(), anyhow::Error>(())
            },
            &local,
        );
    }
    let measured = local
        .run_until(async {
            tokio::time::sleep(WARM_UP).await;
            let (read_before, before, began) = (read()?, delivered.get(), Instant::now());
            tokio::time::sleep(window).await;
            let (messages, took) = (delivered.get() - before, began.elapsed());
            let read_after = read()?;
            over.set(true);
            while let Some(ended) = talks.join_next().await {
                ended??;
            }
            anyhow::Ok((messages, took, (read_before, read_after)))
        })
        .await?;
    let (messages, took, read) = measured;
    ensure!(messages > 0, "nothing was delivered");
    Ok(Closed { pairs: count, per_second: messages as f64 / took.as_secs_f64(), messages, read })
}

/// One turn: said, acked to its author, delivered to the other.
async fn exchange(from: &mut impl Talker, to: &mut impl Talker, text: &str) -> Result<()> {
    from.put(text.to_owned());
    let acked = async {
        while !matches!(from.event().await?, Heard::Acked) {}
        anyhow::Ok(())
    };
    let delivered = async {
        while !matches!(to.event().await?, Heard::Text(_)) {}
        anyhow::Ok(())
    };
    tokio::try_join!(acked, delivered)?;
    Ok(())
}

/// Visitors write at a fixed rate over all pairs; agents read.
pub async fn open<A, B>(pairs: Vec<(A, B)>, rate: u32, window: Duration, corpus: &Rc<[Dialogue]>) -> Result<Open>
where
    A: Talker + 'static,
    B: Talker + 'static,
{
    let count = pairs.len();
    let began = Instant::now();
    let every = Duration::from_secs_f64(count as f64 / f64::from(rate));
    let rounds = ((WARM_UP + window).as_secs_f64() / every.as_secs_f64()) as u32;
    let local = LocalSet::new();
    let mut talks = tokio::task::JoinSet::new();
    for (number, (mut visitor, mut agent)) in pairs.into_iter().enumerate() {
        let corpus = Rc::clone(corpus);
        let first = began + every.mul_f64(number as f64 / count as f64);
        talks.spawn_local_on(
            async move {
                // Micro­seconds from say to delivery, up to a minute, to 0.1 %.
                let mut took = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
                let mut turns = corpus::turns(&corpus, number).filter(|(speaker, _)| *speaker == Speaker::Visitor);
                let (mut said, mut heard, mut acked) = (0, 0, 0);
                while heard < rounds || acked < rounds {
                    let due = tokio::time::Instant::from_std(first + every * said);
                    let event = tokio::select! {
                        () = tokio::time::sleep_until(due), if said < rounds => {
                            said += 1;
                            let text = turns.next().map_or("", |(_, text)| text);
                            visitor.put(format!("{} {text}", began.elapsed().as_micros()));
                            continue;
                        }
                        event = visitor.event() => event?,
                        event = agent.event() => event?,
                        () = tokio::time::sleep(PATIENCE) => anyhow::bail!("a message was lost"),
                    };
                    match event {
                        Heard::Acked => acked += 1,
                        Heard::Text(text) => {
                            heard += 1;
                            let at: u128 = text.split(' ').next().and_then(|at| at.parse().ok()).context("a foreign text")?;
                            if at >= WARM_UP.as_micros() {
                                took.record(u64::try_from(began.elapsed().as_micros() - at)?)?;
                            }
                        }
                    }
                }
                anyhow::Ok(took)
            },
            &local,
        );
    }
    let mut all = Histogram::<u64>::new_with_bounds(1, 60_000_000, 3)?;
    local
        .run_until(async {
            while let Some(took) = talks.join_next().await {
                all.add(took??)?;
            }
            anyhow::Ok(())
        })
        .await?;
    let spoken = began.elapsed();
    let ms = |micros: u64| micros as f64 / 1000.0;
    Ok(Open {
        rate,
        per_second: f64::from(rounds) * count as f64 / spoken.as_secs_f64(),
        p50_ms: ms(all.value_at_quantile(0.5)),
        p99_ms: ms(all.value_at_quantile(0.99)),
        max_ms: ms(all.max()),
    })
}
