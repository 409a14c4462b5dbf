//! What a site wants to know of its visitors: its own fields, and whether pages are kept. A part of the install page, for admins.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{MAX_VISITOR_FIELDS, MAX_VISITS, ValueKind, VisitorField, VisitorRules};
use shared::ids::SiteKey;
use shared::model::MAX_LABEL;

use crate::browser;
use crate::locale::texts;
use crate::rest::visitors;
use crate::text::fill;
use crate::view::each::each;
use crate::view::settings::account::{Outcome, Said};

/// A field that is being changed.
#[derive(Clone, Copy)]
struct Draft {
    /// Values are kept by it: it stays.
    id: StoredValue<String>,
    label: RwSignal<String>,
    /// As in its choice.
    kind: RwSignal<String>,
    /// One a line.
    options: RwSignal<String>,
}

/// Every kind by the value of its choice.
const KINDS: [(&str, ValueKind); 4] =
    [("text", ValueKind::Text), ("number", ValueKind::Number), ("date", ValueKind::Date), ("choice", ValueKind::Choice)];

impl Draft {
    fn of(field: &VisitorField) -> Self {
        let kind = KINDS.iter().find(|(_, kind)| *kind == field.kind).map_or("text", |(name, _)| name);
        Self {
            id: StoredValue::new(field.id.clone()),
            label: RwSignal::new(field.label.clone()),
            kind: RwSignal::new(kind.to_owned()),
            options: RwSignal::new(field.options.join("\n")),
        }
    }

    fn new() -> Self {
        let id = browser::random::<4>().iter().map(|byte| format!("{byte:02x}")).collect();
        Self::of(&VisitorField { id, label: String::new(), kind: ValueKind::Text, options: Vec::new() })
    }

    fn is_choice(&self) -> bool {
        self.kind.with(|kind| kind == "choice")
    }

    fn field(&self) -> VisitorField {
        let kind = self.kind.with_untracked(|name| KINDS.iter().find(|(known, _)| known == name).map(|(_, kind)| *kind));
        let kind = kind.unwrap_or_default();
        let lines = self.options.with_untracked(|text| {
            text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect::<Vec<_>>()
        });
        let options = if kind == ValueKind::Choice { lines } else { Vec::new() };
        VisitorField { id: self.id.get_value(), label: self.label.with_untracked(|label| label.trim().to_owned()), kind, options }
    }
}

/// The form.
#[component]
pub fn Wanted(
    /// Which site.
    site: SiteKey,
) -> impl IntoView {
    let texts = texts();
    let drafts: RwSignal<Vec<Draft>> = RwSignal::default();
    let (pages, present) = (RwSignal::new(false), RwSignal::new(false));
    // What was not read must not be overwritten.
    let loaded = RwSignal::new(false);
    let outcome: Outcome = RwSignal::new(None);
    let asked = site.clone();
    let owner = Owner::current();
    spawn_local(async move {
        match visitors::rules(&asked).await {
            Ok(rules) => {
                let of = || rules.fields.iter().map(Draft::of).collect();
                drafts.try_set(owner.map_or_else(Vec::new, |owner| owner.with(of)));
                pages.try_set(rules.pages);
                present.try_set(rules.present);
                loaded.try_set(true);
            }
            Err(error) => {
                outcome.try_set(Some(Err(error.words(texts))));
            }
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let site = site.clone();
        let fields = drafts.with_untracked(|drafts| drafts.iter().map(Draft::field).collect());
        let rules = VisitorRules { fields, pages: pages.get_untracked(), present: present.get_untracked() };
        spawn_local(async move {
            let answer = visitors::set_rules(&site, &rules).await;
            outcome.try_set(Some(answer.map(|_| texts.saved).map_err(|error| error.words(texts))));
        });
    };
    let owner = Owner::current();
    let add = move |_| {
        let draft = owner.as_ref().map_or_else(Draft::new, |owner| owner.with(Draft::new));
        drafts.update(|drafts| drafts.push(draft));
    };
    let full = move || drafts.with(Vec::len) >= MAX_VISITOR_FIELDS;
    let remove = move |id: String| drafts.update(|drafts| drafts.retain(|draft| draft.id.get_value() != id));
    view! {
        <section class="panel">
            <h2>{texts.known.wants}</h2>
            <p class="hint">{texts.known.wants_lead}</p>
            <form class="settings" on:submit=submit>
                <ol class="rows">
                    {each(move || drafts.get(), |draft| draft.id.get_value(), move |draft| view! { <Row draft remove=move || remove(draft.id.get_value())/> })}
                </ol>
                <button type="button" class="plain" disabled=full on:click=add>{texts.installing.add_field}</button>
                <label class="tick"><input type="checkbox" bind:checked=pages aria-describedby="pages-hint"/>
                    {fill(texts.known.keeps_pages, &[("count", &MAX_VISITS.to_string())])}</label>
                <p class="hint" id="pages-hint">{texts.known.keeps_pages_hint}</p>
                <label class="tick"><input type="checkbox" bind:checked=present aria-describedby="present-hint"/>{texts.present.wants_present}</label>
                <p class="hint" id="present-hint">{texts.present.wants_present_hint}</p>
                <p class="known-acts">
                    <button class="plain" type="submit" disabled=move || !loaded.get()>{texts.known.save}</button>
                    <Said outcome/>
                </p>
            </form>
        </section>
    }
}

#[component]
fn Row(draft: Draft, remove: impl Fn() + 'static) -> impl IntoView {
    let texts = texts();
    let removes = move || fill(texts.installing.remove, &[("name", &draft.label.get())]);
    let word = move |kind: ValueKind| match kind {
        ValueKind::Text => texts.installing.line,
        ValueKind::Number => texts.known.kind_number,
        ValueKind::Date => texts.known.kind_date,
        ValueKind::Choice => texts.installing.choice,
    };
    view! {
        <li>
            <label>{texts.installing.label}<input required maxlength=MAX_LABEL.to_string() bind:value=draft.label/></label>
            <label>{texts.installing.kind}
                <select bind:value=draft.kind>{KINDS.map(|(name, kind)| view! { <option value=name>{word(kind)}</option> })}</select>
            </label>
            <button type="button" class="quiet" aria-label=removes on:click=move |_| remove()>"×"</button>
            <label class="wide" class:hidden=move || !draft.is_choice()>{texts.installing.options}
                <textarea rows="3" required=move || draft.is_choice() bind:value=draft.options></textarea>
            </label>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_touched_is_sent_as_it_was() {
        let field = |kind, options: &[&str]| VisitorField {
            id: "x".into(),
            label: "Plan".into(),
            kind,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        };
        let again = |field: &VisitorField| Owner::new().with(|| Draft::of(field).field());
        for (_, kind) in KINDS {
            let field = field(kind, if kind == ValueKind::Choice { &["Free", "Pro"] } else { &[] });
            assert_eq!(again(&field), field);
        }
    }
}
