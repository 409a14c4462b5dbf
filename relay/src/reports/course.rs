//! What became of one conversation, told from its entries in their order. Every figure of a report rests on this.

use shared::api::RESTS;
use shared::ids::{AgentId, Millis};
use shared::model::{Author, Body, CloseReason, Entry, Event, ParkReason, Routed};

/// A time during which an agent had the conversation in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Who.
    pub agent: AgentId,
    /// From when.
    pub from: Millis,
    /// Until when.
    pub to: Millis,
}

/// An agent's part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Who.
    pub agent: AgentId,
    /// When it first became theirs.
    pub from: Millis,
    /// When they first wrote after that.
    pub wrote: Option<Millis>,
}

/// The course of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// When it began.
    pub began: Millis,
    /// Its page, without what may tell the visitor.
    pub page: Option<String>,
    /// The team that it was for last, with its name at that time.
    pub team: Option<Routed>,
    /// Nobody was there when it began.
    pub is_message: bool,
    /// Time in the queue before an agent first had it; `None`: it never waited.
    pub waited: Option<Millis>,
    /// It waits now.
    pub is_waiting: bool,
    /// From the visitor's first message to an agent's first one.
    pub response: Option<Millis>,
    /// Times in slots.
    pub stays: Vec<Stay>,
    /// Who had it, in order.
    pub parts: Vec<Part>,
    /// The last rating.
    pub rating: Option<u8>,
    /// An agent had it, it ended, and it has rested since for long enough.
    pub is_resolved: bool,
    /// Its visitor wrote again after such an end.
    pub is_reopened: bool,
}

impl Course {
    /// Whether an agent had it.
    pub fn is_answered(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Whether it waited, and stopped waiting without anybody.
    pub fn is_abandoned(&self) -> bool {
        self.waited.is_some() && !self.is_answered() && !self.is_waiting
    }

    /// Time in slots.
    pub fn handled(&self) -> Millis {
        self.stays.iter().map(|stay| stay.to - stay.from).sum()
    }

    /// Who had it last.
    pub fn last(&self) -> Option<AgentId> {
        self.stays.last().map(|stay| stay.agent)
    }
}

/// Follows a conversation from its beginning. Only what is told here of an entry counts.
pub fn follow(began: Millis, page: Option<String>, entries: impl IntoIterator<Item = Entry>, now: Millis) -> Course {
    let mut course = Course { began, page, ..Course::default() };
    let (mut queued, mut first_said, mut holder) = (Some(began), None, None);
    let mut stay: Option<(AgentId, Millis)> = None;
    // When it ended, with an agent; and the same of an end after which its visitor has written again, until it is clear what that was.
    let (mut ended, mut again): (Option<Millis>, Option<Millis>) = (None, None);
    for Entry { at, by, body, .. } in entries {
        let Body::Event(event) = body else {
            if body.is_message() {
                match by {
                    Author::Visitor => _ = first_said.get_or_insert(at),
                    Author::Agent(person) => {
                        course.response = course.response.or(first_said.map(|said: Millis| at - said));
                        if let Some(part) = course.parts.iter_mut().find(|part| part.agent == person.id) {
                            part.wrote.get_or_insert(at);
                        }
                    }
                    Author::System => {}
                }
            }
            continue;
        };
        match event {
            Event::Assigned(assigned) => {
                course.leave_queue(&mut queued, at);
                course.leave_slot(&mut stay, at);
                let agent = assigned.agent.id;
                (holder, stay) = (Some(agent), Some((agent, at)));
                if !course.parts.iter().any(|part| part.agent == agent) {
                    course.parts.push(Part { agent, from: at, wrote: None });
                }
            }
            Event::Resumed => stay = holder.map(|agent| (agent, at)),
            Event::Requeued(_) | Event::Reopened => {
                if event == Event::Reopened {
                    again = ended.take();
                }
                course.leave_slot(&mut stay, at);
                queued = Some(at);
            }
            Event::Parked(ParkReason::NobodyThere) => {
                // It has only just begun, and has not waited.
                (course.is_message, queued) = (true, None);
            }
            Event::Parked(_) | Event::Closed(_) => {
                if let Event::Closed(reason) = event {
                    let before = again.take();
                    ended = match reason {
                        // A mere "thanks": the end before it stands.
                        CloseReason::Dismissed => before,
                        // It goes on in another one.
                        CloseReason::Merged => None,
                        _ => course.is_answered().then_some(at),
                    };
                    course.is_reopened |= before.is_some() && reason != CloseReason::Dismissed;
                }
                course.leave_queue(&mut queued, at);
                course.leave_slot(&mut stay, at);
            }
            Event::Routed(routed) => course.team = Some(routed),
            Event::Rated(rating) => course.rating = Some(rating.score),
            _ => {}
        }
    }
    course.is_reopened |= again.is_some();
    course.is_resolved = !course.is_reopened && ended.is_some_and(|ended| now - ended >= RESTS);
    course.is_waiting = queued.is_some();
    course.leave_queue(&mut queued, now);
    course.leave_slot(&mut stay, now);
    course
}

impl Course {
    fn leave_queue(&mut self, queued: &mut Option<Millis>, at: Millis) {
        if let Some(since) = queued.take().filter(|_| !self.is_answered()) {
            *self.waited.get_or_insert(0) += (at - since).max(0);
        }
    }

    fn leave_slot(&mut self, stay: &mut Option<(AgentId, Millis)>, at: Millis) {
        if let Some((agent, from)) = stay.take() {
            self.stays.push(Stay { agent, from, to: at.max(from) });
        }
    }
}
