//! `/api/visitors/{id}` and `/api/sites/{key}/visitors`: what is known of a visitor, and what a site wants to know. Whoever may read a
//! visitor's latest conversation may read and correct what is known of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::extract::State;
use shared::api::{
    Deed, MAX_FIELD_ID, MAX_VISITOR_FIELDS, MergeVisitor, ValueKind, VisitorField, VisitorPatch, VisitorProfile, VisitorRules,
};
use shared::ids::{SiteKey, VisitorId};
use shared::model::{MAX_FIELD, MAX_LABEL};

use super::roles::Act;
use super::sites::by_key;
use super::{Json, Path};
use crate::clock;
use crate::desk::{Correction, DeskError};
use crate::edge::auth::SignedIn;
use crate::edge::router::Shared;
use crate::error::RestError;
use crate::hub::News;
use crate::session::looks_like_email;
use crate::store::{Account, Record};

/// How many options a choice has.
const OPTIONS: std::ops::RangeInclusive<usize> = 2..=20;

/// `GET /api/visitors/{id}`.
pub async fn show(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<VisitorId>,
) -> Result<Json<VisitorProfile>, RestError> {
    Act::Read.by(&account)?;
    readable(&shared, &account, id).await.map(Json)
}

/// `PATCH /api/visitors/{id}`.
pub async fn correct(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<VisitorId>,
    Json(patch): Json<VisitorPatch>,
) -> Result<Json<VisitorProfile>, RestError> {
    Act::CorrectVisitors.by(&account)?;
    let profile = readable(&shared, &account, id).await?;
    let fields = profile.fields.into_iter().map(|noted| noted.field).collect::<Vec<_>>();
    let correction = correction(&fields, patch)?;
    let outcome = shared.desk.correct_visitor(clock::now(), account.agent.id, id, correction).await.map_err(refused)?;
    (shared.announce)(News::Done(Box::new(outcome)));
    readable(&shared, &account, id).await.map(Json)
}

/// `POST /api/visitors/{id}/merge`.
pub async fn merge(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(id): Path<VisitorId>,
    Json(MergeVisitor { into }): Json<MergeVisitor>,
) -> Result<Json<VisitorProfile>, RestError> {
    Act::MergeVisitors.by(&account)?;
    let merged = shared.desk.merge_visitors(clock::now(), account.agent.id, id, into).await.map_err(refused)?;
    (shared.announce)(News::Merged { from: id, into, outcome: Box::new(merged) });
    readable(&shared, &account, into).await.map(Json)
}

/// `GET /api/sites/{key}/visitors`.
pub async fn rules(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(key): Path<SiteKey>,
) -> Result<Json<VisitorRules>, RestError> {
    Act::SeeSites.by(&account)?;
    Ok(Json(by_key(&shared, key).await?.visitors))
}

/// `PUT /api/sites/{key}/visitors`.
pub async fn set_rules(
    State(shared): State<Arc<Shared>>,
    SignedIn(account): SignedIn,
    Path(key): Path<SiteKey>,
    Json(rules): Json<VisitorRules>,
) -> Result<Json<VisitorRules>, RestError> {
    Act::ChangeSites.by(&account)?;
    check(&rules)?;
    let site = by_key(&shared, key.clone()).await?;
    shared.store.set_visitor_rules(key, rules.clone()).await.map_err(RestError::Store)?;
    let record = Record::of(account.agent.id, Deed::VisitorRulesChanged, site.name);
    shared.store.record(clock::now(), record).await.map_err(RestError::Store)?;
    if site.visitors != rules {
        // Their sockets greet anew: whether pages are kept is asked then.
        (shared.announce)(News::SiteChanged(site.id));
    }
    if !rules.present {
        shared.present.forget(site.id);
    }
    Ok(Json(rules))
}

/// A visitor whose latest conversation this account may read; that others have one is not told.
async fn readable(shared: &Shared, account: &Account, id: VisitorId) -> Result<VisitorProfile, RestError> {
    let missing = RestError::NotFound("visitor");
    let Some(latest) = shared.store.latest_of(id).await.map_err(RestError::Store)? else { return Err(missing) };
    if shared.store.readable(account.agent.id, latest.id).await.map_err(RestError::Store)?.is_none() {
        return Err(missing);
    }
    let with_twins = Act::MergeVisitors.by(account).is_ok();
    shared.store.profile(id, with_twins).await.map_err(RestError::Store)?.ok_or(missing)
}

fn refused(error: DeskError) -> RestError {
    match error {
        DeskError::NotFound => RestError::NotFound("visitor"),
        other => other.into(),
    }
}

/// What an agent wants to change, if it can be.
fn correction(fields: &[VisitorField], patch: VisitorPatch) -> Result<Correction, RestError> {
    let VisitorPatch { name, email, values } = patch;
    let name = name.map(|name| name.trim().to_owned());
    let email = email.map(|email| email.trim().to_owned());
    if name.as_ref().is_some_and(|name| !is_line(name, MAX_FIELD)) {
        return Err(invalid("name", format!("must be a line of {MAX_FIELD} characters at most; empty for none")));
    }
    let is_email = |email: &String| email.is_empty() || (is_line(email, MAX_FIELD) && looks_like_email(email));
    if !email.as_ref().is_none_or(is_email) {
        return Err(invalid("email", "must be an email address; empty for none"));
    }
    let mut changes = BTreeMap::new();
    for (id, value) in values {
        let value = value.trim().to_owned();
        let field = fields.iter().find(|field| field.id == id);
        let field =
            field.ok_or_else(|| invalid("values", format!("has no field `{}`: the site's fields have others", short(&id))))?;
        if !value.is_empty() && !fits(field, &value) {
            return Err(invalid("values", format!("of `{}` {}", field.id, wants(field.kind))));
        }
        changes.insert(id, Some(value).filter(|value| !value.is_empty()));
    }
    Ok(Correction { name, email, values: changes })
}

/// Whether a value is of a field's kind.
fn fits(field: &VisitorField, value: &str) -> bool {
    match field.kind {
        ValueKind::Text => is_line(value, MAX_FIELD),
        ValueKind::Number => value.len() <= MAX_LABEL && value.parse::<f64>().is_ok_and(f64::is_finite),
        ValueKind::Choice => field.options.iter().any(|option| option == value),
        ValueKind::Date => is_day(value),
    }
}

fn wants(kind: ValueKind) -> String {
    match kind {
        ValueKind::Text => format!("must be a line of {MAX_FIELD} characters at most"),
        ValueKind::Number => "must be a number such as 12.5".to_owned(),
        ValueKind::Choice => "must be one of its options".to_owned(),
        ValueKind::Date => "must be a day such as 2026-11-29".to_owned(),
    }
}

/// `2026-11-29`, a day that there is.
fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
    let part = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok()).unwrap_or_default();
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    shaped && (1..=days).contains(&day)
}

/// Whether a site may want this of its visitors.
fn check(rules: &VisitorRules) -> Result<(), RestError> {
    if rules.fields.len() > MAX_VISITOR_FIELDS {
        return Err(invalid("fields", format!("may be {MAX_VISITOR_FIELDS} at most")));
    }
    let ids: HashSet<&str> = rules.fields.iter().map(|field| field.id.as_str()).collect();
    if ids.len() < rules.fields.len() {
        return Err(invalid("fields.id", "must differ from each other"));
    }
    for field in &rules.fields {
        let letters = field.id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        if !letters || !(1..=MAX_FIELD_ID).contains(&field.id.len()) {
            return Err(invalid("fields.id", format!("must have 1 to {MAX_FIELD_ID} characters of a-z 0-9 _ -")));
        }
        if field.label.trim().is_empty() || !is_line(&field.label, MAX_LABEL) {
            return Err(invalid("fields.label", format!("must have 1 to {MAX_LABEL} characters")));
        }
        let is_option = |option: &String| !option.trim().is_empty() && is_line(option, MAX_LABEL) && option.trim() == option;
        let options = match field.kind {
            ValueKind::Choice => OPTIONS.contains(&field.options.len()) && field.options.iter().all(is_option),
            ValueKind::Text | ValueKind::Number | ValueKind::Date => field.options.is_empty(),
        };
        if !options {
            let (least, most) = (OPTIONS.start(), OPTIONS.end());
            let problem = format!("must be {least} to {most} of 1 to {MAX_LABEL} characters for a choice, and none otherwise");
            return Err(invalid("fields.options", problem));
        }
    }
    Ok(())
}

fn is_line(text: &str, most: usize) -> bool {
    text.chars().nth(most).is_none() && !text.chars().any(char::is_control)
}

fn short(text: &str) -> &str {
    shared::model::cut(text, MAX_FIELD_ID)
}

fn invalid(field: &'static str, problem: impl Into<String>) -> RestError {
    RestError::Invalid { field, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(rules: Value) -> Option<&'static str> {
        match check(&serde_json::from_value(rules).unwrap()) {
            Ok(()) => None,
            Err(RestError::Invalid { field, .. }) => Some(field),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_a_site_cannot_want_is_named() {
        let field = |change: Value| {
            let mut field = json!({"id": "plan", "label": "Plan", "kind": "text"});
            field.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            json!({ "fields": [field] })
        };
        let many = |count: usize| (0..count).map(|n| json!({"id": n.to_string(), "label": "x"})).collect::<Vec<_>>();
        for (rules, wrong) in [
            (json!({}), None),
            (field(json!({})), None),
            (field(json!({"kind": "choice", "options": ["Free", "Pro"]})), None),
            (json!({ "fields": many(20), "pages": true }), None),
            (json!({ "fields": many(21) }), Some("fields")),
            (json!({ "fields": [{"id": "a", "label": "A"}, {"id": "a", "label": "B"}] }), Some("fields.id")),
            (field(json!({"id": "Plan"})), Some("fields.id")),
            (field(json!({"id": ""})), Some("fields.id")),
            (field(json!({"id": "x".repeat(33)})), Some("fields.id")),
            (field(json!({"label": " "})), Some("fields.label")),
            (field(json!({"label": "x".repeat(81)})), Some("fields.label")),
            (field(json!({"options": ["Free", "Pro"]})), Some("fields.options")),
            (field(json!({"kind": "choice", "options": ["Free"]})), Some("fields.options")),
            (field(json!({"kind": "choice", "options": ["Free", " Pro"]})), Some("fields.options")),
        ] {
            assert_eq!(refused(rules.clone()), wrong, "{rules}");
        }
    }

    #[test]
    fn values_are_of_their_fields_kind() {
        let field = |kind, options: &[&str]| VisitorField {
            id: "x".into(),
            label: "X".into(),
            kind,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        };
        let fits = |kind, value: &str| {
            let options: &[&str] = if kind == ValueKind::Choice { &["Free", "Pro"] } else { &[] };
            super::fits(&field(kind, options), value)
        };
        for (kind, good, bad) in [
            (ValueKind::Text, "Anything at all", "two\nlines"),
            (ValueKind::Number, "-12.5", "NaN"),
            (ValueKind::Number, "1e3", "twelve"),
            (ValueKind::Choice, "Pro", "pro"),
            (ValueKind::Date, "2024-02-29", "2026-02-29"),
            (ValueKind::Date, "2026-12-31", "2026-13-01"),
            (ValueKind::Date, "0001-01-01", "2026-00-10"),
            (ValueKind::Date, "2026-11-30", "2026-11-31"),
            (ValueKind::Date, "2026-11-30", "26-11-30"),
            (ValueKind::Date, "2026-11-30", "2026-1١-30"),
        ] {
            assert!(fits(kind, good), "{good}");
            assert!(!fits(kind, bad), "{bad}");
        }
    }

    #[test]
    fn a_correction_names_what_is_wrong_with_it() {
        let fields = [VisitorField { id: "seats".into(), label: "Seats".into(), kind: ValueKind::Number, options: Vec::new() }];
        let of = |patch: Value| correction(&fields, serde_json::from_value(patch).unwrap());
        let good = of(json!({"name": " Kim ", "email": "", "values": {"seats": " 3 "}})).unwrap();
        assert_eq!((good.name.as_deref(), good.email.as_deref()), (Some("Kim"), Some("")));
        assert_eq!(good.values, BTreeMap::from([("seats".to_owned(), Some("3".to_owned()))]));
        assert_eq!(of(json!({"values": {"seats": ""}})).unwrap().values, BTreeMap::from([("seats".to_owned(), None)]));
        for (patch, wrong) in [
            (json!({"name": "x".repeat(257)}), "name"),
            (json!({"name": "a\u{7}b"}), "name"),
            (json!({"email": "kim"}), "email"),
            (json!({"values": {"seats": "three"}}), "values"),
            (json!({"values": {"other": "3"}}), "values"),
        ] {
            let refusal = of(patch.clone()).unwrap_err();
            assert!(matches!(refusal, RestError::Invalid { field, .. } if field == wrong), "{patch}: {refusal}");
        }
    }
}
