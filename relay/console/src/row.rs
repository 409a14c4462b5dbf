//! One conversation as the console holds it. Every part is a signal of its own, so that a keystroke of a visitor redraws one line
//! of one row. `state.rs` is the only one that writes what the relay said; views write only the composer.

use leptos::prelude::*;
use shared::close::ErrorCode;
use shared::ids::{AgentId, ConversationId, MessageId, Millis, Seq};
use shared::model::{Author, Body, Conversation, EDIT_WITHIN, Entry, Event, MAX_PREVIEW, Menu, Person, Whisper, cut};

use crate::verbs::{Problem, Verb};

/// How long a visitor's draft counts without a new one (protocol: lapses by itself after 6 s).
pub const DRAFT_LAPSES: Millis = 6_000;

/// A conversation. Cheap to clone: every clone is the same conversation.
#[derive(Clone)]
pub struct Row {
    /// Its id.
    pub id: ConversationId,
    /// What the relay last said of it.
    pub talk: ArcRwSignal<Conversation>,
    /// Place in its site's queue, 1 is next; 0: not queued.
    pub place: ArcRwSignal<u32>,
    /// The thread, as far as it was followed; by seq, messages on their way last.
    pub lines: ArcRwSignal<Vec<Line>>,
    /// What the visitor is writing.
    pub typed: ArcRwSignal<Option<Typed>>,
    /// Up to where this agent has read.
    pub read_to: ArcRwSignal<Seq>,
    /// This agent's draft.
    pub composer: ArcRwSignal<String>,
    /// Whether the draft is a note.
    pub noting: ArcRwSignal<bool>,
    /// What was sent and is held back for a moment, so that it can be undone.
    pub held: ArcRwSignal<Option<Held>>,
    /// The message of this agent that is being changed.
    pub amending: ArcRwSignal<Option<MessageId>>,
    /// Whether that note is a whisper.
    pub whispering: ArcRwSignal<bool>,
    /// Who else looks at it.
    pub company: ArcRwSignal<Company>,
    /// A request that waits for its `done`.
    pub doing: ArcRwSignal<Option<Verb>>,
    /// Why the last request was refused.
    pub problem: ArcRwSignal<Option<Problem>>,
}

/// A message that its agent may still undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The id that it will have.
    pub id: MessageId,
    /// What it says.
    pub text: String,
    /// Whether it is a note.
    pub note: bool,
    /// When it goes, by the relay's clock.
    pub until: Millis,
}

/// A visitor's draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// What stands in their composer; cut by the relay.
    pub draft: String,
    /// When it lapses, by this browser's clock.
    pub until: Millis,
}

/// Who has the thread open, oneself among them, and who of them writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Who.
    pub agents: Vec<AgentId>,
    /// Who of them writes.
    pub typing: Vec<AgentId>,
    /// When that lapses, by this browser's clock.
    pub until: Millis,
}

/// One entry of the thread, or a message on its way to become one.
#[derive(Clone)]
pub struct Line {
    /// The author's id for it; the same before and after the relay confirms it.
    pub id: MessageId,
    /// Who wrote it.
    pub by: Author,
    /// What it says.
    pub body: Body,
    /// When it was written or committed.
    pub at: Millis,
    /// How often its author has changed it since.
    pub changes: u32,
    /// What became of it.
    pub fate: ArcRwSignal<Fate>,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// In the outbox.
    Pending,
    /// On disk at the relay, under this number.
    Stored(Seq),
    /// Refused for good.
    Failed(ErrorCode),
}

impl Line {
    fn of(entry: Entry) -> Self {
        let fate = ArcRwSignal::new(Fate::Stored(entry.seq));
        Self { id: entry.id, by: entry.by, body: entry.body, at: entry.at, changes: 0, fate }
    }

    /// Its number; messages that have none yet come last.
    fn rank(&self) -> Seq {
        match self.fate.get_untracked() {
            Fate::Stored(seq) => seq,
            Fate::Pending | Fate::Failed(_) => Seq::MAX,
        }
    }
}

impl Row {
    /// A conversation that was just heard of.
    pub fn new(talk: Conversation) -> Self {
        Self {
            id: talk.id,
            place: ArcRwSignal::new(0),
            lines: ArcRwSignal::default(),
            typed: ArcRwSignal::default(),
            read_to: ArcRwSignal::new(talk.agent_read),
            composer: ArcRwSignal::default(),
            noting: ArcRwSignal::default(),
            held: ArcRwSignal::default(),
            amending: ArcRwSignal::default(),
            whispering: ArcRwSignal::default(),
            company: ArcRwSignal::default(),
            doing: ArcRwSignal::default(),
            problem: ArcRwSignal::default(),
            talk: ArcRwSignal::new(talk),
        }
    }

    /// Replaces what was known; nothing is redrawn when nothing changed.
    pub fn learn(&self, talk: Conversation) {
        if self.read_to.get_untracked() < talk.agent_read {
            self.read_to.set(talk.agent_read);
        }
        if self.talk.with_untracked(|known| *known != talk) {
            self.talk.set(talk);
        }
    }

    /// Whether this message is still held back.
    pub fn is_holding(&self, id: MessageId) -> bool {
        self.held.with_untracked(|held| held.as_ref().is_some_and(|held| held.id == id))
    }

    /// Shows a message of this agent that is on its way.
    pub fn pending(&self, id: MessageId, body: Body, me: Person, now: Millis) {
        let line = Line { id, by: Author::Agent(me), body, at: now, changes: 0, fate: ArcRwSignal::new(Fate::Pending) };
        self.lines.update(|lines| match lines.iter().find(|known| known.id == line.id) {
            Some(known) => known.fate.set(Fate::Pending),
            None => lines.push(line),
        });
    }

    /// Its message is on disk, under this number, since then.
    pub fn acked(&self, id: MessageId, seq: Seq, at: Millis) {
        let line = self.lines.with_untracked(|lines| lines.iter().find(|line| line.id == id).cloned());
        if let Some(line) = line {
            self.spoken(&line.by, &line.body, seq, at);
        }
        self.stored(id, seq);
    }

    fn stored(&self, id: MessageId, seq: Seq) {
        self.lines.update(|lines| {
            if let Some(line) = lines.iter().find(|line| line.id == id) {
                line.fate.set(Fate::Stored(seq));
            }
            lines.sort_by_key(Line::rank);
        });
    }

    /// Its message was refused for good.
    pub fn failed(&self, id: MessageId, code: ErrorCode) {
        self.lines.with_untracked(|lines| {
            if let Some(line) = lines.iter().find(|line| line.id == id) {
                line.fate.set(Fate::Failed(code));
            }
        });
    }

    /// Takes a failed message out of the thread.
    pub fn discard(&self, id: MessageId) {
        self.lines.update(|lines| lines.retain(|line| line.id != id));
    }

    /// The next entry has come. One's own may come this way too, after a lost ack or from another tab.
    pub fn entry(&self, entry: Entry) {
        self.spoken(&entry.by, &entry.body, entry.seq, entry.at);
        if let Author::Agent(person) = &entry.by
            && self.company.with_untracked(|company| company.typing.contains(&person.id))
        {
            self.company.update(|company| company.typing.retain(|agent| *agent != person.id));
        }
        match &entry.body {
            Body::Event(Event::Edited(edited)) => self.amend(edited.seq, |body| match body {
                Body::Text(text) | Body::Note(text) | Body::Whisper(Whisper { text, .. }) | Body::Menu(Menu { text, .. }) => {
                    text.clone_from(&edited.text);
                }
                Body::File(_) | Body::Cards(_) | Body::Event(_) | Body::Deleted | Body::Unknown(_) => {}
            }),
            Body::Event(Event::Deleted(deleted)) => self.amend(deleted.seq, |body| *body = Body::Deleted),
            _ => {}
        }
        let known = self.lines.with_untracked(|lines| lines.iter().any(|line| line.id == entry.id));
        if known {
            self.stored(entry.id, entry.seq);
        } else {
            self.lines.update(|lines| {
                let place = lines.partition_point(|line| line.rank() < entry.seq);
                lines.insert(place, Line::of(entry));
            });
        }
    }

    /// An author changed what they had said. A line that is not here yet comes as it is now.
    fn amend(&self, seq: Seq, change: impl FnOnce(&mut Body)) {
        self.lines.update(|lines| {
            if let Some(line) = lines.iter_mut().find(|line| line.fate.get_untracked() == Fate::Stored(seq)) {
                change(&mut line.body);
                line.changes += 1;
            }
        });
    }

    /// Keeps the row in step with what was said: while a chat is active, the relay sends entries and no new row.
    pub fn spoken(&self, by: &Author, body: &Body, seq: Seq, at: Millis) {
        if *by == Author::Visitor {
            self.typed.set(None);
        }
        let Some(text) = body.preview() else { return };
        if self.talk.with_untracked(|talk| talk.last_at < at || talk.head < seq) {
            self.talk.update(|talk| {
                talk.head = talk.head.max(seq);
                talk.last_at = at;
                talk.unanswered = *by == Author::Visitor;
                cut(text, MAX_PREVIEW).clone_into(&mut talk.preview);
            });
        }
    }

    /// Forgets the thread, once nobody follows it any more.
    pub fn forget(&self) {
        self.lines.set(Vec::new());
        self.typed.set(None);
        self.company.set(Company::default());
    }

    /// The last message of this agent, with its number, if it is stored, young enough to be changed or taken back, and nothing of theirs is
    /// on its way behind it. Tracks the lines.
    pub fn amendable(&self, me: AgentId, now: Millis) -> Option<(MessageId, Seq)> {
        self.lines.with(|lines| {
            let mine = |line: &&Line| matches!(&line.by, Author::Agent(person) if person.id == me);
            let last = lines.iter().rev().filter(mine).find(|line| !matches!(line.body, Body::Event(_)))?;
            let may = !matches!(last.body, Body::Deleted | Body::Unknown(_)) && now - last.at < EDIT_WITHIN;
            match last.fate.get() {
                Fate::Stored(seq) if may => Some((last.id, seq)),
                _ => None,
            }
        })
    }

    /// Whether this line is text, which can be changed.
    pub fn is_text(&self, id: MessageId) -> bool {
        let is_it = |line: &Line| line.id == id && matches!(line.body, Body::Text(_) | Body::Note(_));
        self.lines.with_untracked(|lines| lines.iter().any(is_it))
    }

    /// Number of the last stored line; 0: none. Tracks the lines.
    pub fn last_seq(&self) -> Seq {
        self.lines
            .with(|lines| {
                lines.iter().rev().map(|line| line.fate.get_untracked()).find_map(|fate| match fate {
                    Fate::Stored(seq) => Some(seq),
                    _ => None,
                })
            })
            .unwrap_or(0)
    }

    /// Since when the visitor has waited for an answer; `None`: none is due. Tracks lines and row.
    pub fn due_since(&self) -> Option<Millis> {
        let (due, last) = self.talk.with(|talk| (talk.unanswered, talk.last_at));
        due.then(|| {
            self.lines.with(|lines| {
                let messages = lines.iter().rev().filter(|line| line.body.is_message());
                let unanswered = messages.take_while(|line| line.by == Author::Visitor);
                unanswered.last().map_or(last, |line| line.at)
            })
        })
    }

    /// How many messages of the visitor this agent has not read. Tracks lines and read mark.
    pub fn unread(&self) -> usize {
        let read_to = self.read_to.get();
        self.lines.with(|lines| {
            let theirs = lines.iter().filter(|line| line.by == Author::Visitor && line.body.is_message());
            theirs.filter(|line| matches!(line.fate.get_untracked(), Fate::Stored(seq) if seq > read_to)).count()
        })
    }

    /// Whether the visitor wrote again after the end and nobody has answered since: then the agent who had the chat last can dismiss
    /// it. Tracks the lines.
    pub fn is_dismissable(&self, me: AgentId) -> bool {
        self.lines.with(|lines| {
            let holder = lines.iter().rev().find_map(|line| match &line.body {
                Body::Event(Event::Assigned(assigned)) => Some(assigned.agent.id),
                _ => None,
            });
            if holder != Some(me) {
                return false;
            }
            let decisive = lines.iter().rev().find(|line| match &line.body {
                Body::Event(event) => matches!(event, Event::Reopened | Event::Closed(_)),
                body => body.is_message() && matches!(line.by, Author::Agent(_)),
            });
            decisive.is_some_and(|line| line.body == Body::Event(Event::Reopened))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{agent_id, conversation, entry, person, say};
    use shared::model::{Assigned, AssignedHow, Say};

    fn pending(row: &Row, say: &Say) {
        row.pending(say.id, Body::Text(say.text.clone()), person(9), 5);
    }

    fn seqs(row: &Row) -> Vec<Seq> {
        row.lines.with_untracked(|lines| lines.iter().map(Line::rank).collect())
    }

    #[test]
    fn own_messages_take_their_place_once_stored() {
        let row = Row::new(conversation(1));
        row.entry(entry(1, Author::Visitor, "hello"));
        let mine = say(7, 1, "hi");
        pending(&row, &mine);
        row.entry(entry(2, Author::Visitor, "anyone?"));
        assert_eq!(seqs(&row), [1, 2, Seq::MAX]);
        row.acked(mine.id, 3, 3_000);
        row.entry(entry(4, Author::Visitor, "ah"));
        assert_eq!(seqs(&row), [1, 2, 3, 4]);
        assert_eq!(row.last_seq(), 4);
    }

    #[test]
    fn the_entry_of_an_own_message_doubles_nothing() {
        let row = Row::new(conversation(1));
        let mine = say(7, 1, "hi");
        pending(&row, &mine);
        row.entry(Entry { id: mine.id, ..entry(1, Author::Agent(person(9)), "hi") });
        row.acked(mine.id, 1, 1_000);
        assert_eq!(seqs(&row), [1]);
    }

    #[test]
    fn unread_counts_the_visitors_messages_after_the_mark() {
        let row = Row::new(conversation(1));
        for seq in 1..=3 {
            row.entry(entry(seq, Author::Visitor, "hello"));
        }
        row.entry(entry(4, Author::System, "not theirs"));
        row.read_to.set(1);
        assert_eq!(row.unread(), 2);
        row.learn(Conversation { agent_read: 3, ..conversation(1) });
        assert_eq!(row.unread(), 0);
    }

    #[test]
    fn an_answer_is_due_since_the_first_message_without_one() {
        let row = Row::new(conversation(1));
        row.entry(entry(1, Author::Visitor, "hello"));
        row.entry(entry(2, Author::Agent(person(9)), "hi"));
        assert_eq!(untrack(|| row.due_since()), None);
        row.entry(entry(3, Author::Visitor, "size 46?"));
        row.entry(Entry { body: Body::Note("hm".to_owned()), ..entry(4, Author::Agent(person(9)), "") });
        row.entry(entry(5, Author::Visitor, "well?"));
        assert_eq!(untrack(|| row.due_since()), Some(3_000));
    }

    #[test]
    fn a_reopened_chat_is_dismissable_until_answered() {
        let row = Row::new(conversation(1));
        let me = agent_id(9);
        let assigned = Event::Assigned(Assigned { agent: person(9), how: AssignedHow::Taken });
        row.entry(Entry { body: Body::Event(assigned), ..entry(1, Author::System, "") });
        assert!(!row.is_dismissable(me));
        row.entry(Entry { body: Body::Event(Event::Reopened), ..entry(2, Author::System, "") });
        row.entry(entry(3, Author::Visitor, "thanks"));
        assert!(row.is_dismissable(me) && !row.is_dismissable(agent_id(8)));
        row.entry(entry(4, Author::Agent(person(9)), "welcome"));
        assert!(!row.is_dismissable(me));
    }

    #[test]
    fn only_the_last_message_can_be_amended_and_only_for_a_minute() {
        let row = Row::new(conversation(1));
        let me = agent_id(9);
        row.entry(entry(1, Author::Agent(person(9)), "hello"));
        assert_eq!(row.amendable(me, 1_000).map(|(_, seq)| seq), Some(1));
        assert_eq!(row.amendable(agent_id(8), 1_000), None);
        assert_eq!(row.amendable(me, 1_000 + EDIT_WITHIN), None, "its minute is over");
        row.entry(entry(2, Author::Visitor, "an answer takes nothing away"));
        assert_eq!(row.amendable(me, 1_000).map(|(_, seq)| seq), Some(1));
        let next = say(7, 1, "and");
        pending(&row, &next);
        assert_eq!(row.amendable(me, 1_000), None, "one's next message is on its way");
        row.acked(next.id, 3, 3_000);
        assert_eq!(row.amendable(me, 3_000).map(|(_, seq)| seq), Some(3));
        let deleted = shared::model::Deleted { seq: 3, note: false };
        row.entry(Entry { body: Body::Event(Event::Deleted(deleted)), ..entry(4, Author::Agent(person(9)), "") });
        assert_eq!(row.amendable(me, 3_000), None, "what was taken back is gone, and what stood before it is not the last");
    }

    #[test]
    fn the_row_says_what_was_said_last() {
        let row = Row::new(conversation(1));
        row.entry(entry(2, Author::Visitor, "is anybody there?"));
        row.entry(Entry { body: Body::Note("rude".to_owned()), ..entry(3, Author::Agent(person(9)), "") });
        let said = || row.talk.with_untracked(|talk| (talk.preview.clone(), talk.unanswered));
        assert_eq!(said(), ("is anybody there?".to_owned(), true));
        let mine = say(7, 1, "yes");
        pending(&row, &mine);
        assert!(said().1, "not before it is on disk");
        row.acked(mine.id, 4, 4_000);
        assert_eq!(said(), ("yes".to_owned(), false));
        // What comes late, as history does, changes nothing.
        row.entry(entry(1, Author::Visitor, "hello"));
        assert_eq!(said(), ("yes".to_owned(), false));
    }
}
