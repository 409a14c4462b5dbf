//! The rules of [`shared::link`] one by one, and what senseless relays and clocks can do to it. What follows from the rules together
//! is tested in `../link/`.

#![allow(clippy::expect_used, reason = "in a test, a panic is the report")]

mod bench;
mod connection;
mod entries;
mod messages;

use proptest::collection::vec;
use proptest::prelude::*;
use shared::close::ErrorCode;
use shared::frame::Entries;
use shared::ids::Millis;
use shared::link::Link;
use shared::visitor::{self, FromRelay};

use crate::bench::{Bench, ack, conversation, entry, live, pong, refusal, say, welcome, writes};

/// Anything that can be done to a link, with any numbers.
fn abuse() -> impl Strategy<Value = (Millis, u8, Option<FromRelay>)> {
    let seq = || prop_oneof![0_u64..6, Just(u64::MAX), Just(u64::MAX - 1), any::<u64>()];
    let time = prop_oneof![8 => 0_i64..20_000, 1 => -9_000_000_i64..0, 1 => 0_i64..Millis::MAX / 4, 1 => Just(Millis::MIN / 4)];
    let pages = (vec((seq(), seq()), 0..4), any::<bool>()).prop_map(|(seqs, more)| {
        let entries = seqs.into_iter().map(|(seq, prev)| entry(seq, prev)).collect();
        FromRelay::Entries(Entries { conversation: conversation(), entries, more })
    });
    let code = prop_oneof![Just(ErrorCode::Internal), Just(ErrorCode::Forbidden)];
    let frame = prop_oneof![
        2 => seq().prop_map(welcome),
        1 => seq().prop_map(pong),
        2 => (seq(), seq()).prop_map(|(seq, prev)| live(seq, prev)),
        2 => pages,
        2 => (0_u8..6, seq(), seq()).prop_map(|(number, seq, prev)| ack(number, seq, prev)),
        2 => (0_u8..6, code, any::<Option<i64>>()).prop_map(|(number, code, pause)| refusal(Some(number), code, pause)),
    ];
    (time, 0_u8..14, proptest::option::of(frame))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_relay_and_no_clock_makes_it_panic_or_spin(seed: u64, calls in vec(abuse(), 1..80)) {
        let mut bench = Bench::new(vec![say(1), say(1), say(2)]);
        bench.link = Link::new(visitor::Dialect::default(), seed, vec![say(1), say(1), say(2)]);
        for (span, call, frame) in calls {
            bench.now = bench.now.saturating_add(span);
            let (now, socket) = (bench.now, bench.socket);
            match (frame, call) {
                (Some(frame), _) => drop(bench.hears(frame)),
                (None, 0..3) => bench.link.restart(now),
                (None, 3..6) => bench.link.opened(now, socket),
                (None, 6) => bench.link.closed(now, socket, None),
                (None, 7) => bench.link.wake(now),
                (None, 8) => bench.link.stop(),
                (None, 9) => bench.link.follow(now, conversation(), u64::MAX),
                (None, 10) => bench.link.unfollow(conversation()),
                (None, number) => bench.link.say(now, say(number)),
            }
            let written = writes(&bench.did()).len();
            prop_assert!(written <= 8, "{} frames at once", written);
            for _ in 0..4 {
                bench.after(0);
            }
            prop_assert!(bench.link.deadline().is_none_or(|at| at > bench.now || at == Millis::MAX), "a deadline in the past");
        }
    }
}
