//! What the page around the panel is told by `bulle:*` events: messages of both sides, the place in the queue, who answers, the end, the rating.
//! Only what happens while the page is open is news; what was there when the relay greeted is history. `socket.rs` calls it after
//! every change; it must not change anything itself.

use shared::close;
use shared::ids::{AgentId, MessageId, Millis};
use shared::link::Status;
use shared::model::{Event, Rating, State as Stand, Thread};
use wasm_bindgen::prelude::JsValue;

use crate::browser::{Home, object};
use crate::codec;
use crate::lines::{Line, Mark, What};
use crate::state::State;

/// How many of the last lines may be new at a time; a page that slept for long is not told of more.
const RECENT: usize = 50;

/// Place in the queue and expected wait.
type Queued = (Option<u32>, Option<Millis>);

/// What was told.
#[derive(Default)]
pub struct News {
    /// When the relay first greeted, by its clock.
    since: Option<Millis>,
    messages: Vec<MessageId>,
    queued: Option<Queued>,
    agent: Option<AgentId>,
    closed: bool,
}

/// Something to tell.
#[derive(Debug, PartialEq)]
enum Item {
    Message { id: MessageId, at: Millis, by: &'static str, name: Option<String>, text: String },
    Queued(Queued),
    Assigned(String),
    Ended,
    Rated(Rating),
}

impl News {
    /// The relay has greeted. How things stand then is no news, and after a greeting that follows a broken connection all that changed is.
    pub fn greeted(&mut self, now: Millis, thread: Option<&Thread>) {
        if self.since.is_none() {
            self.since = Some(now);
            self.queued = thread.and_then(queued);
            self.agent = thread.and_then(|thread| thread.agent.as_ref()).map(|agent| agent.id);
            self.closed = thread.is_some_and(|thread| thread.state == Stand::Closed);
        }
    }

    /// Tells what is new.
    pub fn tell(&mut self, home: &Home, state: &State) {
        for item in self.items(state) {
            let (name, detail) = item.detail();
            home.announce(name, object(&detail).into());
        }
    }

    fn items(&mut self, state: &State) -> Vec<Item> {
        let Some(since) = self.since else { return Vec::new() };
        let mut items = Vec::new();
        let start = state.lines.len().saturating_sub(RECENT);
        for line in state.lines[start..].iter().filter(|line| line.at >= since) {
            if let Some(item) = said(line).filter(|_| !self.messages.contains(&line.id)) {
                self.messages.push(line.id);
                items.push(item);
            }
        }
        self.messages.drain(..self.messages.len().saturating_sub(2 * RECENT));
        let place = state.thread.as_ref().and_then(queued);
        if let Some(place) = place.filter(|_| place != self.queued) {
            items.push(Item::Queued(place));
        }
        self.queued = place;
        let agent = state.thread.as_ref().and_then(|thread| thread.agent.as_ref());
        if let Some(agent) = agent.filter(|agent| self.agent != Some(agent.id)) {
            items.push(Item::Assigned(agent.name.clone()));
        }
        self.agent = agent.map(|agent| agent.id);
        let closed = state.thread.as_ref().is_some_and(|thread| thread.state == Stand::Closed);
        if closed && !self.closed {
            items.push(Item::Ended);
        }
        self.closed = closed;
        items
    }
}

/// Tells that the relay has refused this page for good.
pub fn refused(home: &Home, status: Status) {
    if let Status::Refused(code) = status {
        let reason = if code == close::FOREIGN_ORIGIN { "origin" } else { "refused" };
        home.announce("error", object(&[("code", reason.into()), ("close", code.into())]).into());
    }
}

fn queued(thread: &Thread) -> Option<Queued> {
    (thread.state == Stand::Queued).then_some((thread.position, thread.estimate_ms))
}

/// What a line tells by itself.
fn said(line: &Line) -> Option<Item> {
    let (by, name, body) = match &line.what {
        What::Event(Event::Rated(rating)) => return Some(Item::Rated(rating.clone())),
        What::Own(body, Mark::Sent) => ("visitor", None, body),
        What::Theirs(name, body) => ("agent", Some(name.clone()), body),
        _ => return None,
    };
    Some(Item::Message { id: line.id, at: line.at, by, name, text: body.preview()?.to_owned() })
}

impl Item {
    fn detail(self) -> (&'static str, Vec<(&'static str, JsValue)>) {
        match self {
            Self::Message { id, at, by, name, text } => (
                "message",
                vec![
                    ("id", codec::write_uuid(id.0).into()),
                    ("at", JsValue::from_f64(at as f64)),
                    ("by", by.into()),
                    ("name", name.map_or(JsValue::NULL, JsValue::from)),
                    ("text", text.into()),
                ],
            ),
            Self::Queued((position, wait)) => (
                "queued",
                vec![
                    ("position", position.map_or(JsValue::NULL, JsValue::from)),
                    ("wait_ms", wait.map_or(JsValue::NULL, |wait| JsValue::from_f64(wait as f64))),
                ],
            ),
            Self::Assigned(name) => ("assigned", vec![("agent", name.into())]),
            Self::Ended => ("ended", vec![]),
            Self::Rated(Rating { score, comment }) => {
                let mut detail = vec![("score", score.into())];
                detail.extend(comment.map(|comment| ("comment", comment.into())));
                ("rated", detail)
            }
        }
    }
}
