//! The load: visitors and agents who talk, end chats, hand them over and pick them up, and write down all that they did and saw.
//! Each is a task around a link over a real socket. They speak on their own beat until told to be silent.

use std::time::Duration;

use shared::agent::{About, SetPresence, ToRelay as AgentSays, Transfer};
use shared::ids::{ConversationId, Millis, Seq};
use shared::link::{Emit, Status};
use shared::model::{Presence, Say};
use shared::visitor::{Close, FromRelay, ToRelay as VisitorSays};
use shared::{agent, visitor};
use tests::agent::Console;
use tests::client::Client;
use tests::door::Door;
use tests::people::Habits;
use tests::visitor::Panel;
use tests::{new_id, now};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::history::{Diary, Did, Place};

/// Most messages in somebody's outbox: nobody writes on and on without an answer.
const MOST_UNSENT: usize = 4;
/// Signs of life closer together than this are one.
const SIGNS_APART: Millis = 100;

/// Somebody's diary while it is being written.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// What will be judged.
    pub diary: Diary,
    /// The last sign that the relay works for them: an ack; for agents anything.
    pub served_at: Millis,
    /// The last entry they saw, by conversation.
    pub seen: std::collections::BTreeMap<Uuid, Seq>,
    heard_at: Millis,
}

impl Notes {
    fn note(&mut self, did: Did) {
        let at = now();
        match &did {
            Did::Acked(place) | Did::Saw(place) => {
                let seen = self.seen.entry(place.conversation).or_default();
                *seen = (*seen).max(place.seq);
            }
            Did::Heard if at - self.heard_at < SIGNS_APART => return,
            Did::Heard => self.heard_at = at,
            Did::Said { .. } | Did::Refused(_) => {}
        }
        if matches!(did, Did::Acked(_)) || (self.diary.is_agent && !matches!(did, Did::Said { .. })) {
            self.served_at = at;
        }
        self.diary.events.push((at, did));
    }

    fn emitted<F>(&mut self, emit: &Emit<F>) {
        match emit {
            Emit::Pending(say) => self.note(Did::Said { id: say.id.0, text: say.text.clone() }),
            Emit::Sent(say, ack) => {
                let (id, conversation) = (say.id.0, ack.conversation.0);
                self.note(Did::Acked(Place { id, conversation, seq: ack.seq, prev: ack.prev }));
            }
            Emit::Failed(say, _) => self.note(Did::Refused(say.id.0)),
            Emit::Entry(conversation, entry) => {
                let (id, conversation) = (entry.id.0, conversation.0);
                self.note(Did::Saw(Place { id, conversation, seq: entry.seq, prev: entry.prev }));
            }
            Emit::Glimpse(_) | Emit::Refused(_) | Emit::Frame(_) => self.note(Did::Heard),
            Emit::Status(_) => {}
        }
    }
}

/// One of the crew.
pub struct Member {
    /// How they sign.
    pub name: String,
    /// What they wrote down so far.
    pub notes: watch::Receiver<Notes>,
    life: JoinHandle<()>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.life.abort();
    }
}

/// What the crew is told: whether to speak.
pub type Beat = watch::Receiver<bool>;

/// A visitor who speaks every `pace` on average, and comes to an end now and then.
pub fn visitor(name: String, door: Door, beat: Beat, dice: fastrand::Rng, pace: Duration) -> Member {
    let (write, notes) = watch::channel(Notes { diary: Diary { name: name.clone(), ..Diary::default() }, ..Notes::default() });
    let client = Client::new(visitor::Dialect::default(), door, Vec::new());
    let life = tokio::spawn(visit(name.clone(), client, write, beat, dice, pace));
    Member { name, notes, life }
}

/// An agent who answers every `pace`, closes, hands over, and is always available again.
pub fn agent(name: String, id: Uuid, door: Door, beat: Beat, dice: fastrand::Rng, pace: Duration) -> Member {
    let diary = Diary { name: name.clone(), is_agent: true, id: Some(id), ..Diary::default() };
    let (write, notes) = watch::channel(Notes { diary, ..Notes::default() });
    let client = Client::new(agent::Dialect::default(), door, Vec::new());
    let life = tokio::spawn(serve(name.clone(), client, write, beat, dice, pace));
    Member { name, notes, life }
}

async fn visit(
    name: String,
    mut client: Client<visitor::Dialect>,
    notes: watch::Sender<Notes>,
    beat: Beat,
    mut dice: fastrand::Rng,
    pace: Duration,
) {
    let mut panel = Panel::default();
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut line = 0;
    client.restart();
    loop {
        tokio::select! {
            emit = client.next() => {
                if let Emit::Frame(frame) = &emit {
                    visitor::Dialect::note(&mut panel, &mut client, frame);
                    if let FromRelay::Welcome(welcome) = frame {
                        notes.send_modify(|notes| notes.diary.id = Some(welcome.visitor.0));
                    }
                }
                if let Emit::Status(Status::Refused(code)) = emit {
                    panic!("{name} was refused with {code}");
                }
                notes.send_modify(|notes| {
                    notes.emitted(&emit);
                    notes.diary.unsent = client.stored().len();
                });
            }
            _ = ticks.tick() => {
                if !*beat.borrow() || client.stored().len() >= MOST_UNSENT {
                    continue;
                }
                if dice.u32(..40) == 0 && let Some(thread) = &panel.thread {
                    client.send(VisitorSays::Close(Close { id: new_id(), conversation: thread.id }));
                }
                line += 1;
                let text = format!("{name} line {line}");
                client.say(Say::text(new_id(), None, text));
            }
        }
    }
}

async fn serve(
    name: String,
    mut client: Client<agent::Dialect>,
    notes: watch::Sender<Notes>,
    beat: Beat,
    mut dice: fastrand::Rng,
    pace: Duration,
) {
    let mut console = Console::default();
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut line = 0;
    client.restart();
    loop {
        tokio::select! {
            emit = client.next() => {
                if let Emit::Frame(frame) = &emit {
                    agent::Dialect::note(&mut console, &mut client, frame);
                }
                if let Emit::Status(Status::Refused(code)) = emit {
                    panic!("{name} was refused with {code}");
                }
                notes.send_modify(|notes| {
                    notes.emitted(&emit);
                    notes.diary.unsent = client.stored().len();
                });
            }
            _ = ticks.tick() => {
                let me = console.me.and_then(|me| console.agents.get(&me));
                if me.is_some_and(|me| me.presence != Presence::Online) {
                    client.send(AgentSays::Presence(SetPresence { id: new_id(), presence: Presence::Online, away: None }));
                }
                if !*beat.borrow() {
                    continue;
                }
                act(&console, &mut client, &mut dice);
                let chats = console.active();
                if let Some(chat) = dice.choice(&chats) && client.stored().len() < MOST_UNSENT {
                    line += 1;
                    let text = format!("{name} line {line}");
                    client.say(Say::text(new_id(), Some(*chat), text));
                }
            }
        }
    }
}

/// Now and then something else than talking. What the relay refuses of it, it refuses rightly.
fn act(console: &Console, client: &mut Client<agent::Dialect>, dice: &mut fastrand::Rng) {
    let offered = console.chats.values().find(|chat| chat.offer.as_ref().is_some_and(|offer| Some(offer.to) == console.me));
    if let Some(chat) = offered {
        let about = About { id: new_id(), conversation: chat.id };
        client.send(if dice.bool() { AgentSays::Accept(about) } else { AgentSays::Decline(about) });
    }
    let chats = console.active();
    let Some(&conversation) = dice.choice(&chats) else { return };
    let id = new_id();
    match dice.u32(..60) {
        0..=3 => close(client, conversation),
        4 => {
            client.send(AgentSays::Transfer(Transfer { id, conversation, to: None, team: None }));
        }
        5..=6 => {
            let others: Vec<_> = console.agents.keys().copied().filter(|agent| Some(*agent) != console.me).collect();
            let to = dice.choice(&others).copied();
            client.send(AgentSays::Transfer(Transfer { id, conversation, to, team: None }));
        }
        7 => {
            client.send(AgentSays::Presence(SetPresence { id, presence: Presence::Away, away: None }));
        }
        _ => {}
    }
}

fn close(client: &mut Client<agent::Dialect>, conversation: ConversationId) {
    client.send(AgentSays::Close(About { id: new_id(), conversation }));
}
