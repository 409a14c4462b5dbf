//! Histories of a browser with several tabs: they open, close, crash, sleep, wake up as zombies, and are looked at; the channel loses
//! words, connections break. Whatever happened, at the end every message is at the relay once, and every tab shows all of them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use shared::frame::{Ack, Delivery, Entries};
use shared::ids::{ConversationId, MessageId, Seq, VisitorId};
use shared::link::{Action, Emit, Link};
use shared::model::{Author, Body, Entry, Say, Seen, State, Thread};
use shared::visitor::{Dialect, FromRelay, Pong, ToRelay, Welcome};

use super::*;

const CONVERSATION: ConversationId = ConversationId(uuid::Uuid::from_u128(0xC0));
/// Words on the channel and frames take up to this long.
const DELAY: Millis = 40;
/// How long the tabs get to settle when all trouble is over: longer than any patience of theirs.
const SETTLES_WITHIN: Millis = 120_000;

/// Words and frames that a few tabs may need for one pause, and for settling.
const MOST_POSTS: usize = 4_000;

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

struct Tab {
    name: usize,
    tabs: Tabs,
    link: Link<Dialect>,
    /// The real socket: the link's number and the relay's.
    socket: Option<(u32, usize)>,
    /// Does nothing, and holds what it has.
    asleep: bool,
    kept: Vec<MessageId>,
    told: Seq,
    rung: u32,
    heard: Vec<Step>,
    lock: usize,
    status: Status,
}

/// Something on its way.
enum Post {
    Word(usize, String),
    Up(usize, String),
    Down(usize, usize, String),
    Opened(usize, usize),
    Broken(usize, usize),
    Granted(usize, usize),
    Lost(usize, usize),
}

struct World {
    now: Millis,
    chance: Chance,
    /// Words in a hundred that the channel loses.
    loses: u64,
    tabs: Vec<Tab>,
    born: usize,
    /// Who has the lock, and the how manieth that is.
    holder: Option<usize>,
    locks: usize,
    queue: Vec<usize>,
    posts: BTreeMap<(Millis, usize), Post>,
    posted: usize,
    storage: BTreeMap<MessageId, Say>,
    said: Vec<MessageId>,
    log: Vec<(MessageId, bool)>,
    /// Connections that the relay holds, by number, with their tab; those that have greeted.
    open: BTreeMap<usize, (usize, bool)>,
    /// Sockets that were ever open: one whose news waits for a sleeping tab does not open again.
    opened: BTreeSet<usize>,
    connections: usize,
}

impl World {
    fn new(seed: u64, loses: u64) -> Self {
        Self {
            now: 1_000,
            chance: Chance(seed),
            loses,
            tabs: Vec::new(),
            born: 0,
            holder: None,
            locks: 0,
            queue: Vec::new(),
            posts: BTreeMap::new(),
            posted: 0,
            storage: BTreeMap::new(),
            said: Vec::new(),
            log: Vec::new(),
            open: BTreeMap::new(),
            opened: BTreeSet::new(),
            connections: 0,
        }
    }

    fn post(&mut self, post: Post, delay: Millis) {
        self.posted += 1;
        self.posts.insert((self.now + delay, self.posted), post);
    }

    fn place(&self, name: usize) -> Option<usize> {
        self.tabs.iter().position(|tab| tab.name == name)
    }

    // ---- what happens to the browser

    fn opens_tab(&mut self) {
        self.born += 1;
        let name = self.born;
        let outbox: Vec<Say> = self.storage.values().cloned().collect();
        let tab = Tab {
            name,
            tabs: Tabs::new(name.to_string(), Sight::Page),
            kept: outbox.iter().map(|say| say.id).collect(),
            link: Link::new(Dialect::default(), name as u64, outbox),
            socket: None,
            asleep: false,
            told: 0,
            rung: 0,
            heard: Vec::new(),
            lock: 0,
            status: Status::Stopped,
        };
        self.tabs.push(tab);
        self.joins(self.tabs.len() - 1);
    }

    fn joins(&mut self, place: usize) {
        if self.tabs[place].tabs.has_joined() {
            return;
        }
        self.tabs[place].tabs.join();
        self.wants_lock(self.tabs[place].name);
        let now = self.now;
        self.tabs[place].link.restart(now);
        self.runs(place);
    }

    fn leaves(&mut self, place: usize) {
        self.tabs[place].link.stop();
        self.runs(place);
        self.tabs[place].tabs.leave();
        self.runs(place);
        self.frees_lock(self.tabs[place].name);
    }

    fn closes_tab(&mut self, place: usize, crash: bool) {
        if !crash && !self.tabs[place].asleep {
            self.leaves(place);
        }
        let tab = self.tabs.remove(place);
        if let Some((_, connection)) = tab.socket {
            self.open.remove(&connection);
        }
        self.frees_lock(tab.name);
    }

    fn says(&mut self, place: usize) {
        let number = self.said.len() as u8;
        let id = MessageId::v7(self.now, [number; 10]);
        let say = Say::text(id, None, "hi");
        self.said.push(id);
        let now = self.now;
        self.tabs[place].link.say(now, say);
        self.runs(place);
    }

    fn agent_says(&mut self) {
        let id = MessageId::v7(self.now, [200 + (self.log.len() % 50) as u8; 10]);
        self.log.push((id, false));
        self.publish(None);
    }

    fn breaks_connections(&mut self) {
        for (connection, (tab, _)) in std::mem::take(&mut self.open) {
            self.post(Post::Broken(tab, connection), DELAY);
        }
    }

    // ---- the lock

    fn wants_lock(&mut self, name: usize) {
        self.queue.push(name);
        self.grants();
    }

    fn frees_lock(&mut self, name: usize) {
        self.queue.retain(|waiting| *waiting != name);
        if self.holder == Some(name) {
            self.holder = None;
        }
        self.grants();
    }

    fn grants(&mut self) {
        if self.holder.is_none() && !self.queue.is_empty() {
            let name = self.queue.remove(0);
            self.holder = Some(name);
            self.locks += 1;
            self.post(Post::Granted(name, self.locks), 1);
        }
    }

    // ---- what the driver does

    fn runs(&mut self, place: usize) {
        let now = self.now;
        loop {
            let tab = &mut self.tabs[place];
            if let Some(action) = tab.link.poll() {
                self.acts(place, action);
            } else if let Some(step) = tab.tabs.poll() {
                self.takes(place, step, now);
            } else {
                return;
            }
        }
    }

    fn acts(&mut self, place: usize, action: Action<ToRelay, FromRelay>) {
        let now = self.now;
        let tab = &mut self.tabs[place];
        match action {
            Action::Open(number) => tab.tabs.open(now, number),
            Action::Shut(_) => tab.tabs.shut(),
            Action::Write(number, frame) => tab.tabs.write(number, frame.encode()),
            Action::Persist(outbox) => {
                for id in tab.kept.drain(..).filter(|id| !outbox.iter().any(|say| say.id == *id)) {
                    self.storage.remove(&id);
                }
                tab.kept = outbox.iter().map(|say| say.id).collect();
                self.storage.extend(outbox.into_iter().map(|say| (say.id, say)));
            }
            Action::Emit(Emit::Status(status)) => {
                tab.status = status;
                tab.tabs.stands(status);
            }
            Action::Emit(Emit::Pending(say)) => assert!(self.storage.contains_key(&say.id), "shown before it was stored"),
            // What was adopted may stand in the log already, told by another tab: it is the same line.
            Action::Emit(Emit::Sent(_, ack)) if ack.seq <= tab.told => assert_eq!(self.log[ack.seq as usize - 1].0, ack.id),
            Action::Emit(Emit::Sent(_, ack)) => self.tells(place, ack.seq, ack.id),
            Action::Emit(Emit::Entry(_, entry)) => {
                self.tells(place, entry.seq, entry.id);
                self.tabs[place].tabs.ring(now);
            }
            Action::Emit(Emit::Frame(FromRelay::Pong(_))) => tab.tabs.beat(),
            Action::Emit(_) => {}
        }
    }

    fn tells(&mut self, place: usize, seq: Seq, id: MessageId) {
        let tab = &mut self.tabs[place];
        assert_eq!(seq, tab.told + 1, "every entry once and in order");
        assert_eq!(self.log[seq as usize - 1].0, id);
        tab.told = seq;
    }

    fn takes(&mut self, place: usize, step: Step, now: Millis) {
        let name = self.tabs[place].name;
        match step {
            Step::Post(text) => {
                for other in self.tabs.iter().map(|tab| tab.name).filter(|other| *other != name).collect::<Vec<_>>() {
                    if self.chance.below(100) >= self.loses {
                        let delay = 1 + self.chance.below(DELAY as u64) as Millis;
                        // One tab's words come in the order in which they were said.
                        self.post(Post::Word(other, text.clone()), if self.loses == 0 { 5 } else { delay });
                    }
                }
            }
            Step::Steal => {
                self.queue.retain(|waiting| *waiting != name);
                if let Some(loser) = self.holder.replace(name).filter(|loser| *loser != name) {
                    self.post(Post::Lost(loser, self.locks), 1);
                }
                self.locks += 1;
                self.post(Post::Granted(name, self.locks), 2);
            }
            Step::Open(number) => {
                self.connections += 1;
                self.tabs[place].socket = Some((number, self.connections));
                self.post(Post::Opened(name, self.connections), DELAY);
            }
            Step::Shut => {
                if let Some((_, connection)) = self.tabs[place].socket.take() {
                    self.open.remove(&connection);
                }
            }
            Step::Send(text) => {
                if let Some((_, connection)) = self.tabs[place].socket {
                    self.post(Post::Up(connection, text), DELAY);
                }
            }
            Step::Opened(number) => self.tabs[place].link.opened(now, number),
            Step::Closed(number, code) => self.tabs[place].link.closed(now, number, code),
            Step::Frame(number, text) => self.receives(place, number, &text),
            Step::Anew => {
                self.tabs[place].link.stop();
                self.tabs[place].link.restart(now);
            }
            Step::Wake => self.tabs[place].link.wake(now),
            Step::Adopt => {
                for say in self.storage.values().cloned().collect::<Vec<_>>() {
                    self.tabs[place].link.say(now, say);
                }
            }
            Step::Ring => self.tabs[place].rung += 1,
            Step::Identify(_) | Step::Forget => self.tabs[place].heard.push(step),
        }
    }

    fn receives(&mut self, place: usize, number: u32, text: &str) {
        let frame = FromRelay::decode(text).expect("the model speaks the protocol");
        self.tabs[place].link.received(self.now, number, frame);
    }

    // ---- the relay

    fn entry(&self, seq: Seq) -> Entry {
        let (id, own) = self.log[seq as usize - 1];
        let by = if own { Author::Visitor } else { Author::System };
        Entry { seq, prev: seq - 1, id, at: 0, by, body: Body::Text("hi".into()) }
    }

    fn publish(&mut self, except: Option<usize>) {
        let entry = self.entry(self.log.len() as Seq);
        let text = FromRelay::Entry(Delivery { conversation: CONVERSATION, entry }).encode();
        for connection in self.open.iter().filter(|(_, open)| open.1).map(|(number, _)| *number).collect::<Vec<_>>() {
            if Some(connection) != except {
                self.down(connection, text.clone());
            }
        }
    }

    fn down(&mut self, connection: usize, text: String) {
        if let Some((tab, _)) = self.open.get(&connection) {
            self.post(Post::Down(*tab, connection, text), DELAY);
        }
    }

    fn hears(&mut self, connection: usize, text: &str) {
        if !self.open.contains_key(&connection) {
            return;
        }
        let head = self.log.len() as Seq;
        match ToRelay::decode(text).expect("the tabs speak the protocol") {
            ToRelay::Hello(hello) => {
                if let Some(open) = self.open.get_mut(&connection) {
                    open.1 = true;
                }
                let thread = Thread {
                    id: CONVERSATION,
                    state: State::Queued,
                    head,
                    agent: None,
                    position: None,
                    estimate_ms: None,
                    read: 0,
                };
                let welcome = Welcome {
                    visitor: VisitorId(CONVERSATION.0),
                    token: None,
                    thread: (head > 0).then_some(thread),
                    answering: true,
                    back_at: None,
                    site: String::new(),
                    settings: 0,
                    panel: Default::default(),
                    now: self.now,
                };
                self.down(connection, FromRelay::Welcome(welcome).encode());
                let seen = hello.seen.first().map_or(0, |seen| seen.seq);
                if head > seen {
                    self.page(connection, seen);
                }
            }
            ToRelay::Say(say) => {
                let known = self.log.iter().position(|(id, _)| *id == say.id);
                let seq = known.map_or(head + 1, |place| place as Seq + 1);
                if known.is_none() {
                    self.log.push((say.id, true));
                }
                let ack = Ack { id: say.id, conversation: CONVERSATION, seq, prev: seq - 1, at: 0 };
                self.down(connection, FromRelay::Ack(ack).encode());
                if known.is_none() {
                    self.publish(Some(connection));
                }
            }
            ToRelay::Backfill(backfill) => self.page(connection, backfill.after),
            ToRelay::Ping(_) => {
                let heads = (head > 0).then_some(Seen { conversation: CONVERSATION, seq: head });
                self.down(connection, FromRelay::Pong(Pong { now: self.now, heads: heads.into_iter().collect() }).encode());
            }
            _ => {}
        }
    }

    fn page(&mut self, connection: usize, after: Seq) {
        let head = self.log.len() as Seq;
        let last = head.min(after + 3);
        let entries = (after + 1..=last).map(|seq| self.entry(seq)).collect();
        let page = Entries { conversation: CONVERSATION, entries, more: last < head };
        self.down(connection, FromRelay::Entries(page).encode());
    }

    // ---- time

    /// Lets everything happen until then.
    fn until(&mut self, end: Millis) {
        let before = self.posted;
        loop {
            assert!(self.posted - before < MOST_POSTS, "the tabs never fall silent");
            let post = self.posts.first_key_value().map(|(key, _)| *key);
            let awake = self.tabs.iter().enumerate().filter(|(_, tab)| !tab.asleep);
            let alarm = awake.filter_map(|(place, tab)| Some((alarm(tab)?.max(self.now), place))).min();
            match (post, alarm) {
                (Some(key), alarm) if key.0 <= end && alarm.is_none_or(|(at, _)| key.0 <= at) => {
                    self.now = self.now.max(key.0);
                    if let Some(post) = self.posts.remove(&key) {
                        self.arrives(post);
                    }
                }
                (_, Some((at, place))) if at <= end => {
                    self.now = at + 1;
                    self.ticks(place);
                }
                _ => break,
            }
        }
        self.now = self.now.max(end);
    }

    fn ticks(&mut self, place: usize) {
        let now = self.now;
        self.tabs[place].link.tick(now);
        self.tabs[place].tabs.tick(now);
        self.runs(place);
    }

    fn arrives(&mut self, post: Post) {
        let (Post::Word(name, _)
        | Post::Down(name, ..)
        | Post::Opened(name, _)
        | Post::Broken(name, _)
        | Post::Granted(name, _)
        | Post::Lost(name, _)) = post
        else {
            if let Post::Up(connection, text) = post {
                self.hears(connection, &text);
            }
            return;
        };
        if let Post::Opened(_, connection) = post
            && self.place(name).is_some_and(|place| self.tabs[place].socket.is_some_and(|socket| socket.1 == connection))
            && self.opened.insert(connection)
        {
            self.open.insert(connection, (name, false));
        }
        let Some(place) = self.place(name) else { return };
        let now = self.now;
        let tab = &mut self.tabs[place];
        if tab.asleep {
            // Told when it wakes up.
            self.post(post, 500);
            return;
        }
        let number = |connection: usize| tab.socket.filter(|socket| socket.1 == connection).map(|socket| socket.0);
        match post {
            Post::Word(_, text) => {
                tab.tabs.heard(now, &text);
                tab.link.tick(now);
            }
            Post::Down(_, connection, text) => {
                if let Some(number) = number(connection) {
                    tab.tabs.frame(&text);
                    self.receives(place, number, &text);
                }
            }
            Post::Opened(_, connection) => {
                if let Some(number) = number(connection) {
                    tab.link.opened(now, number);
                }
            }
            Post::Broken(_, connection) => {
                if let Some(number) = number(connection) {
                    tab.link.closed(now, number, None);
                }
            }
            Post::Granted(_, lock) if self.locks == lock => {
                tab.lock = lock;
                tab.tabs.lead();
            }
            // Taken away before it was heard of: browsers refuse the request then, and the driver makes another.
            Post::Granted(name, _) if tab.tabs.has_joined() && self.holder != Some(name) && !self.queue.contains(&name) => {
                self.wants_lock(name);
            }
            Post::Granted(..) => {}
            Post::Lost(name, lock) if tab.lock == lock && tab.tabs.has_joined() => {
                tab.tabs.lose();
                self.wants_lock(name);
            }
            Post::Lost(..) => {}
            Post::Up(..) => {}
        }
        self.runs(place);
    }

    fn settles(&mut self) {
        self.loses = 0;
        if self.tabs.is_empty() {
            self.opens_tab();
        }
        for place in 0..self.tabs.len() {
            self.tabs[place].asleep = false;
            self.joins(place);
        }
        self.until(self.now + SETTLES_WITHIN);
    }
}

fn alarm(tab: &Tab) -> Option<Millis> {
    [tab.link.deadline(), tab.tabs.deadline()].into_iter().flatten().min()
}

/// One thing that happens, and how long until the next.
#[derive(Clone, Debug)]
enum Happens {
    Opens,
    Closes(usize),
    Crashes(usize),
    Sleeps(usize),
    Wakes(usize),
    Leaves(usize),
    Joins(usize),
    Looks(usize, Sight),
    Says(usize),
    AgentSays,
    Breaks,
}

fn happens() -> impl Strategy<Value = (Happens, Millis)> {
    let tab = || 0_usize..4;
    let what = prop_oneof![
        2 => Just(Happens::Opens),
        1 => tab().prop_map(Happens::Closes),
        1 => tab().prop_map(Happens::Crashes),
        1 => tab().prop_map(Happens::Sleeps),
        1 => tab().prop_map(Happens::Wakes),
        1 => tab().prop_map(Happens::Leaves),
        1 => tab().prop_map(Happens::Joins),
        2 => (tab(), prop_oneof![Just(Sight::Hidden), Just(Sight::Page), Just(Sight::Panel)])
            .prop_map(|(tab, sight)| Happens::Looks(tab, sight)),
        4 => tab().prop_map(Happens::Says),
        2 => Just(Happens::AgentSays),
        1 => Just(Happens::Breaks),
    ];
    (what, prop_oneof![0_i64..200, 0_i64..8_000])
}

impl World {
    fn befalls(&mut self, what: Happens) {
        let count = self.tabs.len();
        let place = |tab: usize| (count > 0).then(|| tab % count);
        let awake = |world: &Self, tab: usize| place(tab).filter(|place| !world.tabs[*place].asleep);
        match what {
            Happens::Opens if count < 4 => self.opens_tab(),
            Happens::Closes(tab) | Happens::Crashes(tab) if count > 0 => {
                self.closes_tab(tab % count, matches!(what, Happens::Crashes(_)));
            }
            Happens::Sleeps(tab) | Happens::Wakes(tab) if count > 0 => {
                self.tabs[tab % count].asleep = matches!(what, Happens::Sleeps(_));
            }
            Happens::Leaves(tab) => {
                if let Some(place) = awake(self, tab) {
                    self.leaves(place);
                }
            }
            Happens::Joins(tab) => {
                if let Some(place) = awake(self, tab) {
                    self.joins(place);
                }
            }
            Happens::Looks(tab, sight) => {
                if let Some(place) = awake(self, tab) {
                    let now = self.now;
                    self.tabs[place].tabs.see(now, sight);
                    self.runs(place);
                }
            }
            Happens::Says(tab) => {
                if let Some(place) = awake(self, tab) {
                    self.says(place);
                }
            }
            Happens::AgentSays => self.agent_says(),
            Happens::Breaks => self.breaks_connections(),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_doubled(
        seed in any::<u64>(),
        loses in prop_oneof![Just(0_u64), Just(0), 0_u64..40],
        story in prop::collection::vec(happens(), 1..40),
    ) {
        let mut world = World::new(seed, loses);
        world.opens_tab();
        for (what, pause) in story {
            world.befalls(what);
            world.until(world.now + pause);
        }
        world.settles();
        let head = world.log.len() as Seq;
        for id in &world.said {
            let times = world.log.iter().filter(|(other, _)| other == id).count();
            prop_assert_eq!(times, 1, "a message is at the relay {} times", times);
        }
        prop_assert!(world.storage.is_empty(), "acknowledged messages are kept");
        for tab in &world.tabs {
            prop_assert_eq!((tab.status, tab.told), (Status::Online, head), "tab {}", tab.name);
        }
        prop_assert_eq!(world.tabs.iter().filter(|tab| tab.tabs.leads()).count(), 1, "leaders");
        prop_assert_eq!(world.open.len(), 1, "sockets");
    }
}

fn three_tabs() -> World {
    let mut world = World::new(7, 0);
    for _ in 0..3 {
        world.opens_tab();
    }
    world.until(world.now + 1_000);
    world
}

fn leaders(world: &World) -> Vec<usize> {
    world.tabs.iter().filter(|tab| tab.tabs.leads()).map(|tab| tab.name).collect()
}

#[test]
fn three_tabs_have_one_socket_and_the_next_one_takes_it_over_at_once() {
    let mut world = three_tabs();
    assert_eq!((leaders(&world), world.open.len(), world.connections), (vec![1], 1, 1));
    assert!(world.tabs.iter().all(|tab| tab.status == Status::Online));
    world.closes_tab(0, false);
    world.until(world.now + 500);
    assert_eq!((leaders(&world), world.open.len()), (vec![2], 1));
    assert!(world.tabs.iter().all(|tab| tab.status == Status::Online));
}

#[test]
fn a_leader_that_sleeps_is_replaced_after_three_seconds_if_somebody_looks() {
    let mut world = three_tabs();
    world.tabs[0].asleep = true;
    for place in [1, 2] {
        let now = world.now;
        world.tabs[place].tabs.see(now, Sight::Hidden);
        world.runs(place);
    }
    world.until(world.now + 20_000);
    assert_eq!(leaders(&world), [1], "nobody looks");
    let now = world.now;
    world.tabs[1].tabs.see(now, Sight::Page);
    world.runs(1);
    world.until(now + 1_400);
    assert_eq!(leaders(&world), [1]);
    world.until(now + 3_500);
    assert!(world.tabs[1].tabs.leads());
    world.tabs[0].asleep = false;
    world.until(world.now + 2_000);
    assert_eq!((leaders(&world), world.open.len()), (vec![2], 1), "the zombie has stepped down");
}

#[test]
fn one_tab_rings_and_none_while_the_conversation_is_seen() {
    let mut world = three_tabs();
    let sees = |world: &mut World, sights: [Sight; 3]| {
        for (place, sight) in sights.into_iter().enumerate() {
            let now = world.now;
            world.tabs[place].tabs.see(now, sight);
            world.runs(place);
        }
        world.until(world.now + 1_000);
        world.agent_says();
        world.until(world.now + 1_000);
        world.tabs.iter_mut().map(|tab| std::mem::take(&mut tab.rung)).collect::<Vec<_>>()
    };
    use Sight::{Hidden, Page, Panel};
    assert_eq!(sees(&mut world, [Page, Hidden, Hidden]), [1, 0, 0]);
    assert_eq!(sees(&mut world, [Hidden, Hidden, Page]), [0, 0, 1]);
    assert_eq!(sees(&mut world, [Hidden, Hidden, Hidden]), [0, 0, 1], "where the visitor was last");
    assert_eq!(sees(&mut world, [Hidden, Panel, Hidden]), [0, 0, 0]);
    assert_eq!(sees(&mut world, [Panel, Hidden, Hidden]), [0, 0, 0]);
}

#[test]
fn a_tab_alone_says_nothing_about_frames() {
    let mut world = World::new(1, 0);
    world.opens_tab();
    world.until(world.now + 1_000);
    world.tabs[0].tabs.frame("{}");
    assert_eq!(world.tabs[0].tabs.poll(), None);
}

#[test]
fn an_identity_goes_to_the_leader_and_a_logout_to_everybody() {
    let mut world = three_tabs();
    world.tabs[2].tabs.identify("a.b.c");
    world.runs(2);
    world.until(world.now + 100);
    world.tabs[1].tabs.forget();
    world.runs(1);
    world.until(world.now + 100);
    let heard: Vec<_> = world.tabs.iter_mut().map(|tab| std::mem::take(&mut tab.heard)).collect();
    assert_eq!(heard, [vec![Step::Identify("a.b.c".into()), Step::Forget], vec![], vec![Step::Forget]]);
}
