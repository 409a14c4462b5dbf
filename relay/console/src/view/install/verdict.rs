//! What the relay's notes say about the pasted tag: where it works, where it does not and what to do about it. Pure.

use shared::api::{Sighting, Sightings};
use shared::ids::Millis;

/// The panel says hello within this time of being fetched, in ms: if it can at all, and if it was not only fetched in advance.
const CONNECTS_WITHIN: Millis = 60_000;

/// What became of the tag somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Visitors chat there.
    Works,
    /// The launcher is there; nobody has opened the chat yet.
    Seen,
    /// It is there, but the origin is not on the list.
    Foreign,
    /// The panel was fetched and never connected: a policy may refuse the socket.
    Blocked,
    /// A loader of an earlier version is pinned there.
    Old,
    /// The browser does not tell from where.
    Unsaid,
}

impl Verdict {
    /// Whether there is something to do.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Foreign | Self::Blocked | Self::Old)
    }
}

/// An origin, when it was last heard of, and what that means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where; empty when the browser did not tell.
    pub origin: String,
    /// When.
    pub at: Millis,
    /// What.
    pub verdict: Verdict,
}

/// One finding for each origin, the latest first.
pub fn findings(sightings: &Sightings) -> Vec<Finding> {
    let mut findings: Vec<Finding> = sightings.origins.iter().map(finding).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.at));
    findings
}

fn finding(seen: &Sighting) -> Finding {
    let script = seen.script_at.max(seen.old_at);
    let at = script.max(seen.panel_at).max(seen.socket_at).max(seen.refused_at).unwrap_or(0);
    let verdict = if !seen.allowed {
        Verdict::Foreign
    } else if seen.origin.is_empty() {
        Verdict::Unsaid
    } else if seen.old_at > seen.script_at {
        Verdict::Old
    } else if seen.panel_at > seen.socket_at.map(|at| at + CONNECTS_WITHIN) {
        Verdict::Blocked
    } else if seen.socket_at.is_some() {
        Verdict::Works
    } else {
        Verdict::Seen
    };
    Finding { origin: seen.origin.clone(), at, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(change: impl FnOnce(&mut Sighting)) -> Finding {
        let mut sighting = Sighting {
            origin: "https://shop.example".to_owned(),
            allowed: true,
            script_at: Some(1_000),
            panel_at: None,
            socket_at: None,
            refused_at: None,
            old_at: None,
        };
        change(&mut sighting);
        finding(&sighting)
    }

    #[test]
    fn each_trouble_has_its_sign() {
        assert_eq!(seen(|_| {}).verdict, Verdict::Seen);
        assert_eq!(seen(|seen| seen.socket_at = Some(2_000)).verdict, Verdict::Works);
        assert_eq!(seen(|seen| seen.panel_at = Some(2_000)).verdict, Verdict::Blocked);
        assert_eq!(seen(|seen| seen.old_at = Some(2_000)).verdict, Verdict::Old);
        assert_eq!(seen(|seen| seen.origin.clear()).verdict, Verdict::Unsaid);
        let foreign = seen(|seen| (seen.allowed, seen.socket_at, seen.refused_at) = (false, Some(1), Some(3_000)));
        assert_eq!((foreign.verdict, foreign.at), (Verdict::Foreign, 3_000));
    }

    #[test]
    fn what_works_again_is_no_trouble_any_more() {
        let works = seen(|seen| (seen.panel_at, seen.socket_at) = (Some(9_000), Some(2_000)));
        assert_eq!(works.verdict, Verdict::Works, "files come from the browser's cache, so the socket may be older");
        let replaced = seen(|seen| (seen.old_at, seen.socket_at) = (Some(500), Some(2_000)));
        assert_eq!(replaced.verdict, Verdict::Works);
        assert!(seen(|seen| (seen.panel_at, seen.socket_at) = (Some(90_000), Some(2_000))).verdict.is_trouble());
    }
}
