//! What an agent is told of besides what stands on the page, and by what means: their preferences, kept in this browser, and the rules.
//! Pure, but for where preferences are kept; `view/notices.rs` carries it out.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::api::{Quiet, Wishes};
use shared::ids::{AgentId, ConversationId, Seq};
use shared::model::{AssignedHow, Author, Body, Entry, Event};

use crate::browser;
use crate::lean;

/// The key that preferences are kept under.
const KEPT: &str = "bulle.notices";

/// The event that browsers have for what another tab keeps; here it also tells of this one, whose two programs both go by it.
const CHANGED: &str = "storage";

/// Why somebody is told. Of several about one conversation the greatest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Somebody waits, or has left a message for later.
    Queue,
    /// A visitor wrote in a chat of theirs.
    Message,
    /// A colleague wants to hand a chat over.
    Offer,
    /// The desk gave them a chat.
    Assigned,
}

/// Something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// About which conversation.
    pub conversation: ConversationId,
    /// Why.
    pub cause: Cause,
    /// As of this entry.
    pub seq: Seq,
}

impl Notice {
    /// The two as one.
    pub fn with(self, other: Self) -> Self {
        Self { conversation: self.conversation, cause: self.cause.max(other.cause), seq: self.seq.max(other.seq) }
    }
}

/// What an entry of a chat of theirs is a reason for. What they took or accepted themselves is none.
pub fn cause_of(entry: &Entry, me: Option<AgentId>) -> Option<Cause> {
    match &entry.body {
        Body::Event(Event::Assigned(to)) => {
            (Some(to.agent.id) == me && to.how == AssignedHow::Dispatched).then_some(Cause::Assigned)
        }
        body => (entry.by == Author::Visitor && body.is_message()).then_some(Cause::Message),
    }
}

/// What an agent wants on this browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// A sound.
    pub sound: bool,
    /// Desktop notifications.
    pub desktop: bool,
    /// How much is new, in the title.
    pub title: bool,
    /// And on the icon.
    pub badge: bool,
    /// What for.
    pub wishes: Wishes,
    /// Whether there are quiet hours.
    pub is_quiet: bool,
    /// Which.
    pub quiet: Quiet,
    /// Web Push, while no console is open.
    pub push: bool,
    /// Whether that shows what was written.
    pub shows_text: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            sound: true,
            // Asked for by a button, never by itself.
            desktop: false,
            title: true,
            badge: true,
            wishes: Wishes::default(),
            is_quiet: false,
            quiet: Quiet { from: 20 * 60, until: 8 * 60, days: (1..=7).collect() },
            push: false,
            shows_text: false,
        }
    }
}

impl Preferences {
    /// The kept ones, else those of everybody.
    pub fn kept() -> Self {
        browser::kept(KEPT).and_then(|text| lean::read(&text).ok()).unwrap_or_default()
    }

    fn keep(&self) {
        if let Ok(text) = serde_json::to_string(self) {
            browser::keep(KEPT, &text);
        }
    }

    /// The quiet hours, if there are any.
    pub fn quiet(&self) -> Option<&Quiet> {
        self.is_quiet.then_some(&self.quiet)
    }

    /// Whether this is to be told at this minute of this weekday (1 is Monday).
    pub fn tells(&self, cause: Cause, day: u8, minute: u16) -> bool {
        let wished = match cause {
            Cause::Queue => self.wishes.queue,
            Cause::Message => self.wishes.messages,
            Cause::Offer => self.wishes.offers,
            Cause::Assigned => self.wishes.assigned,
        };
        wished && !self.quiet().is_some_and(|quiet| quiet.hold(day, minute))
    }
}

/// The preferences, in context.
#[derive(Clone, Copy)]
pub struct Noticing(pub RwSignal<Preferences>);

impl Noticing {
    /// The kept ones; what another tab or the other program changes is followed.
    pub fn start() -> Self {
        let noticing = Self(RwSignal::new(Preferences::kept()));
        let elsewhere = window_event_listener_untyped(CHANGED, move |_| {
            let kept = Preferences::kept();
            if noticing.0.with_untracked(|known| *known != kept) {
                noticing.0.set(kept);
            }
        });
        on_cleanup(move || elsewhere.remove());
        noticing
    }

    /// Changes and keeps them.
    pub fn change(self, change: impl FnOnce(&mut Preferences)) {
        self.0.update(change);
        self.0.with_untracked(Preferences::keep);
        browser::tell(CHANGED, "");
    }
}

#[cfg(test)]
mod tests {
    use shared::model::Assigned;

    use super::*;
    use crate::samples::{agent_id, conversation_id, entry, person};

    #[test]
    fn what_others_do_to_my_chats_is_a_reason_and_what_i_do_is_none() {
        let me = Some(agent_id(9));
        let assigned = |to, how| Entry {
            body: Body::Event(Event::Assigned(Assigned { agent: person(to), how })),
            ..entry(2, Author::System, "")
        };
        assert_eq!(cause_of(&entry(1, Author::Visitor, "hello"), me), Some(Cause::Message));
        assert_eq!(cause_of(&assigned(9, AssignedHow::Dispatched), me), Some(Cause::Assigned));
        assert_eq!(cause_of(&assigned(8, AssignedHow::Dispatched), me), None);
        assert_eq!(cause_of(&assigned(9, AssignedHow::Taken), me), None);
        assert_eq!(cause_of(&entry(3, Author::Agent(person(9)), "hi"), me), None);
        assert_eq!(cause_of(&Entry { body: Body::Event(Event::Resumed), ..entry(4, Author::System, "") }, me), None);
    }

    #[test]
    fn several_about_one_conversation_are_one() {
        let notice = |cause, seq| Notice { conversation: conversation_id(1), cause, seq };
        assert_eq!(notice(Cause::Assigned, 2).with(notice(Cause::Message, 3)), notice(Cause::Assigned, 3));
    }

    #[test]
    fn everybody_hears_of_chats_but_not_of_the_queue_and_nobody_in_quiet_hours() {
        let mut mine = Preferences::default();
        assert!(mine.sound && !mine.desktop && !mine.push, "the browser is asked by a button alone");
        for (cause, told) in [(Cause::Assigned, true), (Cause::Message, true), (Cause::Offer, true), (Cause::Queue, false)] {
            assert_eq!(mine.tells(cause, 1, 23 * 60), told, "{cause:?}");
        }
        mine.is_quiet = true;
        assert!(!mine.tells(Cause::Assigned, 1, 23 * 60) && mine.tells(Cause::Assigned, 1, 12 * 60));
        mine.wishes.messages = false;
        assert!(!mine.tells(Cause::Message, 1, 12 * 60));
    }

    #[test]
    fn preferences_of_an_earlier_version_are_kept_as_far_as_they_go() {
        let kept: Preferences = serde_json::from_str(r#"{"sound":false,"later":1}"#).unwrap();
        assert_eq!(kept, Preferences { sound: false, ..Preferences::default() });
    }
}
