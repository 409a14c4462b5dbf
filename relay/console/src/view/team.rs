//! The team: who is there, how many chats each holds at most (admins change it), and invitations by link (admins).

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{self, AgentPatch, Invitation, Me};
use shared::ids::AgentId;
use shared::model::{Agent, Presence, Role};

use crate::browser;
use crate::locale::{language, texts};
use crate::rest;
use crate::state;
use crate::text::fill;
use crate::time;
use crate::view::access::{Access, Disabled, OpenInvitations, Rights};
use crate::view::blocked::Blocked;
use crate::view::each::each;
use crate::view::parts::{Avatar, CopyButton, ROLES, Refusal, initials, role_named, role_word};
use crate::view::presence::presence_words;
use crate::view::teams::Teams;

/// Most chats that a capacity may allow (as the REST API has it).
const MOST_CAPACITY: u32 = 20;

/// The team page.
#[component]
pub fn Team() -> impl IntoView {
    let texts = texts();
    let desk = expect_context::<state::Desk>();
    let admin = expect_context::<Me>().role >= Role::Admin;
    let chosen: RwSignal<Option<AgentId>> = RwSignal::new(None);
    // What the socket does not tell is asked for again when it was changed here.
    let changed = Trigger::new();
    let ids = Memo::new(move |_| desk.agents.with(|agents| agents.iter().map(|agent| agent.id).collect::<Vec<_>>()));
    view! {
        <main id="page" class="sheet">
            <h1>{texts.team}</h1>
            <section class="panel">
                <table class="team">
                    <thead><tr>
                        <th scope="col">{texts.name}</th><th scope="col">{texts.role}</th><th scope="col">{texts.presence}</th>
                        <th scope="col">{texts.in_use}</th><th scope="col">{texts.capacity}</th>
                        {admin.then(|| view! { <th scope="col">{texts.people.access}</th> })}
                    </tr></thead>
                    <tbody>{each(move || ids.get(), |id| *id, move |id| view! { <Member id admin chosen/> })}</tbody>
                </table>
            </section>
            {move || chosen.get().map(|id| view! { <Access id chosen changed/> })}
            {admin.then(|| view! { <InviteForm changed/><OpenInvitations changed/><Disabled changed/> })}
            <Teams admin/>
            <Blocked/>
            <Rights/>
        </main>
    }
}

#[component]
fn Member(id: AgentId, admin: bool, chosen: RwSignal<Option<AgentId>>) -> impl IntoView {
    let texts = texts();
    let desk = expect_context::<state::Desk>();
    let agent: Memo<Option<Agent>> =
        Memo::new(move |_| desk.agents.with(|agents| agents.iter().find(|agent| agent.id == id).cloned()));
    let name = Memo::new(move |_| agent.with(|agent| agent.as_ref().map_or_else(String::new, |agent| agent.name.clone())));
    let initials_of = Memo::new(move |_| name.with(|name| initials(name)));
    let presence = move || agent.with(|agent| agent.as_ref().map_or(Presence::Offline, |agent| agent.presence));
    let bot = Memo::new(move |_| agent.with(|agent| agent.as_ref().is_some_and(|agent| agent.bot)));
    let capacity = Memo::new(move |_| agent.with(|agent| agent.as_ref().map_or(0, |agent| agent.capacity)));
    let outcome: RwSignal<Option<Result<(), &'static str>>> = RwSignal::new(None);
    let change = move |event| {
        let Some(wanted) = event_target_value(&event).parse::<u32>().ok().filter(|wanted| (1..=MOST_CAPACITY).contains(wanted))
        else {
            outcome.set(Some(Err(texts.refusal_field)));
            return;
        };
        spawn_local(async move {
            let patch = AgentPatch { capacity: Some(wanted), ..AgentPatch::default() };
            let answer = rest::patch_agent(id, &patch).await.map_err(|error| error.words(texts));
            outcome.try_set(Some(answer));
        });
    };
    view! {
        <tr>
            <th scope="row"><span class="member"><Avatar initials=initials_of id=id.0.as_u128()/>{move || name.get()}{move || bot.get().then(|| view! { <span class="tag">{texts.access.bot}</span> })}</span></th>
            <td>{move || agent.with(|agent| agent.as_ref().map(|agent| role_word(agent.role, texts)))}
                <span class="hint" title=texts.locale>{move || agent.with(|agent| agent.as_ref().map(|agent| agent.languages.join(", ")))}</span></td>
            <td><span class=move || format!("dot {}", dot(presence()))></span>{move || agent.with(|agent| agent.as_ref().map(|agent| presence_words(agent, texts)))}</td>
            <td class="number">{move || agent.with(|agent| agent.as_ref().map(|agent| agent.slots_used))}</td>
            <td class="number">
                {if admin {
                    view! {
                        <input type="number" min="1" max=MOST_CAPACITY.to_string() prop:value=move || capacity.get().to_string()
                            aria-label=move || fill(texts.capacity_of, &[("name", &name.get())]) on:change=change/>
                        <span role="status" class="hint">{move || outcome.get().map(|outcome| match outcome {
                            Ok(()) => texts.saved,
                            Err(words) => words,
                        })}</span>
                    }.into_any()
                } else {
                    view! { {move || capacity.get()} }.into_any()
                }}
            </td>
            {admin.then(|| view! {
                <td><button class="quiet" type="button" aria-label=move || fill(texts.people.access_of, &[("name", &name.get())])
                    aria-expanded=move || (chosen.get() == Some(id)).to_string()
                    on:click=move |_| chosen.update(|chosen| *chosen = if *chosen == Some(id) { None } else { Some(id) })>
                    {texts.people.access}
                </button></td>
            })}
        </tr>
    }
}

/// The style of a presence's dot.
pub fn dot(presence: Presence) -> &'static str {
    match presence {
        Presence::Online => "is-online",
        Presence::Away => "is-away",
        Presence::Offline => "is-offline",
    }
}

/// The link with this console's origin, where the relay does not know its own.
fn absolute(link: &str) -> String {
    let origin = browser::window().and_then(|window| window.location().origin().ok()).filter(|_| link.starts_with('/'));
    format!("{}{link}", origin.unwrap_or_default())
}

#[component]
fn InviteForm(changed: Trigger) -> impl IntoView {
    let texts = texts();
    let (email, role) = (RwSignal::new(String::new()), RwSignal::new("agent".to_owned()));
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let made: RwSignal<Option<Invitation>> = RwSignal::new(None);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        made.set(None);
        let address = email.get_untracked().trim().to_owned();
        if !address.contains('@') {
            problem.set(Some(texts.email_wrong));
            return;
        }
        problem.set(None);
        let role = role.with_untracked(|name| role_named(name)).unwrap_or(Role::Agent);
        spawn_local(async move {
            match rest::invite(&api::Invite { email: address, role }).await {
                Ok(invitation) => {
                    email.try_set(String::new());
                    made.try_set(Some(invitation));
                    changed.notify();
                }
                Err(error) => {
                    problem.try_set(Some(error.words(texts)));
                }
            }
        });
    };
    let invitation = move || {
        made.get().map(|made| {
            let link = absolute(&made.link);
            let until = fill(texts.invite_until, &[("date", &time::moment(made.expires_at, language()))]);
            view! {
                <div class="invitation" role="status">
                    <label>{fill(texts.invite_link, &[("email", &made.email)])}<input readonly value=link.clone()/></label>
                    <CopyButton text=link/>
                    <p class="hint">{until}</p>
                </div>
            }
        })
    };
    view! {
        <section class="panel">
            <h2>{texts.invite_title}</h2>
            <p class="hint">{texts.invite_lead}</p>
            <form class="invite" on:submit=submit novalidate>
                <label>{texts.email}<input type="email" name="email" autocomplete="off" bind:value=email/></label>
                <label>{texts.role}
                    <select bind:value=role>{ROLES.map(|(role, value)| view! { <option value=value>{role_word(role, texts)}</option> })}</select>
                </label>
                <button class="primary" type="submit">{texts.invite}</button>
            </form>
            <Refusal words=problem/>
            {invitation}
        </section>
    }
}
