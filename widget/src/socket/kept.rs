//! What the browser keeps for the visitor: who they are, and messages that are on their way, what was read and rung for.

use shared::ids::MessageId;
use shared::model::Say;

use super::{Inner, READ, TOKEN};
use crate::browser::{Home, now};
use crate::codec;
use crate::state::State;
use crate::view::*;

/// Begins the names under which messages are kept until they are acknowledged, each under its own: tabs write at the same time.
const OUTBOX: &str = "say:";
/// The message that some tab has last rung for.
const RUNG: &str = "rung";

impl Inner {
    /// Keeps a new token. When another tab became somebody first, this one joins it and is greeted again; but whoever was vouched for has
    /// become somebody else on purpose, and what the browser had before is replaced.
    pub(super) fn take_token(&mut self, token: &str, vouched: bool) -> bool {
        let stored = self.home.load(TOKEN).filter(|_| !vouched);
        let first = stored.as_deref().is_none_or(|stored| stored == token);
        if first {
            self.home.keep(TOKEN, Some(token));
        } else {
            // Nothing more may go out under the token that nobody keeps.
            self.link.stop();
            self.link.restart(now());
        }
        self.link.dialect_mut().hello.token = Some(stored.unwrap_or_else(|| token.to_owned()));
        first
    }

    pub(super) fn persist(&mut self, outbox: &[Say]) {
        let (home, kept) = (&self.home, &mut self.kept);
        kept.retain(|id| {
            let waits = outbox.iter().any(|say| say.id == *id);
            if !waits {
                home.keep(&place_of(*id), None);
            }
            waits
        });
        for say in outbox {
            if !kept.contains(&say.id) {
                kept.push(say.id);
                home.keep(&place_of(say.id), Some(&codec::write_outbox(std::slice::from_ref(say))));
            }
        }
    }

    /// Takes from storage up to where the visitor has read, here or in another tab.
    pub(super) fn recall(&mut self) {
        let latest = self.state.with_untracked(State::head).map(|head| head.0);
        if let Some((conversation, seq)) = self.home.load(READ).as_deref().and_then(|text| text.split_once(' '))
            && latest.is_some_and(|latest| codec::write_uuid(latest.0) == conversation)
        {
            let seq = seq.parse().unwrap_or(0);
            if self.state.with_untracked(|state| state.read_to < seq) {
                self.state.update(|state| state.read_to = seq);
            }
        }
    }

    /// Rings, unless another tab has for the same message: two may think for a moment that they lead.
    pub(super) fn ring(&mut self) {
        let latest = self.state.with_untracked(|state| state.latest().map(|latest| codec::write_uuid(latest.0.0)));
        if self.home.load(RUNG) != latest {
            self.home.keep(RUNG, latest.as_deref());
            self.state.update(|state| state.rings += 1);
        }
    }
}

pub(super) fn place_of(id: MessageId) -> String {
    [OUTBOX, &codec::write_uuid(id.0)].concat()
}

/// All messages in storage, oldest first.
pub(super) fn stored_outbox(home: &Home) -> Vec<Say> {
    let mut outbox: Vec<Say> = Vec::new();
    for say in home.kept(OUTBOX).iter().flat_map(|text| codec::read_outbox(text)) {
        outbox.insert(outbox.partition_point(|other| other.id < say.id), say);
    }
    outbox
}
