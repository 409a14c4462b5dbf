//! After the end of a conversation: the rating, where the site asks for one, and the way to a new conversation.

use crate::composer;
use crate::more::slot;
use crate::state::Chat;
use crate::view::*;

/// What stands below the log once the conversation is over.
pub fn over(chat: Chat) -> impl RenderHtml {
    let class = move || if chat.state.with(|state| state.is_over()) { "over".to_owned() } else { "none".to_owned() };
    let anew = move || {
        chat.state.update(|state| state.start_over());
        composer::focus(chat);
    };
    html::div().class(live(class)).child((
        slot(chat, "rating", |chat| if chat.state.with(|state| state.wants_rating()) { "rating" } else { "" }),
        button("plain anew", chat.texts.fresh, chat.texts.fresh, anew),
    ))
}
