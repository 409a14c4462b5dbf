//! The page of somebody who has to set up a second factor before anything else: its bar, and what the second program draws below it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::Me;

use crate::app::{Session, Who};
use crate::locale::texts;
use crate::office;
use crate::rest;
use crate::state::Desk;
use crate::view::Office;
use crate::view::frame::{Brand, LanguageSwitch};
use crate::view::settings::factor::Factor;

/// The bar, with the place of the page.
#[component]
pub fn Enrol(
    /// Who is signed in.
    me: Me,
) -> impl IntoView {
    let texts = texts();
    let session = expect_context::<Session>();
    provide_context(me);
    // Nobody tells them anything yet.
    provide_context(Desk::new());
    let sign_out = move |_| {
        spawn_local(async move {
            // Whatever the relay answers: it is asked again who is signed in, and that is shown.
            let _asked_again_below = rest::sign_out().await;
            session.0.set(Who::Asking);
            session.ask();
        });
    };
    view! {
        <div class="frame">
            <header class="bar">
                <span class="brand"><Brand/>"Bulle"</span>
                <LanguageSwitch/>
                <button class="quiet sign-out" on:click=sign_out>{texts.sign_out}</button>
            </header>
            <Office/>
        </div>
    }
}

/// The page.
#[component]
pub fn EnrolPage() -> impl IntoView {
    let texts = texts();
    view! {
        <main id="page" class="sheet settings-page">
            <h1>{texts.people.enrol}</h1>
            <p class="lead">{texts.people.enrol_lead}</p>
            <Factor done=Callback::new(|()| office::ask_again())/>
        </main>
    }
}
