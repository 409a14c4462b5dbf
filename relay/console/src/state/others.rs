//! The part of the desk about colleagues: what they have in hand, for supervisors who list it, who looks at the same thread, and the notes in
//! which they name me.

use leptos::prelude::*;
use shared::agent::{Mention, Others, Viewers};
use shared::ids::{AgentId, ConversationId, Millis, Seq};
use shared::model::{Conversation, State};

use super::Desk;
use crate::mention::named;
use crate::row::{Company, DRAFT_LAPSES};
use crate::verbs::is_held_by_other;

impl Desk {
    /// Lists what others have, or no more.
    pub fn oversee(&self, on: bool) {
        self.overseeing.set(on);
        if !on {
            self.others.set(Vec::new());
            self.others_total.set(0);
            self.prune();
        }
    }

    /// What others have, all of it.
    pub(super) fn hear_others(&self, others: Others, now: Millis) {
        // It was asked for before the list was closed.
        if !self.overseeing.get_untracked() {
            return;
        }
        let ids: Vec<ConversationId> = others.chats.iter().map(|talk| talk.id).collect();
        for talk in others.chats {
            self.learn(talk, now);
        }
        self.others.set(ids);
        self.others_total.set(others.total);
        self.sort_others();
        self.prune();
    }

    /// A conversation that I was told of enters, stays in or leaves the list of what others have.
    pub(super) fn list_other(&self, talk: &Conversation) {
        if !self.overseeing.get_untracked() {
            return;
        }
        let belongs = self.me.get_untracked().is_some_and(|me| is_held_by_other(talk, me));
        let listed = self.others.with_untracked(|others| others.contains(&talk.id));
        if belongs && !listed {
            self.others.update(|others| others.push(talk.id));
            self.others_total.update(|total| *total += 1);
        } else if !belongs && listed {
            self.others.update(|others| others.retain(|known| *known != talk.id));
            self.others_total.update(|total| *total = total.saturating_sub(1));
        }
        if belongs {
            self.sort_others();
        }
    }

    fn sort_others(&self) {
        let key = |id: &ConversationId| {
            let row = self.row(*id);
            row.map(|row| row.talk.with_untracked(|talk| (talk.state == State::Parked, !talk.unanswered, talk.last_at, talk.id)))
        };
        let sorted = self.others.with_untracked(|others| others.is_sorted_by_key(key));
        if !sorted {
            self.others.update(|others| others.sort_by_cached_key(key));
        }
    }

    /// What I am reminded of, all of it.
    pub(super) fn hear_mentions(&self, mentions: Vec<Mention>, now: Millis) {
        let held: Vec<ConversationId> = self.at_hand().collect();
        for mention in &mentions {
            // What is mine is told by `chat`, at once.
            if !held.contains(&mention.conversation.id) {
                self.learn(mention.conversation.clone(), now);
            }
        }
        if self.mentions.with_untracked(|known| *known != mentions) {
            self.mentions.set(mentions);
            self.prune();
        }
    }

    /// Whether something up to there reminds me.
    pub(super) fn is_reminded(&self, conversation: ConversationId, seq: Seq) -> bool {
        self.mentions.with_untracked(|mentions| mentions.iter().any(|one| one.conversation.id == conversation && one.seq <= seq))
    }

    /// The colleagues whom a note names.
    pub fn named_in(&self, note: &str) -> Vec<AgentId> {
        let me = self.me.get_untracked();
        self.agents.with_untracked(|agents| named(agents, me, note))
    }

    /// Who looks at the thread in view.
    pub(super) fn viewers(&self, viewers: Viewers, now: Millis) {
        let Viewers { conversation, agents, typing } = viewers;
        if self.open.get_untracked() == Some(conversation) {
            self.with_row(conversation, |row| row.company.set(Company { agents, typing, until: now + DRAFT_LAPSES }));
        }
    }
}
