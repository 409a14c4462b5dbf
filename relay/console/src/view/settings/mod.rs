//! The settings: one component per section, and the links between them.

pub mod account;
mod desk;
pub mod factor;
mod house;
mod notifications;
mod qr;
mod record;
pub mod replies;
pub mod sessions;
mod tokens;
mod writing;

use leptos::prelude::*;
use shared::api::Me;

use crate::locale::texts;
use crate::nav::Link;
use crate::route::{Route, Section};
use crate::text::Texts;

/// A page of the settings.
#[component]
pub fn Settings(
    /// Which.
    section: Section,
) -> impl IntoView {
    let texts = texts();
    let role = expect_context::<Me>().role;
    let mine: Vec<Section> = Section::ALL.into_iter().filter(|section| role >= section.least_role()).collect();
    let sections = (mine.len() > 1).then(|| {
        let links =
            mine.iter().map(|&to| view! { <li><Link to=Route::Settings(to)>{title(to, texts)}</Link></li> }).collect_view();
        view! { <nav class="sections" aria-label=texts.people.settings><ul>{links}</ul></nav> }
    });
    let body = match section {
        _ if !mine.contains(&section) => view! { <p>{texts.refusal_forbidden}</p> }.into_any(),
        Section::Account => view! { <account::Account/> }.into_any(),
        Section::Notifications => view! { <notifications::Notifications/> }.into_any(),
        Section::Replies => view! { <replies::Replies/> }.into_any(),
        Section::House => view! { <house::House/> }.into_any(),
        Section::Desk => view! { <desk::Desk/> }.into_any(),
        Section::Tokens => view! { <tokens::Tokens/> }.into_any(),
        Section::Record => view! { <record::Record/> }.into_any(),
    };
    view! {
        <main id="page" class="sheet settings-page">
            {sections}
            <h1>{title(section, texts)}</h1>
            {body}
        </main>
    }
}

/// What a page of the settings is called.
pub fn title(section: Section, texts: &Texts) -> &'static str {
    match section {
        Section::Account => texts.people.account,
        Section::Notifications => texts.noticing.title,
        Section::Replies => texts.replies.title,
        Section::House => texts.house.title,
        Section::Desk => texts.desk.title,
        Section::Tokens => texts.access.tokens,
        Section::Record => texts.access.record,
    }
}
