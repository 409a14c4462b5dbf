//! The edge: everything that speaks HTTP and WebSocket.
//!
//! - [`router`]: the routes and what handlers share
//! - [`caller`]: who sent a request; [`origin`]: the rules for that
//! - [`auth`], [`passwords`], [`totp`]: sessions, hashing, codes; [`device`]: what browsers are; [`identity`]: what site owners sign; [`limits`], [`seats`]: how fast, how many
//! - [`assets`], [`sets`]: the widget's files, this version's and earlier ones'
//! - [`loader`], [`pages`]: files, made by [`embedded`] from what `build.rs` compiled in
//! - [`files`]: what was uploaded
//! - [`rooms`]: the two pages with the panel alone
//! - [`greetings`]: what pages show by themselves · [`attributes`], [`beacon`]: what they say of visitors · [`sightings`]: where script tags are · [`health`]: alive, ready, metrics
//! - [`listener`]: accepts connections; [`upgrade`]: the two WebSocket endpoints; [`events`]: the way where these do not pass;
//!   [`socket`]: the one loop that serves them all

pub mod assets;
pub mod attributes;
pub mod auth;
pub mod beacon;
pub mod caller;
pub mod device;
pub mod embedded;
pub mod events;
pub mod files;
pub mod greetings;
pub mod health;
pub mod identity;
pub mod limits;
pub mod listener;
pub mod loader;
pub mod origin;
pub mod pages;
pub mod passwords;
pub mod rooms;
pub mod router;
pub mod seats;
pub mod sets;
pub mod sightings;
pub mod socket;
pub mod totp;
pub mod upgrade;
