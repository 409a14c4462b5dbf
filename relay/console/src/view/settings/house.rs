//! What holds for everybody: the rule about second factors, and the operator's limits to read. For admins.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Limit, Rules};
use shared::close::ErrorCode;

use crate::locale::{language, texts};
use crate::rest::{RestError, people};
use crate::text::{Texts, fill};
use crate::time;
use crate::view::parts::Refusal;

/// The page.
#[component]
pub fn House() -> impl IntoView {
    let texts = texts();
    view! {
        <p class="lead">{texts.house.lead}</p>
        <Demand/>
        <Limits/>
    }
}

#[component]
fn Demand() -> impl IntoView {
    let texts = texts();
    let rules: RwSignal<Option<Rules>> = RwSignal::new(None);
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    spawn_local(async move {
        match people::rules().await {
            Ok(found) => {
                rules.try_set(Some(found));
            }
            Err(error) => {
                problem.try_set(Some(error.words(texts)));
            }
        }
    });
    let change = move |event| {
        let body = Rules { second_factor: event_target_checked(&event) };
        spawn_local(async move {
            let answer = people::set_rules(&body).await;
            problem.try_set(answer.err().map(|error| match error {
                RestError::Refused(ErrorCode::WrongState) => texts.house.own_first,
                other => other.words(texts),
            }));
            // A refused choice moves the browser's own mark back.
            rules.try_update(|known| *known = answer.ok().or(*known));
        });
    };
    let on = move || rules.get().is_some_and(|rules| rules.second_factor);
    let unknown = move || rules.get().is_none();
    view! {
        <section class="panel ticks">
            <h2>{texts.people.factor}</h2>
            <label class="check">
                <input type="checkbox" prop:checked=on disabled=unknown on:change=change aria-describedby="factor-lead"/>{texts.house.factor}
            </label>
            <p class="hint" id="factor-lead">{texts.house.factor_lead}</p>
            <Refusal words=problem/>
        </section>
    }
}

#[component]
fn Limits() -> impl IntoView {
    let texts = texts();
    let found: RwSignal<Option<Result<Vec<Limit>, RestError>>> = RwSignal::new(None);
    spawn_local(async move {
        let answer = people::limits().await;
        found.try_set(Some(answer));
    });
    let table = move || match found.get() {
        None => view! { <p role="status">{texts.loading}</p> }.into_any(),
        Some(Err(error)) => view! { <p role="alert" class="problem">{error.words(texts)}</p> }.into_any(),
        Some(Ok(limits)) => {
            let rows = limits.into_iter().map(|limit| {
                let value = shown(&limit, texts);
                view! { <tr><th scope="row">{words(&limit.name, texts).unwrap_or_default()}<div class="hint mono">{limit.name}</div></th><td>{value}</td></tr> }
            });
            view! {
                <table class="rights">
                    <thead><tr><th scope="col">{texts.house.limit}</th><th scope="col">{texts.house.value}</th></tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            }
            .into_any()
        }
    };
    view! {
        <section class="panel">
            <h2>{texts.house.limits}</h2>
            <p class="hint">{texts.house.limits_lead}</p>
            {table}
        </section>
    }
}

/// A value as people read it.
fn shown(limit: &Limit, texts: &Texts) -> String {
    match (limit.rate, limit.amount) {
        (Some(rate), _) => {
            fill(texts.house.rate, &[("burst", &rate.burst.to_string()), ("minute", &rate.per_minute.to_string())])
        }
        (None, Some(amount)) if limit.name.ends_with("_ms") => time::span(i64::try_from(amount).unwrap_or(i64::MAX), language()),
        (None, Some(amount)) if limit.name.contains("_bytes") => bytes(amount),
        (None, amount) => amount.map(|amount| amount.to_string()).unwrap_or_default(),
    }
}

/// An amount of bytes in the unit that it is whole in, or near enough.
fn bytes(amount: u64) -> String {
    const STEP: u64 = 1_024;
    match amount {
        0..STEP => format!("{amount} B"),
        _ if amount < STEP * STEP => format!("{} KiB", amount / STEP),
        _ if amount < STEP * STEP * STEP => format!("{} MiB", amount / STEP / STEP),
        _ => format!("{} GiB", amount / STEP / STEP / STEP),
    }
}

/// What a limit is, by its name; one of a later relay has only that.
fn words(name: &str, texts: &Texts) -> Option<&'static str> {
    let words = texts.house;
    Some(match name {
        "visitor_says" => words.visitor_says,
        "visitor_requests" => words.visitor_requests,
        "agent_says" => words.agent_says,
        "agent_requests" => words.agent_requests,
        "refusals" => words.refusals,
        "upgrades" => words.upgrades,
        "account_sign_ins" => words.account_sign_ins,
        "address_sign_ins" => words.address_sign_ins,
        "uploads" => words.uploads,
        "connections" => words.connections,
        "address_connections" => words.address_connections,
        "http_connections" => words.http_connections,
        "header_timeout_ms" => words.header_timeout_ms,
        "request_timeout_ms" => words.request_timeout_ms,
        "outgoing_bytes" => words.outgoing_bytes,
        "outgoing_total_bytes" => words.outgoing_total_bytes,
        "upload_bytes" => words.upload_bytes,
        "upload_bytes_a_day" => words.upload_bytes_a_day,
        "uploads_at_once" => words.uploads_at_once,
        "address_uploads" => words.address_uploads,
        "upload_timeout_ms" => words.upload_timeout_ms,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_their_unit() {
        assert_eq!([bytes(100), bytes(262_144), bytes(10_485_760), bytes(3 << 30)], ["100 B", "256 KiB", "10 MiB", "3 GiB"]);
    }
}
