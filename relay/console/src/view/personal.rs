//! What visitors leave, for admins: exporting and erasing the person beside the thread, and how long a site keeps what was said.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Me, Retention};
use shared::ids::{SiteKey, VisitorId};
use shared::model::Role;

use crate::locale::texts;
use crate::rest::people;
use crate::view::settings::account::{Outcome, Said};

/// Most days that a site may be told to keep what was said (as the REST API has it).
const MOST_DAYS: u32 = 3_650;

/// Exports and erases a person; asks once more before it erases.
#[component]
pub fn Personal(
    /// Who.
    visitor: VisitorId,
) -> impl IntoView {
    let texts = texts();
    let admin = expect_context::<Me>().role >= Role::Admin;
    let sure = RwSignal::new(false);
    let outcome: Outcome = RwSignal::new(None);
    let erase = move |_| {
        spawn_local(async move {
            let answer = people::erase(visitor).await;
            sure.try_set(false);
            outcome.try_set(Some(answer.map(|()| texts.access.erased).map_err(|error| error.words(texts))));
        });
    };
    admin.then(|| {
        view! {
            <section class="personal">
                <h3>{texts.access.personal}</h3>
                <p><a class="plain" href=people::export_address(visitor) download="">{texts.access.export}</a></p>
                {move || if sure.get() {
                    view! {
                        <p role="alert">{texts.access.erase_sure}</p>
                        <button class="plain" type="button" on:click=erase>{texts.access.erase_now}</button>
                        <button class="quiet" type="button" on:click=move |_| sure.set(false)>{texts.cancel}</button>
                    }.into_any()
                } else {
                    view! { <button class="plain" type="button" on:click=move |_| sure.set(true)>{texts.access.erase}</button> }.into_any()
                }}
                <p class="hint"><Said outcome/></p>
            </section>
        }
    })
}

/// How long a site keeps what was said.
#[component]
pub fn Retained(
    /// Which site.
    site: SiteKey,
) -> impl IntoView {
    let texts = texts();
    let days = RwSignal::new(String::new());
    let outcome: Outcome = RwSignal::new(None);
    let asked = site.clone();
    spawn_local(async move {
        if let Ok(Retention { days: Some(kept) }) = people::retention(&asked).await {
            days.try_set(kept.to_string());
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let wanted = days.get_untracked();
        let wanted = match wanted.trim() {
            "" => None,
            text => match text.parse::<u32>() {
                Ok(days) if (1..=MOST_DAYS).contains(&days) => Some(days),
                _ => {
                    outcome.set(Some(Err(texts.refusal_field)));
                    return;
                }
            },
        };
        let site = site.clone();
        spawn_local(async move {
            let answer = people::set_retention(&site, &Retention { days: wanted }).await;
            outcome.try_set(Some(answer.map(|()| texts.saved).map_err(|error| error.words(texts))));
        });
    };
    view! {
        <section class="panel">
            <h2>{texts.access.retention}</h2>
            <p class="hint" id="retention-hint">{texts.access.retention_lead}</p>
            <form class="fields-row" on:submit=submit novalidate>
                <label>{texts.access.retention_days}
                    <input inputmode="numeric" autocomplete="off" aria-describedby="retention-hint" bind:value=days/>
                </label>
                <button class="plain" type="submit">{texts.people.save}</button>
                <Said outcome/>
            </form>
        </section>
    }
}
