//! The install page. For each site: what to paste, whether it was seen, how it looks, what it asks and says. Everybody reads it,
//! admins change it.

mod asks;
mod draft;
mod greetings;
mod looks;
mod says;
mod seen;
mod snippet;
mod verdict;
mod vouch;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Me, NewSite, SiteSetup};
use shared::ids::SiteKey;
use shared::model::{MAX_FIELD, Role};

use crate::locale::texts;
use crate::rest::{self, RestError};
use crate::view::parts::Refusal;
use crate::view::personal::Retained;
use crate::view::wanted::Wanted;
use draft::Draft;

/// The sites as they were last heard of.
type Found = RwSignal<Option<Result<Vec<SiteSetup>, RestError>>>;

/// The install page.
#[component]
pub fn Install() -> impl IntoView {
    let texts = texts();
    let admin = expect_context::<Me>().role >= Role::Admin;
    let found: Found = RwSignal::new(None);
    let chosen: RwSignal<Option<SiteKey>> = RwSignal::new(None);
    spawn_local(async move {
        let answer = rest::sites().await;
        found.try_set(Some(answer));
    });
    // Drawn anew for another site, not for every change of this one: what somebody is writing stays.
    let key = Memo::new(move |_| {
        found.with(|found| {
            let sites = found.as_ref()?.as_ref().ok()?;
            chosen.get().or_else(|| sites.first().map(|site| site.key.clone()))
        })
    });
    let site = move || {
        let key = key.get()?;
        found.with_untracked(|found| found.as_ref()?.as_ref().ok()?.iter().find(|site| site.key == key).cloned())
    };
    let stands = Memo::new(move |_| found.with(|found| found.as_ref().map(|found| found.as_ref().err().copied())));
    let body = move || match (site(), stands.get()) {
        (_, None) => view! { <p role="status">{texts.loading}</p> }.into_any(),
        (_, Some(Some(error))) => view! { <p role="alert" class="problem">{error.words(texts)}</p> }.into_any(),
        (None, _) => view! { <p>{texts.installing.no_sites}</p> }.into_any(),
        (Some(site), _) => view! { <Setup site found admin/> }.into_any(),
    };
    view! {
        <main id="page" class="sheet install">
            <h1>{texts.install}</h1>
            <p class="lead">{texts.installing.install_lead}</p>
            <Chooser found chosen/>
            {body}
            {admin.then(|| view! { <NewSiteForm found chosen/> })}
        </main>
    }
}

/// Which site, where there are several.
#[component]
fn Chooser(found: Found, chosen: RwSignal<Option<SiteKey>>) -> impl IntoView {
    let texts = texts();
    let sites = Memo::new(move |_| {
        let all = found.with(|found| found.as_ref().and_then(|found| found.as_ref().ok()).cloned());
        all.unwrap_or_default().into_iter().map(|site| (site.key, site.name)).collect::<Vec<_>>()
    });
    let choose = move |event| chosen.set(Some(SiteKey(event_target_value(&event))));
    let options = move || {
        let current = chosen.get();
        let option = move |(key, name): (SiteKey, String)| {
            view! { <option value=key.0.clone() selected=current.as_ref() == Some(&key)>{name}</option> }
        };
        sites.get().into_iter().map(option).collect_view()
    };
    move || {
        (sites.with(Vec::len) > 1)
            .then(|| view! { <label class="chooser">{texts.site}<select on:change=choose>{options}</select></label> })
    }
}

#[component]
fn Setup(site: SiteSetup, found: Found, admin: bool) -> impl IntoView {
    let texts = texts();
    let draft = Draft::of(&site);
    let key = site.key.clone();
    let outcome: RwSignal<Option<Result<(), &'static str>>> = RwSignal::new(None);
    let busy = RwSignal::new(false);
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        outcome.set(None);
        let (key, patch) = (key.clone(), draft.patch());
        spawn_local(async move {
            let answer = rest::patch_site(&key, &patch).await;
            busy.try_set(false);
            outcome.try_set(Some(answer.as_ref().map(|_| ()).map_err(|error| error.words(texts))));
            if let Ok(changed) = answer {
                found.try_update(|found| {
                    if let Some(Ok(sites)) = found {
                        sites.iter_mut().filter(|site| site.key == changed.key).for_each(|site| *site = changed.clone());
                    }
                });
            }
        });
    };
    let said = move || match outcome.get() {
        Some(Ok(())) => Some(texts.saved),
        Some(Err(words)) => Some(words),
        None => None,
    };
    let failed = move || matches!(outcome.get(), Some(Err(_)));
    view! {
        <snippet::Snippet site=site.clone()/>
        <seen::Seen site=site.clone()/>
        {if admin {
            view! {
                <form class="settings" on:submit=save>
                    <looks::Looks draft site=site.key.clone()/>
                    <says::Says draft/>
                    <asks::Asks draft/>
                    <greetings::Greetings draft/>
                    <section class="panel">
                        <h2><label for="origins">{texts.installing.origins}</label></h2>
                        <p class="hint" id="origins-hint">{texts.installing.origins_lead}</p>
                        <textarea id="origins" rows="4" spellcheck="false" placeholder=texts.installing.any_origin aria-describedby="origins-hint" bind:value=draft.origins></textarea>
                    </section>
                    <div class="save">
                        <button class="primary" type="submit" aria-busy=move || busy.get().to_string()>{texts.installing.save}</button>
                        <span role="status" class:problem=failed>{said}</span>
                    </div>
                </form>
                <vouch::Vouch site=site.clone()/>
                <Wanted site=site.key.clone()/>
                <Retained site=site.key.clone()/>
            }.into_any()
        } else {
            view! { <section class="panel"><h2>{texts.installing.look}</h2><looks::Preview draft site=site.key.clone()/></section> }.into_any()
        }}
    }
}

#[component]
fn NewSiteForm(found: Found, chosen: RwSignal<Option<SiteKey>>) -> impl IntoView {
    let texts = texts();
    let name = RwSignal::new(String::new());
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = NewSite { name: name.get_untracked() };
        spawn_local(async move {
            match rest::new_site(&body).await {
                Ok(site) => {
                    name.try_set(String::new());
                    problem.try_set(None);
                    chosen.try_set(Some(site.key.clone()));
                    found.try_update(|found| {
                        if let Some(Ok(sites)) = found {
                            sites.push(site);
                        }
                    });
                }
                Err(error) => {
                    problem.try_set(Some(error.words(texts)));
                }
            }
        });
    };
    view! {
        <section class="panel">
            <h2>{texts.installing.new_site}</h2>
            <form class="invite" on:submit=submit>
                <label>{texts.installing.new_site_name}<input required maxlength=MAX_FIELD.to_string() autocomplete="off" bind:value=name/></label>
                <button class="plain" type="submit">{texts.installing.create}</button>
            </form>
            <Refusal words=problem/>
        </section>
    }
}
