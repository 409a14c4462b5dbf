//! What may happen next: drawn so that most of it makes sense where the desk stands now, and some of it does not.

use std::collections::BTreeSet;
use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::ReferenceStateMachine;
use shared::ids::Millis;
use shared::model::State;

use super::super::{DAY, HOUR, MINUTE, SECOND, START};
use super::real::signed_in;
use super::reference::{Agent, Reference, SITES, Site, TEAMS, Visitor};
use super::verbs::Verb;

pub(super) const AGENTS: usize = 3;
pub(super) const VISITORS: usize = 8;
/// From here on they are verified: one for each site.
pub(super) const VERIFIED: usize = 6;

/// Where SQLite is interrupted, in instructions of its machine: a verb takes some hundreds to some thousands.
const INSTRUCTIONS: [Range<u32>; 3] = [1..60, 60..800, 800..5_000];

/// What goes wrong in the store.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// A statement stops after that many instructions.
    Interrupt(u32),
    /// The commit is refused.
    Commit,
}

/// How the process ends, if it does, before a node begins.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// Not at all: another node begins over the same store.
    None,
    /// In order.
    Clean,
    /// Killed between two verbs.
    Killed,
    /// Killed that many instructions into a verb.
    Within(Verb, u32),
    /// Killed in a verb's commit, when that share of it (in 256ths) was in the write-ahead log.
    Torn(Verb, u8),
}

/// Something happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Time passes, unnoticed; then somebody does something.
    Does(Millis, Verb),
    /// Time passes, and what is due in it happens when it is due.
    Passes(Millis),
    /// Time passes up to so long after what is due next (before, if negative); then somebody looks.
    ToDue(Millis),
    /// The node renews its lease.
    Renews(Millis),
    /// Somebody does something and the store fails.
    Fails(Verb, Fault),
    /// Some do something at once.
    Race(Vec<Verb>, Option<Fault>),
    /// A node begins, so long after the end of the one before.
    Restarts(End, Millis),
}

impl Reference {
    /// As far as it can be known: who wins a race, and how much of a verb outlives a crash, the test finds out.
    fn after(mut self, step: &Step) -> Self {
        match step {
            Step::Does(after, verb) => {
                self.now += after;
                let _ = self.happens(verb);
            }
            Step::Passes(time) => self.passes(self.now + time),
            Step::ToDue(offset) => {
                self.now = self.now.max(self.next_due().unwrap_or(self.now) + offset);
                self.sweep();
            }
            Step::Renews(after) => {
                self.now += after;
                self.renew();
            }
            Step::Fails(..) => self.now += 1,
            Step::Race(verbs, fault) => {
                for verb in verbs {
                    self.now += 1;
                    if fault.is_none() {
                        let _ = self.happens(verb);
                    }
                }
            }
            Step::Restarts(_, down) => {
                self.now += 1 + down;
                self.restart();
            }
        }
        self.meet();
        self
    }

    fn passes(&mut self, end: Millis) {
        while let Some(due) = self.next_due().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.sweep();
        }
        self.now = end;
    }
}

fn a_while() -> impl Strategy<Value = Millis> {
    let times = vec![1, SECOND, 10 * SECOND, 29 * SECOND, 31 * SECOND, MINUTE, 2 * MINUTE, 9 * MINUTE, 11 * MINUTE, HOUR];
    let long = vec![DAY - MINUTE, DAY, 7 * DAY - MINUTE, 8 * DAY];
    prop_oneof![12 => select(times), 1 => select(long)]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![6 => instructions().prop_map(Fault::Interrupt), 1 => Just(Fault::Commit)]
}

fn instructions() -> impl Strategy<Value = u32> {
    select(INSTRUCTIONS.to_vec()).prop_flat_map(|range| range)
}

fn site() -> impl Strategy<Value = Site> {
    let route = prop::option::of(0..TEAMS);
    (prop::bool::weighted(0.3), prop::bool::weighted(0.2), route).prop_map(|(picked, shut, routes_to)| Site {
        picked,
        shut,
        routes_to,
    })
}

/// On the site where they are.
fn signs_in(from: usize) -> Verb {
    Verb::SignsIn { from, into: signed_in(from) }
}

/// Anything, whether it makes sense or not.
fn any_verb(chats: usize) -> BoxedStrategy<Verb> {
    let (visitor, agent) = (|| 0..VISITORS, || 0..AGENTS);
    // One more than there are.
    let pair = move || (agent(), 0..=chats);
    prop_oneof![
        8 => (visitor(), prop::bool::weighted(0.15)).prop_map(|(visitor, address)| Verb::Says { visitor, address }),
        1 => visitor().prop_map(Verb::Repeats),
        2 => (0..VERIFIED).prop_map(signs_in),
        2 => visitor().prop_map(Verb::Comes),
        3 => visitor().prop_map(Verb::Goes),
        1 => visitor().prop_map(Verb::Ends),
        1 => visitor().prop_map(Verb::Views),
        3 => agent().prop_map(Verb::Arrives),
        2 => agent().prop_map(Verb::Vanishes),
        3 => agent().prop_map(Verb::Online),
        2 => agent().prop_map(Verb::Away),
        1 => agent().prop_map(Verb::Touches),
        2 => (pair(), any::<bool>()).prop_map(|((agent, chat), stretch)| Verb::Takes { agent, chat, stretch }),
        1 => pair().prop_map(|(agent, chat)| Verb::TakesOver(agent, chat)),
        1 => pair().prop_map(|(agent, chat)| Verb::Answers(agent, chat)),
        1 => pair().prop_map(|(agent, chat)| Verb::Notes(agent, chat)),
        1 => pair().prop_map(|(agent, chat)| Verb::Reads(agent, chat)),
        1 => (pair(), agent()).prop_map(|((agent, chat), to)| Verb::Offers { agent, chat, to }),
        1 => pair().prop_map(|(agent, chat)| Verb::HandsBack(agent, chat)),
        1 => (pair(), 0..=TEAMS).prop_map(|((agent, chat), team)| Verb::HandsToTeam { agent, chat, team }),
        1 => pair().prop_map(|(agent, chat)| Verb::Accepts(agent, chat)),
        1 => pair().prop_map(|(agent, chat)| Verb::Declines(agent, chat)),
        1 => pair().prop_map(|(agent, chat)| Verb::Closes(agent, chat)),
        1 => pair().prop_map(|(agent, chat)| Verb::Dismisses(agent, chat)),
        2 => (agent(), 1..3_u32).prop_map(|(agent, capacity)| Verb::Capacity(agent, capacity)),
        1 => (agent(), any::<bool>()).prop_map(|(agent, disabled)| Verb::Disabled(agent, disabled)),
        1 => (agent(), any::<bool>()).prop_map(|(agent, supervisor)| Verb::Supervisor(agent, supervisor)),
        1 => (pair(), -1..2).prop_map(|((agent, chat), priority)| Verb::Prioritizes { agent, chat, priority }),
        2 => (agent(), 0..TEAMS, any::<bool>()).prop_map(|(agent, team, joins)| Verb::Joins(agent, team, joins)),
        1 => (agent(), prop::option::of(0..2_usize)).prop_map(|(agent, language)| Verb::Speaks(agent, language)),
        2 => (0..SITES, site()).prop_map(|(site, desk)| Verb::Desk(site, desk)),
        2 => Just(Verb::Sweep),
    ]
    .boxed()
}

/// Where the desk stands, every verb that has an addressee.
fn likely(now: &Reference) -> Vec<(u32, BoxedStrategy<Verb>)> {
    let chats = || now.chats.iter().enumerate();
    let held: Vec<(usize, usize)> =
        chats().filter(|(_, chat)| chat.state == State::Active).filter_map(|(place, chat)| Some((chat.agent?, place))).collect();
    let queued: Vec<usize> = now.queue();
    let parked: Vec<usize> = chats().filter(|(_, chat)| chat.state == State::Parked).map(|(place, _)| place).collect();
    let closed: Vec<usize> = chats().filter(|(_, chat)| chat.state == State::Closed).map(|(place, _)| place).collect();
    let offered: Vec<(usize, usize)> = chats().filter_map(|(place, chat)| Some((chat.offer?.0, place))).collect();
    let reopened: Vec<(usize, usize)> = chats()
        .filter(|(_, chat)| chat.reopened)
        .filter_map(|(place, chat)| Some((chat.agent.or(chat.before)?, place)))
        .collect();
    let speakers: Vec<usize> = parked.iter().chain(&closed).map(|place| now.chats[*place].visitor).collect();
    let mut all = Vec::new();
    if !held.is_empty() {
        // Mostly to somebody who can have it.
        let free: Vec<usize> = (0..AGENTS).filter(|agent| now.has_slot(*agent)).collect();
        if !free.is_empty() {
            let offer = (select(held.clone()), select(free));
            all.push((5, offer.prop_map(|((agent, chat), to)| Verb::Offers { agent, chat, to }).boxed()));
        }
        let held = select(held);
        let verbs = prop_oneof![
            5 => held.clone().prop_map(|(agent, chat)| Verb::Answers(agent, chat)),
            2 => (held.clone(), 0..AGENTS).prop_map(|((_, chat), by)| Verb::TakesOver(by, chat)),
            1 => (held.clone(), 0..AGENTS).prop_map(|((agent, chat), to)| Verb::Offers { agent, chat, to }),
            2 => held.clone().prop_map(|(agent, chat)| Verb::HandsBack(agent, chat)),
            2 => (held.clone(), 0..TEAMS).prop_map(|((agent, chat), team)| Verb::HandsToTeam { agent, chat, team }),
            3 => held.prop_map(|(agent, chat)| Verb::Closes(agent, chat)),
        ];
        all.push((12, verbs.boxed()));
    }
    // Without people at work little happens.
    let back = (0..AGENTS).filter(|agent| !now.is_online(*agent)).map(|agent| match &now.agents[agent] {
        away if away.disabled => Verb::Disabled(agent, false),
        away if away.gone.is_some() => Verb::Arrives(agent),
        _ => Verb::Online(agent),
    });
    let back: Vec<Verb> = back.collect();
    if !back.is_empty() {
        all.push((6, select(back).boxed()));
    }
    if !queued.is_empty() {
        let urge = (0..AGENTS, select(queued.clone()), -1..2);
        all.push((2, urge.prop_map(|(agent, chat, priority)| Verb::Prioritizes { agent, chat, priority }).boxed()));
        let take = (0..AGENTS, select(queued), any::<bool>());
        all.push((4, take.prop_map(|(agent, chat, stretch)| Verb::Takes { agent, chat, stretch }).boxed()));
    }
    if !parked.is_empty() {
        let parked = (0..AGENTS, select(parked));
        let verbs = prop_oneof![
            parked.clone().prop_map(|(agent, chat)| Verb::Takes { agent, chat, stretch: false }),
            parked.prop_map(|(agent, chat)| Verb::Answers(agent, chat)),
        ];
        all.push((3, verbs.boxed()));
    }
    if !speakers.is_empty() {
        let verbs = prop_oneof![
            3 => select(speakers.clone()).prop_map(|visitor| Verb::Says { visitor, address: false }),
            1 => select(speakers).prop_map(Verb::Comes),
        ];
        all.push((8, verbs.boxed()));
    }
    // Who has something open, mostly into somebody who has, too.
    let nameless: Vec<usize> = chats()
        .filter(|(_, chat)| chat.state != State::Closed && chat.visitor < VERIFIED)
        .map(|(_, chat)| chat.visitor)
        .collect();
    if !nameless.is_empty() {
        all.push((3, select(nameless).prop_map(signs_in).boxed()));
        all.push((3, (VERIFIED..VISITORS).prop_map(|visitor| Verb::Says { visitor, address: false }).boxed()));
    }
    if !offered.is_empty() {
        let offered = select(offered);
        let verbs = prop_oneof![
            3 => offered.clone().prop_map(|(agent, chat)| Verb::Accepts(agent, chat)),
            1 => offered.clone().prop_map(|(agent, chat)| Verb::Declines(agent, chat)),
            2 => offered.clone().prop_map(|(agent, _)| Verb::Capacity(agent, 1)),
            1 => offered.prop_map(|(agent, _)| Verb::Vanishes(agent)),
        ];
        all.push((10, verbs.boxed()));
    }
    if !reopened.is_empty() {
        all.push((2, select(reopened).prop_map(|(agent, chat)| Verb::Dismisses(agent, chat)).boxed()));
    }
    all
}

fn verb(now: &Reference) -> BoxedStrategy<Verb> {
    let mut all = likely(now);
    all.push((16, any_verb(now.chats.len())));
    proptest::strategy::Union::new_weighted(all).boxed()
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        // Few slots, so that somebody waits most of the time.
        let agent = (1..3_u32, prop::bool::weighted(0.2), prop::bool::weighted(0.3), prop::bool::weighted(0.8));
        let joined = (prop::collection::btree_set(0..TEAMS, 0..2), prop::collection::btree_set(0..2_usize, 0..2));
        // Mostly sites that are open and hand out by themselves.
        let desk = prop_oneof![2 => Just(Site::default()), 1 => site()];
        (vec((agent, joined), AGENTS), any::<bool>(), prop::bool::weighted(0.4), [desk.clone(), desk])
            .prop_map(|(agents, may_stretch, watches, sites)| {
                type Drawn = ((u32, bool, bool, bool), (BTreeSet<usize>, BTreeSet<usize>));
                let agent = |((capacity, supervisor, away, here), (teams, languages)): Drawn| {
                    let gone = (!here).then_some(START);
                    Agent { capacity, supervisor, away, disabled: false, gone, idle: START, active: START, teams, languages }
                };
                Self {
                    now: START,
                    may_stretch,
                    watches,
                    heartbeat: START,
                    agents: agents.into_iter().map(agent).collect(),
                    visitors: (0..VISITORS)
                        .map(|visitor| Visitor { is_new: visitor < VERIFIED, here: false, given_up: false })
                        .collect(),
                    sites,
                    chats: Vec::new(),
                }
            })
            .boxed()
    }

    fn transitions(now: &Self) -> BoxedStrategy<Step> {
        let verb = verb(now);
        let end = prop_oneof![
            2 => Just(End::None),
            1 => Just(End::Clean),
            1 => Just(End::Killed),
            3 => (verb.clone(), instructions()).prop_map(|(verb, at)| End::Within(verb, at)),
            2 => (verb.clone(), any::<u8>()).prop_map(|(verb, share)| End::Torn(verb, share)),
        ];
        let soon = prop_oneof![6 => 1..2_000_i64, 1 => a_while()];
        // Which conversation somebody ends is told by its name: it must not become another one in the same race.
        let tells_apart = |verbs: &Vec<Verb>| {
            !verbs.iter().any(|verb| matches!(verb, Verb::SignsIn { .. }))
                || !verbs.iter().any(|verb| matches!(verb, Verb::Ends(_)))
        };
        let verbs = vec(verb.clone(), 2..=4).prop_filter("signs in and ends", tells_apart);
        let race = (verbs, prop::option::weighted(0.2, fault()));
        prop_oneof![
            72 => (soon, verb.clone()).prop_map(|(after, verb)| Step::Does(after, verb)),
            8 => a_while().prop_map(Step::Passes),
            10 => (-1..=1_i64).prop_map(Step::ToDue),
            1 => (0..2 * super::reference::LEASE).prop_map(Step::Renews),
            3 => (verb, fault()).prop_map(|(verb, fault)| Step::Fails(verb, fault)),
            5 => race.prop_map(|(verbs, fault)| Step::Race(verbs, fault)),
            1 => (end, prop_oneof![Just(0), a_while()]).prop_map(|(end, down)| Step::Restarts(end, down)),
        ]
        .boxed()
    }

    fn apply(now: Self, step: &Step) -> Self {
        now.after(step)
    }
}
