//! Notifications that wait, and the browsers they go to. Queued in the transactions that cause them; read and settled by `push`. Only rows:
//! what a notification says is read from the conversation when it is sent.

use shared::api::{MOST_SUBSCRIPTIONS, Quiet, Wishes};
use shared::ids::{AgentId, ConversationId, Millis, Seq};
use shared::model::State;
use uuid::Uuid;

use super::people::languages;
use super::rows::{json, seq, state_of, to_json};
use super::sql::{self, Connection, OptionalExtension, Row, params};
use super::{Step, Store, StoreError, teams};
use crate::desk::plan::Available;

/// Why somebody is notified. Of several reasons about one conversation the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Somebody waits, or has left a message for later.
    Queue,
    /// A visitor wrote in a chat of theirs.
    Message,
    /// A colleague wants to hand a chat over.
    Offer,
    /// They were given a chat.
    Assigned,
}

impl Cause {
    fn number(self) -> i64 {
        match self {
            Self::Queue => 0,
            Self::Message => 1,
            Self::Offer => 2,
            Self::Assigned => 3,
        }
    }

    fn of(number: i64) -> Self {
        match number {
            0 => Self::Queue,
            1 => Self::Message,
            2 => Self::Offer,
            _ => Self::Assigned,
        }
    }
}

/// A browser that is notified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The session it belongs to, by its token's hash.
    pub session: [u8; 32],
    /// Whose that is.
    pub agent: AgentId,
    /// Where its push service takes notifications.
    pub endpoint: String,
    /// Its public key.
    pub p256dh: Vec<u8>,
    /// Its secret.
    pub auth: Vec<u8>,
    /// Language of the notifications.
    pub language: String,
    /// The IANA time zone in which quiet hours count.
    pub time_zone: String,
    /// When there are none.
    pub quiet: Option<Quiet>,
    /// What for.
    pub wishes: Wishes,
    /// Whether they show what was written.
    pub shows_text: bool,
}

/// A notification whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// To which browser.
    pub to: Subscription,
    /// About which conversation.
    pub conversation: ConversationId,
    /// Why.
    pub cause: Cause,
    /// As of which entry.
    pub last: Seq,
    /// When it was caused.
    pub created_at: Millis,
    /// How often it was tried in vain.
    pub tries: u32,
    /// Whether the agent has a console open, which tells them by itself.
    pub is_here: bool,
    /// Whether it is over: read, taken by somebody else, ended, or the session has.
    pub is_over: bool,
    /// The visitor's name, or else their address, if they gave one.
    pub name: Option<String>,
    /// Beginning of the last message.
    pub preview: String,
}

impl Store {
    /// The relay's key pair, made now if there is none yet.
    pub async fn push_key(&self, fresh: Vec<u8>, now: Millis) -> Result<Vec<u8>, StoreError> {
        let find = |db: &Connection| -> Result<Option<Vec<u8>>, StoreError> {
            Ok(db.prepare_cached("SELECT pkcs8 FROM push_key")?.query_row([], |row| row.get(0)).optional()?)
        };
        if let Some(key) = self.read(find).await? {
            return Ok(key);
        }
        self.write(move |db| {
            db.prepare_cached("INSERT INTO push_key (id, pkcs8, created_at) VALUES (1, ?1, ?2) ON CONFLICT (id) DO NOTHING")?
                .execute(params![fresh, now])?;
            // Of two that were made at once the first one counts.
            find(db)?.ok_or_else(|| StoreError::Corrupt("the key for notifications is missing".into()))
        })
        .await
    }

    /// Whether a session's browser is notified.
    pub async fn is_subscribed(&self, session: [u8; 32]) -> Result<bool, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM push_subscription WHERE session = ?1)")?;
            Ok(find.query_row([session], |row| row.get(0))?)
        })
        .await
    }

    /// Has a session's browser notified. An address belongs to one session, and an agent has so many browsers at most: older ones go.
    pub async fn subscribe(&self, new: Subscription, now: Millis) -> Result<(), StoreError> {
        self.write(move |db| {
            db.protect()?;
            db.prepare_cached("DELETE FROM push_subscription WHERE endpoint = ?1 AND session <> ?2")?
                .execute(params![new.endpoint, new.session])?;
            let quiet = new.quiet.as_ref().map(to_json).transpose()?;
            db.prepare_cached(
                "INSERT INTO push_subscription (session, agent, endpoint, p256dh, auth, language, time_zone, quiet, assigned, messages, \
                 queue, offers, shows_text, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
                 ON CONFLICT (session) DO UPDATE SET endpoint = excluded.endpoint, p256dh = excluded.p256dh, auth = excluded.auth, \
                 language = excluded.language, time_zone = excluded.time_zone, quiet = excluded.quiet, assigned = excluded.assigned, \
                 messages = excluded.messages, queue = excluded.queue, offers = excluded.offers, shows_text = excluded.shows_text",
            )?
            .execute(params![
                new.session,
                new.agent.0,
                new.endpoint,
                new.p256dh,
                new.auth,
                new.language,
                new.time_zone,
                quiet,
                new.wishes.assigned,
                new.wishes.messages,
                new.wishes.queue,
                new.wishes.offers,
                new.shows_text,
                now,
            ])?;
            db.prepare_cached(
                "DELETE FROM push_subscription WHERE agent = ?1 AND session IN (SELECT session FROM push_subscription WHERE agent = ?1 \
                 AND session <> ?2 ORDER BY created_at DESC, session LIMIT 9223372036854775807 OFFSET ?3)",
            )?
            .execute(params![new.agent.0, new.session, MOST_SUBSCRIPTIONS - 1])?;
            Ok(())
        })
        .await
    }

    /// A session's browser is notified no more.
    pub async fn unsubscribe(&self, session: [u8; 32]) -> Result<(), StoreError> {
        self.write(move |db| {
            db.protect()?;
            db.prepare_cached("DELETE FROM push_subscription WHERE session = ?1")?.execute([session])?;
            Ok(())
        })
        .await
    }

    /// When the next notification is due.
    pub async fn next_push(&self) -> Result<Option<Millis>, StoreError> {
        self.read(|db| Ok(db.prepare_cached("SELECT min(due_at) FROM push")?.query_row([], |row| row.get(0))?)).await
    }

    /// Those that were due by then, the longest first, `most` at most.
    pub async fn due_pushes(&self, by: Millis, now: Millis, most: u32) -> Result<Vec<Push>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached(
                "SELECT s.session, s.agent, s.endpoint, s.p256dh, s.auth, s.language, s.time_zone, s.quiet, s.assigned, s.messages, \
                 s.queue, s.offers, s.shows_text, p.conversation, p.cause, p.last, p.created_at, p.tries, \
                 EXISTS (SELECT 1 FROM presence WHERE subject = s.agent), a.expires_at <= ?1, c.state, c.agent, c.offer_to, \
                 c.agent_read >= p.last, coalesce(v.name, v.email), c.preview \
                 FROM push p JOIN push_subscription s ON s.session = p.session JOIN agent_session a ON a.token_hash = p.session \
                 JOIN conversation c ON c.id = p.conversation JOIN visitor v ON v.id = c.visitor \
                 WHERE p.due_at <= ?2 ORDER BY p.due_at LIMIT ?3",
            )?;
            let found = find.query_map(params![now, by, most], push)?;
            Ok(found.collect::<sql::Result<_>>()?)
        })
        .await
    }

    /// A notification was sent, or is not needed. One that has become another meanwhile stays.
    pub async fn settle_push(&self, push: &Push) -> Result<(), StoreError> {
        let (session, conversation, last, cause) = (push.to.session, push.conversation, push.last, push.cause.number());
        self.write(move |db| {
            let mut settle =
                db.prepare_cached("DELETE FROM push WHERE session = ?1 AND conversation = ?2 AND last = ?3 AND cause = ?4")?;
            settle.execute(params![session, conversation.0, last.cast_signed(), cause])?;
            Ok(())
        })
        .await
    }

    /// A notification waits until then, tried in vain so often.
    pub async fn defer_push(&self, push: &Push, until: Millis, tries: u32) -> Result<(), StoreError> {
        let (session, conversation) = (push.to.session, push.conversation);
        self.write(move |db| {
            let mut defer =
                db.prepare_cached("UPDATE push SET due_at = ?3, tries = ?4 WHERE session = ?1 AND conversation = ?2")?;
            defer.execute(params![session, conversation.0, until, tries])?;
            Ok(())
        })
        .await
    }
}

/// Everybody who wants to be notified of the queue, as the desk sees them, but for their slots.
pub(crate) fn watching(db: &Connection) -> Result<Vec<Available>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT id, languages FROM agent WHERE disabled = 0 AND id IN (SELECT agent FROM push_subscription WHERE queue = 1) ORDER BY id",
    )?;
    let mut found = find
        .query_map([], |row| {
            let agent = AgentId(row.get(0)?);
            Ok(Available { agent, free: 0, idle_since: 0, teams: Vec::new(), languages: languages(row, 1)? })
        })?
        .collect::<sql::Result<Vec<_>>>()?;
    if !found.is_empty() {
        let mut teams = teams::memberships(db)?;
        found.iter_mut().for_each(|one| one.teams = teams.remove(&one.agent).unwrap_or_default());
    }
    Ok(found)
}

macro_rules! on_conflict {
    () => {
        "ON CONFLICT (session, conversation) DO UPDATE SET last = excluded.last, \
         cause = CASE WHEN excluded.cause > push.cause THEN excluded.cause ELSE push.cause END"
    };
}
const TELL_OF_MESSAGES: &str = concat!(
    "INSERT INTO push (session, conversation, cause, last, created_at, due_at) \
     SELECT p.session, s.conversation, s.cause, s.last, s.at, s.at \
     FROM (SELECT DISTINCT ON (conversation) * FROM unnest(?1::bytea[], ?2::bytea[], ?3::bigint[], ?4::bigint[], ?5::bigint[]) \
     AS one (conversation, agent, cause, last, at) ORDER BY conversation, last DESC) s \
     JOIN push_subscription p ON p.agent = s.agent AND p.messages = 1 ",
    on_conflict!()
);

/// Something has happened that these agents may want to be notified of. Each gets one notification about a conversation for all that happens
/// until it is due.
pub(crate) fn tell(
    db: &Step<'_>,
    conversation: ConversationId,
    cause: Cause,
    to: &[AgentId],
    last: Seq,
    now: Millis,
) -> Result<(), StoreError> {
    macro_rules! statement {
        ($wish:literal) => {
            concat!(
                "INSERT INTO push (session, conversation, cause, last, created_at, due_at) \
                 SELECT session, ?1, ?2, ?3, ?4, ?4 FROM push_subscription WHERE ",
                $wish,
                " = 1 AND agent IN (?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ",
                on_conflict!()
            )
        };
    }
    let sql = match cause {
        Cause::Queue => statement!("queue"),
        Cause::Message => statement!("messages"),
        Cause::Offer => statement!("offers"),
        Cause::Assigned => statement!("assigned"),
    };
    if let (Cause::Message, [agent]) = (cause, to)
        && db.later(TELL_OF_MESSAGES, params![conversation.0, agent.0, cause.number(), last.cast_signed(), now])
    {
        return Ok(());
    }
    for some in to.chunks(8) {
        let [a, b, c, d, e, f, g, h] = std::array::from_fn(|place| some.get(place).map(|agent| agent.0));
        let (cause, last) = (cause.number(), last.cast_signed());
        db.prepare_cached(sql)?.execute(params![conversation.0, cause, last, now, a, b, c, d, e, f, g, h])?;
    }
    Ok(())
}

fn push(row: &Row<'_>) -> sql::Result<Push> {
    let quiet: Option<String> = row.get(7)?;
    let to = Subscription {
        session: row.get(0)?,
        agent: AgentId(row.get(1)?),
        endpoint: row.get(2)?,
        p256dh: row.get(3)?,
        auth: row.get(4)?,
        language: row.get(5)?,
        time_zone: row.get(6)?,
        quiet: quiet.as_deref().map(json).transpose()?,
        wishes: Wishes { assigned: row.get(8)?, messages: row.get(9)?, queue: row.get(10)?, offers: row.get(11)? },
        shows_text: row.get(12)?,
    };
    let cause = Cause::of(row.get(14)?);
    let state = state_of(row.get(20)?)?;
    let is = |column: usize| -> sql::Result<bool> { Ok(row.get::<Option<Uuid>>(column)? == Some(to.agent.0)) };
    let (theirs, offered, expired, read) = (is(21)?, is(22)?, row.get::<bool>(19)?, row.get::<bool>(23)?);
    let unassigned = row.get::<Option<Uuid>>(21)?.is_none();
    let stands = match cause {
        Cause::Queue => state == State::Queued || (state == State::Parked && unassigned),
        Cause::Message | Cause::Assigned => theirs && state != State::Closed && !read,
        Cause::Offer => offered,
    };
    Ok(Push {
        conversation: ConversationId(row.get(13)?),
        cause,
        last: seq(row, 15)?,
        created_at: row.get(16)?,
        tries: row.get(17)?,
        is_here: row.get(18)?,
        is_over: expired || !stands,
        name: row.get(24)?,
        preview: row.get(25)?,
        to,
    })
}
