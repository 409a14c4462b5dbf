//! What the panel offers the visitor as things stand: the offline form, the form before the chat, quick replies, changing the last message,
//! sending a refused one again, a rating, a new conversation. Asked by components; pure.

use std::sync::Arc;

use shared::ids::{ConversationId, MessageId, Seq};
use shared::model::{Body, Event, File, Say};

use super::State;
use crate::lines::{Mark, What};

/// What the visitor can do about a message of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing.
    None,
    /// Take it back.
    Delete,
    /// Change it or take it back.
    Edit,
}

impl State {
    /// A file was uploaded, about which a message will follow.
    pub fn know(&mut self, file: File) {
        self.files.push(Arc::new(Body::File(file)));
    }

    /// What goes along with the next message only: the answers to the form, the wish for a new conversation.
    pub fn complete(&mut self, say: &mut Say) {
        if self.thread.is_none() || self.fresh {
            say.answers = self.answers.replace(Vec::new()).unwrap_or_default();
            say.fresh = std::mem::take(&mut self.fresh) && self.thread.is_some();
        }
    }

    /// Begins anew: what was said leaves the page, and the next message begins a conversation.
    pub fn start_over(&mut self) {
        self.fresh = true;
        self.answers = None;
        self.lines.clear();
    }

    /// Takes a refused message out of the log, to be sent again.
    pub fn take_failed(&mut self, id: MessageId) -> Option<Arc<Body>> {
        let place = self.lines.iter().position(|line| line.id == id && matches!(line.what, What::Own(_, Mark::Failed(_))))?;
        if let What::Own(body, _) = self.lines.remove(place).what { Some(body) } else { None }
    }

    /// The refused messages, in order.
    pub fn in_trouble(&self) -> impl Iterator<Item = MessageId> {
        self.lines.iter().filter(|line| matches!(line.what, What::Own(_, Mark::Failed(_)))).map(|line| line.id)
    }

    /// What can be done about a message.
    pub fn deed(&self, id: MessageId) -> Deed {
        let line = self.lines.iter().rev().find(|line| line.id == id);
        match line.map(|line| &line.what) {
            Some(What::Own(body, _)) if self.changeable.is_some_and(|changeable| changeable.0 == id) => match **body {
                Body::Text(_) => Deed::Edit,
                Body::Deleted => Deed::None,
                _ => Deed::Delete,
            },
            _ => Deed::None,
        }
    }

    /// The own message that can be changed still: where it stands, and its text.
    pub fn changeable(&self) -> Option<(ConversationId, Seq, &str)> {
        let line = self.last_line().filter(|line| self.deed(line.id) == Deed::Edit)?;
        match &line.what {
            What::Own(body, _) => Some((*self.threads.get(line.place.0)?, line.place.1, body.preview()?)),
            _ => None,
        }
    }

    /// Where a message stands that the relay has numbered.
    pub fn place(&self, id: MessageId) -> Option<(ConversationId, Seq)> {
        let line = self.lines.iter().rev().find(|line| line.id == id)?;
        Some((*self.threads.get(line.place.0)?, line.place.1))
    }

    /// The quick replies that are on offer: of the last message that has some, until the visitor says something.
    pub fn choices(&self) -> &[String] {
        let last = self.lines.iter().rev().find(|line| {
            let menu = matches!(&line.what, What::Theirs(_, body) if matches!(**body, Body::Menu(_)));
            menu || matches!(line.what, What::Own(..) | What::Event(Event::Closed(_)))
        });
        match last.map(|line| &line.what) {
            Some(What::Theirs(_, body)) => match &**body {
                Body::Menu(menu) => &menu.choices,
                _ => &[],
            },
            _ => &[],
        }
    }

    /// Whether the offline form stands in the composer's place: nobody is there, and nothing is under way.
    pub fn wants_contact(&self) -> bool {
        !self.answering && !self.is_live()
    }

    /// Whether the form before the chat stands in the composer's place.
    pub fn wants_form(&self) -> bool {
        let new = self.thread.is_none() || self.fresh;
        new && self.answering && self.panel.form.is_some() && self.answers.is_none() && !self.is_live()
    }

    /// Whether the conversation has ended and nothing else was begun.
    pub fn is_over(&self) -> bool {
        self.thread.is_some() && !self.fresh && !self.is_live()
    }

    /// Whether to ask for a rating.
    pub fn wants_rating(&self) -> bool {
        let latest = self.threads.len().checked_sub(1);
        let agent = self.thread.as_ref().is_some_and(|thread| thread.agent.is_some());
        self.panel.rating && agent && self.is_over() && self.rated != latest
    }

    /// The visitor does not want to be asked again.
    pub fn spare_rating(&mut self) {
        self.rated = self.threads.len().checked_sub(1);
    }
}
