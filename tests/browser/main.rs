//! The product as people meet it: a real relay, real browsers, and only what can be seen, clicked and typed.

mod embed;
mod engines;
mod examples;
mod greetings;
mod hosts;
mod install;
mod keyboard;
mod language;
mod launcher;
mod markup;
mod messages;
mod offline;
mod outage;
mod pages;
mod person;
mod pictures;
mod policies;
mod policy;
mod queue;
mod stage;
mod story;
mod tabs;
mod town;
