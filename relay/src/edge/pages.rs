//! The pages that the relay serves itself: the console, the sample shop, and the way from `/` to the console.
//! Each comes with a content security policy that allows its own files and nothing else; scripts and styles that stand in a page are
//! allowed by their hash, so neither Trunk's start script nor the sample's style needs `unsafe-inline`.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use shared::api::VisitorRules;
use shared::ids::{SiteId, SiteKey};

use crate::clock;
use crate::config::Config;
use crate::store::{SiteRecord, SiteSettings, Store, StoreError};

use super::embedded::{self, Built, Encoding};
use super::origin::Origin;

/// The sample shop, the same file that site owners read as an example.
const SHOP: &str = include_str!("../../../examples/plain-html/index.html");
/// The console's page that shows the widget.
const PREVIEW: &str = "preview.html";
/// The console's service worker.
const WORKER: &str = "sw.js";
/// What it may do: fetch from the relay.
const WORKER_POLICY: &str = "default-src 'none'; connect-src 'self'";
/// Key of the sample shop's site, as its script tag names it.
const SHOP_SITE: &str = "demo";
/// Name of that site.
const SHOP_NAME: &str = "Kiln & Clay";

/// The relay's own pages and the hashes their policies need.
#[derive(Clone, Debug)]
pub struct Pages {
    built: Built,
    console_scripts: String,
    console_styles: String,
    shop_scripts: String,
    shop_styles: String,
    shop_etag: HeaderValue,
}

impl Pages {
    /// The pages of that build.
    pub fn new(built: Built) -> Self {
        let console =
            embedded::find(built.console, "index.html").map_or("", |page| std::str::from_utf8(page.raw).unwrap_or_default());
        let tag = STANDARD.encode(&Sha256::digest(SHOP)[..12]);
        Self {
            built,
            console_scripts: inline_hashes(console, "script"),
            console_styles: inline_hashes(console, "style"),
            shop_scripts: inline_hashes(SHOP, "script"),
            shop_styles: inline_hashes(SHOP, "style"),
            // Base64 between quotes is a header value.
            shop_etag: HeaderValue::from_str(&format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"shop\"")),
        }
    }

    /// Whether this binary was built with a console.
    pub fn has_console(&self) -> bool {
        embedded::find(self.built.console, "index.html").is_some()
    }

    /// The answer to `/console/<path>`: a file, or for the console's own routes its page.
    pub fn console(&self, path: &str, base: Option<&Origin>, request: &HeaderMap) -> Response<Body> {
        let is_route = !path.rsplit('/').next().is_some_and(|last| last.contains('.'));
        let file = embedded::find(self.built.console, path)
            .or_else(|| is_route.then(|| embedded::find(self.built.console, "index.html")).flatten());
        let Some(file) = file else {
            let text = if self.has_console() { "no such file\n" } else { "this relay was built without its console\n" };
            let mut missing = embedded::answer(Body::from(text), "missing.txt", Encoding::Identity);
            *missing.status_mut() = StatusCode::NOT_FOUND;
            return missing;
        };
        let (encoding, bytes) = file.form(request);
        let mut response = embedded::answer(Body::from(bytes), file.name, encoding);
        if file.name.ends_with(".html") {
            // The preview is what the console shows in a frame; nothing else of the relay's may be framed.
            let (frames, ancestors) = if file.name == PREVIEW { ("'none'", "'self'") } else { ("'self'", "'none'") };
            let policy = format!("{}; frame-src {frames}", policy(&self.console_scripts, &self.console_styles, base, ancestors));
            guard(response.headers_mut(), &policy, "no-referrer");
        }
        if file.name == WORKER {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(WORKER_POLICY));
        }
        // Names stay the same from version to version: ask each time, and mostly be told "not modified".
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        embedded::validated(response, request, &HeaderValue::from_static(file.etag))
    }

    /// The sample shop.
    pub fn shop(&self, base: Option<&Origin>, request: &HeaderMap) -> Response<Body> {
        let mut response = embedded::answer(Body::from(SHOP), "index.html", Encoding::Identity);
        let policy = policy(&self.shop_scripts, &self.shop_styles, base, "'self'");
        guard(response.headers_mut(), &policy, "strict-origin-when-cross-origin");
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        embedded::validated(response, request, &self.shop_etag)
    }
}

/// Creates the sample shop's site, `demo`, or lets the addresses in at which the relay is reached now; everything else about it stays
/// as somebody may have set it. `bound` is the address that the relay listens on.
///
/// # Errors
/// The store's.
pub async fn open_shop(store: &Store, config: &Config, bound: SocketAddr) -> Result<(), StoreError> {
    let key = SiteKey(SHOP_SITE.to_owned());
    let id = SiteId::v7(clock::now(), clock::random_bytes());
    let new = || SiteRecord {
        id,
        key: key.clone(),
        name: SHOP_NAME.to_owned(),
        origins: vec![],
        settings: SiteSettings::default(),
        settings_rev: 0,
        verified_only: false,
        visitors: VisitorRules::default(),
    };
    let mut site = store.site_by_key(key.clone()).await?.unwrap_or_else(new);
    site.origins = shop_origins(config, bound);
    store.upsert_site(site).await
}

/// Every name of this machine's own relay. One that listens on all interfaces without a `public_url` cannot know its names: any origin.
fn shop_origins(config: &Config, bound: SocketAddr) -> Vec<String> {
    if bound.ip().is_unspecified() && config.public_url.is_none() {
        return Vec::new();
    }
    let mut origins: Vec<String> = config.reached_at(bound).iter().map(Origin::to_string).collect();
    if bound.ip().is_loopback() || bound.ip().is_unspecified() {
        let names = ["localhost", "127.0.0.1", "[::1]"];
        origins.extend(
            names.iter().filter_map(|name| Origin::of_host(false, &format!("{name}:{}", bound.port()))).map(String::from),
        );
    }
    origins.sort();
    origins.dedup();
    origins
}

/// The policy of one of the relay's pages. `'wasm-unsafe-eval'` compiles WebAssembly and nothing else; sockets are named because not
/// every engine counts them under `'self'`.
fn policy(scripts: &str, styles: &str, base: Option<&Origin>, ancestors: &str) -> String {
    let sockets = base.map(|base| format!(" {}", base.for_sockets())).unwrap_or_default();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; connect-src 'self'{sockets}; style-src 'self'{styles}; \
         img-src 'self' data:; media-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
    )
}

fn guard(headers: &mut HeaderMap, policy: &str, referrer: &'static str) {
    // Hashes are base64 and an `Origin` is ASCII; if it still were no header value, the page must not go out unguarded.
    let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(referrer));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
}

/// `'sha256-…'` sources, each after a space, for the elements of that name whose content stands in the page.
fn inline_hashes(page: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let mut sources = String::new();
    let mut rest = page;
    while let Some(start) = rest.find(&open) {
        rest = &rest[start + open.len()..];
        let Some((attributes, after)) = rest.split_once('>') else { break };
        let Some((content, after)) = after.split_once(&close) else { break };
        if !attributes.contains("src=") && !content.is_empty() {
            sources.push_str(&format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(content))));
        }
        rest = after;
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::embedded::Embedded;

    const PAGE: &str = "<html><script src=\"a.js\"></script><script type=\"module\">init()</script><style>p{}</style>";
    const CONSOLE: Built = Built {
        widget: &[],
        widget_hash: "",
        console: &[
            Embedded { name: "index.html", etag: "\"1\"", raw: PAGE.as_bytes(), br: None, gz: None },
            Embedded { name: "console.js", etag: "\"2\"", raw: b"js", br: None, gz: None },
        ],
    };

    #[test]
    fn inline_code_is_allowed_by_its_hash_alone() {
        let hash = STANDARD.encode(Sha256::digest("init()"));
        assert_eq!(inline_hashes(PAGE, "script"), format!(" 'sha256-{hash}'"));
        assert_eq!(inline_hashes("<script", "script"), "");
    }

    #[test]
    fn routes_get_the_page_and_files_that_are_missing_do_not() {
        let pages = Pages::new(CONSOLE);
        let base: Origin = "https://chat.example.com".parse().unwrap();
        for route in ["", "join/abc", "inbox"] {
            let response = pages.console(route, Some(&base), &HeaderMap::new());
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8", "{route}");
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("connect-src 'self' wss://chat.example.com;"), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-inline"), "{policy}");
        }
        assert_eq!(pages.console("console.js", None, &HeaderMap::new()).status(), StatusCode::OK);
        assert_eq!(pages.console("gone.js", None, &HeaderMap::new()).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn the_shop_carries_the_script_tag_of_the_demo_site() {
        assert!(SHOP.contains("<script async src=\"/bulle.js?site=demo\"></script>"));
        assert!(!SHOP.contains(" style=\""), "style attributes would break its own policy");
        let response = Pages::new(CONSOLE).shop(None, &HeaderMap::new());
        assert!(response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("style-src 'self' 'sha256-"));
    }
}
