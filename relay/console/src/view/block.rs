//! Keeping a visitor out, beside their chat: the question, and what is said of it afterwards.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Block, Me};
use shared::ids::Millis;
use shared::model::{Role, State};

use crate::locale::{language, texts};
use crate::rest::{self, RestError};
use crate::row::Row;
use crate::socket::Live;
use crate::text::{Texts, fill};
use crate::time;
use crate::verbs::Verb;
use crate::view::actions::perform;

const DAY: Millis = 24 * 60 * 60 * 1_000;

/// How long somebody can be kept out, by the value of its choice; `None`: for good.
const LENGTHS: [(&str, Option<Millis>); 4] =
    [("day", Some(DAY)), ("week", Some(7 * DAY)), ("month", Some(30 * DAY)), ("good", None)];

/// Whether the visitor is kept out, and the way to do it or to undo it.
#[component]
pub fn Blocking(row: Row) -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let id = row.id;
    let talk = RwSignal::from(row.talk.clone());
    let asking = RwSignal::new(false);
    let found: RwSignal<Option<Block>> = RwSignal::new(None);
    let problem: RwSignal<Option<RestError>> = RwSignal::new(None);
    let look = move || {
        spawn_local(async move {
            // What cannot be learned now is not shown; the relay refuses or allows all the same.
            if let Ok(block) = rest::block_of(id).await {
                found.try_set(block);
            }
        });
    };
    // A block ends the chat, whoever makes it.
    let closed = Memo::new(move |_| talk.with(|talk| talk.state == State::Closed));
    let doing = RwSignal::from(row.doing.clone());
    Effect::new(move || {
        closed.track();
        if doing.with(Option::is_none) {
            look();
        }
    });
    let allowed = Memo::new(move |_| {
        let verb = Verb::Block { network: false, for_ms: None };
        live.desk.me.get().is_some_and(|me| talk.with(|talk| verb.fits(talk, me)))
    });
    let lift = move |block: Block| {
        spawn_local(async move {
            match rest::lift_block(block.id).await {
                Ok(()) => {
                    found.try_set(None);
                }
                Err(error) => {
                    problem.try_set(Some(error));
                }
            }
        });
    };
    let state = move || {
        found.get().map(|block| {
            let words = told(&block, texts);
            view! {
                <p class="blocked">{words}</p>
                <button class="plain" on:click=move |_| lift(block.clone())>{texts.blocking.lift}</button>
            }
        })
    };
    view! {
        <section class="blocking">
            {state}
            {move || (found.with(Option::is_none) && allowed.get()).then(|| view! {
                <button class="plain" aria-haspopup="dialog" on:click=move |_| asking.set(true)>{texts.blocking.ask}</button>
            })}
            <p role="status">{move || problem.get().map(|error| error.words(texts))}</p>
            <Question row asking/>
        </section>
    }
}

/// Who did it, and until when.
pub fn told(block: &Block, texts: &Texts) -> String {
    match block.expires_at {
        Some(until) => fill(texts.blocking.until, &[("date", &time::moment(until, language())), ("name", &block.by.name)]),
        None => fill(texts.blocking.is_for_good, &[("name", &block.by.name)]),
    }
}

/// Asks whom and for how long: a modal dialog, so that focus stays inside and Escape leaves.
#[component]
fn Question(row: Row, asking: RwSignal<bool>) -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let supervises = expect_context::<Me>().role >= Role::Supervisor;
    let dialog: NodeRef<html::Dialog> = NodeRef::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            if !asking.get() {
                dialog.close();
            } else if !dialog.open() {
                let _shown_already = dialog.show_modal();
            }
        }
    });
    let network = RwSignal::new(false);
    let length = RwSignal::new("week".to_owned());
    let id = row.id;
    let block = move |_| {
        asking.set(false);
        let for_ms =
            length.with_untracked(|chosen| LENGTHS.iter().find(|(value, _)| value == chosen).and_then(|(_, time)| *time));
        perform(live, id, Verb::Block { network: network.get_untracked(), for_ms });
    };
    let word = move |value: &str| match value {
        "day" => texts.blocking.a_day,
        "week" => texts.blocking.a_week,
        "month" => texts.blocking.a_month,
        _ => texts.blocking.for_good,
    };
    view! {
        <dialog class="dialog" node_ref=dialog aria-labelledby="block-title" on:close=move |_| asking.set(false)>
            <h2 id="block-title">{texts.blocking.title}</h2>
            <p>{texts.blocking.lead}</p>
            {supervises.then(|| view! {
                <label class="check"><input type="checkbox" bind:checked=network aria-describedby="block-hint"/>{texts.blocking.their_network}</label>
                <p class="hint" id="block-hint">{texts.blocking.network_hint}</p>
            })}
            <label>{texts.blocking.how_long}
                <select bind:value=length>{LENGTHS.map(|(value, _)| view! { <option value=value>{word(value)}</option> })}</select>
            </label>
            <div class="dialog-foot">
                <button class="plain" on:click=block>{texts.blocking.block}</button>
                <button class="quiet" on:click=move |_| asking.set(false)>{texts.cancel}</button>
            </div>
        </dialog>
    }
}
