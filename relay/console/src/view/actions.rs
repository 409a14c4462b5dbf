//! What an agent can do to the open conversation, each where its state allows it, and why the last attempt failed.

use leptos::prelude::*;
use shared::model::State;

use crate::locale::texts;
use crate::row::Row;
use crate::socket::Live;
use crate::text::Texts;
use crate::urgency;
use crate::verbs::Verb;
use crate::view::inbox::Panes;
use crate::view::parts::Refusal;

fn word(verb: Verb, texts: &Texts) -> &'static str {
    match verb {
        Verb::Take => texts.take,
        Verb::TakeAnyway => texts.take_anyway,
        Verb::Transfer(_) | Verb::ToTeam(_) => texts.transfer,
        Verb::Prioritize(_) => texts.desk.urgency,
        Verb::GiveBack => texts.give_back,
        Verb::Accept => texts.accept,
        Verb::Decline => texts.decline,
        Verb::TakeOver => texts.together.take_over,
        Verb::Close => texts.close_chat,
        Verb::Dismiss => texts.dismiss,
        Verb::Block { .. } => texts.blocking.block,
    }
}

fn key(verb: Verb) -> Option<&'static str> {
    match verb {
        Verb::Take => Some("t"),
        Verb::Accept => Some("y"),
        Verb::Decline => Some("d"),
        Verb::TakeOver => Some("o"),
        Verb::Close => Some("x"),
        Verb::Transfer(_) => Some("Shift+T"),
        Verb::TakeAnyway | Verb::ToTeam(_) | Verb::Prioritize(_) | Verb::GiveBack | Verb::Dismiss | Verb::Block { .. } => None,
    }
}

/// A button for one verb. It waits visibly until the relay has answered, and does not ask twice.
#[component]
pub fn VerbButton(
    /// Of which conversation.
    row: Row,
    /// What it asks for.
    verb: Verb,
    /// The likeliest next step.
    #[prop(optional)]
    primary: bool,
) -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let id = row.id;
    let doing = RwSignal::from(row.doing);
    let busy = move || doing.get() == Some(verb);
    let ask = move |_| perform(live, id, verb);
    view! {
        <button type="button" class=if primary { "primary" } else { "plain" } aria-busy=move || busy().to_string()
            aria-keyshortcuts=key(verb) data-key=key(verb) on:click=ask>{word(verb, texts)}</button>
    }
}

/// Asks for a verb unless one is on its way; taking also opens.
pub fn perform(live: Live, id: shared::ids::ConversationId, verb: Verb) {
    let Some(row) = live.desk.row(id) else { return };
    if row.doing.get_untracked().is_some() {
        return;
    }
    if matches!(verb, Verb::Take | Verb::TakeAnyway | Verb::TakeOver | Verb::Accept) {
        live.open(Some(id));
    }
    live.ask(id, verb);
}

/// Asks for a verb on the open conversation, if it fits.
pub fn perform_on_open(live: Live, verb: Verb) {
    let me = live.desk.me.get_untracked();
    let row = live.desk.open.get_untracked().and_then(|id| live.desk.row(id));
    if let (Some(me), Some(row)) = (me, row)
        && row.talk.with_untracked(|talk| verb.fits(talk, me))
    {
        perform(live, row.id, verb);
    }
}

/// The buttons of the thread.
#[component]
pub fn Actions(row: Row) -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let panes = expect_context::<Panes>();
    let talk = RwSignal::from(row.talk.clone());
    let me = live.desk.me;
    let fits = move |verb: Verb| Memo::new(move |_| me.get().is_some_and(|me| talk.with(|talk| verb.fits(talk, me))));
    let (take, give_back, close, accept, dismiss) =
        (fits(Verb::Take), fits(Verb::GiveBack), fits(Verb::Close), fits(Verb::Accept), fits(Verb::Dismiss));
    let take_over =
        Memo::new(move |_| me.get().is_some_and(|me| talk.with(|talk| Verb::TakeOver.fits(talk, me))) && live.desk.supervises());
    let transfer = Memo::new(move |_| me.get().is_some_and(|me| talk.with(|talk| Verb::Transfer(me).fits(talk, me))));
    let reopened = {
        let row = row.clone();
        Memo::new(move |_| me.get().is_some_and(|me| row.is_dismissable(me)))
    };
    let button = move |row: &Row, verb: Verb, primary: bool, shows: Memo<bool>| {
        let row = row.clone();
        move || shows.get().then(|| view! { <VerbButton row=row.clone() verb primary/> })
    };
    let urgency = Memo::new(move |_| talk.with(|talk| (talk.state == State::Queued).then_some(talk.priority)));
    // The buttons stay while the urgency changes: whoever pressed one may press it again.
    let queued = Memo::new(move |_| urgency.with(Option::is_some));
    let id = row.id;
    let step = move |by: i32, label: &'static str, sign: &'static str| {
        let wanted = move || Verb::Prioritize(urgency.get().unwrap_or(0) + by);
        let able = move || me.get().is_some_and(|me| talk.with(|talk| wanted().fits(talk, me)));
        view! {
            <button type="button" class="plain" aria-label=label title=label disabled=move || !able()
                on:click=move |_| perform(live, id, untrack(wanted))>{sign}</button>
        }
    };
    let problem = RwSignal::from(row.problem.clone());
    let words = Signal::derive(move || problem.get().map(|problem| problem.words(texts)));
    let stretch = Memo::new(move |_| problem.get().is_some_and(|problem| problem.invites_stretch()));
    let dismissable = Memo::new(move |_| dismiss.get() && reopened.get());
    view! {
        <div class="actions" role="toolbar" aria-label=texts.conversation>
            {button(&row, Verb::Accept, true, accept)}
            {button(&row, Verb::Decline, false, accept)}
            {button(&row, Verb::Take, true, take)}
            {button(&row, Verb::TakeOver, false, take_over)}
            {button(&row, Verb::Dismiss, false, dismissable)}
            {move || transfer.get().then(|| view! {
                <button type="button" class="plain" aria-haspopup="dialog" aria-keyshortcuts="Shift+T" data-key="⇧T"
                    on:click=move |_| panes.picker.set(true)>{texts.transfer}</button>
            })}
            {button(&row, Verb::GiveBack, false, give_back)}
            {move || queued.get().then(|| view! {
                <span class="urgency" role="group" aria-label=texts.desk.urgency>
                    {step(-1, texts.desk.lower, "↓")}
                    <span class="hint">{move || urgency.get().map(|priority| urgency::word(priority, texts))}</span>
                    {step(1, texts.desk.raise, "↑")}
                </span>
            })}
            {button(&row, Verb::Close, false, close)}
        </div>
        <div class="refused">
            <Refusal words/>
            {button(&row, Verb::TakeAnyway, false, stretch)}
        </div>
    }
}
