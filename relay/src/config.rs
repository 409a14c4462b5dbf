//! What an operator can set: one documented struct, its defaults compiled in, its ranges checked in one place.
//!
//! `config/layers.rs` fills it (defaults, then `bulle.toml`, then `BULLE_…` variables, then flags) and tells where each value came
//! from. Nothing else in the relay reads files, variables or flags.

#[macro_use]
mod table;
mod bus_url;
mod layers;
mod limits;
mod push;
mod s3;
mod secret;
mod smtp;
mod store_url;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};
use shared::ids::Millis;

use crate::desk::Rules;
use crate::edge::origin::Origin;
use crate::files::kind;

pub use bus_url::BusUrl;
pub use layers::{ConfigError, Flags, Loaded, load};
pub use limits::{Allowance, Limits};
pub use push::Push;
pub use s3::S3;
pub use secret::Secret;
pub use smtp::{Smtp, Tls};
pub use store_url::StoreUrl;

/// What stands in the place of what is never printed.
const HIDDEN: &str = "(not shown)";

/// Declares [`Config`] so that documentation, default and name of a value stand in one place and `check-config` can print all three.
macro_rules! config {
    ($($(#[doc = $doc:literal])+ $(#[serde $serde:tt])? $name:ident: $kind:ty = $default:expr;)+) => {
        /// Every value that can be set.
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Config {
            $($(#[doc = $doc])+ $(#[serde $serde])? pub $name: $kind,)+
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        /// Name and documentation of every value, in order.
        const VALUES: &[(&str, &[&str])] = &[$((stringify!($name), &[$($doc),+]),)+];
    };
}

config! {
    /// Address and port to listen on. Loopback by default: put a TLS proxy in front before others can reach it.
    listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080));
    /// Folder of the database, and, without `[s3]`, of the assets and the uploads. Created when missing.
    data: PathBuf = PathBuf::from("data");
    /// Where browsers reach the relay: an origin such as `https://chat.example.com`, without a path. Needed behind a proxy and for sign-in
    /// over anything but loopback; unset, the `Host` of each request is taken.
    public_url: Option<Origin> = None;
    /// Where conversations are stored: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, a database of its own
    /// with the rights to make tables in it, and `?sslmode=verify-full&sslrootcert=FILE` behind it for TLS that trusts the authority in this file
    /// (PEM; without it, the system's); others are `verify-ca`, `require`, `prefer` and `disable`. Unset: `bulle.db` in the data folder.
    store: Option<StoreUrl> = None;
    /// The bus of several relays that share one PostgreSQL: `nats://HOST:PORT`, or `tls://`; with `NAME:PASSWORD@` or `TOKEN@` before the host; with
    /// `/WORD` after it for a bus that others use as well, the same for all relays of a store; several servers with commas. Unset: there is one relay.
    bus: Option<BusUrl> = None;
    /// Whom to trust in place of the system's authorities when the bus's certificate is checked: a file in PEM.
    bus_ca: Option<PathBuf> = None;
    /// Addresses or networks (`10.0.0.0/8`) whose `X-Forwarded-For`, `-Proto` and `-Host` are believed, beside loopback. A list, or text with commas.
    #[serde(deserialize_with = "networks")]
    trusted_proxies: Vec<IpNet> = Vec::new();
    /// Media types that may be uploaded, such as `image/png`, or `image/*`; `*/*`: all. A list, or text with commas. The relay goes by a file's
    /// first bytes; what these do not tell, texts among them, counts as `application/octet-stream`.
    #[serde(deserialize_with = "texts")]
    file_types: Vec<String> = vec!["*/*".to_owned()];
    /// Largest frame a client may send, in bytes: 1,024 to 1,048,576. A message of 8,000 characters needs up to 48 KiB.
    max_frame: usize = 64 * 1024;
    /// How long a new connection may wait before its `hello`, in ms: 100 to 60,000.
    hello_timeout_ms: Millis = 5_000;
    /// How often the relay pings each connection, in ms (± 20 % jitter); one missed answer ends it: 100 to 300,000. Below the idle
    /// limit of every proxy on the way (60 s is common).
    ping_every_ms: Millis = 25_000;
    /// Frames that may wait for one slow client before it is told to resync: 16 to 65,536.
    outgoing_queue: usize = 256;
    /// How long one write to a client may take before the connection counts as dead, in ms: 100 to 300,000.
    write_timeout_ms: Millis = 10_000;
    /// Address and port of `/metrics` for Prometheus; unset: no metrics. Keep it private, it has no password.
    metrics_listen: Option<SocketAddr> = None;
    /// Free space on the data folder's disk below which the log, `/readyz` and the metrics say that it is low, in bytes; 0: never.
    disk_low: u64 = 200 * 1024 * 1024;
    /// How long `/readyz` says that the relay stops before it does, in ms: 0 to 5,000. A load balancer that asks every second wants 2,000.
    stop_notice_ms: Millis = 0;
    /// What is logged, in the syntax of `RUST_LOG`: `warn`, `info`, `info,relay::hub=debug` …
    log: String = "info".to_owned();
    /// How log lines are written: `text` or `json`.
    log_format: LogFormat = LogFormat::Text;
    /// How long an agent stays signed in, in ms since the sign-in: 60,000 to 31,536,000,000 (a year).
    session_lifetime_ms: Millis = 14 * 24 * 60 * 60 * 1_000;
    /// How long an invitation's link is valid, in ms: 60,000 to 2,592,000,000 (30 days).
    invitation_lifetime_ms: Millis = 7 * 24 * 60 * 60 * 1_000;
    /// Serves the sample shop under `/demo` and its site `demo`. Not for production.
    demo: bool = false;
    /// The rules of the desk. Times are in ms, 1 to 31,536,000,000 (a year): `grace`: a visitor may be gone this long before their chat is
    /// set aside; `park_after`: or silent this long after an agent's message; `agent_gone`: an agent may be gone this long before
    /// their chats wait again; `answer_timeout`: or leave a chat that the desk gave them unanswered; `prefer_for`: a woken chat waits for
    /// the agent it had; `reopen_wait`: a reopened one for its last agent; `reopen_within`: a message after the end goes into the same
    /// chat; `close_after`: a chat set aside is closed after an agent's message; `offer_for`: a transfer may be answered.
    /// `away_after` (0 to a day; 0: never): an agent who is online may leave their console untouched this long before they are away.
    /// `stretch` (`true` or `false`): agents may take one chat beyond their capacity.
    desk: Rules = Rules::default();
    /// How much anybody may ask of the relay. A rate holds `burst` at first and gets `per_minute` more every minute, both 1 to 60,000,000;
    /// past it requests are refused with `rate_limited` and the time to wait. An address is one IPv4 address or the first 64 bits of an IPv6
    /// address; clients on this machine with no proxy between are not limited by it.
    limits: Limits = Limits::default();
    /// How emails leave: answers to visitors who left an address and are gone, with a link back into the conversation, and transcripts. The
    /// link begins with `public_url`.
    smtp: Smtp = Smtp::default();
    /// Where uploads and the widget's files lie, if not in the data folder: a bucket of Amazon's S3 or of any service that speaks its language.
    /// What lies in the one place is not moved to the other.
    s3: S3 = S3::default();
    /// How browsers are notified whose agent has no console open. They ask for it in the console, over https or on the relay's own machine.
    push: Push = Push::default();
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One readable line per event.
    Text,
    /// One JSON object per event, for log collectors.
    Json,
}

impl Config {
    /// Where the store is.
    pub fn store_url(&self) -> StoreUrl {
        self.store.clone().unwrap_or_else(|| StoreUrl::Sqlite(self.data.join("bulle.db")))
    }

    /// Where the relay is reached from its own machine or, with `public_url`, from everywhere: for links printed at the start.
    /// `bound` is the address that it listens on.
    pub fn reached_at(&self, bound: SocketAddr) -> Option<Origin> {
        let ip = match bound.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        self.public_url.clone().or_else(|| Origin::of_host(false, &SocketAddr::new(ip, bound.port()).to_string()))
    }

    /// The first value out of its range, and why.
    fn out_of_range(&self) -> Option<(&'static str, String)> {
        const DAY: Millis = 24 * 60 * 60 * 1_000;
        let size = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        let rules = &self.desk;
        let time = |name, value| (name, value, 1..=365 * DAY);
        let ranges: Vec<(&'static str, i64, RangeInclusive<i64>)> = vec![
            ("max_frame", size(self.max_frame), 1_024..=1_048_576),
            ("hello_timeout_ms", self.hello_timeout_ms, 100..=60_000),
            ("ping_every_ms", self.ping_every_ms, 100..=300_000),
            ("outgoing_queue", size(self.outgoing_queue), 16..=65_536),
            ("write_timeout_ms", self.write_timeout_ms, 100..=300_000),
            ("stop_notice_ms", self.stop_notice_ms, 0..=5_000),
            ("session_lifetime_ms", self.session_lifetime_ms, 60_000..=365 * DAY),
            ("invitation_lifetime_ms", self.invitation_lifetime_ms, 60_000..=30 * DAY),
            time("desk.grace", rules.grace),
            time("desk.park_after", rules.park_after),
            time("desk.agent_gone", rules.agent_gone),
            time("desk.answer_timeout", rules.answer_timeout),
            time("desk.prefer_for", rules.prefer_for),
            time("desk.reopen_wait", rules.reopen_wait),
            time("desk.reopen_within", rules.reopen_within),
            time("desk.close_after", rules.close_after),
            time("desk.offer_for", rules.offer_for),
            ("desk.away_after", rules.away_after, 0..=DAY),
        ];
        for (name, value, range) in ranges
            .into_iter()
            .chain(self.limits.ranges())
            .chain(self.smtp.ranges())
            .chain(self.s3.ranges())
            .chain(self.push.ranges())
        {
            if !range.contains(&value) {
                return Some((name, format!("{value} is not within {} to {}", range.start(), range.end())));
            }
        }
        match () {
            () if tracing_subscriber::EnvFilter::try_new(&self.log).is_err() => {
                Some(("log", format!("`{}` is not a log filter", self.log)))
            }
            () if !self.file_types.iter().all(|entry| kind::is_list_entry(entry)) => {
                Some(("file_types", "is no list of media types such as `image/png` or `image/*`".to_owned()))
            }
            () if self.bus.is_some() && matches!(self.store_url(), StoreUrl::Sqlite(_)) => {
                Some(("bus", "is for several relays on one PostgreSQL: set `store` to one, or leave `bus` out".to_owned()))
            }
            () if self.bus_ca.is_some() && self.bus.is_none() => Some(("bus_ca", "is of no use without a `bus`".to_owned())),
            () if self.limits.upload_bytes_a_day < self.limits.upload_bytes => {
                Some(("limits.upload_bytes_a_day", "is less than `limits.upload_bytes`, which one file may have".to_owned()))
            }
            () if self.limits.outgoing_total_bytes < self.limits.outgoing_bytes => Some((
                "limits.outgoing_total_bytes",
                "is less than `limits.outgoing_bytes`, which one client may take".to_owned(),
            )),
            () if self.metrics_listen == Some(self.listen) && self.listen.port() != 0 => {
                Some(("metrics_listen", "is the same address as `listen`".to_owned()))
            }
            () if self.smtp.host.is_some() && self.public_url.is_none() && !self.listen.ip().is_loopback() => {
                Some(("public_url", "is needed with `smtp.host`: links in emails begin with it".to_owned()))
            }
            () => self.smtp.trouble().or_else(|| self.s3.trouble()),
        }
    }
}

/// A list, or one text with commas (as a variable has it).
fn texts<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Given::deserialize(source)? {
        Given::List(texts) => texts,
        Given::Text(text) => text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect(),
    })
}

/// The same, of networks or single addresses.
fn networks<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<IpNet>, D::Error> {
    let parse = |text: String| {
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
            .map_err(|_| serde::de::Error::custom(format!("`{text}` is neither an address nor a network")))
    };
    texts(source)?.into_iter().map(parse).collect()
}
