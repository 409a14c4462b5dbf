//! What is known of a visitor changes: an agent knows better, or their site says something of them. Whoever has their conversation in view
//! is told by its change; nothing else about it moves.

use std::collections::BTreeMap;

use shared::api::Deed;
use shared::ids::{AgentId, Millis, VisitorId};

use super::work::Work;
use super::{Desk, DeskError, Outcome};
use crate::store::profiles::{self, Changed, Kept};
use crate::store::{Record, StoreError, audit, rows};

/// What an agent changes of a visitor, checked by the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Correction {
    /// Their name; empty: none.
    pub name: Option<String>,
    /// Their address; empty: none.
    pub email: Option<String>,
    /// Values by the ids of the site's fields; `None`: taken away.
    pub values: BTreeMap<String, Option<String>>,
}

impl Correction {
    /// What it is about, for the record: which parts, and nothing of what they say.
    fn in_words(&self) -> String {
        let parts = [self.name.as_ref().map(|_| "name"), self.email.as_ref().map(|_| "email")];
        parts.into_iter().flatten().chain(self.values.keys().map(String::as_str)).collect::<Vec<_>>().join(", ")
    }
}

impl Desk {
    /// An agent changes what is known of a visitor.
    ///
    /// # Errors
    /// [`DeskError::NotFound`]; [`DeskError::WrongState`] for what a site owner vouches for.
    pub async fn correct_visitor(
        &self,
        now: Millis,
        agent: AgentId,
        visitor: VisitorId,
        correction: Correction,
    ) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let standing = profiles::standing(work.db, visitor)?.filter(|standing| !standing.given_up);
            let standing = standing.ok_or(DeskError::NotFound)?;
            if standing.verified && (correction.name.is_some() || correction.email.is_some()) {
                return Err(DeskError::WrongState("the site vouches for this visitor's name and address: change them there"));
            }
            let detail = correction.in_words();
            let Correction { name, email, values } = correction;
            if name.is_some() || email.is_some() {
                profiles::call(work.db, visitor, name.as_deref(), email.as_deref())?;
            }
            let mut known = profiles::texts(work.db, Kept::Known, visitor)?;
            match profiles::change(&mut known, values) {
                Changed::Nothing => {}
                Changed::Something => profiles::keep(work.db, Kept::Known, visitor, &known)?,
                Changed::TooMany => return Err(DeskError::Invalid("values: too much is noted of this visitor already")),
            }
            audit::write(work.db, now, &Record::of(agent, Deed::VisitorChanged, visitor.to_string()).with(detail))?;
            show(work, visitor)
        })
        .await
    }

    /// A page of their site says something of a visitor. What the site's server signed it does not change.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for somebody of whom nothing is kept; [`DeskError::Invalid`] for too many.
    pub async fn attributes(
        &self,
        now: Millis,
        visitor: VisitorId,
        changes: BTreeMap<String, Option<String>>,
    ) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let here = profiles::standing(work.db, visitor)?.is_some_and(|standing| !standing.given_up);
            if !here {
                return Err(DeskError::NotFound);
            }
            let mut attributes = profiles::texts(work.db, Kept::Attributes, visitor)?;
            match profiles::change(&mut attributes, changes) {
                Changed::Nothing => Ok(()),
                Changed::Something => {
                    profiles::keep(work.db, Kept::Attributes, visitor, &attributes)?;
                    show(work, visitor)
                }
                Changed::TooMany => Err(DeskError::Invalid("attributes: 50 at most; take some away with null first")),
            }
        })
        .await
    }
}

/// Whoever has the visitor's latest conversation in view is told that they are known differently now.
pub(super) fn show(work: &mut Work<'_>, visitor: VisitorId) -> Result<(), DeskError> {
    if let Some(record) = rows::load_latest(work.db, visitor).map_err(StoreError::from)? {
        let place = work.open(record.id)?;
        work.save(place)?;
    }
    Ok(())
}
