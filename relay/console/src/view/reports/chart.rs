//! Bars: how many conversations, and how many of them were abandoned. The table below says the same in numbers.

use leptos::prelude::*;
use shared::api::Slice;

use crate::locale::texts;
use crate::text::fill;

/// Size of the drawing in its own units; it grows with the page.
const WIDTH: f64 = 800.0;
/// Height of the highest bar.
const HEIGHT: f64 = 140.0;
/// Room for names below.
const BELOW: f64 = 18.0;
/// Part of its place that a bar fills.
const FILLED: f64 = 0.7;
/// Names that have room below.
const MOST_NAMES: usize = 12;

/// A bar for each slice.
#[component]
pub fn Chart(title: &'static str, slices: Vec<Slice>) -> impl IntoView {
    let words = texts().reports;
    let most = slices.iter().map(|slice| slice.figures.conversations).max().unwrap_or(0);
    let all: u32 = slices.iter().map(|slice| slice.figures.conversations).sum();
    let label = fill(words.chart, &[("title", title), ("count", &all.to_string()), ("most", &most.to_string())]);
    let place = WIDTH / slices.len().max(1) as f64;
    let every = slices.len().div_ceil(MOST_NAMES).max(1);
    let bars = slices.into_iter().enumerate().map(|(number, slice)| {
        let left = place * number as f64;
        let part = |count: u32| HEIGHT * f64::from(count) / f64::from(most.max(1));
        let bar = |class: &'static str, count: u32| {
            let height = part(count);
            view! { <rect class=class x=left + place * (1.0 - FILLED) / 2.0 y=HEIGHT - height width=place * FILLED height=height></rect> }
        };
        let name = number.is_multiple_of(every).then(|| {
            // Of a day its month and day.
            let short = if slice.name.len() > 5 { slice.name.get(5..).unwrap_or_default().to_owned() } else { slice.name.clone() };
            view! { <text x=left + place / 2.0 y=HEIGHT + BELOW - 4.0>{short}</text> }
        });
        view! { {bar("bar-all", slice.figures.conversations)}{bar("bar-abandoned", slice.figures.abandoned)}{name} }
    });
    view! {
        <svg class="chart" viewBox=format!("0 0 {WIDTH} {}", HEIGHT + BELOW) role="img" aria-label=label>{bars.collect_view()}</svg>
        <p class="hint chart-key"><span class="key-all"></span>{words.conversations}<span class="key-abandoned"></span>{words.abandoned}</p>
    }
}
