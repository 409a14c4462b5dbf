//! What the agent sees: one component per file. Views read signals and act through [`Live`](crate::socket::Live); everything that
//! visitors typed reaches the page as text nodes.

mod access;
mod actions;
mod block;
mod blocked;
mod body;
mod composer;
mod earlier;
mod frame;
mod gate;
mod history;
mod inbox;
mod install;
mod line;
mod listed;
mod lists;
mod parts;
mod personal;
mod presence;
mod reports;
mod settings;
mod shortcuts;
mod slash;
mod tags;
mod team;
mod teams;
mod thread;
mod transfer;
mod visitor;

pub use frame::Missing;
pub use gate::{Join, SignIn};
pub use history::History;
pub use inbox::Inbox;
pub use install::Install;
pub use reports::Reports;
pub use settings::Settings;
pub use team::Team;
