//! How the widget looks and what it offers, beside the real one: a page of the relay's own in a frame, with the draft in its tag.

use leptos::prelude::*;
use shared::ids::SiteKey;
use shared::model::{MAX_FIELD, language};

use super::draft::{Draft, LANGUAGES};
use crate::browser;
use crate::locale::texts;

/// Colours, place, language and features, with a preview.
#[component]
pub fn Looks(
    /// What is being changed.
    draft: Draft,
    /// Whose.
    site: SiteKey,
) -> impl IntoView {
    let texts = texts();
    view! {
        <section class="panel">
            <h2>{texts.installing.look}</h2>
            <div class="looks">
                <div class="fields">
                    <label>{texts.installing.site_name}<input required maxlength=MAX_FIELD.to_string() bind:value=draft.name/></label>
                    <label>{texts.installing.color}<input type="color" bind:value=draft.color/></label>
                    <label>{texts.installing.side}
                        <select bind:value=draft.side><option value="right">{texts.installing.side_right}</option><option value="left">{texts.installing.side_left}</option></select>
                    </label>
                    <label>{texts.installing.theme}
                        <select bind:value=draft.theme>
                            <option value="auto">{texts.installing.theme_auto}</option><option value="light">{texts.installing.theme_light}</option><option value="dark">{texts.installing.theme_dark}</option>
                        </select>
                    </label>
                    <label>{texts.installing.texts_in}
                        <select bind:value=draft.locale>
                            <option value="">{texts.installing.locale_visitors}</option>
                            {LANGUAGES.map(|(tag, name)| view! { <option value=tag lang=tag>{name}</option> })}
                        </select>
                    </label>
                    <label class="tick"><input type="checkbox" bind:checked=draft.files/>{texts.installing.offers_files}</label>
                    <label class:hidden=move || !draft.files.get()>{texts.installing.file_size}<input type="number" min="0.01" max="1024" step="any" placeholder=texts.installing.file_size_own bind:value=draft.file_size/></label>
                    <label class="tick"><input type="checkbox" bind:checked=draft.voice/>{texts.installing.offers_voice}</label>
                    <label class="tick"><input type="checkbox" bind:checked=draft.rating/>{texts.installing.offers_rating}</label>
                    <label class="tick"><input type="checkbox" bind:checked=draft.drafts/>{texts.together.drafts}</label>
                </div>
                <Preview draft site/>
            </div>
        </section>
    }
}

/// The real widget in a frame.
#[component]
pub fn Preview(
    /// What it looks like.
    draft: Draft,
    /// Whose.
    site: SiteKey,
) -> impl IntoView {
    let texts = texts();
    let address = Memo::new(move |_| {
        let (color, side, theme, locale) = (draft.color.get(), draft.side.get(), draft.theme.get(), draft.locale.get());
        // Without a language of the site's, the preview speaks this browser's.
        let lang =
            if locale.is_empty() { browser::global(&["navigator", "language"]).unwrap_or_default() } else { locale.clone() };
        let greeting = draft.greeting(&language(&lang).unwrap_or_default()).unwrap_or_default();
        let greeting = String::from(js_sys::encode_uri_component(&greeting));
        // Keys, sides, themes and tags are plain words; only the colour's sign has to be written differently in an address.
        format!(
            "/console/preview.html?site={site}&color=%23{}&side={side}&theme={theme}&locale={locale}&greeting={greeting}",
            color.trim_start_matches('#')
        )
    });
    view! { <iframe class="preview" title=texts.installing.preview src=move || address.get()></iframe> }
}
