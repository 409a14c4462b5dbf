//! What the pages of the second program know of the desk: the first hands it over whenever it changes.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::api::Me;
use shared::ids::Millis;
use shared::model::{Agent, Site, Team};

use super::Desk;

/// It, with who is signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handed {
    /// Who.
    pub me: Me,
    /// The relay's clock.
    now: Millis,
    agents: Vec<Agent>,
    teams: Vec<Team>,
    sites: Vec<Site>,
}

impl Desk {
    /// What is to be handed over. Tracks it, but for the clock, which both programs move on.
    pub fn hand_over(&self, me: Me) -> Handed {
        let now = self.clock.get_untracked();
        Handed { me, now, agents: self.agents.get(), teams: self.teams.get(), sites: self.sites.get() }
    }

    /// Takes it in; `now` is this browser's clock. What has not changed is not drawn anew.
    pub fn take_over(&self, handed: Handed, now: Millis) {
        self.skew.set_value(handed.now - now);
        self.tick(now);
        learn(self.agents, handed.agents);
        learn(self.teams, handed.teams);
        learn(self.sites, handed.sites);
    }
}

fn learn<T: PartialEq + Send + Sync + 'static>(known: RwSignal<T>, news: T) {
    if known.with_untracked(|known| *known != news) {
        known.set(news);
    }
}
