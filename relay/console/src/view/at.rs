//! The list that opens while an agent types `@` in a note: arrow keys choose, Enter puts the name in, Escape closes. The focus stays in the
//! composer, which names the list and the chosen option to assistive technology.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use shared::model::Agent;

use crate::locale::texts;
use crate::mention::{asked, matching};
use crate::row::Row;
use crate::socket::Live;
use crate::text::fill;
use crate::view::presence::presence_word;
use crate::view::team::dot;

/// Id of the list.
pub const LIST: &str = "at-list";

/// The list of one composer.
#[derive(Clone, Copy)]
pub struct At {
    text: RwSignal<String>,
    offered: Memo<Vec<Agent>>,
    chosen: RwSignal<usize>,
    /// The text for which it was closed.
    closed_for: RwSignal<Option<String>>,
}

impl At {
    /// For a composer with this text. Offers colleagues in notes only: nobody else sees their names there.
    pub fn of(row: &Row, live: Live) -> Self {
        let (text, noting) = (RwSignal::from(row.composer.clone()), RwSignal::from(row.noting.clone()));
        let closed_for: RwSignal<Option<String>> = RwSignal::new(None);
        let chosen = RwSignal::new(0);
        let desk = live.desk;
        let offered = Memo::new(move |_| {
            let text = text.get();
            let range = asked(&text).filter(|_| noting.get() && closed_for.with(|closed| closed.as_ref() != Some(&text)));
            let me = desk.me.get();
            range.map_or_else(Vec::new, |range| desk.agents.with(|agents| matching(agents, me, &text[range.start + 1..])))
        });
        Effect::new(move || {
            offered.track();
            chosen.set(0);
        });
        Self { text, offered, chosen, closed_for }
    }

    /// Whether it offers somebody. Tracks it.
    pub fn is_open(self) -> bool {
        self.offered.with(|offered| !offered.is_empty())
    }

    /// The id of the chosen option. Tracks it.
    pub fn active(self) -> Option<String> {
        self.is_open().then(|| option(self.chosen.get()))
    }

    /// What a key of the composer means to the list: whether it was the list's, and the text that then stands in the composer.
    pub fn pressed(self, event: &KeyboardEvent) -> Option<Option<String>> {
        let count = self.offered.with_untracked(Vec::len);
        if count == 0 {
            return None;
        }
        let text = match event.key().as_str() {
            "Escape" => {
                self.closed_for.set(Some(self.text.get_untracked()));
                None
            }
            "ArrowDown" => {
                self.chosen.update(|chosen| *chosen = (*chosen + 1) % count);
                None
            }
            "ArrowUp" => {
                self.chosen.update(|chosen| *chosen = (*chosen + count - 1) % count);
                None
            }
            "Enter" | "Tab" if !event.shift_key() && !event.is_composing() => Some(self.with(self.chosen.get_untracked())?),
            _ => return None,
        };
        event.prevent_default();
        event.stop_propagation();
        Some(text)
    }

    /// The composer's text with the n-th name in the place of what was typed.
    fn with(self, number: usize) -> Option<String> {
        let name = self.offered.with_untracked(|offered| offered.get(number).map(|agent| agent.name.clone()))?;
        let mut text = self.text.get_untracked();
        let range = asked(&text)?;
        text.replace_range(range, &format!("@{name} "));
        Some(text)
    }
}

fn option(number: usize) -> String {
    format!("{LIST}-{number}")
}

/// Draws it.
#[component]
pub fn AtList(
    /// What is offered.
    at: At,
    /// Puts a text into the composer.
    put: impl Fn(String) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let texts = texts();
    let row = move |(number, agent): (usize, Agent)| {
        let choose = move |_| {
            if let Some(text) = at.with(number) {
                put(text);
            }
        };
        view! {
            <li role="option" id=option(number) aria-selected=move || (at.chosen.get() == number).to_string() on:click=choose>
                <strong>"@"{agent.name}</strong>" "
                <span><i class=format!("dot {}", dot(agent.presence))></i>{presence_word(agent.presence, texts)}</span>
            </li>
        }
    };
    let said = move || {
        let count = at.offered.with(Vec::len);
        (count > 0).then(|| fill(texts.together.found, &[("count", &count.to_string())]))
    };
    // The focus stays in the composer.
    view! {
        <div class="slash" class:open=move || at.is_open() on:mousedown=|event| event.prevent_default()>
            {move || at.is_open().then(|| view! {
                <ul role="listbox" id=LIST aria-label=texts.together.colleagues>{at.offered.get().into_iter().enumerate().map(row).collect_view()}</ul>
            })}
            <p class="hint" role="status">{said}</p>
        </div>
    }
}
