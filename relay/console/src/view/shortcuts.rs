//! Carries out the keys of `keys.rs`, and the overlay that lists them.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use crate::browser;
use crate::keys::{Command, Press, SHORTCUTS, command};
use crate::locale::texts;
use crate::row::Row;
use crate::socket::Live;
use crate::text::Texts;
use crate::verbs::{Verb, is_held_by_other};
use crate::view::actions::perform_on_open;
use crate::view::composer::{PICKER, amend_last};
use crate::view::inbox::Panes;
use crate::view::palette::Wish;
use crate::view::presence;
use crate::view::windowed;

/// The rows of the left pane, in order.
const ROWS: &str = "[data-row]";
/// What the arrows reach in an open dialog.
const IN_DIALOG: &str = "dialog[open] button:not(:disabled)";

/// Listens to the keyboard, and shows what it can do.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let panes = expect_context::<Panes>();
    let listener = window_event_listener(ev::keydown, move |event| {
        let Some(command) = meant(&event) else { return };
        if carry_out(command, live, panes) {
            event.prevent_default();
        }
    });
    on_cleanup(move || listener.remove());
    let wish = expect_context::<Wish>().0;
    Effect::new(move || {
        if let Some(command) = wish.get() {
            wish.set(None);
            carry_out(command, live, panes);
        }
    });

    let dialog: NodeRef<html::Dialog> = NodeRef::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            if !panes.help.get() {
                dialog.close();
            } else if !dialog.open() {
                let _shown_already = dialog.show_modal();
            }
        }
    });
    view! {
        <dialog class="dialog keys" node_ref=dialog aria-labelledby="keys-title" on:close=move |_| panes.help.set(false)>
            <h2 id="keys-title">{texts.shortcuts}</h2>
            <dl>
                {SHORTCUTS.iter().map(|shortcut| view! {
                    <div>
                        <dt>{shortcut.keys.iter().map(|key| view! { <kbd>{key_name(key, texts)}</kbd> }).collect_view()}</dt>
                        <dd>{(shortcut.does)(texts)}</dd>
                    </div>
                }).collect_view()}
            </dl>
            <div class="dialog-foot"><button class="quiet" on:click=move |_| panes.help.set(false)>{texts.close_dialog}</button></div>
        </dialog>
    }
}

fn key_name(key: &'static str, texts: &Texts) -> &'static str {
    match key {
        "Enter" => texts.enter,
        "Esc" => texts.escape,
        other => other,
    }
}

fn meant(event: &KeyboardEvent) -> Option<Command> {
    let focused = browser::focused();
    let kind = focused.as_ref().map(|focused| focused.tag_name()).unwrap_or_default();
    let radio = focused.as_ref().is_some_and(|focused| focused.get_attribute("type").as_deref() == Some("radio"));
    let scrolls = focused.as_ref().is_some_and(|focused| focused.get_attribute("role").as_deref() == Some("log"));
    let key = event.key();
    if (radio || scrolls) && key.starts_with("Arrow") {
        return None; // the browser's own: the other choice, or scrolling
    }
    let writing = matches!(kind.as_str(), "INPUT" | "TEXTAREA" | "SELECT") && !radio;
    let modified = event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing();
    command(Press { key: &key, modified, writing })
}

/// Does what a key asks for; whether the browser should leave it alone.
fn carry_out(command: Command, live: Live, panes: Panes) -> bool {
    if panes.help.get_untracked() || panes.picker.get_untracked() {
        // A dialog is open: it has the keyboard, Escape is its own.
        match command {
            Command::Next => step(IN_DIALOG, 1),
            Command::Previous => step(IN_DIALOG, -1),
            Command::Help => panes.help.set(false),
            _ => return false,
        }
        return true;
    }
    match command {
        Command::Next => step(ROWS, 1),
        Command::Previous => step(ROWS, -1),
        Command::Mine(index) => {
            if let Some(id) = live.desk.mine.with_untracked(|mine| mine.get(index).copied()) {
                live.open(Some(id));
                browser::focus(&format!("[data-row='{id}']"));
            }
        }
        Command::First | Command::Last => return to_end(command == Command::Last),
        Command::GiveBack => perform_on_open(live, Verb::GiveBack),
        Command::Dismiss => perform_on_open(live, Verb::Dismiss),
        Command::Attach => browser::press(PICKER),
        Command::Emoji => panes.emoji.set(true),
        Command::Change => with_open(live, |row| {
            amend_last(live, row);
        }),
        Command::TakeBack => with_open(live, |row| {
            let me = live.desk.me.get_untracked();
            if let Some((_, seq)) = me.and_then(|me| untrack(|| row.amendable(me, live.desk.clock.get()))) {
                live.take_back(row, seq);
            }
        }),
        Command::Undo => {
            with_open(live, |row| live.undo(row));
            browser::focus("#composer");
        }
        Command::Take => perform_on_open(live, Verb::Take),
        Command::Close => perform_on_open(live, Verb::Close),
        Command::Accept => answer_offer(live, Verb::Accept),
        Command::Decline => answer_offer(live, Verb::Decline),
        Command::Reply => write(live, false),
        Command::Note => write(live, true),
        Command::Whisper => whisper(live),
        Command::Mention => {
            if let Some(id) = live.desk.mentions.with_untracked(|mentions| mentions.first().map(|one| one.conversation.id)) {
                live.open(Some(id));
                browser::focus("#thread");
            }
        }
        Command::TakeOver => {
            if untrack(|| live.desk.supervises()) {
                perform_on_open(live, Verb::TakeOver);
            }
        }
        Command::Transfer => {
            let me = live.desk.me.get_untracked();
            let row = live.desk.open.get_untracked().and_then(|id| live.desk.row(id));
            if let (Some(me), Some(row)) = (me, row)
                && row.talk.with_untracked(|talk| Verb::Transfer(me).fits(talk, me))
            {
                panes.picker.set(true);
            }
        }
        Command::Presence => presence::toggle(live),
        Command::Help => panes.help.set(true),
        Command::Leave => leave(live, panes),
    }
    true
}

fn with_open(live: Live, act: impl FnOnce(&Row)) {
    if let Some(row) = live.desk.open.get_untracked().and_then(|id| live.desk.row(id)) {
        act(&row);
    }
}

/// Moves the focus to the first or the last row of the list that has it; whether one has.
fn to_end(last: bool) -> bool {
    let list =
        browser::focused().filter(|focused| focused.has_attribute("data-row")).and_then(|row| row.closest("ul, ol").ok()?);
    let Some(list) = list else { return false };
    windowed::scroll_to_end(&list, last);
    // Of a long list only what is in view is drawn: its end is, from the next frame on.
    request_animation_frame(move || {
        let rows = list.query_selector_all("[data-row]").ok();
        let row = rows.and_then(|rows| rows.get(if last { rows.length().saturating_sub(1) } else { 0 }));
        if let Some(row) = row.and_then(|row| row.dyn_into::<HtmlElement>().ok()) {
            let _focusable_by_construction = row.focus();
        }
    });
    true
}

/// Moves the focus through what the selector finds; from elsewhere to the open row, else to the first.
fn step(selector: &str, by: i32) {
    let Some(found) = browser::document().and_then(|document| document.query_selector_all(selector).ok()) else { return };
    let items: Vec<HtmlElement> = (0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok()).collect();
    let focused: Option<Element> = browser::focused().map(Into::into);
    let place = items.iter().position(|item| focused.as_ref().is_some_and(|focused| focused.is_same_node(Some(item))));
    let open = || items.iter().position(|item| item.has_attribute("aria-current"));
    let next = match place {
        Some(place) => place.saturating_add_signed(if by > 0 { 1 } else { -1 }).min(items.len().saturating_sub(1)),
        None => open().unwrap_or(0),
    };
    if let Some(item) = items.get(next) {
        let _focusable_by_construction = item.focus();
    }
}

/// Answers the offer in view, else the first one.
fn answer_offer(live: Live, verb: Verb) {
    let offers = live.desk.offers.get_untracked();
    let open = live.desk.open.get_untracked().filter(|id| offers.contains(id));
    if let Some(id) = open.or(offers.first().copied()) {
        crate::view::actions::perform(live, id, verb);
    }
}

/// Goes to the composer of the open conversation, to whisper to the agent who has it.
pub fn whisper(live: Live) {
    let row = live.desk.open.get_untracked().and_then(|id| live.desk.row(id));
    let other = |row: &Row, me| row.talk.with_untracked(|talk| is_held_by_other(talk, me));
    if let (Some(row), Some(me)) = (row, live.desk.me.get_untracked())
        && untrack(|| live.desk.supervises())
        && other(&row, me)
    {
        write(live, true);
        row.whispering.set(true);
    }
}

/// Goes to the composer of the open conversation, for a note or a message.
pub fn write(live: Live, note: bool) {
    if let Some(row) = live.desk.open.get_untracked().and_then(|id| live.desk.row(id)) {
        row.whispering.set(false);
        if row.noting.get_untracked() != note {
            row.noting.set(note);
        }
        // A note brings the composer up first, and so does a page that was just opened.
        browser::focus_soon("#composer");
    }
}

/// One step out: from the composer to the row of its chat, then out of the chat.
fn leave(live: Live, panes: Panes) {
    let in_field =
        browser::focused().is_some_and(|focused| matches!(focused.tag_name().as_str(), "TEXTAREA" | "INPUT" | "SELECT"));
    if in_field {
        let row = live.desk.open.get_untracked().map(|id| format!("[data-row='{id}']"));
        if !row.is_some_and(|row| browser::focus(&row))
            && let Some(focused) = browser::focused()
        {
            let _blur_never_fails = focused.blur();
        }
    } else if panes.earlier.with_untracked(Option::is_some) {
        panes.earlier.set(None);
    } else if panes.details.get_untracked() {
        panes.details.set(false);
    } else {
        live.open(None);
    }
}
