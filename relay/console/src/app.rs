//! The root: who is signed in, and which page shows. The live connection exists exactly as long as somebody is signed in;
//! changing page or language keeps it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::Me;
use shared::link::Status;

use crate::browser;
use crate::locale::{Language, Locale, texts};
use crate::nav::Nav;
use crate::notices::Noticing;
use crate::office;
use crate::rest;
use crate::route::Route;
use crate::socket::{Live, is_signed_out};
use crate::uploads::Uploads;
use crate::view::palette::{PaletteOpen, Wish};
use crate::view::{Enrol, Frame, History, Inbox, Join, Missing, Notices, Office, SignIn};

/// Who uses this console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Not known yet.
    Asking,
    /// The relay did not answer.
    Unreachable,
    /// Nobody; whether a session ended under their hands.
    Nobody { ejected: bool },
    /// This agent.
    Agent(Me),
}

/// Who is signed in, in context.
#[derive(Clone, Copy)]
pub struct Session(pub RwSignal<Who>);

impl Session {
    /// Asks the relay who the cookie stands for.
    pub fn ask(self) {
        spawn_local(async move {
            self.0.set(match rest::me().await {
                Ok(Some(me)) => Who::Agent(me),
                Ok(None) => Who::Nobody { ejected: self.0.with_untracked(|who| matches!(who, Who::Agent(_))) },
                Err(_) => Who::Unreachable,
            });
        });
    }
}

/// The whole console.
#[component]
pub fn App() -> impl IntoView {
    let locale = Locale::detect();
    let nav = Nav::start();
    let session = Session(RwSignal::new(Who::Asking));
    provide_context(locale);
    provide_context(nav);
    provide_context(session);
    session.ask();
    let again = window_event_listener_untyped(office::ASK_AGAIN, move |_| session.ask());
    on_cleanup(move || again.remove());

    Effect::new(move || {
        let tag = locale.0.get().tag();
        if let Some(root) = browser::document().and_then(|document| document.document_element()) {
            let _html_takes_any_attribute = root.set_attribute("lang", tag);
        }
    });
    // What somebody asked for before they had to sign in.
    let asked_for = StoredValue::new(Route::Inbox);
    Effect::new(move || {
        let route = nav.route();
        session.0.with(|who| match who {
            Who::Nobody { .. } if !route.is_public() => {
                asked_for.set_value(route);
                nav.replace(Route::SignIn);
            }
            Who::Agent(_) if route == Route::SignIn => {
                nav.replace(asked_for.get_value());
                asked_for.set_value(Route::Inbox);
            }
            _ => {}
        });
    });

    let me = Memo::new(move |_| session.0.with(|who| if let Who::Agent(me) = who { Some(me.clone()) } else { None }));
    let joining = Memo::new(move |_| if let Route::Join(token) = nav.route() { Some(token) } else { None });
    move || match (joining.get(), me.get()) {
        (Some(token), _) => in_language(locale, move || view! { <Join token=token.clone()/> }).into_any(),
        (None, Some(me)) if me.must_enrol => in_language(locale, move || view! { <Enrol me=me.clone()/> }).into_any(),
        (None, Some(me)) => view! { <SignedIn me/> }.into_any(),
        (None, None) => in_language(locale, || view! { <SignedOut/> }).into_any(),
    }
}

/// Draws anew when the language changes.
fn in_language<V: IntoView + 'static>(locale: Locale, page: impl Fn() -> V + Send + 'static) -> impl IntoView {
    move || {
        let _: Language = locale.0.get();
        page()
    }
}

#[component]
fn SignedOut() -> impl IntoView {
    let session = expect_context::<Session>();
    let texts = texts();
    move || match session.0.get() {
        Who::Asking | Who::Agent(_) => view! { <p class="waiting" role="status">{texts.loading}</p> }.into_any(),
        Who::Unreachable => view! {
            <main class="waiting">
                <p role="alert">{texts.unreachable}</p>
                <button class="primary" on:click=move |_| session.ask()>{texts.try_again}</button>
            </main>
        }
        .into_any(),
        Who::Nobody { ejected } => view! { <SignIn ejected/> }.into_any(),
    }
}

#[component]
fn SignedIn(me: Me) -> impl IntoView {
    let locale = expect_context::<Locale>();
    let nav = expect_context::<Nav>();
    let session = expect_context::<Session>();
    let live = Live::start(me.id);
    provide_context(live);
    provide_context(Uploads::new());
    provide_context(Wish(RwSignal::new(None)));
    provide_context(PaletteOpen(RwSignal::new(false)));
    provide_context(live.desk);
    provide_context(me);
    provide_context(Noticing::start());

    Effect::new(move || {
        if let Status::Refused(code) = live.desk.status.get()
            && is_signed_out(code)
        {
            session.0.set(Who::Nobody { ejected: true });
        }
    });
    Effect::new(move || {
        if live.desk.me.get().is_some() {
            office::comes_soon();
        }
    });
    // Between two pages of the second program everything stays.
    let shown = Memo::new(move |_| Some(nav.route()).filter(|route| !route.is_office()));
    let page = in_language(locale, move || {
        move || match shown.get() {
            None => view! { <Frame><Office/></Frame> }.into_any(),
            Some(Route::History) => view! { <History/> }.into_any(),
            Some(Route::Missing) => view! { <Missing/> }.into_any(),
            Some(_) => view! { <Inbox/> }.into_any(),
        }
    });
    view! { <Notices/>{page} }
}
