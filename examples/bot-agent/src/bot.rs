//! The bot: which chats it has and what in them waits for an answer. Pure: fed with what the link tells, it returns what to do.

use std::collections::HashMap;

use shared::agent::{FromRelay, SetPresence, ToRelay, Transfer};
use shared::ids::{AgentId, ConversationId, MessageId, Seq};
use shared::link::Emit;
use shared::model::{Author, Body, Conversation, Entry, Presence, Say, State};

use crate::answers::{Answer, answer};

/// What the driver does for the bot.
#[derive(Debug, PartialEq)]
pub enum Order {
    /// Keep this conversation complete, up to this head.
    Follow(ConversationId, Seq),
    /// It is somebody else's now.
    Unfollow(ConversationId),
    /// Say something; repeated until it is acknowledged.
    Say(Say),
    /// Send a frame.
    Send(ToRelay),
}

/// A chat of the bot's.
#[derive(Debug, Default)]
struct Chat {
    /// Up to where it is known to go; what came before is not answered one by one.
    head: Seq,
    /// What the visitor said last, while nobody has answered it.
    open: Option<String>,
    /// The goodbye after which the chat is given back.
    goodbye: Option<MessageId>,
}

/// See the module.
pub struct Bot<Name: FnMut() -> MessageId> {
    me: Option<AgentId>,
    chats: HashMap<ConversationId, Chat>,
    /// Makes a new name for a message or request.
    name: Name,
}

impl<Name: FnMut() -> MessageId> Bot<Name> {
    /// Without any chat.
    pub fn new(name: Name) -> Self {
        Self { me: None, chats: HashMap::new(), name }
    }

    /// Something has happened.
    pub fn hears(&mut self, emit: Emit<FromRelay>) -> Vec<Order> {
        match emit {
            Emit::Frame(FromRelay::Welcome(welcome)) => {
                self.me = Some(welcome.me);
                let online = SetPresence { id: (self.name)(), presence: Presence::Online, away: None };
                let mut orders = vec![Order::Send(ToRelay::Presence(online))];
                orders.extend(welcome.inbox.chats.iter().flat_map(|chat| self.knows(chat)));
                orders
            }
            Emit::Frame(FromRelay::Inbox(inbox)) => inbox.chats.iter().flat_map(|chat| self.knows(chat)).collect(),
            Emit::Frame(FromRelay::Chat(chat)) => self.knows(&chat.conversation),
            Emit::Entry(conversation, entry) => self.reads(conversation, &entry),
            Emit::Sent(say, _) => self.was_sent(&say),
            _ => Vec::new(),
        }
    }

    /// A chat as it is now: the bot's, or not any more.
    fn knows(&mut self, chat: &Conversation) -> Vec<Order> {
        let is_mine = chat.state == State::Active && chat.agent.as_ref().map(|agent| agent.id) == self.me;
        if is_mine {
            let known = self.chats.entry(chat.id).or_default();
            known.head = known.head.max(chat.head);
            vec![Order::Follow(chat.id, chat.head)]
        } else if self.chats.remove(&chat.id).is_some() {
            vec![Order::Unfollow(chat.id)]
        } else {
            Vec::new()
        }
    }

    /// The next entry of a chat. Of what was said before only the last can still wait for an answer.
    fn reads(&mut self, conversation: ConversationId, entry: &Entry) -> Vec<Order> {
        let Some(chat) = self.chats.get_mut(&conversation) else { return Vec::new() };
        match (&entry.by, &entry.body) {
            (Author::Visitor, Body::Text(text)) => chat.open = Some(text.clone()),
            (Author::Visitor, Body::File(_)) => chat.open = Some(String::new()),
            (Author::Agent(_), Body::Text(_) | Body::Menu(_) | Body::Cards(_) | Body::File(_)) => chat.open = None,
            _ => {}
        }
        if entry.seq < chat.head || chat.goodbye.is_some() {
            return Vec::new();
        }
        let Some(text) = chat.open.take() else { return Vec::new() };
        let id = (self.name)();
        let say = match answer(&text) {
            Answer::Say(words, choices) => {
                let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
                Say { choices, ..Say::text(id, Some(conversation), words) }
            }
            Answer::HandOver(words) => {
                chat.goodbye = Some(id);
                Say::text(id, Some(conversation), words)
            }
        };
        vec![Order::Say(say)]
    }

    /// Once the goodbye is said, the chat goes back to the queue, where people find it.
    fn was_sent(&mut self, say: &Say) -> Vec<Order> {
        let Some(conversation) = say.conversation else { return Vec::new() };
        match self.chats.get(&conversation) {
            Some(chat) if chat.goodbye == Some(say.id) => {
                let transfer = Transfer { id: (self.name)(), conversation, to: None, team: None };
                vec![Order::Send(ToRelay::Transfer(transfer))]
            }
            _ => Vec::new(),
        }
    }
}
