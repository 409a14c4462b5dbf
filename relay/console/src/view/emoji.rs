//! The emoji picker above the composer: type to search, Enter takes the first, arrow keys go through the grid, Escape closes. The glyphs are the
//! system's own; what they are called is fetched once.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::browser;
use crate::emoji::{Emoji, find, read};
use crate::locale::{language, texts};
use crate::rest::{self, RestError};
use crate::text::fill;

/// Buttons in a row of the grid, as the style sheet has it.
const COLUMNS: usize = 10;
/// The search field.
const SEARCH: &str = "#emoji-find";
/// Everything in the grid.
const GLYPHS: &str = ".emoji-grid button";

/// The picker.
#[component]
pub fn EmojiPicker(
    /// Puts one into the text.
    put: impl Fn(&str) + Copy + Send + Sync + 'static,
    /// Closes the picker.
    close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let texts = texts();
    let words = texts.composing;
    let language = language() as usize;
    let all: RwSignal<Option<Result<Vec<Emoji>, RestError>>> = RwSignal::new(None);
    spawn_local(async move {
        let list = rest::file("emoji.txt").await;
        all.try_set(Some(list.map(|list| read(&list))));
    });
    let typed = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        all.with(|all| {
            let all = all.as_ref()?.as_ref().ok()?;
            Some(typed.with(|typed| find(all, typed).into_iter().cloned().collect::<Vec<_>>()))
        })
    });
    let said = move || match (
        all.with(|all| all.as_ref().and_then(|all| all.as_ref().err().copied())),
        found.with(|found| found.as_ref().map(Vec::len)),
    ) {
        (Some(error), _) => error.words(texts).to_owned(),
        (None, None) => texts.loading.to_owned(),
        (None, Some(0)) => words.no_emoji.to_owned(),
        (None, Some(count)) => fill(words.emoji_found, &[("count", &count.to_string())]),
    };
    let pressed = move |event: KeyboardEvent| {
        let key = event.key();
        match key.as_str() {
            "Escape" => close(),
            "Enter" if browser::is_focused(SEARCH) => {
                if let Some(first) = found.with_untracked(|found| found.as_ref()?.first().map(|emoji| emoji.glyph.clone())) {
                    put(&first);
                }
            }
            key if moved(key) => {}
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let field: NodeRef<html::Input> = NodeRef::new();
    Effect::new(move || {
        if let Some(field) = field.get() {
            let _focusable_by_construction = field.focus();
        }
    });
    let button = move |(index, emoji): (usize, Emoji)| {
        let name = emoji.name(language).to_owned();
        let glyph = emoji.glyph.clone();
        view! {
            <button type="button" tabindex=if index == 0 { "0" } else { "-1" } aria-label=name.clone() title=name on:click=move |_| put(&glyph)>
                {emoji.glyph}
            </button>
        }
    };
    view! {
        <div class="emoji" role="group" aria-label=words.emoji on:keydown=pressed>
            <input type="search" id="emoji-find" autocomplete="off" placeholder=words.find_emoji aria-label=words.find_emoji node_ref=field bind:value=typed/>
            <p class="hint" role="status">{said}</p>
            <div class="emoji-grid" role="group" aria-label=words.emoji>
                {move || found.get().unwrap_or_default().into_iter().enumerate().map(button).collect_view()}
            </div>
        </div>
    }
}

/// Moves the focus through field and grid; whether the key asks for that.
fn moved(key: &str) -> bool {
    let Some(list) = browser::document().and_then(|document| document.query_selector_all(GLYPHS).ok()) else { return false };
    let glyphs: Vec<HtmlElement> = (0..list.length()).filter_map(|index| list.get(index)?.dyn_into().ok()).collect();
    let here = browser::focused().and_then(|focused| glyphs.iter().position(|glyph| glyph.is_same_node(Some(&focused))));
    let next = match (here, key) {
        (None, "ArrowDown") => Some(0),
        (None, _) => return false,
        (Some(here), "ArrowRight") => Some(here + 1),
        (Some(here), "ArrowLeft") => here.checked_sub(1),
        (Some(here), "ArrowDown") => Some(here + COLUMNS),
        (Some(here), "ArrowUp") => here.checked_sub(COLUMNS),
        (Some(_), "Home") => Some(0),
        (Some(_), "End") => glyphs.len().checked_sub(1),
        _ => return false,
    };
    match (next, next.and_then(|next| glyphs.get(next))) {
        (_, Some(glyph)) => {
            let _focusable_by_construction = glyph.focus();
        }
        (None, _) => {
            browser::focus(SEARCH);
        }
        (Some(_), None) => {}
    }
    true
}
