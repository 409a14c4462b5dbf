//! The relay's two pages with the panel and nothing else: `/chat/KEY`, a link for emails and QR codes, and `/frame/KEY`, for sites whose
//! policy forbids WebAssembly. Both say what they are for in `data-settings`; `page.js` of the widget's set does the rest.
//!
//! They alone may open visitors' sockets from the relay's own origin for a site that does not list it: each carries a ticket.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

use shared::ids::SiteKey;

use super::caller::Caller;
use super::embedded::{self, Encoding};
use super::origin::{self, Origin};
use super::router::Shared;
use super::sightings;
use crate::error::RestError;
use crate::store::SiteRecord;

/// What the page's script is told; names are its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings<'a> {
    key: &'a str,
    name: &'a str,
    color: &'a str,
    locale: Option<&'a str>,
    assets: String,
    ticket: String,
    frame: bool,
    origins: &'a [String],
}

/// Proves to the sockets' endpoint that a page was served here for that site. It is no secret from whoever can open the page; it keeps the
/// console and the relay's other pages from being a door to every site. Derived from what no browser is told, so that it outlives
/// restarts and is the same on every relay of a cluster.
pub fn ticket(site: &SiteRecord) -> String {
    let digest = Sha256::new_with_prefix(b"bulle.ticket.").chain_update(site.id.0.as_bytes()).finalize();
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `/chat/KEY`.
pub async fn chat(state: State<Arc<Shared>>, caller: Caller, key: Path<String>) -> Result<Response, RestError> {
    page(state, caller, key, false).await
}

/// `/frame/KEY`.
pub async fn frame(
    state: State<Arc<Shared>>,
    caller: Caller,
    key: Path<String>,
    headers: HeaderMap,
) -> Result<Response, RestError> {
    // The frame's own socket comes from the relay's origin: that the page around it has a chat is seen here.
    if let Some(origin) = sightings::page_of(&headers) {
        let shared = &state.0;
        let key = SiteKey(key.0.clone());
        if !caller.is_own(shared, &origin)
            && let Ok(Some(site)) = shared.store.site_by_key(key).await
        {
            shared.sightings.framed(&site, &origin);
        }
    }
    page(state, caller, key, true).await
}

async fn page(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path(key): Path<String>,
    frame: bool,
) -> Result<Response, RestError> {
    let key = SiteKey(key);
    let site = match key.is_well_formed() {
        true => shared.store.site_by_key(key).await.map_err(RestError::Store)?,
        false => None,
    };
    let Some(site) = site else {
        let message = "no site has this key: ask whoever gave you this link for a new one\n";
        return Ok((StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], message).into_response());
    };
    Ok(room(&site, shared.assets.built.widget_hash, caller.base.as_ref(), frame))
}

/// The page for that site.
fn room(site: &SiteRecord, hash: &str, base: Option<&Origin>, frame: bool) -> Response {
    let settings = Settings {
        key: &site.key.0,
        name: &site.name,
        color: &site.settings.color,
        locale: site.settings.locale.as_deref(),
        // Relative: the page's own origin serves them under whichever name it was reached.
        assets: format!("/a/{hash}/"),
        ticket: ticket(site),
        frame,
        origins: if frame { &site.origins } else { &[] },
    };
    // Strings, booleans and lists of strings are always JSON.
    let settings = serde_json::to_string(&settings).unwrap_or_default();
    let html = format!(
        "<!doctype html>\n<html lang=\"en\" data-settings=\"{}\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, interactive-widget=resizes-content\">\n\
         <title>{}</title>\n<script type=\"module\" src=\"/a/{hash}/page.js\"></script>\n<body>\n",
        escaped(&settings),
        escaped(&site.name),
    );
    let mut response = embedded::answer(Body::from(html), "page.html", Encoding::Identity);
    let headers = response.headers_mut();
    // Origins are checked when they are listed; should one be no header value, nobody may frame the page.
    let policy = policy(base, &ancestors(frame, &site.origins));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    if frame {
        // Pages with a `Cross-Origin-Embedder-Policy` take no other frames.
        headers.insert("cross-origin-embedder-policy", HeaderValue::from_static("require-corp"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    } else {
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    }
    response
}

/// Who may frame the page: the site's pages, or with an empty list everybody's; nobody the one that stands by itself.
fn ancestors(frame: bool, origins: &[String]) -> String {
    match (frame, origins) {
        (false, _) => "'none'".to_owned(),
        (true, []) => "*".to_owned(),
        (true, origins) => {
            let sources: Vec<_> = origins.iter().filter_map(|entry| origin::as_source(entry)).collect();
            if sources.is_empty() { "'none'".to_owned() } else { sources.join(" ") }
        }
    }
}

/// Own files, own sockets, pictures and sounds that were sent, and no markup made from text.
fn policy(base: Option<&Origin>, ancestors: &str) -> String {
    let sockets = base.map(|base| format!(" {}", base.for_sockets())).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'{sockets}; img-src 'self'; media-src 'self'; \
         require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
}

/// For a text between tags, or between double quotes in one.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SiteSettings;
    use http_body_util::BodyExt;
    use shared::api::VisitorRules;
    use shared::ids::SiteId;

    fn site(origins: &[&str]) -> SiteRecord {
        SiteRecord {
            id: SiteId::v7(1, [7; 10]),
            key: SiteKey("demo".into()),
            name: "Kiln & \"Clay\"</title><script>".into(),
            origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            settings: SiteSettings::default(),
            settings_rev: 0,
            verified_only: false,
            visitors: VisitorRules::default(),
        }
    }

    fn ancestors_of(origins: &[&str], frame: bool) -> String {
        let response = room(&site(origins), "0011223344556677", None, frame);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        policy.split("frame-ancestors ").nth(1).unwrap().to_owned()
    }

    #[test]
    fn only_the_sites_own_pages_may_frame_the_frame_and_nobody_the_chat() {
        assert_eq!(ancestors_of(&["https://a.example", "https://*.b.example"], true), "https://a.example https://*.b.example");
        assert_eq!(ancestors_of(&["https://a.example"], false), "'none'");
        assert_eq!(ancestors_of(&[], true), "*");
        assert_eq!(ancestors_of(&["; script-src *"], true), "'none'", "what is no origin lets nobody in");
    }

    #[tokio::test]
    async fn a_name_is_text_wherever_it_stands() {
        let body = room(&site(&[]), "0011223344556677", None, false).into_body().collect().await.unwrap().to_bytes();
        let html = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert!(html.contains("<title>Kiln &amp; &quot;Clay&quot;&lt;/title&gt;&lt;script&gt;</title>"), "{html}");
    }

    #[test]
    fn a_ticket_is_for_one_site() {
        let other = SiteRecord { id: SiteId::v7(1, [8; 10]), ..site(&[]) };
        assert_eq!(ticket(&site(&[])), ticket(&site(&["https://a.example"])));
        assert_ne!(ticket(&site(&[])), ticket(&other));
    }
}
