//! Draws a text with its marks (`marks.rs`): elements around text nodes, never HTML.

use leptos::prelude::*;

use crate::marks::{Block, Reach, Span, blocks};

/// A text as paragraphs, lists and code.
pub fn marked(text: &str, reach: Reach) -> AnyView {
    blocks(text, reach).into_iter().map(block).collect_view().into_any()
}

fn block(block: Block) -> AnyView {
    match block {
        Block::Lines(spans) => view! { <p>{all(spans)}</p> }.into_any(),
        Block::Code(code) => view! { <pre><code>{code}</code></pre> }.into_any(),
        Block::List(numbered, items) => {
            let items = items.into_iter().map(|item| view! { <li>{all(item)}</li> }).collect_view();
            if numbered { view! { <ol>{items}</ol> }.into_any() } else { view! { <ul>{items}</ul> }.into_any() }
        }
    }
}

fn all(spans: Vec<Span>) -> AnyView {
    spans.into_iter().map(span).collect_view().into_any()
}

fn span(span: Span) -> AnyView {
    match span {
        Span::Plain(text) => text.into_any(),
        Span::Strong(text) => view! { <strong>{text}</strong> }.into_any(),
        Span::Stressed(text) => view! { <em>{text}</em> }.into_any(),
        Span::Code(text) => view! { <code>{text}</code> }.into_any(),
        Span::Address(address) => link(address.clone(), address),
        // Where it leads is never hidden.
        Span::Link { label, address } => view! { {link(address.clone(), label)}" "<small>{host(&address)}</small> }.into_any(),
    }
}

fn link(address: String, shown: String) -> AnyView {
    view! { <a href=address target="_blank" rel="noopener nofollow noreferrer">{shown}</a> }.into_any()
}

fn host(address: &str) -> String {
    address.split('/').nth(2).unwrap_or_default().to_owned()
}
