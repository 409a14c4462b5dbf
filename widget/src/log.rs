//! The conversation: greeting, days, grouped messages with times and marks, events, who is typing. Stays at the end while the
//! visitor is there, and offers a way back when they have scrolled up.

use leptos::prelude::*;
use leptos::tachys::view::keyed::keyed;
use leptos::{ev, html};
use shared::close::ErrorCode;
use shared::ids::{MessageId, Millis};
use shared::model::{AssignedHow, CloseReason, Event};

use crate::browser;
use crate::header::button;
use crate::i18n::fill;
use crate::lines::{Line, Mark, Row, What, arrange, day_of};
use crate::state::Chat;

/// Whoever is within this many pixels of the end is taken to be at the end.
const NEAR_END: i32 = 60;

/// The log of messages.
pub fn log(chat: Chat) -> AnyView {
    let node = NodeRef::<html::Div>::new();
    let at_end = RwSignal::new(true);
    let to_end = move || {
        if let Some(element) = node.get_untracked() {
            element.set_scroll_top(element.scroll_height());
        }
    };
    // After the rows are drawn: effects run in the order in which they were made, so the next frame is safe.
    Effect::new(move |_| {
        chat.state.with(|state| (state.lines.len(), state.typing.is_some()));
        if chat.open.get() && at_end.get_untracked() {
            request_animation_frame(to_end);
        }
    });
    let watch = move |_| {
        if let Some(element) = node.get_untracked() {
            let end = element.scroll_height() - element.scroll_top() - element.client_height() < NEAR_END;
            if end != at_end.get_untracked() {
                at_end.set(end);
            }
        }
    };
    let rows = move || {
        let rows = chat.state.with(|state| arrange(&state.lines, browser::offset));
        keyed(rows, Row::key, move |_, row| (|_| {}, draw(chat, row)))
    };
    html::div()
        .class("scroll")
        .child((
            html::div()
                .class("log")
                .attr("role", "log")
                .attr("aria-live", "polite")
                .attr("aria-label", chat.texts.conversation)
                .attr("tabindex", "0")
                .node_ref(node)
                .on(ev::scroll, watch)
                .child((bubble("theirs", html::div().child(chat.texts.greeting).into_any()), rows, typing(chat))),
            move || (!at_end.get()).then(|| button("latest", chat.texts.latest, to_end)),
        ))
        .into_any()
}

fn draw(chat: Chat, row: Row) -> AnyView {
    match row {
        Row::Day(day, at) => note("day", name_of_day(chat, day, at)),
        Row::Line(Line { what: What::Event(event), .. }, _) => note("event", describe(chat, &event)),
        Row::Line(Line { id, at, what: What::Own(text, _), .. }, head) => {
            let mark = move || chat.state.with(|state| state.mark(id));
            let failed = move || matches!(mark().0, Mark::Failed(_));
            html::div()
                .class(if head { "own head" } else { "own" })
                .class(("pending", move || mark().0 == Mark::Pending))
                .class(("failed", failed))
                .child((
                    say(text),
                    html::small().child((time(chat, at), html::span().class("mark").child(move || word(chat, id)))),
                ))
                .into_any()
        }
        Row::Line(Line { at, what: What::Theirs(name, text), .. }, head) => {
            let name = head.then(|| html::small().class("name").child(name));
            bubble(if head { "theirs head" } else { "theirs" }, (name, say(text), html::small().child(time(chat, at))).into_any())
        }
    }
}

fn bubble(class: &'static str, content: AnyView) -> AnyView {
    html::div().class(class).child(content).into_any()
}

/// What somebody said: only ever a text node, in the direction of its own script.
fn say(text: String) -> AnyView {
    html::div().attr("dir", "auto").child(text).into_any()
}

fn note(class: &'static str, text: String) -> AnyView {
    html::div().class(class).child(text).into_any()
}

fn time(chat: Chat, at: Millis) -> String {
    chat.home.with_value(|home| home.time(at))
}

/// The mark under an own message.
fn word(chat: Chat, id: MessageId) -> &'static str {
    match chat.state.with(|state| state.mark(id)) {
        (Mark::Pending, _) => chat.texts.sending,
        (Mark::Failed(ErrorCode::TextTooLong), _) => chat.texts.too_long,
        (Mark::Failed(_), _) => chat.texts.failed,
        (Mark::Sent, true) => chat.texts.read,
        (Mark::Sent, false) => chat.texts.sent,
    }
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

fn typing(chat: Chat) -> impl IntoView {
    let who = Memo::new(move |_| chat.state.with(|state| state.typing.as_ref().map(|typing| typing.0.clone())));
    move || {
        who.get().map(|name| {
            let dots = html::div().class("dots").attr("aria-hidden", "true").child((html::i(), html::i(), html::i()));
            bubble("theirs typing", (dots, html::small().child(fill(chat.texts.typing, &name))).into_any())
        })
    }
}
