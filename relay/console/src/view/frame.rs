//! The frame around every page of a signed-in agent: the bar with navigation, language and sign-out, and the connection notice.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::Me;
use shared::link::Status;
use shared::model::Role;

use crate::app::{Session, Who};
use crate::drafts;
use crate::locale::{Language, Locale, language, texts};
use crate::nav::Link;
use crate::rest;
use crate::route::{Route, Section};
use crate::socket::Live;
use crate::text::{Texts, fill};
use crate::view::palette::Palette;
use crate::view::settings::title;

/// The bar and, below it, the page.
#[component]
pub fn Frame(
    /// Opens the overlay of keys, where a page has one.
    #[prop(optional)]
    help: Option<RwSignal<bool>>,
    /// The page.
    children: Children,
) -> impl IntoView {
    let texts = texts();
    let session = expect_context::<Session>();
    let me = expect_context::<Me>();
    let live = expect_context::<Live>();
    let desk = live.desk;
    // It may be changed here or elsewhere.
    let name = move || {
        let now = desk.agents.with(|agents| agents.iter().find(|agent| agent.id == me.id).map(|agent| agent.name.clone()));
        now.unwrap_or_else(|| me.name.clone())
    };
    let sign_out = move |_| {
        live.release_all();
        drafts::forget_all();
        spawn_local(async move {
            // Whatever the relay answers: it is asked again who is signed in, and that is shown.
            let _asked_again_below = rest::sign_out().await;
            session.0.set(Who::Asking);
            session.ask();
        });
    };
    // The settings have a bar of their own; one of their pages stands for them here.
    let links = pages(me.role, texts).into_iter().filter_map(|(to, name)| match to {
        Route::Settings(Section::Account) => Some((to, texts.people.settings)),
        Route::Settings(_) => None,
        _ => Some((to, name)),
    });
    let links = links.map(|(to, name)| view! { <Link to>{name}</Link> }).collect_view();
    view! {
        <div class="frame">
            <a class="skip" href="#page">{texts.skip}</a>
            <header class="bar">
                <span class="brand"><Brand/>"Bulle"</span>
                <nav aria-label="Bulle">
                    {links}
                </nav>
                {help.map(|help| view! {
                    <button class="quiet keys-button" aria-label=texts.shortcuts title=texts.shortcuts on:click=move |_| help.set(true)>"?"</button>
                })}
                <LanguageSwitch/>
                <span class="whoami">{name}</span>
                <button class="quiet sign-out" on:click=sign_out>{texts.sign_out}</button>
            </header>
            <Connection/>
            {children()}
            <Palette/>
        </div>
    }
}

/// Every page that somebody of this role may see, with its name.
pub fn pages(role: Role, texts: &'static Texts) -> Vec<(Route, &'static str)> {
    let reports = (role >= Role::Supervisor).then_some((Route::Reports, texts.reports.title));
    let pages = [(Route::Inbox, texts.inbox), (Route::Visitors, texts.present.title), (Route::History, texts.history.title)];
    let more = [(Route::Team, texts.team), (Route::Install, texts.install)];
    let sections = Section::ALL.into_iter().filter(|section| role >= section.least_role());
    let sections = sections.map(|section| (Route::Settings(section), title(section, texts)));
    pages.into_iter().chain(reports).chain(more).chain(sections).collect()
}

/// The mark: a bubble.
#[component]
pub fn Brand() -> impl IntoView {
    view! { <span class="mark" aria-hidden="true"></span> }
}

/// English or French.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let locale = expect_context::<Locale>();
    let current = language();
    let choose = move |event| {
        let tag = event_target_value(&event);
        if let Some(language) = Language::ALL.into_iter().find(|language| language.tag() == tag) {
            locale.choose(language);
        }
    };
    view! {
        <select class="language" aria-label=texts().language on:change=choose>
            {Language::ALL.map(|language| view! {
                <option value=language.tag() selected=language == current lang=language.tag()>{language.name()}</option>
            })}
        </select>
    }
}

/// Tells when the connection is gone, and when it is tried again.
#[component]
fn Connection() -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let desk = live.desk;
    // The clock ticks only for a waiting link; a healthy one draws nothing.
    let notice = Memo::new(move |_| match desk.status.get() {
        Status::Online | Status::Stopped => None,
        Status::Connecting if desk.me.get().is_none() => Some(texts.connecting.to_owned()),
        Status::Connecting => Some(texts.reconnecting.to_owned()),
        Status::Waiting(at) => {
            desk.clock.track();
            let seconds = (at - crate::browser::now() + 999).max(0) / 1_000;
            Some(fill(texts.reconnect_in, &[("seconds", &seconds.to_string())]))
        }
        Status::Refused(code) => Some(fill(texts.refused, &[("code", &code.to_string())])),
    });
    let waits = move || matches!(desk.status.get(), Status::Waiting(_));
    view! {
        <div class="connection" role="status" class:hidden=move || notice.get().is_none()>
            <span>{move || notice.get()}</span>
            <button class="quiet" class:hidden=move || !waits() on:click=move |_| live.wake()>{texts.reconnect_now}</button>
        </div>
    }
}

/// No such page.
#[component]
pub fn Missing() -> impl IntoView {
    let texts = texts();
    view! { <Frame><main id="page" class="sheet"><p>{texts.not_found}</p><p><Link to=Route::Inbox>{texts.inbox}</Link></p></main></Frame> }
}
