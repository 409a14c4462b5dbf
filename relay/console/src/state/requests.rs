//! The part of the desk that keeps requests until they are answered: only `done` makes them true.

use leptos::prelude::*;
use shared::frame::ErrorFrame;
use shared::ids::{ConversationId, MessageId};
use shared::model::Presence;

use super::Desk;
use crate::verbs::{Problem, Verb};

/// A request on its way.
#[derive(Clone, Copy)]
pub(super) enum Request {
    Presence,
    About(ConversationId, Verb),
    Amend(ConversationId),
}

impl Desk {
    /// Notes a request about a conversation; its row shows that it is on its way.
    pub fn asked(&self, id: MessageId, conversation: ConversationId, verb: Verb) {
        self.requests.update_value(|requests| {
            requests.insert(id, Request::About(conversation, verb));
        });
        self.with_row(conversation, |row| {
            row.doing.set(Some(verb));
            row.problem.set(None);
        });
    }

    /// Notes that a message is to be changed or taken back.
    pub fn asked_to_amend(&self, id: MessageId, conversation: ConversationId) {
        self.requests.update_value(|requests| {
            requests.insert(id, Request::Amend(conversation));
        });
        self.with_row(conversation, |row| row.problem.set(None));
    }

    /// Notes that another presence was asked for.
    pub fn asked_presence(&self, id: MessageId, presence: Presence) {
        self.requests.update_value(|requests| {
            requests.insert(id, Request::Presence);
        });
        self.wanted.set(Some(presence));
        self.presence_problem.set(None);
    }

    pub(super) fn done(&self, id: MessageId) {
        match self.requests.try_update_value(|requests| requests.remove(&id)).flatten() {
            Some(Request::About(conversation, _)) => self.with_row(conversation, |row| row.doing.set(None)),
            Some(Request::Amend(conversation)) => self.with_row(conversation, |row| row.amending.set(None)),
            Some(Request::Presence) => {
                if let (Some(presence), Some(me)) = (self.wanted.get_untracked(), self.me.get_untracked()) {
                    self.agents.update(|agents| {
                        agents.iter_mut().filter(|agent| agent.id == me).for_each(|agent| agent.presence = presence);
                    });
                }
                self.wanted.set(None);
            }
            None => {}
        }
    }

    pub(super) fn refused(&self, error: &ErrorFrame) {
        let request = error.id.and_then(|id| self.requests.try_update_value(|requests| requests.remove(&id)).flatten());
        match request {
            Some(Request::About(conversation, verb)) => self.with_row(conversation, |row| {
                row.doing.set(None);
                row.problem.set(Some(Problem::Refused(verb, error.code)));
            }),
            Some(Request::Amend(conversation)) => {
                self.with_row(conversation, |row| row.problem.set(Some(Problem::Unchanged(error.code))));
            }
            Some(Request::Presence) => {
                self.wanted.set(None);
                self.presence_problem.set(Some(Problem::Refused(Verb::Take, error.code)));
            }
            None => {}
        }
    }

    /// The answers of requests on their way are lost with the connection; the next welcome brings the truth.
    pub(super) fn forget_requests(&self) {
        for (_, request) in self.requests.try_update_value(std::mem::take).unwrap_or_default() {
            if let Request::About(conversation, _) = request {
                self.with_row(conversation, |row| row.doing.set(None));
            }
        }
        self.wanted.set(None);
    }
}
