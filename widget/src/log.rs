//! The conversation: greeting, days, grouped messages with times and marks, events, who is typing. Stays at the end while the
//! visitor is there, and offers a way back when they have scrolled up. All rows are drawn by the one [`line`].

use shared::close::ErrorCode;
use shared::ids::{MessageId, Millis};
use shared::model::{AssignedHow, CloseReason, Event};
use tachys::view::keyed::keyed;
use wasm_bindgen::JsCast;

use crate::browser;
use crate::i18n::fill;
use crate::lines::{Line, Mark, Row, What, arrange, day_of};
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
    let on_frame = browser::handler(move |_| to_end());
    Effect::new(move |before: Option<Option<MessageId>>| {
        let own = chat.state.with(|state| state.last_own());
        let said = before.is_some_and(|before| before != own);
        if chat.open.get() && (said || at_end.get_untracked()) {
            // Without a frame there is nothing to scroll.
            _ = window().request_animation_frame(on_frame.as_ref().unchecked_ref());
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
        live(move || if typist().is_some() { "theirs typing".to_owned() } else { "none".to_owned() }),
        None,
        String::new(),
        Some(live(move || typist().unwrap_or_default())),
    );
    let log = html::div()
        .class("log")
        .attr("role", "log")
        .attr("aria-live", "polite")
        // Marks under messages change all the time: they are there to read and interrupt nobody.
        .attr("aria-relevant", "additions")
        .attr("aria-label", chat.texts.conversation)
        .attr("tabindex", "0")
        .node_ref(node)
        .on(ev::scroll, call(watch))
        .child((
            line(constant("theirs"), None, chat.texts.greeting.to_owned(), None),
            rows,
            html::div().attr("aria-live", "off").child(typing),
        ));
    html::div()
        .class(live(move || if at_end.get() { "scroll".to_owned() } else { "scroll away".to_owned() }))
        .child((log, button("latest", chat.texts.latest, chat.texts.latest, to_end)))
}

/// A row: who, what, and under it when and how it stands. What somebody said is only ever a text node, in the direction of its script.
fn line(class: Live<String>, name: Option<String>, text: String, below: Option<Live<String>>) -> impl RenderHtml {
    html::div().class(class).child((
        name.map(|name| html::small().class("name").child(name)),
        html::div().attr("dir", "auto").child(text),
        below.map(|below| html::small().class("below").child(below)),
    ))
}

fn constant(class: &'static str) -> Live<String> {
    live(move || class.to_owned())
}

fn draw(chat: Chat, row: Row) -> impl RenderHtml {
    match row {
        Row::Day(day, at) => line(constant("day"), None, name_of_day(chat, day, at), None),
        Row::Line(Line { what: What::Event(event), .. }, _) => line(constant("event"), None, describe(chat, &event), None),
        Row::Line(Line { id, at, what: What::Own(text, _), .. }, head) => {
            let mark = move || chat.state.with(|state| state.mark(id).0);
            let class = move || {
                let stands = match mark() {
                    Mark::Pending => " pending",
                    Mark::Failed(_) => " failed",
                    Mark::Sent => "",
                };
                [if head { "own head" } else { "own" }, stands].concat()
            };
            line(live(class), None, text, Some(live(move || below(chat, id, at))))
        }
        Row::Line(Line { at, what: What::Theirs(name, text), .. }, head) => {
            let class = constant(if head { "theirs head" } else { "theirs" });
            line(class, Some(name).filter(|_| head), text, Some(live(move || time(chat, at))))
        }
    }
}

fn time(chat: Chat, at: Millis) -> String {
    chat.home.with_value(|home| home.time(at))
}

/// Under an own message: the time, and how it stands for the last one and those in trouble.
fn below(chat: Chat, id: MessageId, at: Millis) -> String {
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
    [time(chat, at).as_str(), if word.is_empty() { "" } else { " · " }, word].concat()
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
        // Others are not sent to visitors.
        _ => texts.ended.to_owned(),
    }
}
