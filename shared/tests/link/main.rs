//! Properties of [`shared::link`] against a simulated network in virtual time: connections that break at any byte, swallow, delay and
//! overlap; a relay that restarts, refuses and answers late; a bus that loses; pages that reload; clocks that jump.
//! `PROPTEST_CASES` sets how many worlds are tried.

#![allow(clippy::expect_used, reason = "in a test, a panic is the report")]

mod client;
mod network;
mod relay;
mod world;

use proptest::collection::vec;
use proptest::prelude::*;
use shared::ids::Millis;
use shared::link::{ANSWER_WITHIN, BACKOFF_MOST, PING_EVERY};

use crate::relay::{VISITORS, conversation};
use crate::world::{CAST, Deed, Kind, World};

/// From the last fault to perfect order: a half-open connection is found (ping and answer), the back-off passes, a socket that neither
/// opens nor fails is given up and waited for again, a held-back message goes, and a lost live entry is found by the next ping.
const HEALS_WITHIN: Millis = 2 * (PING_EVERY * 6 / 5 + ANSWER_WITHIN + BACKOFF_MOST) + ANSWER_WITHIN;
/// What one client may write while it heals: pings, hellos and the outbox, but no storm.
const WRITES_WHILE_HEALING: usize = 150;

fn deed() -> impl Strategy<Value = Deed> {
    let (client, place) = (0..CAST.len(), 0..VISITORS);
    let kind = prop_oneof![6 => Just(Kind::Plain), 1 => Just(Kind::Note), 1 => Just(Kind::Refused)];
    prop_oneof![
        12 => (client.clone(), place.clone(), kind).prop_map(|(client, conversation, kind)| Deed::Say { client, conversation, kind }),
        2 => (place.clone(), any::<bool>()).prop_map(|(conversation, internal)| Deed::Happen { conversation, internal }),
        3 => (client.clone(), place.clone()).prop_map(|(client, conversation)| Deed::Follow { client, conversation }),
        1 => (client.clone(), place).prop_map(|(client, conversation)| Deed::Unfollow { client, conversation }),
        1 => client.clone().prop_map(|client| Deed::Wake { client }),
        1 => client.clone().prop_map(|client| Deed::Pause { client }),
        2 => (client.clone(), 0_usize..12).prop_map(|(client, after_actions)| Deed::Reload { client, after_actions }),
        3 => (client.clone(), any::<bool>()).prop_map(|(client, silently)| Deed::Break { client, silently }),
        1 => Just(Deed::RestartRelay),
        1 => (client, -40_000_000_i64..40_000_000).prop_map(|(client, by)| Deed::Clock { client, by }),
    ]
}

/// Most deeds come in quick succession, some after a while.
fn pause() -> impl Strategy<Value = Millis> {
    prop_oneof![4 => Just(0_i64), 6 => 1_i64..50, 4 => 50_i64..3_000, 1 => 3_000_i64..40_000]
}

/// A world takes less than a millisecond, so that more of them than usual are affordable (three seconds on two busy cores).
fn config() -> ProptestConfig {
    let usual = ProptestConfig { max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { usual.cases } else { 3_000 };
    ProptestConfig { cases, ..usual }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_message_arrives_once_and_in_order(
        seed: u64,
        bus_loss in prop_oneof![Just(0_u64), Just(10), Just(60), Just(100)],
        script in vec((pause(), deed()), 1..60),
    ) {
        let mut world = World::new(seed, bus_loss);
        for (pause, deed) in script {
            world.run(pause);
            world.act(deed);
        }
        world.clear_up();
        let written: Vec<usize> = world.clients.iter().map(|client| client.written).collect();
        let healed_by = world.now + HEALS_WITHIN;
        while !world.everyone_is_up_to_date() {
            prop_assert!(world.now < healed_by, "the links did not converge");
            world.run(500);
        }
        world.run(HEALS_WITHIN);
        prop_assert!(world.everyone_is_up_to_date(), "peace did not last");
        for (client, before) in world.clients.iter().zip(written) {
            prop_assert!(client.written - before < WRITES_WHILE_HEALING, "a storm of {} frames", client.written - before);
            for place in 0..VISITORS {
                let lane = |spoken: &Option<_>| spoken.is_none_or(|spoken| spoken == conversation(place));
                let stored: Vec<_> = world.relay.ids(conversation(place), client.author).collect();
                let arrived: Vec<_> = client.said.iter().filter(|(spoken, id)| lane(spoken) && stored.contains(id)).collect();
                let order: Vec<_> = stored.iter().filter(|id| client.said.iter().any(|(_, said)| said == *id)).collect();
                prop_assert_eq!(order, arrived.iter().map(|(_, id)| id).collect::<Vec<_>>(), "out of order");
            }
            let everywhere: Vec<_> = (0..VISITORS).flat_map(|place| world.relay.ids(conversation(place), client.author)).collect();
            for id in &client.shown {
                let arrived = everywhere.iter().filter(|stored| *stored == id).count();
                prop_assert_eq!(arrived, usize::from(!client.doomed.contains(id)), "lost or doubled");
            }
        }
    }
}
