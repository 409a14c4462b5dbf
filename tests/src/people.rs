//! Somebody at a keyboard: a client in a task of its own, everything it ever saw, and waiting for something to be seen.
//! [`Visitor`](crate::visitor::Visitor) and [`Agent`](crate::agent::Agent) add what each of them does.

use std::time::Duration;

use shared::close::ErrorCode;
use shared::frame::Ack;
use shared::ids::{ConversationId, MessageId, Seq};
use shared::link::{Emit, Status};
use shared::model::{Author, Body, Entry, Say, Whisper};
use tokio::sync::{mpsc, watch};

use crate::client::{Client, Spoken};
use crate::door::Door;

/// How long people wait for what must happen. Generous: it is only spent where a test fails. Longer than relays take to be sure that one of
/// them is gone (15 s without a sign, at which they look every 5 s).
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What somebody does by habit, and what they make of what they see.
pub trait Habits: Spoken + Sized + 'static {
    /// What they know, put together from all frames.
    type View: Clone + Default + Send + Sync;

    /// Takes note of a frame; may act on it.
    fn note(view: &mut Self::View, client: &mut Client<Self>, frame: &Self::FromRelay);

    /// As whom they sign.
    fn signature(view: &Self::View) -> Author;

    /// The relay has refused with this close code.
    fn refused(client: &mut Client<Self>, code: u16);

    /// The request that this frame says was carried out.
    fn done(frame: &Self::FromRelay) -> Option<MessageId>;
}

/// Everything somebody saw.
#[derive(Clone, Default)]
pub struct Log<V> {
    /// How their connection stands.
    pub status: Option<Status>,
    /// Close codes with which they were refused.
    pub refusals: Vec<u16>,
    /// How often they have been greeted.
    pub greetings: usize,
    /// Entries in the order in which they came, own messages among them.
    pub entries: Vec<(ConversationId, Entry)>,
    /// Live entries of conversations that they do not follow.
    pub glimpses: Vec<(ConversationId, Entry)>,
    /// Own messages that are on disk.
    pub sent: Vec<(Say, Ack)>,
    /// Own messages that were refused for good.
    pub failed: Vec<(Say, ErrorCode)>,
    /// Other requests: what became of them.
    pub answers: Vec<(Option<MessageId>, Result<(), ErrorCode>)>,
    /// What they know.
    pub view: V,
}

#[allow(clippy::large_enum_variant, reason = "a command is moved once and never stored in bulk")]
pub(crate) enum Command<D: Spoken> {
    Say(Say),
    Send(D::ToRelay),
    Follow(ConversationId, Seq),
    Cut,
    Stop,
    Restart,
}

/// Somebody.
pub struct Person<D: Habits> {
    name: String,
    commands: mpsc::Sender<Command<D>>,
    log: watch::Receiver<Log<D::View>>,
}

impl<D: Habits<ToRelay: Send, FromRelay: Send>> Person<D> {
    /// Somebody who has not connected yet, with messages of an earlier life in storage.
    pub fn new(name: &str, dialect: D, door: Door, outbox: Vec<Say>) -> Self {
        // As many as anybody does before the client looks up from the socket.
        let (commands, todo) = mpsc::channel(64);
        let (seen, log) = watch::channel(Log::default());
        tokio::spawn(live(Client::new(dialect, door, outbox), todo, seen));
        Self { name: name.to_owned(), commands, log }
    }

    /// Everything they saw so far.
    pub fn log(&self) -> Log<D::View> {
        self.log.borrow().clone()
    }

    /// Waits until they see something.
    pub async fn until<T>(&self, what: &str, find: impl Fn(&Log<D::View>) -> Option<T>) -> T {
        let mut log = self.log.clone();
        let found = async {
            loop {
                if let Some(found) = find(&log.borrow_and_update()) {
                    return found;
                }
                assert!(log.changed().await.is_ok(), "the client of {} is gone", self.name);
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        let Ok(found) = found else {
            let log = self.log();
            let told: Vec<_> = log.entries.iter().map(|(_, entry)| (entry.seq, &entry.body)).collect();
            panic!(
                "{} waited in vain until {what}; status {:?}, entries {told:?}, answers {:?}",
                self.name, log.status, log.answers
            );
        };
        found
    }

    /// Waits until something holds.
    pub async fn until_true(&self, what: &str, holds: impl Fn(&Log<D::View>) -> bool) {
        self.until(what, |log| holds(log).then_some(())).await;
    }

    pub(crate) async fn command(&self, command: Command<D>) {
        assert!(self.commands.send(command).await.is_ok(), "the client of {} is gone", self.name);
    }

    /// Connects, and waits for the greeting.
    pub async fn connects(&self) {
        let before = self.log.borrow().greetings;
        self.command(Command::Restart).await;
        self.until_greeted(before).await;
    }

    /// Connects, and is refused with this close code.
    pub async fn is_refused(&self) -> u16 {
        let before = self.log.borrow().refusals.len();
        self.command(Command::Restart).await;
        self.until_refused(before).await
    }

    /// Waits for one more refusal than before.
    pub async fn until_refused(&self, before: usize) -> u16 {
        self.until("refused", |log| log.refusals.get(before).copied()).await
    }

    /// Waits for one more greeting than before.
    pub async fn until_greeted(&self, before: usize) {
        self.until_true("greeted", |log| log.greetings > before && log.status == Some(Status::Online)).await;
    }

    /// Disconnects with a goodbye.
    pub async fn leaves(&self) {
        self.command(Command::Stop).await;
        self.until_true("gone", |log| log.status == Some(Status::Stopped)).await;
    }

    /// Loses the connection without a goodbye, and finds back.
    pub async fn stumbles(&self) {
        let before = self.log.borrow().greetings;
        self.command(Command::Cut).await;
        self.until_greeted(before).await;
    }

    /// Sends a message without waiting for anything.
    pub async fn mutters(&self, say: Say) {
        self.command(Command::Say(say)).await;
    }

    /// Waits until a message is on disk.
    pub async fn is_acked(&self, id: MessageId) -> Ack {
        self.until("acked", |log| log.sent.iter().find(|(say, _)| say.id == id).map(|(_, ack)| *ack)).await
    }

    /// Waits until a message is refused for good.
    pub async fn is_told_off(&self, id: MessageId) -> ErrorCode {
        self.until("refused", |log| log.failed.iter().find(|(say, _)| say.id == id).map(|(_, code)| *code)).await
    }

    /// Sends a request, and waits for its outcome.
    pub async fn requests(&self, id: MessageId, frame: D::ToRelay) -> Result<(), ErrorCode> {
        self.command(Command::Send(frame)).await;
        self.until("answered", |log| log.answers.iter().find(|(of, _)| *of == Some(id)).map(|(_, answer)| *answer)).await
    }

    /// Sends a frame that has no answer.
    pub async fn sends(&self, frame: D::ToRelay) {
        self.command(Command::Send(frame)).await;
    }

    /// Waits until an entry says this; whoever wrote it.
    pub async fn sees(&self, text: &str) -> Entry {
        self.until(&format!("they see {text:?}"), |log| {
            let all = log.entries.iter().chain(&log.glimpses);
            all.map(|(_, entry)| entry).find(|entry| says(entry, text)).cloned()
        })
        .await
    }

    /// How often they were shown a text. Own messages count once.
    pub fn times_seen(&self, text: &str) -> usize {
        self.log.borrow().entries.iter().filter(|(_, entry)| says(entry, text)).count()
    }

    /// All that they know of a conversation's entries, by number.
    pub fn transcript(&self, conversation: ConversationId) -> Vec<Entry> {
        let log = self.log.borrow();
        let mine = log.entries.iter().filter(|(of, _)| *of == conversation);
        let mut entries: Vec<Entry> = mine.map(|(_, entry)| entry.clone()).collect();
        entries.sort_by_key(|entry| entry.seq);
        entries
    }
}

/// Whether this entry says that.
fn says(entry: &Entry, wanted: &str) -> bool {
    matches!(&entry.body, Body::Text(text) | Body::Note(text) | Body::Whisper(Whisper { text, .. }) if text == wanted)
}

/// Connects, watches, obeys, until nobody holds the person any more.
async fn live<D: Habits>(mut client: Client<D>, mut todo: mpsc::Receiver<Command<D>>, seen: watch::Sender<Log<D::View>>) {
    loop {
        tokio::select! {
            command = todo.recv() => match command {
                Some(command) => obey(&mut client, command),
                None => return,
            },
            emit = client.next() => seen.send_modify(|log| record(log, &mut client, emit)),
        }
    }
}

fn obey<D: Habits>(client: &mut Client<D>, command: Command<D>) {
    match command {
        Command::Say(say) => client.say(say),
        Command::Send(frame) => {
            client.send(frame);
        }
        Command::Follow(conversation, head) => client.follow(conversation, head),
        Command::Cut => client.cut(),
        Command::Stop => client.stop(),
        Command::Restart => client.restart(),
    }
}

fn record<D: Habits>(log: &mut Log<D::View>, client: &mut Client<D>, emit: Emit<D::FromRelay>) {
    match emit {
        Emit::Status(status) => {
            log.greetings += usize::from(status == Status::Online);
            log.status = Some(status);
            if let Status::Refused(code) = status {
                log.refusals.push(code);
                D::refused(client, code);
            }
        }
        Emit::Pending(_) => {}
        Emit::Sent(say, ack) => {
            if !log.entries.iter().any(|(_, entry)| entry.id == say.id) {
                log.entries.push((ack.conversation, own(D::signature(&log.view), &say, &ack)));
            }
            log.sent.push((say, ack));
        }
        Emit::Failed(say, error) => log.failed.push((say, error.code)),
        Emit::Entry(conversation, entry) => {
            // A backfill may hold what an ack has told already; whatever else comes twice must show.
            let known = log.sent.iter().any(|(say, _)| say.id == entry.id);
            if !known {
                log.entries.push((conversation, entry));
            }
        }
        Emit::Glimpse(delivery) => log.glimpses.push((delivery.conversation, delivery.entry)),
        Emit::Refused(error) => log.answers.push((error.id, Err(error.code))),
        Emit::Frame(frame) => {
            if let Some(id) = D::done(&frame) {
                log.answers.push((Some(id), Ok(())));
            }
            D::note(&mut log.view, client, &frame);
        }
    }
}

/// The entry that an ack stands for: the relay does not send it to the connection that said it.
fn own(by: Author, say: &Say, ack: &Ack) -> Entry {
    let text = say.text.clone();
    let body = if say.note { Body::Note(text) } else { Body::Text(text) };
    Entry { seq: ack.seq, prev: ack.prev, id: say.id, at: ack.at, by, body }
}
