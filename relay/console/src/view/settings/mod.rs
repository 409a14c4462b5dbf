//! The settings: one component per section, and the links between them.

pub mod account;
mod factor;
mod qr;
pub mod replies;
pub mod sessions;

use leptos::prelude::*;

use crate::locale::texts;
use crate::nav::Link;
use crate::route::{Route, Section};
use crate::text::Texts;
use crate::view::frame::Frame;

/// A page of the settings.
#[component]
pub fn Settings(
    /// Which.
    section: Section,
) -> impl IntoView {
    let texts = texts();
    let sections = (Section::ALL.len() > 1).then(|| {
        let links = Section::ALL.map(|to| view! { <li><Link to=Route::Settings(to)>{title(to, texts)}</Link></li> });
        view! { <nav class="sections" aria-label=texts.people.settings><ul>{links}</ul></nav> }
    });
    let body = match section {
        Section::Account => view! { <account::Account/> }.into_any(),
        Section::Replies => view! { <replies::Replies/> }.into_any(),
    };
    view! {
        <Frame>
            <main id="page" class="sheet settings-page">
                {sections}
                <h1>{title(section, texts)}</h1>
                {body}
            </main>
        </Frame>
    }
}

fn title(section: Section, texts: &Texts) -> &'static str {
    match section {
        Section::Account => texts.people.account,
        Section::Replies => texts.replies.title,
    }
}
