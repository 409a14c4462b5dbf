//! The agents' console: served by the relay under `/console/`, its real-time state over `bulle.v1`, the rest over REST.
//!
//! Two programs that share these modules: [`console()`] is all that chats need and comes first, [`office()`] draws the other pages and comes
//! when the first of them is opened, or before, when the browser has nothing else to do.
//!
//! - [`app`]: the root; who is signed in, which page shows; [`office`]: the other program's, and what it is told. [`route`], [`nav`]: the
//!   address. [`locale`], [`text`]: the words
//! - [`socket`]: drives `shared::link`; the only file that touches the WebSocket; [`sending`]: what may still be undone or changed
//! - [`state`]: all real-time signals and the one `apply`; [`row`]: one conversation; [`verbs`]: requests and what they mean
//! - [`notices`]: what an agent is told of; [`bell`]: how, [`push`]: while no console is open
//! - [`rest`]: REST calls; [`lean`]: JSON into values; [`browser`], [`time`]: clock, storage, dates
//! - [`keys`], [`layout`], [`pieces`], [`marks`], [`replies`], [`mention`]: pure parts of keyboard, thread, text, canned replies and notes; [`palette`], [`emoji`], [`fold`]: finding
//! - [`drafts`], [`uploads`]: what is being written, and files on their way
//! - [`window`]: which rows of a long list are drawn
//! - [`view`]: one component per file

mod app;
mod bell;
mod browser;
mod drafts;
mod emoji;
mod fold;
mod keys;
mod layout;
mod lean;
mod locale;
mod marks;
mod mention;
mod nav;
mod notices;
mod office;
mod palette;
mod pieces;
mod push;
mod replies;
mod rest;
mod route;
mod row;
#[cfg(test)]
mod samples;
mod sending;
mod socket;
mod state;
mod text;
mod time;
mod uploads;
mod urgency;
mod verbs;
mod view;
mod window;

/// The first program.
pub fn console() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}

/// The second.
pub fn office() {
    console_error_panic_hook::set_once();
    office::listen();
}
