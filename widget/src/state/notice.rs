//! What the panel tells of how things stand: the notice above the composer, who has the chat, and the words for it, which may be the site
//! owner's own. Asked by components; pure.

use shared::ids::Millis;
use shared::model::{State as Stand, Words};

use super::State;
use crate::i18n::Texts;

/// What the notice above the composer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Nothing.
    None,
    /// The connection is broken and being mended.
    Reconnecting,
    /// The relay has refused this page for good.
    Unavailable,
    /// In the queue: place and expected wait in ms, as far as known.
    Queued(Option<u32>, Option<Millis>),
    /// Written while nobody is there to answer.
    Later,
    /// What the visitor asked for was refused.
    Refused,
    /// The link from an email by which they came opens nothing.
    OldLink,
}

impl State {
    /// What to tell above the composer; the worst news first.
    pub fn notice(&self) -> Notice {
        if self.refused.is_some() && self.notice == Notice::None {
            return Notice::Refused;
        }
        match (&self.thread, self.notice) {
            (Some(thread), Notice::None) if thread.state == Stand::Queued && self.answering => {
                Notice::Queued(thread.position, thread.estimate_ms)
            }
            (Some(thread), Notice::None) if matches!(thread.state, Stand::Queued | Stand::Parked) && !self.answering => {
                Notice::Later
            }
            (_, Notice::None) if self.old_link => Notice::OldLink,
            (_, notice) => notice,
        }
    }

    /// A text in the owner's words, or else as it is in these texts. Nothing until it is known which, or that nobody can tell.
    pub fn says(&self, texts: &Texts, own: fn(&Words) -> &Option<String>, usual: &str) -> String {
        match self.panel.words(texts.lang).and_then(|words| own(words).as_deref()) {
            None if !self.welcomed && self.notice == Notice::None => String::new(),
            own => own.unwrap_or(usual).to_owned(),
        }
    }

    /// Name of the agent who has the chat.
    pub fn agent(&self) -> Option<&str> {
        let thread = self.thread.as_ref().filter(|thread| thread.state != Stand::Closed)?;
        thread.agent.as_ref().map(|agent| agent.name.as_str())
    }
}
