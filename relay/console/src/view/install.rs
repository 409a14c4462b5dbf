//! What a site owner pastes: the script tag and, for sites with a Content-Security-Policy, its sources.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::SiteSetup;

use crate::locale::texts;
use crate::rest::{self, RestError};
use crate::view::frame::Frame;
use crate::view::parts::CopyButton;

/// The install page.
#[component]
pub fn Install() -> impl IntoView {
    let texts = texts();
    let found: RwSignal<Option<Result<Vec<SiteSetup>, RestError>>> = RwSignal::new(None);
    spawn_local(async move {
        let answer = rest::sites().await;
        found.try_set(Some(answer));
    });
    let sites = move || match found.get() {
        None => view! { <p role="status">{texts.loading}</p> }.into_any(),
        Some(Err(error)) => view! { <p role="alert" class="problem">{error.words(texts)}</p> }.into_any(),
        Some(Ok(sites)) if sites.is_empty() => view! { <p>{texts.no_sites}</p> }.into_any(),
        Some(Ok(sites)) => sites.into_iter().map(|site| view! { <Setup site/> }).collect_view().into_any(),
    };
    view! { <Frame><main id="page" class="sheet"><h1>{texts.install}</h1><p class="lead">{texts.install_lead}</p>{sites}</main></Frame> }
}

#[component]
fn Setup(site: SiteSetup) -> impl IntoView {
    let texts = texts();
    let origins = if site.origins.is_empty() { texts.any_origin.to_owned() } else { site.origins.join(", ") };
    let policy = site.csp.join("\n");
    view! {
        <section class="panel">
            <h2>{site.name}</h2>
            <p class="hint">{texts.origins}": "{origins}</p>
            <div class="snippet">
                <h3>{texts.snippet}</h3>
                <CopyButton text=site.snippet.clone()/>
                <pre tabindex="0"><code>{site.snippet}</code></pre>
            </div>
            <div class="snippet">
                <h3>{texts.csp_title}</h3>
                <CopyButton text=policy.clone()/>
                <p class="hint">{texts.csp_lead}</p>
                <pre tabindex="0"><code>{policy}</code></pre>
            </div>
        </section>
    }
}
