//! Every metric in one table: name, kind, unit, labels, help. Whoever counts something uses these names, [`describe`] tells Prometheus,
//! and relay/README.md lists the same table (a test compares them).
//!
//! - [`handles`]: what is counted with every message or connection, looked up once
//! - [`gauges`]: what is looked up when Prometheus asks
//!
//! Labels are few and of fixed sets: never an agent, a visitor, an address or a path. `site` is a site's public key, of the first
//! [`gauges::MOST_SITES`] sites.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub mod gauges;
mod handles;
#[cfg(target_os = "linux")]
mod process;

pub use handles::{Handles, Notices, Who, hot, register};

/// What Prometheus does with the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size, in fixed buckets.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Of what.
    pub unit: Unit,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

/// Declares the names and the table together.
macro_rules! metrics {
    ($($name:ident = $kind:ident $text:literal $unit:ident [$($label:literal)*] $help:literal;)+) => {
        $(#[doc = $help] pub const $name: &str = $text;)+
        /// All metrics, in the order of the documentation.
        pub const ALL: &[Metric] = &[
            $(Metric { name: $name, kind: Kind::$kind, unit: Unit::$unit, labels: &[$($label),*], help: $help },)+
        ];
    };
}

metrics! {
    BUILD_INFO = Gauge "bulle_build_info" Count ["version"] "Always 1; the version that runs";
    CONNECTIONS = Gauge "bulle_connections" Count ["kind"] "Live connections, by `visitor` or `agent`";
    GREETED = Counter "bulle_connections_greeted_total" Count ["kind"] "Connections that were greeted, by `visitor` or `agent`";
    CLOSES = Counter "bulle_closes_total" Count ["code"] "Connections that the relay ended, by close code";
    RESYNCS = Counter "bulle_resyncs_total" Count ["cause"] "Clients told to resync, because their `queue` was full or a `write` took too long";
    QUEUE_PEAK = Gauge "bulle_outgoing_queue_peak_frames" Count [] "Most frames that waited for one client, within the last minute";
    FRAMES_IN = Counter "bulle_frames_received_total" Count ["kind"] "Frames received, from `visitor` or `agent`";
    MESSAGES = Counter "bulle_messages_total" Count ["author"] "Messages committed, by `visitor` or `agent`";
    ACK_SECONDS = Histogram "bulle_ack_latency_seconds" Seconds [] "From reading a message's frame to having written its ack";
    DELIVERY_SECONDS = Histogram "bulle_delivery_latency_seconds" Seconds [] "From a message's commit to its receiver's socket, for the oldest message of each write";
    BUS_NOTICES = Counter "bulle_bus_notices_total" Count ["notice"] "Notices published on the bus, by kind";
    BUS_CONNECTED = Gauge "bulle_bus_connected" Count [] "1 while the bus of several relays is there, 0 while it is not, or for a relay that is alone";
    BUS_MESSAGES = Counter "bulle_bus_messages_total" Count ["what"] "Messages on the bus of several relays: `published` and `received` here, one for each subject; `dropped`, which clients make up for";
    COMMITS = Counter "bulle_commits_total" Count [] "Transactions committed";
    COMMIT_JOBS = Histogram "bulle_commit_jobs" Count [] "Jobs that were committed together";
    COMMIT_SECONDS = Histogram "bulle_commit_duration_seconds" Seconds [] "Time of a transaction, its wait for the disk included";
    STORE_ERRORS = Counter "bulle_store_errors_total" Count ["operation"] "Failures of the store, by `commit` or `read`";
    STORE_WRITABLE = Gauge "bulle_store_writable" Count [] "1 while the last transaction was committed, 0 since one could not be";
    DATABASE_BYTES = Gauge "bulle_database_bytes" Bytes [] "Size of the database: of its file, or what PostgreSQL says";
    WAL_BYTES = Gauge "bulle_database_wal_bytes" Bytes [] "Size of the write-ahead log, which is moved into the database now and then; SQLite alone";
    STORE_READERS = Gauge "bulle_store_readers" Count ["state"] "Connections for reading: `busy`, and `idle` ones that are open; a relay has 4 at most, and one more for writing";
    DISK_FREE_BYTES = Gauge "bulle_disk_free_bytes" Bytes [] "Free space where the data folder is";
    DISK_LOW = Gauge "bulle_disk_low" Count [] "1 while less space is free than `disk_low` allows, else 0";
    QUEUED = Gauge "bulle_queue_conversations" Count ["site"] "Conversations that wait for an agent, by site";
    OLDEST_WAIT_SECONDS = Gauge "bulle_queue_oldest_wait_seconds" Seconds ["site"] "How long the one that waits longest has waited, by site";
    SLOTS_USED = Gauge "bulle_slots_used" Count [] "Slots that active conversations occupy";
    SLOTS_OFFERED = Gauge "bulle_slots_offered" Count [] "Slots of all agents who are online";
    AGENTS = Gauge "bulle_agents" Count ["presence"] "Agents by presence: `online`, `away`, `offline`";
    ASSIGNMENTS = Counter "bulle_assignments_total" Count ["how"] "Conversations handed to agents: `dispatched`, `taken`, `stretched`, `transferred`";
    REFUSALS = Counter "bulle_refusals_total" Count ["reason"] "Requests, frames and connections refused: by the limit that did (`says`, `upgrades`, `address_connections` …), else by error code";
    SIGN_INS = Counter "bulle_sign_ins_total" Count ["outcome"] "Sign-ins: `ok`, `refused`, `throttled`";
    MAILS = Counter "bulle_mails_total" Count ["outcome"] "Emails `sent`, `deferred` to another try, `failed` for good";
    MAILS_WAITING = Gauge "bulle_mails_waiting" Count [] "Emails that wait to be sent";
    PUSHES = Counter "bulle_pushes_total" Count ["outcome"] "Notifications `sent`, `deferred` to another try, `failed` for good, or `gone` with their browser";
    HTTP_SECONDS = Histogram "bulle_http_request_duration_seconds" Seconds ["status"] "Time to answer an HTTP request, by class of status";
    PROCESS_CPU_SECONDS = Counter "process_cpu_seconds_total" Seconds [] "Processor time of the relay, in user and kernel together";
    PROCESS_RESIDENT_BYTES = Gauge "process_resident_memory_bytes" Bytes [] "Resident memory of the relay";
    PROCESS_OPEN_FDS = Gauge "process_open_fds" Count [] "Files and sockets that the relay has open";
    PROCESS_MAX_FDS = Gauge "process_max_fds" Count [] "How many it may open";
    PROCESS_THREADS = Gauge "process_threads" Count [] "Threads of the relay";
    PROCESS_START_SECONDS = Gauge "process_start_time_seconds" Seconds [] "When the relay was started, in seconds since the epoch";
}

/// Tells the recorder what each metric means. Called once, after the recorder was installed.
pub fn describe() {
    for metric in ALL {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.unit, metric.help),
            Kind::Gauge => describe_gauge!(metric.name, metric.unit, metric.help),
            Kind::Histogram => describe_histogram!(metric.name, metric.unit, metric.help),
        }
    }
}

#[cfg(test)]
mod tests;
