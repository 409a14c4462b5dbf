//! What tells of messages while the panel does not show them: a word for screen readers here, and by `more/unread.js`, which is loaded
//! with the first one, the page's title, a sound, and a notification. Which tab rings is decided in `tabs.rs`.

use crate::json::Writer;
use crate::more::more;
use crate::state::Chat;
use crate::view::*;

/// The place of the word, outside of the dialog: it is said while that is closed.
pub fn unread(chat: Chat) -> impl RenderHtml {
    let node = NodeRef::<html::P>::new();
    let mut before = (0, 0);
    watch(move || {
        let now = chat.state.with(|state| (state.unread(), state.rings));
        if now != before
            && let Some(place) = node.get()
        {
            let rings = now.1 != before.1;
            before = now;
            let json = chat.state.with_untracked(|state| {
                let (name, text) = state.latest().map_or(("", ""), |latest| (latest.1, latest.2));
                let json = Writer::new().number("count", now.0.into()).number("rings", rings.into());
                json.text("name", Some(name)).text("text", Some(text)).end()
            });
            more(chat, "unread", Some(&place), Some(&json));
        }
    });
    html::p().class("unread").attr("role", "status").node_ref(node)
}
