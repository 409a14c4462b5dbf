//! Where somebody is signed in, and ending it: one's own sessions, or, for admins, somebody else's.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::Session;
use shared::ids::SessionId;

use crate::locale::{language, texts};
use crate::rest::RestError;
use crate::rest::people::{self, Whose};
use crate::text::fill;
use crate::time;
use crate::view::parts::Refusal;

/// The list.
#[component]
pub fn Sessions(
    /// Whose.
    whose: Whose,
) -> impl IntoView {
    let texts = texts();
    let found: RwSignal<Option<Result<Vec<Session>, RestError>>> = RwSignal::new(None);
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let load = move || {
        spawn_local(async move {
            let answer = people::sessions(whose).await;
            found.try_set(Some(answer));
        });
    };
    load();
    let end = move |one: Option<SessionId>| {
        spawn_local(async move {
            let answer = match one {
                Some(id) => people::end_session(whose, id).await,
                None => people::end_sessions(whose).await,
            };
            problem.try_set(answer.err().map(|error| error.words(texts)));
            load();
        });
    };
    let list = move || match found.get() {
        None => view! { <p role="status">{texts.loading}</p> }.into_any(),
        Some(Err(error)) => view! { <p role="alert" class="problem">{error.words(texts)}</p> }.into_any(),
        Some(Ok(sessions)) if sessions.is_empty() => view! { <p>{texts.people.sessions_none}</p> }.into_any(),
        Some(Ok(sessions)) => {
            let others = sessions.iter().any(|session| !session.current);
            let all = if whose == Whose::Mine { texts.people.end_others } else { texts.people.end_all };
            let rows = sessions.into_iter().map(|session| view! { <Row session end/> }).collect_view();
            view! {
                <ul class="sessions">{rows}</ul>
                {others.then(|| view! { <button class="plain" type="button" on:click=move |_| end(None)>{all}</button> })}
            }
            .into_any()
        }
    };
    view! {
        <section class="panel">
            <h2>{texts.people.sessions}</h2>
            <p class="hint">{(whose == Whose::Mine).then_some(texts.people.sessions_lead)}</p>
            {list}
            <Refusal words=problem/>
        </section>
    }
}

#[component]
fn Row(session: Session, end: impl Fn(Option<SessionId>) + Copy + 'static) -> impl IntoView {
    let texts = texts();
    let device = if session.device.is_empty() { texts.people.unknown_device.to_owned() } else { session.device };
    let seen = fill(texts.people.seen, &[("time", &time::moment(session.seen_at, language()))]);
    let since = fill(texts.people.since, &[("time", &time::moment(session.created_at, language()))]);
    let label = fill(texts.people.end_session, &[("device", &device)]);
    let id = session.id;
    view! {
        <li>
            <div>
                <strong>{device}</strong>{session.current.then(|| view! { <span class="tag accent">{texts.people.this_session}</span> })}
                <p class="hint">{seen}" · "{session.network}" · "{since}</p>
            </div>
            {(!session.current).then(|| view! {
                <button class="quiet" type="button" aria-label=label on:click=move |_| end(Some(id))>{texts.people.end}</button>
            })}
        </li>
    }
}
