//! Where agents write. The draft belongs to the conversation, not to this view: opening another chat and coming back loses nothing, nor does
//! a reload. Files are picked, pasted, or dropped anywhere on the page.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use shared::ids::Millis;
use shared::model::MAX_TEXT;
use wasm_bindgen::JsValue;
use web_sys::FileList;

use crate::browser;
use crate::locale::texts;
use crate::marks::toggled;
use crate::row::Row;
use crate::socket::Live;
use crate::text::fill;
use crate::uploads::{MOST_AT_ONCE, Uploads};
use crate::view::at::{self, At, AtList};
use crate::view::emoji::EmojiPicker;
use crate::view::held::HeldBar;
use crate::view::inbox::Panes;
use crate::view::slash::{LIST, Slash, SlashList};
use crate::view::tray::Tray;

/// Pause between two `typing` frames while writing (protocol: at most one every 3 s).
const TYPING_EVERY: Millis = 3_000;
/// The picker of files, which `keys` opens, too.
pub const PICKER: &str = "#files";

/// Of a text and what is selected in it: the text afterwards, and what is selected then.
type Change<'a> = &'a dyn Fn(&str, usize, usize) -> (String, usize, usize);

/// The composer of one conversation.
#[component]
pub fn Composer(
    /// Whose draft.
    row: Row,
    /// The chat is somebody else's or nobody's: only notes may be added.
    notes_only: Signal<bool>,
    /// A colleague has the chat, and this agent may whisper to them.
    whispers: Memo<bool>,
) -> impl IntoView {
    let texts = texts();
    let words = texts.composing;
    let live = expect_context::<Live>();
    let uploads = expect_context::<Uploads>();
    let emoji = expect_context::<Panes>().emoji;
    let id = row.id;
    let text = RwSignal::from(row.composer.clone());
    let noting = RwSignal::from(row.noting.clone());
    let drafts = StoredValue::new(live.drafts(id));
    let keep = move |text: &str, note: bool| {
        drafts.with_value(|drafts| drafts.iter().for_each(|drafts| drafts.keep(text, note)));
    };
    drafts.with_value(|drafts| drafts.iter().for_each(|drafts| drafts.restore(&row)));
    Effect::new(move || keep(&text.get_untracked(), noting.get()));
    let whispering = RwSignal::from(row.whispering.clone());
    let may_whisper = whispers;
    let whispers = Memo::new(move |_| may_whisper.get() && noting.get() && whispering.get());
    let holder = {
        let talk = RwSignal::from(row.talk.clone());
        move || talk.with(|talk| talk.agent.as_ref().map(|agent| agent.name.clone()).unwrap_or_default())
    };
    // When others were last told that somebody writes, and whether a note; 0: they think nobody does.
    let told = StoredValue::new((0, false));
    let stop_typing = move || {
        if let Some((at, note)) = told.try_update_value(std::mem::take)
            && at != 0
        {
            live.typing(id, false, note);
        }
    };
    let written = move |value: String| {
        let empty = value.trim().is_empty();
        keep(&value, noting.get_untracked());
        text.set(value);
        let now = browser::now();
        let (note, before) = (noting.get_untracked(), told.get_value());
        if empty || (before.0 != 0 && before.1 != note) {
            stop_typing();
        }
        if !empty && now - told.get_value().0 >= TYPING_EVERY {
            told.set_value((now, note));
            live.typing(id, true, note);
        }
    };
    let at = At::of(&row, live);
    let slash = Slash::of(row.clone(), live);
    let over = Memo::new(move |_| text.with(|text| text.trim().chars().count().saturating_sub(MAX_TEXT)));
    let blank = Memo::new(move |_| text.with(|text| text.trim().is_empty()));
    let row = StoredValue::new(row);
    let send = move || {
        let note = noting.get_untracked();
        if blank.get_untracked() || over.get_untracked() > 0 || (notes_only.get_untracked() && !note) {
            return;
        }
        let said = text.with_untracked(|text| text.trim().to_owned());
        if whispers.get_untracked() {
            live.whisper(id, said);
        } else {
            row.with_value(|row| live.send(row, said, note));
        }
        text.set(String::new());
        keep("", note);
        // A message itself tells that nobody writes it any more.
        told.set_value((0, false));
        noting.set(false);
        whispering.set(false);
        browser::focus("#composer");
    };
    let field: NodeRef<html::Textarea> = NodeRef::new();
    // Changes the text around the caret, or what is selected, and leaves the caret where it belongs.
    let alter = move |change: Change<'_>| {
        let Some(area) = field.get_untracked() else { return };
        let before = area.value();
        let at = |place: Result<Option<u32>, JsValue>| place.ok().flatten().map_or(before.len(), |units| byte_of(&before, units));
        let (after, start, end) = change(&before, at(area.selection_start()), at(area.selection_end()));
        area.set_value(&after);
        let _only_other_kinds_refuse = area.set_selection_range(unit_of(&after, start), unit_of(&after, end));
        written(after);
    };
    let pressed = move |event: KeyboardEvent| {
        if let Some(text) = at.pressed(&event).or_else(|| slash.pressed(&event)) {
            if let Some(text) = text {
                written(text);
            }
            return;
        }
        let empty = text.with_untracked(String::is_empty);
        let modified = event.ctrl_key() || event.meta_key();
        match event.key().as_str() {
            // Enter also ends the composition of, say, Japanese: that one is not ours.
            "Enter" if !event.shift_key() && !event.is_composing() => send(),
            "b" if modified => alter(&|text, start, end| toggled(text, start, end, "**")),
            "i" if modified => alter(&|text, start, end| toggled(text, start, end, "*")),
            "z" if modified && empty && row.with_value(|row| row.held.with_untracked(Option::is_some)) => {
                row.with_value(|row| live.undo(row));
            }
            "ArrowUp" if empty && row.with_value(|row| amend_last(live, row)) => {}
            _ => return,
        }
        event.prevent_default();
    };
    on_cleanup(stop_typing);

    let files_allowed = Memo::new(move |_| !notes_only.get() && !noting.get());
    let complaint: RwSignal<Option<String>> = RwSignal::new(None);
    let take = move |files: &FileList| {
        complaint.set(match files_allowed.get_untracked() {
            false => Some(words.not_here.to_owned()),
            true => match uploads.add(live, id, files) {
                0 => None,
                over => Some(fill(words.at_most, &[("count", &MOST_AT_ONCE.to_string()), ("over", &over.to_string())])),
            },
        });
    };
    let pasted = move |event: leptos::ev::ClipboardEvent| {
        if let Some(files) = browser::given_files(&event, "clipboardData") {
            event.prevent_default();
            take(&files);
        }
    };
    let picked = move |event| {
        let input: web_sys::HtmlInputElement = event_target(&event);
        if let Some(files) = input.files() {
            take(&files);
        }
        // The same file may be picked again.
        input.set_value("");
        browser::focus("#composer");
    };
    let hovered = RwSignal::new(false);
    watch_drops(hovered, take);

    let hint = move || match over.get() {
        0 if whispers.get() => fill(texts.together.whisper_hint, &[("name", &holder())]),
        0 if noting.get() => [texts.together.note_names, " · ", words.marks_hint].concat(),
        0 => texts.enter_hint.to_owned(),
        over => fill(texts.too_long, &[("over", &over.to_string())]),
    };
    let put = move |glyph: &str| alter(&|text, start, end| inserted(text, start, end, glyph));
    let close_emoji = move || {
        emoji.set(false);
        browser::focus("#composer");
    };
    view! {
        <form class="composer" class:noting=move || noting.get() class:hovered=move || hovered.get()
            on:submit=move |event| { event.prevent_default(); send(); }>
            <HeldBar row=row.get_value()/>
            <SlashList slash put=written/>
            {move || emoji.get().then(|| view! { <EmojiPicker put close=close_emoji/> })}
            <Tray conversation=id/>
            <p class="problem files-problem" role="alert" class:hidden=move || complaint.with(Option::is_none)>{move || complaint.get()}</p>
            <p class="drop-here" class:hidden=move || !hovered.get()>{move || if files_allowed.get() { words.drop_here } else { words.not_here }}</p>
            <AtList at put=written/>
            <textarea id="composer" rows="2" aria-describedby="composer-hint" aria-autocomplete="list" node_ref=field
                aria-controls=move || if at.is_open() { Some(at::LIST) } else { slash.is_open().then_some(LIST) }
                aria-activedescendant=move || at.active().or_else(|| slash.active()) prop:value=move || text.get()
                aria-label=move || if whispers.get() { texts.together.whisper } else if noting.get() { texts.note } else { texts.message }
                placeholder=move || match (whispers.get(), noting.get()) {
                    (true, _) => fill(texts.together.write_whisper, &[("name", &holder())]),
                    (false, true) => texts.write_note.to_owned(),
                    (false, false) => texts.write_message.to_owned(),
                }
                on:input=move |event| written(event_target_value(&event)) on:keydown=pressed on:paste=pasted></textarea>
            <div class="composer-foot">
                <button type="button" class="toggle" aria-pressed=move || noting.get().to_string() data-key="n" title=texts.note
                    on:click=move |_| { noting.update(|noting| *noting = !*noting); browser::focus("#composer"); }>{texts.note_on}</button>
                {move || may_whisper.get().then(|| view! {
                    <button type="button" class="toggle" aria-pressed=move || whispers.get().to_string() data-key="w" title=texts.together.whisper
                        on:click=move |_| {
                            whispering.set(!whispers.get_untracked());
                            noting.set(true);
                            browser::focus("#composer");
                        }>{texts.together.whisper}</button>
                })}
                <input type="file" id="files" multiple class="hidden" tabindex="-1" aria-hidden="true" on:change=picked/>
                <button type="button" class="quiet tool" aria-label=words.attach title=words.attach class:hidden=move || !files_allowed.get()
                    on:click=move |_| browser::press(PICKER)><span class="icon clip" aria-hidden="true"></span></button>
                <button type="button" class="quiet tool" aria-label=words.emoji title=words.emoji aria-expanded=move || emoji.get().to_string()
                    on:click=move |_| if emoji.get_untracked() { close_emoji() } else { emoji.set(true) }><span class="icon face" aria-hidden="true"></span></button>
                <span class="hint" id="composer-hint" class:problem=move || over.get() != 0>{hint}</span>
                <button type="submit" class="primary" disabled=move || blank.get() || over.get() != 0>
                    {move || if whispers.get() { texts.together.send_whisper } else if noting.get() { texts.add_note } else { texts.send }}
                </button>
            </div>
        </form>
    }
}

/// Begins to change the last message, if it may be; whether it may.
pub fn amend_last(live: Live, row: &Row) -> bool {
    let Some(me) = live.desk.me.get_untracked() else { return false };
    let last = untrack(|| row.amendable(me, live.desk.clock.get())).filter(|(id, _)| row.is_text(*id));
    if let Some((id, _)) = last {
        row.amending.set(Some(id));
    }
    last.is_some()
}

/// Takes what is dropped anywhere on the page: a browser would otherwise open the file in the console's place.
fn watch_drops(hovered: RwSignal<bool>, take: impl Fn(&FileList) + 'static) {
    let over = window_event_listener_untyped("dragover", move |event| {
        if browser::carries_files(&event) {
            event.prevent_default();
            hovered.set(true);
        }
    });
    let left = window_event_listener_untyped("dragleave", move |event| {
        if browser::leaves_window(&event) {
            hovered.set(false);
        }
    });
    let dropped = window_event_listener_untyped("drop", move |event| {
        hovered.set(false);
        if let Some(files) = browser::given_files(&event, "dataTransfer") {
            event.prevent_default();
            take(&files);
        }
    });
    on_cleanup(move || [over, left, dropped].into_iter().for_each(|listener| listener.remove()));
}

/// A text with something in the place of what is selected, and the caret behind it.
fn inserted(text: &str, start: usize, end: usize, piece: &str) -> (String, usize, usize) {
    let caret = start + piece.len();
    ([&text[..start], piece, &text[end..]].concat(), caret, caret)
}

/// Browsers count UTF-16 units: the byte at which so many of them end.
fn byte_of(text: &str, units: u32) -> usize {
    let mut left = units as usize;
    let ends = text.char_indices().find(|(_, letter)| {
        let ends = left == 0;
        left = left.saturating_sub(letter.len_utf16());
        ends
    });
    ends.map_or(text.len(), |(byte, _)| byte)
}

/// The other way.
fn unit_of(text: &str, byte: usize) -> u32 {
    u32::try_from(text.get(..byte).unwrap_or(text).encode_utf16().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_are_counted_as_browsers_do() {
        let text = "a😀é";
        for (units, byte) in [(0, 0), (1, 1), (3, 5), (4, 7)] {
            assert_eq!((byte_of(text, units), unit_of(text, byte)), (byte, units));
        }
        assert_eq!(byte_of(text, 99), 7);
        assert_eq!(inserted("say hi", 4, 6, "👋"), ("say 👋".to_owned(), 8, 8));
    }
}
