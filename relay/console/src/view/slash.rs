//! The list that opens while an agent types `/shortcut`: arrow keys choose, Enter puts the reply in, Escape closes. The focus stays in
//! the composer, which names the list and the chosen option to assistive technology.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Me, Reply};

use crate::locale::texts;
use crate::replies::{Names, asked, filled, matching};
use crate::rest::{RestError, replies};
use crate::row::Row;
use crate::socket::Live;
use crate::text::fill;

/// Id of the list.
pub const LIST: &str = "slash-list";

/// The list of one composer.
#[derive(Clone, Copy)]
pub struct Slash {
    text: RwSignal<String>,
    offered: Memo<Option<Vec<Reply>>>,
    chosen: RwSignal<usize>,
    /// The text for which it was closed.
    closed_for: RwSignal<Option<String>>,
    known: RwSignal<Option<Result<Vec<Reply>, RestError>>>,
    row: StoredValue<Row>,
    live: Live,
    me: StoredValue<Me>,
}

impl Slash {
    /// For a composer with this text. Fetches the replies whenever a slash is typed: a colleague may have made one.
    pub fn of(row: Row, live: Live) -> Self {
        let text = RwSignal::from(row.composer.clone());
        let known: RwSignal<Option<Result<Vec<Reply>, RestError>>> = RwSignal::new(None);
        let closed_for = RwSignal::new(None);
        let chosen = RwSignal::new(0);
        let talk = RwSignal::from(row.talk.clone());
        let offered = Memo::new(move |_| {
            let text = text.get();
            let range = asked(&text).filter(|_| closed_for.with(|closed: &Option<String>| closed.as_ref() != Some(&text)))?;
            let site = talk.with(|talk| talk.site);
            let typed = &text[range.start + 1..];
            known.with(|known| Some(known.as_ref()?.as_ref().map_or_else(|_| Vec::new(), |all| matching(all, site, typed))))
        });
        let asking = Memo::new(move |_| text.with(|text| asked(text).is_some()));
        Effect::new(move || {
            if asking.get() {
                spawn_local(async move {
                    let answer = replies::all().await;
                    known.try_set(Some(answer));
                });
            }
        });
        Effect::new(move || {
            let changed =
                text.with(|text| closed_for.with_untracked(|closed| closed.as_ref().is_some_and(|closed| closed != text)));
            if changed {
                closed_for.set(None);
            }
        });
        Effect::new(move || {
            offered.track();
            chosen.set(0);
        });
        let me = StoredValue::new(expect_context::<Me>());
        Self { text, offered, chosen, closed_for, known, row: StoredValue::new(row), live, me }
    }

    /// The id of the chosen option. Tracks it.
    pub fn active(self) -> Option<String> {
        self.offered
            .with(|offered| offered.as_ref().is_some_and(|offered| !offered.is_empty()))
            .then(|| option(self.chosen.get()))
    }

    /// Whether it offers something. Tracks it.
    pub fn is_open(self) -> bool {
        self.active().is_some()
    }

    /// What a key of the composer means to the list: whether it was the list's, and the text that then stands in the composer.
    pub fn pressed(self, event: &KeyboardEvent) -> Option<Option<String>> {
        let count = self.offered.get_untracked()?.len();
        let text = match event.key().as_str() {
            "Escape" => {
                self.closed_for.set(Some(self.text.get_untracked()));
                None
            }
            "ArrowDown" if count > 0 => {
                self.chosen.update(|chosen| *chosen = (*chosen + 1) % count);
                None
            }
            "ArrowUp" if count > 0 => {
                self.chosen.update(|chosen| *chosen = (*chosen + count - 1) % count);
                None
            }
            "Enter" if count > 0 && !event.shift_key() && !event.is_composing() => Some(self.with(self.chosen.get_untracked())?),
            _ => return None,
        };
        event.prevent_default();
        event.stop_propagation();
        Some(text)
    }

    /// The composer's text with the n-th reply in the place of what was typed.
    pub fn with(self, number: usize) -> Option<String> {
        let reply = self.offered.with_untracked(|offered| offered.as_ref()?.get(number).cloned())?;
        let mut text = self.text.get_untracked();
        let range = asked(&text)?;
        let filled = self.row.with_value(|row| self.me.with_value(|me| filled_for(self.live, row, me, &reply.text)));
        text.replace_range(range, &filled);
        Some(text)
    }
}

/// A reply's text with the names of the conversation that it is for.
pub fn filled_for(live: Live, row: &Row, me: &Me, text: &str) -> String {
    let talk = row.talk.get_untracked();
    let desk = live.desk;
    let site = desk.sites.with_untracked(|sites| sites.iter().find(|site| site.id == talk.site).map(|site| site.name.clone()));
    let agent =
        desk.agents.with_untracked(|agents| agents.iter().find(|agent| agent.id == me.id).map(|agent| agent.name.clone()));
    let names = Names {
        visitor: talk.visitor.name.as_deref().map(str::trim).filter(|name| !name.is_empty()),
        agent: agent.as_deref().unwrap_or(&me.name),
        site: site.as_deref().unwrap_or_default(),
    };
    filled(text, names)
}

fn option(number: usize) -> String {
    format!("{LIST}-{number}")
}

/// Draws it.
#[component]
pub fn SlashList(
    /// What is offered.
    slash: Slash,
    /// Puts a text into the composer.
    put: impl Fn(String) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let texts = texts();
    let row = move |(number, reply): (usize, Reply)| {
        let is_chosen = move || slash.chosen.get() == number;
        let choose = move |_| {
            if let Some(text) = slash.with(number) {
                put(text);
            }
        };
        view! {
            <li role="option" id=option(number) aria-selected=move || is_chosen().to_string() on:click=choose>
                <strong>"/"{reply.shortcut}</strong>" "<span>{reply.text}</span>
            </li>
        }
    };
    let said = move || {
        let offered = slash.offered.get()?;
        let failed = slash.known.with(|known| known.as_ref().and_then(|known| known.as_ref().err().copied()));
        Some(match (failed, offered.len()) {
            (Some(error), _) => error.words(texts).to_owned(),
            (None, 0) => texts.replies.not_found.to_owned(),
            (None, count) => fill(texts.replies.found, &[("count", &count.to_string())]),
        })
    };
    // The focus stays in the composer.
    view! {
        <div class="slash" class:open=move || slash.offered.with(Option::is_some) on:mousedown=|event| event.prevent_default()>
            {move || slash.is_open().then(|| view! {
                <ul role="listbox" id=LIST aria-label=texts.replies.title>
                    {slash.offered.get().unwrap_or_default().into_iter().enumerate().map(row).collect_view()}
                </ul>
            })}
            <p class="hint" role="status">{said}</p>
        </div>
    }
}
