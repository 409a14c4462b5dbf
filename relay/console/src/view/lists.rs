//! The left pane: presence, my chats with their slots drawn, what is set aside, offers, the queue and the messages.

use std::collections::HashSet;

use leptos::prelude::*;
use shared::ids::ConversationId;

use crate::locale::texts;
use crate::socket::Live;
use crate::state::Undelivered;
use crate::text::fill;
use crate::view::all::AllChats;
use crate::view::each::each;
use crate::view::listed::{Listed, Named, Oldest, Place};
use crate::view::parts::CopyButton;
use crate::view::presence::PresenceSwitch;
use crate::view::windowed::Window;

/// The left pane.
#[component]
pub fn Lists() -> impl IntoView {
    let texts = texts();
    let desk = expect_context::<Live>().desk;
    let capacity = Memo::new(move |_| desk.myself().map_or(0, |me| usize::try_from(me.capacity).unwrap_or(0)));
    let free = Memo::new(move |_| capacity.get().saturating_sub(desk.mine.with(Vec::len)));
    let slots = move || {
        let (used, capacity) = (desk.mine.with(Vec::len).to_string(), capacity.get().to_string());
        fill(texts.slots, &[("used", &used), ("capacity", &capacity)])
    };
    let hidden = |list: RwSignal<Vec<ConversationId>>| Memo::new(move |_| list.with(Vec::is_empty));
    let (no_offers, no_parked, no_queue, no_messages) =
        (hidden(desk.offers), hidden(desk.parked), hidden(desk.queue), hidden(desk.messages));
    // What stands in another list is marked there.
    let named = Memo::new(move |_| {
        let lists = [desk.mine, desk.parked, desk.offers, desk.queue, desk.messages];
        let listed = move |id: &ConversationId| lists.into_iter().any(|list| list.with(|list| list.contains(id)));
        let mut named: Vec<ConversationId> = desk.mentions.with(|all| all.iter().map(|one| one.conversation.id).collect());
        let mut known = HashSet::new();
        named.retain(|id| !listed(id) && known.insert(*id));
        named
    });
    provide_context(Named(named));
    let supervises = Memo::new(move |_| desk.supervises());
    // Who has waited longest for an answer of mine.
    provide_context(Oldest(Memo::new(move |_| {
        let chats = desk.mine.get().into_iter().chain(desk.parked.get()).filter_map(|id| desk.row(id));
        chats.filter_map(|row| Some((row.due_since()?, row.id))).min().map(|(_, id)| id)
    })));
    let picked = Memo::new(move |_| {
        let by_hand = desk.picked.get();
        let names = |sites: &Vec<shared::model::Site>| {
            sites.iter().filter(|site| by_hand.contains(&site.id)).map(|site| site.name.clone()).collect::<Vec<_>>().join(", ")
        };
        (!by_hand.is_empty()).then(|| fill(texts.desk.picked_hint, &[("sites", &desk.sites.with(names))]))
    });
    let pips = move || {
        let used = desk.mine.with(Vec::len);
        (0..capacity.get().max(used))
            .map(|slot| view! { <i class:used=slot < used class:over={slot >= capacity.get()}></i> })
            .collect_view()
    };
    let free_slots = each(
        move || (0..free.get()).collect::<Vec<_>>(),
        |slot| *slot,
        |_| view! { <li class="slot-free" data-free="">{texts.free_slot}</li> },
    );
    view! {
        <nav class="pane lists" aria-label=texts.lists>
            <PresenceSwitch/>
            <UndeliveredList/>
            <section class:hidden=move || no_offers.get() class="offers">
                <h2>{texts.offered}</h2>
                <ul aria-label=texts.offered><Rows list=desk.offers place=Place::Offered/></ul>
            </section>
            <section class:hidden=move || named.with(Vec::is_empty) class="offers">
                <h2>{texts.together.mentions}<Count count=Signal::derive(move || named.with(Vec::len))/></h2>
                <ul aria-label=texts.together.mentions>
                    {each(move || named.get(), |id| *id, move |id| desk.row(id).map(|row| view! { <Listed row place=Place::Named/> }))}
                </ul>
            </section>
            <section>
                <h2>{texts.my_chats}<span class="pips" aria-hidden="true">{pips}</span><span class="count">{slots}</span></h2>
                <ol class="slots" aria-label=texts.my_chats>
                    <Rows list=desk.mine place=Place::Mine/>
                    {free_slots}
                </ol>
            </section>
            <section class:hidden=move || no_parked.get()>
                <h2>{texts.set_aside}<Count count=Signal::derive(move || desk.parked.with(Vec::len))/></h2>
                <ul aria-label=texts.set_aside data-long="parked"><Parked/></ul>
            </section>
            <section>
                <h2>{texts.queue}<Count count=Signal::derive(move || to_count(desk.waiting.get()))/></h2>
                {move || picked.get().map(|hint| view! { <p class="hint empty">{hint}</p> })}
                <ol aria-label=texts.queue><Rows list=desk.queue place=Place::Queued/></ol>
                <p class="hint empty" class:hidden=move || !no_queue.get()>{texts.queue_empty}</p>
                <More list=desk.queue total=desk.waiting/>
            </section>
            <section>
                <h2>{texts.messages}<Count count=Signal::derive(move || to_count(desk.unassigned.get()))/></h2>
                <ul aria-label=texts.messages><Rows list=desk.messages place=Place::Message/></ul>
                <p class="hint empty" class:hidden=move || !no_messages.get()>{texts.messages_empty}</p>
                <More list=desk.messages total=desk.unassigned/>
            </section>
            {move || supervises.get().then(|| view! { <AllChats/> })}
        </nav>
    }
}

/// Messages that were refused while the agent was elsewhere: shown with their words, so that these can be copied.
#[component]
fn UndeliveredList() -> impl IntoView {
    let texts = texts();
    let list = expect_context::<Live>().desk.undelivered;
    let discard = move |id| list.update(|list| list.retain(|known| known.id != id));
    let message = move |message: Undelivered| {
        view! {
            <p class="problem">{texts.refusal(message.code)}</p>
            <p class="undelivered-text" dir="auto">{message.text.clone()}</p>
            <CopyButton text=message.text/>
            <button class="quiet" on:click=move |_| discard(message.id)>{texts.discard}</button>
        }
    };
    view! {
        <section class="undelivered" role="alert" class:hidden=move || list.with(Vec::is_empty)>
            <h2>{texts.undelivered}</h2>
            {each(move || list.get(), |message| message.id, message)}
        </section>
    }
}

fn to_count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The rows of one list, keyed: a conversation that moves keeps its node.
#[component]
fn Rows(list: RwSignal<Vec<ConversationId>>, place: Place) -> impl IntoView {
    let desk = expect_context::<Live>().desk;
    each(move || list.get(), |id| *id, move |id| desk.row(id).map(|row| view! { <Listed row place/> }))
}

/// What is set aside: as many as were left unfinished, so only those in view are drawn.
#[component]
fn Parked() -> impl IntoView {
    let desk = expect_context::<Live>().desk;
    let window = Window::over("[data-long='parked']", Memo::new(move |_| desk.parked.with(Vec::len)));
    let drawn = move || desk.parked.with(|list| window.of(list));
    let place = Place::Parked;
    each(drawn, |id| *id, move |id| desk.row(id).map(|row| view! { <Listed row place/> }))
}

/// How many there are; nothing for none.
#[component]
fn Count(count: Signal<usize>) -> impl IntoView {
    view! { <span class="count" class:hidden=move || count.get() == 0>{move || count.get()}</span> }
}

/// That there are more than the rows show.
#[component]
fn More(list: RwSignal<Vec<ConversationId>>, total: RwSignal<u32>) -> impl IntoView {
    let texts = texts();
    let more = Memo::new(move |_| to_count(total.get()).saturating_sub(list.with(Vec::len)));
    // Right after an assignment the total is a moment ahead of the rows; only a full page means that rows are left out.
    let cut = move || more.get() > 0 && list.with(Vec::len) + 1 >= shared::model::MAX_ROWS;
    view! { <p class="hint empty" class:hidden=move || !cut()>{move || fill(texts.more_rows, &[("count", &more.get().to_string())])}</p> }
}
