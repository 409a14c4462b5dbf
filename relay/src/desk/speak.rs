//! Somebody says something, and what that does to the conversation: it begins, wakes up, or begins again.

use std::sync::Arc;

use shared::frame::Ack;
use shared::ids::{AgentId, ConversationId, FileId, MessageId, Millis, NodeId, SiteId, VisitorId};
use shared::model::{
    Answer, Author, Body, Entry, Event, FieldKind, Menu, ParkReason, Person, RequeueReason, Role, Say, SiteSettings, State,
    Whisper, language,
};

use uuid::Uuid;

use super::dispatch::dispatch;
use super::hours;
use super::record::Record;
use super::route::route;
use super::teams::tell_route;
use super::work::Work;
use super::{Desk, DeskError, NewEntry, Outcome, Reminded, Route, Said, VisitorCard};
use crate::api::roles::Act;
use crate::clock;
use crate::session::looks_like_email;
use crate::store::sql::Connection;
use crate::store::{Lookup, Of, StoreError, accounts, files, identities, log, mails, mentions, people, rows, teams};

impl Desk {
    /// A visitor's message. It creates the visitor and the conversation where they are not there yet.
    ///
    /// # Errors
    /// [`DeskError::IdReused`], or the store's.
    pub async fn visitor_say(
        &self,
        now: Millis,
        node: NodeId,
        site: SiteId,
        card: impl Into<Arc<VisitorCard>>,
        say: Say,
    ) -> Result<Outcome, DeskError> {
        let card = card.into();
        let (author, id) = (card.id.0, say.id);
        let wanted = Lookup { author, id, of: Of::Visitor(card.id) };
        let said = self.speak(now, Some(wanted), move |work| {
            if card.is_new {
                work.db.protect()?;
                people::add_visitor(work.db, site, &card, now)?;
                people::arrive(work.db, node, card.id.0)?;
            }
            visitor_says(work, site, &card, say)
        });
        self.unless_said_before(author, id, said.await).await
    }

    /// An agent's message or note.
    ///
    /// # Errors
    /// [`DeskError::NotYours`] for another agent's chat, [`DeskError::WrongState`] for one that must be taken first or has ended.
    pub async fn agent_say(&self, now: Millis, agent: AgentId, say: Say) -> Result<Outcome, DeskError> {
        let id = say.id;
        let mail_after = self.mail_after;
        let wanted = say.conversation.map(|conversation| Lookup { author: agent.0, id, of: Of::Conversation(conversation) });
        let said = self.speak(now, wanted, move |work| agent_says(work, agent, say, mail_after));
        self.unless_said_before(agent.0, id, said.await).await
    }

    async fn speak(
        &self,
        now: Millis,
        wanted: Option<Lookup>,
        say: impl FnOnce(&mut Work<'_>) -> Result<Said, DeskError> + Send + 'static,
    ) -> Result<Outcome, DeskError> {
        let rules = self.rules.clone();
        self.store
            .write_message(wanted, move |step| {
                let mut work = Work::new(step, &rules, now);
                let said = say(&mut work)?;
                Ok(Outcome { said: Some(said), ..work.finish()? })
            })
            .await
    }

    /// The same id by the same author is the same message: it gets the same ack. The unique index finds such a message out when it is
    /// written, so that all others need no look-up.
    async fn unless_said_before(
        &self,
        author: Uuid,
        id: MessageId,
        outcome: Result<Outcome, DeskError>,
    ) -> Result<Outcome, DeskError> {
        let refused = match outcome {
            Ok(outcome) => return Ok(outcome),
            Err(DeskError::Store(StoreError::Conflict)) => DeskError::IdReused,
            Err(DeskError::Store(error)) => return Err(DeskError::Store(error)),
            // The conversation may have moved on since it was said: a retry still gets its ack.
            Err(refused) => refused,
        };
        let found = self
            .store
            .read(move |db| {
                let before = said_before(db, author, id)?;
                // Between the write and this look they may have signed in, and taken it along.
                Ok((before.is_none() && identities::is_given_up(db, VisitorId(author))?, before))
            })
            .await?;
        match found {
            (_, Some(said)) => Ok(Outcome { said: Some(said), ..Outcome::default() }),
            (true, None) => Err(DeskError::Merged),
            (false, None) => Err(refused),
        }
    }
}

fn said_before(db: &Connection, author: Uuid, id: MessageId) -> Result<Option<Said>, StoreError> {
    let Some(found) = log::find(db, author, id)? else { return Ok(None) };
    let Some(route) = rows::route(db, found.conversation)? else { return Ok(None) };
    let ack = Ack { id, conversation: found.conversation, seq: found.seq, prev: found.prev, at: found.at };
    Ok(Some(Said { ack, entry: None, route }))
}

fn visitor_says(work: &mut Work<'_>, site: SiteId, card: &VisitorCard, say: Say) -> Result<Said, DeskError> {
    let now = work.now;
    let latest = work.db.latest_of(card.id).map_err(StoreError::from)?;
    let reopen_from = now.saturating_sub(work.rules.reopen_within);
    let brings_more = say.contact.is_some() || say.file.is_some() || !say.answers.is_empty();
    let plain = !brings_more && latest.as_ref().is_some_and(|record| matches!(record.state, State::Active | State::Queued));
    if !plain {
        work.db.protect()?;
    }
    let (place, before) = match latest {
        Some(record) if record.state != State::Closed || (!say.fresh && record.state_at >= reopen_from) => {
            let before = record.state;
            (work.touch(record), Some(before))
        }
        older => {
            if older.is_none() && identities::is_given_up(work.db, card.id)? {
                return Err(DeskError::Merged);
            }
            let id = ConversationId::v7(now, clock::random_bytes());
            let mut record = Record::new(id, site, card.id, now);
            record.previous = older.map(|older| older.id);
            record.page.clone_from(&card.page);
            record.language = card.locale.as_deref().and_then(language);
            let page = card.page.as_ref().map_or("", |page| page.url.as_str());
            let routes = teams::site_desk(work.db, site)?.routes;
            (record.team, record.priority) = route(&routes, page, record.language.as_deref());
            (work.begin(record)?, None)
        }
    };
    // Only somebody who begins has been greeted, or invited.
    let begins = matches!(before, None | Some(State::Closed));
    let invited = card.invited.as_ref().filter(|_| begins);
    if let Some(invited) = invited {
        work.event(place, Event::Greeted(invited.text.clone()))?;
    } else if let Some(wanted) = say.greeting.as_deref().filter(|_| begins) {
        let settings = accounts::settings(work.db, site)?;
        if let Some(greeting) = settings.greetings.into_iter().find(|greeting| greeting.id == wanted) {
            work.event(place, Event::Greeted(greeting.text))?;
        }
    }
    let (id, contact, answers) = (say.id, say.contact.clone(), say.answers.clone());
    let entry = utter(work, place, Author::Visitor, card.id.0, say)?;
    let leaves_address = contact.is_some();
    if let Some(contact) = contact {
        people::set_contact(work.db, card.id, &contact)?;
        work.event(place, Event::Contact(contact))?;
    }
    let answered = !answers.is_empty();
    if answered {
        let settings = accounts::settings(work.db, site)?;
        let (name, email) = (named(&settings, &answers, FieldKind::Name), named(&settings, &answers, FieldKind::Email));
        people::set_profile(work.db, card.id, name, email.filter(|email| looks_like_email(email)))?;
        work.event(place, Event::Answered(answers))?;
    }
    let record = work.record(place);
    record.visitor_at = now;
    record.unanswered = true;
    match before {
        Some(State::Active | State::Queued) if !leaves_address && !answered => work.save_message(place)?,
        Some(State::Active | State::Queued) => work.save(place)?,
        Some(State::Closed) => reopen(work, place)?,
        Some(State::Parked) => wake(work, place)?,
        None => first_message(work, place, leaves_address)?,
    }
    // Whoever invited them is waited for, but not for longer than anybody should wait.
    if let Some(invited) = invited.filter(|_| work.record(place).state == State::Queued) {
        let until = now.saturating_add(work.rules.prefer_for);
        work.record(place).prefer = Some((invited.by, until));
        work.save(place)?;
    }
    // One more message of a conversation that waits already changes nothing about who may have it.
    if !matches!(before, Some(State::Active | State::Queued)) && work.record(place).state == State::Queued {
        dispatch(work)?;
    }
    let record = work.record(place);
    let prev = entry.visitor_prev.unwrap_or_default();
    let ack = Ack { id, conversation: record.id, seq: entry.entry.seq, prev, at: now };
    Ok(Said { ack, entry: Some(entry), route: Route::of_record(record) })
}

/// What the visitor filled into the first field of a kind.
fn named<'a>(settings: &SiteSettings, answers: &'a [Answer], kind: FieldKind) -> Option<&'a str> {
    let fields = settings.form.iter().flat_map(|form| &form.fields);
    let labels = fields.filter(|field| field.kind == kind).map(|field| field.label.as_str());
    labels.filter_map(|label| answers.iter().find(|answer| answer.label == label)).map(|answer| answer.value.as_str()).next()
}

/// Appends the message, with the files that it brings. Who brings some has called [`Step::protect`](crate::store::Step::protect).
fn utter(work: &mut Work<'_>, place: usize, by: Author, owner: Uuid, say: Say) -> Result<NewEntry, DeskError> {
    let mut held = Vec::new();
    let mut own = |id: FileId| -> Result<shared::model::File, DeskError> {
        match files::find(work.db, id)?.filter(|found| found.owner == owner) {
            Some(found) => {
                held.push(id);
                Ok(found.file)
            }
            None => Err(DeskError::Invalid("file: you have uploaded none of this id, or it is gone: upload it again")),
        }
    };
    let body = if say.whisper {
        Body::Whisper(Whisper { to: hears(work, place, owner)?, text: say.text })
    } else if say.note {
        Body::Note(say.text)
    } else if let Some(file) = say.file {
        Body::File(own(file)?)
    } else if !say.cards.is_empty() {
        let mut cards = say.cards;
        // What the relay knows of a picture counts, not what the message says of it.
        for image in cards.iter_mut().filter_map(|card| card.image.as_mut()) {
            *image = own(image.id)?;
        }
        Body::Cards(cards)
    } else if !say.choices.is_empty() {
        Body::Menu(Menu { text: say.text, choices: say.choices })
    } else {
        Body::Text(say.text)
    };
    let entry = work.append(place, say.id, by, body)?;
    let conversation = work.record(place).id;
    held.into_iter().try_for_each(|file| files::hold(work.db, file, conversation, entry.entry.seq))?;
    Ok(entry)
}

/// The colleagues whom a note names, each once.
fn colleagues(work: &mut Work<'_>, place: usize, by: AgentId, say: &Say) -> Result<Vec<AgentId>, DeskError> {
    let mut named: Vec<AgentId> = say.mentions.iter().copied().filter(|agent| *agent != by).collect();
    named.sort_unstable();
    named.dedup();
    if named.is_empty() {
        return Ok(named);
    }
    // Nobody lets others read what they may not read themselves.
    let record = work.record(place).clone();
    if !mentions::may_read_record(work.db, by, &record)? {
        return Err(DeskError::NotYours);
    }
    for agent in &named {
        if people::enabled_agent(work.db, *agent)?.is_none() {
            return Err(DeskError::Invalid("mentions: there is no such agent"));
        }
    }
    Ok(named)
}

/// Whoever is named, or whispered to, is reminded until they have read it.
fn remind(work: &mut Work<'_>, id: ConversationId, by: AgentId, entry: &Entry, named: Vec<AgentId>) -> Result<(), DeskError> {
    let note = mentions::Note { conversation: id, seq: entry.seq, author: by, at: entry.at };
    if let Body::Whisper(Whisper { to, .. }) = &entry.body
        && !named.contains(&to.id)
    {
        mentions::add(work.db, to.id, note, true)?;
        work.reminded.push(Reminded { agent: to.id, named_in: None });
    }
    for agent in named {
        mentions::add(work.db, agent, note, false)?;
        work.reminded.push(Reminded { agent, named_in: Some(id) });
    }
    Ok(())
}

/// To whom a supervisor whispers: the agent who has the chat.
fn hears(work: &mut Work<'_>, place: usize, owner: Uuid) -> Result<Person, DeskError> {
    if people::role(work.db, AgentId(owner))? < Some(Act::Whisper.least_role()) {
        return Err(DeskError::Forbidden);
    }
    let record = work.record(place);
    match (record.state, record.agent) {
        (State::Active | State::Parked, Some(agent)) if agent.0 != owner => work.person(agent),
        _ => Err(DeskError::WrongState("no other agent has this chat: leave a note")),
    }
}

/// The first message: into the queue when somebody may answer, else it is kept for whoever comes.
fn first_message(work: &mut Work<'_>, place: usize, leaves_address: bool) -> Result<(), DeskError> {
    tell_route(work, place)?;
    let site = work.record(place).site;
    if !is_open(work, site)? {
        work.park(place, ParkReason::OutsideHours)
    } else if leaves_address || !people::answering(work.db)? {
        work.park(place, ParkReason::NobodyThere)
    } else {
        work.enter_queue(place, None);
        Ok(work.save(place)?)
    }
}

/// Whether now is within the opening hours of a site.
fn is_open(work: &Work<'_>, site: SiteId) -> Result<bool, StoreError> {
    let hours = teams::site_desk(work.db, site)?.hours;
    Ok(hours.is_none_or(|hours| hours::is_open(&hours, work.now)))
}

/// The visitor writes after the end: the same thread, and for a while it waits for the agent who had it.
fn reopen(work: &mut Work<'_>, place: usize) -> Result<(), DeskError> {
    let until = work.now.saturating_add(work.rules.reopen_wait);
    work.enter_queue(place, None);
    let record = work.record(place);
    record.prefer = record.last_agent.map(|agent| (agent, until));
    // Closed conversations follow neither: the visitor is here, they are writing; and handling begins again.
    record.visitor_gone_at = None;
    record.assigned_at = None;
    work.event(place, Event::Reopened)?;
    Ok(work.save(place)?)
}

/// The visitor writes to a parked conversation: on with its agent if they have a slot, else into the queue.
pub(super) fn wake(work: &mut Work<'_>, place: usize) -> Result<(), DeskError> {
    let until = work.now.saturating_add(work.rules.prefer_for);
    let (agent, site) = (work.record(place).agent, work.record(place).site);
    let available = people::available(work.db)?;
    let theirs = agent.and_then(|agent| available.iter().find(|candidate| candidate.agent == agent));
    match theirs {
        Some(agent) if agent.free > 0 => work.resume(place),
        // Nobody can answer a message that was left for later any sooner than before.
        None if agent.is_none() && !(is_open(work, site)? && people::answering(work.db)?) => Ok(work.save(place)?),
        _ => {
            let prefer = theirs.map(|agent| (agent.agent, until));
            work.queue(place, RequeueReason::VisitorSpoke, None)?;
            work.record(place).prefer = prefer;
            Ok(work.save(place)?)
        }
    }
}

fn agent_says(work: &mut Work<'_>, agent: AgentId, say: Say, mail_after: Option<Millis>) -> Result<Said, DeskError> {
    let id = say.conversation.ok_or(DeskError::NotFound)?;
    let brings_more = say.file.is_some() || !say.cards.is_empty() || say.whisper || !say.mentions.is_empty();
    if brings_more || mail_after.is_some() {
        work.db.protect()?;
    }
    let place = work.open(id)?;
    let person = work.person(agent)?;
    let now = work.now;
    let record = work.record(place);
    if !say.note {
        let theirs = record.agent == Some(agent);
        match record.state {
            State::Queued => return Err(DeskError::WrongState("take the conversation before you answer it")),
            State::Closed => return Err(DeskError::WrongState("the conversation has ended")),
            State::Active if !theirs => return Err(DeskError::NotYours),
            State::Parked if !theirs && record.agent.is_some() => {
                if people::role(work.db, agent)? < Some(Role::Supervisor) {
                    return Err(DeskError::NotYours);
                }
            }
            State::Active | State::Parked => {}
        }
    }
    let (message, note) = (say.id, say.note);
    let named = colleagues(work, place, agent, &say)?;
    let entry = utter(work, place, Author::Agent(person), agent.0, say)?;
    remind(work, id, agent, &entry.entry, named)?;
    let record = work.record(place);
    let mut on_board = false;
    if !note {
        on_board = record.state == State::Parked && record.agent.is_none() && record.unanswered;
        record.agent_at = Some(now);
        record.unanswered = false;
        record.answer_due = None;
        on_board |= !std::mem::take(&mut record.excluded).is_empty();
        if let Some(after) = mail_after {
            let (visitor, mail) = (record.visitor, MessageId::v7(now, clock::random_bytes()).0);
            mails::tell(work.db, mail, visitor, (id, entry.entry.seq), now, now.saturating_add(after))?;
        }
    }
    if on_board {
        work.save(place)?
    } else {
        work.save_message(place)?
    }
    let record = work.record(place);
    let ack = Ack { id: message, conversation: id, seq: entry.entry.seq, prev: entry.entry.prev, at: now };
    Ok(Said { ack, entry: Some(entry), route: Route::of_record(record) })
}
