//! The command palette, on every page: Ctrl or ⌘ and K opens it over whatever is there; typing narrows, arrow keys choose, Enter does, Escape
//! leaves and gives the focus back.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::api::{Me, Reply};

use crate::keys::{ACTIONS, Command};
use crate::locale::texts;
use crate::nav::Nav;
use crate::palette::{Choice, Entry, matching};
use crate::rest::replies;
use crate::route::Route;
use crate::row::Row;
use crate::socket::Live;
use crate::text::{Texts, fill};
use crate::verbs::{Verb, may_write};
use crate::view::frame::pages;
use crate::view::parts::{state_word, visitor_name};
use crate::view::slash::filled_for;

/// Id of the list.
const LIST: &str = "palette-list";

/// What was chosen here and is the inbox's to do, in context: it may not be in view yet.
#[derive(Clone, Copy)]
pub struct Wish(pub RwSignal<Option<Command>>);

/// Whether the palette is open, in context.
#[derive(Clone, Copy)]
pub struct PaletteOpen(pub RwSignal<bool>);

/// Draws it and listens for its key.
#[component]
pub fn Palette() -> impl IntoView {
    let texts = texts();
    let words = texts.palette;
    let live = expect_context::<Live>();
    let me = expect_context::<Me>();
    let nav = expect_context::<Nav>();
    let wish = expect_context::<Wish>();
    let open = expect_context::<PaletteOpen>().0;
    open.set(false);
    let (typed, chosen) = (RwSignal::new(String::new()), RwSignal::new(0));
    let entries: RwSignal<Vec<Entry>> = RwSignal::default();
    let found = Memo::new(move |_| entries.with(|entries| typed.with(|typed| matching(entries, typed))));
    let dialog: NodeRef<html::Dialog> = NodeRef::new();

    let show = StoredValue::new(me);
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if !open.get() {
            dialog.close();
            return;
        }
        typed.set(String::new());
        chosen.set(0);
        // As it stands now: what changes meanwhile must not take away what was typed.
        entries.set(untrack(|| show.with_value(|me| gather(live, me, texts))));
        if !dialog.open() {
            let _shown_already = dialog.show_modal();
        }
        spawn_local(async move {
            let Some(row) = open_row(live).filter(|row| is_writable(live, row)) else { return };
            // Without them everything else is found all the same.
            let known = replies::all().await.unwrap_or_default();
            let mine = show.try_with_value(|me| offered(live, me, &row, known, texts)).unwrap_or_default();
            entries.try_update(|entries| entries.extend(mine));
        });
    });
    let listener = window_event_listener(ev::keydown, move |event| {
        if (event.ctrl_key() || event.meta_key()) && !event.alt_key() && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            open.update(|open| *open = !*open);
        }
    });
    on_cleanup(move || listener.remove());

    let choose = move |number: usize| {
        let Some(entry) = found.with_untracked(|found| found.get(number).cloned()) else { return };
        // Closed at once: what follows may move the focus, and the dialog gives it back when it goes.
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
        open.set(false);
        match entry.choice {
            Choice::Page(route) => nav.go(route),
            Choice::Do(command) => {
                nav.go_unless_there(Route::Inbox);
                wish.0.set(Some(command));
            }
            Choice::Chat(id) => {
                nav.go_unless_there(Route::Inbox);
                live.open(Some(id));
            }
            Choice::Say(text) => {
                nav.go_unless_there(Route::Inbox);
                if let Some(row) = open_row(live) {
                    row.composer.update(|composer| {
                        let apart = !composer.is_empty() && !composer.ends_with(char::is_whitespace);
                        composer.push_str(if apart { " " } else { "" });
                        composer.push_str(&text);
                    });
                    wish.0.set(Some(if row.noting.get_untracked() { Command::Note } else { Command::Reply }));
                }
            }
        }
    };
    // Told a frame later: it may be open again by then, or another page's in its place.
    let closed = move |_| {
        if dialog.get_untracked().is_some_and(|dialog| !dialog.open() && dialog.is_connected()) {
            open.set(false);
        }
    };
    let pressed = move |event: ev::KeyboardEvent| {
        let count = found.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if count > 0 => chosen.update(|chosen| *chosen = (*chosen + 1) % count),
            "ArrowUp" if count > 0 => chosen.update(|chosen| *chosen = (*chosen + count - 1) % count),
            "Enter" if !event.is_composing() => choose(chosen.get_untracked()),
            "Escape" => open.set(false),
            _ => {
                // The rest of the page's keys rest; its own key closes it.
                if !((event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k")) {
                    event.stop_propagation();
                }
                return;
            }
        }
        event.prevent_default();
        event.stop_propagation();
    };
    Effect::new(move || {
        let id = option(chosen.get());
        request_animation_frame(move || crate::browser::reveal(&id));
    });
    let row = move |(number, entry): (usize, Entry)| {
        let is_chosen = move || chosen.get() == number;
        view! {
            <li role="option" id=option(number) aria-selected=move || is_chosen().to_string() on:click=move |_| choose(number)>
                <span class="palette-name" dir="auto">{entry.name}</span>
                <span class="hint">{entry.kind}</span>
                {(!entry.hint.is_empty()).then(|| view! { <span class="palette-hint">{entry.hint}</span> })}
            </li>
        }
    };
    let said = move || match found.with(Vec::len) {
        0 => words.nothing.to_owned(),
        count => fill(words.found, &[("count", &count.to_string())]),
    };
    view! {
        <dialog class="dialog palette" node_ref=dialog aria-label=words.title on:close=closed on:keydown=pressed>
            <input type="text" role="combobox" autocomplete="off" spellcheck="false" placeholder=words.find aria-label=words.find
                aria-expanded="true" aria-controls=LIST aria-autocomplete="list"
                aria-activedescendant=move || (!found.with(Vec::is_empty)).then(|| option(chosen.get()))
                prop:value=move || typed.get() on:input=move |event| { typed.set(event_target_value(&event)); chosen.set(0); }/>
            <ul role="listbox" id=LIST aria-label=words.results>
                {move || found.get().into_iter().enumerate().map(row).collect_view()}
            </ul>
            <p class="hint" role="status">{said}</p>
        </dialog>
    }
}

fn option(number: usize) -> String {
    format!("{LIST}-{number}")
}

fn open_row(live: Live) -> Option<Row> {
    live.desk.open.get_untracked().and_then(|id| live.desk.row(id))
}

fn is_writable(live: Live, row: &Row) -> bool {
    live.desk.me.get_untracked().is_some_and(|me| row.talk.with_untracked(|talk| may_write(talk, me)))
}

/// Everything that can be chosen now: what can be done, where one can go, who can be talked to.
fn gather(live: Live, me: &Me, texts: &'static Texts) -> Vec<Entry> {
    let words = texts.palette;
    let actions = ACTIONS.iter().filter(|(command, ..)| fits(*command, live));
    let actions = actions.map(|(command, does, key)| {
        let key = if *key == "T" { "⇧T" } else { key };
        Entry::new(Choice::Do(*command), does(texts), words.action, key)
    });
    let pages = pages(me.role, texts).into_iter().map(|(route, name)| Entry::new(Choice::Page(route), name, words.page, ""));
    let desk = live.desk;
    let lists = [desk.mine, desk.offers, desk.parked, desk.queue, desk.messages];
    let chats = lists.into_iter().flat_map(|list| list.get_untracked()).filter_map(|id| desk.row(id)).map(|row| {
        let talk = row.talk.get_untracked();
        Entry::new(Choice::Chat(row.id), visitor_name(&talk.visitor, texts), state_word(talk.state, texts), talk.preview)
    });
    actions.chain(pages).chain(chats).collect()
}

/// The canned replies for the open conversation, filled with its names.
fn offered(live: Live, me: &Me, row: &Row, known: Vec<Reply>, texts: &'static Texts) -> Vec<Entry> {
    let site = row.talk.with_untracked(|talk| talk.site);
    let here = known.into_iter().filter(|reply| reply.site.is_none_or(|only| only == site));
    here.map(|reply| {
        let text = filled_for(live, row, me, &reply.text);
        Entry::new(Choice::Say(text.clone()), ["/", &reply.shortcut].concat(), texts.palette.reply, text)
    })
    .collect()
}

/// Whether a command makes sense now.
fn fits(command: Command, live: Live) -> bool {
    let desk = live.desk;
    let (Some(me), row) = (desk.me.get_untracked(), open_row(live)) else { return false };
    let verb = |verb: Verb| row.as_ref().is_some_and(|row| row.talk.with_untracked(|talk| verb.fits(talk, me)));
    let amendable = || row.as_ref().and_then(|row| Some((row, untrack(|| row.amendable(me, desk.clock.get()))?)));
    match command {
        Command::Take => verb(Verb::Take),
        Command::TakeOver => desk.supervises() && verb(Verb::TakeOver),
        Command::Whisper => {
            desk.supervises() && row.as_ref().is_some_and(|row| row.talk.with_untracked(|talk| talk.agent.is_some()))
        }
        Command::Mention => desk.mentions.with_untracked(|all| !all.is_empty()),
        Command::Close => verb(Verb::Close),
        Command::Transfer => verb(Verb::Transfer(me)),
        Command::GiveBack => verb(Verb::GiveBack),
        Command::Dismiss => verb(Verb::Dismiss) && row.as_ref().is_some_and(|row| untrack(|| row.is_dismissable(me))),
        Command::Accept | Command::Decline => !desk.offers.with_untracked(Vec::is_empty),
        Command::Note => row.is_some(),
        Command::Reply | Command::Attach | Command::Emoji => row.as_ref().is_some_and(|row| is_writable(live, row)),
        Command::Change => amendable().is_some_and(|(row, (id, _))| row.is_text(id)),
        Command::TakeBack => amendable().is_some(),
        Command::Undo => row.as_ref().is_some_and(|row| row.held.with_untracked(Option::is_some)),
        Command::Presence | Command::Help => true,
        Command::Next | Command::Previous | Command::First | Command::Last | Command::Mine(_) | Command::Leave => false,
    }
}
