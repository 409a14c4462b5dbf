//! Visitors who are on the sites now: a list that is asked for every few seconds, a filter, and inviting somebody to chat.

use std::time::Duration;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{ChatInvited, Fate, OnSite, PresentList};
use shared::close::ErrorCode;
use shared::ids::{Millis, SiteId, TabId};
use shared::model::MAX_FIELD;

use crate::browser;
use crate::locale::{language, texts};
use crate::pieces::is_web_address;
use crate::rest::{RestError, visitors};
use crate::state;
use crate::text::{Texts, fill};
use crate::time;
use crate::view::each::each;
use crate::view::settings::account::{Outcome, Said};

/// Between two questions: as often as something can have changed that anybody would act on.
const EVERY: Duration = Duration::from_secs(5);

/// The page.
#[component]
pub fn Visitors() -> impl IntoView {
    let texts = texts();
    let sites = expect_context::<state::Desk>().sites;
    let found: RwSignal<Option<PresentList>> = RwSignal::new(None);
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let (filter, site) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let asked: RwSignal<Option<TabId>> = RwSignal::new(None);
    let outcome: Outcome = RwSignal::new(None);
    let look = move || {
        spawn_local(async move {
            match visitors::present().await {
                Ok(list) => {
                    problem.try_set(None);
                    found.try_set(Some(list));
                }
                Err(error) => {
                    problem.try_set(Some(error.words(texts)));
                }
            }
        });
    };
    look();
    let looking = set_interval_with_handle(
        move || {
            if browser::is_visible() {
                look();
            }
        },
        EVERY,
    );
    on_cleanup(move || {
        if let Ok(looking) = looking {
            looking.clear();
        }
    });
    let wanted = Memo::new(move |_| {
        let site: Option<SiteId> = site.with(|site| site.parse().ok());
        let part = filter.with(|filter| filter.trim().to_lowercase());
        found.with(|found| {
            let all = found.iter().flat_map(|list| &list.visitors);
            all.filter(|tab| site.is_none_or(|site| tab.site == site) && is_on(tab, &part)).cloned().collect::<Vec<_>>()
        })
    });
    let stands = Memo::new(move |_| found.with(|found| found.as_ref().map(|list| (list.sites.len(), list.count))));
    let empty = Memo::new(move |_| wanted.with(Vec::is_empty));
    let words = move || match (stands.get(), problem.get()) {
        (None, None) => texts.loading,
        (Some((0, _)), _) => texts.present.off,
        (Some((_, 0)), _) => texts.present.nobody,
        (Some(_), _) if empty.get() => texts.present.no_match,
        _ => "",
    };
    let options = move || {
        let some = found.with(|found| found.iter().flat_map(|list| list.sites.clone()).collect::<Vec<_>>());
        let known = sites.get().into_iter().filter(|site| some.contains(&site.id)).collect::<Vec<_>>();
        (known.len() > 1).then(|| {
            view! {
                <label>{texts.site}
                    <select on:change=move |event| site.set(event_target_value(&event))>
                        <option value="">{texts.present.all_sites}</option>
                        {known.into_iter().map(|site| view! { <option value=site.id.to_string()>{site.name}</option> }).collect_view()}
                    </select>
                </label>
            }
        })
    };
    // Drawn anew only where sites come or go: an open list stays open.
    let chooser = Memo::new(move |_| found.with(|found| found.as_ref().map(|list| list.sites.clone())));
    let count = move || {
        let (_, count) = stands.get().filter(|(sites, _)| *sites > 0)?;
        let all = fill(texts.present.count, &[("count", &count.to_string())]);
        let shown = wanted.with(Vec::len);
        Some(if shown as u64 == u64::from(count) {
            all
        } else {
            format!("{all} · {}", fill(texts.present.shown, &[("count", &shown.to_string())]))
        })
    };
    view! {
        <main id="page" class="sheet present">
            <h1>{texts.present.title}</h1>
            <p class="lead">{texts.present.lead}</p>
            <p class="problem" role="alert" class:hidden=move || problem.get().is_none()>{move || problem.get()}</p>
            <div class="fields-row">
                <label>{texts.present.filter}<input type="search" autocomplete="off" bind:value=filter/></label>
                {move || {
                    chooser.track();
                    options()
                }}
            </div>
            <p class="hint" role="status">{count}</p>
            <Said outcome/>
            <p class="hint" class:hidden=move || words().is_empty()>{words}</p>
            <ul class="on-site" aria-label=texts.present.title>
                {each(move || wanted.get(), |tab| tab.id, move |tab| view! { <Row id=tab.id wanted asked outcome look/> })}
            </ul>
        </main>
    }
}

/// Whether somebody is on a page whose address or title has this part, in lower case.
fn is_on(tab: &OnSite, part: &str) -> bool {
    part.is_empty() || tab.page.url.to_lowercase().contains(part) || tab.page.title.to_lowercase().contains(part)
}

/// What became of an invitation, in words.
fn told(invited: &ChatInvited, texts: &Texts) -> String {
    let words = match invited.fate {
        Fate::Waiting => texts.present.waiting,
        Fate::Shown => texts.present.seen,
        Fate::Declined => texts.present.declined,
        Fate::Accepted => texts.present.accepted,
    };
    fill(words, &[("name", &invited.by.name)])
}

/// Whether somebody can be invited.
fn is_free(tab: &OnSite) -> bool {
    let open = tab.invited.as_ref().is_some_and(|invited| invited.fate != Fate::Declined);
    !tab.chatting && !open
}

#[component]
fn Row(
    id: TabId,
    wanted: Memo<Vec<OnSite>>,
    asked: RwSignal<Option<TabId>>,
    outcome: Outcome,
    look: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let texts = texts();
    let language = language();
    let clock = expect_context::<state::Desk>().clock;
    let tab = Memo::new(move |_| wanted.with(|all| all.iter().find(|tab| tab.id == id).cloned()));
    let page = Memo::new(move |_| tab.get().map(|tab| tab.page).unwrap_or_default());
    let name = Memo::new(move |_| page.with(|page| if page.title.is_empty() { page.url.clone() } else { page.title.clone() }));
    let since: Memo<Millis> = Memo::new(move |_| tab.with(|tab| tab.as_ref().map(|tab| tab.since).unwrap_or_default()));
    let facts = move || {
        let here = fill(texts.present.here_for, &[("time", &time::span(clock.get() - since.get(), language))]);
        let tab = tab.get()?;
        let from = (!tab.page.referrer.is_empty()).then(|| fill(texts.present.from, &[("address", &tab.page.referrer)]));
        let device = Some(tab.device).filter(|device| !device.is_empty());
        Some([Some(here), device, tab.locale, from].into_iter().flatten().collect::<Vec<_>>().join(" · "))
    };
    let mark = move || {
        let tab = tab.get()?;
        let words = if tab.chatting { texts.present.chatting.to_owned() } else { told(tab.invited.as_ref()?, texts) };
        Some(view! { <span class="tag accent">{words}</span> })
    };
    let free = Memo::new(move |_| tab.with(|tab| tab.as_ref().is_some_and(is_free)));
    let link = move || {
        let (shown, address) = (name.get(), page.with(|page| page.url.clone()));
        match is_web_address(&address) {
            true => {
                let hint = address.clone();
                view! { <a href=address title=hint target="_blank" rel="noopener nofollow noreferrer" dir="auto">{shown}</a> }
                    .into_any()
            }
            false => view! { <span dir="auto">{shown}</span> }.into_any(),
        }
    };
    let act = move || {
        if !free.get() {
            return None;
        }
        Some(match asked.get() == Some(id) {
            true => view! { <Words id asked outcome look/> }.into_any(),
            false => {
                let label = move || fill(texts.present.invite_on, &[("page", &name.get())]);
                let ask = move |_| {
                    outcome.set(None);
                    asked.set(Some(id));
                };
                view! { <button class="plain" type="button" aria-label=label on:click=ask>{texts.present.invite}</button> }
                    .into_any()
            }
        })
    };
    view! { <li><span>{link}{mark}<span class="hint">{facts}</span></span>{act}</li> }
}

/// The words that somebody is invited with.
#[component]
fn Words(id: TabId, asked: RwSignal<Option<TabId>>, outcome: Outcome, look: impl Fn() + Copy + 'static) -> impl IntoView {
    let texts = texts();
    let words = RwSignal::new(texts.present.proposal.to_owned());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let text = words.with_untracked(|words| words.trim().to_owned());
        if text.is_empty() {
            return outcome.set(Some(Err(texts.present.empty)));
        }
        spawn_local(async move {
            let answer = visitors::invite(id, text).await;
            asked.try_set(None);
            outcome.try_set(Some(answer.map(|()| texts.present.sent).map_err(|error| refused(error, texts))));
            look();
        });
    };
    Effect::new(move || {
        browser::focus(".invite-words input");
    });
    view! {
        <form class="invite-words" on:submit=submit novalidate>
            <label>{texts.present.words}<input maxlength=MAX_FIELD.to_string() autocomplete="off" dir="auto" bind:value=words/></label>
            <button class="primary" type="submit">{texts.present.send}</button>
            <button class="quiet" type="button" on:click=move |_| asked.set(None)>{texts.cancel}</button>
        </form>
    }
}

fn refused(error: RestError, texts: &Texts) -> &'static str {
    match error {
        RestError::Refused(ErrorCode::NotFound) => texts.present.gone,
        RestError::Refused(ErrorCode::WrongState) => texts.present.taken,
        RestError::Refused(ErrorCode::AgentUnavailable) => texts.present.go_online,
        RestError::Refused(ErrorCode::NoFreeSlot) => texts.present.no_slot,
        other => other.words(texts),
    }
}

#[cfg(test)]
mod tests {
    use shared::model::Page;

    use super::*;
    use crate::samples::{person, site_id};
    use crate::text::ENGLISH;

    fn tab() -> OnSite {
        let page = Page { url: "https://kiln.example/Clay".into(), title: "Our glazes".into(), ..Page::default() };
        let (id, since, device) = (TabId::default(), 0, String::new());
        OnSite { id, site: site_id(1), page, since, locale: None, device, chatting: false, invited: None }
    }

    #[test]
    fn pages_are_found_by_address_and_title() {
        assert!(["", "clay", "glaze", "kiln.example"].into_iter().all(|part| is_on(&tab(), part)));
        assert!(!is_on(&tab(), "vase"));
    }

    #[test]
    fn nobody_is_invited_twice_at_a_time_nor_out_of_a_chat() {
        let invited = |fate| OnSite { invited: Some(ChatInvited { by: person(1), fate }), ..tab() };
        assert!(is_free(&tab()) && is_free(&invited(Fate::Declined)));
        assert!(![Fate::Waiting, Fate::Shown, Fate::Accepted].into_iter().any(|fate| is_free(&invited(fate))));
        assert!(!is_free(&OnSite { chatting: true, ..tab() }));
        assert_eq!(told(invited(Fate::Declined).invited.as_ref().unwrap(), &ENGLISH), "declined Agent 1’s invitation");
    }
}
