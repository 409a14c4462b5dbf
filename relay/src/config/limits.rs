//! The table `[limits]`: how much one client, one address and all of them together may ask of the relay, with defaults and ranges.
//! Part of [`Config`](super::Config), which documents every value for `check-config`; `edge` and `hub` enforce them.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use shared::api::{Limit, Rate};
use shared::ids::Millis;

/// A token bucket holds `burst` at first, and gets `per_minute` more every minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// At once, after a pause.
    pub burst: u32,
    /// In the long run.
    pub per_minute: u32,
}

/// Declares [`Limits`] so that name, default and range of a value stand in one place.
macro_rules! limits {
    (
        rates { $($(#[doc = $rate_doc:literal])+ $rate:ident = $burst:literal, $per_minute:literal;)+ }
        amounts { $($(#[doc = $doc:literal])+ $name:ident: $kind:ty = $default:literal, $least:literal..=$most:literal;)+ }
    ) => {
        /// Every value of the table.
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct Limits {
            $($(#[doc = $rate_doc])+ pub $rate: Allowance,)+
            $($(#[doc = $doc])+ pub $name: $kind,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self {
                    $($rate: Allowance { burst: $burst, per_minute: $per_minute },)+
                    $($name: $default,)+
                }
            }
        }

        impl Limits {
            /// Every value, for people.
            pub fn shown(&self) -> Vec<Limit> {
                vec![
                    $(Limit {
                        name: stringify!($rate).to_owned(),
                        amount: None,
                        rate: Some(Rate { burst: self.$rate.burst, per_minute: self.$rate.per_minute }),
                    },)+
                    $(Limit { name: stringify!($name).to_owned(), amount: u64::try_from(self.$name).ok(), rate: None },)+
                ]
            }

            /// Every number with its full name and its range.
            pub(super) fn ranges(&self) -> Vec<(&'static str, i64, RangeInclusive<i64>)> {
                let count = |value: u32| i64::from(value);
                vec![
                    $(
                        (concat!("limits.", stringify!($rate), ".burst"), count(self.$rate.burst), 1..=MOST),
                        (concat!("limits.", stringify!($rate), ".per_minute"), count(self.$rate.per_minute), 1..=MOST),
                    )+
                    $((
                        concat!("limits.", stringify!($name)),
                        i64::try_from(self.$name).unwrap_or(i64::MAX),
                        $least..=$most,
                    ),)+
                ]
            }
        }

        /// Name and documentation of every value.
        pub(super) const VALUES: &[(&str, &[&str])] = &[
            $((stringify!($rate), &[$($rate_doc),+]),)+
            $((stringify!($name), &[$($doc),+]),)+
        ];
    };
}

/// Most of any rate: a million a second, which is no limit to anybody.
const MOST: i64 = 60_000_000;

limits! {
    rates {
        /// Messages of one visitor's connection. People write one in some seconds; some in five lines at once.
        visitor_says = 30, 120;
        /// All other frames of one visitor's connection: typing (once a second), reading, pages, pings.
        visitor_requests = 100, 600;
        /// Messages of one agent's connection; behind it may be a bot that answers everybody.
        agent_says = 200, 3_000;
        /// All other frames of one agent's connection; after a break a console asks for many conversations at once.
        agent_requests = 400, 6_000;
        /// Refused frames of one connection; past them it is closed with 4029. Who waits as long as they are told has none.
        refusals = 100, 60;
        /// WebSockets opened from one address; behind it may be an office that comes back all at once after a restart.
        upgrades = 256, 300;
        /// Tries to sign in at one account. More than a person needs who guesses their own password; the pace is some 8,600 a day, which
        /// finds no password of ten characters.
        account_sign_ins = 20, 6;
        /// Tries to sign in, or to join by an invitation, from one address; an office behind one address is in within a minute or two.
        address_sign_ins = 40, 20;
        /// Files uploaded from one address; behind it may be an office. Tokens of visitors cost nothing, so this bounds what one may leave.
        uploads = 60, 20;
        /// What pages of one address tell of their visitors over plain HTTP; behind it may be an office.
        page_calls = 240, 1_200;
    }
    amounts {
        /// WebSockets open at once.
        connections: usize = 50_000, 1..=1_000_000;
        /// Of these from one address.
        address_connections: usize = 256, 1..=1_000_000;
        /// HTTP connections open at once that are no WebSockets (yet).
        http_connections: usize = 4_096, 1..=1_000_000;
        /// ms for the head of an HTTP request, from the connection's opening or the answer before it.
        header_timeout_ms: Millis = 30_000, 100..=300_000;
        /// ms for an HTTP request's body and its answer.
        request_timeout_ms: Millis = 30_000, 100..=300_000;
        /// Bytes that may wait for one slow client; one frame may always wait.
        outgoing_bytes: usize = 262_144, 16_384..=1_073_741_824;
        /// Bytes that may wait for all clients together, roughly.
        outgoing_total_bytes: usize = 67_108_864, 1_048_576..=1_099_511_627_776;
        /// Bytes of one uploaded file.
        upload_bytes: usize = 10_485_760, 1_024..=1_073_741_824;
        /// Bytes that one visitor may upload within 24 hours; at least `upload_bytes`.
        upload_bytes_a_day: usize = 104_857_600, 1_024..=1_099_511_627_776;
        /// Uploads under way at once. Each takes up to 0.6 MB of memory, with `[s3]` up to 16 MB.
        uploads_at_once: usize = 64, 1..=10_000;
        /// Of these from one address.
        address_uploads: usize = 8, 1..=10_000;
        /// ms for an upload, from its first byte to its last.
        upload_timeout_ms: Millis = 300_000, 1_000..=3_600_000;
    }
}
