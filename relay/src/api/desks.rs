//! `/api/sites/{key}/desk`: what the desk of a site goes by: how chats are handed out, when somebody is there, and for whom chats are.

use std::sync::Arc;

use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use shared::ids::SiteKey;
use shared::model::{
    Holiday, Hours, MAX_HOLIDAYS, MAX_LABEL, MAX_ROUTES, MAX_SPANS, MAX_URL, PRIORITIES, RoutingRule, SiteDesk, Span, language,
    minute_of,
};

use super::roles::Act;
use super::{Json, Path, sites};
use crate::clock;
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;

/// `GET`.
pub async fn show(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(key): Path<SiteKey>,
) -> Result<Json<SiteDesk>, RestError> {
    Act::SeeSites.by(&account)?;
    let site = sites::by_key(&shared, key).await?;
    shared.store.site_desk(site.id).await.map(Json).map_err(RestError::Store)
}

/// `PUT`: another in its place.
pub async fn change(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(key): Path<SiteKey>,
    Json(desk): Json<SiteDesk>,
) -> Result<Json<SiteDesk>, RestError> {
    Act::ChangeSites.by(&account)?;
    let desk = proper(desk)?;
    let site = sites::by_key(&shared, key).await?;
    let outcome = shared.desk.set_site_desk(clock::now(), account.agent.id, site.id, desk.clone()).await?;
    (shared.announce)(News::Done(Box::new(outcome)));
    Ok(Json(desk))
}

/// The desk as it is kept, if it can be.
fn proper(mut desk: SiteDesk) -> Result<SiteDesk, RestError> {
    desk.hours.as_ref().map_or(Ok(()), hours)?;
    if desk.routes.len() > MAX_ROUTES {
        return Err(invalid("routes", format!("may be {MAX_ROUTES} at most")));
    }
    desk.routes.iter_mut().try_for_each(route)?;
    Ok(desk)
}

fn hours(hours: &Hours) -> Result<(), RestError> {
    if TimeZone::get(&hours.time_zone).is_err() {
        return Err(invalid("hours.time_zone", "must be an IANA time zone such as Europe/Paris"));
    }
    if hours.week.len() != 7 {
        return Err(invalid("hours.week", "must have seven days, Monday first"));
    }
    hours.week.iter().try_for_each(|day| spans("hours.week", day))?;
    if hours.holidays.len() > MAX_HOLIDAYS {
        return Err(invalid("hours.holidays", format!("may be {MAX_HOLIDAYS} at most")));
    }
    for (place, Holiday { date, name, spans: day }) in hours.holidays.iter().enumerate() {
        // Only as it is written: dates are compared as texts.
        if !date.parse::<Date>().is_ok_and(|parsed| parsed.to_string() == *date) {
            return Err(invalid("hours.holidays.date", "must be a day such as 2026-12-25"));
        }
        if hours.holidays.iter().take(place).any(|other| other.date == *date) {
            return Err(invalid("hours.holidays.date", "must differ from each other"));
        }
        if name.chars().nth(MAX_LABEL).is_some() {
            return Err(invalid("hours.holidays.name", format!("must have at most {MAX_LABEL} characters")));
        }
        spans("hours.holidays.spans", day)?;
    }
    Ok(())
}

fn spans(field: &'static str, day: &[Span]) -> Result<(), RestError> {
    if day.len() > MAX_SPANS {
        return Err(invalid(field, format!("may have {MAX_SPANS} spans a day at most")));
    }
    let mut end = 0;
    for span in day {
        match (minute_of(&span.from), minute_of(&span.to)) {
            (Some(from), Some(to)) if end <= from && from < to => end = to,
            _ => {
                return Err(invalid(
                    field,
                    "must have spans like 09:00 to 17:30, in order, up to 24:00; one over midnight is two",
                ));
            }
        }
    }
    Ok(())
}

fn route(rule: &mut RoutingRule) -> Result<(), RestError> {
    let page = rule.page.as_ref().is_none_or(|page| !page.trim().is_empty() && page.chars().nth(MAX_URL).is_none());
    if !page {
        return Err(invalid("routes.page", format!("must have 1 to {MAX_URL} characters; leave it out for any page")));
    }
    if let Some(wanted) = &mut rule.language {
        *wanted =
            language(wanted).ok_or_else(|| invalid("routes.language", "must be a language such as fr; leave it out for any"))?;
    }
    if !PRIORITIES.contains(&rule.priority) {
        return Err(invalid("routes.priority", format!("must be {} to {}", PRIORITIES.start(), PRIORITIES.end())));
    }
    if rule.team.is_none() && rule.priority == 0 {
        return Err(invalid("routes", "must each set a team or a priority"));
    }
    Ok(())
}

fn invalid(field: &'static str, problem: impl Into<String>) -> RestError {
    RestError::Invalid { field, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn refused(desk: Value) -> Option<&'static str> {
        match proper(serde_json::from_value(desk).unwrap()) {
            Ok(_) => None,
            Err(RestError::Invalid { field, .. }) => Some(field),
            Err(other) => panic!("{other}"),
        }
    }

    fn hours(change: Value) -> Value {
        let day = json!([{"from": "09:00", "to": "12:00"}, {"from": "14:00", "to": "24:00"}]);
        let mut hours = json!({"time_zone": "Europe/Paris", "week": [day, day, day, day, day, [], []]});
        hours.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "hours": hours })
    }

    fn rule(change: Value) -> Value {
        let mut rule = json!({"priority": 1});
        rule.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({"routes": [rule]})
    }

    #[test]
    fn what_admins_mean_is_taken() {
        for desk in [
            json!({}),
            json!({"assigning": "pick"}),
            hours(json!({})),
            hours(
                json!({"holidays": [{"date": "2026-12-25", "name": "Christmas"}, {"date": "2026-12-24", "spans": [{"from": "09:00", "to": "12:00"}]}]}),
            ),
            rule(json!({"page": "/pricing*", "language": "fr-CH", "priority": -2})),
        ] {
            assert_eq!(refused(desk.clone()), None, "{desk}");
        }
        let kept = proper(serde_json::from_value(rule(json!({"language": "fr-CH"}))).unwrap()).unwrap();
        assert_eq!(kept.routes[0].language.as_deref(), Some("fr"));
    }

    #[test]
    fn what_cannot_be_is_named() {
        let spans = |spans: Value| json!({"week": [spans, [], [], [], [], [], []]});
        for (desk, wrong) in [
            (hours(json!({"time_zone": "Moon/Tranquility"})), "hours.time_zone"),
            (hours(json!({"week": []})), "hours.week"),
            (hours(spans(json!([{"from": "12:00", "to": "09:00"}]))), "hours.week"),
            (hours(spans(json!([{"from": "09:00", "to": "12:00"}, {"from": "11:00", "to": "13:00"}]))), "hours.week"),
            (hours(spans(json!([{"from": "9:00", "to": "12:00"}]))), "hours.week"),
            (hours(spans(json!(vec![json!({"from": "00:00", "to": "00:01"}); 5]))), "hours.week"),
            (hours(json!({"holidays": [{"date": "2026-02-30"}]})), "hours.holidays.date"),
            (hours(json!({"holidays": [{"date": "20261225"}]})), "hours.holidays.date"),
            (hours(json!({"holidays": [{"date": "2026-12-25"}, {"date": "2026-12-25"}]})), "hours.holidays.date"),
            (hours(json!({"holidays": [{"date": "2026-12-25", "name": "x".repeat(81)}]})), "hours.holidays.name"),
            (rule(json!({"page": " "})), "routes.page"),
            (rule(json!({"language": "12"})), "routes.language"),
            (rule(json!({"priority": 3})), "routes.priority"),
            (rule(json!({"priority": 0})), "routes"),
            (json!({"routes": vec![json!({"priority": 1}); 51]}), "routes"),
        ] {
            assert_eq!(refused(desk.clone()), Some(wrong), "{desk}");
        }
    }
}
