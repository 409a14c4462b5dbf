//! The widget's files under `/a/<hash>/<file>`: immutable, precompressed, readable from every origin.
//!
//! Beside its own set the relay serves any that lies in the object store ([`sets`](super::sets)), so that pages opened before an upgrade, and
//! loaders pinned to a version, keep working. Only names that such a set can have ever reach the store.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use object_store::ObjectStore;

use super::embedded::{self, Built, Embedded, Encoding};
use super::sets::{Sets, is_hash};
use crate::clock;
use crate::error::RestError;

/// Deepest folder in a set; Trunk writes snippets two folders down.
const MAX_DEPTH: usize = 4;
/// Longest name in a set, in bytes: with the ending of its form a file name that every file system takes.
const MAX_NAME: usize = 200;
/// A year in seconds, the longest that caches honour.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The sets of widget files that this relay can serve.
#[derive(Debug)]
pub struct Assets {
    /// What this binary was built with.
    pub built: Built,
    /// What other ones have left.
    pub sets: Sets,
}

impl Assets {
    /// This binary's set, beside those in the store.
    pub fn new(built: Built, store: Arc<dyn ObjectStore>) -> Self {
        Self { built, sets: Sets::new(store) }
    }

    /// Whether this binary was built with a widget.
    pub fn has_widget(&self) -> bool {
        embedded::find(self.built.widget, "loader.js").is_some()
    }

    /// The answer to `/a/<hash>/<name>`.
    pub async fn serve(&self, hash: &str, name: &str, request: &HeaderMap) -> Response<Body> {
        let found = match embedded::find(self.built.widget, name) {
            Some(file) if hash == self.built.widget_hash => Ok(Some(compiled_in(file, request))),
            _ => self.kept(hash, name, request).await,
        };
        // Another relay of the cluster may put it there in a moment.
        let not_now = HeaderValue::from_static("no-store");
        let (mut response, cache) = match found {
            Ok(Some(response)) => (response, IMMUTABLE),
            Ok(None) => {
                let mut missing =
                    embedded::answer(Body::from("no such file in this relay's sets\n"), "missing.txt", Encoding::Identity);
                *missing.status_mut() = StatusCode::NOT_FOUND;
                (missing, not_now)
            }
            Err(error) => (RestError::NoPlace(Box::new(error)).into_response(), not_now),
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, cache);
        // `import()` and streaming compilation from a customer's page are cross-origin; pages with COEP want the second one.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
        response
    }

    async fn kept(&self, hash: &str, name: &str, request: &HeaderMap) -> Result<Option<Response<Body>>, object_store::Error> {
        if !is_hash(hash) || !is_name(name) {
            return Ok(None);
        }
        for encoding in embedded::accepted(request) {
            if let Some(bytes) = self.sets.read(hash, name, encoding, clock::now()).await? {
                return Ok(Some(embedded::answer(Body::from(bytes), name, encoding)));
            }
        }
        Ok(None)
    }
}

fn compiled_in(file: &Embedded, request: &HeaderMap) -> Response<Body> {
    let (encoding, bytes) = file.form(request);
    embedded::answer(Body::from(bytes), file.name, encoding)
}

/// Whether a name can be one of a set's: plain characters, no part hidden or empty, and so none that climbs.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    name.len() <= MAX_NAME
        && name.split('/').count() <= MAX_DEPTH
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::files::Files;
    use http_body_util::BodyExt;

    const OLD: Built = Built {
        widget: &[
            Embedded { name: "loader.js", etag: "\"1\"", raw: b"old loader", br: Some(b"brotli"), gz: None },
            Embedded { name: "snippets/a/b.js", etag: "\"2\"", raw: b"snippet", br: None, gz: None },
        ],
        widget_hash: "00112233445566aa",
        console: &[],
    };
    const NEW: Built = Built { widget: &[], widget_hash: "ffffffffffffffff", console: &[] };

    fn assets(built: Built, data: &std::path::Path) -> Assets {
        Assets::new(built, Files::open(&Config { data: data.to_owned(), ..Config::default() }).unwrap().sets())
    }

    async fn text(response: Response<Body>) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_set_outlives_the_binary_that_brought_it() {
        let data = tempfile::tempdir().unwrap();
        let old = assets(OLD, data.path());
        old.sets.keep(&OLD, 0).await.unwrap();
        old.sets.keep(&OLD, 0).await.unwrap();
        let new = assets(NEW, data.path());
        let plain = new.serve(OLD.widget_hash, "loader.js", &HeaderMap::new()).await;
        assert_eq!(plain.headers()[header::CACHE_CONTROL], IMMUTABLE);
        assert_eq!(plain.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(text(plain).await, "old loader");
        let brotli = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("br"))]);
        let packed = new.serve(OLD.widget_hash, "loader.js", &brotli).await;
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(packed.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(text(packed).await, "brotli");
        assert_eq!(text(new.serve(OLD.widget_hash, "snippets/a/b.js", &brotli).await).await, "snippet");
    }

    #[tokio::test]
    async fn nothing_outside_the_sets_is_reachable() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("bulle.db"), "secret").unwrap();
        assets(OLD, data.path()).sets.keep(&OLD, 0).await.unwrap();
        let assets = assets(NEW, data.path());
        let names = [
            "../../bulle.db",
            "..",
            ".",
            "",
            "/etc/passwd",
            "a/../../../bulle.db",
            "..\\bulle.db",
            "loader.js/..",
            "a//b",
            "%2e%2e/x",
            "a\0",
            ".mark",
            "snippets",
            "loader.js/below",
            &"a".repeat(5_000),
        ];
        for name in names {
            assert_eq!(assets.serve(OLD.widget_hash, name, &HeaderMap::new()).await.status(), StatusCode::NOT_FOUND, "{name}");
        }
        for hash in ["..", "", "../assets/00112233445566aa", "00112233445566AA", "0011223344556677889"] {
            assert_eq!(assets.serve(hash, "bulle.db", &HeaderMap::new()).await.status(), StatusCode::NOT_FOUND, "{hash}");
        }
        let missing = assets.serve("ffffffffffffffff", "loader.js", &HeaderMap::new()).await;
        assert_eq!(missing.headers()[header::CACHE_CONTROL], "no-store");
    }
}
