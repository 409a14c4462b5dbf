//! The visitor's frames as JSON, written by hand: only what the panel uses, a third of the bytes of serde's derived code. The types are
//! `shared`'s own, and the tests hold both codecs against each other.

use shared::close::ErrorCode;
use shared::frame::{Ack, Delivery, Done, Entries, ErrorFrame, ReadMark};
use shared::ids::{AgentId, ConversationId, MessageId, VisitorId};
use shared::model::{
    Assigned, AssignedHow, Author, Body, CloseReason, Contact, Entry, Event, Page, Panel, Person, Say, Seen, State, Thread,
};
use shared::visitor::{AgentTyping, Answering, FromRelay, Pong, ThreadUpdate, ToRelay, Welcome};

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::json::{Json, Writer, list};

/// Reads a frame of the relay. Nothing when it is none that this version knows: the connection lives on.
pub fn decode(text: &str) -> Option<FromRelay> {
    let frame = &Json::parse(text)?;
    Some(match frame.text("t")? {
        "welcome" => FromRelay::Welcome(Welcome {
            visitor: VisitorId(id(frame, "visitor")?),
            token: owned(frame, "token"),
            thread: optional(frame.get("thread"), thread)?,
            answering: frame.flag("answering")?,
            site: owned(frame, "site")?,
            settings: frame.count("settings")?,
            panel: Panel::default(),
            now: frame.number("now")?,
        }),
        "entry" => FromRelay::Entry(Delivery {
            conversation: ConversationId(id(frame, "conversation")?),
            entry: entry(frame.get("entry")?)?,
        }),
        "entries" => FromRelay::Entries(Entries {
            conversation: ConversationId(id(frame, "conversation")?),
            entries: frame.get("entries")?.list()?.iter().map(entry).collect::<Option<_>>()?,
            more: frame.flag("more")?,
        }),
        "ack" => FromRelay::Ack(Ack {
            id: MessageId(id(frame, "id")?),
            conversation: ConversationId(id(frame, "conversation")?),
            seq: frame.count("seq")?,
            prev: frame.count("prev")?,
            at: frame.number("at")?,
        }),
        "done" => FromRelay::Done(Done { id: MessageId(id(frame, "id")?) }),
        "error" => FromRelay::Error(ErrorFrame {
            id: id(frame, "id").map(MessageId),
            code: error_code(frame.text("code")?),
            message: owned(frame, "message")?,
            retry_after_ms: frame.number("retry_after_ms"),
        }),
        "thread" => FromRelay::Thread(ThreadUpdate { thread: thread(frame.get("thread")?)? }),
        "answering" => FromRelay::Answering(Answering { answering: frame.flag("answering")? }),
        "typing" => FromRelay::Typing(AgentTyping {
            conversation: ConversationId(id(frame, "conversation")?),
            agent: person(frame.get("agent")?)?,
            on: frame.flag("on")?,
        }),
        "read" => {
            FromRelay::Read(ReadMark { conversation: ConversationId(id(frame, "conversation")?), seq: frame.count("seq")? })
        }
        "pong" => FromRelay::Pong(Pong {
            now: frame.number("now")?,
            heads: frame.get("heads")?.list()?.iter().map(seen).collect::<Option<_>>()?,
        }),
        _ => return None,
    })
}

/// Writes a frame of the visitor.
pub fn encode(frame: &ToRelay) -> String {
    let tagged = |tag| Writer::new().text("t", Some(tag));
    let about = |tag, id: MessageId, conversation: ConversationId| {
        tagged(tag).text("id", Some(&write_uuid(id.0))).text("conversation", Some(&write_uuid(conversation.0)))
    };
    match frame {
        ToRelay::Hello(hello) => {
            let seen = (!hello.seen.is_empty()).then(|| list(hello.seen.iter().map(write_seen)));
            let page = hello.page.as_ref().map(write_page);
            tagged("hello")
                .text("token", hello.token.as_deref())
                .raw("seen", seen.as_deref())
                .raw("page", page.as_deref())
                .text("locale", hello.locale.as_deref())
                .text("time_zone", hello.time_zone.as_deref())
        }
        ToRelay::Say(say) => fill_say(tagged("say"), say),
        ToRelay::Typing(typing) => tagged("typing").text("draft", Some(&typing.draft)),
        ToRelay::Read(read) => {
            tagged("read").text("conversation", Some(&write_uuid(read.conversation.0))).number("seq", read.seq)
        }
        ToRelay::Page(view) => tagged("page").raw("page", Some(&write_page(&view.page))),
        ToRelay::Close(close) => about("close", close.id, close.conversation),
        ToRelay::Edit(edit) => about("edit", edit.id, edit.conversation).number("seq", edit.seq).text("text", Some(&edit.text)),
        ToRelay::Delete(delete) => about("delete", delete.id, delete.conversation).number("seq", delete.seq),
        ToRelay::Rate(rate) => {
            about("rate", rate.id, rate.conversation).number("score", rate.score.into()).text("comment", rate.comment.as_deref())
        }
        ToRelay::Transcript(wish) => about("transcript", wish.id, wish.conversation).text("email", Some(&wish.email)),
        ToRelay::Backfill(backfill) => {
            tagged("backfill").text("conversation", Some(&write_uuid(backfill.conversation.0))).number("after", backfill.after)
        }
        ToRelay::Ping(_) => tagged("ping"),
    }
    .end()
}

/// Reads an outbox from storage; what is no message is left out.
pub fn read_outbox(text: &str) -> Vec<Say> {
    let stored = Json::parse(text);
    stored.as_ref().and_then(Json::list).unwrap_or_default().iter().filter_map(read_say).collect()
}

/// Writes an outbox for storage.
pub fn write_outbox(outbox: &[Say]) -> String {
    list(outbox.iter().map(|say| fill_say(Writer::new(), say).end()))
}

fn read_say(json: &Json) -> Option<Say> {
    let contact = |json: &Json| Some(Contact { name: owned(json, "name"), email: owned(json, "email")? });
    let say = Say::text(MessageId(id(json, "id")?), None, owned(json, "text")?);
    Some(Say { contact: optional(json.get("contact"), contact)?, greeting: owned(json, "greeting"), ..say })
}

/// Visitors have one conversation and no notes: neither is written.
fn fill_say(writer: Writer, say: &Say) -> Writer {
    let contact = say.contact.as_ref();
    let contact =
        contact.map(|contact| Writer::new().text("name", contact.name.as_deref()).text("email", Some(&contact.email)).end());
    writer
        .text("id", Some(&write_uuid(say.id.0)))
        .text("text", Some(&say.text))
        .raw("contact", contact.as_deref())
        .text("greeting", say.greeting.as_deref())
}

fn write_seen(seen: &Seen) -> String {
    Writer::new().text("conversation", Some(&write_uuid(seen.conversation.0))).number("seq", seen.seq).end()
}

fn write_page(page: &Page) -> String {
    Writer::new().text("url", Some(&page.url)).filled("title", &page.title).filled("referrer", &page.referrer).end()
}

fn owned(json: &Json, name: &str) -> Option<String> {
    json.text(name).map(str::to_owned)
}

fn id(json: &Json, name: &str) -> Option<Uuid> {
    read_uuid(json.text(name)?)
}

/// The hyphenated form only, which is what the relay writes; uuid's own parser knows four more and weighs 2 KB.
fn read_uuid(text: &str) -> Option<Uuid> {
    let mut digits = text.chars().filter(|letter| *letter != '-');
    let bits = digits.try_fold((0, 0), |(count, bits), letter| Some((count + 1, bits << 4 | u128::from(letter.to_digit(16)?))));
    bits.filter(|bits| bits.0 == 32 && text.len() == Hyphenated::LENGTH).map(|bits| Uuid::from_u128(bits.1))
}

/// An id as it is written everywhere.
pub fn write_uuid(id: Uuid) -> String {
    id.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH]).to_owned()
}

/// Something that may be left out, but not be malformed.
fn optional<T>(json: Option<&Json>, read: impl FnOnce(&Json) -> Option<T>) -> Option<Option<T>> {
    match json {
        None => Some(None),
        Some(json) => read(json).map(Some),
    }
}

fn seen(json: &Json) -> Option<Seen> {
    Some(Seen { conversation: ConversationId(id(json, "conversation")?), seq: json.count("seq")? })
}

fn person(json: &Json) -> Option<Person> {
    Some(Person { id: AgentId(id(json, "id")?), name: owned(json, "name")? })
}

fn thread(json: &Json) -> Option<Thread> {
    Some(Thread {
        id: ConversationId(id(json, "id")?),
        state: match json.text("state")? {
            "queued" => State::Queued,
            "active" => State::Active,
            "parked" => State::Parked,
            "closed" => State::Closed,
            _ => return None,
        },
        head: json.count("head")?,
        agent: optional(json.get("agent"), person)?,
        position: json.count("position").and_then(|position| position.try_into().ok()),
        estimate_ms: json.number("estimate_ms"),
        read: json.count("read")?,
    })
}

fn entry(json: &Json) -> Option<Entry> {
    Some(Entry {
        seq: json.count("seq")?,
        prev: json.count("prev")?,
        id: MessageId(id(json, "id")?),
        at: json.number("at")?,
        by: author(json.get("by")?)?,
        body: body(json.get("body")?)?,
    })
}

fn author(json: &Json) -> Option<Author> {
    match json.as_str() {
        Some("visitor") => Some(Author::Visitor),
        Some("system") => Some(Author::System),
        Some(_) => None,
        None => match json.variant()? {
            ("agent", agent) => person(agent).map(Author::Agent),
            _ => None,
        },
    }
}

/// Bodies that are for the team only never come here.
fn body(json: &Json) -> Option<Body> {
    match json.variant()? {
        ("text", text) => text.as_str().map(|text| Body::Text(text.to_owned())),
        ("event", event) => happened(event).map(Body::Event),
        _ => None,
    }
}

fn happened(json: &Json) -> Option<Event> {
    if json.as_str() == Some("reopened") {
        return Some(Event::Reopened);
    }
    match json.variant()? {
        ("assigned", assigned) => Some(Event::Assigned(Assigned {
            agent: person(assigned.get("agent")?)?,
            how: match assigned.text("how")? {
                "dispatched" => AssignedHow::Dispatched,
                "taken" => AssignedHow::Taken,
                "stretched" => AssignedHow::Stretched,
                "transferred" => AssignedHow::Transferred,
                _ => return None,
            },
        })),
        ("closed", reason) => Some(Event::Closed(match reason.as_str()? {
            "agent" => CloseReason::Agent,
            "visitor" => CloseReason::Visitor,
            "expired" => CloseReason::Expired,
            "dismissed" => CloseReason::Dismissed,
            _ => return None,
        })),
        _ => None,
    }
}

/// Only the codes after which the panel does something of its own; all others are permanent refusals alike.
fn error_code(code: &str) -> ErrorCode {
    match code {
        "rate_limited" => ErrorCode::RateLimited,
        "store_unavailable" => ErrorCode::StoreUnavailable,
        "internal" => ErrorCode::Internal,
        "text_too_long" => ErrorCode::TextTooLong,
        _ => ErrorCode::Unknown,
    }
}

#[cfg(test)]
mod tests;
