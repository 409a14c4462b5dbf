//! Where agents write. The draft belongs to the conversation, not to this view: opening another chat and coming back loses nothing.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use shared::ids::{AgentId, ConversationId, Millis};
use shared::model::MAX_TEXT;

use crate::browser;
use crate::locale::texts;
use crate::row::Row;
use crate::socket::Live;
use crate::text::fill;
use crate::view::at::{self, At, AtList};
use crate::view::slash::{LIST, Slash, SlashList};

/// Pause between two `typing` frames while writing (protocol: at most one every 3 s).
const TYPING_EVERY: Millis = 3_000;

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
    let live = expect_context::<Live>();
    let id = row.id;
    let text = RwSignal::from(row.composer.clone());
    let noting = RwSignal::from(row.noting.clone());
    let whispering = RwSignal::from(row.whispering.clone());
    let may_whisper = whispers;
    let whispers = Memo::new(move |_| may_whisper.get() && noting.get() && whispering.get());
    let holder = {
        let talk = RwSignal::from(row.talk.clone());
        move || talk.with(|talk| talk.agent.as_ref().map(|agent| agent.name.clone()).unwrap_or_default())
    };
    let key = StoredValue::new(draft_key(live.desk.me.get_untracked(), id));
    if text.with_untracked(String::is_empty)
        && let Some(draft) = key.with_value(|key| browser::draft(key))
    {
        text.set(draft);
    }
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
        key.with_value(|key| browser::keep_draft(key, &value));
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
    let slash = Slash::of(row, live);
    let over = Memo::new(move |_| text.with(|text| text.trim().chars().count().saturating_sub(MAX_TEXT)));
    let blank = Memo::new(move |_| text.with(|text| text.trim().is_empty()));
    let send = move || {
        let allowed = noting.get_untracked() || !notes_only.get_untracked();
        if blank.get_untracked() || over.get_untracked() > 0 || !allowed {
            return;
        }
        let said = text.with_untracked(|text| text.trim().to_owned());
        if whispers.get_untracked() {
            live.whisper(id, said);
        } else {
            live.say(id, said, noting.get_untracked());
        }
        text.set(String::new());
        key.with_value(|key| browser::keep_draft(key, ""));
        // A message itself tells that nobody writes it any more.
        told.set_value((0, false));
        noting.set(false);
        whispering.set(false);
        browser::focus("#composer");
    };
    let pressed = move |event: KeyboardEvent| {
        if let Some(text) = at.pressed(&event).or_else(|| slash.pressed(&event)) {
            if let Some(text) = text {
                written(text);
            }
            return;
        }
        // Enter also ends the composition of, say, Japanese: that one is not ours.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send();
        }
    };
    on_cleanup(stop_typing);
    let hint = move || match over.get() {
        0 if whispers.get() => fill(texts.together.whisper_hint, &[("name", &holder())]),
        0 if noting.get() => texts.together.note_names.to_owned(),
        0 => texts.enter_hint.to_owned(),
        over => fill(texts.too_long, &[("over", &over.to_string())]),
    };
    view! {
        <form class="composer" class:noting=move || noting.get() on:submit=move |event| { event.prevent_default(); send(); }>
            <SlashList slash put=written/>
            <AtList at put=written/>
            <textarea id="composer" rows="2" aria-describedby="composer-hint" aria-autocomplete="list"
                aria-controls=move || if at.is_open() { Some(at::LIST) } else { slash.is_open().then_some(LIST) }
                aria-activedescendant=move || at.active().or_else(|| slash.active()) prop:value=move || text.get()
                aria-label=move || if whispers.get() { texts.together.whisper } else if noting.get() { texts.note } else { texts.message }
                placeholder=move || match (whispers.get(), noting.get()) {
                    (true, _) => fill(texts.together.write_whisper, &[("name", &holder())]),
                    (false, true) => texts.write_note.to_owned(),
                    (false, false) => texts.write_message.to_owned(),
                }
                on:input=move |event| written(event_target_value(&event)) on:keydown=pressed></textarea>
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
                <span class="hint" id="composer-hint" class:problem=move || over.get() != 0>{hint}</span>
                <button type="submit" class="primary" disabled=move || blank.get() || over.get() != 0>
                    {move || if whispers.get() { texts.together.send_whisper } else if noting.get() { texts.add_note } else { texts.send }}
                </button>
            </div>
        </form>
    }
}

/// Where a draft outlives a reload: another agent who signs in on the same tab has drafts of their own.
fn draft_key(me: Option<AgentId>, conversation: ConversationId) -> String {
    format!("bulle.draft.{}.{conversation}", me.map(|me| me.to_string()).unwrap_or_default())
}
