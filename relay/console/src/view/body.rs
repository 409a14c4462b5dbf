//! What a message shows: text with its marks, a file, quick replies, cards. Every word of it is somebody's, so it only ever becomes text nodes.

use leptos::prelude::*;
use shared::model::{Body, Card, File, Whisper};

use crate::marks::Reach;
use crate::text::{Texts, fill};
use crate::view::marked::marked;

/// What a message holds. Nothing of it is ever markup.
pub fn content(body: &Body, texts: &'static Texts) -> AnyView {
    match body {
        Body::Text(text) => marked(text, Reach::Said),
        Body::Note(text) | Body::Whisper(Whisper { text, .. }) => marked(text, Reach::Note),
        Body::File(file) => attachment(file, texts),
        Body::Menu(menu) => {
            let choices = menu.choices.iter().map(|choice| view! { <li>{choice.clone()}</li> }).collect_view();
            view! { {marked(&menu.text, Reach::Said)}<ul class="choices">{choices}</ul> }.into_any()
        }
        Body::Cards(cards) => cards.iter().map(|card| self::card(card, texts)).collect_view().into_any(),
        Body::Deleted => view! { <em>{texts.deleted}</em> }.into_any(),
        Body::Unknown(_) => view! { <em>{texts.unknown_entry}</em> }.into_any(),
        Body::Event(_) => ().into_any(),
    }
}

/// A picture or a voice note where the relay vouches for its type, and always a link to the file.
fn attachment(file: &File, texts: &'static Texts) -> AnyView {
    // One that this page uploaded before it was reloaded.
    let name = if file.name.is_empty() { texts.composing.a_file.to_owned() } else { file.name.clone() };
    let label = fill(texts.download, &[("name", &name)]);
    let path = file.path.clone();
    let shown = match file.media_type.split('/').next() {
        Some("image") => view! {
            <img src=path.clone() alt=name.clone() width=file.width height=file.height loading="lazy"/>
        }
        .into_any(),
        Some("audio") => view! { <audio controls preload="metadata" src=path.clone()></audio> }.into_any(),
        _ => ().into_any(),
    };
    let size = size(file.size);
    view! { <p class="file">{shown}<a href=path target="_blank" rel="noopener" aria-label=label>{name}</a>" "<small>{size}</small></p> }
        .into_any()
}

fn card(card: &Card, texts: &'static Texts) -> AnyView {
    let buttons = card.buttons.iter().map(|button| view! { <li>{button.label.clone()}</li> }).collect_view();
    view! {
        <div class="card">
            {card.image.as_ref().map(|image| attachment(image, texts))}
            <strong>{card.title.clone()}</strong>
            {card.text.as_deref().map(|text| marked(text, Reach::Said))}
            <ul class="choices">{buttons}</ul>
        </div>
    }
    .into_any()
}

/// A length in bytes as people read it: `812 B`, `14 kB`, `3.2 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        assert_eq!([999, 14_200, 3_290_000].map(size), ["999 B", "14 kB", "3.2 MB"]);
    }
}
