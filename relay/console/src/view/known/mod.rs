//! What is known of the visitor beside the thread: asked for anew whenever the relay says that it has changed.

mod edit;
mod twins;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Attribute, NotedField, Visit, VisitorProfile};

use crate::locale::{language, texts};
use crate::pieces::is_web_address;
use crate::rest::{RestError, visitors};
use crate::row::Row;
use crate::time;
use crate::view::visitor::Fact;
use edit::Edit;
use twins::Twins;

/// The profile as it was last heard of.
pub type Found = RwSignal<Option<Result<VisitorProfile, RestError>>>;

/// Device, fields, attributes, pages, and who may be the same person.
#[component]
pub fn Known(row: Row) -> impl IntoView {
    let texts = texts();
    let talk = RwSignal::from(row.talk.clone());
    let found: Found = RwSignal::new(None);
    let who = Memo::new(move |_| talk.with(|talk| (talk.visitor.id, talk.visitor.rev)));
    Effect::new(move || {
        let asked = who.get();
        spawn_local(async move {
            let answer = visitors::profile(asked.0).await;
            // What is asked for last is shown, whatever comes back when.
            if who.try_get_untracked() == Some(asked) {
                found.try_set(Some(answer));
            }
        });
    });
    let part = move |part: fn(&VisitorProfile) -> bool| {
        Memo::new(move |_| found.with(|found| found.as_ref().and_then(|found| found.as_ref().ok()).is_some_and(part)))
    };
    let profile = move || found.with(|found| found.as_ref().and_then(|found| found.as_ref().ok()).cloned());
    let has_attributes = part(|profile| !profile.attributes.is_empty());
    let shows_pages = part(|profile| profile.keeps_pages || !profile.pages.is_empty());
    let failed =
        move || found.with(|found| found.as_ref().and_then(|found| found.as_ref().err()).map(|error| error.words(texts)));
    view! {
        <section class="known">
            <p role="alert" class="problem" class:hidden=move || failed().is_none()>{failed}</p>
            {move || profile().map(|profile| view! { <Notes profile/> })}
            <Edit row found/>
        </section>
        {move || has_attributes.get().then(|| view! {
            <section class="known">
                <h3>{texts.known.attributes}</h3>
                {move || profile().map(|profile| view! { <Attributes attributes=profile.attributes/> })}
                <p class="hint">{texts.known.attributes_hint}</p>
            </section>
        })}
        {move || shows_pages.get().then(|| view! {
            <section class="known">
                <h3 id="visited">{texts.known.pages}</h3>
                {move || profile().map(|profile| view! { <Pages pages=profile.pages/> })}
            </section>
        })}
        <Twins found/>
    }
}

#[component]
fn Notes(profile: VisitorProfile) -> impl IntoView {
    let texts = texts();
    let noted = |NotedField { field, value }: NotedField| {
        let value = value.unwrap_or_else(|| texts.known.nothing.to_owned());
        view! { <Fact label=field.label>{value}</Fact> }
    };
    let device = profile.device.unwrap_or_else(|| texts.unknown.to_owned());
    let since = time::moment(profile.since, language());
    view! {
        <dl class="facts">
            <Fact label=texts.known.device>{device}</Fact>
            <Fact label=texts.known.since>{since}</Fact>
            {profile.fields.into_iter().map(noted).collect_view()}
        </dl>
    }
}

#[component]
fn Attributes(attributes: Vec<Attribute>) -> impl IntoView {
    let texts = texts();
    let row = |attribute: Attribute| {
        let signed = attribute.vouched.then(|| view! { <span class="tag accent">{texts.known.signed}</span> });
        view! { <Fact label=attribute.name>{attribute.value}{signed}</Fact> }
    };
    view! { <dl class="facts">{attributes.into_iter().map(row).collect_view()}</dl> }
}

#[component]
fn Pages(pages: Vec<Visit>) -> impl IntoView {
    let texts = texts();
    let language = language();
    if pages.is_empty() {
        return view! { <p class="hint">{texts.known.pages_none}</p> }.into_any();
    }
    let page = move |Visit { at, url, title }: Visit| {
        let shown = if title.is_empty() { url.clone() } else { title };
        let link = match is_web_address(&url) {
            true => {
                let hint = url.clone();
                view! { <a href=url title=hint target="_blank" rel="noopener nofollow noreferrer" dir="auto">{shown}</a> }
                    .into_any()
            }
            false => view! { <span dir="auto">{shown}</span> }.into_any(),
        };
        view! { <li>{link}<span class="hint">{time::moment(at, language)}</span></li> }
    };
    view! { <ol class="visits" aria-labelledby="visited">{pages.into_iter().map(page).collect_view()}</ol> }.into_any()
}
