//! The record of deeds, the latest first, by kind and person; earlier ones on demand. For admins.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{AuditEntry, Deed};
use shared::ids::AgentId;

use crate::locale::{language, texts};
use crate::rest::{RestError, people};
use crate::state;
use crate::text::Texts;
use crate::time;
use crate::view::each::each;
use crate::view::parts::Refusal;

/// Every kind of deed, with its words.
fn deeds(texts: &Texts) -> [(Deed, &'static str); 32] {
    let words = texts.access;
    [
        (Deed::SignedIn, words.signed_in),
        (Deed::SecondFactorFailed, words.second_factor_failed),
        (Deed::SecondFactorOn, words.second_factor_on),
        (Deed::SecondFactorOff, words.second_factor_off),
        (Deed::PasswordChanged, words.password_changed),
        (Deed::NameChanged, words.name_changed),
        (Deed::SessionsEnded, words.sessions_ended),
        (Deed::Invited, words.invited),
        (Deed::Uninvited, words.uninvited),
        (Deed::Joined, words.joined),
        (Deed::PersonChanged, words.person_changed),
        (Deed::TokenMade, words.token_made),
        (Deed::TokenRevoked, words.token_revoked),
        (Deed::SiteMade, words.site_made),
        (Deed::SiteChanged, words.site_changed),
        (Deed::DeskChanged, words.desk_changed),
        (Deed::TeamMade, words.team_made),
        (Deed::TeamChanged, words.team_changed),
        (Deed::TeamRemoved, words.team_removed),
        (Deed::SecretMade, words.secret_made),
        (Deed::SecretRetired, words.secret_retired),
        (Deed::Exported, words.exported),
        (Deed::Erased, words.was_erased),
        (Deed::RetentionChanged, words.retention_changed),
        (Deed::VisitorChanged, words.visitor_changed),
        (Deed::VisitorsMerged, words.visitors_merged),
        (Deed::VisitorRulesChanged, words.visitor_rules_changed),
        (Deed::RulesChanged, words.rules_changed),
        (Deed::Block, words.blocked),
        (Deed::Unblock, words.unblocked),
        (Deed::Stretch, words.stretch),
        (Deed::TakeOver, texts.together.took_over),
    ]
}

fn deed_word(deed: Deed, texts: &Texts) -> &'static str {
    deeds(texts).into_iter().find(|(known, _)| *known == deed).map_or(texts.access.other_deed, |(_, words)| words)
}

/// The page.
#[component]
pub fn Record() -> impl IntoView {
    let texts = texts();
    let desk = expect_context::<state::Desk>();
    let (deed, by): (RwSignal<Option<Deed>>, RwSignal<Option<AgentId>>) = (RwSignal::new(None), RwSignal::new(None));
    let entries: RwSignal<Vec<AuditEntry>> = RwSignal::default();
    let (more, loaded) = (RwSignal::new(false), RwSignal::new(false));
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    // What is asked for last is shown, whatever comes back when.
    let asked = StoredValue::new(0_u32);
    let load = move |before: Option<u64>| {
        asked.update_value(|asked| *asked += 1);
        let (number, deed, by) = (asked.get_value(), deed.get_untracked(), by.get_untracked());
        spawn_local(async move {
            let answer = people::audit(before, deed, by).await;
            if asked.try_get_value() != Some(number) {
                return;
            }
            problem.set(answer.as_ref().err().map(|error: &RestError| error.words(texts)));
            if let Ok(page) = answer {
                entries.update(|entries| {
                    if before.is_none() {
                        entries.clear();
                    }
                    entries.extend(page.entries);
                });
                more.set(page.more);
                loaded.set(true);
            }
        });
    };
    Effect::new(move || {
        deed.track();
        by.track();
        load(None);
    });
    let choose_deed = move |event| {
        let chosen: Option<usize> = event_target_value(&event).parse().ok();
        deed.set(chosen.and_then(|place| deeds(texts).get(place).map(|(deed, _)| *deed)));
    };
    let choose_by = move |event| by.set(event_target_value(&event).parse().ok());
    let kinds = deeds(texts)
        .into_iter()
        .enumerate()
        .map(|(place, (_, words))| view! { <option value=place.to_string()>{words}</option> });
    let people = move || {
        let agents = desk.agents.get().into_iter();
        agents.map(|agent| view! { <option value=agent.id.to_string()>{agent.name}</option> }).collect_view()
    };
    let none = move || (loaded.get() && entries.with(Vec::is_empty)).then(|| view! { <p>{texts.access.record_none}</p> });
    view! {
        <p class="lead">{texts.access.record_lead}</p>
        <section class="panel">
            <div class="fields-row filters">
                <label>{texts.access.deed}<select on:change=choose_deed><option value="">{texts.access.all_deeds}</option>{kinds.collect_view()}</select></label>
                <label>{texts.access.by}<select on:change=choose_by><option value="">{texts.access.everybody}</option>{people}</select></label>
            </div>
            <table class="team record">
                <thead><tr>
                    <th scope="col">{texts.access.when}</th><th scope="col">{texts.access.by}</th><th scope="col">{texts.access.deed}</th>
                    <th scope="col">{texts.access.about}</th>
                </tr></thead>
                <tbody>{each(move || entries.get(), |entry| entry.id, |entry| view! { <Line entry/> })}</tbody>
            </table>
            {none}
            <Refusal words=problem/>
            {move || more.get().then(|| view! {
                <button class="plain" type="button" on:click=move |_| load(entries.with_untracked(|entries| entries.last().map(|entry| entry.id)))>
                    {texts.access.more}
                </button>
            })}
        </section>
    }
}

#[component]
fn Line(entry: AuditEntry) -> impl IntoView {
    let texts = texts();
    let by = entry.by.map_or_else(|| texts.access.operator.to_owned(), |by| by.name);
    let about = [entry.about, entry.detail].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    view! {
        <tr>
            <td>{time::moment(entry.at, language())}</td>
            <td>{by}</td>
            <td>{deed_word(entry.deed, texts)}</td>
            <td>{about}</td>
        </tr>
    }
}
