//! Emails that wait, and the links in them. Written in the transactions that cause them; read and settled by `mail`. Only rows: what a
//! mail says is read from the log when it is sent.

use shared::ids::{ConversationId, Millis, Seq, SiteId, VisitorId};
use uuid::Uuid;

use super::rows::seq;
use super::sql::{self, OptionalExtension, Row, params};
use super::{Step, Store, StoreError};

/// Transcripts that one visitor, and one address, may ask for within [`DAY`]: enough for whoever mistypes their address, and no means to
/// fill a stranger's mailbox.
pub const MOST_TRANSCRIPTS: i64 = 3;
/// What that is counted over, and how long a mail that is settled is remembered for it, in ms.
pub const DAY: Millis = 24 * 60 * 60 * 1_000;
/// How long a link works, in ms: a week, as long as a conversation can be taken up again after its end.
pub const LINK_LASTS: Millis = 7 * DAY;
/// Browsers that may have come by links for one visitor. The oldest goes first.
const MOST_BROWSERS: i64 = 20;

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// An agent has answered somebody who was gone.
    Answer,
    /// The conversation to keep.
    Transcript,
}

/// A mail whose time has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// Its id, and Message-ID.
    pub id: Uuid,
    /// What it is about.
    pub kind: MailKind,
    /// Which conversation.
    pub conversation: ConversationId,
    /// Of which site.
    pub site: SiteId,
    /// Of which visitor.
    pub visitor: VisitorId,
    /// Whether a site owner vouches for them: they sign in there, and get no link that would do in its place.
    pub verified: bool,
    /// Language tag of their browser.
    pub locale: Option<String>,
    /// Whom it goes to.
    pub recipient: String,
    /// Tells what came after this seq.
    pub after: Seq,
    /// Has to tell at least up to this one.
    pub last: Seq,
    /// How often it was tried before.
    pub tries: u32,
    /// Whether they are connected now, and will read it there.
    pub is_here: bool,
    /// Whether they have read all that it would tell.
    pub is_read: bool,
}

/// Whether a transcript was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It will be sent.
    Queued,
    /// Too many in a day: ask again in so many ms.
    Wait(Millis),
    /// Nobody has answered in it yet: nobody sends strangers texts of their own by it.
    Unanswered,
}

impl Store {
    /// When the next mail is due.
    pub async fn next_mail(&self) -> Result<Option<Millis>, StoreError> {
        self.read(|db| {
            let mut find = db.prepare_cached("SELECT due_at FROM mail WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1")?;
            Ok(find.query_row([], |row| row.get(0)).optional()?)
        })
        .await
    }

    /// The mail that has been due for longest.
    pub async fn due_mail(&self, now: Millis) -> Result<Option<Mail>, StoreError> {
        self.read(move |db| {
            let mut find = db.prepare_cached(
                "SELECT m.id, m.kind, m.conversation, c.site, c.visitor, v.verified, v.locale, m.recipient, m.after, m.last, m.tries, \
                 EXISTS (SELECT 1 FROM presence WHERE subject = c.visitor), c.visitor_read >= m.last \
                 FROM mail m JOIN conversation c ON c.id = m.conversation JOIN visitor v ON v.id = c.visitor \
                 WHERE m.due_at <= ?1 ORDER BY m.due_at LIMIT 1",
            )?;
            Ok(find.query_row([now], mail).optional()?)
        })
        .await
    }

    /// A visitor asks for a transcript.
    pub async fn ask_for_transcript(
        &self,
        id: Uuid,
        visitor: VisitorId,
        conversation: ConversationId,
        recipient: String,
        now: Millis,
    ) -> Result<Asked, StoreError> {
        self.write(move |db| {
            let mut find = db.prepare_cached("SELECT agent_at IS NOT NULL FROM conversation WHERE id = ?1")?;
            if !find.query_row([conversation.0], |row| row.get::<bool>(0)).optional()?.unwrap_or(false) {
                return Ok(Asked::Unanswered);
            }
            let since = now.saturating_sub(DAY);
            let mut by_address =
                db.prepare_cached("SELECT created_at FROM mail WHERE kind = 1 AND recipient = ?1 AND created_at > ?2 ORDER BY created_at")?;
            let mut by_visitor = db.prepare_cached(
                "SELECT m.created_at FROM conversation c JOIN mail m ON m.conversation = c.id WHERE c.visitor = ?1 AND m.kind = 1 \
                 AND m.created_at > ?2 ORDER BY m.created_at",
            )?;
            let times = |rows: sql::Result<Vec<Millis>>| -> Result<Option<Millis>, StoreError> {
                let times = rows?;
                let most = usize::try_from(MOST_TRANSCRIPTS).unwrap_or(0);
                Ok(times.len().checked_sub(most).and_then(|place| times.get(place)).map(|&oldest| oldest + DAY - now))
            };
            let to = times(by_address.query_map(params![recipient, since], |row| row.get(0))?.collect())?;
            let from = times(by_visitor.query_map(params![visitor.0, since], |row| row.get(0))?.collect())?;
            if let Some(wait) = to.max(from) {
                return Ok(Asked::Wait(wait.max(1)));
            }
            db.prepare_cached(
                "INSERT INTO mail (id, kind, conversation, recipient, after, last, created_at, due_at) \
                 VALUES (?1, 1, ?2, ?3, 0, 0, ?4, ?4)",
            )?
            .execute(params![id, conversation.0, recipient, now])?;
            Ok(Asked::Queued)
        })
        .await
    }

    /// A mail was sent, or is not needed: it told all up to a seq. What an agent has said since becomes another one, due at `again`. The
    /// addresses of mails that were settled a day ago, and links that have expired, are forgotten.
    pub async fn settle_mail(&self, id: Uuid, told: Seq, now: Millis, again: (Uuid, Millis)) -> Result<(), StoreError> {
        self.write(move |db| {
            db.protect()?;
            db.prepare_cached("UPDATE mail SET due_at = NULL WHERE id = ?1")?.execute([id])?;
            db.prepare_cached(
                "INSERT INTO mail (id, kind, conversation, recipient, after, last, created_at, due_at) \
                 SELECT ?2, kind, conversation, recipient, ?3, last, ?4, ?5 FROM mail WHERE id = ?1 AND kind = 0 AND last > ?3",
            )?
            .execute(params![id, again.0, told.cast_signed(), now, again.1])?;
            db.prepare_cached("DELETE FROM mail WHERE due_at IS NULL AND created_at < ?1")?.execute([now.saturating_sub(DAY)])?;
            db.prepare_cached("DELETE FROM visitor_link WHERE expires_at < ?1")?.execute([now])?;
            Ok(())
        })
        .await
    }

    /// A mail waits until then, tried in vain so often; `None`: it is given up.
    pub async fn defer_mail(&self, id: Uuid, until: Option<Millis>, tries: u32) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("UPDATE mail SET due_at = ?2, tries = ?3 WHERE id = ?1")?.execute(params![id, until, tries])?;
            Ok(())
        })
        .await
    }

    /// Makes a link for a visitor, by its token's hash.
    pub async fn add_visitor_link(&self, token: [u8; 32], visitor: VisitorId, expires_at: Millis) -> Result<(), StoreError> {
        self.write(move |db| {
            db.prepare_cached("INSERT INTO visitor_link (token_hash, visitor, expires_at) VALUES (?1, ?2, ?3)")?
                .execute(params![token, visitor.0, expires_at])?;
            Ok(())
        })
        .await
    }

    /// Exchanges a link's token for a visitor who is reached by this new token from now on. `None`: it is not known, not of this site, or
    /// has expired. The link goes on working: people open a mail on their phone and at their desk, and scanners of mail before them.
    pub async fn resume(
        &self,
        link: [u8; 32],
        site: SiteId,
        token: [u8; 32],
        now: Millis,
    ) -> Result<Option<VisitorId>, StoreError> {
        self.write(move |db| {
            db.protect()?;
            let mut find = db.prepare_cached(
                "SELECT v.id FROM visitor_link l JOIN visitor v ON v.id = l.visitor \
                 WHERE l.token_hash = ?1 AND l.expires_at > ?2 AND v.site = ?3 AND v.verified = 0 AND v.merged_into IS NULL",
            )?;
            let Some(visitor) = find.query_row(params![link, now, site.0], |row| row.get::<Uuid>(0)).optional()? else {
                return Ok(None);
            };
            db.prepare_cached("INSERT INTO visitor_browser (token_hash, visitor, created_at) VALUES (?1, ?2, ?3)")?
                .execute(params![token, visitor, now])?;
            db.prepare_cached(
                "DELETE FROM visitor_browser WHERE token_hash IN (SELECT token_hash FROM visitor_browser WHERE visitor = ?1 \
                 ORDER BY created_at DESC, token_hash LIMIT 9223372036854775807 OFFSET ?2)",
            )?
            .execute(params![visitor, MOST_BROWSERS])?;
            Ok(Some(VisitorId(visitor)))
        })
        .await
    }
}

/// An agent has said something that stands at this seq: if its visitor left an address and is gone, a mail will tell them, together with
/// what else is said until it is due.
pub(crate) fn tell(
    db: &Step<'_>,
    id: Uuid,
    visitor: VisitorId,
    at: (ConversationId, Seq),
    now: Millis,
    due: Millis,
) -> Result<(), StoreError> {
    if db.is_connected(visitor)? {
        return Ok(());
    }
    let mut find = db.prepare_cached("SELECT email FROM visitor WHERE id = ?1")?;
    let Some(email) = find.query_row([visitor.0], |row| row.get::<Option<String>>(0))? else { return Ok(()) };
    let (conversation, last) = (at.0.0, at.1.cast_signed());
    db.prepare_cached(
        "INSERT INTO mail (id, kind, conversation, recipient, after, last, created_at, due_at) VALUES (?1, 0, ?2, ?3, ?4 - 1, ?4, ?5, ?6) \
         ON CONFLICT (conversation) WHERE kind = 0 AND due_at IS NOT NULL DO UPDATE SET last = excluded.last",
    )?
    .execute(params![id, conversation, email, last, now, due])?;
    Ok(())
}

fn mail(row: &Row<'_>) -> sql::Result<Mail> {
    Ok(Mail {
        id: row.get(0)?,
        kind: if row.get::<i64>(1)? == 0 { MailKind::Answer } else { MailKind::Transcript },
        conversation: ConversationId(row.get(2)?),
        site: SiteId(row.get(3)?),
        visitor: VisitorId(row.get(4)?),
        verified: row.get(5)?,
        locale: row.get(6)?,
        recipient: row.get(7)?,
        after: seq(row, 8)?,
        last: seq(row, 9)?,
        tries: row.get(10)?,
        is_here: row.get(11)?,
        is_read: row.get(12)?,
    })
}
