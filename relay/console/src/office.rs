//! The second program: the pages that no chat waits for. The first one has the frame around them and the connection. It draws a place,
//! hands over what they know, and takes both away again: one event, with [`Handed`] as JSON, or with nothing.

use std::cell::Cell;

use leptos::ev;
use leptos::mount::{UnmountHandle, mount_to};
use leptos::prelude::*;
use leptos::tachys::view::any_view::AnyViewState;
use shared::api::Me;
use wasm_bindgen::prelude::*;
use web_sys::CustomEvent;

use crate::browser;
use crate::lean;
use crate::locale::Locale;
use crate::nav::Nav;
use crate::notices::Noticing;
use crate::route::Route;
use crate::socket::TICK;
use crate::state::{Desk, Handed};
use crate::view::{EnrolPage, Install, Reports, Settings, Team, Visitors};

/// Id of the place.
pub const PLACE: &str = "office";
/// The event.
const HANDED: &str = "bulle-office";
/// The event by which the second program has the first ask who is signed in.
pub const ASK_AGAIN: &str = "bulle-session";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = bulleOffice, catch)]
    async fn load() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = bulleOfficeSoon)]
    fn load_soon();
}

/// Loads the program, unless it is there; whether it is then.
pub async fn comes() -> bool {
    load().await.is_ok()
}

/// Loads it when the browser has nothing else to do.
pub fn comes_soon() {
    load_soon();
}

/// Hands over; whether there is a page in the place then.
pub fn hand_over(handed: &Handed) -> bool {
    if let Ok(text) = serde_json::to_string(handed) {
        browser::tell(HANDED, &text);
    }
    place().is_some_and(|place| place.has_child_nodes())
}

/// Takes everything away.
pub fn leave() {
    browser::tell(HANDED, "");
}

/// Has the first program ask who is signed in: it may have changed.
pub fn ask_again() {
    browser::tell(ASK_AGAIN, "");
}

fn place() -> Option<web_sys::HtmlElement> {
    browser::document()?.get_element_by_id(PLACE)?.dyn_into().ok()
}

/// A page in its place, gone once this is dropped.
struct Standing {
    _page: UnmountHandle<AnyViewState>,
    desk: Desk,
    /// Of the desk.
    _owner: Owner,
}

impl Standing {
    /// Where there is a place, and texts of this version.
    fn begin(me: Me) -> Option<Self> {
        let place = place()?;
        let owner = Owner::new();
        let (desk, locale) = owner.with(|| (Desk::new(), Locale::detect()));
        if !locale.0.get_untracked().is_known() {
            return None;
        }
        let page = mount_to(place, move || {
            provide_context(desk);
            provide_context(locale);
            view! { <Page me/> }.into_any()
        });
        Some(Self { _page: page, desk, _owner: owner })
    }
}

/// The program: waits for what it is handed.
pub fn listen() {
    let standing: Cell<Option<Standing>> = Cell::new(None);
    window_event_listener(ev::Custom::<CustomEvent>::new(HANDED), move |event| {
        let before = standing.take();
        let Ok(handed) = lean::read::<Handed>(&browser::told(&event)) else { return };
        let now = before.or_else(|| Standing::begin(handed.me.clone()));
        if let Some(now) = &now {
            now.desk.take_over(handed, browser::now());
        }
        standing.set(now);
    });
}

/// The page that the address names, or the one before all others.
#[component]
fn Page(me: Me) -> impl IntoView {
    let nav = Nav::start();
    let desk = expect_context::<Desk>();
    let enrols = me.must_enrol;
    provide_context(nav);
    provide_context(me);
    provide_context(Noticing::start());
    let ticking = set_interval_with_handle(move || desk.tick(browser::now()), TICK).ok();
    on_cleanup(move || {
        if let Some(ticking) = ticking {
            ticking.clear();
        }
    });
    move || match nav.route() {
        _ if enrols => view! { <EnrolPage/> }.into_any(),
        Route::Team => view! { <Team/> }.into_any(),
        Route::Visitors => view! { <Visitors/> }.into_any(),
        Route::Reports => view! { <Reports/> }.into_any(),
        Route::Install => view! { <Install/> }.into_any(),
        Route::Settings(section) => view! { <Settings section/> }.into_any(),
        Route::Inbox | Route::SignIn | Route::Join(_) | Route::History | Route::Missing => ().into_any(),
    }
}
