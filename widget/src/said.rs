//! What a message shows: text with its web addresses as links, a file, cards. Called by `log.rs` for every row. What somebody said only
//! ever becomes text nodes and, for web addresses, links.

use std::sync::Arc;

use shared::model::{Body, Menu};
use web_sys::Element;

use crate::codec;
use crate::more::{more, words};
use crate::state::Chat;

/// Puts a message into its place. Files and cards are drawn by a module of their own; until it is there, their name stands for them.
pub fn fill(place: Element, (chat, body): (Chat, Arc<Body>)) {
    let json = match &*body {
        Body::Text(text) | Body::Menu(Menu { text, .. }) => return words(&place, text),
        Body::File(file) => codec::write_file(file),
        Body::Cards(cards) => codec::write_cards(cards),
        _ => return place.set_text_content(Some(chat.texts.deleted)),
    };
    place.set_text_content(body.preview());
    more(chat, "show", Some(&place), Some(&json));
}
