//! The relay as people meet it: over real sockets, with a real database, on a port of its own.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

mod account;
mod accounts;
mod backup;
mod blocks;
mod bot;
mod desk;
mod erasure;
mod events;
mod files;
mod files_attacked;
mod files_s3;
mod handover;
mod hostile;
mod kill;
mod known;
mod limits;
mod load;
mod logs;
mod mail;
mod mail_servers;
mod network;
mod numbers;
mod present;
mod push;
mod replies;
mod reports;
mod resume;
mod search;
mod security_http;
mod security_identity;
mod security_origin;
mod security_session;
mod settings;
mod stop;
mod story;
mod stuck;
mod supervise;
mod talk;
mod teams;
mod together;
mod tokens;
