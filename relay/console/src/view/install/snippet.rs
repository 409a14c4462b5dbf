//! What to paste: the script tag in its forms, and what a Content-Security-Policy has to allow for each.

use leptos::prelude::*;
use shared::api::SiteSetup;

use crate::locale::texts;
use crate::view::parts::CopyButton;

/// How the panel comes into the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Frame,
    Pinned,
}

/// The script tag and its policy.
#[component]
pub fn Snippet(
    /// Whose.
    site: SiteSetup,
) -> impl IntoView {
    let texts = texts();
    let form = RwSignal::new(Form::Plain);
    let SiteSetup { snippet, csp, frame_csp, pinned, .. } = site;
    let can_pin = pinned.is_some();
    let framed = snippet.replacen("<script async", "<script async data-mode=\"frame\"", 1);
    let shown = Memo::new(move |_| match form.get() {
        Form::Plain => (snippet.clone(), csp.join("\n"), texts.installing.form_plain_lead),
        Form::Frame => (framed.clone(), frame_csp.join("\n"), texts.installing.form_frame_lead),
        Form::Pinned => (pinned.clone().unwrap_or_default(), csp.join("\n"), texts.installing.form_pinned_lead),
    });
    let choice = move |of: Form, word: &'static str| {
        view! {
            <label class="tick"><input type="radio" name="form" prop:checked=move || form.get() == of on:change=move |_| form.set(of)/>{word}</label>
        }
    };
    view! {
        <section class="panel">
            <h2>{texts.installing.snippet}</h2>
            <fieldset class="choices"><legend class="hint">{texts.installing.form}</legend>{choice(Form::Plain, texts.installing.form_plain)}{choice(Form::Frame, texts.installing.form_frame)}{can_pin.then(|| choice(Form::Pinned, texts.installing.form_pinned))}</fieldset>
            <p class="hint">{move || shown.get().2}</p>
            {move || {
                let (snippet, policy, _) = shown.get();
                view! {
                    <Code title=texts.installing.snippet_title text=snippet/>
                    <p class="hint">{texts.installing.csp_lead}</p>
                    <Code title=texts.installing.csp_title text=policy/>
                }
            }}
        </section>
    }
}

#[component]
fn Code(title: &'static str, text: String) -> impl IntoView {
    view! {
        <div class="snippet">
            <h3>{title}</h3>
            <CopyButton text=text.clone()/>
            <pre tabindex="0" role="group" aria-label=title><code>{text}</code></pre>
        </div>
    }
}
