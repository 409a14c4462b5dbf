//! Whether what somebody wants to set for a site can be: called by `sites` before anything is written. Pure; every refusal names the field
//! and what it has to be.

use std::collections::HashSet;

use shared::api::MAX_ORIGINS;
use shared::model::{
    Field, FieldKind, Form, Greeting, MAX_FIELD, MAX_FIELDS, MAX_GREETINGS, MAX_LABEL, MAX_LANGUAGES, MAX_URL, MAX_WORDS,
    SiteSettings, Words, language,
};

use crate::edge::origin;
use crate::error::RestError;

/// Longest language tag (RFC 5646 §4.4.1 asks to take at least 35 characters).
const MAX_TAG: usize = 35;
/// Longest id of a greeting.
const MAX_ID: usize = 64;
/// Least that a file may be limited to, in bytes; no files at all is `files`.
const LEAST_FILE: u64 = 1_024;
/// Longest time on a page that a greeting waits for, in seconds.
const MAX_AFTER: u32 = 3_600;
/// How many options a choice has.
const OPTIONS: std::ops::RangeInclusive<usize> = 2..=20;

/// A site's name, without the spaces around it.
///
/// # Errors
/// It is empty or too long.
pub fn name(name: &str) -> Result<String, RestError> {
    let name = name.trim();
    let problem = || format!("must have 1 to {MAX_FIELD} characters");
    is_text(name, MAX_FIELD).then(|| name.to_owned()).ok_or_else(|| invalid("name", problem()))
}

/// A site's origins.
///
/// # Errors
/// One of them is none, or there are too many.
pub fn origins(list: &[String]) -> Result<(), RestError> {
    if list.len() > MAX_ORIGINS {
        return Err(invalid("origins", format!("may hold {MAX_ORIGINS} entries at most")));
    }
    match list.iter().find(|entry| !origin::is_list_entry(entry)) {
        Some(_) => Err(invalid("origins", "must be like https://shop.example or https://*.shop.example, without a path")),
        None => Ok(()),
    }
}

/// A site's settings.
///
/// # Errors
/// The first field that cannot be.
pub fn check(settings: &SiteSettings) -> Result<(), RestError> {
    let hex = settings.color.strip_prefix('#').unwrap_or_default();
    if hex.len() != 6 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(invalid("color", "must be like #2456e6"));
    }
    let is_tag = |tag: &String| {
        (2..=MAX_TAG).contains(&tag.len()) && tag.split('-').all(|part| is_word(part, 8, |byte| byte.is_ascii_alphanumeric()))
    };
    if !settings.locale.as_ref().is_none_or(is_tag) {
        return Err(invalid("locale", "must be a language tag such as fr or pt-BR"));
    }
    if settings.file_bytes.is_some_and(|bytes| bytes < LEAST_FILE) {
        return Err(invalid("file_bytes", format!("must be {LEAST_FILE} at least; leave it out for the relay's own limit")));
    }
    words(&settings.words)?;
    settings.form.as_ref().map_or(Ok(()), form)?;
    greetings(&settings.greetings)
}

/// The languages of an agent, each once, by their first parts.
///
/// # Errors
/// One of them is none, or there are too many.
pub fn languages(list: &[String]) -> Result<Vec<String>, RestError> {
    if list.len() > MAX_LANGUAGES {
        return Err(invalid("languages", format!("may be {MAX_LANGUAGES} at most")));
    }
    let mut found = Vec::new();
    for tag in list {
        let language = language(tag.trim()).ok_or_else(|| invalid("languages", "must be languages such as fr or pt"))?;
        if !found.contains(&language) {
            found.push(language);
        }
    }
    Ok(found)
}

fn words(all: &[Words]) -> Result<(), RestError> {
    if all.len() > MAX_WORDS {
        return Err(invalid("words", format!("may be {MAX_WORDS} at most")));
    }
    let langs: HashSet<Option<&str>> = all.iter().map(|words| words.lang.as_deref()).collect();
    if langs.len() < all.len() {
        return Err(invalid("words.lang", "must differ from each other"));
    }
    for Words { lang, greeting, here, away, later } in all {
        // As panels name the language of their texts.
        if lang.as_ref().is_some_and(|lang| language(lang).as_ref() != Some(lang)) {
            return Err(invalid("words.lang", "must be a language such as fr or pt; leave it out for all others"));
        }
        for (field, text) in [("words.greeting", greeting), ("words.here", here), ("words.away", away), ("words.later", later)] {
            if !text.as_ref().is_none_or(|text| is_text(text, MAX_FIELD)) {
                let problem = format!("must have 1 to {MAX_FIELD} characters; leave it out for the panel's own text");
                return Err(invalid(field, problem));
            }
        }
    }
    Ok(())
}

fn form(form: &Form) -> Result<(), RestError> {
    if !(1..=MAX_FIELDS).contains(&form.fields.len()) {
        return Err(invalid("form", format!("must have 1 to {MAX_FIELDS} fields; leave it out for none")));
    }
    let labels: HashSet<&str> = form.fields.iter().map(|field| field.label.as_str()).collect();
    if labels.len() < form.fields.len() {
        return Err(invalid("form", "must have labels that differ from each other"));
    }
    let consent = form.consent.as_ref().is_none_or(|text| is_text(text, MAX_URL));
    if !consent {
        return Err(invalid("form.consent", format!("must have 1 to {MAX_URL} characters; leave it out for none")));
    }
    form.fields.iter().try_for_each(field)
}

fn field(field: &Field) -> Result<(), RestError> {
    if !is_text(&field.label, MAX_LABEL) {
        return Err(invalid("form.label", format!("must have 1 to {MAX_LABEL} characters")));
    }
    let options = match field.kind {
        FieldKind::Choice => {
            OPTIONS.contains(&field.options.len()) && field.options.iter().all(|option| is_text(option, MAX_LABEL))
        }
        _ => field.options.is_empty(),
    };
    options.then_some(()).ok_or_else(|| {
        let (least, most) = (OPTIONS.start(), OPTIONS.end());
        invalid(
            "form.options",
            format!("must be {least} to {most} of 1 to {MAX_LABEL} characters for a choice, and none otherwise"),
        )
    })
}

fn greetings(greetings: &[Greeting]) -> Result<(), RestError> {
    if greetings.len() > MAX_GREETINGS {
        return Err(invalid("greetings", format!("may be {MAX_GREETINGS} at most")));
    }
    let ids: HashSet<&str> = greetings.iter().map(|greeting| greeting.id.as_str()).collect();
    if ids.len() < greetings.len() {
        return Err(invalid("greetings.id", "must differ from each other"));
    }
    for greeting in greetings {
        if !is_word(&greeting.id, MAX_ID, |byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
            return Err(invalid("greetings.id", format!("must have 1 to {MAX_ID} characters of a-z A-Z 0-9 _ -")));
        }
        if !is_text(&greeting.text, MAX_FIELD) {
            return Err(invalid("greetings.text", format!("must have 1 to {MAX_FIELD} characters")));
        }
        if !greeting.url.as_ref().is_none_or(|pattern| is_text(pattern, MAX_URL)) {
            return Err(invalid("greetings.url", format!("must have 1 to {MAX_URL} characters; leave it out for any page")));
        }
        if greeting.after_s.is_some_and(|seconds| seconds > MAX_AFTER) {
            return Err(invalid("greetings.after_s", format!("must be 0 to {MAX_AFTER}")));
        }
        if !greeting.scroll.is_none_or(|percent| (1..=100).contains(&percent)) {
            return Err(invalid("greetings.scroll", "must be 1 to 100"));
        }
    }
    Ok(())
}

fn is_text(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().nth(most).is_none()
}

fn is_word(text: &str, most: usize, allowed: impl Fn(u8) -> bool) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(allowed)
}

fn invalid(field: &'static str, problem: impl Into<String>) -> RestError {
    RestError::Invalid { field, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn refused(settings: Value) -> Option<&'static str> {
        match check(&serde_json::from_value(settings).unwrap()) {
            Ok(()) => None,
            Err(RestError::Invalid { field, .. }) => Some(field),
            Err(other) => panic!("{other}"),
        }
    }

    fn field(change: Value) -> Value {
        let mut field = json!({"label": "Name", "kind": "name"});
        field.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({"form": {"fields": [field]}})
    }

    fn greeting(change: Value) -> Value {
        let mut greeting = json!({"id": "a", "text": "Hi"});
        greeting.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({"greetings": [greeting]})
    }

    #[test]
    fn what_owners_mean_is_taken() {
        for settings in [
            json!({}),
            json!({"color": "#C0FFEE", "side": "left", "theme": "dark", "locale": "pt-BR"}),
            json!({"file_bytes": 1_024, "words": [{"greeting": "Hello"}, {"lang": "fr", "here": "Nous sommes là"}]}),
            field(json!({"required": true})),
            field(json!({"kind": "choice", "options": ["Sales", "Support"]})),
            greeting(json!({"url": "https://*/cart*", "after_s": 3_600, "scroll": 100, "exit": true, "returning": false})),
        ] {
            assert_eq!(refused(settings.clone()), None, "{settings}");
        }
    }

    #[test]
    fn what_cannot_be_is_named() {
        let many = |count: usize| (0..count).map(|n| json!({"id": n.to_string(), "text": "Hi"})).collect::<Vec<_>>();
        for (settings, wrong) in [
            (json!({"color": "red"}), "color"),
            (json!({"color": "#12345g"}), "color"),
            (json!({"locale": "fr\"<script>"}), "locale"),
            (json!({"locale": ""}), "locale"),
            (json!({"file_bytes": 1_023}), "file_bytes"),
            (json!({"words": vec![json!({}); MAX_WORDS + 1]}), "words"),
            (json!({"words": [{"lang": "fr"}, {"lang": "fr"}]}), "words.lang"),
            (json!({"words": [{"lang": "fr-CA"}]}), "words.lang"),
            (json!({"words": [{"later": " "}]}), "words.later"),
            (json!({"words": [{"greeting": "x".repeat(257)}]}), "words.greeting"),
            (json!({"form": {"fields": []}}), "form"),
            (json!({"form": {"fields": [{"label": "A", "kind": "text"}, {"label": "A", "kind": "email"}]}}), "form"),
            (json!({"form": {"fields": [{"label": "A", "kind": "text"}], "consent": " "}}), "form.consent"),
            (field(json!({"label": "x".repeat(81)})), "form.label"),
            (field(json!({"options": ["Sales", "Support"]})), "form.options"),
            (field(json!({"kind": "choice", "options": ["Sales"]})), "form.options"),
            (json!({"greetings": many(21)}), "greetings"),
            (json!({"greetings": [{"id": "a", "text": "Hi"}, {"id": "a", "text": "Ho"}]}), "greetings.id"),
            (greeting(json!({"id": "no spaces"})), "greetings.id"),
            (greeting(json!({"text": "\n"})), "greetings.text"),
            (greeting(json!({"url": ""})), "greetings.url"),
            (greeting(json!({"after_s": 3_601})), "greetings.after_s"),
            (greeting(json!({"scroll": 0})), "greetings.scroll"),
        ] {
            assert_eq!(refused(settings.clone()), Some(wrong), "{settings}");
        }
    }

    #[test]
    fn origins_are_origins() {
        assert!(origins(&["https://shop.example".into(), "https://*.shop.example".into()]).is_ok());
        for wrong in ["shop.example", "https://shop.example/path", "https://*", "javascript:alert(1)", ""] {
            assert!(origins(&[wrong.into()]).is_err(), "{wrong}");
        }
        assert!(origins(&vec!["https://shop.example".to_owned(); MAX_ORIGINS + 1]).is_err());
    }

    #[test]
    fn languages_are_first_parts_and_each_once() {
        let list = |tags: &[&str]| languages(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>());
        assert_eq!(list(&["fr-CH", " EN", "fr"]).unwrap(), ["fr", "en"]);
        assert!(list(&["french!"]).is_err() && list(&["fr"; MAX_LANGUAGES + 1]).is_err());
    }

    #[test]
    fn names_are_trimmed() {
        assert_eq!(name(" Shop ").unwrap(), "Shop");
        assert!(name("  ").is_err() && name(&"x".repeat(257)).is_err());
    }
}
