//! The table `[smtp]`: how emails leave. Part of [`Config`](super::Config), which documents every value for `check-config`; `mail` sends
//! by it. Without a `host` there is no email, and nobody is offered any.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use shared::ids::Millis;

use super::secret::Secret;

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Begins in clear text and turns to TLS before anything is said (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Implicit,
    /// None: only to this machine.
    None,
}

table! { Smtp {
    /// Name of the mail server. Unset: no emails.
    host: Option<String> = None;
    /// Its port, 1 to 65,535: usually 587 with `starttls`, 465 with `implicit`.
    port: u16 = 587;
    /// `starttls`, `implicit`, or `none`, which is allowed for a server on this machine only.
    tls: Tls = Tls::Starttls;
    /// File with the certificates (PEM) of authorities that are trusted for this server beside the system's: for one whose certificate the
    /// owner has signed. Read at the start.
    ca: Option<PathBuf> = None;
    /// Who signs in there; unset: nobody does.
    username: Option<String> = None;
    /// With this password. Better in the environment (`BULLE_SMTP__PASSWORD`) than in a file; never printed.
    password: Option<Secret> = None;
    /// The sender, needed with `host`: `chat@example.com` or `Kiln & Clay <chat@example.com>`.
    from: Option<String> = None;
    /// How long an answer waits for more of them before its mail is sent, in ms: 0 to 3,600,000. Whoever comes back meanwhile gets none.
    answer_delay_ms: Millis = 60_000;
} }

impl Smtp {
    /// The numbers with their full names and ranges.
    pub(super) fn ranges(&self) -> Vec<(&'static str, i64, RangeInclusive<i64>)> {
        vec![("smtp.port", i64::from(self.port), 1..=65_535), ("smtp.answer_delay_ms", self.answer_delay_ms, 0..=3_600_000)]
    }

    /// The first value that does not go with the others, and why.
    pub(super) fn trouble(&self) -> Option<(&'static str, String)> {
        let host = self.host.as_deref()?;
        match &self.from {
            None => return Some(("smtp.from", "is needed with `smtp.host`".to_owned())),
            Some(from) if from.parse::<Mailbox>().is_err() => {
                return Some(("smtp.from", format!("`{from}` is no address such as `chat@example.com`")));
            }
            Some(_) => {}
        }
        if self.username.is_some() != self.password.is_some() {
            return Some(("smtp.username", "goes with `smtp.password`: set both, or neither".to_owned()));
        }
        if self.tls == Tls::None && !is_here(host) {
            return Some(("smtp.tls", format!("`none` would send mails and password to {host} in clear text")));
        }
        if self.tls == Tls::None && self.ca.is_some() {
            return Some(("smtp.ca", "is of no use with `smtp.tls = \"none\"`".to_owned()));
        }
        None
    }
}

/// Whether a name is of this machine, as far as the name tells.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
