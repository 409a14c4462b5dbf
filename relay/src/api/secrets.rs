//! `/api/sites/{key}/secrets`: what site owners sign identity tokens with. A secret is shown once, when it is made.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::api::{Deed, SiteSecret};
use shared::close::ErrorCode;
use shared::ids::{SecretId, SiteKey};

use super::roles::Act;
use super::sites::by_key;
use super::{Json, Path};
use crate::clock;
use crate::edge::auth::{self, SignedIn};
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;
use crate::store::{self, MOST_SECRETS, Record};

/// `GET`: which there are.
pub async fn list(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(key): Path<SiteKey>,
) -> Result<Json<Vec<SiteSecret>>, RestError> {
    Act::ChangeSites.by(&account)?;
    let site = by_key(&shared, key).await?;
    let secrets = shared.store.site_secrets(site.id).await.map_err(RestError::Store)?;
    let shown = secrets.into_iter().map(|known| SiteSecret { id: known.id, secret: None, created_at: known.created_at });
    Ok(Json(shown.collect()))
}

/// Nothing is asked for but a new one.
#[derive(Deserialize)]
pub struct Create {}

/// `POST`: a new one.
pub async fn create(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(key): Path<SiteKey>,
    Json(Create {}): Json<Create>,
) -> Result<Json<SiteSecret>, RestError> {
    Act::ChangeSites.by(&account)?;
    let site = by_key(&shared, key).await?;
    let (secret, _) = auth::new_token();
    let created_at = clock::now();
    let id = SecretId::v7(created_at, clock::random_bytes());
    let new = store::SiteSecret { id, secret: secret.clone(), created_at };
    let shown = SiteSecret { id, secret: Some(secret), created_at };
    let record = Record::of(account.agent.id, Deed::SecretMade, site.name);
    match shared.store.add_site_secret(site.id, new, record).await.map_err(RestError::Store)? {
        true => Ok(Json(shown)),
        false => {
            let message = format!("a site has {MOST_SECRETS} secrets at most: retire the one that is not in use any more");
            Err(RestError::Refused { code: ErrorCode::WrongState, message })
        }
    }
}

/// `DELETE …/{id}`: retires one, and ends the connections of those whom it vouched for: it may be retired because it leaked.
pub async fn retire(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path((key, id)): Path<(SiteKey, SecretId)>,
) -> Result<StatusCode, RestError> {
    Act::ChangeSites.by(&account)?;
    let site = by_key(&shared, key).await?;
    let record = Record::of(account.agent.id, Deed::SecretRetired, site.name);
    match shared.store.delete_site_secret(clock::now(), site.id, id, record).await.map_err(RestError::Store)? {
        true => {
            (shared.announce)(News::SecretRetired(id));
            Ok(StatusCode::NO_CONTENT)
        }
        false => Err(RestError::NotFound("secret")),
    }
}
