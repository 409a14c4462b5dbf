//! An agent at the console: what they do there, and what it shows them.

use std::collections::BTreeMap;
use std::ops::Deref;

use shared::agent::{
    About, Dialect, FromRelay, GetInbox, Hello, Inbox, Mention, Oversee, Prioritize, SetPresence, Show, Take, ToRelay, Transfer,
    Typing, Viewers,
};
use shared::close::ErrorCode;
use shared::frame::{Ack, Read};
use shared::ids::{AgentId, ConversationId, MessageId, Seq, SiteId, TeamId};
use shared::model::{self, Author, Board, Conversation, Person, Presence, Say, State, Team};

use crate::accounts::{Account, Office};
use crate::client::Client;
use crate::new_id;
use crate::people::{self, Command, Habits};

/// What the console shows.
#[derive(Clone, Default)]
pub struct Console {
    /// Who sits there.
    pub me: Option<AgentId>,
    /// The team.
    pub agents: BTreeMap<AgentId, model::Agent>,
    /// The teams that conversations can be for.
    pub teams: Vec<Team>,
    /// The sites' open work.
    pub boards: BTreeMap<SiteId, Board>,
    /// Chats that were ever assigned or offered to this agent, as last heard of.
    pub chats: BTreeMap<ConversationId, Conversation>,
    /// What visitors are writing.
    pub drafts: BTreeMap<ConversationId, String>,
    /// Up to where visitors have read.
    pub read: BTreeMap<ConversationId, Seq>,
    /// What others have, as it was listed last.
    pub others: Vec<ConversationId>,
    /// Notes that name them, and whispers to them, which they have not read.
    pub mentions: Vec<Mention>,
    /// Who looks at a thread.
    pub viewers: BTreeMap<ConversationId, Viewers>,
    /// How often the whole inbox was loaded again.
    pub reloads: usize,
}

impl Console {
    /// Chats that occupy a slot of this agent.
    pub fn active(&self) -> Vec<ConversationId> {
        self.chats.values().filter(|chat| self.holds(chat)).map(|chat| chat.id).collect()
    }

    /// Whether a chat is active and theirs.
    pub fn holds(&self, chat: &Conversation) -> bool {
        chat.state == State::Active && chat.agent.as_ref().map(|agent| agent.id) == self.me
    }

    /// A row of the queue.
    pub fn queued(&self, conversation: ConversationId) -> Option<&Conversation> {
        self.boards.values().flat_map(|board| &board.queue).find(|row| row.id == conversation)
    }

    /// A row of the messages that nobody was there to answer.
    pub fn message(&self, conversation: ConversationId) -> Option<&Conversation> {
        self.boards.values().flat_map(|board| &board.messages).find(|row| row.id == conversation)
    }

    fn show_all(&mut self, inbox: &Inbox) {
        self.agents = inbox.agents.iter().map(|agent| (agent.id, agent.clone())).collect();
        self.teams.clone_from(&inbox.teams);
        self.boards = inbox.boards.iter().map(|board| (board.site, board.clone())).collect();
        self.mentions.clone_from(&inbox.mentions);
        self.chats = inbox.chats.iter().map(|chat| (chat.id, chat.clone())).collect();
    }
}

impl Habits for Dialect {
    type View = Console;

    fn note(console: &mut Console, client: &mut Client<Self>, frame: &FromRelay) {
        match frame {
            FromRelay::Welcome(welcome) => {
                console.me = Some(welcome.me);
                console.show_all(&welcome.inbox);
            }
            FromRelay::Inbox(inbox) => {
                console.show_all(inbox);
                console.reloads += 1;
            }
            FromRelay::Board(board) => {
                console.boards.insert(board.site, board.clone());
            }
            FromRelay::Chat(chat) => {
                console.chats.insert(chat.conversation.id, chat.conversation.clone());
            }
            FromRelay::Others(others) => {
                console.others = others.chats.iter().map(|chat| chat.id).collect();
                console.chats.extend(others.chats.iter().map(|chat| (chat.id, chat.clone())));
            }
            FromRelay::Mentions(news) => console.mentions.clone_from(&news.mentions),
            FromRelay::Viewers(viewers) => {
                console.viewers.insert(viewers.conversation, viewers.clone());
            }
            FromRelay::Teams(news) => {
                console.teams.clone_from(&news.teams);
            }
            FromRelay::Agent(update) => {
                console.agents.insert(update.agent.id, update.agent.clone());
            }
            FromRelay::Typing(typing) => {
                console.drafts.insert(typing.conversation, typing.draft.clone());
            }
            FromRelay::Read(read) => {
                console.read.insert(read.conversation, read.seq);
            }
            _ => {}
        }
        // The console follows every chat that its agent holds.
        if matches!(frame, FromRelay::Welcome(_) | FromRelay::Inbox(_) | FromRelay::Chat(_)) {
            for chat in console.chats.values().filter(|chat| console.holds(chat)) {
                client.follow(chat.id, chat.head);
            }
        }
    }

    fn refused(_: &mut Client<Self>, _: u16) {}

    fn signature(console: &Console) -> Author {
        let me = console.me.and_then(|me| console.agents.get(&me));
        me.map_or(Author::System, |me| Author::Agent(Person { id: me.id, name: me.name.clone() }))
    }

    fn done(frame: &FromRelay) -> Option<MessageId> {
        match frame {
            FromRelay::Done(done) => Some(done.id),
            FromRelay::Others(others) => Some(others.id),
            _ => None,
        }
    }
}

/// An agent.
pub struct Agent {
    person: people::Person<Dialect>,
    /// Their account.
    pub account: Account,
}

impl Deref for Agent {
    type Target = people::Person<Dialect>;
    fn deref(&self) -> &Self::Target {
        &self.person
    }
}

impl Agent {
    /// Somebody who is signed in, and has not opened the console yet.
    pub fn new(office: &Office, account: &Account) -> Self {
        let dialect = Dialect { hello: Hello::default() };
        Self {
            person: people::Person::new(&account.me.name, dialect, office.door(account), Vec::new()),
            account: account.clone(),
        }
    }

    /// Their id.
    pub fn id(&self) -> AgentId {
        self.account.me.id
    }

    /// Opens the console and is available.
    pub async fn comes_online(&self) {
        self.connects().await;
        self.sets(Presence::Online).await;
    }

    /// Chooses a presence. It holds when this returns; consoles show it within a second.
    pub async fn sets(&self, presence: Presence) {
        let id = new_id();
        let answer = self.requests(id, ToRelay::Presence(SetPresence { id, presence, away: None })).await;
        assert_eq!(answer, Ok(()), "presence {presence:?}");
    }

    /// Takes a conversation.
    pub async fn takes(&self, conversation: ConversationId) -> Result<(), ErrorCode> {
        let id = new_id();
        self.requests(id, ToRelay::Take(Take { id, conversation, stretch: false })).await
    }

    /// Takes a conversation beyond their capacity.
    pub async fn stretches_for(&self, conversation: ConversationId) -> Result<(), ErrorCode> {
        let id = new_id();
        self.requests(id, ToRelay::Take(Take { id, conversation, stretch: true })).await
    }

    /// Offers a chat to a colleague.
    pub async fn offers(&self, conversation: ConversationId, to: &Agent) -> Result<(), ErrorCode> {
        let id = new_id();
        self.requests(id, ToRelay::Transfer(Transfer { id, conversation, to: Some(to.id()), team: None })).await
    }

    /// Gives a chat back to the queue.
    pub async fn gives_back(&self, conversation: ConversationId) -> Result<(), ErrorCode> {
        let id = new_id();
        self.requests(id, ToRelay::Transfer(Transfer { id, conversation, to: None, team: None })).await
    }

    /// Hands a chat to a team.
    pub async fn hands_to(&self, conversation: ConversationId, team: TeamId) -> Result<(), ErrorCode> {
        let id = new_id();
        self.requests(id, ToRelay::Transfer(Transfer { id, conversation, to: None, team: Some(team) })).await
    }

    /// Makes a queued conversation more urgent, or less.
    pub async fn prioritizes(&self, conversation: ConversationId, priority: i32) -> Result<(), ErrorCode> {
        let id = new_id();
        self.requests(id, ToRelay::Prioritize(Prioritize { id, conversation, priority })).await
    }

    /// Accepts an offered chat.
    pub async fn accepts(&self, conversation: ConversationId) -> Result<(), ErrorCode> {
        self.asks(conversation, ToRelay::Accept).await
    }

    /// Declines an offered chat.
    pub async fn declines(&self, conversation: ConversationId) -> Result<(), ErrorCode> {
        self.asks(conversation, ToRelay::Decline).await
    }

    /// Ends a conversation.
    pub async fn closes(&self, conversation: ConversationId) -> Result<(), ErrorCode> {
        self.asks(conversation, ToRelay::Close).await
    }

    /// Finds that a reopened conversation needs no answer.
    pub async fn dismisses(&self, conversation: ConversationId) -> Result<(), ErrorCode> {
        self.asks(conversation, ToRelay::Dismiss).await
    }

    /// Takes a colleague's chat over.
    pub async fn takes_over(&self, conversation: ConversationId) -> Result<(), ErrorCode> {
        self.asks(conversation, ToRelay::TakeOver).await
    }

    /// Lists what others have, from now on, or no more.
    pub async fn oversees(&self, on: bool) -> Result<(), ErrorCode> {
        let id = new_id();
        self.requests(id, ToRelay::Oversee(Oversee { id, on })).await
    }

    async fn asks(&self, conversation: ConversationId, request: impl Fn(About) -> ToRelay) -> Result<(), ErrorCode> {
        let id = new_id();
        self.requests(id, request(About { id, conversation })).await
    }

    /// Writes to the visitor, and sees it sent.
    pub async fn says(&self, conversation: ConversationId, text: &str) -> Ack {
        let id = self.starts_to_say(conversation, text).await;
        self.is_acked(id).await
    }

    /// Writes to the visitor.
    pub async fn starts_to_say(&self, conversation: ConversationId, text: &str) -> MessageId {
        self.writes(conversation, text, false).await
    }

    /// Writes an internal note, and sees it kept.
    pub async fn notes(&self, conversation: ConversationId, text: &str) -> Ack {
        let id = self.writes(conversation, text, true).await;
        self.is_acked(id).await
    }

    /// Begins to write a note that names colleagues.
    pub async fn starts_to_name(&self, conversation: ConversationId, text: &str, mentions: Vec<AgentId>) -> MessageId {
        let id = new_id();
        self.mutters(Say { note: true, mentions, ..Say::text(id, Some(conversation), text) }).await;
        id
    }

    /// Begins to whisper to the agent who has the chat.
    pub async fn starts_to_whisper(&self, conversation: ConversationId, text: &str) -> MessageId {
        let id = new_id();
        self.mutters(Say { note: true, whisper: true, ..Say::text(id, Some(conversation), text) }).await;
        id
    }

    /// Writes to somebody who is none of their business, and learns that it was refused.
    pub async fn says_in_vain(&self, conversation: ConversationId, text: &str) -> ErrorCode {
        let id = self.starts_to_say(conversation, text).await;
        self.is_told_off(id).await
    }

    async fn writes(&self, conversation: ConversationId, text: &str, note: bool) -> MessageId {
        let id = new_id();
        self.mutters(Say { note, ..Say::text(id, Some(conversation), text) }).await;
        id
    }

    /// Begins to write, or stops.
    pub async fn types(&self, conversation: ConversationId, on: bool) {
        self.sends(ToRelay::Typing(Typing { conversation, on, note: false })).await;
    }

    /// Begins to write a note, or stops.
    pub async fn types_note(&self, conversation: ConversationId, on: bool) {
        self.sends(ToRelay::Typing(Typing { conversation, on, note: true })).await;
    }

    /// Reads up to an entry.
    pub async fn reads(&self, conversation: ConversationId, seq: Seq) {
        self.sends(ToRelay::Read(Read { conversation, seq })).await;
    }

    /// Looks at the queue, with these rows in view.
    pub async fn looks_at(&self, rows: &[ConversationId]) {
        self.sends(ToRelay::Show(Show { rows: rows.to_vec(), open: None })).await;
    }

    /// Opens the thread of a conversation, whoever has it.
    pub async fn opens(&self, conversation: ConversationId) {
        self.sends(ToRelay::Show(Show { rows: Vec::new(), open: Some(conversation) })).await;
        self.command(Command::Follow(conversation, 1)).await;
    }

    /// Reloads the inbox, and waits until it is there. Whatever they did before has been done then, too.
    pub async fn reloads(&self) {
        let before = self.log().view.reloads;
        self.sends(ToRelay::GetInbox(GetInbox {})).await;
        self.until_console("the inbox again", |console| (console.reloads > before).then_some(())).await;
    }

    /// Waits until the console shows something.
    pub async fn until_console<T>(&self, what: &str, find: impl Fn(&Console) -> Option<T>) -> T {
        self.until(what, |log| find(&log.view)).await
    }

    /// Waits until a chat is theirs.
    pub async fn has(&self, conversation: ConversationId) -> Conversation {
        let mine = |console: &Console| console.chats.get(&conversation).filter(|chat| console.holds(chat)).cloned();
        self.until_console("the chat is theirs", mine).await
    }

    /// Waits until a chat is in this state.
    pub async fn sees_state(&self, conversation: ConversationId, state: State) -> Conversation {
        let so = |console: &Console| console.chats.get(&conversation).filter(|chat| chat.state == state).cloned();
        self.until_console(&format!("the chat is {state:?}"), so).await
    }

    /// Waits until a chat is no longer theirs.
    pub async fn has_lost(&self, conversation: ConversationId) {
        let lost = |console: &Console| console.chats.get(&conversation).is_none_or(|chat| !console.holds(chat)).then_some(());
        self.until_console("the chat is no longer theirs", lost).await;
    }

    /// Waits until a conversation stands in the queue.
    pub async fn sees_in_queue(&self, conversation: ConversationId) -> Conversation {
        self.until_console("it is in the queue", |console| console.queued(conversation).cloned()).await
    }

    /// Waits until a conversation is offered to them.
    pub async fn is_offered(&self, conversation: ConversationId) -> Conversation {
        let me = self.id();
        let offered = |console: &Console| {
            console.chats.get(&conversation).filter(|chat| chat.offer.as_ref().is_some_and(|offer| offer.to == me)).cloned()
        };
        self.until_console("it is offered to them", offered).await
    }

    /// Waits until a colleague (or they themselves) is shown so.
    pub async fn sees_colleague(&self, id: AgentId, holds: impl Fn(&model::Agent) -> bool) -> model::Agent {
        self.until_console("a colleague", |console| console.agents.get(&id).filter(|agent| holds(agent)).cloned()).await
    }
}
