//! The agent's end, as a state machine: console and bots alike. `hello` answers with the whole inbox; every later frame becomes a
//! verb of the hub and the frames to answer with.

use std::sync::Arc;

use async_trait::async_trait;
use shared::agent::{
    About, Chat, FromRelay, MAX_BLOCK, Others, Oversee, Pong, Prioritize, Rev, SetPresence, Show, ToRelay, Transfer, Welcome,
};
use shared::close::{self, ErrorCode};
use shared::frame::{Backfill, Done, Entries, ErrorFrame};
use shared::ids::{ConversationId, MessageId, Millis, Seq};
use shared::model::{Audience, AwayReason, MAX_LABEL, MAX_PAGE, MAX_ROWS, PRIORITIES, Person, Say, cut};

use super::pace::{Pace, Rates};
use super::{Greeter, Refusal, Reply, Session, refuse};
use crate::api::roles::Act;
use crate::clock;
use crate::desk::{DeskError, Speaker};
use crate::edge::auth;
use crate::error::RestError;
use crate::hub::Hub;
use crate::hub::registry::Peer;
use crate::metrics::Who;
use crate::store::StoreError;

/// Most conversations whose missed entries are sent unasked after `hello`; a console that had more open asks for the rest.
const MOST_RESUMED: usize = 50;

/// An agent's connection before `hello`.
pub struct AgentGreeter {
    /// The relay.
    pub hub: Arc<Hub>,
    /// SHA-256 of the session token in the cookie at the upgrade, the origin already checked; `hello` may bring a token instead.
    pub cookie: Option<[u8; 32]>,
    /// How fast agents may go.
    pub rates: Arc<Rates>,
}

/// An agent's connection after `hello`.
pub struct AgentSession {
    hub: Arc<Hub>,
    peer: Arc<Peer>,
    pace: Pace,
    me: Person,
    /// When the token lapses that it came with.
    expires_at: Option<Millis>,
    showing: Show,
    /// Lists what others have.
    overseeing: bool,
}

#[async_trait]
impl Greeter for AgentGreeter {
    type Session = AgentSession;

    async fn hello(self, text: &str, peer: &Arc<Peer>) -> Result<(AgentSession, Reply), Refusal> {
        let hello = match ToRelay::decode(text) {
            Ok(ToRelay::Hello(hello)) => hello,
            Ok(_) => return Err(Refusal::new(close::BAD_HELLO, ErrorCode::BadHello, "the first frame must be hello")),
            Err(error) => return Err(Refusal::new(close::BAD_HELLO, ErrorCode::BadHello, error.to_string())),
        };
        let unreachable = |error: StoreError| unavailable(&error.into());
        let store = self.hub.store();
        let session = hello.token.as_deref().map(auth::hash).or(self.cookie);
        let (mut agent, mut expires_at) = (None, None);
        if let Some(session) = session {
            let account = store.session(session, clock::now()).await.map_err(unreachable)?;
            if account.as_ref().is_some_and(|account| account.must_enrol) {
                let message = RestError::EnrolFirst.to_string();
                return Err(Refusal::new(close::BAD_TOKEN, ErrorCode::EnrolFirst, message));
            }
            agent = account.map(|account| account.agent);
            if agent.is_none()
                && hello.token.is_some()
                && let Some((account, lapses)) = store.token(session, clock::now()).await.map_err(unreachable)?
            {
                (agent, expires_at) = (Some(account.agent), lapses);
            }
        }
        let Some(agent) = agent else {
            return Err(Refusal::new(close::BAD_TOKEN, ErrorCode::BadToken, "sign in: there is no valid session"));
        };
        if let Some(session) = session {
            peer.set_session(session);
        }
        if agent.role >= Act::ReadOthers.least_role() {
            peer.set_oversees();
        }
        let me = Person { id: agent.id, name: agent.name };
        let pace = Pace::new(self.rates);
        let (hub, peer) = (self.hub, peer.clone());
        let session = AgentSession { hub, peer, pace, me, expires_at, showing: Show::default(), overseeing: false };
        session.hub.registry().agents().add(session.me.id, session.peer.clone());
        session.hub.ready().await;
        match session.welcome(hello.seen.into_iter().take(MOST_RESUMED).map(|seen| (seen.conversation, seen.seq)).collect()).await
        {
            Ok(reply) => Ok((session, reply)),
            Err(error) => {
                Box::new(session).left().await;
                Err(unavailable(&error))
            }
        }
    }
}

fn unavailable(error: &DeskError) -> Refusal {
    super::log_unless_outage(error, "an agent's greeting");
    Refusal::unavailable("the store cannot be reached; come back in a moment")
}

impl AgentSession {
    async fn welcome(&self, seen: Vec<(ConversationId, Seq)>) -> Result<Reply, DeskError> {
        self.hub.agent_present(self.me.id).await?;
        let inbox = self.hub.store().inbox(self.me.id).await?;
        let welcome = Welcome { me: self.me.id, inbox, now: clock::now() };
        let mut reply = vec![FromRelay::Welcome(welcome).encode()];
        for (conversation, after) in seen {
            if self.may_read(conversation).await? {
                reply.push(FromRelay::Entries(self.entries(conversation, after).await?).encode());
            }
        }
        Ok(reply)
    }

    /// Whether this agent may read a conversation, as things stand now.
    async fn may_read(&self, conversation: ConversationId) -> Result<bool, StoreError> {
        Ok(self.hub.store().readable(self.me.id, conversation).await?.is_some())
    }

    /// Up to which seq they may read a conversation: all of it, or, when it is another agent's by now, up to their own last words in
    /// it. Until then it was theirs; and an ack that was cut off comes after a gap, which their link must be able to fill.
    async fn readable_to(&self, conversation: ConversationId) -> Result<Seq, StoreError> {
        if self.may_read(conversation).await? {
            return Ok(Seq::MAX);
        }
        Ok(self.hub.store().last_words(conversation, self.me.id).await?.unwrap_or_default())
    }

    async fn entries(&self, conversation: ConversationId, after: Seq) -> Result<Entries, StoreError> {
        let (entries, more) = self.hub.store().entries(conversation, after, MAX_PAGE, Audience::Agents).await?;
        let (entries, more) = super::page(entries, more);
        Ok(Entries { conversation, entries, more })
    }

    async fn handle(&mut self, frame: ToRelay) -> Result<Option<FromRelay>, ErrorFrame> {
        let me = self.me.id;
        let done = |id: MessageId, result: Result<(), DeskError>| match result {
            Ok(()) => Ok(Some(FromRelay::Done(Done { id }))),
            Err(error) => Err(refuse(Some(id), error.code(), error.to_string())),
        };
        let stored = |error: StoreError| refuse(None, error.code(), error.to_string());
        let hub = self.hub.clone();
        match frame {
            ToRelay::Hello(_) => {
                Err(refuse(None, ErrorCode::AlreadyGreeted, "this connection has been greeted; open another one"))
            }
            ToRelay::Say(say) => self.say(say).await.map(Some),
            ToRelay::Presence(SetPresence { id, presence, mut away }) => {
                if away.as_ref().is_some_and(|away| !AwayReason::CHOICES.contains(&away.reason)) {
                    let message = "away.reason: break, meal, meeting, training, work or other";
                    return Err(refuse(Some(id), ErrorCode::InvalidField, message));
                }
                if let Some(away) = &mut away {
                    away.note = cut(away.note.trim(), MAX_LABEL).to_owned();
                }
                done(id, hub.agent_presence(me, presence, away).await)
            }
            ToRelay::Active(_) => {
                hub.agent_active(me).await.map_err(|error| refuse(None, error.code(), error.to_string()))?;
                Ok(None)
            }
            ToRelay::Take(take) => done(take.id, hub.agent_takes(me, take.conversation, take.stretch).await),
            ToRelay::Transfer(Transfer { id, conversation, to: None, team: Some(team) }) => {
                done(id, hub.agent_transfers_to_team(me, conversation, team).await)
            }
            ToRelay::Transfer(Transfer { id, to: Some(_), team: Some(_), .. }) => {
                Err(refuse(Some(id), ErrorCode::InvalidField, "team: leave it out, or `to`: a chat goes to one of them"))
            }
            ToRelay::Transfer(transfer) => done(transfer.id, hub.agent_transfers(me, transfer.conversation, transfer.to).await),
            ToRelay::Prioritize(Prioritize { id, conversation, priority }) => {
                if !PRIORITIES.contains(&priority) {
                    let message = format!("priority: {} to {}", PRIORITIES.start(), PRIORITIES.end());
                    return Err(refuse(Some(id), ErrorCode::InvalidField, message));
                }
                done(id, hub.agent_prioritizes(me, conversation, priority).await)
            }
            ToRelay::Accept(About { id, conversation }) => done(id, hub.agent_accepts(me, conversation).await),
            ToRelay::Decline(About { id, conversation }) => done(id, hub.agent_declines(me, conversation).await),
            ToRelay::TakeOver(About { id, conversation }) => done(id, hub.agent_takes_over(me, conversation).await),
            ToRelay::Oversee(oversee) => self.oversee(oversee).await.map(Some),
            ToRelay::Close(About { id, conversation }) => done(id, hub.agent_closes(me, conversation).await),
            ToRelay::Dismiss(About { id, conversation }) => done(id, hub.agent_dismisses(me, conversation).await),
            ToRelay::Block(block) => {
                if block.for_ms.is_some_and(|time| !(1..=MAX_BLOCK).contains(&time)) {
                    let message = format!("for_ms: 1 to {MAX_BLOCK}, or left out for good");
                    return Err(refuse(Some(block.id), ErrorCode::InvalidField, message));
                }
                done(block.id, hub.agent_blocks(me, block).await)
            }
            ToRelay::Show(show) => self.show(show).await.map_err(stored),
            ToRelay::Typing(typing) => {
                hub.agent_typing(&self.me, typing, &self.peer).await.map_err(stored)?;
                Ok(None)
            }
            ToRelay::Read(read) => {
                let marked = hub.agent_read(me, read.conversation, read.seq).await;
                marked.map_err(|error| refuse(None, error.code(), error.to_string()))?;
                Ok(None)
            }
            ToRelay::Backfill(Backfill { conversation, after }) => {
                let most = self.readable_to(conversation).await.map_err(stored)?;
                if most <= after {
                    return Err(refuse(None, ErrorCode::NotFound, "conversation: there is none of this id that you may read on"));
                }
                let mut page = self.entries(conversation, after).await.map_err(stored)?;
                page.more &= page.entries.last().is_some_and(|last| last.seq < most);
                page.entries.retain(|entry| entry.seq <= most);
                Ok(Some(FromRelay::Entries(page)))
            }
            ToRelay::GetInbox(_) => Ok(Some(FromRelay::Inbox(hub.store().inbox(me).await.map_err(stored)?))),
            ToRelay::Edit(edit) => {
                super::say::text(edit.id, &edit.text)?;
                done(edit.id, hub.edits(Speaker::Agent(me), edit).await)
            }
            ToRelay::Delete(delete) => done(delete.id, hub.deletes(Speaker::Agent(me), delete).await),
            ToRelay::Ping(_) => {
                if self.expires_at.is_some_and(|at| at <= clock::now()) {
                    self.peer.close(close::BAD_TOKEN);
                    return Ok(None);
                }
                let heads = hub.store().heads_of_agent(me, self.showing.open).await.map_err(stored)?;
                let revs = hub.store().revs().await.map_err(stored)?;
                let revs = revs.into_iter().map(|(site, rev)| Rev { site, rev }).collect();
                Ok(Some(FromRelay::Pong(Pong { now: clock::now(), heads, revs })))
            }
        }
    }

    async fn say(&mut self, say: Say) -> Result<FromRelay, ErrorFrame> {
        let id = say.id;
        super::say::of_agent(&say)?;
        let said = self.hub.agent_says(self.me.id, say, &self.peer).await;
        said.map(FromRelay::Ack).map_err(|error| refuse(Some(id), error.code(), error.to_string()))
    }

    /// Lists what others have, and tells of it from now on, or no more.
    async fn oversee(&mut self, Oversee { id, on }: Oversee) -> Result<FromRelay, ErrorFrame> {
        let stored = |error: StoreError| refuse(Some(id), error.code(), error.to_string());
        let me = self.hub.store().agent_by_id(self.me.id).await.map_err(stored)?;
        if me.is_none_or(|me| me.role < Act::ReadOthers.least_role()) {
            return Err(refuse(Some(id), ErrorCode::Forbidden, "what others have in hand is for supervisors"));
        }
        let registry = self.hub.registry();
        if on && !self.overseeing {
            registry.oversees(self.me.id, self.peer.clone());
        } else if !on && self.overseeing {
            registry.oversees_no_more(self.me.id, self.peer.id);
        }
        self.overseeing = on;
        if !on {
            return Ok(FromRelay::Done(Done { id }));
        }
        // Subscribed first, then read: what changes in between is in one of both.
        self.hub.ready().await;
        let (chats, total) = self.hub.store().others(self.me.id).await.map_err(stored)?;
        Ok(FromRelay::Others(Others { id, chats, total }))
    }

    /// Replaces what this console has in view.
    async fn show(&mut self, mut show: Show) -> Result<Option<FromRelay>, StoreError> {
        let mut answer = None;
        if let Some(open) = show.open.filter(|open| self.showing.open != Some(*open))
            && self.hub.store().is_named(self.me.id, open).await?
        {
            // It is no row of theirs: this is how it stands, from where its changes follow.
            self.peer.admit(open);
            let conversation = self.hub.store().conversation(open).await?;
            answer = conversation.map(|conversation| FromRelay::Chat(Chat { conversation }));
        }
        show.rows.truncate(MAX_ROWS);
        self.hub.agent_views(self.me.id, &self.peer, self.showing.open, show.open);
        self.unshow();
        let registry = self.hub.registry();
        for &row in &show.rows {
            registry.rows().add(row, self.peer.clone());
        }
        if let Some(open) = show.open {
            registry.open().add(open, self.peer.clone());
        }
        self.hub.ready().await;
        self.showing = show;
        Ok(answer)
    }

    fn unshow(&self) {
        let registry = self.hub.registry();
        for &row in &self.showing.rows {
            registry.rows().remove(row, self.peer.id);
        }
        if let Some(open) = self.showing.open {
            registry.open().remove(open, self.peer.id);
        }
    }
}

#[async_trait]
impl Session for AgentSession {
    const KIND: Who = Who::Agent;

    async fn frame(&mut self, text: &str) -> Reply {
        let frame = ToRelay::decode(text);
        let in_pace = self.pace.admit(matches!(frame, Ok(ToRelay::Say(_))), text, &self.peer);
        let answer = match (in_pace, frame) {
            (Err(wait), _) => Err(wait),
            (Ok(()), Ok(frame)) => self.handle(frame).await,
            (Ok(()), Err(error)) => Err(refuse(shared::frame::named(text), error.code(), error.to_string())),
        };
        match answer {
            Ok(frame) => frame.iter().map(FromRelay::encode).collect(),
            Err(error) => vec![FromRelay::Error(error).encode()],
        }
    }

    async fn left(self: Box<Self>) {
        self.unshow();
        self.hub.agent_views(self.me.id, &self.peer, self.showing.open, None);
        if self.overseeing {
            self.hub.registry().oversees_no_more(self.me.id, self.peer.id);
        }
        let last = self.hub.registry().agents().remove(self.me.id, self.peer.id);
        if last && let Err(error) = self.hub.agent_present(self.me.id).await {
            super::log_unless_outage(&error, "an agent's leaving");
        }
    }
}
