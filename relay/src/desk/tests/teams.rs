//! Teams, languages, routing, urgency, picking and opening hours, at the desk.

use shared::api::{AgentPatch, Cause, TeamDraft};
use shared::close::ErrorCode;
use shared::ids::{AgentId, ConversationId, TeamId};
use shared::model::{Assigning, Audience, Body, Event, Hours, Page, ParkReason, RoutingRule, SiteDesk, State};

use super::{MINUTE, Office, SECOND, id};
use crate::desk::{DeskError, VisitorCard};

impl Office {
    async fn team(&self, name: &str, members: &[AgentId]) -> TeamId {
        let draft = TeamDraft { name: name.into(), members: members.to_vec(), sites: Vec::new() };
        self.desk.keep_team(self.now(), AgentId(id(1)), None, draft).await.unwrap().0
    }

    async fn works_by(&self, desk: SiteDesk) {
        self.desk.set_site_desk(self.now(), AgentId(id(1)), self.site, desk).await.unwrap();
    }

    async fn speaks(&self, agent: AgentId, languages: &[&str]) {
        let languages = Some(languages.iter().map(|one| (*one).to_owned()).collect());
        self.patch(agent, AgentPatch { languages, ..AgentPatch::default() }).await;
    }

    /// Somebody new writes in this language, on this page.
    async fn chat_in(&self, locale: &str, page: &str) -> ConversationId {
        let page = Some(Page { url: page.into(), ..Page::default() });
        let visitor = VisitorCard { locale: Some(locale.into()), page, ..self.visitor() };
        self.says(&visitor).await.conversation
    }

    async fn cause(&self, chat: ConversationId) -> (Cause, Option<String>) {
        let why = self.store.why(chat, self.now()).await.unwrap().unwrap();
        (why.cause, why.name)
    }

    async fn events(&self, chat: ConversationId) -> Vec<Event> {
        let (entries, _) = self.store.entries(chat, 0, 100, Audience::Agents).await.unwrap();
        let event = |body| if let Body::Event(event) = body { Some(event) } else { None };
        entries.into_iter().filter_map(|entry| event(entry.body)).collect()
    }
}

fn never() -> Hours {
    Hours { time_zone: "Europe/Paris".into(), week: vec![Vec::new(); 7], holidays: Vec::new() }
}

fn routed(rule: RoutingRule) -> SiteDesk {
    SiteDesk { routes: vec![rule], ..SiteDesk::default() }
}

#[tokio::test]
async fn a_chat_handed_to_a_team_waits_for_it_at_the_front() {
    let office = Office::open().await;
    let (first, member) = (office.agent(1).await, office.agent(1).await);
    let billing = office.team("Billing", &[first, member]).await;
    let (_, one) = office.chat().await;
    let (_, two) = office.chat().await;
    let (_, three) = office.chat().await;
    let (mine, theirs) = if office.stands(one).await.1 == Some(first) { (one, two) } else { (two, one) };
    office.desk.transfer_to_team(office.now(), first, mine, billing).await.unwrap();
    assert_eq!(office.stands(mine).await, (State::Queued, None));
    // The slot that became free goes to the one behind: its first agent has given it up.
    assert_eq!(office.stands(three).await, (State::Active, Some(first)));
    assert_eq!(office.cause(mine).await, (Cause::TeamBusy, Some("Billing".into())));
    office.answers(first, three).await;
    office.closes(first, three).await;
    assert_eq!(office.stands(mine).await.0, State::Queued, "not back to who handed it over");
    office.closes(member, theirs).await;
    assert_eq!(office.stands(mine).await, (State::Active, Some(member)));
    assert!(office.events(mine).await.iter().any(|event| matches!(event, Event::Routed(routed) if routed.name == "Billing")));
}

#[tokio::test]
async fn a_team_that_is_none_or_takes_no_chats_here_is_refused() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.chat().await;
    let refused = office.desk.transfer_to_team(office.now(), agent, chat, TeamId(id(77))).await.unwrap_err();
    assert!(matches!(refused, DeskError::NoTeam) && refused.code() == ErrorCode::NotFound);
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)), "nothing changed");
    let elsewhere = TeamDraft { name: "Elsewhere".into(), members: vec![], sites: vec![shared::ids::SiteId(id(1_000_001))] };
    let refused = office.desk.keep_team(office.now(), agent, None, elsewhere).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidField, "a site that is none");
}

#[tokio::test]
async fn a_team_without_anybody_online_makes_nobody_wait() {
    let office = Office::open().await;
    let (member, other) = (office.agent(1).await, office.agent(1).await);
    let sales = office.team("Sales", &[member]).await;
    office.works_by(routed(RoutingRule { page: None, language: None, team: Some(sales), priority: 0 })).await;
    let (_, first) = office.chat().await;
    assert_eq!(office.stands(first).await.1, Some(member), "the team's");
    let (_, second) = office.chat().await;
    assert_eq!(office.stands(second).await.0, State::Queued, "although somebody else is free");
    office.away(member).await;
    assert_eq!(office.stands(second).await.1, Some(other), "the last member has gone: it is for everybody");
}

#[tokio::test]
async fn a_language_is_for_those_who_speak_it_while_somebody_does() {
    let office = Office::open().await;
    let (french, english) = (office.agent(1).await, office.agent(2).await);
    office.speaks(french, &["fr"]).await;
    office.speaks(english, &["en"]).await;
    let one = office.chat_in("fr-CH", "").await;
    let two = office.chat_in("fr", "").await;
    assert_eq!(office.stands(one).await.1, Some(french));
    assert_eq!(office.cause(two).await, (Cause::LanguageBusy, Some("fr".into())));
    let polish = office.chat_in("pl", "").await;
    assert_eq!(office.stands(polish).await.1, Some(english), "nobody speaks it: anybody's");
    office.speaks(english, &[]).await;
    assert_eq!(office.stands(two).await.1, Some(english), "without languages: all");
}

#[tokio::test]
async fn rules_say_for_whom_a_new_chat_is_and_how_urgent() {
    let office = Office::open().await;
    let (agent, member) = (office.agent(1).await, office.agent(1).await);
    let shop = office.team("Shop", &[member]).await;
    let rule = RoutingRule { page: Some("/cart*".into()), language: Some("fr".into()), team: Some(shop), priority: 2 };
    office.works_by(routed(rule)).await;
    let elsewhere = office.chat_in("fr", "https://a.example/").await;
    let cart = office.chat_in("fr-FR", "https://a.example/cart?x=1").await;
    let (elsewhere, cart) = (office.record(elsewhere).await, office.record(cart).await);
    assert_eq!((elsewhere.team, elsewhere.priority), (None, 0));
    assert_eq!((cart.team, cart.priority, cart.language.as_deref()), (Some(shop), 2, Some("fr")));
    let refused = office.desk.remove_team(office.now(), agent, shop).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::WrongState, "a rule sends chats to it");
    office.works_by(SiteDesk::default()).await;
    office.desk.remove_team(office.now(), agent, shop).await.unwrap();
    assert_eq!(office.record(cart.id).await.team, None);
}

#[tokio::test]
async fn the_more_urgent_goes_first() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, at_hand) = office.chat().await;
    let (_, early) = office.chat().await;
    office.wait(SECOND);
    let (_, late) = office.chat().await;
    office.desk.prioritize(office.now(), agent, late, 1).await.unwrap();
    office.desk.prioritize(office.now(), agent, late, 1).await.unwrap();
    let raised = office.events(late).await.into_iter().filter(|event| matches!(event, Event::Prioritized(_))).count();
    assert_eq!(raised, 1, "once: the second changed nothing");
    office.answers(agent, at_hand).await;
    office.closes(agent, at_hand).await;
    assert_eq!(office.stands(late).await.1, Some(agent));
    assert_eq!(office.stands(early).await.0, State::Queued);
    let refused = office.desk.prioritize(office.now(), agent, late, 0).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::WrongState, "it does not wait any more");
}

#[tokio::test]
async fn where_agents_pick_nothing_is_handed_out_but_to_whom_it_waits_for() {
    let office = Office::open().await;
    let (agent, other) = (office.agent(2).await, office.agent(2).await);
    let pick = SiteDesk { assigning: Assigning::Pick, ..SiteDesk::default() };
    office.works_by(pick).await;
    let (visitor, chat) = office.chat().await;
    assert_eq!(office.cause(chat).await.0, Cause::Picked);
    // The first claim wins.
    office.desk.take(office.now(), agent, chat, false).await.unwrap();
    let late = office.desk.take(office.now(), other, chat, false).await.unwrap_err();
    assert_eq!(late.code(), ErrorCode::NotYours);
    office.closes(agent, chat).await;
    office.says(&visitor).await;
    assert_eq!(office.stands(chat).await.1, Some(agent), "who had it before gets it again");
    office.closes(agent, chat).await;
    office.away(agent).await;
    office.says(&visitor).await;
    office.pass(MINUTE).await;
    assert_eq!(office.stands(chat).await.0, State::Queued, "and nobody else");
    office.works_by(SiteDesk::default()).await;
    assert_eq!(office.stands(chat).await.1, Some(other), "handed out at once where the desk does it again");
}

#[tokio::test]
async fn outside_hours_a_first_message_is_kept() {
    let office = Office::open().await;
    office.agent(1).await;
    office.works_by(SiteDesk { hours: Some(never()), ..SiteDesk::default() }).await;
    let (mut visitor, chat) = office.chat().await;
    assert_eq!(office.stands(chat).await, (State::Parked, None));
    assert!(office.events(chat).await.contains(&Event::Parked(ParkReason::OutsideHours)));
    visitor.is_new = false;
    office.says(&visitor).await;
    assert_eq!(office.stands(chat).await.0, State::Parked, "a second one changes nothing");
    assert_eq!(office.store.answering(office.site, office.now()).await.unwrap(), (false, None), "and it never opens");
    office.works_by(SiteDesk::default()).await;
    office.says(&visitor).await;
    assert_eq!(office.stands(chat).await.0, State::Active);
}
