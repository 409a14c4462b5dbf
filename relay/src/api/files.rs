//! `POST /api/files?site=KEY&name=NAME`: an upload. Visitors come with their token from their site's pages, accounts with their cookie from
//! the console. Decides who may send one now; [`receive`] takes it. The one route of the API that other origins may use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::ids::{Millis, SiteKey};
use shared::model::{File, FileRules};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::roles::Act;
use crate::clock;
use crate::config::{Config, Limits};
use crate::edge::auth::{self, SignedIn};
use crate::edge::caller::{Caller, Page};
use crate::edge::limits::{Limit, Throttle, subscriber};
use crate::edge::origin;
use crate::edge::router::Shared;
use crate::edge::seats::{Seat, Seats};
use crate::error::RestError;
use crate::files::name;
use crate::files::receive::{Incoming, New, receive};
use crate::session::greeting::{is_token, visitor_id};
use crate::store::SiteRecord;

/// What somebody waits for when too many uploads are under way: for others to end.
const CROWDED_RETRY_MS: Millis = 5_000;
/// How long a browser may remember that a page may upload, in seconds.
const PREFLIGHT: HeaderValue = HeaderValue::from_static("600");
/// Longest voice note, in ms: what its browser says of it is shown, no more.
const LONGEST_NOTE_MS: Millis = 60 * 60 * 1_000;

/// Who uploads, and how many at once.
pub struct Uploads {
    seats: Arc<Seats>,
    addresses: Throttle,
    /// Bytes that uploads under way may still bring; what of them is on the disk already counts twice until they end.
    promised: Arc<AtomicU64>,
    /// Uploads under way. Each ends by itself: with its connection, or when its time is over.
    pub tasks: TaskTracker,
}

impl Uploads {
    /// With the configured limits.
    pub fn new(limits: &Limits) -> Self {
        Self {
            seats: Seats::new(limits.uploads_at_once, limits.address_uploads),
            addresses: Throttle::new(limits.uploads),
            promised: Arc::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// A place for one more.
    fn admit(&self, caller: &Caller) -> Result<Seat, RestError> {
        let crowded = |limit| RestError::TooMany { limit, retry_after_ms: CROWDED_RETRY_MS };
        let mut seat = self.seats.take().map_err(|_| crowded(Limit::UploadsAtOnce))?;
        if let Some(address) = caller.limited_address() {
            seat.count_for(address).map_err(|_| crowded(Limit::AddressUploads))?;
            let taken = self.addresses.take(subscriber(address));
            taken.map_err(|retry_after_ms| RestError::TooMany { limit: Limit::Uploads, retry_after_ms })?;
        }
        Ok(seat)
    }

    /// Counts the bytes of one more as used, until it ends.
    fn promise(&self, bytes: u64) -> Promise {
        self.promised.fetch_add(bytes, Ordering::Relaxed);
        Promise { all: self.promised.clone(), bytes }
    }
}

/// Room on the disk that an upload counts on, given back when dropped.
struct Promise {
    all: Arc<AtomicU64>,
    bytes: u64,
}

impl Promise {
    /// Bytes that were promised to anybody.
    fn of_all(&self) -> u64 {
        self.all.load(Ordering::Relaxed)
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Which files this relay takes: a part of what panels are told.
pub fn rules(config: &Config) -> FileRules {
    FileRules { most_bytes: config.limits.upload_bytes as u64, types: config.file_types.clone() }
}

/// `GET`: which files may be uploaded, for the team; visitors are told in their `welcome`.
pub(super) async fn limits(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
) -> Result<super::Json<FileRules>, RestError> {
    Act::Read.by(&account)?;
    Ok(super::Json(rules(&shared.config)))
}

/// What stands behind the question mark.
#[derive(Deserialize)]
pub struct Asked {
    /// The site's key; empty for accounts, who need none.
    #[serde(default)]
    site: String,
    #[serde(default)]
    name: String,
    /// Of a voice note.
    duration_ms: Option<Millis>,
}

/// `OPTIONS`: whether a page may upload.
pub async fn preflight(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, RestError> {
    let site = site(&shared, &asked.site).await?;
    if !admits(&shared, &caller, &site) {
        return Err(RestError::NotListed);
    }
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type")),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT),
    ];
    Ok(readable((StatusCode::NO_CONTENT, headers).into_response(), &caller))
}

/// `POST`: takes a file. Answers 201 with it.
pub async fn upload(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    headers: HeaderMap,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
    body: Body,
) -> Response {
    let within = Duration::from_millis(shared.config.limits.upload_timeout_ms.unsigned_abs());
    // As the server will count it: of a chunked body a header may say anything.
    let length = body.size_hint().exact();
    let mut body = Incoming::new(body, within);
    let token = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let mut listed = false;
    let admitted = async {
        let Query(asked) = asked?;
        let new = |owner, most_a_day| New {
            owner,
            name: name::clean(&asked.name),
            duration_ms: asked.duration_ms.filter(|length| (0..=LONGEST_NOTE_MS).contains(length)),
            length,
            most: shared.config.limits.upload_bytes as u64,
            most_a_day,
            types: shared.config.file_types.clone(),
        };
        let new = match token {
            Some(token) => {
                let site = site(&shared, &asked.site).await?;
                listed = admits(&shared, &caller, &site);
                if !listed {
                    return Err(RestError::NotListed);
                }
                let visitor = visitor(&shared, &caller, &site, token, asked.duration_ms.is_some()).await?;
                let new = new(visitor, shared.config.limits.upload_bytes_a_day as u64);
                New { most: site.settings.most_file_bytes(new.most), ..new }
            }
            None => {
                let account = auth::session(&shared, caller.base.as_ref(), &headers).await.map_err(RestError::Store)?;
                // The team is trusted with the disk.
                new(account.ok_or(RestError::NotSignedIn)?.agent.id.0, i64::MAX as u64)
            }
        };
        let seat = shared.uploads.admit(&caller)?;
        let room = shared.uploads.promise(length.unwrap_or(new.most));
        if shared.files.are_on_disk() && !has_room(&shared, room.of_all()).await {
            return Err(RestError::NoRoom);
        }
        Ok((new, (seat, room)))
    };
    let admitted = admitted.await;
    // In a task of its own, so that it comes to an end of its own when the client is gone: nothing is left half-done.
    let working = shared.clone();
    let taken = shared.uploads.tasks.spawn(async move {
        let taken = match admitted {
            Ok((new, _until_done)) => receive(&working.files, &working.store, new, &mut body).await,
            Err(error) => Err(error),
        };
        if taken.is_err() {
            body.drain().await;
        }
        taken
    });
    let response = match taken.await {
        Ok(Ok(file)) => created(file),
        Ok(Err(error)) => error.into_response(),
        Err(panicked) => RestError::internal(panicked).into_response(),
    };
    if listed { readable(response, &caller) } else { response }
}

fn created(file: File) -> Response {
    (StatusCode::CREATED, Json(file)).into_response()
}

/// Whether so many bytes fit beside what is kept free: messages need room more than pictures do. Looked at anew: many uploads fit between
/// two looks of the clock.
async fn has_room(shared: &Shared, bytes: u64) -> bool {
    let disk = shared.disk.clone();
    // One system call; on a network's disk it may take its time.
    tokio::task::spawn_blocking(move || disk.has_room(bytes)).await.unwrap_or_default()
}

async fn site(shared: &Shared, key: &str) -> Result<SiteRecord, RestError> {
    let key = SiteKey(key.to_owned());
    let found = match key.is_well_formed() {
        true => shared.store.site_by_key(key).await.map_err(RestError::Store)?,
        false => None,
    };
    found.ok_or(RestError::NotFound("site"))
}

/// Whether the page may send files to a site: one of the site's, or one of the relay's own, which hold the panel for any site.
fn admits(shared: &Shared, caller: &Caller, site: &SiteRecord) -> bool {
    caller.is_allowed_by(&site.origins) || caller.is_own_page(shared)
}

/// The visitor whose token this is, if they may send files: somebody whom the site knows, or who has not said anything yet.
async fn visitor(
    shared: &Shared,
    caller: &Caller,
    site: &SiteRecord,
    authorization: &str,
    is_note: bool,
) -> Result<Uuid, RestError> {
    if !site.settings.files || (is_note && !site.settings.voice) {
        return Err(RestError::NotTaken);
    }
    let token = authorization.strip_prefix("Bearer ").filter(|token| is_token(token)).ok_or(RestError::BadToken)?;
    let token_hash = auth::hash(token);
    let id = match shared.store.visitor_by_token(token_hash).await.map_err(RestError::Store)? {
        Some(visitor) if visitor.site != site.id || (site.verified_only && !visitor.verified) => return Err(RestError::BadToken),
        Some(visitor) => visitor.id,
        None if site.verified_only => return Err(RestError::BadToken),
        None => visitor_id(&token_hash),
    };
    let network = caller.limited_address().map(origin::truncated);
    match shared.store.is_blocked(site.id, id, network, clock::now()).await.map_err(RestError::Store)? {
        true => Err(RestError::Blocked),
        false => Ok(id.0),
    }
}

/// Lets the page that asked read the answer.
fn readable(mut response: Response, caller: &Caller) -> Response {
    let headers = response.headers_mut();
    let page = match &caller.page {
        Page::Of(origin) => HeaderValue::try_from(origin.to_string()).ok(),
        // A page of nobody, which an open site lets in.
        Page::Opaque => Some(HeaderValue::from_static("null")),
        Page::Unsaid => None,
    };
    if let Some(page) = page {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
    }
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    response
}
