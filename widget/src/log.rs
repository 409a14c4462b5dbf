//! The conversation: greeting, days, grouped messages with times and marks, events, who is typing. Stays at the end while the
//! visitor is there, and offers a way back when they have scrolled up. All rows are drawn by the one [`line`].

use std::sync::Arc;

use shared::close::ErrorCode;
use shared::ids::{MessageId, Millis};
use shared::model::{AssignedHow, Body, CloseReason, Event};
use tachys::view::keyed::keyed;
use web_sys::Element;

use crate::browser::{self, GREETING};
use crate::i18n::fill;
use crate::lines::{Line, Mark, Row, What, arrange, day_of};
use crate::more;
use crate::said;
use crate::state::Chat;
use crate::view::*;

/// Whoever is within this many pixels of the end is taken to be at the end.
const NEAR_END: i32 = 60;

/// The log of messages.
pub fn log(chat: Chat) -> impl RenderHtml {
    let node = NodeRef::<html::Div>::new();
    let at_end = RwSignal::new(true);
    let to_end = move || {
        if let Some(element) = node.get_untracked() {
            element.set_scroll_top(element.scroll_height());
        }
    };
    // The rows are drawn by an effect of their own, certainly before the next frame.
    let mut on_frame = browser::OnFrame::new(move |_| to_end());
    Effect::new(move |before: Option<Option<MessageId>>| {
        let own = chat.state.with(|state| state.last_own());
        let spoke = before.is_some_and(|before| before != own);
        if chat.open.get() && (spoke || at_end.get_untracked()) {
            on_frame.ask();
        }
        own
    });
    let mut before = 0;
    let watch = move |_: web_sys::Event| {
        if let Some(element) = node.get_untracked() {
            let top = element.scroll_top();
            let near_end = element.scroll_height() - top - element.client_height() < NEAR_END;
            // Rows may have come since the scrolling that this tells of: only whoever goes up has left the end.
            let end = near_end || (at_end.get_untracked() && top >= before);
            before = top;
            if end != at_end.get_untracked() {
                at_end.set(end);
            }
        }
    };
    let rows = live(move || {
        let rows = chat.state.with(|state| arrange(&state.lines, browser::offset));
        keyed(rows, Row::key, move |_, row| (|_| {}, draw(chat, row)))
    });
    let typist = move || chat.state.with(|state| state.typing.as_ref().map(|typing| fill(chat.texts.typing, &typing.0)));
    let typing = line(
        chat,
        live(move || if typist().is_some() { "theirs typing".to_owned() } else { "none".to_owned() }),
        None,
        text(String::new()),
        Some(live(move || typist().unwrap_or_default())),
    );
    // As functions of one type, for which one renderer is written.
    type Fill = fn(Element, Chat);
    let replies = html::div()
        .class("replies")
        .attr("role", "group")
        .attr("aria-label", chat.texts.replies)
        .directive(more::replies as Fill, chat);
    let greeting = html::div().class("none").child(html::div().attr("dir", "auto").directive(greet as Fill, chat));
    let log = html::div()
        .class("log")
        .attr("role", "log")
        .attr("aria-live", "polite")
        // Marks under messages change all the time: they are there to read and interrupt nobody.
        .attr("aria-relevant", "additions")
        .attr("aria-label", chat.texts.conversation)
        .attr("tabindex", "0")
        .node_ref(node)
        .directive(more::deeds as Fill, chat)
        .on(ev::scroll, call(watch))
        .child((greeting, rows, html::div().attr("aria-live", "off").child(typing), replies));
    html::div()
        .class(live(move || if at_end.get() { "scroll".to_owned() } else { "scroll away".to_owned() }))
        .child((log, button("latest", chat.texts.latest, chat.texts.latest, to_end)))
}

/// The first line: what `greet.js` has shown on the page, until the relay tells it as a part of the conversation; or what the page or the site
/// has for it.
fn greet(place: Element, chat: Chat) {
    let (texts, mut before, mut read) = (chat.texts, String::new(), None);
    watch(move || {
        // Read by the first run, when the composer has the focus; `composer.rs` tells why.
        let (greeted, own) = read.get_or_insert_with(|| {
            let (kept, own) = chat.home.with_value(|home| (home.load_for_tab(GREETING), home.greeting.clone()));
            (kept.as_deref().and_then(|kept| kept.split_once('\n')).map(|(_, text)| text.to_owned()), own)
        });
        let hello = chat.state.with(|state| match (greeted, own) {
            (Some(text), _) if state.is_told(text) => String::new(),
            (Some(text), _) | (None, Some(text)) => text.clone(),
            (None, None) => state.says(texts, |words| &words.greeting, texts.greeting),
        });
        if hello != before {
            if let Some(row) = place.parent_element() {
                row.set_class_name(if hello.is_empty() { "none" } else { "theirs" });
            }
            place.set_text_content(None);
            more::words(&place, &hello);
            before = hello;
        }
    });
}

/// A row: who, what, and under it when and how it stands.
fn line(chat: Chat, class: Live<String>, name: Option<String>, body: Arc<Body>, below: Option<Live<String>>) -> impl RenderHtml {
    let fill: fn(Element, (Chat, Arc<Body>)) = said::fill;
    html::div().class(class).child((
        name.map(|name| html::small().class("name").child(name)),
        html::div().attr("dir", "auto").directive(fill, (chat, body)),
        below.map(|below| html::small().class("below").child(below)),
    ))
}

fn text(text: String) -> Arc<Body> {
    Arc::new(Body::Text(text))
}

fn constant(class: &'static str) -> Live<String> {
    live(move || class.to_owned())
}

fn draw(chat: Chat, row: Row) -> impl RenderHtml {
    let (class, name, body, below) = match row {
        Row::Day(day, at) => (constant("day"), None, text(name_of_day(chat, day, at)), None),
        Row::Line(Line { id, at, what: What::Own(body, _), version, .. }, head) => {
            let kind = [if head { "own head" } else { "own" }, shape(&body)].concat();
            let edited = version > 0 && !matches!(*body, Body::Deleted);
            let class = move || {
                let stands = match chat.state.with(|state| state.mark(id).0) {
                    Mark::Pending => " pending",
                    Mark::Failed(_) => " failed",
                    Mark::Sent => "",
                };
                [&kind, stands].concat()
            };
            (live(class), None, body, Some(live(move || below(chat, id, at, edited))))
        }
        Row::Line(Line { at, what: What::Theirs(name, body), version, .. }, head) => {
            let kind = [if head { "theirs head" } else { "theirs" }, shape(&body)].concat();
            let edited = version > 0 && !matches!(*body, Body::Deleted);
            let name = Some(name).filter(|_| head);
            (
                live(move || kind.clone()),
                name,
                body,
                Some(live(move || [time(chat, at).as_str(), mark_edited(chat, edited)].concat())),
            )
        }
        Row::Line(Line { what: What::Event(event), .. }, _) => (constant("event"), None, text(describe(chat, &event)), None),
        Row::Line(Line { what: What::Unknown, .. }, _) => (constant("event"), None, text(chat.texts.unknown.to_owned()), None),
    };
    line(chat, class, name, body, below)
}

/// What of a message's class follows from its kind.
fn shape(body: &Body) -> &'static str {
    match body {
        Body::File(_) | Body::Cards(_) => " media",
        Body::Deleted => " gone",
        _ => "",
    }
}

fn time(chat: Chat, at: Millis) -> String {
    chat.home.with_value(|home| home.time(at))
}

fn mark_edited(chat: Chat, edited: bool) -> &'static str {
    if edited { chat.texts.edited } else { "" }
}

/// Under an own message: the time, and how it stands for the last one and those in trouble.
fn below(chat: Chat, id: MessageId, at: Millis, edited: bool) -> String {
    let ((mark, read), last) = chat.state.with(|state| (state.mark(id), state.last_own() == Some(id)));
    let texts = chat.texts;
    let word = match mark {
        Mark::Pending => texts.sending,
        Mark::Failed(ErrorCode::TextTooLong) => texts.too_long,
        Mark::Failed(_) => texts.failed,
        Mark::Sent if !last => "",
        Mark::Sent if read => texts.read,
        Mark::Sent => texts.sent,
    };
    [time(chat, at).as_str(), mark_edited(chat, edited), if word.is_empty() { "" } else { " · " }, word].concat()
}

fn name_of_day(chat: Chat, day: i64, at: Millis) -> String {
    let now = browser::now();
    match day_of(now, browser::offset(now)) - day {
        0 => chat.texts.today.to_owned(),
        1 => chat.texts.yesterday.to_owned(),
        _ => chat.home.with_value(|home| home.day(at)),
    }
}

fn describe(chat: Chat, event: &Event) -> String {
    let texts = chat.texts;
    match event {
        Event::Assigned(assigned) if assigned.how == AssignedHow::Transferred => fill(texts.took_over, &assigned.agent.name),
        Event::Assigned(assigned) => fill(texts.joined, &assigned.agent.name),
        Event::Closed(CloseReason::Visitor) => texts.you_ended.to_owned(),
        Event::Reopened => texts.reopened.to_owned(),
        Event::Rated(rating) => fill(texts.rated, &rating.score.to_string()),
        Event::Merged(_) => texts.merged.to_owned(),
        // Others are not sent to visitors.
        _ => texts.ended.to_owned(),
    }
}
