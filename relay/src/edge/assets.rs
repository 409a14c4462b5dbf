//! The widget's files under `/a/<hash>/<file>`: immutable, precompressed, readable from every origin.
//!
//! At start the relay puts its own set into `<data>/assets/<hash>/` and afterwards serves any hash found there, so that pages opened
//! before an upgrade, and loaders pinned to a version, keep working. Only names that such a set can have ever reach the file system.

use std::io;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::embedded::{self, Built, Embedded, Encoding};

/// Length of a set's hash in hex digits, as `build.rs` cuts it.
const HASH_LEN: usize = 16;
/// Deepest folder in a set; Trunk writes snippets two folders down.
const MAX_DEPTH: usize = 4;
/// A year in seconds, the longest that caches honour.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The sets of widget files that this relay can serve.
#[derive(Clone, Debug)]
pub struct Assets {
    /// What this binary was built with.
    pub built: Built,
    folder: PathBuf,
}

impl Assets {
    /// Sets under `<data>/assets`, beside the ones of this binary.
    pub fn new(built: Built, data: &Path) -> Self {
        Self { built, folder: data.join("assets") }
    }

    /// Whether this binary was built with a widget.
    pub fn has_widget(&self) -> bool {
        embedded::find(self.built.widget, "loader.js").is_some()
    }

    /// Puts this binary's set where later versions will find it. Blocking. The folder appears under its name only when it is whole,
    /// so several relays may do it at once.
    ///
    /// # Errors
    /// What the file system says; the relay can serve its own set without.
    pub fn keep(&self) -> io::Result<()> {
        let target = self.folder.join(self.built.widget_hash);
        if self.built.widget.is_empty() || target.is_dir() {
            return Ok(());
        }
        let staging = self.folder.join(format!(".{}.{}", self.built.widget_hash, std::process::id()));
        for file in self.built.widget {
            let path = staging.join(file.name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            for (encoding, bytes) in
                [(Encoding::Identity, Some(file.raw)), (Encoding::Brotli, file.br), (Encoding::Gzip, file.gz)]
            {
                if let Some(bytes) = bytes {
                    std::fs::write(beside(&path, encoding), bytes)?;
                }
            }
        }
        match std::fs::rename(&staging, &target) {
            Err(_) if target.is_dir() => std::fs::remove_dir_all(&staging),
            other => other,
        }
    }

    /// The answer to `/a/<hash>/<name>`.
    pub async fn serve(&self, hash: &str, name: &str, request: &HeaderMap) -> Response<Body> {
        let found = match embedded::find(self.built.widget, name) {
            Some(file) if hash == self.built.widget_hash => Some(compiled_in(file, request)),
            _ => self.kept(hash, name, request).await,
        };
        let (mut response, cache) = match found {
            Some(response) => (response, IMMUTABLE),
            None => {
                let mut missing =
                    embedded::answer(Body::from("no such file in this relay's sets\n"), "missing.txt", Encoding::Identity);
                *missing.status_mut() = StatusCode::NOT_FOUND;
                // Another relay of the cluster may put it there in a moment.
                (missing, HeaderValue::from_static("no-store"))
            }
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, cache);
        // `import()` and streaming compilation from a customer's page are cross-origin; pages with COEP want the second one.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
        response
    }

    async fn kept(&self, hash: &str, name: &str, request: &HeaderMap) -> Option<Response<Body>> {
        if !is_hash(hash) || !is_name(name) {
            return None;
        }
        let path = self.folder.join(hash).join(name);
        for encoding in embedded::accepted(request) {
            // A set is a few hundred KB and was left by a relay: read whole, and seldom.
            if let Ok(bytes) = tokio::fs::read(beside(&path, encoding)).await {
                return Some(embedded::answer(Body::from(bytes), name, encoding));
            }
        }
        None
    }
}

fn compiled_in(file: &Embedded, request: &HeaderMap) -> Response<Body> {
    let (encoding, bytes) = file.form(request);
    embedded::answer(Body::from(bytes), file.name, encoding)
}

fn beside(path: &Path, encoding: Encoding) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(encoding.suffix());
    PathBuf::from(text)
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH_LEN && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether a name can be one of a set's: plain characters, no part hidden or empty, and so none that climbs.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    name.split('/').count() <= MAX_DEPTH
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;
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

    async fn text(response: Response<Body>) -> String {
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_set_outlives_the_binary_that_brought_it() {
        let data = tempfile::tempdir().unwrap();
        let old = Assets::new(OLD, data.path());
        old.keep().unwrap();
        old.keep().unwrap();
        let new = Assets::new(NEW, data.path());
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
        let assets = Assets::new(OLD, data.path());
        assets.keep().unwrap();
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
