//! Choosing who gets the chat: everybody else with presence and free slots, where nothing moves until they accept; or a team, to which
//! it goes at once.

use leptos::html;
use leptos::prelude::*;
use shared::ids::AgentId;
use shared::model::{Agent, Presence, Team};

use crate::locale::texts;
use crate::socket::Live;
use crate::text::fill;
use crate::verbs::Verb;
use crate::view::actions::perform_on_open;
use crate::view::each::each;
use crate::view::inbox::Panes;
use crate::view::parts::{Avatar, initials};
use crate::view::presence::presence_words;
use crate::view::team::dot;

/// The picker: a modal dialog, so that focus stays inside and Escape leaves.
#[component]
pub fn TransferPicker() -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let desk = live.desk;
    let open = expect_context::<Panes>().picker;
    let dialog: NodeRef<html::Dialog> = NodeRef::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            if !open.get() {
                dialog.close();
            } else if !dialog.open() {
                let _shown_already = dialog.show_modal();
            }
        }
    });
    let others = Memo::new(move |_| {
        let me = desk.me.get();
        let mut others: Vec<Agent> =
            desk.agents.with(|agents| agents.iter().filter(|agent| Some(agent.id) != me).cloned().collect());
        others.sort_by_key(|agent| (!can_take(agent), agent.name.to_lowercase()));
        others.into_iter().map(|agent| agent.id).collect::<Vec<_>>()
    });
    // Those that take chats of its site.
    let teams = Memo::new(move |_| {
        let row = desk.open.get().and_then(|id| desk.row(id));
        let site = row.map(|row| row.talk.with(|talk| talk.site));
        let takes = |team: &Team| team.sites.is_empty() || site.is_some_and(|site| team.sites.contains(&site));
        desk.teams.with(|teams| teams.iter().filter(|team| takes(team)).cloned().collect::<Vec<_>>())
    });
    view! {
        <dialog class="dialog" node_ref=dialog aria-labelledby="transfer-title" on:close=move |_| open.set(false)>
            <h2 id="transfer-title">{texts.transfer_to}</h2>
            <ul class="agents">{each(move || others.get(), |id| *id, |id| view! { <Candidate id/> })}</ul>
            <ul class="agents" class:hidden=move || teams.with(Vec::is_empty)>{each(move || teams.get(), Clone::clone, |team| view! { <TeamRow team/> })}</ul>
            <p class="hint" class:hidden=move || !others.with(Vec::is_empty)>{texts.alone}</p>
            <div class="dialog-foot">
                <button class="plain" on:click=move |_| { open.set(false); perform_on_open(live, Verb::GiveBack); }>{texts.give_back}</button>
                <button class="quiet" on:click=move |_| open.set(false)>{texts.cancel}</button>
            </div>
        </dialog>
    }
}

#[component]
fn Candidate(id: AgentId) -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let open = expect_context::<Panes>().picker;
    let agent: Memo<Option<Agent>> =
        Memo::new(move |_| live.desk.agents.with(|agents| agents.iter().find(|agent| agent.id == id).cloned()));
    let name = Memo::new(move |_| agent.with(|agent| agent.as_ref().map_or_else(String::new, |agent| agent.name.clone())));
    let initials_of = Memo::new(move |_| name.with(|name| initials(name)));
    let presence = move || agent.with(|agent| agent.as_ref().map_or(Presence::Offline, |agent| agent.presence));
    let able = Memo::new(move |_| agent.with(|agent| agent.as_ref().is_some_and(can_take)));
    let room = move || {
        let free = agent.with(|agent| agent.as_ref().map_or(0, |agent| agent.capacity.saturating_sub(agent.slots_used)));
        if free == 0 { texts.no_slot.to_owned() } else { fill(texts.free_slots, &[("free", &free.to_string())]) }
    };
    let choose = move |_| {
        open.set(false);
        perform_on_open(live, Verb::Transfer(id));
    };
    view! {
        <li>
            <button class="agent" disabled=move || !able.get() on:click=choose>
                <Avatar initials=initials_of id=id.0.as_u128()/>
                <span class="agent-name">{move || name.get()}</span>
                <span class="hint"><span class=move || format!("dot {}", dot(presence()))></span>
                    {move || agent.with(|agent| agent.as_ref().map(|agent| presence_words(agent, texts)))}" · "{room}</span>
            </button>
        </li>
    }
}

#[component]
fn TeamRow(team: Team) -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let open = expect_context::<Panes>().picker;
    let (id, members) = (team.id, team.members);
    // Who hands it over does not get it back.
    let online = move || {
        let me = live.desk.me.get();
        let there = |agent: &&Agent| agent.presence == Presence::Online && Some(agent.id) != me && members.contains(&agent.id);
        live.desk.agents.with(|agents| agents.iter().filter(there).count())
    };
    let online = Memo::new(move |_| online());
    let words = move || match online.get() {
        0 => texts.desk.team_empty.to_owned(),
        online => fill(texts.desk.online_count, &[("online", &online.to_string())]),
    };
    let choose = move |_| {
        open.set(false);
        perform_on_open(live, Verb::ToTeam(id));
    };
    view! {
        <li>
            <button class="agent" on:click=choose>
                <Avatar initials=initials(&team.name) id=id.0.as_u128()/>
                <span class="agent-name">{fill(texts.desk.to_team, &[("name", &team.name)])}</span>
                <span class="hint">{words}</span>
            </button>
        </li>
    }
}

/// Whether an agent could accept a chat now.
fn can_take(agent: &Agent) -> bool {
    agent.presence == Presence::Online && agent.slots_used < agent.capacity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::agent;

    #[test]
    fn only_online_agents_with_a_free_slot_are_offered_chats() {
        assert!(can_take(&agent(1)));
        assert!(!can_take(&Agent { presence: Presence::Away, ..agent(1) }));
        assert!(!can_take(&Agent { slots_used: 3, ..agent(1) }));
    }
}
