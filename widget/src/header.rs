//! Who the visitor talks to, and the end of the conversation (asked once), beside the button that closes the panel.

use crate::Shell;
use crate::more::toggle;
use crate::state::Chat;
use crate::view::*;

/// The header of the panel. `panel.css` shows the way to the end while there is a conversation, and the question while it is asked.
pub fn header(chat: Chat, shell: &Shell) {
    let close = shell.close();
    // `shell.js` has put it there.
    let Some(header) = close.parent_element() else { return };
    let Chat { state, texts, .. } = chat;
    let name = move || state.with(|state| state.agent().unwrap_or(&state.site).to_owned());
    let initial = move || name().chars().next().map(String::from).unwrap_or_default();
    let presence = move || {
        state.with(|state| match (state.agent(), state.answering) {
            (Some(_), _) => texts.with_you.to_owned(),
            (None, true) => state.says(texts, |words| &words.here, texts.here),
            (None, false) => state.says(texts, |words| &words.away, texts.away),
        })
    };
    let asking = RwSignal::new(false);
    let class = move || match (state.with(|state| (state.is_open(), state.thread.is_some())), asking.get()) {
        ((false, false), _) => String::new(),
        ((false, true), _) => "had".to_owned(),
        (_, false) => "had open".to_owned(),
        (_, true) => "had open asking".to_owned(),
    };
    let end = move || asking.set(!chat.relay.with_value(|relay| relay.end()));
    let question = (
        html::span().child(texts.end_question),
        button("plain", texts.end_cancel, texts.end_cancel, move || asking.set(false)),
        button("main", texts.end, texts.end, end),
    );
    let parts = (
        button("transcript icon", texts.transcript, "", move || toggle(chat, "transcript")),
        button("end icon", texts.end, "", move || asking.update(|asking| *asking = !*asking)),
    );
    put(parts, &header, Some(&close));
    put(html::div().class("question").attr("role", "alert").child(question), &header, None);
    watch(move || header.set_class_name(&class()));
    follow(shell.face(), initial);
    follow(shell.title(), name);
    follow(shell.presence(), presence);
}
