//! Whether the pasted tag was seen: on which origins, when, and what is wrong where it does not work.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Sightings, SiteSetup};

use super::verdict::{Finding, Verdict, findings};
use crate::browser;
use crate::locale::{language, texts};
use crate::rest::{self, RestError};
use crate::text::fill;
use crate::time;

/// The check.
#[component]
pub fn Seen(
    /// Whose tag.
    site: SiteSetup,
) -> impl IntoView {
    let texts = texts();
    let found: RwSignal<Option<Result<Sightings, RestError>>> = RwSignal::new(None);
    let busy = RwSignal::new(false);
    let key = site.key.clone();
    let check = move || {
        let key = key.clone();
        busy.set(true);
        spawn_local(async move {
            let answer = rest::sightings(&key).await;
            found.try_set(Some(answer));
            busy.try_set(false);
        });
    };
    check();
    let lines = move || match found.get() {
        None => view! { <p>{texts.loading}</p> }.into_any(),
        Some(Err(error)) => view! { <p class="problem">{error.words(texts)}</p> }.into_any(),
        Some(Ok(sightings)) => {
            let all = findings(&sightings);
            let never = all.is_empty();
            view! {
                {(!sightings.encrypted).then(|| view! { <p class="problem">{texts.installing.seen_plain}</p> })}
                {never.then(|| view! { <p>{texts.installing.seen_never}</p> })}
                <ul class="findings">{all.into_iter().map(|finding| view! { <Line finding/> }).collect_view()}</ul>
            }
            .into_any()
        }
    };
    view! {
        <section class="panel">
            <div class="title">
                <h2>{texts.installing.seen}</h2>
                <button type="button" class="plain" aria-busy=move || busy.get().to_string() on:click=move |_| check()>{texts.installing.check_again}</button>
            </div>
            <div role="status">{lines}</div>
        </section>
    }
}

#[component]
fn Line(finding: Finding) -> impl IntoView {
    let texts = texts();
    let Finding { origin, at, verdict } = finding;
    let (mark, words) = match verdict {
        Verdict::Works => ("good", texts.installing.seen_works),
        Verdict::Seen => ("good", texts.installing.seen_here),
        Verdict::Foreign => ("bad", texts.installing.seen_foreign),
        Verdict::Blocked => ("bad", texts.installing.seen_blocked),
        Verdict::Old => ("bad", texts.installing.seen_old),
        Verdict::Unsaid => ("good", texts.installing.seen_unsaid),
    };
    let sign = if verdict.is_trouble() { "!" } else { "✓" };
    let when = fill(texts.installing.ago, &[("time", &time::span(browser::now() - at, language()))]);
    view! {
        <li>
            <span class=format!("sign {mark}") aria-hidden="true">{sign}</span>
            <span class="origin">{if origin.is_empty() { texts.unknown.to_owned() } else { origin }}</span>
            <span class="hint">{when}</span>
            <span class="words">{words}</span>
        </li>
    }
}
