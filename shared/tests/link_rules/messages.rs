//! What happens to a message between `say` and its end.

use shared::close::ErrorCode;
use shared::ids::Millis;
use shared::link::{ANSWER_WITHIN, Action, BACKOFF_MOST, Emit, RETRY_AFTER};
use shared::model::{MAX_TEXT, Say};
use shared::visitor::{FromRelay, ToRelay};

use crate::bench::{Bench, ack, id, pong, refusal, said, say, writes};

#[test]
fn a_message_is_stored_then_shown_then_sent_then_forgotten() {
    let mut bench = Bench::online();
    let did = bench.says(1);
    let write = Action::Write(1, ToRelay::Say(say(1)));
    assert_eq!(did, [Action::Persist(vec![say(1)]), Action::Emit(Emit::Pending(say(1))), write]);
    assert_eq!(bench.says(1), [], "the same id while it is pending");
    assert_eq!(said(&bench.says(2)), [], "one at a time");
    let did = bench.hears(ack(1, 1, 0));
    assert_eq!(did[0], Action::Persist(vec![say(2)]));
    assert!(matches!(did[1], Action::Emit(Emit::Sent(..))));
    assert_eq!(said(&did), [id(2)]);
    assert_eq!(bench.hears(ack(1, 1, 0)), [], "told already");
}

#[test]
fn the_token_is_told_before_the_first_message_goes() {
    let mut bench = Bench::new(vec![say(1)]);
    bench.restart();
    let did = bench.greet(0);
    let token = did.iter().position(|action| matches!(action, Action::Emit(Emit::Frame(FromRelay::Welcome(_)))));
    let first = did.iter().position(|action| matches!(action, Action::Write(_, ToRelay::Say(_))));
    assert!(token.is_some() && token < first);
}

#[test]
fn an_unanswered_message_goes_again_on_the_same_and_on_the_next_connection() {
    let mut bench = Bench::online();
    bench.says(1);
    let (pause, did) = bench.next();
    assert_eq!((pause, said(&did)), (ANSWER_WITHIN, vec![id(1)]));
    bench.closes(None);
    bench.next();
    assert_eq!(said(&bench.greet(0)), [id(1)]);
}

#[test]
fn a_temporary_refusal_waits_as_told_within_reason() {
    for (told, waits) in [
        (None, RETRY_AFTER),
        (Some(5_000), 5_000),
        (Some(0), 100),
        (Some(-3), 100),
        (Some(Millis::MIN), 100),
        (Some(Millis::MAX), BACKOFF_MOST),
    ] {
        let mut bench = Bench::online();
        bench.says(1);
        bench.says(2);
        assert_eq!(bench.hears(refusal(Some(1), ErrorCode::RateLimited, told)), [], "nothing overtakes it");
        let mut waited = 0;
        let mut again = Vec::new();
        while again.is_empty() {
            let (pause, did) = bench.next();
            waited += pause;
            if matches!(writes(&did)[..], [ToRelay::Ping(_)]) {
                bench.hears(pong(0));
            }
            again = said(&did);
        }
        assert_eq!((waited, again), (waits, vec![id(1)]));
    }
}

#[test]
fn a_permanent_refusal_fails_that_message_and_moves_on() {
    for code in [ErrorCode::TextTooLong, ErrorCode::Forbidden, ErrorCode::Unknown] {
        let mut bench = Bench::online();
        bench.says(1);
        bench.says(2);
        let did = bench.hears(refusal(Some(1), code, None));
        assert_eq!(did[0], Action::Persist(vec![say(2)]));
        assert!(matches!(&did[1], Action::Emit(Emit::Failed(failed, _)) if failed.id == id(1)));
        assert_eq!(said(&did), [id(2)]);
        let did = bench.hears(refusal(Some(1), code, None));
        assert!(matches!(did[..], [Action::Emit(Emit::Refused(_))]), "no message of ours any more");
    }
}

#[test]
fn a_refused_message_that_is_not_on_its_way_does_not_make_the_link_spin() {
    let mut bench = Bench::online();
    bench.says(1);
    bench.says(2);
    bench.hears(refusal(Some(2), ErrorCode::Internal, Some(0)));
    assert_eq!(bench.next().0, ANSWER_WITHIN, "the first one's turn");
}

#[test]
fn a_text_that_no_relay_takes_fails_without_one() {
    let mut bench = Bench::online();
    let long = Say { text: "é".repeat(MAX_TEXT + 1), ..say(1) };
    bench.link.say(bench.now, long);
    let did = bench.did();
    assert!(matches!(&did[2..], [Action::Persist(rest), Action::Emit(Emit::Failed(..))] if rest.is_empty()));
    bench.link.say(bench.now, Say { text: "é".repeat(MAX_TEXT), ..say(1) });
    assert_eq!(said(&bench.did()), [id(1)]);
}
