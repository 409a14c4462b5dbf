//! Notifications while no console is open: this browser's subscription at its push service, made known to the relay.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::PushSubscription;

use crate::bell;
use crate::locale::Locale;
use crate::notices::Noticing;
use crate::rest::{RestError, people};
use crate::time;

/// Why there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The browser, or its push service, does not take part.
    Browser,
    /// The relay refused, or was not reached.
    Relay(RestError),
}

/// This browser, with what its agent wants.
#[derive(Clone, Copy)]
pub struct Subscriber {
    /// The preferences.
    pub noticing: Noticing,
    /// The language.
    pub locale: Locale,
}

impl Subscriber {
    /// Subscribes, and tells the relay what for; again after every change.
    pub async fn subscribe(self) -> Result<(), Trouble> {
        let key = people::push_key().await.map_err(Trouble::Relay)?.key;
        let subscribed = bell::subscribe(&key).await.ok_or(Trouble::Browser)?;
        let wanted = self.noticing.0.get_untracked();
        let body = PushSubscription {
            endpoint: subscribed.endpoint,
            p256dh: subscribed.p256dh,
            auth: subscribed.auth,
            language: self.locale.0.get_untracked().tag().to_owned(),
            time_zone: time::zone().unwrap_or_default(),
            wishes: wanted.wishes,
            quiet: wanted.quiet().cloned(),
            shows_text: wanted.shows_text,
        };
        people::subscribe(&body).await.map_err(Trouble::Relay)
    }

    /// Ends it.
    pub async fn unsubscribe(self) -> Result<(), Trouble> {
        bell::unsubscribe();
        people::unsubscribe().await.map_err(Trouble::Relay)
    }

    /// Tells the relay anew where there is a subscription: sessions and addresses change, and wishes.
    pub fn renew(self) {
        if self.noticing.0.with_untracked(|mine| mine.push) {
            spawn_local(async move {
                // What is in the way then is told where it is set.
                let _told_in_the_settings = self.subscribe().await;
            });
        }
    }
}
