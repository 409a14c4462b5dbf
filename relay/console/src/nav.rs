//! Where the console is: the address bar as a signal, without reloads. Links stay links: middle click and "open in new tab" work.
//! Both programs of the page follow it: whoever changes the address tells it by the event that browsers have for "back".

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::browser;
use crate::route::Route;

/// The event of another address.
const MOVED: &str = "popstate";

/// The page in view, in context.
#[derive(Clone, Copy)]
pub struct Nav(RwSignal<Route>);

impl Nav {
    /// Reads the address and follows it from now on.
    pub fn start() -> Self {
        let nav = Self(RwSignal::new(here()));
        let listener = window_event_listener(ev::popstate, move |_| nav.0.set(here()));
        on_cleanup(move || listener.remove());
        nav
    }

    /// The page in view. Tracks it.
    pub fn route(self) -> Route {
        self.0.get()
    }

    /// Goes to a page that is not in view.
    pub fn go_unless_there(self, route: Route) {
        if self.0.get_untracked() != route {
            self.go(route);
        }
    }

    /// Goes to a page.
    pub fn go(self, route: Route) {
        if let Some(history) = history() {
            let _refused_only_for_foreign_addresses = history.push_state_with_url(&JsValue::NULL, "", Some(&route.path()));
        }
        browser::tell(MOVED, "");
    }

    /// Goes to a page in place of this one: "back" does not lead here any more.
    pub fn replace(self, route: Route) {
        if let Some(history) = history() {
            let _refused_only_for_foreign_addresses = history.replace_state_with_url(&JsValue::NULL, "", Some(&route.path()));
        }
        browser::tell(MOVED, "");
    }
}

fn history() -> Option<web_sys::History> {
    browser::window().and_then(|window| window.history().ok())
}

fn here() -> Route {
    let path = browser::window().and_then(|window| window.location().pathname().ok());
    path.map_or(Route::Missing, |path| Route::of(&path))
}

/// A link inside the console.
#[component]
pub fn Link(
    /// Where it leads.
    to: Route,
    /// What it shows.
    children: Children,
) -> impl IntoView {
    let nav = expect_context::<Nav>();
    let path = to.path();
    let current = {
        let to = to.clone();
        move || (nav.route() == to).then_some("page")
    };
    let follow = move |event: ev::MouseEvent| {
        if event.button() == 0 && !event.ctrl_key() && !event.meta_key() && !event.shift_key() {
            event.prevent_default();
            nav.go(to.clone());
        }
    };
    view! { <a href=path aria-current=current on:click=follow>{children()}</a> }
}
