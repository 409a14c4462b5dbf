//! One's own account: display name and password; the second factor and the sessions have files of their own.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{AccountPatch, MIN_PASSWORD, Me, NewPassword};
use shared::close::ErrorCode;

use crate::locale::texts;
use crate::office;
use crate::rest::{RestError, people};
use crate::text::{Texts, fill};
use crate::view::settings::factor::Factor;
use crate::view::settings::sessions::Sessions;
use crate::view::settings::writing::Writing;

/// What became of a form.
pub type Outcome = RwSignal<Option<Result<&'static str, &'static str>>>;

/// A wrong password in words, of a call that asks for one; every other refusal as usual.
pub fn words(error: RestError, texts: &Texts) -> &'static str {
    match error {
        RestError::Refused(ErrorCode::InvalidField) => texts.people.password_wrong,
        other => other.words(texts),
    }
}

/// The outcome of a form, announced.
#[component]
pub fn Said(outcome: Outcome) -> impl IntoView {
    let failed = move || matches!(outcome.get(), Some(Err(_)));
    let said = move || outcome.get().map(|outcome| outcome.unwrap_or_else(|words| words));
    view! { <span role="status" class="said" class:problem=failed>{said}</span> }
}

/// The page.
#[component]
pub fn Account() -> impl IntoView {
    let texts = texts();
    view! {
        <p class="lead">{texts.people.account_lead}</p>
        <Profile/>
        <Writing/>
        <Password/>
        <Factor/>
        <Sessions whose=people::Whose::Mine/>
    }
}

#[component]
fn Profile() -> impl IntoView {
    let texts = texts();
    let me = expect_context::<Me>();
    let name = RwSignal::new(me.name);
    let outcome: Outcome = RwSignal::new(None);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let wanted = name.get_untracked().trim().to_owned();
        if wanted.is_empty() {
            outcome.set(Some(Err(texts.name_missing)));
            return;
        }
        spawn_local(async move {
            match people::patch_account(&AccountPatch { name: Some(wanted) }).await {
                Ok(_) => {
                    outcome.try_set(Some(Ok(texts.saved)));
                }
                Err(RestError::Refused(ErrorCode::BadToken)) => office::ask_again(),
                Err(error) => {
                    outcome.try_set(Some(Err(error.words(texts))));
                }
            }
        });
    };
    view! {
        <section class="panel">
            <h2>{texts.people.profile}</h2>
            <form class="fields-row" on:submit=submit novalidate>
                <label>{texts.people.display_name}<input name="name" autocomplete="name" aria-describedby="name-hint" bind:value=name/></label>
                <button class="primary" type="submit">{texts.people.save}</button>
                <Said outcome/>
            </form>
            <p class="hint" id="name-hint">{me.email}" · "{texts.name_hint}</p>
        </section>
    }
}

#[component]
fn Password() -> impl IntoView {
    let texts = texts();
    let (old, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let outcome: Outcome = RwSignal::new(None);
    let length = MIN_PASSWORD.to_string();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = NewPassword { old: old.get_untracked(), new: new.get_untracked() };
        if body.new.chars().count() < MIN_PASSWORD {
            outcome.set(Some(Err(texts.people.too_short)));
            return;
        }
        spawn_local(async move {
            let answer = people::change_password(&body).await;
            if answer.is_ok() {
                old.try_set(String::new());
                new.try_set(String::new());
            }
            outcome.try_set(Some(answer.map(|()| texts.people.changed).map_err(|error| words(error, texts))));
        });
    };
    view! {
        <section class="panel">
            <h2>{texts.people.new_password}</h2>
            <p class="hint">{texts.people.new_password_lead}" "{fill(texts.password_hint, &[("count", &length)])}</p>
            <form class="fields-row" on:submit=submit novalidate>
                <label>{texts.people.old}<input type="password" name="old" autocomplete="current-password" bind:value=old/></label>
                <label>{texts.people.new}<input type="password" name="new" autocomplete="new-password" bind:value=new/></label>
                <button class="primary" type="submit">{texts.people.change}</button>
                <Said outcome/>
            </form>
        </section>
    }
}
