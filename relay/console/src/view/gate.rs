//! The two doors: signing in, and joining with an invitation (the first admin joins the same way).

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{self, Invitation, MIN_PASSWORD};
use shared::close::ErrorCode;

use crate::app::{Session, Who};
use crate::locale::texts;
use crate::nav::Nav;
use crate::rest::{self, RestError};
use crate::route::Route;
use crate::text::{Texts, fill};
use crate::view::frame::{Brand, LanguageSwitch};
use crate::view::parts::role_word;

/// The card in the middle of both doors.
#[component]
fn Card(
    /// What it is about.
    #[prop(into)]
    title: String,
    /// One sentence more.
    #[prop(into)]
    lead: String,
    /// The form, if there is one.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <main class="gate">
            <div class="card">
                <span class="brand"><Brand/>"Bulle"</span>
                <h1>{title}</h1>
                <p class="lead">{lead}</p>
                {children.map(|children| children())}
            </div>
            <LanguageSwitch/>
        </main>
    }
}

/// Email and password; then, where the account has a second factor, its code.
#[component]
pub fn SignIn(
    /// A session ended while it was in use.
    ejected: bool,
) -> impl IntoView {
    let texts = texts();
    let session = expect_context::<Session>();
    let (email, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (code, wants_code) = (RwSignal::new(String::new()), RwSignal::new(false));
    let busy = RwSignal::new(false);
    // `autofocus` counts at the first drawing of a page only.
    let code_field = NodeRef::<leptos::html::Input>::new();
    Effect::new(move || {
        if let Some(field) = code_field.get() {
            let _cannot_fail_for_a_field_in_view = field.focus();
        }
    });
    let problem: RwSignal<Option<String>> = RwSignal::new(ejected.then(|| texts.signed_out.to_owned()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let body = api::SignIn {
            email: email.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
            code: wants_code.get_untracked().then(|| code.get_untracked()),
        };
        spawn_local(async move {
            match rest::sign_in(&body).await {
                Ok(me) => session.0.set(Who::Agent(me)),
                Err(RestError::Refused(ErrorCode::BadToken)) => problem.set(Some(texts.wrong_credentials.to_owned())),
                Err(RestError::Refused(ErrorCode::SecondFactor)) if body.code.is_none() => wants_code.set(true),
                Err(RestError::Refused(ErrorCode::SecondFactor)) => {
                    code.set(String::new());
                    problem.set(Some(texts.people.code_refused.to_owned()));
                }
                Err(error) => problem.set(Some(error.words(texts).to_owned())),
            }
            busy.try_set(false);
        });
    };
    view! {
        <Card title=texts.sign_in lead=texts.sign_in_lead>
            <form on:submit=submit>
                {move || if wants_code.get() {
                    view! {
                        <p role="status">{texts.people.code_lead}</p>
                        <label>{texts.people.code_at_sign_in}
                            <input name="code" autocomplete="one-time-code" autocapitalize="off" required autofocus node_ref=code_field bind:value=code/>
                        </label>
                    }.into_any()
                } else {
                    view! {
                        <label>{texts.email}<input type="email" name="email" autocomplete="username" required autofocus bind:value=email/></label>
                        <label>{texts.password}
                            <input type="password" name="password" autocomplete="current-password" required bind:value=password/>
                        </label>
                    }.into_any()
                }}
                <p role="alert" class="problem" class:hidden=move || problem.get().is_none()>{move || problem.get()}</p>
                <button class="primary" type="submit" aria-busy=move || busy.get().to_string()>{texts.sign_in}</button>
            </form>
        </Card>
    }
}

/// The page behind an invitation's link.
#[component]
pub fn Join(
    /// The token of the link.
    token: String,
) -> impl IntoView {
    let texts = texts();
    let found: RwSignal<Option<Result<Invitation, RestError>>> = RwSignal::new(None);
    let asked = token.clone();
    spawn_local(async move {
        let answer = rest::invitation(&asked).await;
        found.try_set(Some(answer));
    });
    move || match found.get() {
        None => view! { <p class="waiting" role="status">{texts.loading}</p> }.into_any(),
        Some(Err(error)) => view! { <Card title=texts.join_title lead=gone(error, texts)/> }.into_any(),
        Some(Ok(invitation)) => view! { <JoinForm token=token.clone() invitation/> }.into_any(),
    }
}

fn gone(error: RestError, texts: &Texts) -> &'static str {
    match error {
        RestError::Refused(ErrorCode::NotFound) => texts.join_gone,
        other => other.words(texts),
    }
}

#[component]
fn JoinForm(token: String, invitation: Invitation) -> impl IntoView {
    let texts = texts();
    let session = expect_context::<Session>();
    let nav = expect_context::<Nav>();
    let first = invitation.email.is_empty();
    let (title, lead) = if first {
        (texts.join_first, texts.join_first_lead.to_owned())
    } else {
        (texts.join_title, fill(texts.join_lead, &[("role", role_word(invitation.role, texts))]))
    };
    let (name, email, password) = (RwSignal::new(String::new()), RwSignal::new(invitation.email), RwSignal::new(String::new()));
    let busy = RwSignal::new(false);
    let problem: RwSignal<Option<String>> = RwSignal::new(None);
    let length = MIN_PASSWORD.to_string();
    let hint = fill(texts.password_hint, &[("count", &length)]);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = api::Join {
            name: name.get_untracked().trim().to_owned(),
            email: email.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
        };
        problem.set(check(&body, texts));
        if problem.with_untracked(Option::is_some) || busy.get_untracked() {
            return;
        }
        busy.set(true);
        let token = token.clone();
        spawn_local(async move {
            match rest::join(&token, &body).await {
                Ok(me) => {
                    session.0.set(Who::Agent(me));
                    nav.go(Route::Inbox);
                }
                Err(error) => {
                    problem.try_set(Some(gone(error, texts).to_owned()));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Card title=title lead=lead>
            <form on:submit=submit novalidate>
                <div>
                    <label>{texts.name}<input name="name" autocomplete="name" autofocus aria-describedby="name-hint" bind:value=name/></label>
                    <span class="hint" id="name-hint">{texts.name_hint}</span>
                </div>
                <label>{texts.email}<input type="email" name="email" autocomplete="username" readonly=!first bind:value=email/></label>
                <div>
                    <label>{texts.password}
                        <input type="password" name="password" autocomplete="new-password" aria-describedby="password-hint" bind:value=password/>
                    </label>
                    <span class="hint" id="password-hint">{hint}</span>
                </div>
                <p role="alert" class="problem" class:hidden=move || problem.get().is_none()>{move || problem.get()}</p>
                <button class="primary" type="submit" aria-busy=move || busy.get().to_string()>{texts.join_button}</button>
            </form>
        </Card>
    }
}

/// What is missing before the relay needs to be asked.
fn check(body: &api::Join, texts: &Texts) -> Option<String> {
    if body.name.is_empty() {
        Some(texts.name_missing.to_owned())
    } else if !body.email.contains('@') {
        Some(texts.email_wrong.to_owned())
    } else if body.password.chars().count() < MIN_PASSWORD {
        Some(fill(texts.password_short, &[("count", &MIN_PASSWORD.to_string())]))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::ENGLISH;

    #[test]
    fn a_form_is_checked_before_it_is_sent() {
        let join = |name: &str, email: &str, password: &str| {
            check(&api::Join { name: name.to_owned(), email: email.to_owned(), password: password.to_owned() }, &ENGLISH)
        };
        assert_eq!(join("", "a@b.example", "0123456789").as_deref(), Some(ENGLISH.name_missing));
        assert_eq!(join("Ada", "nobody", "0123456789").as_deref(), Some(ENGLISH.email_wrong));
        assert!(join("Ada", "a@b.example", "012345678").is_some_and(|problem| problem.contains("10")));
        assert_eq!(join("Ada", "a@b.example", "ééééé01234"), None);
    }
}
