//! Timers, refusals, waking and stopping: the life of a connection.

use shared::close::{self, ErrorCode};
use shared::ids::Millis;
use shared::link::{ANSWER_WITHIN, Action, BACKOFF_FIRST, BACKOFF_MOST, Emit, Link, PING_EVERY, RETRY_AFTER, Status};
use shared::visitor::{self, ToRelay};

use crate::bench::{Bench, DAWN, SECOND, id, live, pong, refusal, said, say, welcome, writes};

#[test]
fn a_silent_connection_is_pinged_and_given_up() {
    let mut bench = Bench::online();
    let (pause, did) = bench.next();
    assert!((PING_EVERY * 4 / 5..PING_EVERY * 6 / 5).contains(&pause), "pinged after {pause} ms");
    assert!(matches!(writes(&did)[..], [ToRelay::Ping(_)]));
    assert_eq!(bench.hears(live(1, 0)).len(), 1, "an entry is not the pong");
    let (pause, did) = bench.next();
    assert_eq!(pause, ANSWER_WITHIN);
    assert_eq!(did[0], Action::Shut(1));
    assert!(matches!(bench.link.status(), Status::Waiting(_)));
}

#[test]
fn a_pong_keeps_the_connection() {
    let mut bench = Bench::online();
    for _ in 0..100 {
        bench.next();
        bench.after(ANSWER_WITHIN - 1);
        bench.hears(pong(0));
        assert_eq!(bench.link.status(), Status::Online);
    }
}

#[test]
fn a_socket_that_neither_opens_nor_is_greeted_is_given_up() {
    let mut bench = Bench::new(Vec::new());
    bench.restart();
    assert_eq!(bench.next().1[0], Action::Shut(1), "never opened");
    bench.next();
    bench.link.opened(bench.now, bench.socket);
    bench.did();
    let (pause, did) = bench.next();
    assert_eq!((pause, &did[0]), (ANSWER_WITHIN, &Action::Shut(2)), "never greeted");
}

#[test]
fn the_back_off_doubles_to_its_bound_and_never_ends() {
    let mut longest = [0; 10];
    for seed in 0..300 {
        let mut link = Link::new(visitor::Dialect::default(), seed * 1_000_003, Vec::new());
        let mut now = DAWN;
        link.restart(now);
        for failure in 0..1_000 {
            link.closed(now, failure + 1, None);
            let Status::Waiting(at) = link.status() else { panic!("gave up") };
            let most = (BACKOFF_FIRST << failure.min(20)).min(BACKOFF_MOST);
            assert!((0..=most).contains(&(at - now)));
            if let Some(longest) = longest.get_mut(failure as usize) {
                *longest = (at - now).max(*longest);
            }
            now = at;
            link.tick(now);
        }
    }
    for (failure, longest) in longest.into_iter().enumerate() {
        let most = (BACKOFF_FIRST << failure).min(BACKOFF_MOST);
        assert!(longest > most * 9 / 10, "the jitter uses its whole span: {longest} of {most}");
    }
}

#[test]
fn who_is_greeted_and_closed_for_flooding_does_not_come_back_at_once() {
    let mut longest = 0;
    for seed in 0..300 {
        let mut link = Link::new(visitor::Dialect::default(), seed * 1_000_003, Vec::new());
        link.restart(DAWN);
        link.opened(DAWN, 1);
        link.received(DAWN, 1, welcome(0));
        assert_eq!(link.status(), Status::Online);
        link.closed(DAWN, 1, Some(close::FLOODED));
        let Status::Waiting(at) = link.status() else { panic!("not waiting") };
        assert!(at - DAWN <= BACKOFF_MOST);
        longest = longest.max(at - DAWN);
    }
    assert!(longest > BACKOFF_MOST * 9 / 10, "the pause is one of up to 30 s: {longest}");
}

#[test]
fn who_finds_the_relay_crowded_comes_back_ever_more_slowly() {
    let mut bench = Bench::new(vec![say(1)]);
    bench.restart();
    let mut pauses = Vec::new();
    for _ in 0..40 {
        bench.link.opened(bench.now, bench.socket);
        bench.did();
        assert!(said(&bench.hears(refusal(None, ErrorCode::RateLimited, Some(30 * SECOND)))).is_empty());
        bench.closes(Some(close::UNAVAILABLE));
        assert!(matches!(bench.link.status(), Status::Waiting(_)), "never gives up");
        pauses.push(bench.next().0);
    }
    let late: Millis = pauses[10..].iter().sum();
    assert!(late / 30 > BACKOFF_MOST / 4, "half of 30 s on average, not {} ms", late / 30);
    assert_eq!(said(&bench.greet(0)), [id(1)], "and the message is sent at last");
}

#[test]
fn only_a_refusal_stops_until_restart() {
    for code in [None, Some(1000), Some(1006), Some(close::RESTART), Some(close::RESYNC), Some(4399), Some(4500), Some(65535)] {
        let mut bench = Bench::online();
        bench.closes(code);
        assert!(matches!(bench.link.status(), Status::Waiting(_)), "{code:?}");
    }
    for code in [4400, close::BAD_TOKEN, close::UNSUPPORTED_VERSION, 4499] {
        let mut bench = Bench::online();
        assert_eq!(bench.closes(Some(code)), [Action::Emit(Emit::Status(Status::Refused(code)))]);
        assert_eq!(bench.link.deadline(), None);
        bench.link.wake(bench.now);
        assert!(bench.after(3_600 * SECOND).is_empty(), "{code} is final");
        bench.says(1);
        assert!(bench.restart().contains(&Action::Open(2)));
        assert_eq!(said(&bench.greet(0)), [id(1)]);
    }
}

#[test]
fn waking_tries_at_once_or_tests_the_connection() {
    let mut bench = Bench::new(Vec::new());
    bench.link.wake(bench.now);
    assert!(bench.did().is_empty(), "stopped by choice");
    bench.restart();
    bench.link.wake(bench.now);
    assert!(bench.did().is_empty(), "already trying");
    for _ in 0..20 {
        bench.closes(None);
        bench.next();
    }
    bench.closes(None);
    bench.link.wake(bench.now);
    assert!(bench.did().contains(&Action::Open(22)));
    bench.closes(None);
    let Status::Waiting(at) = bench.link.status() else { panic!("not waiting") };
    assert!(at - bench.now <= BACKOFF_FIRST, "the network came back: do not wait long again");
    bench.next();
    bench.greet(0);
    bench.link.wake(bench.now);
    bench.link.wake(bench.now);
    assert!(matches!(writes(&bench.did())[..], [ToRelay::Ping(_)]), "one test at a time");
}

#[test]
fn stopping_works_in_every_state() {
    let mut bench = Bench::new(vec![say(1)]);
    bench.link.stop();
    assert!(bench.did().is_empty());
    for step in 0..3 {
        let open = bench.restart();
        assert!(open.contains(&Action::Open(bench.socket)));
        match step {
            0 => {}
            1 => drop(bench.greet(0)),
            _ => drop(bench.closes(None)),
        }
        bench.link.stop();
        assert_eq!(bench.did().contains(&Action::Shut(bench.socket)), step < 2);
        assert_eq!((bench.link.status(), bench.link.deadline()), (Status::Stopped, None));
        assert!(bench.hears(live(1, 0)).is_empty() && bench.closes(None).is_empty() && bench.after(SECOND).is_empty());
    }
    assert_eq!(bench.link.outbox().count(), 1);
}

#[test]
fn reports_about_an_earlier_socket_are_ignored() {
    let mut bench = Bench::online();
    bench.closes(None);
    bench.next();
    let stale = bench.socket - 1;
    bench.link.opened(bench.now, stale);
    bench.link.received(bench.now, stale, live(1, 0));
    bench.link.closed(bench.now, stale, Some(close::BAD_TOKEN));
    assert!(bench.did().is_empty());
    assert_eq!(bench.link.status(), Status::Connecting);
}

#[test]
fn a_clock_that_is_set_back_delays_nothing_by_much() {
    const HOUR: Millis = 3_600 * SECOND;
    let mut bench = Bench::online();
    bench.now -= HOUR;
    bench.says(1);
    assert!(bench.next().0 <= ANSWER_WITHIN);
    bench.now -= HOUR;
    bench.hears(refusal(Some(1), ErrorCode::Internal, None));
    assert!(bench.next().0 <= RETRY_AFTER);
    bench.closes(None);
    bench.after(-HOUR);
    assert!(bench.next().0 <= BACKOFF_FIRST);
    bench.after(-HOUR);
    assert!(bench.next().0 <= ANSWER_WITHIN);
    bench.next();
    bench.greet(0);
    bench.after(24 * HOUR);
    assert_eq!(bench.link.status(), Status::Online, "after a sleep the connection is tested first");
    assert_eq!(bench.link.deadline(), Some(bench.now + ANSWER_WITHIN));
}
