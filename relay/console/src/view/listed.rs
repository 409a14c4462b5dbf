//! One conversation in a list: who, since when, what they said last or are writing now, and what it needs.

use leptos::prelude::*;
use shared::agent::Mention;
use shared::ids::ConversationId;
use shared::model::{Conversation, State};

use crate::locale::{language, texts};
use crate::row::Row;
use crate::socket::Live;
use crate::text::fill;
use crate::time;
use crate::urgency;
use crate::verbs::Verb;
use crate::view::actions::VerbButton;
use crate::view::parts::{Avatar, visitor_initials, visitor_name};
use crate::view::windowed::standing;

/// Which list a row stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A slot of mine.
    Mine,
    /// Mine, without a slot.
    Parked,
    /// Offered to me by another agent.
    Offered,
    /// Waits for anybody.
    Queued,
    /// Parked for anybody.
    Message,
    /// A colleague's.
    Other,
    /// A colleague's, who names me in it.
    Named,
}

/// Conversations that are listed only because I am named in them, in context.
#[derive(Clone, Copy)]
pub struct Named(pub Memo<Vec<ConversationId>>);

/// Whose answer of mine has been due the longest, in context.
#[derive(Clone, Copy)]
pub struct Oldest(pub Memo<Option<ConversationId>>);

/// A row: a button that opens the conversation and, where anybody may have it, one that takes it.
#[component]
pub fn Listed(row: Row, place: Place) -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let desk = live.desk;
    let id = row.id;
    let (talk, typed, position) =
        (RwSignal::from(row.talk.clone()), RwSignal::from(row.typed.clone()), RwSignal::from(row.place.clone()));
    let name = Memo::new(move |_| talk.with(|talk| visitor_name(&talk.visitor, texts)));
    let initials = Memo::new(move |_| talk.with(|talk| visitor_initials(&talk.visitor)));
    let online = Memo::new(move |_| talk.with(|talk| talk.visitor_online));
    let unread = {
        let row = row.clone();
        // A thread that is only looked at has no reader yet: nothing of it counts as unread.
        Memo::new(
            move |_| if matches!(place, Place::Queued | Place::Message | Place::Other | Place::Named) { 0 } else { row.unread() },
        )
    };
    let due = Memo::new(move |_| talk.with(|talk| talk.unanswered));
    let is_open = Memo::new(move |_| desk.open.get() == Some(id));
    let waited = Memo::new(move |_| {
        let since = talk.with(|talk| since(talk, place));
        time::span(desk.clock.get() - since, language())
    });
    let preview = move || {
        typed
            .with(|typed| typed.as_ref().map(|typed| typed.draft.clone()))
            .unwrap_or_else(|| talk.with(|talk| talk.preview.clone()))
    };
    let writes = Memo::new(move |_| typed.with(Option::is_some));
    let prefers_me =
        move || talk.with(|talk| talk.preferred.as_ref().is_some_and(|preferred| Some(preferred.agent) == desk.me.get()));
    let site = move || {
        let many = desk.sites.with(Vec::len) > 1;
        many.then(|| {
            desk.sites
                .with(|sites| sites.iter().find(|site| site.id == talk.with(|talk| talk.site)).map(|site| site.name.clone()))
        })
        .flatten()
    };
    let team = move || {
        let id = talk.with(|talk| talk.team).filter(|_| place != Place::Mine)?;
        desk.teams.with(|teams| teams.iter().find(|team| team.id == id).map(|team| team.name.clone()))
    };
    let urgent = move || {
        let priority = talk.with(|talk| talk.priority);
        (place == Place::Queued && priority != 0).then(|| urgency::word(priority, texts))
    };
    let number = move || match place {
        Place::Mine => {
            desk.mine.with(|mine| mine.iter().position(|known| *known == id)).map(|index| index + 1).filter(|number| *number <= 9)
        }
        _ => None,
    };
    let oldest = use_context::<Oldest>();
    let is_oldest = Memo::new(move |_| oldest.is_some_and(|oldest| oldest.0.get() == Some(id)));
    let due_words = {
        let row = row.clone();
        move || {
            let since = row.due_since().unwrap_or_else(|| desk.clock.get());
            fill(texts.together.due_for, &[("time", &time::span(desk.clock.get() - since, language()))])
        }
    };
    let holder = move || {
        let other = talk.with(|talk| talk.agent.clone()).filter(|_| matches!(place, Place::Other | Place::Named))?;
        Some(fill(texts.together.with, &[("name", &other.name)]))
    };
    let aside = Memo::new(move |_| place == Place::Other && talk.with(|talk| talk.state == State::Parked));
    let mention = move || {
        let words = |one: &Mention| {
            let template = if one.whisper { texts.together.whispers_you } else { texts.together.mentions_you };
            fill(template, &[("name", &one.by.name)])
        };
        desk.mentions.with(|all| all.iter().find(|one| one.conversation.id == id).map(words))
    };
    let unread_words = move || fill(texts.unread, &[("count", &unread.get().to_string())]);
    let takes = matches!(place, Place::Queued | Place::Message);
    let offer = Memo::new(move |_| {
        let offer = talk.with(|talk| talk.offer.clone()).filter(|_| place == Place::Offered)?;
        let seconds = ((offer.until - desk.clock.get()).max(0) / 1_000).to_string();
        Some(fill(texts.offer_from, &[("name", &offer.from.name), ("seconds", &seconds)]))
    });
    let answers = (place == Place::Offered).then(|| {
        view! {
            <div class="row-answers">
                <p class="hint">{move || offer.get()}</p>
                <VerbButton row=row.clone() verb=Verb::Accept primary=true/>
                <VerbButton row=row.clone() verb=Verb::Decline/>
            </div>
        }
    });
    // Of a long list most rows are not on the page: assistive technology is told where this one stands.
    let stands = Memo::new(move |_| match place {
        Place::Parked => desk.parked.with(|list| standing(list.iter().position(|known| *known == id), list.len())),
        _ => (None, None),
    });
    view! {
        <li class="row" aria-posinset=move || stands.get().0 aria-setsize=move || stands.get().1 class:is-open=move || is_open.get() class:is-unread=move || unread.get() != 0 class:is-writing=move || writes.get()>
            <button class="row-open" data-row=id.to_string() aria-current=move || is_open.get().then_some("true") on:click=move |_| live.open(Some(id))>
                <span class="row-face"><Avatar initials=initials id=id.0.as_u128()/><i class="live" class:hidden=move || !online.get() title=texts.on_site></i></span>
                <span class="row-top">
                    <span class="row-name">{move || name.get()}</span>
                    <span class="row-time" title=move || (place == Place::Queued).then(|| fill(texts.waits, &[("time", &waited.get())]))>
                        {move || waited.get()}
                    </span>
                </span>
                <span class="row-text">
                    <span class="writes" class:hidden=move || !writes.get()>{texts.types}</span>
                    <span class="row-preview" dir="auto">{preview}</span>
                </span>
                <span class="row-marks">
                    {move || (place == Place::Queued && position.get() != 0).then(|| view! {
                        <span class="tag position" title=fill(texts.position, &[("position", &position.get().to_string())])>"#"{position.get()}</span>
                    })}
                    {move || team().map(|team| view! { <span class="tag">{team}</span> })}
                    {move || urgent().map(|word| view! { <span class="tag accent">{word}</span> })}
                    {move || site().map(|site| view! { <span class="tag">{site}</span> })}
                    {move || mention().map(|words| view! { <span class="tag accent">"@ "{words}</span> })}
                    {move || holder().map(|words| view! { <span class="tag">{words}</span> })}
                    {move || aside.get().then(|| view! { <span class="tag">{texts.set_aside}</span> })}
                    {move || is_oldest.get().then(|| view! { <span class="tag warn" title=due_words.clone()>{texts.together.oldest}</span> })}
                    {move || prefers_me().then(|| view! { <span class="tag accent">{texts.waits_for_you}</span> })}
                    {move || (unread.get() > 0).then(|| view! { <span class="badge" aria-label=unread_words>{unread.get()}</span> })}
                    {move || (due.get() && unread.get() == 0 && place != Place::Queued).then(|| view! { <span class="due" title=texts.answer_due></span> })}
                    {move || number().map(|number| view! { <kbd aria-hidden="true">{number}</kbd> })}
                </span>
            </button>
            {takes.then(|| view! { <span class="row-act"><VerbButton row=row.clone() verb=Verb::Take/></span> })}
            {answers}
        </li>
    }
}

/// Since when the time of a row counts: the queue shows the wait, everything else the last message.
fn since(talk: &Conversation, place: Place) -> i64 {
    match place {
        Place::Queued => talk.queued_at.unwrap_or(talk.opened_at),
        _ => talk.last_at,
    }
}
