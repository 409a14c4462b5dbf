//! Teams on the team page: everybody sees who is in which, admins make, change and remove them.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::TeamDraft;
use shared::close::ErrorCode;
use shared::ids::{AgentId, SiteId, TeamId};
use shared::model::{MAX_LABEL, Presence, Team};

use crate::browser;
use crate::locale::texts;
use crate::rest::{RestError, desk as calls};
use crate::state;
use crate::text::{Texts, fill};
use crate::view::each::each;
use crate::view::settings::account::{Outcome, Said};

/// The team that is being written.
#[derive(Clone, Copy)]
struct Form {
    /// The one that is changed; `None`: a new one.
    place: RwSignal<Option<TeamId>>,
    /// Its name as it was.
    was: RwSignal<String>,
    name: RwSignal<String>,
    members: RwSignal<Vec<AgentId>>,
    sites: RwSignal<Vec<SiteId>>,
    outcome: Outcome,
}

impl Form {
    fn fill(self, team: Option<&Team>) {
        self.place.set(team.map(|team| team.id));
        self.was.set(team.map(|team| team.name.clone()).unwrap_or_default());
        self.name.set(self.was.get_untracked());
        self.members.set(team.map(|team| team.members.clone()).unwrap_or_default());
        self.sites.set(team.map(|team| team.sites.clone()).unwrap_or_default());
    }
}

/// A refusal in words.
fn words(error: RestError, texts: &Texts) -> &'static str {
    match error {
        RestError::Refused(ErrorCode::InvalidField) => texts.desk.team_wrong,
        RestError::Refused(ErrorCode::WrongState) => texts.desk.team_routed,
        other => other.words(texts),
    }
}

/// The teams' panel.
#[component]
pub fn Teams(
    /// Whether they can be changed here.
    admin: bool,
) -> impl IntoView {
    let texts = texts();
    let teams = expect_context::<state::Desk>().teams;
    let form = Form {
        place: RwSignal::new(None),
        was: RwSignal::default(),
        name: RwSignal::default(),
        members: RwSignal::default(),
        sites: RwSignal::default(),
        outcome: RwSignal::new(None),
    };
    let none = move || teams.with(Vec::is_empty);
    view! {
        <section class="panel teams">
            <h2>{texts.desk.teams}</h2>
            <p class="hint">{texts.desk.teams_lead}</p>
            <p class:hidden=move || !none()>{texts.desk.teams_none}</p>
            <ul class="sessions" class:hidden=none>
                {each(move || teams.get(), Clone::clone, move |team| view! { <Kept team admin form/> })}
            </ul>
            {admin.then(|| view! { <Write form/> })}
        </section>
    }
}

#[component]
fn Kept(team: Team, admin: bool, form: Form) -> impl IntoView {
    let texts = texts();
    let desk = expect_context::<state::Desk>();
    let members = team.members.clone();
    let who = move || {
        desk.agents.with(|agents| {
            let of_it = agents.iter().filter(|agent| members.contains(&agent.id));
            let names: Vec<&str> = of_it.clone().map(|agent| agent.name.as_str()).collect();
            let online = of_it.filter(|agent| agent.presence == Presence::Online).count();
            let count = [("count", names.len().to_string()), ("online", online.to_string())];
            let count = fill(texts.desk.member_count, &count.each_ref().map(|(name, value)| (*name, value.as_str())));
            (count, names.join(", "))
        })
    };
    let who = Memo::new(move |_| who());
    let served = team.sites.clone();
    let sites = move || {
        let names = |sites: &Vec<shared::model::Site>| {
            sites.iter().filter(|site| served.contains(&site.id)).map(|site| site.name.clone()).collect::<Vec<_>>()
        };
        desk.sites.with(names).join(", ")
    };
    let name = [("name", team.name.as_str())];
    let (to_change, to_remove) = (fill(texts.desk.change_team, &name), fill(texts.desk.remove_team, &name));
    let id = team.id;
    let shown = team.name.clone();
    let change = move |_| {
        form.fill(Some(&team));
        form.outcome.set(None);
        browser::focus("#team-name");
    };
    let remove = move |_| {
        spawn_local(async move {
            let answer = calls::remove_team(id).await;
            if answer.is_ok() && form.place.try_get_untracked().flatten() == Some(id) {
                form.fill(None);
            }
            form.outcome.try_set(Some(answer.map(|()| texts.desk.removed).map_err(|error| words(error, texts))));
        });
    };
    view! {
        <li>
            <div>
                <strong>{shown}</strong><span class="tag">{move || who.get().0}</span>
                <p class="hint">{move || who.get().1}</p>
                <p class="hint">{sites}</p>
            </div>
            {admin.then(|| view! {
                <span class="reply-acts">
                    <button class="quiet" type="button" aria-label=to_change on:click=change>{texts.desk.change}</button>
                    <button class="quiet" type="button" aria-label=to_remove on:click=remove>{texts.desk.remove}</button>
                </span>
            })}
        </li>
    }
}

#[component]
fn Write(form: Form) -> impl IntoView {
    let texts = texts();
    let desk = expect_context::<state::Desk>();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let name = form.name.get_untracked().trim().to_owned();
        if name.is_empty() || name.chars().count() > MAX_LABEL {
            form.outcome.set(Some(Err(texts.desk.name_wrong)));
            return;
        }
        let draft = TeamDraft { name, members: form.members.get_untracked(), sites: form.sites.get_untracked() };
        spawn_local(async move {
            let answer = calls::keep_team(form.place.get_untracked(), &draft).await;
            if answer.is_ok() {
                form.fill(None);
            }
            form.outcome.try_set(Some(answer.map(|_| texts.saved).map_err(|error| words(error, texts))));
        });
    };
    let title = move || match form.place.get() {
        None => texts.desk.new_team.to_owned(),
        Some(_) => fill(texts.desk.change_team, &[("name", &form.was.get())]),
    };
    let people = move || desk.agents.with(|agents| agents.iter().map(|agent| (agent.id, agent.name.clone())).collect::<Vec<_>>());
    let sites = move || desk.sites.with(|sites| sites.iter().map(|site| (site.id, site.name.clone())).collect::<Vec<_>>());
    view! {
        <h3>{title}</h3>
        <form class="reply-form" on:submit=submit novalidate>
            <div class="fields-row"><label>{texts.desk.team_name}<input id="team-name" autocomplete="off" bind:value=form.name/></label></div>
            <fieldset class="ticks"><legend>{texts.desk.members}</legend>
                {each(people, Clone::clone, move |one| view! { <Tick one chosen=form.members/> })}
            </fieldset>
            <fieldset class="ticks" class:hidden=move || desk.sites.with(|sites| sites.len() < 2)><legend>{texts.desk.team_sites}</legend>
                {each(sites, Clone::clone, move |one| view! { <Tick one chosen=form.sites/> })}
                <p class="hint">{texts.desk.team_sites_hint}</p>
            </fieldset>
            <p class="reply-acts">
                <button class="primary" type="submit">{texts.desk.save}</button>
                {move || form.place.get().is_some().then(|| view! {
                    <button class="quiet" type="button" on:click=move |_| form.fill(None)>{texts.cancel}</button>
                })}
                <Said outcome=form.outcome/>
            </p>
        </form>
    }
}

/// One of several that can be chosen.
#[component]
fn Tick<T: Copy + PartialEq + Send + Sync + 'static>(one: (T, String), chosen: RwSignal<Vec<T>>) -> impl IntoView {
    let (id, name) = one;
    let choose = move |event| {
        let on = event_target_checked(&event);
        chosen.update(|chosen| {
            chosen.retain(|other| *other != id);
            if on {
                chosen.push(id);
            }
        });
    };
    let is_in = move || chosen.with(|chosen| chosen.contains(&id));
    view! { <label class="check"><input type="checkbox" prop:checked=is_in on:change=choose/>{name}</label> }
}
