//! The two sides of a chat over the real relay, as the loops of [`pairs`](crate::pairs) want them.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use shared::ids::{AgentId, ConversationId};
use shared::link::{Emit, Status};
use shared::model::{Body, Presence, Say, State};
use shared::{agent, visitor};
use tests::client::{Client, Spoken};
use tests::door::Door;
use tests::new_id;

use crate::pairs::{Heard, Talker};
use crate::stage::Doors;

/// One side of a chat.
pub struct Side<D: Spoken> {
    client: Client<D>,
    /// Agents name the conversation, visitors have only one.
    conversation: Option<ConversationId>,
}

impl<D: Spoken> Talker for Side<D> {
    fn put(&mut self, text: String) {
        self.client.say(Say::text(new_id(), self.conversation, text));
    }

    async fn event(&mut self) -> Result<Heard> {
        loop {
            match self.client.next().await {
                Emit::Sent(..) => return Ok(Heard::Acked),
                Emit::Entry(_, entry) => {
                    if let Body::Text(text) = entry.body {
                        return Ok(Heard::Text(text));
                    }
                }
                Emit::Failed(_, error) | Emit::Refused(error) => bail!("refused: {:?} {}", error.code, error.message),
                Emit::Status(Status::Waiting(_)) => bail!("the relay hung up"),
                Emit::Status(Status::Refused(code)) => bail!("refused with {code}"),
                _ => {}
            }
        }
    }
}

/// A visitor's client, connected and greeted.
pub async fn visitor(door: Door) -> Result<Client<visitor::Dialect>> {
    let mut client = Client::new(visitor::Dialect::default(), door, Vec::new());
    client.restart();
    client.greeted().await?;
    Ok(client)
}

/// An agent's client, connected, greeted and available.
pub async fn agent(door: Door) -> Result<Client<agent::Dialect>> {
    let mut client = Client::new(agent::Dialect::default(), door, Vec::new());
    client.restart();
    client.greeted().await?;
    let id = new_id();
    client.send(agent::ToRelay::Presence(agent::SetPresence { id, presence: Presence::Online, away: None }));
    loop {
        match client.next().await {
            Emit::Frame(agent::FromRelay::Done(done)) if done.id == id => return Ok(client),
            Emit::Refused(error) => bail!("no presence: {:?} {}", error.code, error.message),
            _ => {}
        }
    }
}

/// A chat: its visitor and its agent.
pub type Pair = (Side<visitor::Dialect>, Side<agent::Dialect>);

/// As many chats as there are agents, each with its visitor; the agents' capacity must be 1.
pub async fn pairs(doors: &Doors) -> Result<Vec<Pair>> {
    let mut agents: HashMap<AgentId, Client<agent::Dialect>> = HashMap::new();
    for (id, door) in &doors.agents {
        agents.insert(*id, agent(door.clone()).await?);
    }
    let mut pairs = Vec::new();
    for number in 0..doors.agents.len() {
        let mut visitor = visitor(doors.visitor(number)).await?;
        visitor.say(Say::text(new_id(), None, "hello"));
        let (conversation, with) = given(&mut visitor).await?;
        let mut agent = agents.remove(&with).context("a chat went to somebody who has one already")?;
        agent.follow(conversation, 1);
        heard_of(&mut agent, conversation).await?;
        pairs.push((Side { client: visitor, conversation: None }, Side { client: agent, conversation: Some(conversation) }));
    }
    Ok(pairs)
}

/// Waits until a message of a visitor is acked.
pub async fn acked(client: &mut Client<visitor::Dialect>) -> Result<()> {
    loop {
        match client.next().await {
            Emit::Sent(..) => return Ok(()),
            Emit::Failed(_, error) => bail!("refused: {:?} {}", error.code, error.message),
            Emit::Status(Status::Waiting(_)) => bail!("the relay hung up on a visitor"),
            _ => {}
        }
    }
}

/// Waits until a visitor's first message is acked and they have an agent.
async fn given(visitor: &mut Client<visitor::Dialect>) -> Result<(ConversationId, AgentId)> {
    let (mut acked, mut with) = (false, None);
    loop {
        match visitor.next().await {
            Emit::Sent(..) => acked = true,
            Emit::Frame(visitor::FromRelay::Thread(update)) if update.thread.state == State::Active => {
                with = update.thread.agent.map(|agent| (update.thread.id, agent.id));
            }
            Emit::Failed(_, error) => bail!("the first message was refused: {:?}", error.code),
            _ => {}
        }
        if let Some(with) = with.filter(|_| acked) {
            return Ok(with);
        }
    }
}

/// Waits until an agent has the visitor's first message, so that none of it is left to come later.
async fn heard_of(agent: &mut Client<agent::Dialect>, conversation: ConversationId) -> Result<()> {
    loop {
        match agent.next().await {
            Emit::Entry(of, entry) if of == conversation && matches!(entry.body, Body::Text(_)) => return Ok(()),
            Emit::Status(Status::Waiting(_)) => bail!("the relay hung up"),
            _ => {}
        }
    }
}
