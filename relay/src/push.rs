//! Notifications of browsers whose agent has no console open (Web Push, RFC 8030). The desk queues them in the transaction that causes them;
//! the one task here sends them until the relay stops.
//!
//! - [`seal`]: encryption and signature · [`door`]: the way to push services · [`words`]: what they say
//!
//! An agent with a console open is told there; theirs wait a while, in case that it is not open but only not known to be gone. Logs and
//! metrics tell numbers and services, never a name, a text, or an address.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use shared::api::Quiet;
use shared::ids::Millis;

use crate::clock;
use crate::config::Config;
use crate::duty::{self, Duty};
use crate::edge::origin::Origin;
use crate::metrics;
use crate::store::{Cause, Push, Store, StoreError};

pub mod door;
pub mod seal;
mod words;

use door::{Door, DoorError, Endpoint};
use seal::{SealError, Signer};

/// Notifications on their way at once: a service that does not answer holds up no others for longer than its own time.
const AT_ONCE: u32 = 16;
/// Pause before an agent with a console is looked for again, in ms.
const LOOK_AGAIN: Millis = 5_000;
/// How long a notification waits for an agent with a console to be gone after all, in ms: longer than a dead connection goes unnoticed.
const GIVES_UP_AFTER: Millis = 60_000;
/// Pause after the first try in vain, in ms; each next one is twice as long.
const PAUSE: Millis = 15_000;
/// Tries, over half an hour; then a notification is given up: a chat is not worth one later.
const MOST_TRIES: u32 = 8;
/// How long a push service keeps a notification for a browser that is off, in s.
const KEPT_FOR: u32 = 60 * 60;
/// Characters of a text that are shown.
const MOST_TEXT: usize = 120;

/// Why a notification did not go.
#[derive(Debug, thiserror::Error)]
enum PushError {
    /// Its browser takes none any more.
    #[error("{0}")]
    Gone(String),
    /// It will never go.
    #[error("{0}")]
    Never(String),
    /// Trying again may help.
    #[error("{0}")]
    Later(String),
}

impl From<SealError> for PushError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Key => Self::Gone(error.to_string()),
            SealError::OwnKey | SealError::TooLong => Self::Never(error.to_string()),
        }
    }
}

impl From<DoorError> for PushError {
    fn from(error: DoorError) -> Self {
        match error {
            DoorError::NotTaken(_) => Self::Gone(error.to_string()),
            DoorError::Unreachable(_) => Self::Later(error.to_string()),
        }
    }
}

/// The relay's key pair, made at first need.
///
/// # Errors
/// The store's; or it is damaged.
pub async fn signer(store: &Store) -> Result<Signer, StoreError> {
    let corrupt = |error: SealError| StoreError::Corrupt(error.to_string());
    let kept = store.push_key(Signer::fresh().map_err(corrupt)?, clock::now()).await?;
    Signer::of(&kept).map_err(corrupt)
}

/// Sends notifications.
pub struct Pusher {
    store: Arc<Store>,
    door: Door,
    delay: Millis,
    own_services: Vec<Origin>,
    /// Where a push service's operator finds the relay's.
    contact: String,
}

impl Pusher {
    /// By these settings; `base` is where browsers reach the relay.
    pub fn new(store: Arc<Store>, config: &Config, base: Option<&Origin>) -> Self {
        let address = base.filter(|base| base.is_https()).map(Origin::to_string);
        let contact = address.unwrap_or_else(|| "https://localhost".to_owned());
        let own_services = config.push.own_services.clone();
        Self { store, door: Door::default(), delay: config.push.delay_ms, own_services, contact }
    }

    async fn settle(&self, signer: &Signer, push: &Push, now: Millis) -> Result<(), StoreError> {
        if push.is_over || is_quiet(push.to.quiet.as_ref(), &push.to.time_zone, now) {
            return self.store.settle_push(push).await;
        }
        if push.is_here {
            return if now.saturating_sub(push.created_at) >= GIVES_UP_AFTER {
                self.store.settle_push(push).await
            } else {
                self.store.defer_push(push, (now + LOOK_AGAIN).saturating_sub(self.delay), push.tries).await
            };
        }
        match self.send(signer, push, now).await {
            Ok(()) => {
                metrics::hot().pushes.sent.increment(1);
                self.store.settle_push(push).await
            }
            Err(PushError::Gone(why)) => {
                metrics::hot().pushes.gone.increment(1);
                tracing::info!(%why, "a browser takes no more notifications");
                self.store.unsubscribe(push.to.session).await
            }
            Err(PushError::Later(why)) if push.tries + 1 < MOST_TRIES => {
                metrics::hot().pushes.deferred.increment(1);
                tracing::warn!(%why, tries = push.tries + 1, "a notification could not be sent; it is tried again");
                self.store.defer_push(push, now.saturating_add(pause(push.tries)), push.tries + 1).await
            }
            Err(PushError::Later(why) | PushError::Never(why)) => {
                metrics::hot().pushes.failed.increment(1);
                tracing::warn!(%why, tries = push.tries + 1, "a notification is given up");
                self.store.settle_push(push).await
            }
        }
    }

    async fn send(&self, signer: &Signer, push: &Push, now: Millis) -> Result<(), PushError> {
        let gone = |error: door::NotTaken| PushError::Gone(format!("the address {error}"));
        let endpoint = Endpoint::of(&push.to.endpoint, &self.own_services).map_err(gone)?;
        let body = seal::seal(&push.to.p256dh, &push.to.auth, text(push).as_bytes())?;
        let service = endpoint.service.to_string();
        let headers = [
            ("authorization", signer.authorization(&service, &self.contact, now)?),
            ("content-type", "application/octet-stream".to_owned()),
            ("content-encoding", "aes128gcm".to_owned()),
            ("ttl", KEPT_FOR.to_string()),
            ("urgency", "high".to_owned()),
            // A later one about the same conversation takes its place while the browser is off (RFC 8030 §5.4: 32 characters at most).
            ("topic", push.conversation.0.simple().to_string()),
        ];
        let status = self.door.post(&endpoint, &headers, body).await?;
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                Err(PushError::Gone(format!("{service} does not know it any more ({status})")))
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Err(PushError::Later(format!("{service} wants it later ({status})")))
            }
            _ if status.is_server_error() => Err(PushError::Later(format!("{service} fails ({status})"))),
            _ => Err(PushError::Never(format!("{service} refuses it ({status})"))),
        }
    }
}

impl Duty for Pusher {
    const WHAT: &'static str = "notifications";

    fn store(&self) -> &Store {
        &self.store
    }

    async fn next(&self) -> Result<Duration, StoreError> {
        let now = clock::now();
        let due = self.store.due_pushes(now.saturating_sub(self.delay), now, AT_ONCE).await?;
        if due.is_empty() {
            let next = self.store.next_push().await?.map(|due| due.saturating_add(self.delay));
            return Ok(duty::until(next, now));
        }
        let signer = signer(&self.store).await?;
        for done in join_all(due.iter().map(|push| self.settle(&signer, push, now))).await {
            done?;
        }
        Ok(Duration::ZERO)
    }
}

/// The pause after so many tries in vain before this one.
fn pause(tries: u32) -> Millis {
    PAUSE.saturating_mul(1 << tries.min(6))
}

/// What the console's worker shows.
fn text(push: &Push) -> String {
    let title = words::of(&push.to.language).title(push.cause, push.name.as_deref());
    let shown = if push.to.shows_text && push.cause != Cause::Offer { shared::model::cut(&push.preview, MOST_TEXT) } else { "" };
    json!({ "title": title, "body": shown, "open": push.conversation }).to_string()
}

/// Whether quiet hours hold; in a zone that is unknown, by UTC.
fn is_quiet(quiet: Option<&Quiet>, zone: &str, now: Millis) -> bool {
    let Some(quiet) = quiet else { return false };
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let Ok(time) = Timestamp::from_millisecond(now) else { return false };
    let local = time.to_zoned(zone);
    let day = u8::try_from(local.weekday().to_monday_one_offset()).unwrap_or(1);
    let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
    quiet.hold(day, minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_are_those_where_the_browser_is() {
        let night = Quiet { from: 22 * 60, until: 7 * 60, days: (1..=7).collect() };
        // 2026-11-02, a Monday, 21:30 in London and 22:30 in Paris.
        let at = 1_793_655_000_000;
        assert!(!is_quiet(Some(&night), "Europe/London", at) && is_quiet(Some(&night), "Europe/Paris", at));
        assert!(!is_quiet(Some(&night), "Nowhere/At_all", at) && !is_quiet(None, "Europe/Paris", at));
        let tuesdays = Quiet { from: 0, until: 0, days: vec![2] };
        assert!(is_quiet(Some(&tuesdays), "Asia/Tokyo", at) && !is_quiet(Some(&tuesdays), "Europe/Paris", at));
    }

    #[test]
    fn tries_in_vain_take_half_an_hour_at_most() {
        let all: Millis = (0..MOST_TRIES - 1).map(pause).sum();
        assert!((20 * 60_000..=35 * 60_000).contains(&all), "{all}");
        assert_eq!(pause(u32::MAX), pause(6));
    }
}
