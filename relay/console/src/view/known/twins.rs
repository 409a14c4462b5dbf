//! Visitors who may be the same person, and making them one: for supervisors, who are asked whether they are sure.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Twin, VisitorProfile};
use shared::close::ErrorCode;
use shared::ids::VisitorId;

use super::Found;
use crate::locale::{language, texts};
use crate::rest::{RestError, visitors};
use crate::text::{Texts, fill};
use crate::time;
use crate::view::parts::{Refusal, visitor_name};

/// Who becomes whom: whom the site vouches for stays who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    from: VisitorId,
    into: VisitorId,
    /// Whether the site vouches for the one who stays.
    signed: bool,
    /// The other one's name.
    name: String,
}

/// What can be done with two who may be one; `None`: the site vouches for both.
fn wish(profile: &VisitorProfile, twin: &Twin, texts: &Texts) -> Option<Wish> {
    let (this, other) = (&profile.visitor, &twin.visitor);
    let name = visitor_name(other, texts);
    match (this.verified, other.verified) {
        (true, true) => None,
        (_, false) => Some(Wish { from: other.id, into: this.id, signed: this.verified, name }),
        (false, true) => Some(Wish { from: this.id, into: other.id, signed: true, name }),
    }
}

/// The list, where there is anybody.
#[component]
pub fn Twins(found: Found) -> impl IntoView {
    let texts = texts();
    let asking: RwSignal<Option<Wish>> = RwSignal::new(None);
    let problem: RwSignal<Option<&'static str>> = RwSignal::new(None);
    let profile = Memo::new(move |_| {
        let profile = found.with(|found| found.as_ref().and_then(|found| found.as_ref().ok()).cloned());
        profile.filter(|profile| !profile.twins.is_empty())
    });
    let merge = move |wish: Wish| {
        asking.set(None);
        problem.set(None);
        spawn_local(async move {
            match visitors::merge(wish.from, wish.into).await {
                Ok(merged) => {
                    found.try_set(Some(Ok(merged)));
                }
                Err(RestError::Refused(ErrorCode::WrongState)) => {
                    problem.try_set(Some(texts.known.merge_state));
                }
                Err(error) => {
                    problem.try_set(Some(error.words(texts)));
                }
            }
        });
    };
    view! {
        {move || profile.get().map(|profile| {
            let rows = profile.twins.clone().into_iter().map(|twin| {
                let wish = wish(&profile, &twin, texts);
                view! { <Row twin wish asking/> }
            });
            view! {
                <section class="known">
                    <h3 id="twins">{texts.known.twins}</h3>
                    <p class="hint">{texts.known.twins_lead}</p>
                    <ul class="twins" aria-labelledby="twins">{rows.collect_view()}</ul>
                </section>
            }
        })}
        <Refusal words=problem/>
        <Question asking merge/>
    }
}

#[component]
fn Row(twin: Twin, wish: Option<Wish>, asking: RwSignal<Option<Wish>>) -> impl IntoView {
    let texts = texts();
    let name = visitor_name(&twin.visitor, texts);
    let label = fill(texts.known.merge_with, &[("name", &name)]);
    let date = time::moment(twin.last_at, language());
    let facts = fill(texts.known.twin, &[("count", &twin.conversations.to_string()), ("date", &date)]);
    let verified = twin.visitor.verified.then(|| view! { <span class="tag accent">{texts.verified}</span> });
    let act = match wish {
        Some(wish) => view! {
            <button class="plain" type="button" aria-haspopup="dialog" aria-label=label
                on:click=move |_| asking.set(Some(wish.clone()))>{texts.known.merge}</button>
        }
        .into_any(),
        None => view! { <p class="hint">{texts.known.both_signed}</p> }.into_any(),
    };
    view! { <li><strong dir="auto">{name}</strong>{verified}<p class="hint">{facts}</p>{act}</li> }
}

/// Asks once more: a modal dialog, so that focus stays inside and Escape leaves.
#[component]
fn Question(asking: RwSignal<Option<Wish>>, merge: impl Fn(Wish) + Copy + 'static) -> impl IntoView {
    let texts = texts();
    let dialog: NodeRef<html::Dialog> = NodeRef::new();
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            if asking.with(Option::is_none) {
                dialog.close();
            } else if !dialog.open() {
                let _shown_already = dialog.show_modal();
            }
        }
    });
    let lead = move || asking.with(|wish| wish.as_ref().map(|wish| fill(texts.known.merge_lead, &[("name", &wish.name)])));
    let reads = move || {
        asking.with(|wish| {
            wish.as_ref().map(|wish| if wish.signed { texts.known.merge_signed } else { texts.known.merge_browsers })
        })
    };
    let sure = move |_| {
        if let Some(wish) = asking.get_untracked() {
            merge(wish);
        }
    };
    view! {
        <dialog class="dialog" node_ref=dialog aria-labelledby="merge-title" on:close=move |_| asking.set(None)>
            <h2 id="merge-title">{texts.known.merge_title}</h2>
            <p dir="auto">{lead}</p>
            <p>{reads}</p>
            <div class="dialog-foot">
                <button class="plain" type="button" on:click=sure>{texts.known.merge_now}</button>
                <button class="quiet" type="button" on:click=move |_| asking.set(None)>{texts.cancel}</button>
            </div>
        </dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::conversation;
    use crate::text::ENGLISH;

    #[test]
    fn whom_the_site_vouches_for_stays() {
        let of = |number, verified| {
            let mut visitor = conversation(number).visitor;
            visitor.verified = verified;
            visitor
        };
        let wished = |this: bool, other: bool| {
            let profile = VisitorProfile {
                visitor: of(1, this),
                since: 0,
                device: None,
                attributes: Vec::new(),
                fields: Vec::new(),
                keeps_pages: false,
                pages: Vec::new(),
                twins: Vec::new(),
            };
            let twin = Twin { visitor: of(2, other), conversations: 1, last_at: 0 };
            wish(&profile, &twin, &ENGLISH).map(|wish| (wish.from == of(1, this).id, wish.signed))
        };
        assert_eq!(wished(false, false), Some((false, false)), "the other one comes to this one");
        assert_eq!(wished(true, false), Some((false, true)));
        assert_eq!(wished(false, true), Some((true, true)), "this one goes to the other");
        assert_eq!(wished(true, true), None);
    }
}
