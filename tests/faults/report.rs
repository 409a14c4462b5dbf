//! One page about a run: what was done to the relay, what it did, what was wrong, and how long people waited.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use shared::ids::Millis;
use shared::model::Body;

use crate::check::{Violation, Wrong, recoveries};
use crate::history::{Did, History};

/// A run, judged.
pub struct Report<'a> {
    /// What was recorded.
    pub history: &'a History,
    /// What is wrong with it.
    pub violations: &'a [Violation],
    /// The seed of its schedule.
    pub seed: u64,
    /// How many rounds.
    pub rounds: u32,
    /// How long, in ms.
    pub took: Millis,
    /// Faults that are impossible here, and why.
    pub skipped: &'a [String],
}

impl Report<'_> {
    fn count(&self, of: impl Fn(&Did) -> bool) -> usize {
        self.history.clients.iter().flat_map(|client| &client.events).filter(|(_, did)| of(did)).count()
    }

    fn wrong(&self, wrong: Wrong) -> usize {
        self.violations.iter().filter(|violation| violation.wrong == wrong).count()
    }

    /// Texts that somebody on the other side was shown.
    fn delivered(&self) -> usize {
        let shown: std::collections::HashSet<_> = self
            .history
            .clients
            .iter()
            .flat_map(|client| &client.events)
            .filter_map(|(_, did)| if let Did::Saw(place) = did { Some(place.id) } else { None })
            .collect();
        let texts = self.history.entries.iter().filter(|entry| matches!(entry.body, Body::Text(_)));
        texts.filter(|entry| shown.contains(&entry.id)).count()
    }
}

impl Display for Report<'_> {
    fn fmt(&self, page: &mut Formatter<'_>) -> fmt::Result {
        let history = self.history;
        let seconds = |millis: Millis| millis as f64 / 1_000.0;
        let mut faults: BTreeMap<(bool, &str), usize> = BTreeMap::new();
        for fault in &history.faults {
            *faults.entry((fault.client.is_some(), fault.kind)).or_default() += 1;
        }
        let of = |network: bool| {
            let faults = faults.iter().filter(|((client, _), _)| *client == network);
            faults.map(|((_, kind), count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ")
        };
        let agents = history.clients.iter().filter(|client| client.is_agent).count();
        let visitors = history.clients.len() - agents;
        writeln!(page, "Fault injection: seed {}, rounds {}, {:.1} s", self.seed, self.rounds, seconds(self.took))?;
        writeln!(page, "  relay        {}", of(false))?;
        writeln!(page, "  network      {}", of(true))?;
        writeln!(page, "  skipped      {}", if self.skipped.is_empty() { "nothing".into() } else { self.skipped.join("; ") })?;
        writeln!(page, "  people       {visitors} visitors, {agents} agents, {} conversations", history.standings.len())?;
        let (said, acked) = (self.count(|did| matches!(did, Did::Said { .. })), self.count(|did| matches!(did, Did::Acked(_))));
        let refused = self.count(|did| matches!(did, Did::Refused(_)));
        writeln!(page, "  messages     sent {said}, acked {acked}, refused for good {refused}, delivered {}", self.delivered())?;
        let wrong = |kind| self.wrong(kind);
        writeln!(
            page,
            "  messages     lost {}, doubled {}, reordered {}, gaps {}, undelivered {}",
            wrong(Wrong::Lost),
            wrong(Wrong::Doubled),
            wrong(Wrong::Reordered),
            wrong(Wrong::Gap),
            wrong(Wrong::Undelivered)
        )?;
        writeln!(
            page,
            "  desk         capacity violations {}, FIFO violations {}, illegal transitions {}",
            wrong(Wrong::Capacity),
            wrong(Wrong::Fifo),
            wrong(Wrong::Transition)
        )?;
        let recoveries = recoveries(history);
        if let Some(longest) = recoveries.iter().max_by_key(|recovery| recovery.took) {
            let (took, fault, client) = (seconds(longest.took), longest.fault, &longest.client);
            writeln!(page, "  recovery     longest {took:.1} s ({client}, after: {fault}), late {}", wrong(Wrong::Recovery))?;
        }
        for violation in self.violations.iter().take(40) {
            writeln!(page, "  {:?}: {}", violation.wrong, violation.what)?;
        }
        Ok(())
    }
}
