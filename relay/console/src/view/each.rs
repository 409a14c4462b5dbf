//! Keyed lists: a row that stays keeps its node. All of them are of one type underneath, because every `For` of a type of its own is 5 to 10 KB of
//! WebAssembly (measured: 24 of them were 8 % of the console).

use std::hash::{DefaultHasher, Hash, Hasher};

use leptos::prelude::*;

/// A row whose type nobody needs to know any more.
struct Item {
    key: u128,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Draws a row for each of what `rows` gives, anew only when its key is new.
pub fn each<T, K, V>(
    rows: impl Fn() -> Vec<T> + Send + 'static,
    key: impl Fn(&T) -> K + Send + 'static,
    draw: impl Fn(T) -> V + Clone + Send + 'static,
) -> AnyView
where
    T: Send + 'static,
    K: Hash,
    V: IntoView + 'static,
{
    all(Box::new(move || {
        let item = |row: T| {
            let (key, draw) = (print_of(&key(&row)), draw.clone());
            Item { key, draw: Box::new(move || draw(row).into_any()) }
        };
        rows().into_iter().map(item).collect()
    }))
}

fn all(items: Box<dyn Fn() -> Vec<Item> + Send>) -> AnyView {
    view! { <For each=items key=|item| item.key children=|item| (item.draw)()/> }.into_any()
}

/// Two keys of a list never have the same one: it has 128 bits.
fn print_of(key: &impl Hash) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        key.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}
