//! The page about the desk of a site: how chats are handed out, opening hours, routing.

mod draft;
mod hours;
mod routes;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::close::ErrorCode;
use shared::ids::SiteKey;
use shared::model::SiteDesk;

use crate::locale::texts;
use crate::rest::{RestError, desk as calls};
use crate::state;
use crate::time;
use crate::view::settings::account::{Outcome, Said};
use draft::Draft;

/// The page.
#[component]
pub fn Desk() -> impl IntoView {
    let texts = texts();
    let sites = expect_context::<state::Desk>().sites;
    let chosen: RwSignal<Option<SiteKey>> = RwSignal::new(None);
    let key = Memo::new(move |_| chosen.get().or_else(|| sites.with(|sites| sites.first().map(|site| site.key.clone()))));
    let options = move || {
        let option = |site: shared::model::Site| {
            let key = site.key.clone();
            view! { <option value=key.0.clone() selected=move || chosen.get().as_ref() == Some(&key)>{site.name}</option> }
        };
        sites.get().into_iter().map(option).collect_view()
    };
    let choose = move |event| chosen.set(Some(SiteKey(event_target_value(&event))));
    view! {
        <p class="lead">{texts.desk.lead}</p>
        {move || (sites.with(Vec::len) > 1).then(|| view! {
            <label class="chooser">{texts.site}<select on:change=choose>{options}</select></label>
        })}
        {move || key.get().map(|key| view! { <OfSite key/> })}
    }
}

#[component]
fn OfSite(key: SiteKey) -> impl IntoView {
    let texts = texts();
    let found: RwSignal<Option<Result<SiteDesk, RestError>>> = RwSignal::new(None);
    let asked = key.clone();
    spawn_local(async move {
        let answer = calls::of_site(&asked).await;
        found.try_set(Some(answer));
    });
    move || match found.get() {
        None => view! { <p role="status">{texts.loading}</p> }.into_any(),
        Some(Err(error)) => view! { <p role="alert" class="problem">{error.words(texts)}</p> }.into_any(),
        Some(Ok(desk)) => view! { <Form key=key.clone() desk/> }.into_any(),
    }
}

#[component]
fn Form(key: SiteKey, desk: SiteDesk) -> impl IntoView {
    let texts = texts();
    let draft = Draft::of(&desk, time::zone().unwrap_or_default());
    let outcome: Outcome = RwSignal::new(None);
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let wanted = match draft.desk(texts) {
            Ok(wanted) => wanted,
            Err(problem) => return outcome.set(Some(Err(problem))),
        };
        let key = key.clone();
        spawn_local(async move {
            let answer = calls::change(&key, &wanted).await;
            let words = |error| match error {
                RestError::Refused(ErrorCode::InvalidField) => texts.desk.desk_wrong,
                other => other.words(texts),
            };
            outcome.try_set(Some(answer.map(|_| texts.saved).map_err(words)));
        });
    };
    let mode = move |picks: bool, title: &'static str, lead: &'static str| {
        view! {
            <label class="check">
                <input type="radio" name="assigning" prop:checked=move || draft.picks.get() == picks on:change=move |_| draft.picks.set(picks)/>
                <span><strong>{title}</strong><span class="hint">{lead}</span></span>
            </label>
        }
    };
    view! {
        <form class="settings desk-form" on:submit=save novalidate>
            <section class="panel">
                <h2 id="assigning">{texts.desk.assigning}</h2>
                <div class="ticks" role="radiogroup" aria-labelledby="assigning">
                    {mode(false, texts.desk.automatic, texts.desk.automatic_lead)}
                    {mode(true, texts.desk.pick, texts.desk.pick_lead)}
                </div>
            </section>
            <hours::OpeningHours draft/>
            <routes::Routes draft/>
            <div class="save"><button class="primary" type="submit">{texts.desk.save}</button><Said outcome/></div>
        </form>
    }
}
