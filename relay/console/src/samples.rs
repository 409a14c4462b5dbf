//! Sample values for the unit tests of this crate: numbers instead of UUIDs, so that tests read easily.

use shared::ids::{AgentId, ConversationId, MessageId, Millis, Seq, SiteId, SiteKey, VisitorId};
use shared::model::{Agent, Author, Board, Body, Conversation, Entry, Person, Presence, Role, Say, Site, State, Visitor};

fn random(number: u8) -> [u8; 10] {
    [number; 10]
}

pub fn agent_id(number: u8) -> AgentId {
    AgentId::v7(1, random(number))
}

pub fn conversation_id(number: u8) -> ConversationId {
    ConversationId::v7(2, random(number))
}

pub fn message_id(number: u8) -> MessageId {
    MessageId::v7(3, random(number))
}

pub fn site_id(number: u8) -> SiteId {
    SiteId::v7(4, random(number))
}

pub fn person(number: u8) -> Person {
    Person { id: agent_id(number), name: format!("Agent {number}") }
}

pub fn agent(number: u8) -> Agent {
    let Person { id, name } = person(number);
    Agent {
        id,
        name,
        role: Role::Agent,
        presence: Presence::Online,
        away: None,
        capacity: 3,
        slots_used: 0,
        bot: false,
        languages: Vec::new(),
    }
}

pub fn site(number: u8) -> Site {
    Site { id: site_id(number), key: SiteKey(format!("site-{number}")), name: format!("Site {number}") }
}

/// Queued since its number, on site 1.
pub fn conversation(number: u8) -> Conversation {
    let id = VisitorId::v7(5, random(number));
    let visitor = Visitor { id, name: None, email: None, locale: None, time_zone: None, verified: false, rev: 0 };
    Conversation {
        id: conversation_id(number),
        site: site_id(1),
        visitor,
        state: State::Queued,
        agent: None,
        head: 1,
        opened_at: Millis::from(number),
        queued_at: Some(Millis::from(number)),
        priority: 0,
        team: None,
        preview: "hello".to_owned(),
        last_at: Millis::from(number),
        unanswered: true,
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

pub fn board(rev: u64, queue: Vec<Conversation>) -> Board {
    let waiting = u32::try_from(queue.len()).unwrap_or(u32::MAX);
    Board { site: site_id(1), rev, picked: false, waiting, queue, unassigned: 0, messages: Vec::new() }
}

pub fn entry(seq: Seq, by: Author, text: &str) -> Entry {
    let number = u8::try_from(100 + seq).unwrap_or(u8::MAX);
    Entry {
        seq,
        prev: seq - 1,
        id: message_id(number),
        at: 1_000 * i64::try_from(seq).unwrap_or(0),
        by,
        body: Body::Text(text.to_owned()),
    }
}

pub fn say(id: u8, conversation: u8, text: &str) -> Say {
    Say::text(message_id(id), Some(conversation_id(conversation)), text)
}
