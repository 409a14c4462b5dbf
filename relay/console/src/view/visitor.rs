//! The right pane: who the visitor is, where they are, why they wait, and what was said before.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Cause, History, Why};
use shared::ids::{ConversationId, VisitorId};
use shared::model::{Conversation, State};

use crate::locale::{language, texts};
use crate::pieces::is_web_address;
use crate::rest::{self, RestError};
use crate::row::Row;
use crate::socket::Live;
use crate::text::{Texts, fill};
use crate::time;
use crate::view::block::Blocking;
use crate::view::inbox::Panes;
use crate::view::known::Known;
use crate::view::parts::{Avatar, state_word, visitor_initials, visitor_name};
use crate::view::personal::Personal;
use crate::view::tags::Tags;
use crate::view::thread::chip;

/// Everything known about the visitor of the open conversation.
#[component]
pub fn VisitorPane(row: Row) -> impl IntoView {
    let texts = texts();
    let language = language();
    let desk = expect_context::<Live>().desk;
    let panes = expect_context::<Panes>();
    let talk = RwSignal::from(row.talk.clone());
    let id = row.id;
    // Another one once they are found to be the same person.
    let visitor = Memo::new(move |_| talk.with(|talk| talk.visitor.id));
    let name = Memo::new(move |_| talk.with(|talk| visitor_name(&talk.visitor, texts)));
    let initials = Memo::new(move |_| talk.with(|talk| visitor_initials(&talk.visitor)));
    let online = Memo::new(move |_| talk.with(|talk| talk.visitor_online));
    let verified = Memo::new(move |_| talk.with(|talk| talk.visitor.verified));
    let email = Memo::new(move |_| talk.with(|talk| talk.visitor.email.clone()));
    let page = Memo::new(move |_| talk.with(|talk| talk.page.clone()).unwrap_or_default());
    let locale = Memo::new(move |_| talk.with(|talk| talk.visitor.locale.clone()));
    let zone = Memo::new(move |_| talk.with(|talk| talk.visitor.time_zone.clone()));
    let local = Memo::new(move |_| zone.get().and_then(|zone| time::clock_in(desk.clock.get(), &zone, language)));
    let began = Memo::new(move |_| time::moment(talk.with(|talk| talk.opened_at), language));
    let queued = Memo::new(move |_| talk.with(|talk| talk.state == State::Queued));
    view! {
        <button class="quiet back" on:click=move |_| panes.details.set(false)>"‹ "{texts.back}</button>
        <div class="who-card">
            <Avatar initials=initials id=id.0.as_u128()/>
            <h2>{move || name.get()}</h2>
            <p class="hint">
                <span class=move || if online.get() { "dot is-online" } else { "dot is-offline" }></span>
                {move || if online.get() { texts.on_site } else { texts.gone }}
                {move || verified.get().then(|| view! { <span class="tag accent">{texts.verified}</span> })}
            </p>
        </div>
        <dl class="facts">
            <Fact label=texts.email>{move || email.get().unwrap_or_else(|| texts.unknown.to_owned())}</Fact>
            <Fact label=texts.page>{move || page.with(|page| view! { <Address title=page.title.clone() address=page.url.clone()/> })}</Fact>
            <Fact label=texts.referrer>{move || page.with(|page| view! { <Address title=String::new() address=page.referrer.clone()/> })}</Fact>
            <Fact label=texts.locale>{move || locale.get().unwrap_or_else(|| texts.unknown.to_owned())}</Fact>
            <Fact label=texts.time_zone>{move || zone.get().unwrap_or_else(|| texts.unknown.to_owned())}</Fact>
            <Fact label=texts.local_time>{move || local.get().unwrap_or_else(|| texts.unknown.to_owned())}</Fact>
            <Fact label=texts.began>{move || began.get()}</Fact>
        </dl>
        {move || queued.get().then(|| view! { <Waits id/> })}
        <Known row=row.clone()/>
        <Tags row=row.clone()/>
        <Blocking row/>
        <EarlierList id visitor/>
        {move || view! { <Personal visitor=visitor.get()/> }}
    }
}

/// Something that is known, under its name.
#[component]
pub fn Fact(#[prop(into)] label: String, children: Children) -> impl IntoView {
    view! { <div><dt dir="auto">{label}</dt><dd dir="auto">{children()}</dd></div> }
}

/// An untrusted address: a link only when it is one of the web.
#[component]
fn Address(title: String, address: String) -> impl IntoView {
    let shown = if title.is_empty() { address.clone() } else { title };
    if is_web_address(&address) {
        let hint = address.clone();
        view! { <a href=address title=hint target="_blank" rel="noopener nofollow noreferrer">{shown}</a> }.into_any()
    } else if shown.is_empty() {
        view! { {texts().unknown} }.into_any()
    } else {
        view! { {shown} }.into_any()
    }
}

/// The relay's own reason for the wait, asked anew on demand.
#[component]
fn Waits(id: ConversationId) -> impl IntoView {
    let texts = texts();
    let answer: RwSignal<Option<Result<String, RestError>>> = RwSignal::new(None);
    let ask = move |_| {
        spawn_local(async move {
            let why = rest::why(id).await.map(|why| in_words(&why, texts));
            answer.try_set(Some(why));
        });
    };
    view! {
        <section class="waits">
            <button class="plain" on:click=ask>{texts.why}</button>
            <p role="status">{move || answer.get().map(|answer| answer.unwrap_or_else(|error| error.words(texts).to_owned()))}</p>
        </section>
    }
}

/// What the relay says, in the agent's language.
fn in_words(why: &Why, texts: &Texts) -> String {
    let template = match why.cause {
        Cause::NobodyOnline => texts.desk.why_nobody,
        Cause::Preferred => texts.desk.why_preferred,
        Cause::Picked => texts.desk.why_picked,
        Cause::GivenUp => texts.desk.why_given_up,
        Cause::TeamBusy => texts.desk.why_team,
        Cause::LanguageBusy => texts.desk.why_language,
        Cause::Busy => texts.desk.why_busy,
        Cause::Urgent => texts.desk.why_urgent,
        Cause::Behind => texts.desk.why_behind,
        Cause::Next => texts.desk.why_next,
        Cause::Unknown => return why.reason.clone(),
    };
    let number = |number: Option<u32>| number.unwrap_or_default().to_string();
    let name = why.name.as_deref().unwrap_or_default();
    fill(template, &[("name", name), ("seconds", &number(why.seconds)), ("agents", &number(why.agents))])
}

/// The visitor's earlier conversations; opening one shows it in place of the thread.
#[component]
fn EarlierList(id: ConversationId, visitor: Memo<VisitorId>) -> impl IntoView {
    let texts = texts();
    let panes = expect_context::<Panes>();
    let found: RwSignal<Option<Result<History, RestError>>> = RwSignal::new(None);
    Effect::new(move || {
        visitor.track();
        spawn_local(async move {
            let history = rest::history(id).await;
            found.try_set(Some(history));
        });
    });
    let open = move |talk: Conversation| {
        panes.details.set(false);
        panes.earlier.set(Some(talk));
    };
    let list = move || match found.get() {
        None => view! { <p class="hint">{texts.loading}</p> }.into_any(),
        Some(Err(_)) => view! { <p class="hint">{texts.load_failed}</p> }.into_any(),
        Some(Ok(history)) if history.conversations.is_empty() => view! { <p class="hint">{texts.earlier_none}</p> }.into_any(),
        Some(Ok(History { conversations, ratings })) => {
            let row = move |talk: Conversation| {
                let score = ratings.iter().find(|rated| rated.conversation == talk.id).map(|rated| rated.score);
                view! { <EarlierRow talk score on_open=open/> }
            };
            view! { <ul class="earlier" aria-label=texts.earlier>{conversations.into_iter().map(row).collect_view()}</ul> }
                .into_any()
        }
    };
    view! { <section><h3>{texts.earlier}</h3>{list}</section> }
}

#[component]
fn EarlierRow(talk: Conversation, score: Option<u8>, on_open: impl Fn(Conversation) + 'static) -> impl IntoView {
    let texts = texts();
    let panes = expect_context::<Panes>();
    let id = talk.id;
    let date = time::moment(talk.last_at, language());
    let state = view! { <span class=format!("chip {}", chip(talk.state))>{state_word(talk.state, texts)}</span> };
    let preview = talk.preview.clone();
    let current = move || panes.earlier.with(|earlier| earlier.as_ref().is_some_and(|talk| talk.id == id)).then_some("true");
    view! {
        <li>
            <button class="earlier-open" aria-current=current on:click=move |_| on_open(talk.clone())>
                <span class="hint">{date}{state}</span>
                <span class="row-preview" dir="auto">{preview}</span>
                {score.map(|score| view! { <span class="hint">{fill(texts.known.rated, &[("score", &score.to_string())])}</span> })}
            </button>
        </li>
    }
}
