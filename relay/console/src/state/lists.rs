//! The part of the desk that keeps its lists: what is mine, the queue, the messages, and the rows behind them.

use std::collections::{HashMap, HashSet};

use leptos::prelude::*;
use shared::agent::Inbox;
use shared::ids::{ConversationId, Millis};
use shared::model::{Board, Body, Conversation, File, Person, Say, State};

use super::Desk;
use crate::notices::Cause;
use crate::row::Row;

impl Desk {
    pub(super) fn inbox(&self, inbox: Inbox, now: Millis) {
        self.agents.set(inbox.agents);
        self.teams.set(inbox.teams);
        self.sites.set(inbox.sites);
        self.boards.set_value(HashMap::new());
        let there: HashSet<ConversationId> = inbox.chats.iter().map(|talk| talk.id).collect();
        for list in [self.mine, self.parked, self.offers] {
            list.update(|list| list.retain(|id| there.contains(id)));
        }
        for talk in inbox.chats {
            self.enlist(talk, now);
        }
        let waited = self.waiting_rows();
        for board in inbox.boards {
            self.take_board(board, now);
        }
        self.hear_mentions(inbox.mentions, now);
        self.draw_boards();
        self.notice_waiting(&waited);
    }

    /// A site's open work is another.
    pub(super) fn board(&self, board: Board, now: Millis) {
        let waited = self.waiting_rows();
        self.take_board(board, now);
        self.notice_waiting(&waited);
    }

    /// What waits for anybody.
    fn waiting_rows(&self) -> HashSet<ConversationId> {
        [self.queue, self.messages].into_iter().flat_map(|list| list.get_untracked()).collect()
    }

    /// What waits now and did not before is something to tell of.
    fn notice_waiting(&self, before: &HashSet<ConversationId>) {
        for id in self.waiting_rows().difference(before) {
            if let Some(row) = self.row(*id) {
                self.notice(*id, Cause::Queue, row.talk.with_untracked(|talk| talk.head));
            }
        }
    }

    /// The newest revision wins: boards may overtake each other on their way through a cluster.
    fn take_board(&self, board: Board, now: Millis) {
        let stale = self.boards.with_value(|boards| boards.get(&board.site).is_some_and(|known| known.rev >= board.rev));
        if stale {
            return;
        }
        let held: HashSet<ConversationId> = self.at_hand().collect();
        for talk in board.queue.iter().chain(&board.messages) {
            // What is mine is told by `chat`, at once; a board may be a second old.
            if !held.contains(&talk.id) {
                self.learn(talk.clone(), now);
            }
        }
        self.boards.update_value(|boards| {
            boards.insert(board.site, board);
        });
        self.draw_boards();
    }

    /// Draws queue and messages anew from the boards, without what is mine already.
    pub(super) fn draw_boards(&self) {
        let held: HashSet<ConversationId> = self.at_hand().collect();
        let (queue, messages, waiting, unassigned) = self.boards.with_value(|boards| {
            let mut queue: Vec<(i32, Millis, ConversationId, usize)> = Vec::new();
            let mut messages: Vec<(Millis, ConversationId)> = Vec::new();
            for board in boards.values() {
                let rows = board.queue.iter().enumerate();
                queue.extend(rows.map(|(index, row)| (-row.priority, row.queued_at.unwrap_or(row.opened_at), row.id, index + 1)));
                messages.extend(board.messages.iter().map(|row| (row.last_at, row.id)));
            }
            queue.sort_unstable();
            messages.sort_unstable();
            let waiting: u32 = boards.values().map(|board| board.waiting).sum();
            let unassigned: u32 = boards.values().map(|board| board.unassigned).sum();
            (queue, messages, waiting, unassigned)
        });
        let places: HashMap<ConversationId, usize> = queue.iter().map(|(.., id, place)| (*id, *place)).collect();
        self.rows.with_value(|rows| {
            for row in rows.values() {
                let place = places.get(&row.id).map_or(0, |place| u32::try_from(*place).unwrap_or(0));
                if row.place.get_untracked() != place {
                    row.place.set(place);
                }
            }
        });
        set_if_other(self.queue, queue.into_iter().map(|(.., id, _)| id).filter(|id| !held.contains(id)).collect());
        set_if_other(self.messages, messages.into_iter().map(|(_, id)| id).filter(|id| !held.contains(id)).collect());
        let mut picked: Vec<_> =
            self.boards.with_value(|boards| boards.values().filter(|board| board.picked).map(|board| board.site).collect());
        picked.sort_unstable();
        set_if_other(self.picked, picked);
        set_if_other(self.waiting, waiting);
        set_if_other(self.unassigned, unassigned);
        self.prune();
    }

    /// A conversation that concerns me changed: it enters, stays in or leaves my lists.
    pub(super) fn chat(&self, talk: Conversation, now: Millis) {
        self.enlist(talk, now);
        self.draw_boards();
    }

    /// Puts a conversation into the lists where it belongs. Whoever calls it draws the boards afterwards, once for many.
    fn enlist(&self, talk: Conversation, now: Millis) {
        let me = self.me.get_untracked();
        let (id, state) = (talk.id, talk.state);
        let assigned = talk.agent.as_ref().map(|agent| agent.id) == me;
        let offered = talk.offer.as_ref().is_some_and(|offer| Some(offer.to) == me);
        let head = talk.head;
        self.learn(talk.clone(), now);
        self.list_other(&talk);
        if offered && !self.offers.with_untracked(|list| list.contains(&id)) {
            self.notice(id, Cause::Offer, head);
        }
        for (list, belongs) in [
            (self.mine, assigned && state == State::Active),
            (self.parked, assigned && state == State::Parked),
            (self.offers, offered),
        ] {
            let listed = list.with_untracked(|list| list.contains(&id));
            if belongs && !listed {
                list.update(|list| list.push(id));
            } else if !belongs && listed {
                list.update(|list| list.retain(|known| *known != id));
            }
        }
    }

    /// Keeps what the relay says of a conversation, and gives it the messages that waited for it.
    pub(super) fn learn(&self, talk: Conversation, now: Millis) {
        let id = talk.id;
        match self.row(id) {
            Some(row) => row.learn(talk),
            None => {
                self.rows.update_value(|rows| {
                    rows.insert(id, Row::new(talk));
                });
                let waiting = self.unplaced.try_update_value(std::mem::take).unwrap_or_default();
                for say in waiting {
                    self.place(say, now);
                }
            }
        }
    }

    pub(super) fn place(&self, say: Say, now: Millis) {
        let row = say.conversation.and_then(|id| self.row(id));
        match (row, self.me_as_person()) {
            (Some(row), Some(me)) => row.pending(say.id, self.body(&say), me, now + self.skew.get_value()),
            _ => self.unplaced.update_value(|unplaced| unplaced.push(say)),
        }
    }

    /// Remembers what was uploaded, for the message that will name it.
    pub fn uploaded(&self, file: File) {
        self.files.update_value(|files| {
            files.insert(file.id, file);
        });
    }

    /// What a message on its way shows. A file of an earlier life of this page has no name until the relay tells it.
    pub(super) fn body(&self, say: &Say) -> Body {
        let Some(id) = say.file else {
            return if say.note { Body::Note(say.text.clone()) } else { Body::Text(say.text.clone()) };
        };
        let nameless = || File {
            id,
            name: String::new(),
            media_type: String::new(),
            size: 0,
            path: format!("/f/{id}/file"),
            width: None,
            height: None,
            duration_ms: None,
        };
        Body::File(self.files.with_value(|files| files.get(&id).cloned()).unwrap_or_else(nameless))
    }

    pub(super) fn me_as_person(&self) -> Option<Person> {
        let id = self.me.get_untracked()?;
        let name =
            self.agents.with_untracked(|agents| agents.iter().find(|agent| agent.id == id).map(|agent| agent.name.clone()));
        Some(Person { id, name: name.unwrap_or_default() })
    }

    /// Drops the rows that no list names any more.
    pub(super) fn prune(&self) {
        let mut kept: HashSet<ConversationId> = self.at_hand().chain(self.open.get_untracked()).collect();
        kept.extend(self.queue.get_untracked());
        kept.extend(self.messages.get_untracked());
        kept.extend(self.others.get_untracked());
        kept.extend(self.mentions.with_untracked(|mentions| mentions.iter().map(|one| one.conversation.id).collect::<Vec<_>>()));
        kept.extend(self.followed.get_value());
        // Nor does one go in which a message is held back: it will be sent.
        self.rows.update_value(|rows| rows.retain(|id, row| kept.contains(id) || row.held.with_untracked(Option::is_some)));
    }
}

fn set_if_other<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|known| *known != value) {
        signal.set(value);
    }
}
