//! The product as people meet it: a real relay, real browsers, and only what can be seen, clicked and typed.

mod access;
mod colors;
mod engines;
mod keyboard;
mod language;
mod languages;
mod launcher;
mod markup;
mod offline;
mod outage;
mod pages;
mod person;
mod phone;
mod pictures;
mod policy;
mod queue;
mod stage;
mod story;
