//! The product as people meet it: a real relay, real browsers, and only what can be seen, clicked and typed.

mod engines;
mod greetings;
mod keyboard;
mod language;
mod launcher;
mod markup;
mod offline;
mod outage;
mod pages;
mod person;
mod pictures;
mod policy;
mod queue;
mod sleep;
mod stage;
mod story;
mod tabs;
