//! Messages that are committed together, where statements have a way to go: all that their jobs look up is asked for by one statement
//! before the first of them, and what they write goes as one statement for each table at the end. So a hundred messages cost as many ways
//! to the server and back as one. A job finds its own things here ([`Step::conversation`] and the others); once anything else was written
//! in the transaction, it asks the database as ever, and the next one has its things looked up anew.

use std::cell::{Ref, RefCell};
use std::collections::{HashMap, VecDeque};

use shared::ids::{AgentId, ConversationId, MessageId, VisitorId};
use shared::model::Person;
use uuid::Uuid;

use super::sql::{self, Bulk, Connection, Rows, params};
use super::{Step, StoreError, people, rows};
use crate::desk::record::Record;

/// What the job of a message will look up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lookup {
    pub(crate) author: Uuid,
    pub(crate) id: MessageId,
    pub(crate) of: Of,
}

/// Where it is said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    /// In the conversation of a visitor that is not closed.
    Visitor(VisitorId),
    /// There.
    Conversation(ConversationId),
}

/// What tells messages apart.
type Key = (Uuid, MessageId);

const LOOK: &str = concat!(
    "SELECT ",
    rows::columns!(),
    ", w.author, w.id, nextval(pg_get_serial_sequence('message', 'n')), \
     EXISTS (SELECT 1 FROM message m WHERE m.id = w.id AND m.author = w.author), (SELECT a.name FROM agent a WHERE a.id = w.author), \
     EXISTS (SELECT 1 FROM presence p WHERE p.subject = c.visitor) \
     FROM unnest(?1::bytea[], ?2::bytea[], ?3::bytea[], ?4::bytea[]) AS w (author, id, visitor, conversation) \
     LEFT JOIN LATERAL (SELECT * FROM conversation WHERE id = w.conversation \
     UNION ALL SELECT * FROM conversation WHERE visitor = w.visitor AND state <> 3) c ON true"
);
/// Columns of it before the author.
const OF_RECORD: usize = 34;

/// What is known of the messages of a transaction.
pub(super) struct Ahead(RefCell<Known>);

#[derive(Default)]
struct Known {
    /// Those whose jobs are still to run.
    wanted: VecDeque<Lookup>,
    /// Jobs that have found their things since these were looked up.
    served: usize,
    /// What the connection had changed when this was true; `None`: nothing was looked up.
    at: Option<u64>,
    said: HashMap<Key, Said>,
    records: HashMap<ConversationId, Record>,
    /// Numbers that new entries may have, in their order.
    numbers: VecDeque<i64>,
}

struct Said {
    already: bool,
    conversation: Option<ConversationId>,
    /// What their author is called, who is an agent.
    name: Option<String>,
    visitor_is_here: bool,
}

impl Ahead {
    pub(super) fn of(wanted: impl Iterator<Item = Lookup>) -> Self {
        Self(RefCell::new(Known { wanted: wanted.collect(), ..Known::default() }))
    }

    /// What is known for the next job, which wants this.
    pub(super) fn look<'a>(&'a self, db: &'a Connection, wanted: Option<Lookup>) -> sql::Result<Option<Saying<'a>>> {
        let (Some(bulk), Some(wanted)) = (db.bulk(), wanted) else { return Ok(None) };
        let mut known = self.0.borrow_mut();
        if known.at != Some(db.total_changes()) || !known.said.contains_key(&(wanted.author, wanted.id)) {
            known.look(bulk)?;
            known.at = Some(db.total_changes());
        }
        known.wanted.pop_front();
        known.served += 1;
        Ok(Some(Saying { wanted, bulk, known: &self.0, changed: RefCell::default() }))
    }
}

impl Known {
    fn look(&mut self, bulk: Bulk<'_>) -> sql::Result<()> {
        let mut asked = Rows::new(LOOK);
        // Where jobs write other things, too, what was looked up for those behind them is lost.
        let most = if self.at.is_none() { usize::MAX } else { (2 * self.served).max(1) };
        self.served = 0;
        for Lookup { author, id, of } in self.wanted.iter().take(most) {
            let (visitor, conversation) = match of {
                Of::Visitor(visitor) => (Some(visitor.0), None),
                Of::Conversation(conversation) => (None, Some(conversation.0)),
            };
            asked.push(params![author, id.0, visitor, conversation]);
        }
        let (mut said, mut records, mut numbers) = (HashMap::new(), HashMap::new(), Vec::new());
        bulk.query(&asked, |row| {
            let column = |place: usize| OF_RECORD + place;
            numbers.push(row.get(column(2))?);
            // One that is damaged is its own job's misfortune.
            let record = rows::record(row).ok();
            let found = Said {
                already: row.get(column(3))?,
                conversation: record.as_ref().map(|record| record.id),
                name: row.get(column(4))?,
                visitor_is_here: row.get(column(5))?,
            };
            said.insert((row.get(column(0))?, MessageId(row.get(column(1))?)), found);
            records.extend(record.map(|record| (record.id, record)));
            Ok(())
        })?;
        numbers.sort_unstable();
        (self.said, self.records, self.numbers) = (said, records, numbers.into());
        Ok(())
    }
}

/// What one job finds.
pub(crate) struct Saying<'a> {
    wanted: Lookup,
    bulk: Bulk<'a>,
    known: &'a RefCell<Known>,
    /// The conversation as the job leaves it.
    changed: RefCell<Option<Record>>,
}

impl Saying<'_> {
    /// What was found, as long as it is true.
    fn known(&self, db: &Connection) -> Option<Ref<'_, Known>> {
        let known = self.known.borrow();
        (known.at == Some(db.total_changes())).then_some(known)
    }

    fn said(&self, db: &Connection) -> Option<Ref<'_, Said>> {
        Ref::filter_map(self.known(db)?, |known| known.said.get(&(self.wanted.author, self.wanted.id))).ok()
    }

    /// The job has done what it wanted: those behind it find that.
    pub(super) fn keep(self, db: &Connection) {
        let mut known = self.known.borrow_mut();
        if known.at != Some(db.total_changes()) {
            return;
        }
        if let Some(record) = self.changed.into_inner() {
            known.records.insert(record.id, record);
        }
        if let Some(said) = known.said.get_mut(&(self.wanted.author, self.wanted.id)) {
            said.already = true;
        }
    }
}

impl Step<'_> {
    /// A conversation.
    pub(crate) fn conversation(&self, id: ConversationId) -> sql::Result<Option<Record>> {
        let found = self.ahead.as_ref().and_then(|ahead| ahead.known(self)?.records.get(&id).cloned());
        found.map_or_else(|| rows::load(self, id), |record| Ok(Some(record)))
    }

    /// A visitor's latest conversation.
    pub(crate) fn latest_of(&self, visitor: VisitorId) -> sql::Result<Option<Record>> {
        let found = self.ahead.as_ref().and_then(|ahead| {
            let conversation = ahead.said(self)?.conversation?;
            ahead.known(self)?.records.get(&conversation).filter(|record| record.visitor == visitor).cloned()
        });
        // Elsewhere there are closed ones as well.
        found.map_or_else(|| rows::load_latest(self, visitor), |record| Ok(Some(record)))
    }

    /// An agent by name.
    pub(crate) fn person(&self, agent: AgentId) -> Result<Option<Person>, StoreError> {
        let found =
            self.ahead.as_ref().filter(|ahead| ahead.wanted.author == agent.0).and_then(|ahead| ahead.said(self)?.name.clone());
        found.map_or_else(|| people::person(self, agent), |name| Ok(Some(Person { id: agent, name })))
    }

    /// The number that the entry gets which was looked for, if that was. The caller writes it by [`Step::later`].
    ///
    /// # Errors
    /// The author has said it already.
    pub(super) fn number(&self, author: Option<Uuid>, id: MessageId) -> Result<Option<i64>, StoreError> {
        let Some(ahead) = self.ahead.as_ref().filter(|ahead| Some(ahead.wanted.author) == author && ahead.wanted.id == id) else {
            return Ok(None);
        };
        match ahead.said(self).map(|said| said.already) {
            None => Ok(None),
            Some(true) => Err(StoreError::Conflict),
            Some(false) => Ok(ahead.known.borrow_mut().numbers.pop_front()),
        }
    }

    /// Writes a row of a message together with those of others, by a statement that nothing can refuse. What was looked up stays true.
    /// Whether it does; else nothing is written.
    pub(super) fn later(&self, sql: &'static str, row: impl sql::Params) -> bool {
        let Some(ahead) = self.ahead.as_ref().filter(|ahead| ahead.known(self).is_some()) else { return false };
        ahead.bulk.later(sql, row);
        ahead.known.borrow_mut().at = Some(self.total_changes());
        true
    }

    /// What the conversation is after this, for messages behind it.
    pub(super) fn leaves(&self, record: Record) {
        if let Some(ahead) = &self.ahead {
            *ahead.changed.borrow_mut() = Some(record);
        }
    }

    /// Whether the visitor of the conversation has a live connection.
    pub(crate) fn is_connected(&self, visitor: VisitorId) -> Result<bool, StoreError> {
        let here = self.ahead.as_ref().and_then(|ahead| {
            let said = ahead.said(self)?;
            let record = ahead.known(self)?.records.get(&said.conversation?).is_some_and(|record| record.visitor == visitor);
            record.then_some(said.visitor_is_here)
        });
        here.map_or_else(|| people::connected(self, visitor.0), Ok)
    }
}
