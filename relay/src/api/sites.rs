//! `/api/sites`: what to paste into a page, and into its content security policy; and what admins change about a site.

use std::sync::Arc;

use axum::extract::State;
use shared::api::{SitePatch, SiteSetup};
use shared::ids::SiteKey;

use super::roles::Act;
use super::{Json, Path};
use crate::edge::auth::SignedIn;
use crate::edge::caller::Caller;
use crate::edge::origin::Origin;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::store::SiteRecord;

/// `GET /api/sites`.
pub async fn list(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    caller: Caller,
) -> Result<Json<Vec<SiteSetup>>, RestError> {
    Act::SeeSites.by(&account)?;
    let base = base(caller)?;
    let sites = shared.store.sites().await.map_err(RestError::Store)?;
    Ok(Json(sites.into_iter().map(|site| setup(site, &base)).collect()))
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
    if let Some(on) = patch.verified_only {
        shared.store.set_verified_only(key.clone(), on).await.map_err(RestError::Store)?;
    }
    by_key(&shared, key).await.map(|site| Json(setup(site, &base)))
}

/// The site with this key.
///
/// # Errors
/// There is none.
pub async fn by_key(shared: &Shared, key: SiteKey) -> Result<SiteRecord, RestError> {
    let found = shared.store.site_by_key(key).await.map_err(RestError::Store)?;
    found.ok_or(RestError::NotFound("site"))
}

fn base(caller: Caller) -> Result<Origin, RestError> {
    caller.base.ok_or_else(|| RestError::BadBody("the request names no host".to_owned()))
}

fn setup(site: SiteRecord, base: &Origin) -> SiteSetup {
    SiteSetup {
        snippet: format!("<script async src=\"{base}/bulle.js?site={}\"></script>", site.key),
        // Two engines do not count the socket under the https origin: it is named by itself.
        csp: vec![format!("script-src {base} 'wasm-unsafe-eval'"), format!("connect-src {base} {}", base.for_sockets())],
        key: site.key,
        name: site.name,
        origins: site.origins,
        verified_only: site.verified_only,
    }
}
