//! What happens to messages afterwards: their authors change them or take them back, and visitors rate the whole. Each is an entry of
//! its own, whose id is the request's, so that a request that comes twice is carried out once.

use shared::frame::{Delete, Edit};
use shared::ids::{AgentId, ConversationId, MessageId, Millis, Seq, VisitorId};
use shared::model::{Author, Body, Deleted, EDIT_WITHIN, Edited, Event, MAX_PREVIEW, Rating, State, cut};
use uuid::Uuid;

use super::work::Work;
use super::{Desk, DeskError, Outcome, Reminded};
use crate::store::sql::params;
use crate::store::{StoreError, files, log, mentions, rows, search};

/// How long after the end a conversation may be rated, in ms.
const RATE_WITHIN: Millis = 7 * 24 * 60 * 60 * 1_000;

/// Who changes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The visitor of the conversation.
    Visitor(VisitorId),
    /// An agent.
    Agent(AgentId),
}

impl Speaker {
    fn id(self) -> Uuid {
        match self {
            Self::Visitor(id) => id.0,
            Self::Agent(id) => id.0,
        }
    }

    fn wrote(self, by: &Author) -> bool {
        match (self, by) {
            (Self::Visitor(_), Author::Visitor) => true,
            (Self::Agent(id), Author::Agent(person)) => person.id == id,
            _ => false,
        }
    }

    fn author(self, work: &Work<'_>) -> Result<Author, DeskError> {
        match self {
            Self::Visitor(_) => Ok(Author::Visitor),
            Self::Agent(id) => Ok(Author::Agent(work.person(id)?)),
        }
    }
}

impl Desk {
    /// Somebody changes the text of their own last message.
    ///
    /// # Errors
    /// [`DeskError::NotAuthor`], [`DeskError::NotLast`], [`DeskError::TooLate`]; [`DeskError::Invalid`] where there is no text to change.
    pub async fn edit(&self, now: Millis, by: Speaker, edit: Edit) -> Result<Outcome, DeskError> {
        let Edit { id, conversation, seq, text } = edit;
        let change = move |work: &mut Work<'_>| {
            let place = work.open(conversation)?;
            let found = own_last(work, place, by, seq)?;
            let note = match found.body {
                Body::Text(_) | Body::Menu(_) => false,
                Body::Note(_) | Body::Whisper(_) => true,
                _ => return Err(DeskError::Invalid("seq: only text can be changed; take the message back instead")),
            };
            if found.is_previewed {
                cut(&text, MAX_PREVIEW).clone_into(&mut work.record(place).preview);
            }
            let author = by.author(work)?;
            work.happened(place, id, author, Event::Edited(Edited { seq, text, note }))?;
            Ok(work.save(place)?)
        };
        self.once(now, by.id(), id, conversation, change).await
    }

    /// Somebody takes back their own last message: nothing of it stays in the store.
    ///
    /// # Errors
    /// [`DeskError::NotAuthor`], [`DeskError::NotLast`], [`DeskError::TooLate`].
    pub async fn delete(&self, now: Millis, by: Speaker, delete: Delete) -> Result<Outcome, DeskError> {
        let Delete { id, conversation, seq } = delete;
        let change = move |work: &mut Work<'_>| {
            let place = work.open(conversation)?;
            let found = own_last(work, place, by, seq)?;
            let note = found.body.is_note();
            log::replace(work.db, found.n, &Body::Deleted)?;
            search::forget(work.db, found.n)?;
            for n in found.edits {
                log::replace(work.db, n, &Body::Event(Event::Edited(Edited { seq, text: String::new(), note })))?;
            }
            files::release(work.db, conversation, seq)?;
            let reminded = mentions::forget(work.db, conversation, seq)?;
            work.reminded.extend(reminded.into_iter().map(|agent| Reminded { agent, named_in: None }));
            if found.is_previewed {
                work.record(place).preview = preview(work, place)?;
            }
            let author = by.author(work)?;
            work.happened(place, id, author, Event::Deleted(Deleted { seq, note }))?;
            Ok(work.save(place)?)
        };
        self.once(now, by.id(), id, conversation, change).await
    }

    /// A visitor rates their conversation; the last rating counts.
    ///
    /// # Errors
    /// [`DeskError::WrongState`] while nobody has had it, and later than 7 days after its end.
    pub async fn rate(
        &self,
        now: Millis,
        visitor: VisitorId,
        id: MessageId,
        conversation: ConversationId,
        rating: Rating,
    ) -> Result<Outcome, DeskError> {
        let change = move |work: &mut Work<'_>| {
            let place = work.open(conversation)?;
            let record = work.record(place);
            if record.visitor != visitor {
                return Err(DeskError::NotFound);
            }
            match record.state {
                State::Active => {}
                State::Closed if record.state_at >= now.saturating_sub(RATE_WITHIN) => {}
                State::Closed => return Err(DeskError::WrongState("the conversation ended more than 7 days ago")),
                State::Queued | State::Parked => {
                    return Err(DeskError::WrongState("a conversation is rated while an agent has it, or after its end"));
                }
            }
            rows::rate(work.db, conversation, rating.score)?;
            work.happened(place, id, Author::Visitor, Event::Rated(rating))?;
            Ok(work.save(place)?)
        };
        self.once(now, visitor.0, id, conversation, change).await
    }

    /// Carries out a request that becomes an entry under the request's own id, once: who asks again is told that it is done.
    async fn once(
        &self,
        now: Millis,
        author: Uuid,
        id: MessageId,
        conversation: ConversationId,
        change: impl FnOnce(&mut Work<'_>) -> Result<(), DeskError> + Send + 'static,
    ) -> Result<Outcome, DeskError> {
        let refused = match self.work(now, change).await {
            Ok(outcome) => return Ok(outcome),
            Err(DeskError::Store(StoreError::Conflict)) => DeskError::IdReused,
            Err(DeskError::Store(error)) => return Err(DeskError::Store(error)),
            Err(refused) => refused,
        };
        let done = self.store.read(move |db| {
            let mut find = db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM message WHERE id = ?1 AND author = ?2 AND conversation = ?3 \
                 AND body LIKE '{\"event\":%')",
            )?;
            Ok(find.query_row(params![id.0, author, conversation.0], |row| row.get::<bool>(0))?)
        });
        if done.await? { Ok(Outcome::default()) } else { Err(refused) }
    }
}

/// A message that may still be changed.
struct Found {
    n: i64,
    body: Body,
    /// Where its earlier changes stand.
    edits: Vec<i64>,
    /// The inbox shows it.
    is_previewed: bool,
}

/// The speaker's own last message, if it has this seq and is young enough. Looks at a minute's entries and no more.
fn own_last(work: &mut Work<'_>, place: usize, by: Speaker, wanted: Seq) -> Result<Found, DeskError> {
    let oldest = work.now.saturating_sub(EDIT_WITHIN);
    let db = work.db;
    let record = work.record(place);
    if let Speaker::Visitor(visitor) = by
        && record.visitor != visitor
    {
        return Err(DeskError::NotFound);
    }
    let (mut edits, mut is_previewed) = (Vec::new(), true);
    let mut found = Err(DeskError::NotFound);
    log::walk_back(db, record, |n, entry| {
        let is_theirs = by.wrote(&entry.by) && is_said(&entry.body);
        if entry.seq == wanted && is_theirs && entry.at >= oldest {
            found = Ok((n, entry.body));
        } else if entry.at < oldest && entry.seq >= wanted {
            found = Err(DeskError::TooLate);
        } else if entry.seq == wanted {
            found = Err(DeskError::NotAuthor);
        } else if is_theirs {
            found = Err(DeskError::NotLast);
        } else {
            match &entry.body {
                Body::Event(Event::Edited(edited)) if edited.seq == wanted => edits.push(n),
                body => is_previewed &= body.preview().is_none(),
            }
            return entry.seq > wanted;
        }
        false
    })?;
    let (n, body) = found?;
    is_previewed &= body.preview().is_some();
    Ok(Found { n, body, edits, is_previewed })
}

/// Whether its author can take it back.
fn is_said(body: &Body) -> bool {
    body.is_message() || body.is_note()
}

/// What the inbox shows of the last message, as it reads after its changes.
fn preview(work: &mut Work<'_>, place: usize) -> Result<String, DeskError> {
    let (mut edits, mut shown) = (Vec::new(), String::new());
    let db = work.db;
    log::walk_back(db, work.record(place), |_, entry| match entry.body {
        Body::Event(Event::Edited(edited)) => {
            edits.push(edited);
            true
        }
        body => match body.preview() {
            Some(text) => {
                let text = edits.iter().find(|edited| edited.seq == entry.seq).map_or(text, |edited| edited.text.as_str());
                cut(text, MAX_PREVIEW).clone_into(&mut shown);
                false
            }
            None => true,
        },
    })?;
    Ok(shown)
}
