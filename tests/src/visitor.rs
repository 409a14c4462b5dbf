//! A visitor of a site: what they do in the panel, and what it shows them.

use std::net::SocketAddr;
use std::ops::Deref;

use shared::close::{self, ErrorCode};
use shared::frame::{Ack, Read};
use shared::ids::{ConversationId, MessageId, Millis, Seq};
use shared::model::{Author, Body, Contact, Event, Page, Say, State, Thread};
use shared::visitor::{Close, Dialect, FromRelay, Hello, ToRelay, Typing};

use crate::client::Client;
use crate::door::Door;
use crate::new_id;
use crate::people::{Habits, Person};

/// What the panel shows.
#[derive(Clone, Default)]
pub struct Panel {
    /// Their token, as the browser would store it.
    pub token: Option<String>,
    /// The conversation.
    pub thread: Option<Thread>,
    /// Every state of it that was shown, in order.
    pub history: Vec<Thread>,
    /// Whether somebody may answer soon.
    pub answering: bool,
    /// Outside opening hours: when they begin again.
    pub back_at: Option<Millis>,
    /// What the site asks and offers.
    pub offers: shared::model::Panel,
    /// Whether the agent is writing.
    pub agent_writes: bool,
    /// Up to where an agent has read.
    pub read: Seq,
}

impl Habits for Dialect {
    type View = Panel;

    fn note(panel: &mut Panel, client: &mut Client<Self>, frame: &FromRelay) {
        match frame {
            FromRelay::Welcome(welcome) => {
                if let Some(token) = &welcome.token {
                    panel.token = Some(token.clone());
                    client.dialect_mut().hello.token = Some(token.clone());
                }
                panel.answering = welcome.answering;
                panel.back_at = welcome.back_at;
                panel.offers = welcome.panel.clone();
                panel.thread = welcome.thread.clone();
                panel.history.extend(welcome.thread.clone());
            }
            FromRelay::Thread(update) => {
                panel.thread = Some(update.thread.clone());
                panel.history.push(update.thread.clone());
            }
            FromRelay::Answering(news) => (panel.answering, panel.back_at) = (news.answering, news.back_at),
            FromRelay::Typing(typing) => panel.agent_writes = typing.on,
            FromRelay::Read(read) => panel.read = panel.read.max(read.seq),
            _ => {}
        }
    }

    /// As the widget does: an unknown token is forgotten, and the visitor greets as somebody new.
    fn refused(client: &mut Client<Self>, code: u16) {
        if code == close::BAD_TOKEN && client.dialect_mut().hello.token.take().is_some() {
            client.restart();
        }
    }

    fn signature(_: &Panel) -> Author {
        Author::Visitor
    }

    fn done(frame: &FromRelay) -> Option<MessageId> {
        match frame {
            FromRelay::Done(done) => Some(done.id),
            _ => None,
        }
    }
}

/// A visitor.
pub struct Visitor(Person<Dialect>);

impl Deref for Visitor {
    type Target = Person<Dialect>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Visitor {
    /// Somebody on a page of the site, without an earlier visit.
    pub fn new(relay: SocketAddr, site: &str) -> Self {
        Self::with_outbox(Door::visitor(relay, site), Self::hello(None), Vec::new())
    }

    /// The same, where no WebSocket passes.
    pub fn by_events(relay: SocketAddr, site: &str) -> Self {
        Self::with_outbox(Door::events(relay, site), Self::hello(None), Vec::new())
    }

    /// Somebody with a token of an earlier visit, or another tab of theirs.
    pub fn returning(relay: SocketAddr, site: &str, token: &str) -> Self {
        Self::with_outbox(Door::visitor(relay, site), Self::hello(Some(token.to_owned())), Vec::new())
    }

    /// Somebody who greets like this, with messages in storage.
    pub fn with_outbox(door: Door, hello: Hello, outbox: Vec<Say>) -> Self {
        Self(Person::new("the visitor", Dialect { hello }, door, outbox))
    }

    fn hello(token: Option<String>) -> Hello {
        let page = Page { url: "http://shop.example/shoes".into(), title: "Shoes".into(), referrer: String::new() };
        let (locale, time_zone) = (Some("fr-FR".into()), Some("Europe/Paris".into()));
        Hello { token, page: Some(page), locale, time_zone, ..Hello::default() }
    }

    /// Opens the panel for the first time, and is greeted.
    pub async fn opens_chat(&self) {
        self.connects().await;
    }

    /// Writes a message, and sees it sent.
    pub async fn says(&self, text: &str) -> Ack {
        let id = self.starts_to_say(text).await;
        self.is_acked(id).await
    }

    /// Writes a message.
    pub async fn starts_to_say(&self, text: &str) -> MessageId {
        let id = new_id();
        self.mutters(Say::text(id, None, text)).await;
        id
    }

    /// Writes a message and learns that it was refused.
    pub async fn says_in_vain(&self, text: &str) -> ErrorCode {
        let id = self.starts_to_say(text).await;
        self.is_told_off(id).await
    }

    /// Leaves a message with the offline form.
    pub async fn leaves_message(&self, text: &str, email: &str) -> Ack {
        let id = new_id();
        let contact = Some(Contact { name: None, email: email.to_owned() });
        self.mutters(Say { contact, ..Say::text(id, None, text) }).await;
        self.is_acked(id).await
    }

    /// Begins to write.
    pub async fn types(&self, draft: &str) {
        self.sends(ToRelay::Typing(Typing { draft: draft.to_owned() })).await;
    }

    /// Reads up to an entry.
    pub async fn reads(&self, seq: Seq) {
        let conversation = self.conversation();
        self.sends(ToRelay::Read(Read { conversation, seq })).await;
    }

    /// Ends the chat.
    pub async fn ends_chat(&self) -> Result<(), ErrorCode> {
        let (id, conversation) = (new_id(), self.conversation());
        self.requests(id, ToRelay::Close(Close { id, conversation })).await
    }

    /// Their token.
    pub fn token(&self) -> String {
        let Some(token) = self.log().view.token else { panic!("the visitor has no token yet") };
        token
    }

    /// Their conversation: the one of their last message.
    pub fn conversation(&self) -> ConversationId {
        let log = self.log();
        let said = log.sent.last().map(|(_, ack)| ack.conversation);
        let Some(conversation) = said.or(log.view.thread.map(|thread| thread.id)) else {
            panic!("the visitor has not said anything")
        };
        conversation
    }

    /// Waits until the panel shows the thread so.
    pub async fn until_thread(&self, what: &str, holds: impl Fn(&Thread) -> bool) -> Thread {
        self.until(what, |log| log.view.thread.clone().filter(|thread| holds(thread))).await
    }

    /// Waits until they are with this agent.
    pub async fn is_with(&self, agent: &str) -> Thread {
        let with =
            |thread: &Thread| thread.state == State::Active && thread.agent.as_ref().is_some_and(|person| person.name == agent);
        self.until_thread(&format!("with {agent}"), with).await
    }

    /// Waits until they stand at this place of the queue.
    pub async fn waits_at(&self, position: u32) -> Thread {
        let at = |thread: &Thread| thread.state == State::Queued && thread.position == Some(position);
        self.until_thread(&format!("at place {position} of the queue"), at).await
    }

    /// Waits until the thread is in this state.
    pub async fn stands(&self, state: State) -> Thread {
        self.until_thread(&format!("{state:?}"), |thread| thread.state == state).await
    }

    /// Waits until the end of the chat stands in the conversation.
    pub async fn sees_end(&self) {
        self.until_true("the end is in the conversation", |log| {
            log.entries.iter().any(|(_, entry)| matches!(entry.body, Body::Event(Event::Closed(_))))
        })
        .await;
    }
}
