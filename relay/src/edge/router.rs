//! What every HTTP handler shares, and the table of routes. The sockets' routes are merged in by `app`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use shared::ids::SiteKey;
use shared::model::Theme;
use tokio::time::timeout;

use super::assets::Assets;
use super::attributes;
use super::auth::SignInThrottle;
use super::beacon;
use super::caller::Caller;
use super::embedded::{self, Built};
use super::files;
use super::greetings;
use super::health;
use super::limits::Throttle;
use super::loader::{self, Launcher, Loaders, Settings};
use super::pages::Pages;
use super::passwords::Passwords;
use super::rooms;
use super::sightings::Sightings;
use crate::api::{self, files::Uploads};
use crate::config::Config;
use crate::desk::Desk;
use crate::disk::Disk;
use crate::error::RestError;
use crate::files::Files;
use crate::hub::News;
use crate::present::Present;
use crate::store::Store;

/// How the REST API reaches the hub, which publishes and closes sockets; the edge needs to know no more of it.
pub type Announce = Box<dyn Fn(News) + Send + Sync>;

/// What handlers share; lives as long as the relay. `app` makes one and hands out clones of its `Arc`.
pub struct Shared {
    /// The configuration.
    pub config: Config,
    /// For reading, and for accounts, sessions and invitations.
    pub store: Arc<Store>,
    /// For everything that changes conversations or capacity.
    pub desk: Desk,
    /// Tells the hub what an account's change has made true: the agent, whether they are disabled now, and the desk's outcome.
    pub announce: Announce,
    /// The widget's files.
    pub assets: Assets,
    /// The relay's own pages.
    pub pages: Pages,
    /// The loader scripts.
    pub loaders: Loaders,
    /// Hashing.
    pub passwords: Passwords,
    /// What was uploaded.
    pub files: Arc<Files>,
    /// Who uploads now.
    pub uploads: Uploads,
    /// Against guessing.
    pub sign_ins: SignInThrottle,
    /// How often pages of one address may tell something.
    pub page_calls: Throttle,
    /// Who is on the sites that want to know.
    pub present: Arc<Present>,
    /// Where script tags are.
    pub sightings: Sightings,
    /// The disk under the data folder.
    pub disk: Arc<Disk>,
    /// The relay stops: it still answers, but nobody new should be sent here.
    pub stopping: AtomicBool,
    /// The operator was told once of forwarding headers from a stranger.
    pub warned_of_forwarding: AtomicBool,
}

impl Shared {
    /// With the files that this binary was built with.
    pub fn new(config: Config, files: Files, store: Arc<Store>, desk: Desk, announce: Announce) -> Self {
        Self::with_built(config, files, store, desk, announce, embedded::BUILT)
    }

    /// With other files; for tests, which cannot count on a build of the widget.
    pub fn with_built(config: Config, files: Files, store: Arc<Store>, desk: Desk, announce: Announce, built: Built) -> Self {
        Self {
            assets: Assets::new(built, files.sets()),
            pages: Pages::new(built),
            loaders: Loaders::default(),
            passwords: Passwords::default(),
            files: Arc::new(files),
            uploads: Uploads::new(&config.limits),
            sign_ins: SignInThrottle::new(&config.limits),
            page_calls: Throttle::new(config.limits.page_calls),
            present: Arc::default(),
            sightings: Sightings::default(),
            disk: Arc::new(Disk::new(config.data.clone(), config.disk_low)),
            stopping: AtomicBool::new(false),
            warned_of_forwarding: AtomicBool::new(false),
            config,
            store,
            desk,
            announce,
        }
    }
}

/// All routes but the sockets'.
pub fn router(shared: Arc<Shared>) -> Router {
    let mut routes = Router::new()
        .route("/", get(|| async { Redirect::temporary("/console/") }))
        .route("/console", get(|| async { Redirect::temporary("/console/") }))
        .route("/console/", get(console_root))
        .route("/console/{*path}", get(console))
        .route("/favicon.ico", get(icon))
        .route("/bulle.js", get(script))
        .route("/bulle.d.ts", get(types))
        .route("/chat/{key}", get(rooms::chat))
        .route("/frame/{key}", get(rooms::frame))
        .route("/greetings", get(greetings::list))
        .route("/present", post(beacon::beat).layer(DefaultBodyLimit::max(beacon::BODY)))
        .route("/attributes", post(attributes::tell).layer(DefaultBodyLimit::max(attributes::BODY)))
        .route("/a/{hash}/{*file}", get(asset))
        .route("/f/{id}/{name}", get(files::serve))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .nest("/api", api::routes(&shared));
    if shared.config.demo {
        routes = routes.route("/demo", get(shop));
    }
    routes
        .fallback(|| async { (StatusCode::NOT_FOUND, "nothing here\n") })
        .layer(from_fn_with_state(shared.clone(), in_time))
        .layer(from_fn(measure))
        .with_state(shared)
}

async fn console_root(State(shared): State<Arc<Shared>>, caller: Caller, headers: HeaderMap) -> Response {
    shared.pages.console("", caller.base.as_ref(), &headers)
}

async fn console(State(shared): State<Arc<Shared>>, caller: Caller, Path(path): Path<String>, headers: HeaderMap) -> Response {
    shared.pages.console(&path, caller.base.as_ref(), &headers)
}

/// Browsers ask for it on every page that names none, the sample shop's among them.
async fn icon(State(shared): State<Arc<Shared>>, caller: Caller, headers: HeaderMap) -> Response {
    shared.pages.console("icon.svg", caller.base.as_ref(), &headers)
}

async fn shop(State(shared): State<Arc<Shared>>, caller: Caller, headers: HeaderMap) -> Response {
    shared.pages.shop(caller.base.as_ref(), &headers)
}

async fn asset(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Path((hash, file)): Path<(String, String)>,
    Query(query): Query<SiteQuery>,
    headers: HeaderMap,
) -> Response {
    let current = hash == shared.assets.built.widget_hash;
    // A pinned loader names its site as `/bulle.js` does; while the store cannot say whether there is one, nothing is noted.
    let key = Some(SiteKey(query.site)).filter(|key| file == "bulle.js" && key.is_well_formed());
    match key {
        Some(key) => {
            if let Ok(Some(site)) = shared.store.site_by_key(key).await {
                shared.sightings.pinned(&shared, site.id, &caller, current);
            }
        }
        None => shared.sightings.file(&shared, &caller, current),
    }
    shared.assets.serve(&hash, &file, &headers).await
}

/// What editors want to know of the embed API.
async fn types(headers: HeaderMap) -> Response {
    loader::types(&headers)
}

/// `?site=KEY`.
#[derive(Deserialize)]
pub struct SiteQuery {
    /// The key; empty when it was left out.
    #[serde(default)]
    pub site: String,
}

async fn script(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Query(query): Query<SiteQuery>,
    headers: HeaderMap,
) -> Result<Response, RestError> {
    let Some(file) = embedded::find(shared.assets.built.widget, "loader.js") else {
        return Ok(loader::no_script("this relay was built without its widget; build the widget first, then the relay"));
    };
    let key = SiteKey(query.site);
    let site = match key.is_well_formed() {
        true => shared.store.site_by_key(key).await.map_err(RestError::Store)?,
        false => None,
    };
    let (Some(site), Some(base)) = (site, caller.base.clone()) else {
        return Ok(loader::no_script("no site has this key; copy the script tag from the console's install page again"));
    };
    shared.sightings.script(&shared, site.id, &caller, &headers);
    let launcher = Launcher::new(shared.assets.built.widget, site.settings.locale.as_deref(), &headers);
    let settings = Settings {
        key: site.key.0,
        relay: base.to_string(),
        assets: Settings::assets_at(&base, shared.assets.built.widget_hash),
        color: site.settings.color,
        side: site.settings.side,
        theme: Some(site.settings.theme).filter(|theme| *theme != Theme::Auto),
        locale: site.settings.locale,
        name: site.name,
        greet: !site.settings.greetings.is_empty(),
        present: site.visitors.present,
        launcher,
    };
    shared.loaders.serve(file.raw, &settings, shared.config.public_url.is_some(), &headers).await.map_err(RestError::internal)
}

/// What every answer says about itself where it says nothing else, errors and upgrades that failed among them: it is what its type
/// says, it runs nothing, nobody frames it, and it tells nobody where a reader came from.
pub async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(nothing);
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Gives every request its time; the body of one that comes drop by drop is part of it.
pub(super) async fn in_time(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let limits = &shared.config.limits;
    let mut millis = limits.request_timeout_ms.unsigned_abs();
    if api::is_upload(&request) {
        // Measures its time itself; this is for what comes before and after.
        millis += limits.upload_timeout_ms.unsigned_abs();
    }
    let within = Duration::from_millis(millis);
    match timeout(within, next.run(request)).await {
        Ok(response) => response,
        Err(_) => RestError::TooSlow { seconds: within.as_secs_f32() }.into_response(),
    }
}

/// Counts how long answers take, by class of status; no path and no address, which would tell of people.
async fn measure(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let response = next.run(request).await;
    let class = match response.status().as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    metrics::histogram!(crate::metrics::HTTP_SECONDS, "status" => class).record(began.elapsed());
    response
}
