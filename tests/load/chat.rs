//! Chat under load: pairs of a visitor and an agent, closed and open loop, over the relay or over the floor.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use crate::corpus::Dialogue;
use crate::floor;
use crate::pairs::{self, Closed, Open};

/// The closed loop over the floor.
pub async fn floor_closed(count: usize, window: Duration, corpus: &Rc<[Dialogue]>) -> Result<Closed> {
    let server = floor::start()?;
    pairs::closed(floor::pairs(&server, count).await?, &server, window, corpus).await
}

/// The open loop over the floor.
pub async fn floor_open(count: usize, rate: u32, window: Duration, corpus: &Rc<[Dialogue]>) -> Result<Open> {
    let server = floor::start()?;
    pairs::open(floor::pairs(&server, count).await?, rate, window, corpus).await
}
