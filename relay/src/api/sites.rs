//! `/api/sites`: what to paste into a page, and into its content security policy; and what admins change about a site.

use std::sync::Arc;

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha384};
use shared::api::{NewSite, Sighting, Sightings, SitePatch, SiteSetup, VisitorRules};
use shared::ids::{SiteId, SiteKey};
use shared::model::{Side, SiteSettings, Theme};

use super::roles::Act;
use super::{Json, Path, settings};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::caller::Caller;
use crate::edge::embedded::{self, Built};
use crate::edge::origin::{self, Origin};
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;
use crate::store::{Notes, SiteRecord};

/// Characters of a new site's key that come from its name.
const KEY_WORDS: usize = 24;
/// Random bytes in it: sites are few, and a key is no secret.
const KEY_CHANCE: usize = 4;

/// `GET /api/sites`.
pub async fn list(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    caller: Caller,
) -> Result<Json<Vec<SiteSetup>>, RestError> {
    Act::SeeSites.by(&account)?;
    let base = base(caller)?;
    let sites = shared.store.sites().await.map_err(RestError::Store)?;
    Ok(Json(sites.into_iter().map(|site| setup(&shared, site, &base)).collect()))
}

/// `PATCH /api/sites/{key}`.
pub async fn change(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    caller: Caller,
    Path(key): Path<SiteKey>,
    Json(patch): Json<SitePatch>,
) -> Result<Json<SiteSetup>, RestError> {
    Act::ChangeSites.by(&account)?;
    let base = base(caller)?;
    let patch = SitePatch { name: patch.name.map(|name| settings::name(&name)).transpose()?, ..patch };
    patch.origins.as_deref().map(settings::origins).transpose()?;
    patch.settings.as_ref().map(settings::check).transpose()?;
    let changed = shared.store.change_site(clock::now(), account.agent.id, key, patch).await.map_err(RestError::Store)?;
    let (site, changed) = changed.ok_or(RestError::NotFound("site"))?;
    if changed {
        (shared.announce)(News::SiteChanged(site.id));
    }
    Ok(Json(setup(&shared, site, &base)))
}

/// `POST /api/sites`.
pub async fn create(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    caller: Caller,
    Json(new): Json<NewSite>,
) -> Result<Json<SiteSetup>, RestError> {
    Act::ChangeSites.by(&account)?;
    let base = base(caller)?;
    let name = settings::name(&new.name)?;
    let id = SiteId::v7(clock::now(), clock::random_bytes());
    let (settings, settings_rev) = (SiteSettings::default(), 1);
    let site = SiteRecord {
        id,
        key: new_key(&name),
        name,
        origins: Vec::new(),
        settings,
        settings_rev,
        verified_only: false,
        visitors: VisitorRules::default(),
    };
    shared.store.add_site(clock::now(), account.agent.id, site.clone()).await.map_err(RestError::Store)?;
    Ok(Json(setup(&shared, site, &base)))
}

/// `GET /api/sites/{key}/sightings`.
pub async fn sightings(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    caller: Caller,
    Path(key): Path<SiteKey>,
) -> Result<Json<Sightings>, RestError> {
    Act::SeeSites.by(&account)?;
    let base = base(caller)?;
    let site = by_key(&shared, key).await?;
    shared.sightings.write(&shared.store).await.map_err(RestError::Store)?;
    let seen = shared.store.sightings(site.id).await.map_err(RestError::Store)?;
    let sighting = |(origin, notes): (String, Notes)| {
        let Notes { script_at, panel_at, old_at, socket_at, refused_at } = notes;
        // One that no browser told is let in only where everybody is.
        let allowed = origin.parse().map_or(site.origins.is_empty(), |origin| origin::site_allows(&site.origins, &origin));
        Sighting { origin, allowed, script_at, panel_at, old_at, socket_at, refused_at }
    };
    let encrypted = base.is_https() || base.is_loopback();
    Ok(Json(Sightings { encrypted, origins: seen.into_iter().map(sighting).collect() }))
}

/// A key that people recognize, and that no other site has: letters of the name, and chance.
fn new_key(name: &str) -> SiteKey {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut key: String = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    // Only letters and digits of ASCII are left: any place is between two characters.
    key.truncate(KEY_WORDS);
    let chance: [u8; KEY_CHANCE] = clock::random_bytes();
    let chance: String = chance.iter().map(|byte| format!("{byte:02x}")).collect();
    SiteKey(
        [key.trim_end_matches('-'), chance.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-"),
    )
}

/// The site with this key.
///
/// # Errors
/// There is none.
pub async fn by_key(shared: &Shared, key: SiteKey) -> Result<SiteRecord, RestError> {
    let found = shared.store.site_by_key(key).await.map_err(RestError::Store)?;
    found.ok_or(RestError::NotFound("site"))
}

/// The script tag that takes this version's loader and no other. The key stands in the address too, which tells the relay whose it is.
fn pinned(built: &Built, site: &SiteRecord, base: &Origin) -> Option<String> {
    let loader = embedded::find(built.widget, "bulle.js")?;
    let integrity = STANDARD.encode(Sha384::digest(loader.raw));
    let (key, hash, settings) = (&site.key, built.widget_hash, &site.settings);
    let mut data = format!(" data-color=\"{}\"", settings.color);
    if settings.side == Side::Left {
        data.push_str(" data-side=\"left\"");
    }
    match settings.theme {
        Theme::Auto => {}
        Theme::Light => data.push_str(" data-theme=\"light\""),
        Theme::Dark => data.push_str(" data-theme=\"dark\""),
    }
    if let Some(locale) = &settings.locale {
        data.push_str(&format!(" data-locale=\"{locale}\""));
    }
    if !settings.greetings.is_empty() {
        data.push_str(" data-greet=\"1\"");
    }
    Some(format!(
        "<script async src=\"{base}/a/{hash}/bulle.js?site={key}\" data-site=\"{key}\"{data} integrity=\"sha384-{integrity}\" \
         crossorigin=\"anonymous\"></script>"
    ))
}

fn base(caller: Caller) -> Result<Origin, RestError> {
    caller.base.ok_or_else(|| RestError::BadBody("the request names no host".to_owned()))
}

fn setup(shared: &Shared, site: SiteRecord, base: &Origin) -> SiteSetup {
    SiteSetup {
        pinned: pinned(&shared.assets.built, &site, base),
        snippet: format!("<script async src=\"{base}/bulle.js?site={}\"></script>", site.key),
        // Two engines do not count the socket under the https origin: it is named by itself.
        csp: vec![format!("script-src {base} 'wasm-unsafe-eval'"), format!("connect-src {base} {}", base.for_sockets())],
        frame_csp: vec![format!("script-src {base}"), format!("frame-src {base}")],
        key: site.key,
        name: site.name,
        origins: site.origins,
        verified_only: site.verified_only,
        settings: site.settings,
    }
}
