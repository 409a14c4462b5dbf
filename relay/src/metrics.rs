//! Names and helps of every metric, in one place; whoever counts something uses these constants, and [`describe`] tells Prometheus.
//! Labels are few and of fixed sets: never a site, an agent or an address.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Gauge: live WebSocket connections, by `kind` (`visitor`, `agent`).
pub const CONNECTIONS: &str = "bulle_connections";
/// Counter: connections that were greeted, by `kind`.
pub const GREETED: &str = "bulle_connections_greeted_total";
/// Counter: connections that the relay ended, by close `code`.
pub const CLOSES: &str = "bulle_closes_total";
/// Counter: frames received, by `kind`.
pub const FRAMES_IN: &str = "bulle_frames_received_total";
/// Counter: messages committed, by `author` (`visitor`, `agent`).
pub const MESSAGES: &str = "bulle_messages_total";
/// Counter: requests, frames and connections refused, by `reason`: the limit that did (`edge::limits::Limit::name`: `says`, `upgrades`,
/// `address_connections` …), or else the error code that the client was told.
pub const REFUSALS: &str = "bulle_refusals_total";
/// Counter: transactions committed.
pub const COMMITS: &str = "bulle_commits_total";
/// Histogram: jobs that were committed together; how well group commit works.
pub const COMMIT_JOBS: &str = "bulle_commit_jobs";
/// Counter: conversations handed to agents, by `how` (`dispatched`, `taken`, `stretched`, `transferred`).
pub const ASSIGNMENTS: &str = "bulle_assignments_total";
/// Counter: clients told to resync because their queue was full or a write took too long.
pub const RESYNCS: &str = "bulle_resyncs_total";
/// Counter: sign-ins, by `outcome` (`ok`, `refused`, `throttled`).
pub const SIGN_INS: &str = "bulle_sign_ins_total";
/// Histogram: time to answer an HTTP request, in seconds, by `status` class (`2xx` …).
pub const HTTP_SECONDS: &str = "bulle_http_seconds";

/// Tells the recorder what each metric means. Called once, after the recorder was installed.
pub fn describe() {
    describe_gauge!(CONNECTIONS, Unit::Count, "Live WebSocket connections by kind");
    describe_counter!(GREETED, Unit::Count, "Connections that were greeted, by kind");
    describe_counter!(CLOSES, Unit::Count, "Connections that the relay ended, by close code");
    describe_counter!(FRAMES_IN, Unit::Count, "Frames received, by kind");
    describe_counter!(MESSAGES, Unit::Count, "Messages committed, by author");
    describe_counter!(REFUSALS, Unit::Count, "Requests, frames and connections refused, by limit or error code");
    describe_counter!(COMMITS, Unit::Count, "Transactions committed");
    describe_histogram!(COMMIT_JOBS, Unit::Count, "Jobs that were committed together");
    describe_counter!(ASSIGNMENTS, Unit::Count, "Conversations handed to agents, by way");
    describe_counter!(RESYNCS, Unit::Count, "Clients told to resync");
    describe_counter!(SIGN_INS, Unit::Count, "Sign-ins, by outcome");
    describe_histogram!(HTTP_SECONDS, Unit::Seconds, "Time to answer an HTTP request, by status class");
}
