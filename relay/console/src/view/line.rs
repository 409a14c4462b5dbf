//! One line of the thread: a message, a note or an event, with its day, its name and its mark.

use leptos::prelude::*;
use shared::ids::{Millis, Seq};
use shared::model::{Author, Body, Say};

use crate::browser;
use crate::layout::{Placed, is_visitors};
use crate::locale::{Language, language, texts};
use crate::row::{Fate, Line, Row};
use crate::socket::Live;
use crate::text::{Texts, fill};
use crate::time;
use crate::verbs::event_words;
use crate::view::amend::{Amending, Deeds, body_text};
use crate::view::body::content;

/// A line where it stands.
#[component]
pub fn ThreadLine(
    /// The line and what surrounds it.
    placed: Placed,
    /// The visitor's name.
    name: Memo<String>,
    /// The number of today.
    today: i64,
    /// Up to where the visitor has read.
    read: Memo<Seq>,
    /// The conversation, for sending a failed message again.
    row: Row,
) -> impl IntoView {
    let texts = texts();
    let language = language();
    let Placed { line, new_day, joined } = placed;
    let day = new_day.then(|| view! { <p class="day"><span>{day_words(line.at, today, texts, language)}</span></p> });
    let at = time::clock(line.at, language);
    if let Body::Event(event) = &line.body {
        let words = event_words(event, texts);
        return view! { {day}<p class="event">{words}<time>{at}</time></p> }.into_any();
    }
    let note = line.body.is_note();
    let tag = match &line.body {
        Body::Note(_) => Some(texts.note.to_owned()),
        Body::Whisper(whisper) => Some(fill(texts.together.whisper_to, &[("name", &whisper.to.name)])),
        _ => None,
    };
    let edited = line.changes > 0 && line.body != Body::Deleted;
    let theirs = is_visitors(&line);
    let class = match (theirs, note) {
        (true, _) => "line theirs",
        (false, false) => "line ours",
        (false, true) => "line ours note",
    };
    let me = expect_context::<Live>().desk.me.get_untracked();
    let who = match line.by.clone() {
        Author::Visitor => view! { {move || name.get()} }.into_any(),
        Author::Agent(person) if Some(person.id) == me => view! { {texts.you} }.into_any(),
        Author::Agent(person) => view! { {person.name} }.into_any(),
        Author::System => view! { {""} }.into_any(),
    };
    let (id, text) = (line.id, body_text(&line.body).is_some());
    let deeds = (!theirs).then(|| view! { <Deeds id is_text=text row=row.clone()/> });
    let body = {
        let amending = RwSignal::from(row.amending.clone());
        let is_amended = Memo::new(move |_| text && !theirs && amending.get() == Some(id));
        let (row, body) = (row.clone(), line.body.clone());
        move || {
            if is_amended.get() {
                view! { <Amending id body=body.clone() row=row.clone()/> }.into_any()
            } else {
                view! { <div class="line-body" dir="auto">{content(&body, texts)}</div> }.into_any()
            }
        }
    };
    view! {
        {day}
        <div class=class class:joined=joined>
            <p class="line-head"><span class="who">{who}</span>{tag.map(|tag| view! { <span class="tag">{tag}</span> })}<time>{at}</time></p>
            {body}
            {edited.then(|| view! { <span class="mark-state">{texts.edited}</span> })}
            {(!theirs).then(|| view! { <Mark line=line.clone() note read row/> })}
            {deeds}
        </div>
    }
    .into_any()
}

/// Today, yesterday, or the day's name.
fn day_words(at: Millis, today: i64, texts: &'static Texts, language: Language) -> String {
    match today - time::local_day(at) {
        0 => texts.today.to_owned(),
        1 => texts.yesterday.to_owned(),
        _ => time::day(at, language),
    }
}

/// What became of a message of ours: on its way, stored, delivered, read, or refused with a second chance.
#[component]
fn Mark(line: Line, note: bool, read: Memo<Seq>, row: Row) -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let fate = RwSignal::from(line.fate);
    let id = line.id;
    let conversation = row.id;
    let whisper = matches!(line.body, Body::Whisper(_));
    let at = line.at;
    let talk = RwSignal::from(row.talk.clone());
    // Whoever comes back is sent what they missed.
    let reached = Memo::new(move |_| talk.with(|talk| talk.visitor_online || talk.visitor_gone_at.is_some_and(|gone| at < gone)));
    let state = Memo::new(move |_| match fate.get() {
        Fate::Pending => Delivery::Pending,
        Fate::Stored(_) if note => Delivery::Kept,
        Fate::Stored(seq) if seq <= read.get() => Delivery::Read,
        Fate::Stored(_) if reached.get() => Delivery::Delivered,
        Fate::Stored(_) => Delivery::Sent,
        Fate::Failed(code) => Delivery::Failed(texts.refusal(code)),
    });
    let row = StoredValue::new(row);
    let body = StoredValue::new(line.body);
    let resend = move |_| {
        row.with_value(|row| row.discard(id));
        match body.get_value() {
            Body::File(file) => live.say_file(conversation, file),
            body => {
                let text = body_text(&body).unwrap_or_default();
                live.say(Say { note, whisper, ..Say::text(browser::new_id(), Some(conversation), text) });
            }
        }
    };
    move || match state.get() {
        Delivery::Pending => view! { <span class="mark-state is-pending">{texts.pending}</span> }.into_any(),
        Delivery::Sent => view! { <span class="mark-state is-sent">{texts.sent}</span> }.into_any(),
        Delivery::Delivered => view! { <span class="mark-state is-sent">{texts.together.delivered}</span> }.into_any(),
        Delivery::Read => view! { <span class="mark-state is-read">{texts.read}</span> }.into_any(),
        Delivery::Kept => ().into_any(),
        Delivery::Failed(reason) => {
            let discard = move || row.with_value(|row| row.discard(id));
            view! {
                <span class="mark-state is-failed" role="alert">
                    {fill(texts.failed, &[("reason", reason)])}
                    <button class="quiet" on:click=resend>{texts.resend}</button>
                    <button class="quiet" on:click=move |_| discard()>{texts.discard}</button>
                </span>
            }
            .into_any()
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Delivery {
    Pending,
    Sent,
    Delivered,
    Read,
    /// A note: it has nobody to reach.
    Kept,
    Failed(&'static str),
}
