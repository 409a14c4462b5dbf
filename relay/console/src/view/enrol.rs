//! The page of somebody who has to set up a second factor before anything else.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::{Session, Who};
use crate::locale::texts;
use crate::rest;
use crate::view::frame::{Brand, LanguageSwitch};
use crate::view::settings::factor::Factor;

/// The page.
#[component]
pub fn Enrol() -> impl IntoView {
    let texts = texts();
    let session = expect_context::<Session>();
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
            <main id="page" class="sheet settings-page">
                <h1>{texts.people.enrol}</h1>
                <p class="lead">{texts.people.enrol_lead}</p>
                <Factor done=Callback::new(move |()| session.ask())/>
            </main>
        </div>
    }
}
