//! What a browser does to be noticed: the other end of `bell.js`, which `boot.js` loads when it is first called. Nothing here decides
//! whether there is anything to tell. Every call may fail quietly, as browsers without sound, permission or push do.

use leptos::task::spawn_local;
use serde::Deserialize;
use shared::ids::{ConversationId, Seq};
use wasm_bindgen::prelude::*;

use crate::lean;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = bulleBell, catch)]
    async fn call(deed: &str, first: JsValue, second: JsValue, third: JsValue) -> Result<JsValue, JsValue>;
}

/// What the browser lets the console do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Desktop notifications.
    pub permission: Permission,
    /// Whether it knows Web Push.
    pub push: bool,
}

/// Whether desktop notifications may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It can be asked for.
    Unasked,
    /// Yes.
    Granted,
    /// No, until somebody changes that in the browser.
    Denied,
    /// This browser has none, at this address.
    Missing,
}

/// Where a browser takes notifications, and its keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Subscribed {
    /// The address at its push service.
    pub endpoint: String,
    /// Its public key.
    pub p256dh: String,
    /// Its secret.
    pub auth: String,
}

fn number(seq: Seq) -> JsValue {
    JsValue::from_f64(seq as f64)
}

fn go(deed: &'static str, first: JsValue, second: JsValue, third: JsValue) {
    spawn_local(async move {
        let _tells_nobody_then = call(deed, first, second, third).await;
    });
}

/// This tab has shown a conversation up to there.
pub fn read(conversation: ConversationId, seq: Seq) {
    go("read", conversation.to_string().into(), number(seq), JsValue::UNDEFINED);
}

/// Whether this tab is the one that tells of it.
pub async fn claim(conversation: ConversationId, seq: Seq) -> bool {
    let claimed = call("claim", conversation.to_string().into(), number(seq), JsValue::UNDEFINED).await;
    claimed.is_ok_and(|claimed| claimed.is_truthy())
}

/// Plays the sound; whether the browser let it.
pub async fn ring() -> bool {
    let played = call("ring", JsValue::UNDEFINED, JsValue::UNDEFINED, JsValue::UNDEFINED).await;
    played.is_ok_and(|played| played.is_truthy())
}

/// Shows a desktop notification.
pub fn show(conversation: ConversationId, title: &str, body: &str) {
    go("show", conversation.to_string().into(), title.into(), body.into());
}

/// Puts a number on the tab's icon; 0: none.
pub fn badge(count: usize) {
    go("badge", JsValue::from_f64(count as f64), JsValue::UNDEFINED, JsValue::UNDEFINED);
}

/// What the browser lets the console do now.
pub async fn standing() -> Standing {
    understood(call("standing", JsValue::UNDEFINED, JsValue::UNDEFINED, JsValue::UNDEFINED).await)
}

/// Has the browser ask for the permission.
pub async fn ask() -> Standing {
    understood(call("ask", JsValue::UNDEFINED, JsValue::UNDEFINED, JsValue::UNDEFINED).await)
}

fn understood(answer: Result<JsValue, JsValue>) -> Standing {
    standing_of(&answer.ok().and_then(|answer| answer.as_string()).unwrap_or_default())
}

fn standing_of(answer: &str) -> Standing {
    let (permission, push) = answer.split_once(' ').unwrap_or_default();
    let permission = match permission {
        "default" => Permission::Unasked,
        "granted" => Permission::Granted,
        "denied" => Permission::Denied,
        _ => Permission::Missing,
    };
    Standing { permission, push: push == "true" }
}

/// Subscribes this browser by the relay's key; `None`: it does not, or its push service does not answer.
pub async fn subscribe(key: &str) -> Option<Subscribed> {
    let answer = call("subscribe", key.into(), JsValue::UNDEFINED, JsValue::UNDEFINED).await.ok()?;
    lean::read(&answer.as_string()?).ok()
}

/// Ends that.
pub fn unsubscribe() {
    go("unsubscribe", JsValue::UNDEFINED, JsValue::UNDEFINED, JsValue::UNDEFINED);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_say_what_they_allow() {
        assert_eq!(standing_of("default true"), Standing { permission: Permission::Unasked, push: true });
        assert_eq!(standing_of("granted false"), Standing { permission: Permission::Granted, push: false });
        assert_eq!(standing_of("denied true").permission, Permission::Denied);
        assert_eq!(standing_of(""), Standing { permission: Permission::Missing, push: false });
    }
}
