//! `/api/sites`: what to paste into a page, and into its content security policy.

use std::sync::Arc;

use axum::extract::State;
use shared::api::SiteSetup;

use super::Json;
use super::roles::Act;
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
    let base = caller.base.ok_or_else(|| RestError::BadBody("the request names no host".to_owned()))?;
    let sites = shared.store.sites().await.map_err(RestError::Store)?;
    Ok(Json(sites.into_iter().map(|site| setup(site, &base)).collect()))
}

fn setup(site: SiteRecord, base: &Origin) -> SiteSetup {
    SiteSetup {
        snippet: format!("<script async src=\"{base}/bulle.js?site={}\"></script>", site.key),
        // Two engines do not count the socket under the https origin: it is named by itself.
        csp: vec![format!("script-src {base} 'wasm-unsafe-eval'"), format!("connect-src {base} {}", base.for_sockets())],
        key: site.key,
        name: site.name,
        origins: site.origins,
    }
}
