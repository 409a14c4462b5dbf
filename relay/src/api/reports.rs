//! `/api/reports`: figures of what happened within some days. What each figure means is told by `shared::api::Report`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use shared::api::{MAX_REPORT_DAYS, Report};
use shared::ids::SiteKey;

use super::roles::Act;
use super::transcript::zone;
use super::{Json, Query};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::reports::csv::{self, Table};
use crate::reports::sums::{Range, sum};

/// `?from=2026-11-01&until=2026-11-30&zone=Europe/Paris&site=KEY&csv=days`. A site that has opening hours has its days where these are.
#[derive(Deserialize)]
pub struct Wish {
    from: Option<String>,
    until: Option<String>,
    zone: Option<String>,
    site: Option<SiteKey>,
    /// One table of it for spreadsheets, instead of all as JSON.
    csv: Option<Table>,
}

/// `GET /api/reports`.
pub async fn show(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Query(wish): Query<Wish>,
) -> Result<Response, RestError> {
    Act::SeeReports.by(&account)?;
    let mut range = range(&wish)?;
    let site = match &wish.site {
        Some(key) => {
            let found = shared.store.site_by_key(key.clone()).await.map_err(RestError::Store)?;
            let site = found.ok_or(RestError::NotFound("site"))?.id;
            let hours = shared.store.site_desk(site).await.map_err(RestError::Store)?.hours;
            if let Some(own) = hours.and_then(|hours| TimeZone::get(&hours.time_zone).ok()) {
                range.zone = own;
            }
            Some(site)
        }
        None => None,
    };
    let (from, until) = range.edges().ok_or_else(|| invalid("until", "is further away than the calendar reaches"))?;
    let material = shared.store.material(site, from, until, clock::now()).await.map_err(RestError::Store)?;
    let sums = sum(&material.courses, &material.shifts, &range, &material.team);
    let report = Report {
        site: wish.site,
        from: range.from.to_string(),
        until: range.until.to_string(),
        zone: range.zone.iana_name().unwrap_or("UTC").to_owned(),
        all: sums.all,
        days: sums.days,
        hours: sums.hours,
        pages: sums.pages,
        teams: sums.teams,
        agents: sums.agents,
        slots: sums.slots,
        cut: material.cut,
    };
    let Some(table) = wish.csv else { return Ok(Json(report).into_response()) };
    let file = format!("attachment; filename=\"{}-{}-{}.csv\"", csv::name(table), report.from, report.until);
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, file)];
    Ok((headers, csv::write(&report, table)).into_response())
}

fn range(wish: &Wish) -> Result<Range, RestError> {
    let day = |field, text: &Option<String>| {
        let day = text.as_ref().and_then(|text| text.parse::<Date>().ok());
        day.ok_or_else(|| invalid(field, "must be a day such as 2026-11-01"))
    };
    let (from, until) = (day("from", &wish.from)?, day("until", &wish.until)?);
    let days = (until - from).get_days();
    if !(0..MAX_REPORT_DAYS).contains(&days) {
        return Err(invalid("until", format!("must be `from` or a later day, {MAX_REPORT_DAYS} days at most in all")));
    }
    Ok(Range { from, until, zone: zone(wish.zone.as_deref())? })
}

fn invalid(field: &'static str, problem: impl Into<String>) -> RestError {
    RestError::Invalid { field, problem: problem.into() }
}
