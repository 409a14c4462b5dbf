//! Canned replies: all that one may use, and the form in which they are made and changed.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{MAX_SHORTCUT, Me, Reply, ReplyDraft, shortcut};
use shared::close::ErrorCode;
use shared::ids::ReplyId;
use shared::model::{MAX_TEXT, Role};

use crate::browser;
use crate::locale::texts;
use crate::replies::PLACES;
use crate::rest::{RestError, replies};
use crate::state;
use crate::text::{Texts, fill};
use crate::view::settings::account::{Outcome, Said};

/// What is being written.
#[derive(Clone, Copy)]
struct Form {
    /// The reply that is changed; `None`: a new one.
    place: RwSignal<Option<ReplyId>>,
    /// Its shortcut as it was.
    was: RwSignal<String>,
    shortcut: RwSignal<String>,
    text: RwSignal<String>,
    /// The site's id; empty: all.
    site: RwSignal<String>,
    shared: RwSignal<bool>,
    outcome: Outcome,
}

impl Form {
    fn fill(self, reply: Option<&Reply>) {
        self.place.set(reply.map(|reply| reply.id));
        self.was.set(reply.map(|reply| reply.shortcut.clone()).unwrap_or_default());
        self.shortcut.set(self.was.get_untracked());
        self.text.set(reply.map(|reply| reply.text.clone()).unwrap_or_default());
        self.site.set(reply.and_then(|reply| reply.site).map(|site| site.to_string()).unwrap_or_default());
        self.shared.set(reply.is_some_and(|reply| reply.owner.is_none()));
    }

    fn draft(self, texts: &Texts) -> Result<ReplyDraft, &'static str> {
        let shortcut = shortcut(&self.shortcut.get_untracked()).ok_or(texts.replies.wrong_shortcut)?;
        let text = self.text.get_untracked().trim().to_owned();
        match text.chars().count() {
            0 => Err(texts.replies.no_text),
            1..=MAX_TEXT => {
                let site = self.site.get_untracked().parse().ok();
                Ok(ReplyDraft { shortcut, text, site, shared: self.shared.get_untracked() })
            }
            _ => Err(texts.replies.long_text),
        }
    }
}

/// A refusal in words: the form has checked all but whether there is such a shortcut.
fn words(error: RestError, texts: &Texts) -> &'static str {
    match error {
        RestError::Refused(ErrorCode::InvalidField) => texts.replies.taken,
        RestError::Refused(ErrorCode::WrongState) => texts.replies.full,
        other => other.words(texts),
    }
}

/// The page.
#[component]
pub fn Replies() -> impl IntoView {
    let texts = texts();
    let me = expect_context::<Me>();
    let supervises = me.role >= Role::Supervisor;
    let found: RwSignal<Option<Result<Vec<Reply>, RestError>>> = RwSignal::new(None);
    let form = Form {
        place: RwSignal::new(None),
        was: RwSignal::default(),
        shortcut: RwSignal::default(),
        text: RwSignal::default(),
        site: RwSignal::default(),
        shared: RwSignal::new(false),
        outcome: RwSignal::new(None),
    };
    let load = move || {
        spawn_local(async move {
            let answer = replies::all().await;
            found.try_set(Some(answer));
        });
    };
    load();
    let remove = move |id: ReplyId| {
        spawn_local(async move {
            let answer = replies::remove(id).await;
            if form.place.try_get_untracked().flatten() == Some(id) {
                form.fill(None);
            }
            form.outcome.try_set(Some(answer.map(|()| texts.replies.removed).map_err(|error| error.words(texts))));
            load();
        });
    };
    let change = move |reply: &Reply| {
        form.fill(Some(reply));
        form.outcome.set(None);
        browser::focus("#reply-shortcut");
    };
    let list = move || match found.get() {
        None => view! { <p role="status">{texts.loading}</p> }.into_any(),
        Some(Err(error)) => view! {
            <p role="alert" class="problem">{error.words(texts)}</p>
            <button class="plain" type="button" on:click=move |_| load()>{texts.try_again}</button>
        }
        .into_any(),
        Some(Ok(all)) if all.is_empty() => view! { <p>{texts.replies.none}</p> }.into_any(),
        Some(Ok(all)) => {
            let rows = all.into_iter().map(|reply| view! { <Kept reply supervises change remove/> }).collect_view();
            view! { <ul class="sessions replies">{rows}</ul> }.into_any()
        }
    };
    view! {
        <p class="lead">{fill(texts.replies.lead, &[("places", PLACES)])}</p>
        <Write form supervises load/>
        <section class="panel">
            <h2>{texts.replies.list}</h2>
            {list}
        </section>
    }
}

#[component]
fn Write(form: Form, supervises: bool, load: impl Fn() + Copy + 'static) -> impl IntoView {
    let texts = texts();
    let sites = expect_context::<state::Desk>().sites;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let draft = match form.draft(texts) {
            Ok(draft) => draft,
            Err(problem) => return form.outcome.set(Some(Err(problem))),
        };
        spawn_local(async move {
            let answer = replies::keep(form.place.get_untracked(), &draft).await;
            if answer.is_ok() {
                form.fill(None);
                load();
            }
            form.outcome.try_set(Some(answer.map(|_| texts.saved).map_err(|error| words(error, texts))));
        });
    };
    let title = move || match form.place.get() {
        None => texts.replies.new.to_owned(),
        Some(_) => fill(texts.replies.changing, &[("shortcut", &form.was.get())]),
    };
    let options = move || {
        let options = |site: shared::model::Site| {
            let id = site.id.to_string();
            let value = id.clone();
            view! { <option value=value selected=move || form.site.get() == id>{site.name}</option> }
        };
        sites.get().into_iter().map(options).collect_view()
    };
    let hint = fill(texts.replies.shortcut_hint, &[("count", &MAX_SHORTCUT.to_string())]);
    view! {
        <section class="panel">
            <h2>{title}</h2>
            <form class="reply-form" on:submit=submit novalidate>
                <div class="fields-row">
                    <label>{texts.replies.shortcut}
                        <input id="reply-shortcut" autocomplete="off" autocapitalize="none" aria-describedby="shortcut-hint" bind:value=form.shortcut/>
                    </label>
                    <label>{texts.replies.site}
                        <select on:change=move |event| form.site.set(event_target_value(&event))>
                            <option value="" selected=move || form.site.with(String::is_empty)>{texts.replies.all_sites}</option>
                            {options}
                        </select>
                    </label>
                </div>
                <p class="hint" id="shortcut-hint">{hint}</p>
                <label>{texts.replies.text}<textarea rows="4" bind:value=form.text></textarea></label>
                {supervises.then(|| view! {
                    <label class="check"><input type="checkbox" bind:checked=form.shared/>{texts.replies.shared}</label>
                })}
                <p class="reply-acts">
                    <button class="primary" type="submit">{texts.replies.save}</button>
                    {move || form.place.get().is_some().then(|| view! {
                        <button class="quiet" type="button" on:click=move |_| form.fill(None)>{texts.cancel}</button>
                    })}
                    <Said outcome=form.outcome/>
                </p>
            </form>
        </section>
    }
}

#[component]
fn Kept(
    reply: Reply,
    supervises: bool,
    change: impl Fn(&Reply) + Copy + 'static,
    remove: impl Fn(ReplyId) + Copy + 'static,
) -> impl IntoView {
    let texts = texts();
    let sites = expect_context::<state::Desk>().sites;
    let shared = reply.owner.is_none();
    let site = reply.site;
    let place = move || match site {
        None => texts.replies.all_sites.to_owned(),
        Some(id) => sites.with(|sites| sites.iter().find(|site| site.id == id).map(|site| site.name.clone())).unwrap_or_default(),
    };
    let shortcut = [("shortcut", reply.shortcut.as_str())];
    let (to_change, to_remove) = (fill(texts.replies.change_one, &shortcut), fill(texts.replies.remove_one, &shortcut));
    let (id, again) = (reply.id, reply.clone());
    view! {
        <li>
            <div>
                <strong>"/"{reply.shortcut}</strong>
                <span class="tag">{if shared { texts.replies.shared } else { texts.replies.own }}</span>
                <p class="reply-text" dir="auto">{reply.text}</p>
                <p class="hint">{place}</p>
            </div>
            {(supervises || !shared).then(|| view! {
                <span class="reply-acts">
                    <button class="quiet" type="button" aria-label=to_change on:click=move |_| change(&again)>{texts.replies.change}</button>
                    <button class="quiet" type="button" aria-label=to_remove on:click=move |_| remove(id)>{texts.replies.remove}</button>
                </span>
            })}
        </li>
    }
}
