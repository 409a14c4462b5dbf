//! An S3 service on this machine with one bucket, as far as an object store asks for it (docs.aws.amazon.com/AmazonS3/latest/API): PUT, GET with
//! ranges, HEAD, DELETE, lists in pages, uploads in parts. Every request has to be signed ([`signature`]). It can be told to refuse, to leave
//! requests without an answer, to break off in the middle of one, and to open late.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use relay::config::{Config, Secret};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use crate::people::PATIENCE;

pub mod signature;

use signature::{Account, check, decoded, query};

/// The bucket's name.
const BUCKET: &str = "chat";
/// The least that every part but the last one has to have.
const LEAST_PART: usize = 5 * 1_024 * 1_024;
/// More than any test sends in one request.
const MOST_BODY: usize = 64 * 1_024 * 1_024;
/// Objects in one page of a list: few, so that lists have pages.
const PAGE: usize = 3;
/// When everything was last changed.
const CHANGED: (&str, &str) = ("Sun, 29 Nov 2026 08:00:00 GMT", "2026-11-29T08:00:00.000Z");

/// What becomes of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// They are answered.
    Well,
    /// They are refused with this status.
    Refuses(u16),
    /// They get no answer.
    Hangs,
    /// What is fetched breaks off after so many bytes, once; then all is well.
    BreaksAfter(usize),
}

/// What the bucket holds.
#[derive(Debug, Default)]
struct Shelf {
    objects: BTreeMap<String, Bytes>,
    /// Uploads under way, by their ids: the key, and the parts that have come.
    uploads: BTreeMap<String, (String, BTreeMap<u32, Bytes>)>,
    begun: usize,
}

struct Desk {
    account: Account,
    shelf: Mutex<Shelf>,
    mood: watch::Sender<Mood>,
    /// Requests that came, as `PUT key`, refused ones as well.
    asked: watch::Sender<Vec<String>>,
}

/// A service that has its port and does not listen there yet: who comes is refused.
pub struct ClosedService(TcpSocket);

impl ClosedService {
    /// Takes a port.
    pub fn new() -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self(socket))
    }

    /// Where it will be.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.0.local_addr()?)
    }

    /// Opens it.
    pub fn opens(self) -> Result<Service> {
        Service::open(self.0.listen(64)?)
    }
}

/// The service. Ends with the runtime.
pub struct Service {
    address: SocketAddr,
    desk: Arc<Desk>,
}

impl Service {
    /// Opens one on a port of its own.
    pub async fn opens() -> Self {
        match TcpListener::bind("127.0.0.1:0").await.map_err(anyhow::Error::from).and_then(Self::open) {
            Ok(service) => service,
            Err(error) => panic!("no S3 service: {error}"),
        }
    }

    fn open(listener: TcpListener) -> Result<Self> {
        let address = listener.local_addr()?;
        let account = Account { id: "relay".to_owned(), secret: "hunter2/+".to_owned(), region: "eu-test-1".to_owned() };
        let (mood, asked) = (watch::channel(Mood::Well).0, watch::channel(Vec::new()).0);
        let desk = Arc::new(Desk { account, shelf: Mutex::default(), mood, asked });
        let app = Router::new().fallback(answer).with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { address, desk })
    }

    /// What a relay has to know to keep its files here.
    pub fn is_for(&self, config: &mut Config) {
        is_at(self.address, config);
    }

    /// What becomes of requests from now on.
    pub fn turns(&self, mood: Mood) {
        self.desk.mood.send_replace(mood);
    }

    /// The keys that it holds, in order.
    pub fn keys(&self) -> Vec<String> {
        self.desk.shelf().objects.keys().cloned().collect()
    }

    /// Uploads in parts that were neither ended nor given up.
    pub fn unfinished(&self) -> usize {
        self.desk.shelf().uploads.len()
    }

    /// Puts an object there, as somebody else would.
    pub fn holds(&self, key: &str, bytes: &[u8]) {
        self.desk.shelf().objects.insert(key.to_owned(), Bytes::copy_from_slice(bytes));
    }

    /// Takes an object away behind everybody's back.
    pub fn loses(&self, key: &str) {
        self.desk.shelf().objects.remove(key);
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<String> {
        self.desk.asked.borrow().clone()
    }

    /// Waits until what it was asked so far is as wanted.
    pub async fn was_asked(&self, what: &str, is_so: impl Fn(&[String]) -> bool) {
        let mut asked = self.desk.asked.subscribe();
        let seen = tokio::time::timeout(PATIENCE, asked.wait_for(|asked| is_so(asked))).await;
        assert!(seen.is_ok(), "{what}: {:?}", self.asked());
    }
}

/// What a relay has to know to keep its files in the bucket of a service that is, or will be, at this address.
pub fn is_at(address: SocketAddr, config: &mut Config) {
    config.s3.bucket = Some(BUCKET.to_owned());
    config.s3.endpoint = Some(format!("http://{address}/"));
    config.s3.region = "eu-test-1".to_owned();
    config.s3.access_key_id = Some("relay".to_owned());
    config.s3.secret_access_key = Some(Secret::from("hunter2/+".to_owned()));
}

impl Desk {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        match self.shelf.lock() {
            Ok(shelf) => shelf,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn answer(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = decoded(parts.uri.path());
    let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key).to_owned();
    desk.asked.send_modify(|asked| asked.push(format!("{} {key}", parts.method)));
    let mood = *desk.mood.borrow();
    match mood {
        Mood::Hangs => return std::future::pending().await,
        Mood::Refuses(403) => return refused(StatusCode::FORBIDDEN, "AccessDenied"),
        Mood::Refuses(status) => return refused(StatusCode::from_u16(status).unwrap_or_default(), "InternalError"),
        Mood::Well | Mood::BreaksAfter(_) => {}
    }
    let Ok(body) = to_bytes(body, MOST_BODY).await else { return refused(StatusCode::BAD_REQUEST, "IncompleteBody") };
    if let Err(code) = check(&desk.account, &parts.method, &parts.uri, &parts.headers, &body) {
        return refused(StatusCode::FORBIDDEN, code);
    }
    if path.trim_start_matches('/').split('/').next() != Some(BUCKET) {
        return refused(StatusCode::NOT_FOUND, "NoSuchBucket");
    }
    let response = desk.shelf().does(&parts.method, &parts.uri, &key, &parts.headers, body);
    match mood {
        Mood::BreaksAfter(bytes) if parts.method == Method::GET && !key.is_empty() => {
            desk.mood.send_replace(Mood::Well);
            breaking(response, bytes).await
        }
        _ => response,
    }
}

/// The same answer, whose body ends too soon.
async fn breaking(response: Response, bytes: usize) -> Response {
    let (parts, body) = response.into_parts();
    let whole = to_bytes(body, MOST_BODY).await.unwrap_or_default();
    let begins = Ok::<_, std::io::Error>(whole.slice(..bytes.min(whole.len())));
    let ends = Err(std::io::Error::other("gone"));
    let stream = futures_util::stream::iter([begins, ends]);
    let mut broken = Response::from_parts(parts, Body::from_stream(stream));
    broken.headers_mut().insert(header::CONTENT_LENGTH, whole.len().into());
    broken
}

impl Shelf {
    fn does(&mut self, method: &Method, uri: &Uri, key: &str, headers: &HeaderMap, body: Bytes) -> Response {
        let query = query(uri);
        let asked = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        match (method.as_str(), key.is_empty(), asked("uploadId")) {
            ("GET", true, _) if asked("list-type") == Some("2") => self.lists(&asked),
            ("POST", false, None) if asked("uploads").is_some() => self.begins(key),
            ("PUT", false, Some(upload)) => self.takes_part(upload, asked("partNumber"), body),
            ("POST", false, Some(upload)) => self.ends(upload, &body),
            ("DELETE", false, Some(upload)) => match self.uploads.remove(upload) {
                Some(_) => StatusCode::NO_CONTENT.into_response(),
                None => refused(StatusCode::NOT_FOUND, "NoSuchUpload"),
            },
            ("PUT", false, None) => {
                let tag = tag(&body);
                self.objects.insert(key.to_owned(), body);
                (StatusCode::OK, [(header::ETAG, tag)]).into_response()
            }
            ("GET" | "HEAD", false, None) => self.gives(key, headers),
            // Deleting what is not there is no error.
            ("DELETE", false, None) => {
                self.objects.remove(key);
                StatusCode::NO_CONTENT.into_response()
            }
            _ => refused(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
        }
    }

    fn gives(&self, key: &str, headers: &HeaderMap) -> Response {
        let Some(object) = self.objects.get(key) else { return refused(StatusCode::NOT_FOUND, "NoSuchKey") };
        let tag = tag(object);
        let size = object.len();
        let range =
            headers.get(header::RANGE).and_then(|range| range.to_str().ok()).and_then(|range| range.strip_prefix("bytes="));
        let common = [(header::ETAG, tag), (header::LAST_MODIFIED, CHANGED.0.to_owned())];
        let Some((first, last)) = range.and_then(|range| range.split_once('-')) else {
            return (StatusCode::OK, common, object.clone()).into_response();
        };
        let (first, end) = match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => (first, size.min(last + 1)),
            (Ok(first), Err(_)) => (first, size),
            (Err(_), Ok(length)) => (size.saturating_sub(length), size),
            _ => return refused(StatusCode::BAD_REQUEST, "InvalidArgument"),
        };
        if first >= end {
            return refused(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
        }
        let part = [(header::CONTENT_RANGE, format!("bytes {first}-{}/{size}", end - 1))];
        (StatusCode::PARTIAL_CONTENT, common, part, object.slice(first..end)).into_response()
    }

    /// ListObjectsV2.
    fn lists<'a>(&self, asked: &impl Fn(&str) -> Option<&'a str>) -> Response {
        let (prefix, delimiter) = (asked("prefix").unwrap_or_default(), asked("delimiter").unwrap_or_default());
        let after = asked("continuation-token").or(asked("start-after")).unwrap_or_default();
        let mut entries: BTreeMap<String, Option<&Bytes>> = BTreeMap::new();
        for (key, object) in self.objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
            let rest = &key[prefix.len()..];
            match rest.split_once(delimiter).filter(|_| !delimiter.is_empty()) {
                Some((folder, _)) => entries.insert(format!("{prefix}{folder}{delimiter}"), None),
                None => entries.insert(key.clone(), Some(object)),
            };
        }
        let later: Vec<_> = entries.into_iter().filter(|(name, _)| name.as_str() > after).collect();
        let mut xml = format!("<ListBucketResult><Name>{BUCKET}</Name><IsTruncated>{}</IsTruncated>", later.len() > PAGE);
        for (name, object) in later.iter().take(PAGE) {
            let name = escaped(name);
            xml.push_str(&match object {
                None => format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"),
                Some(object) => format!(
                    "<Contents><Key>{name}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
                    CHANGED.1,
                    escaped(&tag(object)),
                    object.len()
                ),
            });
        }
        if let Some((last, _)) = later.get(PAGE - 1).filter(|_| later.len() > PAGE) {
            xml.push_str(&format!("<NextContinuationToken>{}</NextContinuationToken>", escaped(last)));
        }
        told(&format!("{xml}</ListBucketResult>"))
    }

    fn begins(&mut self, key: &str) -> Response {
        self.begun += 1;
        let upload = format!("upload/{}+", self.begun);
        self.uploads.insert(upload.clone(), (key.to_owned(), BTreeMap::new()));
        told(&format!(
            "<InitiateMultipartUploadResult><Bucket>{BUCKET}</Bucket><Key>{}</Key><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>",
            escaped(key)
        ))
    }

    fn takes_part(&mut self, upload: &str, number: Option<&str>, body: Bytes) -> Response {
        let number = number.and_then(|number| number.parse().ok()).filter(|number| (1..=10_000).contains(number));
        let (Some(number), Some((_, parts))) = (number, self.uploads.get_mut(upload)) else {
            return refused(StatusCode::NOT_FOUND, "NoSuchUpload");
        };
        let tag = tag(&body);
        parts.insert(number, body);
        (StatusCode::OK, [(header::ETAG, tag)]).into_response()
    }

    fn ends(&mut self, upload: &str, body: &[u8]) -> Response {
        let Some((key, parts)) = self.uploads.get(upload) else { return refused(StatusCode::NOT_FOUND, "NoSuchUpload") };
        let xml = String::from_utf8_lossy(body).replace("&quot;", "\"");
        let named: Vec<_> =
            xml.split("<ETag>").skip(1).filter_map(|rest| Some(rest.split_once("</ETag>")?.0.to_owned())).collect();
        if named != parts.values().map(|part| tag(part)).collect::<Vec<_>>() {
            return refused(StatusCode::BAD_REQUEST, "InvalidPart");
        }
        if parts.values().rev().skip(1).any(|part| part.len() < LEAST_PART) {
            return refused(StatusCode::BAD_REQUEST, "EntityTooSmall");
        }
        let whole = Bytes::from(parts.values().flatten().copied().collect::<Vec<u8>>());
        let (key, tag) = (key.clone(), tag(&whole));
        self.objects.insert(key.clone(), whole);
        self.uploads.remove(upload);
        let (key, tag) = (escaped(&key), escaped(&tag));
        told(&format!("<CompleteMultipartUploadResult><Key>{key}</Key><ETag>{tag}</ETag></CompleteMultipartUploadResult>"))
    }
}

/// An entity tag.
fn tag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    format!("\"{}\"", digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn told(xml: &str) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}");
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/xml")], text).into_response()
}

fn refused(status: StatusCode, code: &str) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    (status, [(header::CONTENT_TYPE, "application/xml")], text).into_response()
}
