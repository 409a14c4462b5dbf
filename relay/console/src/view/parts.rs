//! Small parts that several views share: avatar, names, copy button, refusals.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::{Role, State, Visitor};
use std::time::Duration;

use crate::browser;
use crate::locale::texts;
use crate::text::Texts;

/// How many tints the style sheet has for avatars.
const TINTS: u128 = 8;
/// How long "Copied" stays.
const COPIED_STAYS: Duration = Duration::from_secs(2);

/// The visitor's name; without one, "Visitor" and the end of their id, so that two of them can be told apart.
pub fn visitor_name(visitor: &Visitor, texts: &Texts) -> String {
    given_name(visitor).map_or_else(|| format!("{} {}", texts.visitor, id_end(visitor)), str::to_owned)
}

/// What stands in a visitor's avatar: their initials, or the beginning of what tells the nameless apart.
pub fn visitor_initials(visitor: &Visitor) -> String {
    given_name(visitor).map_or_else(|| id_end(visitor).chars().take(2).collect(), initials)
}

fn given_name(visitor: &Visitor) -> Option<&str> {
    [&visitor.name, &visitor.email].into_iter().flatten().map(|given| given.trim()).find(|given| !given.is_empty())
}

fn id_end(visitor: &Visitor) -> String {
    format!("{:04x}", visitor.id.0.as_u128() & 0xffff)
}

/// The first letters of the first two words.
pub fn initials(name: &str) -> String {
    name.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect()
}

/// A state in one word.
pub fn state_word(state: State, texts: &Texts) -> &'static str {
    match state {
        State::Queued => texts.state_queued,
        State::Active => texts.state_active,
        State::Parked => texts.state_parked,
        State::Closed => texts.state_closed,
    }
}

/// The roles that somebody can be given, with their names in forms.
pub const ROLES: [(Role, &str); 3] = [(Role::Agent, "agent"), (Role::Supervisor, "supervisor"), (Role::Admin, "admin")];

/// The role of this name in a form.
pub fn role_named(name: &str) -> Option<Role> {
    ROLES.into_iter().find(|(_, known)| *known == name).map(|(role, _)| role)
}

/// A role in one word.
pub fn role_word(role: Role, texts: &Texts) -> &'static str {
    match role {
        Role::Agent => texts.role_agent,
        Role::Supervisor => texts.role_supervisor,
        Role::Admin => texts.role_admin,
    }
}

/// Initials on a tint that follows from the id. Decoration: the name stands beside it.
#[component]
pub fn Avatar(
    /// Two letters.
    #[prop(into)]
    initials: Signal<String>,
    /// Chooses the tint.
    id: u128,
) -> impl IntoView {
    let shown = move || initials.get();
    let class = format!("avatar tint-{}", id % TINTS);
    view! { <span class=class aria-hidden="true">{shown}</span> }
}

/// A button that puts a text on the clipboard and says whether it did.
#[component]
pub fn CopyButton(
    /// What to copy.
    text: String,
) -> impl IntoView {
    let texts = texts();
    let copied: RwSignal<Option<bool>> = RwSignal::new(None);
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            copied.set(Some(browser::copy(&text).await));
            set_timeout(
                move || {
                    copied.try_set(None);
                },
                COPIED_STAYS,
            );
        });
    };
    let word = move || if copied.get() == Some(true) { texts.copied } else { texts.copy };
    view! {
        <button type="button" class="quiet" on:click=copy>{word}</button>
        <span role="status" class="hint">{move || (copied.get() == Some(false)).then_some(texts.copy_failed)}</span>
    }
}

/// A refusal in words, announced when it appears.
#[component]
pub fn Refusal(
    /// What to say; nothing while there is nothing to say.
    #[prop(into)]
    words: Signal<Option<&'static str>>,
) -> impl IntoView {
    view! { <p role="alert" class="problem" class:hidden=move || words.get().is_none()>{move || words.get()}</p> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::conversation;
    use crate::text::ENGLISH;

    #[test]
    fn visitors_without_a_name_can_be_told_apart() {
        let nameless = conversation(0xab).visitor;
        assert_eq!(visitor_name(&nameless, &ENGLISH), "Visitor abab");
        assert_eq!(visitor_initials(&nameless), "ab");
        let named = Visitor { name: Some(" Grace  Brewster Hopper ".to_owned()), ..nameless.clone() };
        assert_eq!(visitor_initials(&named), "GB");
        let blank = Visitor { name: Some("  ".to_owned()), email: Some("g@navy.example".to_owned()), ..nameless };
        assert_eq!(visitor_name(&blank, &ENGLISH), "g@navy.example", "a blank name is none");
    }
}
