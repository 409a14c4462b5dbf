//! The inbox: lists, thread and visitor side by side; on a phone one of them at a time. Also what concerns all three: what the relay
//! is told about the view, and read marks.

use leptos::ev;
use leptos::prelude::*;
use shared::link::Status;
use shared::model::Conversation;

use crate::browser;
use crate::locale::texts;
use crate::socket::Live;
use crate::view::earlier::Earlier;
use crate::view::frame::Frame;
use crate::view::lists::Lists;
use crate::view::shortcuts::Shortcuts;
use crate::view::thread::Thread;
use crate::view::transfer::TransferPicker;
use crate::view::visitor::VisitorPane;

/// What the inbox shows beside what the desk knows, in context.
#[derive(Clone, Copy)]
pub struct Panes {
    /// The overlay of keys is open.
    pub help: RwSignal<bool>,
    /// The picker of an agent to transfer to is open.
    pub picker: RwSignal<bool>,
    /// On narrow screens: the visitor's page covers the thread.
    pub details: RwSignal<bool>,
    /// The emoji stand above the composer.
    pub emoji: RwSignal<bool>,
    /// An earlier conversation is being read instead of the thread.
    pub earlier: RwSignal<Option<Conversation>>,
}

/// The inbox.
#[component]
pub fn Inbox() -> impl IntoView {
    let texts = texts();
    let live = expect_context::<Live>();
    let desk = live.desk;
    let panes = Panes {
        help: RwSignal::new(false),
        picker: RwSignal::new(false),
        details: RwSignal::new(false),
        emoji: RwSignal::new(false),
        earlier: RwSignal::new(None),
    };
    provide_context(panes);

    // The relay sends drafts for the rows in view and everything for the open thread. A welcome tells it anew by itself.
    Effect::new(move |told: Option<_>| {
        let view = (desk.queue.get(), desk.open.get());
        if desk.status.get_untracked() == Status::Online && told.as_ref().is_some_and(|told| *told != view) {
            live.show();
        }
        view
    });
    Effect::new(move || {
        let open = desk.open.get();
        // Set to what it is, it would draw the thread anew, and whoever has begun to write would lose the focus.
        if panes.earlier.with_untracked(Option::is_some) {
            panes.earlier.set(None);
        }
        panes.picker.set(false);
        panes.details.set(false);
        panes.emoji.set(false);
        if let Some(row) = open.and_then(|id| desk.row(id)) {
            row.problem.set(None);
        }
    });
    Effect::new(move || {
        if let Some(row) = desk.open.get().and_then(|id| desk.row(id)) {
            row.lines.track();
            desk.mentions.track();
            live.look();
        }
    });
    let visible = window_event_listener(ev::visibilitychange, move |_| live.look());
    on_cleanup(move || visible.remove());
    // A row that moves to another list takes the focus with it; on a phone the page that covers the row gets it.
    let home = Memo::new(move |_| {
        let open = desk.open.get()?;
        let lists = [desk.queue, desk.messages, desk.mine, desk.parked, desk.offers];
        Some((open, lists.into_iter().position(|list| list.with(|list| list.contains(&open)))))
    });
    Effect::new(move || {
        if let Some((id, _)) = home.get() {
            request_animation_frame(move || keep_focus(&format!("[data-row='{id}']")));
        }
    });

    let page = move || match (desk.open.get(), panes.details.get()) {
        (None, _) => "lists",
        (Some(_), false) => "thread",
        (Some(_), true) => "visitor",
    };
    let thread = move || {
        let row = desk.open.get().and_then(|id| desk.row(id));
        match (row, panes.earlier.get()) {
            (Some(_), Some(talk)) => view! { <Earlier talk/> }.into_any(),
            (Some(row), None) => view! { <Thread row/> }.into_any(),
            (None, _) => view! {
                <div class="blank"><h1 class="blank-title">{texts.nothing_open}</h1><p class="hint">{texts.nothing_open_hint}</p></div>
            }
            .into_any(),
        }
    };
    let visitor = move || desk.open.get().and_then(|id| desk.row(id)).map(|row| view! { <VisitorPane row/> });
    view! {
        <Frame help=panes.help>
            <div class="inbox" data-page=page>
                <Lists/>
                <main id="page" class="pane thread" tabindex="-1">{thread}</main>
                <aside class="pane visitor" aria-label=texts.about_visitor>{visitor}</aside>
            </div>
            <TransferPicker/>
            <Shortcuts/>
        </Frame>
    }
}

/// Gives a lost focus to the row of the open conversation, or to the thread where the row is not in view.
fn keep_focus(row: &str) {
    let lost = || browser::focused().is_none_or(|focused| focused.tag_name() == "BODY");
    if lost() {
        browser::focus(row);
        if lost() {
            browser::focus("#page");
        }
    }
}
