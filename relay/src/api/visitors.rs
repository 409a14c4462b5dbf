//! `/api/visitors/{id}` and `/api/sites/{key}/retention`: what there is of a visitor, and its end.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use shared::api::{Deed, PersonExport, Retention};
use shared::ids::{SiteKey, VisitorId};

use super::roles::Act;
use super::sites::by_key;
use super::{Json, Path};
use crate::clock;
use crate::desk::DeskError;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;
use crate::store::Record;

/// Days for which a site may be told to keep what was said: up to ten years.
const DAYS: std::ops::RangeInclusive<u32> = 1..=3_650;

/// `GET /api/visitors/{id}/export`.
pub async fn export(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<VisitorId>,
) -> Result<([(HeaderName, HeaderValue); 1], Json<PersonExport>), RestError> {
    Act::HandlePersonalData.by(&account)?;
    let now = clock::now();
    let all = shared.store.export_visitor(id, now).await.map_err(RestError::Store)?.ok_or(RestError::NotFound("visitor"))?;
    let record = Record::of(account.agent.id, Deed::Exported, id.to_string());
    shared.store.record(now, record).await.map_err(RestError::Store)?;
    let name = HeaderValue::from_str(&format!("attachment; filename=\"visitor-{id}.json\"")).map_err(RestError::internal)?;
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(all)))
}

/// `DELETE /api/visitors/{id}`.
pub async fn erase(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<VisitorId>,
) -> Result<StatusCode, RestError> {
    Act::HandlePersonalData.by(&account)?;
    let outcome = match shared.desk.erase_visitor(clock::now(), Some(account.agent.id), id).await {
        Err(DeskError::NotFound) => return Err(RestError::NotFound("visitor")),
        other => other?,
    };
    (shared.announce)(News::Erased { visitor: id, outcome: Box::new(outcome) });
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/sites/{key}/retention`.
pub async fn retention(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(key): Path<SiteKey>,
) -> Result<Json<Retention>, RestError> {
    Act::HandlePersonalData.by(&account)?;
    by_key(&shared, key.clone()).await?;
    let days = shared.store.retention(key).await.map_err(RestError::Store)?;
    Ok(Json(Retention { days }))
}

/// `PUT /api/sites/{key}/retention`.
pub async fn set_retention(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(key): Path<SiteKey>,
    Json(Retention { days }): Json<Retention>,
) -> Result<Json<Retention>, RestError> {
    Act::HandlePersonalData.by(&account)?;
    if days.is_some_and(|days| !DAYS.contains(&days)) {
        return Err(RestError::Invalid {
            field: "days",
            problem: format!("must be {} to {}, or left out", DAYS.start(), DAYS.end()),
        });
    }
    let site = by_key(&shared, key.clone()).await?;
    shared.store.set_retention(key, days).await.map_err(RestError::Store)?;
    let detail = days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days"));
    let record = Record::of(account.agent.id, Deed::RetentionChanged, site.name).with(detail);
    shared.store.record(clock::now(), record).await.map_err(RestError::Store)?;
    Ok(Json(Retention { days }))
}
