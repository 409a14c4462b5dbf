//! The model relay: what a correct relay stores and says, as DESIGN documents it, without sockets, time or faults.

use std::collections::HashMap;

use shared::frame::{Ack, Delivery, Entries};
use shared::ids::{AgentId, ConversationId, MessageId, Millis, Seq, SiteId, VisitorId};
use shared::model::{Author as By, Body, Conversation, Entry, Panel, Person, Say, Seen, State, Thread, Visitor};
use shared::{agent, visitor};

/// Entries in one page; small, so that paging is the rule.
pub const PAGE: usize = 3;
/// How texts begin that the relay refuses for good.
pub const DOOMED: &str = "refuse";
/// Visitors, each with one conversation.
pub const VISITORS: usize = 2;

/// Who speaks: the n-th visitor or the n-th agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    Visitor(usize),
    Agent(usize),
}

impl Author {
    pub fn token(self) -> String {
        format!("{self:?}")
    }
}

/// One entry at the relay. Events have no author.
#[derive(Clone, Debug)]
pub struct Record {
    pub id: MessageId,
    pub text: String,
    author: Option<Author>,
    internal: bool,
}

impl Record {
    pub fn visible_to(&self, author: Author) -> bool {
        !self.internal || matches!(author, Author::Agent(_))
    }
}

#[derive(Default)]
pub struct Relay {
    log: [Vec<Record>; VISITORS],
    by_id: HashMap<(Author, MessageId), (ConversationId, Seq)>,
}

/// The n-th visitor's conversation.
pub fn conversation(visitor: usize) -> ConversationId {
    ConversationId(format!("00000000-0000-7000-8000-00000000000{visitor}").parse().expect("a UUID"))
}

fn index(conversation_id: ConversationId) -> usize {
    (0..VISITORS).find(|&visitor| conversation(visitor) == conversation_id).expect("a conversation of the model")
}

impl Relay {
    /// Numbers and stores a message once; whether it was new.
    pub fn append(&mut self, author: Author, say: &Say) -> (Ack, bool) {
        let place = match author {
            Author::Visitor(visitor) => conversation(visitor),
            Author::Agent(_) => say.conversation.expect("agents name the conversation"),
        };
        let known = self.by_id.get(&(author, say.id)).copied();
        let (conversation, seq) = known.unwrap_or_else(|| {
            let record = Record { id: say.id, text: say.text.clone(), author: Some(author), internal: say.note };
            (place, self.push(place, record))
        });
        self.by_id.insert((author, say.id), (conversation, seq));
        let ack = Ack { id: say.id, conversation, seq, prev: self.prev(conversation, seq, author), at: 0 };
        (ack, known.is_none())
    }

    /// Something happens to a conversation.
    pub fn happen(&mut self, conversation: ConversationId, id: MessageId, internal: bool) -> Seq {
        self.push(conversation, Record { id, text: "event".into(), author: None, internal })
    }

    fn push(&mut self, conversation: ConversationId, record: Record) -> Seq {
        let log = &mut self.log[index(conversation)];
        log.push(record);
        log.len() as Seq
    }

    pub fn record(&self, conversation: ConversationId, seq: Seq) -> &Record {
        &self.log[index(conversation)][seq as usize - 1]
    }

    pub fn text_of<'a>(&self, entry: &'a Entry) -> &'a str {
        match &entry.body {
            Body::Text(text) | Body::Note(text) => text,
            _ => "event",
        }
    }

    /// The ids of one author's messages, in order.
    pub fn ids(&self, conversation: ConversationId, author: Author) -> impl Iterator<Item = MessageId> {
        self.log[index(conversation)].iter().filter(move |record| record.author == Some(author)).map(|record| record.id)
    }

    /// The visible entry before this one.
    pub fn prev(&self, conversation: ConversationId, seq: Seq, author: Author) -> Seq {
        let log = &self.log[index(conversation)];
        (1..seq).rev().find(|&seq| log[seq as usize - 1].visible_to(author)).unwrap_or(0)
    }

    /// The last visible entry.
    pub fn head(&self, conversation: ConversationId, author: Author) -> Seq {
        self.prev(conversation, self.log[index(conversation)].len() as Seq + 1, author)
    }

    /// Those that are there and that an author may see.
    pub fn conversations_of(&self, author: Author) -> Vec<ConversationId> {
        let visible = |&visitor: &usize| !self.log[visitor].is_empty() && author.may_see(visitor);
        (0..VISITORS).filter(visible).map(conversation).collect()
    }

    pub fn delivery(&self, conversation: ConversationId, seq: Seq, to: Author) -> Delivery {
        let record = self.record(conversation, seq);
        let by = match record.author {
            Some(Author::Visitor(_)) => By::Visitor,
            Some(Author::Agent(agent)) => By::Agent(person(agent)),
            None => By::System,
        };
        let body = match (record.author, record.internal) {
            (Some(_), true) => Body::Note(record.text.clone()),
            (Some(_), false) => Body::Text(record.text.clone()),
            (None, true) => Body::Event(shared::model::Event::Resumed),
            (None, false) => Body::Event(shared::model::Event::Reopened),
        };
        let prev = self.prev(conversation, seq, to);
        Delivery { conversation, entry: Entry { seq, prev, id: record.id, at: 0, by, body } }
    }

    pub fn page(&self, conversation: ConversationId, after: Seq, to: Author) -> Entries {
        let last = self.log[index(conversation)].len() as Seq;
        let visible = (after + 1..=last).filter(|&seq| self.record(conversation, seq).visible_to(to));
        let mut entries: Vec<Entry> = visible.take(PAGE + 1).map(|seq| self.delivery(conversation, seq, to).entry).collect();
        let more = entries.len() > PAGE;
        entries.truncate(PAGE);
        Entries { conversation, entries, more }
    }

    pub fn heads(&self, author: Author) -> Vec<Seen> {
        let conversations = self.conversations_of(author).into_iter();
        conversations.map(|conversation| Seen { conversation, seq: self.head(conversation, author) }).collect()
    }

    pub fn welcome(&self, author: Author, now: Millis) -> String {
        let heads = self.heads(author);
        match author {
            Author::Visitor(visitor) => {
                let thread = heads.first().filter(|head| head.seq > 0).map(|head| Thread {
                    id: head.conversation,
                    state: State::Queued,
                    head: head.seq,
                    agent: None,
                    position: None,
                    estimate_ms: None,
                    read: 0,
                });
                let visitor = VisitorId(conversation(visitor).0);
                let (token, site) = (None, String::new());
                visitor::FromRelay::Welcome(visitor::Welcome {
                    visitor,
                    token,
                    thread,
                    answering: true,
                    back_at: None,
                    site,
                    settings: 0,
                    panel: Panel::default(),
                    now,
                })
                .encode()
            }
            Author::Agent(agent) => {
                let chats = heads.into_iter().map(row).collect();
                let inbox = agent::Inbox {
                    agents: Vec::new(),
                    teams: Vec::new(),
                    sites: Vec::new(),
                    boards: Vec::new(),
                    chats,
                    mentions: Vec::new(),
                };
                agent::FromRelay::Welcome(agent::Welcome { me: person(agent).id, inbox, now }).encode()
            }
        }
    }

    pub fn pong(&self, author: Author, now: Millis) -> String {
        let heads = self.heads(author);
        match author {
            Author::Visitor(_) => visitor::FromRelay::Pong(visitor::Pong { now, heads }).encode(),
            Author::Agent(_) => agent::FromRelay::Pong(agent::Pong { now, heads, revs: Vec::new() }).encode(),
        }
    }
}

impl Author {
    fn may_see(self, visitor: usize) -> bool {
        match self {
            Self::Visitor(own) => own == visitor,
            Self::Agent(_) => true,
        }
    }
}

fn person(agent: usize) -> Person {
    Person { id: AgentId(conversation(agent).0), name: format!("agent {agent}") }
}

fn row(head: Seen) -> Conversation {
    let id = head.conversation;
    let visitor =
        Visitor { id: VisitorId(id.0), name: None, email: None, locale: None, time_zone: None, verified: false, rev: 0 };
    Conversation {
        id,
        site: SiteId(id.0),
        visitor,
        state: State::Queued,
        agent: None,
        head: head.seq,
        opened_at: 0,
        queued_at: None,
        priority: 0,
        team: None,
        preview: String::new(),
        last_at: 0,
        unanswered: false,
        page: None,
        visitor_online: true,
        visitor_gone_at: None,
        visitor_read: 0,
        agent_read: 0,
        previous: None,
        preferred: None,
        offer: None,
        tags: Vec::new(),
    }
}
