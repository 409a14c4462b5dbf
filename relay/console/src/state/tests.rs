//! The desk, driven as the link drives it.

use super::*;
use crate::row::Fate;
use crate::samples::{agent, agent_id, board, conversation, conversation_id, entry, message_id, person, say, site, site_id};
use crate::verbs::Verb;
use shared::agent::{AgentUpdate, Chat, Inbox, Mention, Mentions, Others, Rev, Viewers, VisitorTyping, Welcome};
use shared::api::Me;
use shared::close::ErrorCode;
use shared::frame::{Ack, Delivery, Done, ErrorFrame};
use shared::model::{Author, Conversation, Offer, Seen, State};

/// A desk with its owner, greeted as agent 9, after the given queue and chats.
fn greeted(queue: Vec<Conversation>, chats: Vec<Conversation>) -> (Owner, Desk, Vec<Order>) {
    let owner = Owner::new();
    owner.set();
    let desk = Desk::new();
    let inbox = Inbox {
        agents: vec![agent(9), agent(8)],
        teams: vec![],
        sites: vec![site(1)],
        boards: vec![board(1, queue)],
        chats,
        mentions: vec![],
    };
    let orders = desk.apply(Emit::Frame(FromRelay::Welcome(Welcome { me: agent_id(9), inbox, now: 1_000 })), 0);
    (owner, desk, orders)
}

fn mine(number: u8) -> Conversation {
    Conversation { state: State::Active, agent: Some(person(9)), queued_at: None, ..conversation(number) }
}

fn hear(desk: &Desk, frame: FromRelay) -> Vec<Order> {
    desk.apply(Emit::Frame(frame), 0)
}

#[test]
fn a_welcome_fills_the_lists_shows_the_queue_and_follows_my_chats() {
    let (_owner, desk, orders) = greeted(vec![conversation(1), conversation(2)], vec![mine(3)]);
    assert_eq!(desk.queue.get_untracked(), [conversation_id(1), conversation_id(2)]);
    assert_eq!(desk.mine.get_untracked(), [conversation_id(3)]);
    let rows = vec![conversation_id(1), conversation_id(2)];
    assert_eq!(orders[0], Order::Send(ToRelay::Show(Show { rows, open: None })));
    assert_eq!(orders[1], Order::Follow(conversation_id(3), 1));
    assert_eq!(desk.row(conversation_id(2)).map(|row| row.place.get_untracked()), Some(2));
}

#[test]
fn older_boards_change_nothing() {
    let (_owner, desk, _) = greeted(vec![conversation(1)], vec![]);
    hear(&desk, FromRelay::Board(board(5, vec![conversation(1), conversation(2)])));
    hear(&desk, FromRelay::Board(board(4, vec![])));
    assert_eq!(desk.waiting.get_untracked(), 2);
}

#[test]
fn a_chat_that_is_handed_to_me_leaves_the_queue_at_once() {
    let (_owner, desk, _) = greeted(vec![conversation(1)], vec![]);
    let orders = hear(&desk, FromRelay::Chat(Chat { conversation: mine(1) }));
    assert!(desk.queue.get_untracked().is_empty());
    assert_eq!(desk.mine.get_untracked(), [conversation_id(1)]);
    assert_eq!(orders, [Order::Follow(conversation_id(1), 1)]);
    // A board that was made before does not bring it back, nor its old state.
    hear(&desk, FromRelay::Board(board(2, vec![conversation(1)])));
    assert!(desk.queue.get_untracked().is_empty());
    assert_eq!(desk.row(conversation_id(1)).map(|row| row.talk.get_untracked().state), Some(State::Active));
}

#[test]
fn a_closed_chat_leaves_but_stays_in_view() {
    let (_owner, desk, _) = greeted(vec![], vec![mine(1), mine(2)]);
    desk.show_thread(Some(conversation_id(1)));
    for number in [1, 2] {
        hear(&desk, FromRelay::Chat(Chat { conversation: Conversation { state: State::Closed, ..mine(number) } }));
    }
    assert!(desk.mine.get_untracked().is_empty());
    assert!(desk.row(conversation_id(1)).is_some(), "still open");
    assert_eq!(desk.show_thread(None), [Order::Unfollow(conversation_id(1))]);
    hear(&desk, FromRelay::Board(board(2, vec![])));
    assert!(desk.row(conversation_id(1)).is_none(), "nothing names it any more");
}

#[test]
fn an_offer_is_listed_until_it_is_gone() {
    let (_owner, desk, _) = greeted(vec![], vec![]);
    let theirs = Conversation { agent: Some(person(8)), ..mine(1) };
    let offer = Some(Offer { to: agent_id(9), from: person(8), until: 30_000 });
    hear(&desk, FromRelay::Chat(Chat { conversation: Conversation { offer, ..theirs.clone() } }));
    assert_eq!(desk.offers.get_untracked(), [conversation_id(1)]);
    hear(&desk, FromRelay::Chat(Chat { conversation: theirs }));
    assert!(desk.offers.get_untracked().is_empty() && desk.mine.get_untracked().is_empty());
}

#[test]
fn only_done_ends_a_request_and_a_refusal_says_why() {
    let (_owner, desk, _) = greeted(vec![conversation(1)], vec![]);
    let row = desk.row(conversation_id(1)).expect("queued");
    desk.asked(message_id(1), row.id, Verb::Take);
    assert_eq!(row.doing.get_untracked(), Some(Verb::Take));
    let error = ErrorFrame { id: Some(message_id(1)), code: ErrorCode::NoFreeSlot, message: String::new(), retry_after_ms: None };
    desk.apply(Emit::Refused(error), 0);
    assert_eq!(row.doing.get_untracked(), None);
    assert_eq!(row.problem.get_untracked(), Some(Problem::Refused(Verb::Take, ErrorCode::NoFreeSlot)));
    desk.asked(message_id(2), row.id, Verb::TakeAnyway);
    hear(&desk, FromRelay::Done(Done { id: message_id(2) }));
    assert_eq!((row.doing.get_untracked(), row.problem.get_untracked()), (None, None));
}

#[test]
fn a_lost_connection_forgets_requests() {
    let (_owner, desk, _) = greeted(vec![], vec![mine(1)]);
    desk.asked(message_id(1), conversation_id(1), Verb::Close);
    desk.asked_presence(message_id(2), Presence::Away);
    desk.apply(Emit::Status(Status::Waiting(5)), 0);
    assert_eq!(desk.row(conversation_id(1)).and_then(|row| row.doing.get_untracked()), None);
    assert_eq!(desk.wanted.get_untracked(), None);
    assert_eq!(desk.myself().map(|me| me.presence), Some(Presence::Online), "never confirmed");
}

#[test]
fn presence_is_true_once_done() {
    let (_owner, desk, _) = greeted(vec![], vec![]);
    desk.asked_presence(message_id(2), Presence::Away);
    assert_eq!(desk.myself().map(|me| me.presence), Some(Presence::Online));
    hear(&desk, FromRelay::Done(Done { id: message_id(2) }));
    assert_eq!(desk.myself().map(|me| me.presence), Some(Presence::Away));
    hear(&desk, FromRelay::Agent(AgentUpdate { agent: Agent { slots_used: 2, ..agent(9) } }));
    assert_eq!(desk.myself().map(|me| (me.presence, me.slots_used)), Some((Presence::Online, 2)));
}

#[test]
fn drafts_appear_and_lapse_or_end_with_the_message() {
    let (_owner, desk, _) = greeted(vec![conversation(1)], vec![]);
    let row = desk.row(conversation_id(1)).expect("queued");
    let typing = || FromRelay::Typing(VisitorTyping { conversation: conversation_id(1), draft: "I wond".to_owned() });
    hear(&desk, typing());
    desk.tick(DRAFT_LAPSES - 1);
    assert!(row.typed.get_untracked().is_some());
    desk.tick(DRAFT_LAPSES);
    assert!(row.typed.get_untracked().is_none());
    hear(&desk, typing());
    let delivery = Delivery { conversation: conversation_id(1), entry: entry(2, Author::Visitor, "I wonder") };
    desk.apply(Emit::Glimpse(delivery), 0);
    assert!(row.typed.get_untracked().is_none());
    assert_eq!(row.talk.get_untracked().preview, "I wonder");
}

#[test]
fn messages_of_an_earlier_life_appear_with_their_conversation() {
    let owner = Owner::new();
    owner.set();
    let desk = Desk::new();
    desk.apply(Emit::Pending(say(1, 3, "kept")), 0);
    let inbox = Inbox {
        agents: vec![agent(9)],
        teams: vec![],
        sites: vec![site(1)],
        boards: vec![],
        chats: vec![mine(3)],
        mentions: vec![],
    };
    hear(&desk, FromRelay::Welcome(Welcome { me: agent_id(9), inbox, now: 0 }));
    let row = desk.row(conversation_id(3)).expect("mine");
    assert_eq!(row.lines.with_untracked(Vec::len), 1);
    let ack = Ack { id: message_id(1), conversation: conversation_id(3), seq: 2, prev: 1, at: 0 };
    desk.apply(Emit::Sent(say(1, 3, "kept"), ack), 0);
    assert_eq!(untrack(|| row.last_seq()), 2);
}

#[test]
fn a_refused_message_is_never_lost_from_sight() {
    let (_owner, desk, _) = greeted(vec![], vec![mine(1)]);
    let error = ErrorFrame { id: Some(message_id(1)), code: ErrorCode::NotYours, message: String::new(), retry_after_ms: None };
    desk.apply(Emit::Pending(say(1, 1, "too late")), 0);
    desk.apply(Emit::Failed(say(1, 1, "too late"), error.clone()), 0);
    assert_eq!(desk.undelivered.get_untracked().len(), 1, "its thread is not in view");
    desk.show_thread(Some(conversation_id(1)));
    desk.apply(Emit::Pending(say(2, 1, "again")), 0);
    desk.apply(Emit::Failed(say(2, 1, "again"), error), 0);
    assert_eq!(desk.undelivered.get_untracked().len(), 1, "the thread shows it");
    let fates =
        desk.row(conversation_id(1)).map(|row| row.lines.get_untracked().iter().map(|line| line.fate.get_untracked()).collect());
    assert_eq!(fates, Some(vec![Fate::Failed(ErrorCode::NotYours); 2]));
}

#[test]
fn looking_reads_what_is_mine_once() {
    let (_owner, desk, _) = greeted(vec![conversation(2)], vec![mine(1)]);
    desk.apply(Emit::Entry(conversation_id(1), entry(1, Author::Visitor, "hello")), 0);
    assert_eq!(desk.look(), None, "not in view");
    desk.show_thread(Some(conversation_id(1)));
    assert_eq!(desk.look(), Some(Order::Send(ToRelay::Read(Read { conversation: conversation_id(1), seq: 1 }))));
    assert_eq!(desk.look(), None, "read already");
}

#[test]
fn a_pong_with_another_revision_fetches_the_inbox() {
    let (_owner, desk, _) = greeted(vec![], vec![]);
    let pong = |rev| FromRelay::Pong(Pong { now: 0, heads: Vec::<Seen>::new(), revs: vec![Rev { site: site_id(1), rev }] });
    assert_eq!(hear(&desk, pong(1)), []);
    assert_eq!(hear(&desk, pong(2)), [Order::Send(ToRelay::GetInbox(shared::agent::GetInbox {}))]);
}

/// What was noticed since the last look: about which conversation, and why.
fn noticed(desk: &Desk) -> Vec<(u8, crate::notices::Cause)> {
    let number = |id| (1..=9).find(|number| conversation_id(*number) == id).unwrap_or(0);
    let found = desk.notices.get_untracked().into_iter().map(|notice| (number(notice.conversation), notice.cause)).collect();
    desk.notices.set(Vec::new());
    found
}

#[test]
fn what_was_there_before_is_no_news_and_what_comes_is() {
    use crate::notices::Cause;
    let (_owner, desk, _) = greeted(vec![conversation(1)], vec![mine(2)]);
    assert_eq!(noticed(&desk), [], "the greeting tells how things stand");
    let said = |number, seq, at| {
        Emit::Entry(conversation_id(number), shared::model::Entry { at, ..entry(seq, Author::Visitor, "hello") })
    };
    desk.apply(said(2, 1, 900), 0);
    assert_eq!(noticed(&desk), [], "written before this console was there");
    desk.apply(said(2, 2, 1_100), 0);
    assert_eq!(noticed(&desk), [(2, Cause::Message)]);
    desk.show_thread(Some(conversation_id(1)));
    desk.apply(said(1, 2, 1_200), 0);
    assert_eq!(noticed(&desk), [], "not one of mine");

    hear(&desk, FromRelay::Board(board(2, vec![conversation(1), conversation(3)])));
    assert_eq!(noticed(&desk), [(3, Cause::Queue)]);
    let offer = Some(Offer { to: agent_id(9), from: person(8), until: 30_000 });
    let theirs = Conversation { agent: Some(person(8)), offer, ..mine(4) };
    hear(&desk, FromRelay::Chat(Chat { conversation: theirs.clone() }));
    hear(&desk, FromRelay::Chat(Chat { conversation: theirs }));
    assert_eq!(noticed(&desk), [(4, Cause::Offer)], "told once");
}

#[test]
fn an_inbox_that_comes_again_is_news_as_far_as_it_is_other() {
    use crate::notices::Cause;
    let (_owner, desk, _) = greeted(vec![conversation(1)], vec![]);
    let on_site = |number: u8, rev, queue| Board { site: site_id(number), ..board(rev, queue) };
    let inbox = |queue: Vec<Conversation>| Inbox {
        agents: vec![agent(9)],
        teams: vec![],
        sites: vec![site(1), site(2)],
        boards: vec![on_site(2, 1, vec![]), on_site(1, 2, queue)],
        chats: vec![],
        mentions: vec![],
    };
    hear(&desk, FromRelay::Inbox(inbox(vec![conversation(1), conversation(2)])));
    assert_eq!(noticed(&desk), [(2, Cause::Queue)]);
    desk.apply(Emit::Frame(FromRelay::Welcome(Welcome { me: agent_id(9), inbox: inbox(vec![conversation(1)]), now: 9_000 })), 0);
    assert_eq!(noticed(&desk), []);
}

#[test]
fn what_another_tab_has_read_is_read_here() {
    let (_owner, desk, _) = greeted(vec![], vec![mine(1)]);
    desk.apply(Emit::Entry(conversation_id(1), entry(1, Author::Visitor, "hello")), 0);
    let row = desk.row(conversation_id(1)).unwrap();
    assert_eq!(row.unread(), 1);
    desk.read_elsewhere(conversation_id(1), 1);
    assert_eq!(row.unread(), 0);
    desk.read_elsewhere(conversation_id(1), 0);
    assert_eq!(row.unread(), 0, "a mark never goes back");
}

fn theirs(number: u8) -> Conversation {
    Conversation { agent: Some(person(8)), ..mine(number) }
}

#[test]
fn what_others_have_is_listed_while_it_is_asked_for() {
    let (_owner, desk, _) = greeted(vec![], vec![mine(1)]);
    let chats = vec![theirs(3), Conversation { unanswered: false, ..theirs(2) }];
    let others = || FromRelay::Others(Others { id: message_id(1), chats: chats.clone(), total: 2 });
    hear(&desk, others());
    assert!(desk.others.get_untracked().is_empty(), "nobody asked");
    desk.oversee(true);
    hear(&desk, others());
    assert_eq!(desk.others.get_untracked(), [conversation_id(3), conversation_id(2)], "who waits comes first");
    hear(&desk, FromRelay::Chat(Chat { conversation: theirs(4) }));
    hear(&desk, FromRelay::Chat(Chat { conversation: Conversation { unanswered: false, ..theirs(3) } }));
    hear(&desk, FromRelay::Chat(Chat { conversation: mine(1) }));
    let listed = desk.others.get_untracked();
    assert_eq!(listed, [conversation_id(4), conversation_id(2), conversation_id(3)], "and the longest before the others");
    // One that becomes mine, ends or waits for anybody leaves.
    hear(&desk, FromRelay::Chat(Chat { conversation: mine(4) }));
    hear(&desk, FromRelay::Chat(Chat { conversation: Conversation { state: State::Closed, ..theirs(3) } }));
    assert_eq!((desk.others.get_untracked(), desk.others_total.get_untracked()), (vec![conversation_id(2)], 1));
    desk.oversee(false);
    assert!(desk.others.get_untracked().is_empty() && desk.row(conversation_id(2)).is_none());
}

#[test]
fn a_note_that_names_me_reminds_until_i_have_looked() {
    let (_owner, desk, _) = greeted(vec![], vec![]);
    let mention = Mention { conversation: theirs(2), seq: 3, by: person(8), at: 0, whisper: false };
    hear(&desk, FromRelay::Mentions(Mentions { mentions: vec![mention] }));
    desk.show_thread(Some(conversation_id(2)));
    desk.apply(Emit::Entry(conversation_id(2), entry(2, Author::Visitor, "hello")), 0);
    assert_eq!(desk.look(), None, "the note has not come yet");
    desk.apply(Emit::Entry(conversation_id(2), entry(3, Author::Agent(person(8)), "@Agent 9")), 0);
    assert_eq!(desk.look(), Some(Order::Send(ToRelay::Read(Read { conversation: conversation_id(2), seq: 3 }))));
    assert!(desk.mentions.get_untracked().is_empty());
    assert_eq!(desk.look(), None, "it is not mine: nothing else of it is");
}

#[test]
fn company_is_known_of_the_open_thread_and_writing_lapses() {
    let (_owner, desk, _) = greeted(vec![conversation(1), conversation(2)], vec![]);
    let viewers =
        |number| Viewers { conversation: conversation_id(number), agents: vec![agent_id(8)], typing: vec![agent_id(8)] };
    let company = |number| desk.row(conversation_id(number)).map(|row| row.company.get_untracked()).unwrap_or_default();
    desk.show_thread(Some(conversation_id(1)));
    hear(&desk, FromRelay::Viewers(viewers(1)));
    hear(&desk, FromRelay::Viewers(viewers(2)));
    assert_eq!((company(1).agents, company(2).agents), (vec![agent_id(8)], vec![]));
    desk.tick(DRAFT_LAPSES - 1);
    assert_eq!(company(1).typing, [agent_id(8)]);
    desk.tick(DRAFT_LAPSES);
    assert_eq!((company(1).agents, company(1).typing), (vec![agent_id(8)], vec![]));
    hear(&desk, FromRelay::Viewers(viewers(1)));
    desk.apply(Emit::Entry(conversation_id(1), entry(2, Author::Agent(person(8)), "hm")), 0);
    assert_eq!(company(1).typing, [], "it is written");
    desk.show_thread(Some(conversation_id(2)));
    assert_eq!(company(1).agents, []);
}

#[test]
fn the_second_program_knows_what_the_first_hands_over() {
    let (_owner, desk, _) = greeted(vec![conversation(1)], vec![]);
    let me = Me {
        id: agent_id(9),
        name: "Agent 9".to_owned(),
        email: "9@desk.example".to_owned(),
        role: Role::Agent,
        must_enrol: false,
    };
    let text = serde_json::to_string(&desk.hand_over(me.clone())).unwrap();
    let handed: Handed = crate::lean::read(&text).unwrap();
    assert_eq!(handed.me, me);
    let other = Desk::new();
    other.take_over(handed, 400);
    assert_eq!(other.agents.get_untracked(), desk.agents.get_untracked());
    assert_eq!(other.sites.get_untracked(), desk.sites.get_untracked());
    assert_eq!(other.clock.get_untracked(), 1_000, "the relay's clock, whatever this browser's shows");
    other.tick(600);
    assert_eq!(other.clock.get_untracked(), 1_200);
}
