//! The visitor's frames as JSON, written by hand: only what the panel uses, a third of the bytes of serde's derived code. The types are
//! `shared`'s own, and the tests hold both codecs against each other.

use shared::close::ErrorCode;
use shared::frame::{Ack, Delivery, Done, Entries, ErrorFrame, ReadMark};
use shared::ids::{AgentId, ConversationId, FileId, MessageId, VisitorId};
use shared::model::{
    Answer, Assigned, AssignedHow, Author, Body, CloseReason, Contact, Deleted, Edited, Entry, Event, Merged, Page, Person,
    Rating, Say, Seen, State, Thread,
};
use shared::visitor::{AgentTyping, Answering, FromRelay, Pong, ThreadUpdate, ToRelay, Welcome};

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::json::{Json, Writer, list};

mod parts;

pub use parts::{read_answers, read_file, write_answers, write_cards, write_file, write_form, write_rules};

/// Stands for what a newer relay says and this version cannot read, so that its number counts as seen: a note, which never comes to
/// visitors as such.
pub const UNKNOWN: Body = Body::Note(String::new());

/// Reads a frame of the relay. Nothing when it is none that this version knows: the connection lives on.
pub fn decode(text: &str) -> Option<FromRelay> {
    let frame = &Json::parse(text)?;
    Some(match frame.text("t")? {
        "welcome" => FromRelay::Welcome(Welcome {
            visitor: VisitorId(id(frame, "visitor")?),
            token: owned(frame, "token"),
            thread: optional(frame.get("thread"), thread)?,
            answering: frame.flag("answering")?,
            back_at: frame.number("back_at"),
            site: owned(frame, "site")?,
            settings: frame.count("settings")?,
            panel: frame.get("panel").map(parts::panel).unwrap_or_default(),
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
        "answering" => FromRelay::Answering(Answering { answering: frame.flag("answering")?, back_at: frame.number("back_at") }),
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
                .text("identity", hello.identity.as_deref())
                .text("resume", hello.resume.as_deref())
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
    Some(Say {
        contact: optional(json.get("contact"), contact)?,
        file: id(json, "file").map(FileId),
        answers: json.get("answers").map(answers).unwrap_or_default(),
        greeting: owned(json, "greeting"),
        fresh: json.flag("fresh").unwrap_or(false),
        ..Say::text(MessageId(id(json, "id")?), None, json.text("text").unwrap_or_default())
    })
}

fn answers(json: &Json) -> Vec<Answer> {
    let answer = |json: &Json| Some(Answer { label: owned(json, "label")?, value: owned(json, "value")? });
    json.list().unwrap_or_default().iter().filter_map(answer).collect()
}

/// Visitors have one conversation, no notes, and nothing to choose from: none of these is written.
fn fill_say(writer: Writer, say: &Say) -> Writer {
    let contact = say.contact.as_ref();
    let contact =
        contact.map(|contact| Writer::new().text("name", contact.name.as_deref()).text("email", Some(&contact.email)).end());
    let answers = (!say.answers.is_empty()).then(|| write_answers(&say.answers));
    writer
        .text("id", Some(&write_uuid(say.id.0)))
        .filled("text", &say.text)
        .raw("contact", contact.as_deref())
        .text("file", say.file.map(|file| write_uuid(file.0)).as_deref())
        .raw("answers", answers.as_deref())
        .text("greeting", say.greeting.as_deref())
        .raw("fresh", say.fresh.then_some("true"))
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

/// What is new about an entry must not cost its number: a frame that is dropped would be asked for again and again.
fn entry(json: &Json) -> Option<Entry> {
    Some(Entry {
        seq: json.count("seq")?,
        prev: json.count("prev")?,
        id: MessageId(id(json, "id")?),
        at: json.number("at")?,
        by: json.get("by").and_then(author).unwrap_or(Author::System),
        body: json.get("body").and_then(body).unwrap_or(UNKNOWN),
    })
}

fn author(json: &Json) -> Option<Author> {
    match json.variant() {
        Some(("agent", agent)) => person(agent).map(Author::Agent),
        _ => (json.as_str() == Some("visitor")).then_some(Author::Visitor),
    }
}

/// Bodies that are for the team only never come here.
fn body(json: &Json) -> Option<Body> {
    if json.as_str() == Some("deleted") {
        return Some(Body::Deleted);
    }
    match json.variant()? {
        ("text", text) => text.as_str().map(|text| Body::Text(text.to_owned())),
        ("file", file) => parts::file(file).map(Body::File),
        ("menu", menu) => parts::menu(menu).map(Body::Menu),
        ("cards", cards) => parts::all(cards, parts::card).map(Body::Cards),
        ("event", event) => happened(event).map(Body::Event),
        _ => None,
    }
}

fn happened(json: &Json) -> Option<Event> {
    if json.as_str() == Some("reopened") {
        return Some(Event::Reopened);
    }
    let (name, event) = json.variant()?;
    Some(match name {
        "assigned" => Event::Assigned(Assigned {
            agent: person(event.get("agent")?)?,
            // Nothing but a transfer is told differently.
            how: match event.text("how")? {
                "taken" => AssignedHow::Taken,
                "stretched" => AssignedHow::Stretched,
                "transferred" => AssignedHow::Transferred,
                _ => AssignedHow::Dispatched,
            },
        }),
        "closed" => Event::Closed(match event.as_str()? {
            "agent" => CloseReason::Agent,
            "visitor" => CloseReason::Visitor,
            "dismissed" => CloseReason::Dismissed,
            "merged" => CloseReason::Merged,
            _ => CloseReason::Expired,
        }),
        "greeted" => Event::Greeted(event.as_str()?.to_owned()),
        "edited" => Event::Edited(Edited { seq: event.count("seq")?, text: owned(event, "text")?, note: false }),
        "deleted" => Event::Deleted(Deleted { seq: event.count("seq")?, note: false }),
        "rated" => Event::Rated(Rating { score: event.number("score")?.try_into().ok()?, comment: owned(event, "comment") }),
        "merged" => Event::Merged(Merged { into: ConversationId(id(event, "into")?) }),
        _ => return None,
    })
}

/// Only the codes after which the panel does something of its own; all others are permanent refusals alike.
fn error_code(code: &str) -> ErrorCode {
    match code {
        "rate_limited" => ErrorCode::RateLimited,
        "store_unavailable" => ErrorCode::StoreUnavailable,
        "internal" => ErrorCode::Internal,
        "text_too_long" => ErrorCode::TextTooLong,
        "link_expired" => ErrorCode::LinkExpired,
        _ => ErrorCode::Unknown,
    }
}

#[cfg(test)]
mod tests;
