//! Why agents are away, and what happens when they leave their console untouched.

use shared::model::{Audience, Away, AwayReason, Body, Event, ParkReason, Presence, RequeueReason, State};

use super::{MINUTE, Office, SECOND};
use crate::desk::Rules;

fn watching() -> Rules {
    Rules { away_after: 5 * MINUTE, ..Rules::default() }
}

impl Office {
    async fn away_why(&self, agent: shared::ids::AgentId) -> Option<AwayReason> {
        self.store.any_agent(agent).await.unwrap().unwrap().away.map(|away| away.reason)
    }
}

#[tokio::test]
async fn colleagues_are_told_why_until_somebody_is_back() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let lunch = Away { reason: AwayReason::Meal, note: "back at two".into() };
    office.desk.set_presence(office.now(), agent, Presence::Away, Some(lunch.clone())).await.unwrap();
    assert_eq!(office.store.any_agent(agent).await.unwrap().unwrap().away, Some(lunch));
    office.away(agent).await;
    assert_eq!(office.away_why(agent).await, None, "the last word counts");
    office.online(agent).await;
    let (_, chat) = office.chat().await;
    assert_eq!(office.stands(chat).await.0, State::Active);
    office.pass(2 * MINUTE).await;
    assert_eq!(office.away_why(agent).await, Some(AwayReason::Unanswered));
    office.leaves(agent).await;
    assert_eq!(office.away_why(agent).await, None, "who is offline is that");
}

#[tokio::test]
async fn nothing_is_held_in_silence_by_somebody_who_is_not_there() {
    let office = Office::with(watching()).await;
    let agent = office.agent(2).await;
    let (answered_by, answered) = office.chat().await;
    office.answers(agent, answered).await;
    let (_, unanswered) = office.chat().await;
    office.answers(agent, unanswered).await;
    office.wait(4 * MINUTE);
    let (other, _) = (office.agent(1).await, ());
    office.away(other).await;
    // The visitor speaks: this one waits for an answer now.
    let visitor = office.record(unanswered).await.visitor;
    let card = crate::desk::VisitorCard { id: visitor, is_new: false, ..office.visitor() };
    office.says(&card).await;
    office.pass(MINUTE - SECOND).await;
    assert_eq!(office.presence(agent).await, Presence::Online, "not yet");
    office.pass(SECOND).await;
    assert_eq!((office.presence(agent).await, office.away_why(agent).await), (Presence::Away, Some(AwayReason::Inactive)));
    assert_eq!(office.requeued(unanswered).await, Some(RequeueReason::AgentInactive));
    assert_eq!(office.stands(answered).await, (State::Parked, Some(agent)), "set aside for them");
    let (entries, _) = office.store.entries(answered, 0, 100, Audience::Agents).await.unwrap();
    assert_eq!(entries.last().map(|entry| &entry.body), Some(&Body::Event(Event::Parked(ParkReason::AgentInactive))));
    // And the visitor's next word finds somebody.
    office.online(other).await;
    assert_eq!(office.stands(unanswered).await.1, Some(other));
    office.answers(other, unanswered).await;
    office.closes(other, unanswered).await;
    let card = crate::desk::VisitorCard { is_new: false, ..answered_by };
    office.says(&card).await;
    assert_eq!(office.stands(answered).await.1, Some(other));
}

#[tokio::test]
async fn who_touches_their_console_stays() {
    let office = Office::with(watching()).await;
    let agent = office.agent(1).await;
    for _ in 0..3 {
        office.pass(4 * MINUTE).await;
        office.desk.agent_active(office.now(), agent).await.unwrap();
    }
    assert_eq!(office.presence(agent).await, Presence::Online);
    office.pass(6 * MINUTE).await;
    assert_eq!(office.presence(agent).await, Presence::Away);
    office.online(agent).await;
    office.pass(4 * MINUTE).await;
    assert_eq!(office.presence(agent).await, Presence::Online, "counted from when they came back");
}
