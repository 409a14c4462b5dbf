//! `/api/conversations/{id}/transcript`: a whole conversation to take away, as text for people or as JSON for programs. It holds what the
//! team sees, notes among it; what was taken back is gone, and what was changed reads as it does now.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use shared::api::Transcript;
use shared::ids::{ConversationId, Millis, Seq};
use shared::model::{Audience, Author, Body, Conversation, Entry, Event, MAX_PAGE, Whisper};

use super::conversations::readable;
use super::{Path, Query};
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;

/// Longest transcript: some 20 MB of ordinary messages. A longer conversation is cut there and says so.
const MOST_ENTRIES: usize = 50_000;

/// `?form=text&zone=Europe/Paris`.
#[derive(Deserialize)]
pub struct Wish {
    #[serde(default)]
    form: Form,
    /// Time zone of a text's times; UTC where none is given.
    zone: Option<String>,
}

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// `GET /api/conversations/{id}/transcript`.
pub async fn show(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<ConversationId>,
    Query(wish): Query<Wish>,
) -> Result<Response, RestError> {
    let conversation = readable(&shared, &account, id).await?;
    let zone = zone(wish.zone.as_deref())?;
    let (mut entries, mut after, mut more): (Vec<Entry>, Seq, bool) = (Vec::new(), 0, true);
    while more && entries.len() < MOST_ENTRIES {
        let (page, goes_on) = shared.store.entries(id, after, MAX_PAGE, Audience::Agents).await.map_err(RestError::Store)?;
        more = goes_on && !page.is_empty();
        after = page.last().map_or(after, |entry| entry.seq);
        entries.extend(page);
    }
    as_they_read(&mut entries);
    let (kind, end, body) = match wish.form {
        Form::Text => ("text/plain; charset=utf-8", "txt", text(&conversation, &entries, more, &zone)),
        Form::Json => {
            let transcript = Transcript { conversation, entries, more };
            ("application/json", "json", serde_json::to_string_pretty(&transcript).map_err(RestError::internal)?)
        }
    };
    let name = format!("attachment; filename=\"conversation-{id}.{end}\"");
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], body).into_response())
}

/// A time zone by its IANA name.
///
/// # Errors
/// There is none of this name.
pub(super) fn zone(name: Option<&str>) -> Result<TimeZone, RestError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(TimeZone::UTC) };
    let unknown = |_| RestError::Invalid { field: "zone", problem: "must be an IANA time zone such as Europe/Paris".to_owned() };
    TimeZone::get(name).map_err(unknown)
}

/// Puts every message's last text in its place.
fn as_they_read(entries: &mut [Entry]) {
    let edits: Vec<(Seq, String)> = entries
        .iter()
        .filter_map(|entry| match &entry.body {
            Body::Event(Event::Edited(edited)) if !edited.text.is_empty() => Some((edited.seq, edited.text.clone())),
            _ => None,
        })
        .collect();
    for (seq, text) in edits {
        let Ok(place) = entries.binary_search_by_key(&seq, |entry| entry.seq) else { continue };
        match entries.get_mut(place).map(|entry| &mut entry.body) {
            Some(Body::Text(said) | Body::Note(said) | Body::Whisper(Whisper { text: said, .. })) => *said = text,
            Some(Body::Menu(menu)) => menu.text = text,
            _ => {}
        }
    }
}

fn text(conversation: &Conversation, entries: &[Entry], more: bool, zone: &TimeZone) -> String {
    let visitor =
        [&conversation.visitor.name, &conversation.visitor.email].into_iter().flatten().find(|name| !name.trim().is_empty());
    let visitor = visitor.map_or("Visitor", String::as_str);
    let mut lines = format!("Conversation {} with {visitor}\n", conversation.id);
    // Writing to a string cannot fail.
    if let Some(page) = &conversation.page {
        let _ = writeln!(lines, "Page: {}", page.url);
    }
    if !conversation.tags.is_empty() {
        let _ = writeln!(lines, "Tags: {}", conversation.tags.join(", "));
    }
    let _ = writeln!(lines, "Times: {}\n", zone.iana_name().unwrap_or("UTC"));
    for entry in entries {
        let Some(said) = words(&entry.body) else { continue };
        let who = match &entry.by {
            Author::Visitor => visitor,
            Author::Agent(person) => &person.name,
            Author::System => "–",
        };
        let note = match entry.body {
            Body::Note(_) => " (internal note)",
            Body::Whisper(_) => " (whispers)",
            _ => "",
        };
        // Further lines are indented, so that nobody's text looks like a line of somebody else.
        let _ = writeln!(lines, "[{}] {who}{note}: {}", moment(entry.at, zone), said.replace('\n', "\n    "));
    }
    if more {
        lines.push_str("… It goes on, but a transcript ends here.\n");
    }
    lines
}

fn moment(at: Millis, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned(zone.clone());
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// What an entry says in a text; nothing for changes, which show in what they changed.
fn words(body: &Body) -> Option<String> {
    Some(match body {
        Body::Text(text) | Body::Note(text) | Body::Whisper(Whisper { text, .. }) => text.clone(),
        Body::Menu(menu) => format!("{}\n[{}]", menu.text, menu.choices.join("] [")),
        Body::File(file) => format!("file {} ({}, {} bytes)", file.name, file.media_type, file.size),
        Body::Cards(cards) => cards.iter().map(|card| card.title.as_str()).collect::<Vec<_>>().join("\n"),
        Body::Deleted => "(taken back)".to_owned(),
        Body::Event(event) => match event {
            Event::Assigned(assigned) => format!("{} has the chat", assigned.agent.name),
            Event::Requeued(_) => "waits again".to_owned(),
            Event::Parked(_) => "set aside".to_owned(),
            Event::Resumed => "goes on".to_owned(),
            Event::Closed(_) => "ended".to_owned(),
            Event::Reopened => "the visitor wrote again".to_owned(),
            Event::Contact(contact) => format!("answer to {}", contact.email),
            Event::Answered(answers) => {
                answers.iter().map(|answer| format!("{}: {}", answer.label, answer.value)).collect::<Vec<_>>().join("\n")
            }
            Event::Greeted(text) => format!("greeted with: {text}"),
            Event::Rated(rating) => {
                let comment = rating.comment.as_ref().map(|comment| format!(": {comment}"));
                format!("rated {} of 5{}", rating.score, comment.unwrap_or_default())
            }
            Event::Tagged(tagged) => {
                let on = tagged.added.iter().map(|tag| format!("+{tag}"));
                on.chain(tagged.removed.iter().map(|tag| format!("−{tag}"))).collect::<Vec<_>>().join(" ")
            }
            Event::Routed(routed) => format!("for the team {}", routed.name),
            Event::Prioritized(urgency) => format!("urgency {}", urgency.priority),
            Event::Merged(merged) => format!("goes on in conversation {}", merged.into),
            Event::Edited(_) | Event::Deleted(_) | Event::Unknown(_) => return None,
        },
        Body::Unknown(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use shared::ids::MessageId;
    use shared::model::{Edited, Rating};

    use super::*;

    fn entry(seq: Seq, by: Author, body: Body) -> Entry {
        Entry { seq, prev: seq - 1, id: MessageId(uuid::Uuid::from_u128(u128::from(seq))), at: 1_700_000_000_000, by, body }
    }

    #[test]
    fn a_changed_message_reads_as_it_does_now_and_nobody_writes_in_anothers_name() {
        let edited = Event::Edited(Edited { seq: 1, text: "two\n[2023-11-14 22:13:20] Ada: forged".to_owned(), note: false });
        let rated = Event::Rated(Rating { score: 4, comment: Some("fine".to_owned()) });
        let mut entries = vec![
            entry(1, Author::Visitor, Body::Text("one".to_owned())),
            entry(2, Author::Visitor, Body::Event(edited)),
            entry(3, Author::Visitor, Body::Event(rated)),
        ];
        as_they_read(&mut entries);
        let zone = zone(Some("Europe/Paris")).unwrap();
        let shown: Vec<String> = entries.iter().filter_map(|entry| words(&entry.body)).collect();
        assert_eq!(shown, ["two\n[2023-11-14 22:13:20] Ada: forged", "rated 4 of 5: fine"]);
        assert_eq!(moment(1_700_000_000_000, &zone), "2023-11-14 23:13:20");
        assert!(super::zone(Some("Mars/Olympus")).is_err());
    }
}
