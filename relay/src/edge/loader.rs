//! `/bulle.js?site=KEY`: the loader's text, called with the site's public settings, compressed once per settings.
//! The loader is a function expression, so the script is `<loader>(<settings>)`.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};
use shared::model::{Side, Theme};

use super::embedded::{self, Embedded, Encoding};
use super::origin::Origin;

/// Scripts kept compressed. One per site and host that it is asked under; past this the table starts anew, so hosts made up by a
/// client cost time but no memory.
const MOST_SCRIPTS: usize = 1_024;

/// Languages that a browser names are a handful; what a client makes up costs no more than these.
const MOST_WISHES: usize = 8;

/// What the loader is told. Field names are the loader's; everything here is public.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// The site's public key.
    pub key: String,
    /// Origin of the relay.
    pub relay: String,
    /// Where the panel's files are, with a `/` at the end.
    pub assets: String,
    /// Accent colour, `#rrggbb`.
    pub color: String,
    /// Which side the launcher is on.
    pub side: Side,
    /// Light or dark; left out: as the visitor's system has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// Language of the texts; `None`: the visitor's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Display name of the site.
    pub name: String,
    /// Whether the site has greetings, and so a script of theirs is wanted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub greet: bool,
    /// Whether the site wants to know who is there: then its pages get a script for that, before the loader, which is none the wiser.
    #[serde(skip)]
    pub present: bool,
    /// Language that the panel will speak, and the launcher's name in it. The loader has no room for twelve of them.
    #[serde(flatten)]
    pub launcher: Launcher,
}

/// See [`Settings::launcher`]. Nothing for English, which the loader knows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Launcher {
    /// Which of the widget's `texts/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<String>,
    /// "Open chat".
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<String>,
}

impl Launcher {
    /// The site's language, or else the visitor's first wish that there are texts for (`Accept-Language`, in the order it is written in, as
    /// browsers do by weight).
    pub fn new(widget: &'static [Embedded], locale: Option<&str>, request: &HeaderMap) -> Self {
        let wishes = request.get(header::ACCEPT_LANGUAGE).and_then(|wishes| wishes.to_str().ok()).unwrap_or_default();
        for wish in locale.map_or_else(|| wishes.split(',').take(MOST_WISHES).collect(), |locale| vec![locale]) {
            let Some(lang) = wish.trim().get(..2).map(str::to_ascii_lowercase) else { continue };
            if lang == "en" {
                break;
            }
            let file = embedded::find(widget, &format!("texts/{lang}.json"));
            let texts = file.and_then(|file| serde_json::from_slice::<HashMap<String, String>>(file.raw).ok());
            if let Some(open) = texts.and_then(|mut texts| texts.remove("loader_open")) {
                return Self { lang: Some(lang), open: Some(open) };
            }
        }
        Self::default()
    }
}

impl Settings {
    /// Where the set of that hash is served by the relay at `base`.
    pub fn assets_at(base: &Origin, hash: &str) -> String {
        format!("{base}/a/{hash}/")
    }
}

/// The scripts that were asked for, ready to send.
#[derive(Debug, Default)]
pub struct Loaders {
    /// By settings as JSON: any change of a setting makes a new script by itself. Never locked across an await.
    scripts: Mutex<HashMap<String, Arc<Script>>>,
}

#[derive(Debug)]
struct Script {
    raw: Bytes,
    br: Bytes,
    gz: Bytes,
    etag: HeaderValue,
}

impl Loaders {
    /// The answer for a known site. Where the relay's own address is not configured, it is what the request said it is: such an answer
    /// is for whoever asked, and no shared cache may hand it to others.
    ///
    /// # Errors
    /// None that input can cause: settings that are no JSON, a compressor that fails, a task that is cut off at shutdown.
    pub async fn serve(
        &self,
        loader: &'static [u8],
        settings: &Settings,
        host_is_known: bool,
        request: &HeaderMap,
    ) -> Result<Response<Body>, LoaderError> {
        let json = serde_json::to_string(settings)?;
        let before = if settings.present { watching(settings)? } else { String::new() };
        let name = [before.as_str(), &json].concat();
        let known = self.scripts.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        let script = match known {
            Some(script) => script,
            None => {
                // Brotli's best takes milliseconds, too long for a thread that serves sockets.
                let script = Arc::new(tokio::task::spawn_blocking(move || Script::new(&before, loader, &json)).await??);
                let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
                if scripts.len() >= MOST_SCRIPTS {
                    scripts.clear();
                }
                scripts.insert(name, Arc::clone(&script));
                script
            }
        };
        let encoding = embedded::accepted(request).into_iter().next().unwrap_or(Encoding::Identity);
        let bytes = match encoding {
            Encoding::Brotli => &script.br,
            Encoding::Gzip => &script.gz,
            Encoding::Identity => &script.raw,
        };
        let mut response = embedded::answer(Body::from(bytes.clone()), "bulle.js", encoding);
        open_to_all(
            response.headers_mut(),
            HeaderValue::from_static(if host_is_known { "public, max-age=300" } else { "private, max-age=300" }),
        );
        // One script for each language, also in caches between; how it is encoded has been said.
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-language"));
        Ok(embedded::validated(response, request, &script.etag))
    }
}

/// A script could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    /// The settings.
    #[error("settings: {0}")]
    Settings(#[from] serde_json::Error),
    /// The compressor.
    #[error("compression: {0}")]
    Compression(#[from] std::io::Error),
    /// The task.
    #[error("compression was cut off: {0}")]
    CutOff(#[from] tokio::task::JoinError),
}

/// The answer when there is no script to send: still JavaScript, so that a site owner who opens the address reads what to do.
pub fn no_script(explanation: &str) -> Response<Body> {
    // Nothing a request says is repeated here, and so nothing can end the comment.
    let mut response = embedded::answer(Body::from(format!("/* Bulle: {explanation} */\n")), "bulle.js", Encoding::Identity);
    *response.status_mut() = StatusCode::NOT_FOUND;
    open_to_all(response.headers_mut(), HeaderValue::from_static("no-store"));
    response
}

/// The embed API as TypeScript has it, the same for every site.
pub fn types(request: &HeaderMap) -> Response<Body> {
    const TYPES: &str = include_str!("../../../widget/bulle.d.ts");
    let mut response = embedded::answer(Body::from(TYPES), "bulle.d.ts", Encoding::Identity);
    // Guessed from its ending, it would be a video.
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    open_to_all(response.headers_mut(), HeaderValue::from_static("public, max-age=300"));
    let tag = hex_tag(TYPES.as_bytes());
    embedded::validated(response, request, &tag)
}

fn hex_tag(bytes: &[u8]) -> HeaderValue {
    let tag = Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    // Hex digits between quotes are a header value.
    HeaderValue::from_str(&format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

fn open_to_all(headers: &mut HeaderMap, cache: HeaderValue) {
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
}

/// What stands before the loader of a site that wants to know who is there: once the launcher stands, which is not before a consent that
/// was asked for, and when the browser is idle, it imports the script that tells.
fn watching(settings: &Settings) -> Result<String, serde_json::Error> {
    let script = serde_json::to_string(&format!("{}present.js", settings.assets))?;
    let key = serde_json::to_string(&settings.key)?;
    let import = format!("import({script}).then(m=>m.watch(e.target,{key}),()=>{{}})");
    let idle = format!("(window.requestIdleCallback||setTimeout)(()=>{import})");
    Ok(format!("addEventListener(\"bulle:ready\",e=>{idle},{{once:true}});"))
}

impl Script {
    fn new(before: &str, loader: &[u8], settings: &str) -> std::io::Result<Self> {
        let end = loader.iter().rposition(|byte| !byte.is_ascii_whitespace() && *byte != b';').map_or(0, |last| last + 1);
        let raw = [before.as_bytes(), &loader[..end], b"(", settings.as_bytes(), b")\n"].concat();
        let params = brotli::enc::BrotliEncoderParams { quality: 11, size_hint: raw.len(), ..Default::default() };
        let mut br = Vec::new();
        brotli::BrotliCompress(&mut raw.as_slice(), &mut br, &params)?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&raw)?;
        Ok(Self { br: br.into(), gz: gzip.finish()?.into(), etag: hex_tag(&raw), raw: raw.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn settings() -> Settings {
        let base: Origin = "https://relay.example".parse().unwrap();
        Settings {
            key: "demo".into(),
            relay: base.to_string(),
            assets: Settings::assets_at(&base, "0011223344556677"),
            color: "#2456e6".into(),
            side: Side::Right,
            theme: None,
            locale: None,
            name: "Demo \u{2028}</script>".into(),
            greet: false,
            present: false,
            launcher: Launcher::default(),
        }
    }

    #[tokio::test]
    async fn the_loader_is_called_with_the_settings() {
        let loaders = Loaders::default();
        let response = loaders.serve(b"(function(s){s})\n;\n", &settings(), true, &HeaderMap::new()).await.unwrap();
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=300");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let json = text.strip_prefix("(function(s){s})(").unwrap().strip_suffix(")\n").unwrap();
        let read: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(read["assets"], "https://relay.example/a/0011223344556677/");
        assert_eq!(read["locale"], serde_json::Value::Null);
    }

    #[tokio::test]
    async fn it_is_compressed_once_and_validated_by_tag() {
        let loaders = Loaders::default();
        let mut request = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"))]);
        let first = loaders.serve(b"(s=>s)", &settings(), false, &request).await.unwrap();
        assert_eq!(first.headers()[header::CONTENT_ENCODING], "br");
        request.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        let second = loaders.serve(b"(s=>s)", &settings(), false, &request).await.unwrap();
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(loaders.scripts.lock().unwrap().len(), 1);
    }

    #[test]
    fn the_launcher_is_named_in_the_first_language_that_there_is() {
        static FILES: &[Embedded] = &[
            Embedded { name: "texts/de.json", etag: "", raw: br#"{"loader_open":"Chat \u00f6ffnen"}"#, br: None, gz: None },
            Embedded { name: "texts/fr.json", etag: "", raw: br#"{"loader_open":"Ouvrir le chat"}"#, br: None, gz: None },
        ];
        let named = |locale, wishes: &'static str| {
            let request = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(wishes))]);
            let launcher = Launcher::new(FILES, locale, &request);
            (launcher.lang.unwrap_or_default(), launcher.open.unwrap_or_default())
        };
        assert_eq!(named(None, "sv-SE, de-AT;q=0.8, fr;q=0.5"), ("de".into(), "Chat öffnen".into()));
        assert_eq!(named(Some("fr-CA"), "de"), ("fr".into(), "Ouvrir le chat".into()));
        for english in
            [named(None, "en-US,fr;q=0.5"), named(None, "*"), named(None, ",x,"), named(Some("sv"), "de"), named(None, "../")]
        {
            assert_eq!(english, (String::new(), String::new()));
        }
    }

    #[test]
    fn an_unknown_site_is_told_in_a_comment() {
        let response = no_script("no site has this key");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    }
}
