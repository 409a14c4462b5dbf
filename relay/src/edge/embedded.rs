//! Files that `build.rs` compressed and compiled in, and the answer to a request for one: encoding, type, validators.
//! `assets.rs` serves the widget's with it, `pages.rs` the console's.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

/// One file, in the forms it can be sent in. Forms that would not be smaller are missing.
#[derive(Clone, Copy, Debug)]
pub struct Embedded {
    /// Name below its folder, with `/`.
    pub name: &'static str,
    /// Entity tag with its quotes: the beginning of the content's SHA-256.
    pub etag: &'static str,
    /// As it is.
    pub raw: &'static [u8],
    /// Brotli.
    pub br: Option<&'static [u8]>,
    /// Gzip.
    pub gz: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// What was compiled in: the widget's files and the hash of their set, and the console's.
#[derive(Clone, Copy, Debug)]
pub struct Built {
    /// What `/a/<hash>/` serves, and the loader.
    pub widget: &'static [Embedded],
    /// Names the widget's set: 16 hex digits that change with any byte or name in it.
    pub widget_hash: &'static str,
    /// What `/console/` serves.
    pub console: &'static [Embedded],
}

/// The set that this binary was built with.
pub const BUILT: Built = Built { widget: WIDGET, widget_hash: WIDGET_HASH, console: CONSOLE };

/// The file of that name.
pub fn find(files: &'static [Embedded], name: &str) -> Option<&'static Embedded> {
    files.iter().find(|file| file.name == name)
}

/// How a body is encoded on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Brotli, the smallest.
    Brotli,
    /// Gzip.
    Gzip,
    /// As it is.
    Identity,
}

impl Encoding {
    /// The name in `Content-Encoding`.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// What a file of this encoding is called beside its plain form.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }
}

/// The encodings that a client takes, best first; the plain form is always among them.
pub fn accepted(headers: &HeaderMap) -> Vec<Encoding> {
    let offers: Vec<&str> = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let takes = |name: &str| {
        offers.iter().any(|offer| {
            let mut parts = offer.split(';').map(str::trim);
            // `q=0` says "not this one" (RFC 9110 §12.5.3); finer weights change nothing between the two.
            parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case(name))
                && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    };
    let mut all = Vec::with_capacity(3);
    if takes("br") {
        all.push(Encoding::Brotli);
    }
    if takes("gzip") {
        all.push(Encoding::Gzip);
    }
    all.push(Encoding::Identity);
    all
}

impl Embedded {
    /// The best form that the client takes.
    pub fn form(&self, headers: &HeaderMap) -> (Encoding, &'static [u8]) {
        let forms = accepted(headers).into_iter().filter_map(|encoding| {
            let bytes = match encoding {
                Encoding::Brotli => self.br,
                Encoding::Gzip => self.gz,
                Encoding::Identity => Some(self.raw),
            };
            bytes.map(|bytes| (encoding, bytes))
        });
        forms.into_iter().next().unwrap_or((Encoding::Identity, self.raw))
    }
}

/// An answer with a body of a known type and encoding. `nosniff`, because the type is what the name says and nothing else.
pub fn answer(body: Body, name: &str, encoding: Encoding) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type(name));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(name) = encoding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}

/// Whether the client has what goes by this tag: `If-None-Match` names it, among others or as a weak one, or any (RFC 9110 §13.1.2).
pub fn is_known(request: &HeaderMap, etag: &str) -> bool {
    let lists = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// Turns an answer into `304 Not Modified` where the client has that very tag already, and names the tag otherwise.
pub fn validated(mut response: Response<Body>, request: &HeaderMap, etag: &HeaderValue) -> Response<Body> {
    response.headers_mut().insert(header::ETAG, etag.clone());
    if etag.to_str().is_ok_and(|etag| is_known(request, etag)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_ENCODING);
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

/// The type that a name's ending stands for; texts are UTF-8.
fn content_type(name: &str) -> HeaderValue {
    let mime = mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream");
    let text = if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_smallest_accepted_form_is_sent() {
        let file = Embedded { name: "a.js", etag: "\"1\"", raw: b"raw", br: Some(b"br"), gz: Some(b"gz") };
        assert_eq!(file.form(&asking("gzip, deflate, br")).0, Encoding::Brotli);
        assert_eq!(file.form(&asking("gzip;q=0.5, br;q=0")).0, Encoding::Gzip);
        assert_eq!(file.form(&asking("")).0, Encoding::Identity);
        let picture = Embedded { br: None, gz: None, ..file };
        assert_eq!(picture.form(&asking("gzip, br")), (Encoding::Identity, &b"raw"[..]));
    }

    #[test]
    fn types_are_those_that_browsers_insist_on() {
        assert_eq!(content_type("widget.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("widget_bg.wasm"), "application/wasm");
        assert_eq!(content_type("x/style.css"), "text/css; charset=utf-8");
        assert_eq!(content_type("noending"), "application/octet-stream");
    }

    #[test]
    fn a_known_tag_is_not_sent_again() {
        let tag = HeaderValue::from_static("\"abc\"");
        let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static("\"x\", W/\"abc\""))]);
        let response = validated(answer(Body::from("text"), "a.css", Encoding::Brotli), &headers, &tag);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
    }
}
