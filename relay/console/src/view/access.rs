//! Who may what, on the team page: one member's role, second factor, sessions and account; invitations that are open; accounts that are
//! disabled; and the table of rights.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{AgentPatch, Me, Member, Right};
use shared::close::ErrorCode;
use shared::ids::AgentId;
use shared::model::Role;

use crate::locale::{language, texts};
use crate::rest::{self, RestError, people};
use crate::state;
use crate::text::{Texts, fill};
use crate::time;
use crate::view::parts::{ROLES, Refusal, role_named, role_word};
use crate::view::settings::account::{Outcome, Said};
use crate::view::settings::sessions::Sessions;

/// How a member signs in, what they may do and where they are signed in, for admins.
#[component]
pub fn Access(
    /// Who.
    id: AgentId,
    /// Who is chosen; closing this chooses nobody.
    chosen: RwSignal<Option<AgentId>>,
    /// Told of changes that the socket does not tell.
    changed: Trigger,
) -> impl IntoView {
    let texts = texts();
    let desk = expect_context::<state::Desk>();
    let is_me = expect_context::<Me>().id == id;
    let agent = desk.agents.with_untracked(|agents| agents.iter().find(|agent| agent.id == id).cloned());
    let outcome: Outcome = RwSignal::new(None);
    let patch = move |patch: AgentPatch| {
        spawn_local(async move {
            let answer = rest::patch_agent(id, &patch).await;
            if answer.is_ok() {
                changed.notify();
                if patch.disabled == Some(true) {
                    chosen.try_set(None);
                }
            }
            outcome.try_set(Some(answer.map(|()| texts.saved).map_err(|error| error.words(texts))));
        });
    };
    let reset = move |_| {
        spawn_local(async move {
            let answer = match people::reset_second_factor(id).await {
                Ok(()) => Ok(texts.people.was_reset),
                Err(RestError::Refused(ErrorCode::NotFound)) => Ok(texts.people.no_factor),
                Err(error) => Err(error.words(texts)),
            };
            outcome.try_set(Some(answer));
        });
    };
    let languages = agent.as_ref().map(|agent| agent.languages.clone()).unwrap_or_default();
    let (name, role, bot) = agent.map(|agent| (agent.name, agent.role, agent.bot)).unwrap_or((String::new(), Role::Agent, false));
    let choose = move |event| {
        if let Some(role) = role_named(&event_target_value(&event)) {
            patch(AgentPatch { role: Some(role), ..AgentPatch::default() });
        }
    };
    let speak = move |event| {
        let text = event_target_value(&event);
        let tags = text.split([',', ' ', ';']).map(str::trim).filter(|tag| !tag.is_empty());
        match tags.map(shared::model::language).collect::<Option<Vec<_>>>() {
            Some(languages) => patch(AgentPatch { languages: Some(languages), ..AgentPatch::default() }),
            None => outcome.set(Some(Err(texts.desk.languages_wrong))),
        }
    };
    let options = ROLES.map(|(one, value)| view! { <option value=value selected=one == role>{role_word(one, texts)}</option> });
    view! {
        <section class="panel access">
            <div class="title">
                <h2>{fill(texts.people.access_of, &[("name", &name)])}</h2>
                <button class="quiet" type="button" on:click=move |_| chosen.set(None)>{texts.close_dialog}</button>
            </div>
            {if is_me {
                view! { <p class="hint">{texts.access.myself}</p> }.into_any()
            } else {
                view! {
                    <div class="fields-row">
                        <label>{fill(texts.access.role_of, &[("name", &name)])}<select on:change=choose>{options}</select></label>
                        <button class="plain" type="button"
                            on:click=move |_| patch(AgentPatch { disabled: Some(true), ..AgentPatch::default() })>{texts.access.disable}</button>
                    </div>
                    <p class="hint">{texts.access.disable_lead}</p>
                }.into_any()
            }}
            <div class="fields-row">
                <label>{fill(texts.desk.languages, &[("name", &name)])}
                    <input autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="fr, en" aria-describedby="languages-hint"
                        prop:value=languages.join(", ") on:change=speak/>
                </label>
            </div>
            <p class="hint" id="languages-hint">{texts.desk.languages_hint}</p>
            {(!bot).then(|| view! { <p><button class="plain" type="button" on:click=reset>{texts.people.reset_factor}</button></p> })}
            <p><Said outcome/></p>
            {(!bot).then(|| view! { <Sessions whose=people::Whose::Theirs(id)/> })}
        </section>
    }
}

/// What is asked for again whenever something changed; `None` until it is there.
fn asked<T: Clone + Send + Sync + 'static, F: Future<Output = Result<T, RestError>> + 'static>(
    changed: Trigger,
    ask: impl Fn() -> F + 'static,
) -> RwSignal<Option<Result<T, RestError>>> {
    let found = RwSignal::new(None);
    Effect::new(move || {
        changed.track();
        let answer = ask();
        spawn_local(async move {
            let answer = answer.await;
            found.try_set(Some(answer));
        });
    });
    found
}

/// Invitations that were not taken up yet.
#[component]
pub fn OpenInvitations(
    /// See [`Access`].
    changed: Trigger,
) -> impl IntoView {
    let texts = texts();
    let found = asked(changed, people::invitations);
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let revoke = move |email: String| {
        spawn_local(async move {
            let answer = people::uninvite(email).await;
            problem.try_set(answer.err().map(|error| error.words(texts)));
            changed.notify();
        });
    };
    let row = move |invited: shared::api::Invited| {
        let until = fill(texts.access.until, &[("time", &time::moment(invited.expires_at, language()))]);
        let email = invited.email.clone();
        let whom = if email.is_empty() { texts.access.anyone.to_owned() } else { email.clone() };
        let label = fill(texts.access.revoke_invitation, &[("email", &whom)]);
        view! {
            <li>
                <div><strong>{whom}</strong><span class="tag">{role_word(invited.role, texts)}</span><p class="hint">{until}</p></div>
                <button class="quiet" type="button" aria-label=label on:click=move |_| revoke(email.clone())>{texts.access.revoke}</button>
            </li>
        }
    };
    move || {
        let open = found.get()?.ok().filter(|open| !open.is_empty())?;
        Some(view! {
            <section class="panel">
                <h2>{texts.access.open_invitations}</h2>
                <ul class="sessions">{open.into_iter().map(row).collect_view()}</ul>
                <Refusal words=problem/>
            </section>
        })
    }
}

/// Accounts that may not sign in.
#[component]
pub fn Disabled(
    /// See [`Access`].
    changed: Trigger,
) -> impl IntoView {
    let texts = texts();
    let found = asked(changed, people::members);
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let enable = move |id: AgentId| {
        spawn_local(async move {
            let patch = AgentPatch { disabled: Some(false), ..AgentPatch::default() };
            let answer = rest::patch_agent(id, &patch).await;
            problem.try_set(answer.err().map(|error| error.words(texts)));
            changed.notify();
        });
    };
    let row = move |member: Member| {
        let id = member.agent.id;
        let label = fill(texts.access.enable_of, &[("name", &member.agent.name)]);
        let factor = if member.second_factor { texts.access.factor_on } else { texts.access.factor_off };
        view! {
            <li>
                <div>
                    <strong>{member.agent.name}</strong><span class="tag">{role_word(member.agent.role, texts)}</span>
                    <p class="hint">{member.email}" · "{factor}</p>
                </div>
                <button class="quiet" type="button" aria-label=label on:click=move |_| enable(id)>{texts.access.enable}</button>
            </li>
        }
    };
    move || {
        // A program without its token cannot come back: it gets another one, and with it another account.
        let all = found.get()?.ok()?.into_iter();
        let disabled: Vec<Member> = all.filter(|member| member.disabled && !member.agent.bot).collect();
        (!disabled.is_empty()).then(|| {
            view! {
                <section class="panel">
                    <h2>{texts.access.disabled}</h2>
                    <ul class="sessions">{disabled.into_iter().map(row).collect_view()}</ul>
                    <Refusal words=problem/>
                </section>
            }
        })
    }
}

/// What each role may do, as the relay tells.
#[component]
pub fn Rights() -> impl IntoView {
    let texts = texts();
    let found = asked(Trigger::new(), people::rights);
    let row = move |right: Right| {
        let words = right_words(&right.act, texts).map_or_else(|| right.act.replace('_', " "), str::to_owned);
        let cells = ROLES.map(|(role, _)| {
            let may = role >= right.least_role;
            let (sign, word) = if may { ("✓", texts.access.yes) } else { ("–", texts.access.no) };
            view! { <td class:may=may><span aria-hidden="true">{sign}</span><span class="unseen">{word}</span></td> }
        });
        view! { <tr><th scope="row">{words}</th>{cells}</tr> }
    };
    move || {
        let rights = found.get()?.ok()?;
        Some(view! {
            <section class="panel">
                <h2>{texts.access.rights}</h2>
                <p class="hint">{texts.access.rights_lead}</p>
                <table class="team rights">
                    <thead><tr>
                        <td></td>{ROLES.map(|(role, _)| view! { <th scope="col">{role_word(role, texts)}</th> })}
                    </tr></thead>
                    <tbody>{rights.into_iter().map(row).collect_view()}</tbody>
                </table>
            </section>
        })
    }
}

/// A right in words; those of a later relay have none here.
fn right_words(act: &str, texts: &Texts) -> Option<&'static str> {
    let words = texts.access;
    Some(match act {
        "keep_account" => words.act_keep_account,
        "see_team" => words.act_see_team,
        "see_sites" => words.act_see_sites,
        "read" => words.act_read,
        "read_others" => words.act_read_others,
        "whisper" => texts.together.act_whisper,
        "take_over" => texts.together.act_take_over,
        "see_reports" => words.act_see_reports,
        "keep_replies" => words.act_keep_replies,
        "share_replies" => words.act_share_replies,
        "see_present" => words.act_see_present,
        "correct_visitors" => words.act_correct_visitors,
        "merge_visitors" => words.act_merge_visitors,
        "invite" => words.act_invite,
        "change_people" => words.act_change_people,
        "lift_blocks" => words.act_lift_blocks,
        "manage_teams" => words.act_manage_teams,
        "manage_tokens" => words.act_manage_tokens,
        "read_record" => words.act_read_record,
        "handle_personal_data" => words.act_handle_personal_data,
        "change_sites" => words.act_change_sites,
        "set_rules" => words.act_set_rules,
        _ => return None,
    })
}
