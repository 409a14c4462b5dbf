//! Several relays as real processes on one PostgreSQL with NATS between them, both started by these tests: what they promise together, and
//! under faults. relay/README.md tells what that is.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use tests::servers;

#[path = "../faults/check.rs"]
mod check;
#[path = "../faults/crew.rs"]
mod crew;
#[path = "../faults/history.rs"]
mod history;
#[path = "../faults/replay.rs"]
mod replay;
#[path = "../faults/report.rs"]
mod report;

mod balancer;
mod bus;
mod clock;
mod example;
mod faults;
mod haproxy;
mod journal;
mod moving;
mod recipes;
mod share;
mod stage;
mod tls;
