//! The relay under faults, as real processes on a real disk and real sockets: killed, stopped, without a disk, behind a bad network,
//! over a damaged file. What is promised, and how to run it longer, is told in relay/README.md.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

mod check;
mod crew;
mod disk;
mod history;
mod journal;
mod network;
mod outage;
mod replay;
mod report;
mod run;
mod stage;
mod start;
