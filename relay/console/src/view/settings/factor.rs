//! The second factor: off, being set up, its recovery codes shown once, on.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Confirm, Enrolment, Proof, SecondFactor};
use shared::close::ErrorCode;

use crate::locale::texts;
use crate::rest::{RestError, people};
use crate::text::fill;
use crate::view::parts::CopyButton;
use crate::view::settings::account::{Outcome, Said, words};
use crate::view::settings::qr::Qr;

/// Where its owner stands.
#[derive(Clone, PartialEq)]
enum Stage {
    Loading,
    Failed(RestError),
    Known(SecondFactor),
    Enrolling(Enrolment),
    Codes(Vec<String>),
}

fn load(stage: RwSignal<Stage>) {
    spawn_local(async move {
        let answer = people::second_factor().await;
        stage.try_set(answer.map_or_else(Stage::Failed, Stage::Known));
    });
}

/// The section.
#[component]
pub fn Factor(
    /// What follows once it is set up and its recovery codes are kept; left out: its standing is shown.
    #[prop(optional)]
    done: Option<Callback<()>>,
) -> impl IntoView {
    let texts = texts();
    let stage = RwSignal::new(Stage::Loading);
    load(stage);
    let body = move || match stage.get() {
        Stage::Loading => view! { <p role="status">{texts.loading}</p> }.into_any(),
        Stage::Failed(error) => view! { <p role="alert" class="problem">{error.words(texts)}</p> }.into_any(),
        Stage::Known(factor) => view! { <Standing factor stage/> }.into_any(),
        Stage::Enrolling(enrolment) => view! { <Enrolling enrolment stage/> }.into_any(),
        Stage::Codes(codes) => view! { <Codes codes stage done/> }.into_any(),
    };
    view! {
        <section class="panel">
            <h2>{texts.people.factor}</h2>
            <p class="hint">{texts.people.factor_lead}</p>
            {body}
        </section>
    }
}

#[component]
fn Standing(factor: SecondFactor, stage: RwSignal<Stage>) -> impl IntoView {
    let texts = texts();
    let password = RwSignal::new(String::new());
    let outcome: Outcome = RwSignal::new(None);
    let on = factor.on;
    let stands = if on {
        fill(texts.people.factor_on, &[("count", &factor.recovery_codes.to_string())])
    } else {
        texts.people.factor_off.to_owned()
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let proof = Proof { password: password.get_untracked() };
        spawn_local(async move {
            let answer = if on {
                people::turn_off(&proof).await.map(|()| Stage::Known(SecondFactor { on: false, recovery_codes: 0 }))
            } else {
                people::enrol(&proof).await.map(Stage::Enrolling)
            };
            match answer {
                Ok(next) => {
                    stage.try_set(next);
                }
                Err(error) => {
                    outcome.try_set(Some(Err(words(error, texts))));
                }
            }
        });
    };
    view! {
        <p><span class="chip" class:is-active=on>{stands}</span></p>
        <form class="fields-row" on:submit=submit novalidate>
            <label>{texts.people.your_password}
                <input type="password" name="proof" autocomplete="current-password" bind:value=password/>
            </label>
            <button class="plain" type="submit">{if on { texts.people.turn_off } else { texts.people.set_up }}</button>
            <Said outcome/>
        </form>
    }
}

#[component]
fn Enrolling(enrolment: Enrolment, stage: RwSignal<Stage>) -> impl IntoView {
    let texts = texts();
    let code = RwSignal::new(String::new());
    let outcome: Outcome = RwSignal::new(None);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = Confirm { code: code.get_untracked() };
        spawn_local(async move {
            match people::confirm(&body).await {
                Ok(codes) => {
                    stage.try_set(Stage::Codes(codes.codes));
                }
                Err(RestError::Refused(ErrorCode::InvalidField)) => {
                    outcome.try_set(Some(Err(texts.people.code_wrong)));
                }
                Err(error) => {
                    outcome.try_set(Some(Err(error.words(texts))));
                }
            }
        });
    };
    view! {
        <p>{texts.people.scan}</p>
        <div class="enrolment">
            <Qr text=enrolment.uri label=texts.people.qr/>
            <div class="fields">
                <label>{texts.people.secret}<input class="mono" readonly value=enrolment.secret.clone()/></label>
                <CopyButton text=enrolment.secret/>
                <form class="fields-row" on:submit=submit novalidate>
                    <label>{texts.people.code}
                        <input name="code" inputmode="numeric" autocomplete="one-time-code" autofocus maxlength="7" bind:value=code/>
                    </label>
                    <button class="primary" type="submit">{texts.people.turn_on}</button>
                    <button class="quiet" type="button" on:click=move |_| load(stage)>{texts.cancel}</button>
                    <Said outcome/>
                </form>
            </div>
        </div>
    }
}

#[component]
fn Codes(codes: Vec<String>, stage: RwSignal<Stage>, done: Option<Callback<()>>) -> impl IntoView {
    let texts = texts();
    let all = codes.join("\n");
    let kept = move |_| match done {
        Some(done) => done.run(()),
        None => load(stage),
    };
    view! {
        <div role="status">
            <h3>{texts.people.recovery}</h3>
            <p>{texts.people.recovery_lead}</p>
            <ul class="codes mono">{codes.into_iter().map(|code| view! { <li>{code}</li> }).collect_view()}</ul>
        </div>
        <p class="save-codes">
            <CopyButton text=all/>
            <button class="primary" type="button" on:click=kept>{texts.people.kept}</button>
        </p>
    }
}
