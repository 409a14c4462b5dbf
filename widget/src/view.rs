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
use web_sys::{Element, MouseEvent};

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

/// A view on the page; dropping it takes away the nodes, effects and listeners that were made while it was built.
pub struct Mounted {
    nodes: Box<dyn Mountable>,
    owner: Owner,
}

impl Mounted {
    /// Makes something that goes with the view.
    pub fn within(&self, make: impl FnOnce()) {
        self.owner.with(make);
    }
}

/// Builds a view inside an element; what was made along with it comes back.
pub fn mount_in<V: Render, T>(place: &Element, make: impl FnOnce() -> (V, T)) -> (Mounted, T)
where
    V::State: 'static,
{
    // Fails when another panel on the page has done it already.
    _ = Executor::init_wasm_bindgen();
    let owner = Owner::new();
    let (nodes, made) = owner.with(|| {
        let (view, made) = make();
        (view.build(), made)
    });
    let mut nodes: Box<dyn Mountable> = Box::new(nodes);
    nodes.mount(place, None);
    (Mounted { nodes, owner }, made)
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.nodes.unmount();
        self.owner.cleanup();
    }
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

/// A button: drawn by `panel.css` and named by a label, or with a text.
pub fn button(class: &'static str, label: &'static str, text: &'static str, press: impl Fn() + 'static) -> impl RenderHtml {
    html::button()
        .attr("type", "button")
        .class(class)
        .attr("aria-label", label)
        .on(ev::click, call(move |_: MouseEvent| press()))
        .child(text)
}
