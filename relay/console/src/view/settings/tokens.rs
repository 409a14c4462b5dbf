//! API tokens: what there is, a new one shown once, revoking. For admins.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{ApiToken, NewApiToken};
use shared::ids::{AgentId, Millis};
use shared::model::Role;

use crate::browser;
use crate::locale::{language, texts};
use crate::rest::{RestError, people};
use crate::text::fill;
use crate::time;
use crate::view::parts::{CopyButton, ROLES, Refusal, role_named, role_word};

/// What a token may be set to lapse after, in days; the first: never.
const LAPSES: [i64; 4] = [0, 30, 90, 365];
/// One day.
const DAY: Millis = 24 * 60 * 60 * 1_000;

/// The tokens as they were last heard of.
type Found = RwSignal<Option<Result<Vec<ApiToken>, RestError>>>;

/// The page.
#[component]
pub fn Tokens() -> impl IntoView {
    let texts = texts();
    let found: Found = RwSignal::new(None);
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    load(found);
    let revoke = move |id: AgentId| {
        spawn_local(async move {
            let answer = people::revoke_token(id).await;
            problem.try_set(answer.err().map(|error| error.words(texts)));
            load(found);
        });
    };
    let list = move || match found.get() {
        None => view! { <p role="status">{texts.loading}</p> }.into_any(),
        Some(Err(error)) => view! { <p role="alert" class="problem">{error.words(texts)}</p> }.into_any(),
        Some(Ok(tokens)) if tokens.is_empty() => view! { <p>{texts.access.tokens_none}</p> }.into_any(),
        Some(Ok(tokens)) => {
            let rows = tokens.into_iter().map(|token| view! { <Row token revoke/> }).collect_view();
            view! { <ul class="sessions">{rows}</ul> }.into_any()
        }
    };
    view! {
        <p class="lead">{texts.access.tokens_lead}</p>
        <section class="panel">
            {list}
            <Refusal words=problem/>
        </section>
        <NewToken found/>
    }
}

fn load(found: Found) {
    spawn_local(async move {
        let answer = people::tokens().await;
        found.try_set(Some(answer));
    });
}

#[component]
fn Row(token: ApiToken, revoke: impl Fn(AgentId) + Copy + 'static) -> impl IntoView {
    let texts = texts();
    let moment = |at| time::moment(at, language());
    let made = fill(texts.access.made_by, &[("name", &token.created_by.name), ("time", &moment(token.created_at))]);
    let used =
        token.used_at.map_or_else(|| texts.access.unused.to_owned(), |at| fill(texts.access.used, &[("time", &moment(at))]));
    let ends = token.expires_at.map(|at| {
        let words = if at > browser::now() { texts.access.until } else { texts.access.lapsed };
        format!(" · {}", fill(words, &[("time", &moment(at))]))
    });
    let label = fill(texts.access.revoke_token, &[("name", &token.name)]);
    let id = token.id;
    view! {
        <li>
            <div>
                <strong>{token.name}</strong><span class="tag">{role_word(token.role, texts)}</span>
                <p class="hint">{made}" · "{used}{ends}</p>
            </div>
            <button class="quiet" type="button" aria-label=label on:click=move |_| revoke(id)>{texts.access.revoke}</button>
        </li>
    }
}

#[component]
fn NewToken(found: Found) -> impl IntoView {
    let texts = texts();
    let (name, role, lapses) = (RwSignal::new(String::new()), RwSignal::new("agent".to_owned()), RwSignal::new("0".to_owned()));
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let made: RwSignal<Option<ApiToken>> = RwSignal::new(None);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        made.set(None);
        if name.with_untracked(|name| name.trim().is_empty()) {
            problem.set(Some(texts.access.name_missing));
            return;
        }
        problem.set(None);
        let days = lapses.get_untracked().parse::<i64>().ok().filter(|days| *days > 0);
        let body = NewApiToken {
            name: name.get_untracked(),
            role: role.with_untracked(|name| role_named(name)).unwrap_or(Role::Agent),
            expires_at: days.map(|days| browser::now() + days * DAY),
        };
        spawn_local(async move {
            match people::new_token(&body).await {
                Ok(token) => {
                    name.try_set(String::new());
                    made.try_set(Some(token));
                    load(found);
                }
                Err(error) => {
                    problem.try_set(Some(error.words(texts)));
                }
            }
        });
    };
    let shown = move || {
        made.get().and_then(|made| {
            let token = made.token?;
            let label = fill(texts.access.token, &[("name", &made.name)]);
            Some(view! {
                <div class="invitation" role="status">
                    <label>{label}<input class="mono" readonly value=token.clone()/></label>
                    <CopyButton text=token/>
                    <p class="hint">{texts.access.made}</p>
                </div>
            })
        })
    };
    let span = move |days: i64| {
        if days == 0 { texts.access.never.to_owned() } else { fill(texts.access.days, &[("count", &days.to_string())]) }
    };
    view! {
        <section class="panel">
            <h2>{texts.access.new_token}</h2>
            <form class="fields-row" on:submit=submit novalidate>
                <label>{texts.access.token_name}<input autocomplete="off" maxlength="256" bind:value=name/></label>
                <label>{texts.role}
                    <select bind:value=role>{ROLES.map(|(role, value)| view! { <option value=value>{role_word(role, texts)}</option> })}</select>
                </label>
                <label>{texts.access.lapses}
                    <select bind:value=lapses>{LAPSES.map(|days| view! { <option value=days.to_string()>{span(days)}</option> })}</select>
                </label>
                <button class="primary" type="submit">{texts.access.make}</button>
            </form>
            <Refusal words=problem/>
            {shown}
        </section>
    }
}
