//! Agents label conversations, so that they are found again. Each change is an entry that only the team sees.

use shared::ids::{AgentId, ConversationId, MessageId, Millis};
use shared::model::{Author, Event, MAX_TAGS, Role, State, Tagged};

use super::work::Work;
use super::{Desk, DeskError, Outcome};
use crate::clock;
use crate::store::{people, tags};

impl Desk {
    /// An agent puts tags on a conversation and takes some off; what is so already changes nothing. The tags were checked by the caller.
    ///
    /// # Errors
    /// [`DeskError::NotYours`] for what another agent has in hand, unless a supervisor does it; [`DeskError::Invalid`] for too many.
    pub async fn tag(
        &self,
        now: Millis,
        agent: AgentId,
        conversation: ConversationId,
        add: Vec<String>,
        remove: Vec<String>,
    ) -> Result<Outcome, DeskError> {
        self.work(now, move |work| {
            let place = work.open(conversation)?;
            let record = work.record(place);
            let in_hand =
                matches!(record.state, State::Active | State::Parked) && record.agent.is_some_and(|theirs| theirs != agent);
            let offered = record.offer.is_some_and(|(to, _)| to == agent);
            if in_hand && !offered && people::role(work.db, agent)? < Some(Role::Supervisor) {
                return Err(DeskError::NotYours);
            }
            change(work, place, agent, add, remove)
        })
        .await
    }
}

fn change(work: &mut Work<'_>, place: usize, agent: AgentId, add: Vec<String>, remove: Vec<String>) -> Result<(), DeskError> {
    let conversation = work.record(place).id;
    let has = tags::of(work.db, conversation)?;
    let mut tagged = Tagged { added: Vec::new(), removed: Vec::new() };
    for tag in add {
        if !has.contains(&tag) && !remove.contains(&tag) && !tagged.added.contains(&tag) {
            tags::add(work.db, conversation, &tag)?;
            tagged.added.push(tag);
        }
    }
    for tag in remove {
        if has.contains(&tag) && !tagged.removed.contains(&tag) {
            tags::remove(work.db, conversation, &tag)?;
            tagged.removed.push(tag);
        }
    }
    if has.len() + tagged.added.len() - tagged.removed.len() > MAX_TAGS {
        return Err(DeskError::Invalid("add: a conversation has 20 tags at most; take one off first"));
    }
    if tagged.added.is_empty() && tagged.removed.is_empty() {
        return Ok(());
    }
    let id = MessageId::v7(work.now, clock::random_bytes());
    let author = Author::Agent(work.person(agent)?);
    work.happened(place, id, author, Event::Tagged(tagged))?;
    Ok(work.save(place)?)
}
