//! `/f/ID/NAME`: what was uploaded, for whoever knows its id. Pictures and sounds that are known to be safe are shown in place, everything
//! else is only offered for saving, and nothing of it may run. `api::files` takes uploads.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::ids::FileId;
use shared::model::File;

use super::embedded::is_known;
use super::router::Shared;
use crate::error::RestError;
use crate::files::kind;

/// A file never changes, and shared caches have no business with it. A year is the longest that caches honour.
const CACHE: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// What may happen in a document made of it: nothing, should a browser ever make one.
const POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");

/// `GET` and `HEAD`.
pub async fn serve(
    State(shared): State<Arc<Shared>>,
    Path((id, _name)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let mut response = match answer(&shared, &id, &method, &headers).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    };
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    // The panel draws pictures on a canvas and decodes sounds, on any site. What is asked for carries no cookie that would count.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}

async fn answer(shared: &Shared, id: &str, method: &Method, headers: &HeaderMap) -> Result<Response, RestError> {
    let missing = || RestError::NotFound("file, or it was taken back");
    let id: FileId = id.parse().map_err(|_| missing())?;
    let file = shared.store.file(id).await.map_err(RestError::Store)?.ok_or_else(missing)?;
    let etag = format!("\"{}\"", id.0.simple());
    if is_known(headers, &etag) {
        let tag = HeaderValue::try_from(etag).map_err(RestError::internal)?;
        return Ok((StatusCode::NOT_MODIFIED, [(header::CACHE_CONTROL, CACHE), (header::ETAG, tag)]).into_response());
    }
    let (status, first, end) = match range(headers, &etag, file.size) {
        Range::Whole => (StatusCode::OK, 0, file.size),
        Range::Part(first, end) => (StatusCode::PARTIAL_CONTENT, first, end),
        Range::Beyond => {
            let all = format!("bytes */{}", file.size);
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, all)]).into_response());
        }
    };
    let body = match *method {
        Method::HEAD => Body::empty(),
        _ => match shared.files.read(id, first..end).await {
            Ok(bytes) => Body::from_stream(bytes),
            Err(object_store::Error::NotFound { .. }) => {
                tracing::error!("a file's bytes are missing; restore the folder of uploads along with the database");
                return Err(missing());
            }
            Err(error) => return Err(RestError::NoPlace(Box::new(error))),
        },
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - first));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, CACHE);
    for (name, value) in
        [(header::ETAG, etag), (header::CONTENT_DISPOSITION, disposition(&file)), (header::CONTENT_TYPE, file.media_type)]
    {
        headers.insert(name, HeaderValue::try_from(value).map_err(RestError::internal)?);
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let part = format!("bytes {first}-{}/{}", end - 1, file.size);
        headers.insert(header::CONTENT_RANGE, HeaderValue::try_from(part).map_err(RestError::internal)?);
    }
    Ok(response)
}

/// Which part was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Range {
    Whole,
    /// From this byte up to, not including, that one.
    Part(u64, u64),
    Beyond,
}

/// One range is served, as players ask for it; several, or what is no range, get the whole file (RFC 9110 §14.2).
fn range(headers: &HeaderMap, etag: &str, size: u64) -> Range {
    let fresh = headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == etag.as_bytes());
    let asked = headers.get(header::RANGE).filter(|_| fresh).and_then(|value| value.to_str().ok());
    let Some(Ok(asked)) = asked.map(http_range_header::parse_range_header) else { return Range::Whole };
    match asked.validate(size).as_deref() {
        Ok([one]) => Range::Part(*one.start(), one.end() + 1),
        Ok(_) => Range::Whole,
        Err(_) => Range::Beyond,
    }
}

/// Shown in place or offered for saving, under its name either way (RFC 6266, RFC 8187).
fn disposition(file: &File) -> String {
    let kind = if kind::is_safe(&file.media_type) { "inline" } else { "attachment" };
    let name: String = file.name.bytes().map(encoded).collect();
    format!("{kind}; filename*=UTF-8''{name}")
}

/// A byte as RFC 8187 has it: letters, digits and few signs stand for themselves.
fn encoded(byte: u8) -> String {
    match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lines: &[(header::HeaderName, &'static str)]) -> Range {
        let headers = lines.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        range(&headers, "\"tag\"", 100)
    }

    #[test]
    fn one_range_is_a_part_and_everything_else_the_whole() {
        let of = |value| asked(&[(header::RANGE, value)]);
        assert_eq!(of("bytes=0-1"), Range::Part(0, 2));
        assert_eq!(of("bytes=10-"), Range::Part(10, 100));
        assert_eq!(of("bytes=-10"), Range::Part(90, 100));
        assert_eq!(of("bytes=90-1000"), Range::Part(90, 100));
        assert_eq!(of("bytes=99-18446744073709551615"), Range::Part(99, 100));
        assert_eq!(of("bytes=18446744073709551615-"), Range::Beyond);
        assert_eq!(of("bytes=100-"), Range::Beyond);
        for whole in ["bytes=0-1,5-6", "bytes=x", "lines=1-2", "bytes=5-2x", ""] {
            assert_eq!(of(whole), Range::Whole, "{whole}");
        }
        assert_eq!(asked(&[]), Range::Whole);
        assert_eq!(asked(&[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, "\"tag\"")]), Range::Part(0, 2));
        assert_eq!(asked(&[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, "\"old\"")]), Range::Whole);
    }

    #[test]
    fn a_name_is_no_part_of_the_header() {
        let id = FileId(uuid::Uuid::from_u128(1));
        let file = |name: &str, media_type: &str| File {
            id,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size: 1,
            path: String::new(),
            width: None,
            height: None,
            duration_ms: None,
        };
        assert_eq!(
            disposition(&file("a b;\"\r\n=é.png", "image/png")),
            "inline; filename*=UTF-8''a%20b%3B%22%0D%0A%3D%C3%A9.png"
        );
        for unsafe_type in ["image/svg+xml", "text/html", "application/pdf", "video/mp4", kind::UNKNOWN] {
            assert!(disposition(&file("x.svg", unsafe_type)).starts_with("attachment; "), "{unsafe_type}");
        }
    }
}
