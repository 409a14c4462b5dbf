//! The parts of Leptos that the panel uses, and the few shapes that all components share. Every closure of a new type makes the
//! compiler write the renderer once more, about 1 KB each: so [`live`], [`call`] and [`button`] give closures one type.

use std::sync::{Arc, Mutex};

use any_spawner::Executor;
pub use reactive_graph::effect::Effect;
pub use reactive_graph::owner::{LocalStorage, Owner, StoredValue};
pub use reactive_graph::prelude::*;
pub use reactive_graph::signal::RwSignal;
pub use tachys::dom::{document, window};
pub use tachys::html::element as html;
pub use tachys::html::event as ev;
pub use tachys::prelude::*;
use tachys::reactive_graph::SharedReactiveFunction;
pub use tachys::reactive_graph::node_ref::NodeRef;
use web_sys::{Element, MouseEvent, Node};

/// Something that follows the signals that it reads.
pub type Live<T> = SharedReactiveFunction<T>;

/// Makes a value follow its signals.
pub fn live<T: 'static>(read: impl Fn() -> T + Send + 'static) -> Live<T> {
    Arc::new(Mutex::new(read))
}

/// Makes an event handler.
pub fn call<E: 'static>(handle: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(handle)
}

/// Lets effects run. Fails when another panel on the page has done it already.
pub fn prepare() {
    _ = Executor::init_wasm_bindgen();
}

/// Builds a view into an element of the shell, before one of its children or as the last. Its effects end with the owner that it was built under.
pub fn put<V: Render>(view: V, place: &Element, before: Option<&Node>)
where
    V::State: 'static,
{
    let mut nodes: Box<dyn Mountable> = Box::new(view.build());
    nodes.mount(place, before);
    StoredValue::new_local(nodes);
}

/// Does something once all effects have run that are due now.
pub fn soon(work: impl FnOnce() + 'static) {
    Executor::spawn_local(async move { work() });
}

/// Does something now and whenever a signal that it reads has changed.
pub fn watch(act: impl FnMut() + 'static) {
    let mut act: Box<dyn FnMut()> = Box::new(act);
    Effect::new(move |_: Option<()>| act());
}

/// Keeps an element's text as it should be.
pub fn follow(place: Element, text: impl Fn() -> String + 'static) {
    let mut before = None;
    watch(move || {
        let now = Some(text());
        if now != before {
            place.set_text_content(now.as_deref());
            before = now;
        }
    });
}

/// A button: drawn by `panel.css` and named by a label, or with a text.
pub fn button(class: &'static str, label: &'static str, text: &'static str, press: impl Fn() + 'static) -> impl RenderHtml {
    html::button()
        .attr("type", "button")
        .class(class)
        .attr("aria-label", label)
        .on(ev::click, call(move |_: MouseEvent| press()))
        .child(text)
}
