//! `/api/audit`: who did what, the latest first, page by page.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use shared::api::{AuditPage, Deed};
use shared::ids::AgentId;

use super::roles::Act;
use super::{Json, Query};
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;

/// `?before=ID&deed=DEED&by=AGENT`, all of which may be left out.
#[derive(Deserialize)]
pub struct Asked {
    /// Only what was put on record before this one.
    before: Option<u64>,
    /// Only deeds of this kind.
    deed: Option<Deed>,
    /// Only deeds of this account.
    by: Option<AgentId>,
}

/// `GET`.
pub async fn page(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Query(Asked { before, deed, by }): Query<Asked>,
) -> Result<Json<AuditPage>, RestError> {
    Act::ReadRecord.by(&account)?;
    if deed == Some(Deed::Unknown) {
        return Err(RestError::Invalid { field: "deed", problem: "is none that is put on record".to_owned() });
    }
    let (entries, more) = shared.store.audit(before, deed, by).await.map_err(RestError::Store)?;
    Ok(Json(AuditPage { entries, more }))
}
