//! Long lists, of which only the rows in view are drawn. The room of the others is kept by padding, so that the scrollbar tells the truth; the
//! keyboard moves through such a list as through any other, because there are always rows beyond the edges of the view.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, HtmlElement};

use crate::browser;
use crate::window::{Heights, View, WHOLE};

/// What scrolls the lists of the inbox and the history.
const SCROLLERS: &str = ".pane, .history-find";

/// What of a list is drawn. `Copy`: every copy is the same.
#[derive(Clone, Copy)]
pub struct Window {
    list: &'static str,
    length: Memo<usize>,
    view: RwSignal<View>,
    heights: StoredValue<Heights>,
}

impl Window {
    /// Over the list element that the selector finds, which holds nothing but its rows; for as long as the current owner lives.
    pub fn over(list: &'static str, length: Memo<usize>) -> Self {
        let whole = View { rows: 0..WHOLE, before: 0, after: 0 };
        let window = Self { list, length, view: RwSignal::new(whole), heights: StoredValue::default() };
        Effect::new(move || {
            length.track();
            window.look();
            // What is drawn for the first time is measured then.
            request_animation_frame(move || window.look());
        });
        Effect::new(move || {
            let View { before, after, .. } = window.view.get();
            if let Some(list) = window.element() {
                for (name, room) in [("padding-block-start", before), ("padding-block-end", after)] {
                    let _known_property = list.style().set_property(name, &format!("{room}px"));
                }
            }
        });
        let moved = Closure::<dyn Fn(Event)>::new(move |_| window.look());
        let document = browser::document();
        if let Some(document) = &document {
            // Scrolling does not bubble.
            let _listens = document.add_event_listener_with_callback_and_bool("scroll", moved.as_ref().unchecked_ref(), true);
        }
        // Before the next key: rows have to be there when it comes.
        let focused = window_event_listener(ev::focusin, move |_| window.look());
        let resized = window_event_listener(ev::resize, move |_| window.look());
        let moved = StoredValue::new_local(moved);
        on_cleanup(move || {
            focused.remove();
            resized.remove();
            moved.try_with_value(|moved| {
                if let Some(document) = browser::document() {
                    let listener = moved.as_ref().unchecked_ref();
                    let _was_there = document.remove_event_listener_with_callback_and_bool("scroll", listener, true);
                }
            });
        });
        window
    }

    /// Those rows that are drawn. Tracks the view.
    pub fn of<T: Clone>(self, rows: &[T]) -> Vec<T> {
        self.view.with(|View { rows: drawn, .. }| {
            // The view follows the list a moment later.
            let end = if rows.len() <= WHOLE { rows.len() } else { drawn.end.min(rows.len()) };
            rows.get(drawn.start.min(end)..end).unwrap_or_default().to_vec()
        })
    }

    fn element(self) -> Option<HtmlElement> {
        browser::document()?.query_selector(self.list).ok()??.dyn_into().ok()
    }

    /// Looks where the list is, measures what is drawn of it, and draws what is in view.
    fn look(self) {
        let (Some(length), Some(drawn)) = (self.length.try_get_untracked(), self.view.try_get_untracked()) else { return };
        if length <= WHOLE && drawn.rows.start == 0 && drawn.after == 0 {
            return;
        }
        let Some(list) = self.element() else { return };
        let Some((from, to)) = in_view(&list) else { return };
        let seen = self.heights.try_update_value(|heights| {
            let elements = list.children();
            for (row, index) in drawn.rows.clone().zip(0..) {
                if let Some(element) = elements.item(index).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
                    heights.measured(row, u32::try_from(element.offset_height()).unwrap_or(0));
                }
            }
            heights.view(length, from, to)
        });
        if let Some(seen) = seen.filter(|seen| *seen != drawn) {
            self.view.set(seen);
        }
    }
}

/// Where a row stands in a long list, from 1, and how many there are; nothing for a list that is drawn whole.
pub fn standing(place: Option<usize>, length: usize) -> (Option<usize>, Option<usize>) {
    if length <= WHOLE { (None, None) } else { (place.map(|place| place + 1), Some(length)) }
}

/// Which part of the list is in view, in pixels from its beginning.
fn in_view(list: &Element) -> Option<(i32, i32)> {
    let scroller = list.closest(SCROLLERS).ok()??;
    let top = scroller.get_bounding_client_rect().top() - list.get_bounding_client_rect().top();
    let top = top as i32;
    Some((top, top + scroller.client_height()))
}

/// Scrolls to the first or the last row of a list, and draws it.
pub fn scroll_to_end(list: &Element, last: bool) {
    let Some(scroller) = list.closest(SCROLLERS).ok().flatten() else { return };
    let (list, view) = (list.get_bounding_client_rect(), scroller.get_bounding_client_rect());
    let by = if last { list.bottom() - view.bottom() } else { list.top() - view.top() };
    scroller.set_scroll_top(scroller.scroll_top() + by as i32);
    if let Ok(scrolled) = Event::new("scroll") {
        let _nobody_prevents_it = scroller.dispatch_event(&scrolled);
    }
}
