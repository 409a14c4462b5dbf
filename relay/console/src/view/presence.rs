//! Online or away. What shows is what the relay confirmed; a choice on its way is marked as such.

use leptos::prelude::*;
use shared::link::Status;
use shared::model::{Agent, Away, AwayReason, MAX_LABEL, Presence};

use crate::locale::texts;
use crate::socket::Live;
use crate::text::Texts;
use crate::view::parts::Refusal;

/// A presence in one word.
pub fn presence_word(presence: Presence, texts: &Texts) -> &'static str {
    match presence {
        Presence::Online => texts.online,
        Presence::Away => texts.away,
        Presence::Offline => texts.offline,
    }
}

/// The switch: two radio buttons, so that arrow keys work as everywhere.
#[component]
pub fn PresenceSwitch() -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let desk = live.desk;
    let confirmed = Memo::new(move |_| desk.myself().map_or(Presence::Offline, |me| me.presence));
    let shown = Memo::new(move |_| desk.wanted.get().unwrap_or(confirmed.get()));
    let connected = Memo::new(move |_| desk.status.get() == Status::Online);
    let choice = move |presence: Presence| {
        let checked = move || {
            // Tracked beside `shown`, so that a refused choice moves the browser's own mark back.
            desk.presence_problem.track();
            shown.get() == presence
        };
        view! {
            <label class=format!("choice choice-{}", crate::view::team::dot(presence))>
                <input type="radio" name="presence" prop:checked=checked disabled=move || !connected.get()
                    on:change=move |_| live.set_presence(presence, None)/>
                <span>{presence_word(presence, texts)}</span>
            </label>
        }
    };
    let problem = Signal::derive(move || desk.presence_problem.get().map(|problem| problem.words(texts)));
    view! {
        <div class="presence" role="radiogroup" aria-label=texts.presence aria-busy=move || desk.wanted.get().is_some().to_string()>
            {choice(Presence::Online)}
            {choice(Presence::Away)}
        </div>
        {move || (confirmed.get() == Presence::Away && shown.get() == Presence::Away).then(|| view! { <Why/> })}
        <Refusal words=problem/>
    }
}

/// Why one is away: chosen by oneself, or told by the relay.
#[component]
fn Why() -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let away = Memo::new(move |_| live.desk.myself().and_then(|me| me.away));
    let note = RwSignal::new(away.get_untracked().map(|away| away.note).unwrap_or_default());
    let chosen = RwSignal::new(away.get_untracked().map(|away| away.reason));
    let tell = move || {
        let reason = chosen.get_untracked().filter(|reason| AwayReason::CHOICES.contains(reason));
        let note = note.get_untracked().trim().to_owned();
        let away = match reason {
            None if note.is_empty() => None,
            reason => Some(Away { reason: reason.unwrap_or(AwayReason::Other), note }),
        };
        live.set_presence(Presence::Away, away);
    };
    let choose = move |event| {
        let place: Option<usize> = event_target_value(&event).parse().ok();
        chosen.set(place.and_then(|place| AwayReason::CHOICES.get(place).copied()));
        tell();
    };
    let options = AwayReason::CHOICES.into_iter().enumerate().map(|(place, reason)| {
        view! { <option value=place.to_string() selected=move || chosen.get() == Some(reason)>{reason_word(reason, texts)}</option> }
    });
    let by_itself = move || {
        let reason = away.get().map(|away| away.reason)?;
        match reason {
            AwayReason::Inactive => Some(texts.desk.set_away_inactive),
            AwayReason::Unanswered => Some(texts.desk.set_away_unanswered),
            _ => None,
        }
    };
    view! {
        <p class="hint empty" role="status">{by_itself}</p>
        <div class="away-why">
            <select aria-label=texts.desk.away_why on:change=choose>
                <option value="" selected=move || chosen.get().is_none()>{texts.desk.away_why}</option>
                {options.collect_view()}
            </select>
            <input aria-label=texts.desk.away_note placeholder=texts.desk.away_note maxlength=MAX_LABEL.to_string() bind:value=note on:change=move |_| tell()/>
        </div>
    }
}

fn reason_word(reason: AwayReason, texts: &Texts) -> &'static str {
    match reason {
        AwayReason::Break => texts.desk.away_break,
        AwayReason::Meal => texts.desk.away_meal,
        AwayReason::Meeting => texts.desk.away_meeting,
        AwayReason::Training => texts.desk.away_training,
        AwayReason::Work => texts.desk.away_work,
        AwayReason::Other | AwayReason::Unknown => texts.desk.away_other,
        AwayReason::Inactive => texts.desk.away_inactive,
        AwayReason::Unanswered => texts.desk.away_unanswered,
    }
}

/// How somebody is there, and why not.
pub fn presence_words(agent: &Agent, texts: &Texts) -> String {
    let mut words = presence_word(agent.presence, texts).to_owned();
    if let Some(away) = &agent.away {
        // A reason without a word of its own says nothing beside its note.
        if away.reason != AwayReason::Other || away.note.is_empty() {
            words = [&words, " · ", reason_word(away.reason, texts)].concat();
        }
        if !away.note.is_empty() {
            words = [&words, " · ", &away.note].concat();
        }
    }
    words
}

/// Goes to the other presence.
pub fn toggle(live: Live) {
    let me = untrack(|| live.desk.myself());
    if let Some(me) = me {
        live.set_presence(if me.presence == Presence::Online { Presence::Away } else { Presence::Online }, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::agent;
    use crate::text::ENGLISH;

    #[test]
    fn colleagues_hear_why() {
        let away = |reason, note: &str| {
            let away = Some(Away { reason, note: note.to_owned() });
            presence_words(&Agent { presence: Presence::Away, away, ..agent(1) }, &ENGLISH)
        };
        assert_eq!(presence_words(&agent(1), &ENGLISH), "Online");
        assert_eq!(away(AwayReason::Meal, "back at two"), "Away · Meal · back at two");
        assert_eq!(away(AwayReason::Other, "at the dentist"), "Away · at the dentist");
        assert_eq!(away(AwayReason::Inactive, ""), "Away · inactive");
    }
}
