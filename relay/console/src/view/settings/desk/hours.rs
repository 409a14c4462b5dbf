//! Opening hours: a week, and the days that are not like their weekday.

use leptos::prelude::*;
use shared::model::{MAX_HOLIDAYS, MAX_LABEL};

use super::draft::{Draft, HolidayDraft};
use crate::locale::texts;
use crate::text::fill;
use crate::view::each::each;

/// The hours' editor.
#[component]
pub fn OpeningHours(
    /// What is being changed.
    draft: Draft,
) -> impl IntoView {
    let texts = texts();
    let words = texts.desk;
    let names = [words.monday, words.tuesday, words.wednesday, words.thursday, words.friday, words.saturday, words.sunday];
    let days = draft.week.into_iter().zip(names).map(|(spans, name)| {
        view! { <label>{name}<input autocomplete="off" placeholder=words.closed aria-describedby="spans-hint" bind:value=spans/></label> }
    });
    let full = move || draft.holidays.with(Vec::len) >= MAX_HOLIDAYS;
    view! {
        <section class="panel">
            <h2>{words.hours}</h2>
            <p class="hint">{words.hours_lead}</p>
            <label class="check"><input type="checkbox" bind:checked=draft.has_hours/>{words.has_hours}</label>
            <div class:hidden=move || !draft.has_hours.get()>
                <div class="fields-row"><label>{words.time_zone}<input autocomplete="off" spellcheck="false" bind:value=draft.zone/></label></div>
                <p class="hint" id="spans-hint">{words.spans_hint}</p>
                <div class="week">{days.collect_view()}</div>
                <h3>{words.holidays}</h3>
                <ol class="rows holidays">
                    {each(move || draft.holidays.get(), |row| row.number, move |row| view! { <Day draft row/> })}
                </ol>
                <button type="button" class="plain" disabled=full on:click=move |_| draft.add_holiday(None)>{words.add_holiday}</button>
            </div>
        </section>
    }
}

#[component]
fn Day(draft: Draft, row: HolidayDraft) -> impl IntoView {
    let texts = texts();
    let removes = move || {
        let name = Some(row.name.get()).filter(|name| !name.is_empty()).unwrap_or_else(|| row.date.get());
        fill(texts.desk.remove_one, &[("name", &name)])
    };
    let remove = move |_| draft.holidays.update(|rows| rows.retain(|other| other.number != row.number));
    view! {
        <li>
            <label>{texts.desk.date}<input type="date" bind:value=row.date/></label>
            <label>{texts.desk.holiday_name}<input maxlength=MAX_LABEL.to_string() bind:value=row.name/></label>
            <label>{texts.desk.holiday_spans}<input autocomplete="off" placeholder=texts.desk.closed aria-describedby="spans-hint" bind:value=row.spans/></label>
            <button type="button" class="quiet" aria-label=removes on:click=remove>"×"</button>
        </li>
    }
}
