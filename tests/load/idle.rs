//! Memory per idle visitor: growth of the server's resident memory over many greeted visitors without a conversation.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tests::process::Server;

use crate::floor;
use crate::stage::Cast;
use crate::talk;

/// Connections that are opened at the same time.
pub const AT_ONCE: usize = 64;
/// Connections from one source address: well below the about 28,000 local ports that each has.
const PER_SOURCE: usize = 5_000;
/// Between two readings of the server's memory.
const READING: Duration = Duration::from_millis(250);
/// Most readings until the memory must have settled.
const READINGS: usize = 20;

/// What idle visitors cost.
pub struct Idle {
    /// How many there were.
    pub connections: usize,
    /// Resident memory before them, in bytes.
    pub before: u64,
    /// Growth per connection, in bytes.
    pub each: f64,
}

/// The address from which the connection of this number comes.
pub fn source(number: usize) -> IpAddr {
    let host = u8::try_from(number / PER_SOURCE % 250).unwrap_or(0);
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2 + host))
}

/// Idle connections to the floor.
pub async fn floor(connections: usize) -> Result<Idle> {
    let server = floor::start()?;
    let before = settled(&server).await?;
    let sides: Vec<floor::Side> = stream::iter(0..connections)
        .map(|number| floor::Side::open(server.address, number, 0))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
        .context("connecting to the floor")?;
    let idle = grown(&server, connections, before).await;
    drop(sides);
    idle
}

/// Greeted visitors of the relay without a conversation.
pub async fn relay(cast: &Cast, connections: usize) -> Result<Idle> {
    let stage = cast.enter()?;
    let doors = stage.doors();
    let before = settled(&stage.server).await?;
    let visitors: Vec<_> = stream::iter(0..connections)
        .map(|number| talk::visitor(doors.visitor(number)))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
        .context("greeting the relay")?;
    let idle = grown(&stage.server, connections, before).await;
    drop(visitors);
    idle
}

/// What the server has grown by.
async fn grown(server: &Server, connections: usize, before: u64) -> Result<Idle> {
    let after = settled(server).await?;
    Ok(Idle { connections, before, each: after.saturating_sub(before) as f64 / connections.max(1) as f64 })
}

/// Resident memory once two readings in a row are equal.
async fn settled(server: &Server) -> Result<u64> {
    let mut last = server.resident()?;
    for _ in 0..READINGS {
        tokio::time::sleep(READING).await;
        let next = server.resident()?;
        if next == last {
            break;
        }
        last = next;
    }
    Ok(last)
}
