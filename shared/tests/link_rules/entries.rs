//! Gaps, pages, resumes: how entries come in.

use shared::agent;
use shared::close::ErrorCode;
use shared::frame::{Backfill, Delivery, Entries};
use shared::link::{ANSWER_WITHIN, Action, Emit, Link};
use shared::model::{Entry, Seen};
use shared::visitor::{FromRelay, ToRelay};

use crate::bench::{Bench, DAWN, ack, asked, conversation, entry, id, live, page, pong, refusal, told, welcome, writes};

#[test]
fn a_gap_is_asked_for_once_and_again_when_no_answer_comes() {
    let mut bench = Bench::online();
    assert_eq!(told(&bench.hears(live(1, 0))), [1]);
    let did = bench.hears(live(4, 3));
    assert_eq!((asked(&did), told(&did)), (vec![1], vec![]));
    assert_eq!(bench.hears(live(5, 4)), []);
    let (pause, did) = bench.next();
    assert_eq!((pause, asked(&did)), (ANSWER_WITHIN, vec![1]));
    let did = bench.hears(page(&[2, 3], true));
    assert_eq!((told(&did), asked(&did)), (vec![2, 3], vec![3]));
    let did = bench.hears(page(&[3, 4, 5], false));
    assert_eq!((told(&did), asked(&did)), (vec![4, 5], vec![]));
    assert!(bench.hears(live(5, 4)).is_empty(), "seen");
    assert_eq!(told(&bench.hears(live(9, 5))), [9], "notes in between are not for visitors");
}

#[test]
fn a_lost_last_entry_is_found_by_the_pong() {
    let mut bench = Bench::online();
    bench.hears(live(1, 0));
    assert_eq!(asked(&bench.hears(pong(2))), [1]);
    assert_eq!(told(&bench.hears(page(&[2], false))), [2]);
    assert!(asked(&bench.hears(pong(2))).is_empty());
}

#[test]
fn an_ack_after_a_gap_waits_for_what_is_missing() {
    let mut bench = Bench::online();
    bench.says(1);
    let did = bench.hears(ack(1, 3, 2));
    assert_eq!((told(&did), asked(&did)), (vec![], vec![0]));
    let own = Entry { id: id(1), ..entry(3, 2) };
    let entries = vec![entry(1, 0), entry(2, 1), own, entry(4, 3)];
    let did = bench.hears(FromRelay::Entries(Entries { conversation: conversation(), entries, more: false }));
    assert_eq!(told(&did), [1, 2, 3, 4]);
    assert_eq!(did.iter().filter(|action| matches!(action, Action::Emit(Emit::Sent(..)))).count(), 1);
    assert_eq!(bench.link.outbox().count(), 0);
}

#[test]
fn an_ack_of_what_was_given_up_fetches_the_entry() {
    let mut bench = Bench::online();
    bench.says(1);
    bench.hears(refusal(Some(1), ErrorCode::Forbidden, None));
    assert_eq!(asked(&bench.hears(ack(1, 1, 0))), [0]);
    assert_eq!(told(&bench.hears(page(&[1], false))), [1]);
}

#[test]
fn senseless_pages_are_not_asked_for_in_a_loop() {
    for senseless in [page(&[], true), page(&[], false), page(&[7], true), page(&[1], true), page(&[1], false)] {
        let mut bench = Bench::online();
        bench.hears(live(1, 0));
        assert_eq!(asked(&bench.hears(live(4, 3))), [1]);
        for _ in 0..50 {
            assert_eq!(bench.hears(senseless.clone()), []);
        }
        assert_eq!(asked(&bench.next().1), [1], "only after a while");
    }
}

#[test]
fn a_resume_is_not_asked_for_twice() {
    let mut bench = Bench::online();
    bench.hears(live(3, 0));
    bench.closes(None);
    bench.next();
    bench.link.opened(bench.now, bench.socket);
    let did = bench.did();
    let [ToRelay::Hello(hello)] = writes(&did)[..] else { panic!("no hello") };
    assert_eq!(hello.seen, [Seen { conversation: conversation(), seq: 3 }]);
    bench.now += ANSWER_WITHIN - 1;
    assert!(asked(&bench.hears(welcome(5))).is_empty(), "the relay sends what hello asked for");
    assert_eq!(asked(&bench.after(ANSWER_WITHIN)), [3], "unless it does not");
    assert_eq!(told(&bench.hears(page(&[4, 5], false))), [4, 5]);
}

#[test]
fn a_new_page_is_sent_its_conversation_unasked() {
    let mut bench = Bench::new(Vec::new());
    bench.restart();
    assert!(asked(&bench.greet(3)).is_empty());
    let did = bench.hears(page(&[1, 2], true));
    assert_eq!((told(&did), asked(&did)), (vec![1, 2], vec![2]));
    let did = bench.hears(page(&[3, 4], true));
    assert_eq!(asked(&did), [4], "more than was heard of");
}

#[test]
fn an_agent_gets_glimpses_and_follows_at_any_time() {
    let mut link = Link::new(agent::Dialect::default(), 7, Vec::new());
    let did = |link: &mut Link<agent::Dialect>| std::iter::from_fn(|| link.poll()).collect::<Vec<_>>();
    let delivery = Delivery { conversation: conversation(), entry: entry(4, 3) };
    let inbox = agent::Inbox {
        agents: Vec::new(),
        teams: Vec::new(),
        sites: Vec::new(),
        boards: Vec::new(),
        chats: Vec::new(),
        mentions: Vec::new(),
    };
    let me = shared::ids::AgentId(conversation().0);
    link.restart(DAWN);
    link.opened(DAWN, 1);
    link.follow(DAWN, conversation(), 4);
    did(&mut link);
    link.received(DAWN, 1, agent::FromRelay::Welcome(agent::Welcome { me, inbox, now: DAWN }));
    let ask = agent::ToRelay::Backfill(Backfill { conversation: conversation(), after: 0 });
    assert!(did(&mut link).contains(&Action::Write(1, ask)), "hello could not ask for it");
    link.unfollow(conversation());
    link.received(DAWN, 1, agent::FromRelay::Entry(delivery.clone()));
    assert_eq!(did(&mut link), [Action::Emit(Emit::Glimpse(delivery.clone()))]);
    let late = Entries { conversation: conversation(), entries: vec![entry(1, 0)], more: true };
    link.received(DAWN, 1, agent::FromRelay::Entries(late));
    assert_eq!(did(&mut link), [], "an old page is no glimpse of what is new");
}
