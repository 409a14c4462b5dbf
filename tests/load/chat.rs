//! Chat under load: pairs of a visitor and an agent, closed and open loop, over the relay or over the floor. Every run has a server
//! process of its own.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use crate::corpus::Dialogue;
use crate::pairs::{self, Closed, Open};
use crate::stage::Cast;
use crate::{floor, talk};

/// The closed loop over the floor.
pub async fn floor_closed(count: usize, window: Duration, corpus: &Rc<[Dialogue]>) -> Result<Closed<Duration>> {
    let server = floor::start()?;
    pairs::closed(floor::pairs(&server, count).await?, || server.processor_time(), window, corpus).await
}

/// The open loop over the floor.
pub async fn floor_open(count: usize, rate: u32, window: Duration, corpus: &Rc<[Dialogue]>) -> Result<Open> {
    let server = floor::start()?;
    pairs::open(floor::pairs(&server, count).await?, rate, window, corpus).await
}

/// The closed loop over the relay, with a pair for every agent of the cast.
pub async fn relay_closed(cast: &Cast, window: Duration, corpus: &Rc<[Dialogue]>) -> Result<Closed<Duration>> {
    let stage = cast.enter()?;
    pairs::closed(talk::pairs(&stage.doors()).await?, || stage.server.processor_time(), window, corpus).await
}

/// The open loop over the relay, with a pair for every agent of the cast.
pub async fn relay_open(cast: &Cast, rate: u32, window: Duration, corpus: &Rc<[Dialogue]>) -> Result<Open> {
    let stage = cast.enter()?;
    pairs::open(talk::pairs(&stage.doors()).await?, rate, window, corpus).await
}
