//! The agents' console: served by the relay under `/console/`, its real-time state over `bulle.v1`, the rest over REST.
//!
//! - [`app`]: the root; who is signed in, which page shows. [`route`], [`nav`]: the address. [`locale`], [`text`]: the words
//! - [`socket`]: drives `shared::link`; the only file that touches the WebSocket
//! - [`state`]: all real-time signals and the one `apply`; [`row`]: one conversation; [`verbs`]: requests and what they mean
//! - [`rest`]: REST calls; [`browser`], [`time`]: clock, storage, dates
//! - [`keys`], [`layout`], [`pieces`], [`replies`]: pure parts of keyboard, thread, text and canned replies
//! - [`view`]: one component per file

mod app;
mod browser;
mod keys;
mod layout;
mod locale;
mod nav;
mod pieces;
mod replies;
mod rest;
mod route;
mod row;
#[cfg(test)]
mod samples;
mod socket;
mod state;
mod text;
mod time;
mod urgency;
mod verbs;
mod view;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
