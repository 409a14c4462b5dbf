//! Visitors whom the site knows: the secrets that its server signs their identity with, each shown once, and whether anybody else may chat.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{SitePatch, SiteSecret, SiteSetup};
use shared::close::ErrorCode;
use shared::ids::{SecretId, SiteKey};

use crate::locale::{language, texts};
use crate::rest::{self, RestError, people};
use crate::text::fill;
use crate::time;
use crate::view::parts::{CopyButton, Refusal};

/// The secrets as they were last heard of.
type Found = RwSignal<Option<Result<Vec<SiteSecret>, RestError>>>;

/// The section.
#[component]
pub fn Vouch(
    /// Whose.
    site: SiteSetup,
) -> impl IntoView {
    let texts = texts();
    let found: Found = RwSignal::new(None);
    let made: RwSignal<Option<String>> = RwSignal::new(None);
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let only = RwSignal::new(site.verified_only);
    let key = StoredValue::new(site.key);
    load(key, found);
    let make = move |_| {
        spawn_local(async move {
            let answer = people::new_secret(&key.get_value()).await;
            problem.try_set(answer.as_ref().err().map(|error| match error {
                // Elsewhere this is about a chat.
                RestError::Refused(ErrorCode::WrongState) => texts.installing.secrets_most,
                error => error.words(texts),
            }));
            if let Ok(new) = answer {
                made.try_set(new.secret);
                load(key, found);
            }
        });
    };
    let retire = move |id: SecretId| {
        spawn_local(async move {
            let answer = people::retire_secret(&key.get_value(), id).await;
            problem.try_set(answer.err().map(|error| error.words(texts)));
            made.try_set(None);
            load(key, found);
        });
    };
    let choose = move |event| {
        let wanted = event_target_checked(&event);
        only.set(wanted);
        spawn_local(async move {
            let patch = SitePatch { verified_only: Some(wanted), ..SitePatch::default() };
            let answer = rest::patch_site(&key.get_value(), &patch).await;
            if answer.is_err() {
                only.try_set(!wanted);
            }
            problem.try_set(answer.err().map(|error| error.words(texts)));
        });
    };
    let list = move || match found.get() {
        None => view! { <p role="status">{texts.loading}</p> }.into_any(),
        Some(Err(error)) => view! { <p role="alert" class="problem">{error.words(texts)}</p> }.into_any(),
        Some(Ok(secrets)) if secrets.is_empty() => view! { <p>{texts.installing.secrets_none}</p> }.into_any(),
        Some(Ok(secrets)) => {
            let rows = secrets.into_iter().map(|secret| view! { <Row secret retire/> }).collect_view();
            view! { <ul class="sessions">{rows}</ul> }.into_any()
        }
    };
    let shown = move || {
        made.get().map(|secret| {
            view! {
                <div class="invitation" role="status">
                    <label>{texts.installing.secret}<input class="mono" readonly value=secret.clone()/></label>
                    <CopyButton text=secret/>
                    <p class="hint">{texts.installing.secret_once}</p>
                </div>
            }
        })
    };
    view! {
        <section class="panel">
            <h2>{texts.installing.vouch}</h2>
            <p class="hint">{texts.installing.vouch_lead}</p>
            {list}
            <button type="button" class="plain" on:click=make>{texts.installing.secret_make}</button>
            {shown}
            <label class="tick">
                <input type="checkbox" aria-describedby="only-hint" prop:checked=move || only.get() on:change=choose/>{texts.installing.vouch_only}
            </label>
            <p class="hint" id="only-hint">{texts.installing.vouch_only_hint}</p>
            <Refusal words=problem/>
        </section>
    }
}

fn load(key: StoredValue<SiteKey>, found: Found) {
    spawn_local(async move {
        let answer = people::secrets(&key.get_value()).await;
        found.try_set(Some(answer));
    });
}

/// One; asks once more before it is retired, since it signs people out.
#[component]
fn Row(secret: SiteSecret, retire: impl Fn(SecretId) + Copy + Send + 'static) -> impl IntoView {
    let texts = texts();
    let sure = RwSignal::new(false);
    let id = secret.id;
    let made = fill(texts.installing.secret_from, &[("time", &time::moment(secret.created_at, language()))]);
    view! {
        <li>
            <div><strong>{made}</strong>{move || sure.get().then(|| view! { <p class="hint" role="alert">{texts.installing.secret_sure}</p> })}</div>
            {move || if sure.get() {
                view! {
                    <button class="plain" type="button" on:click=move |_| retire(id)>{texts.installing.secret_retire_now}</button>
                    <button class="quiet" type="button" on:click=move |_| sure.set(false)>{texts.cancel}</button>
                }.into_any()
            } else {
                view! { <button class="quiet" type="button" on:click=move |_| sure.set(true)>{texts.installing.secret_retire}</button> }.into_any()
            }}
        </li>
    }
}
