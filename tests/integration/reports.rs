//! What a report tells is what happened: who waited, who answered, who gave up, how it was rated; and supervisors alone are told.

use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::json;
use shared::api::Report;
use shared::close::ErrorCode;
use shared::model::{Role, State};
use shared::visitor::{Rate, ToRelay};
use tests::accounts::{Account, Answer};
use tests::new_id;
use tests::relay::Relay;

/// Yesterday and tomorrow: whenever this runs, all of it is between them.
fn days() -> (String, String) {
    let db = Connection::open_in_memory().unwrap();
    db.query_row("SELECT date('now', '-1 day'), date('now', '+1 day')", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

async fn ask(relay: &Relay, by: &Account, query: &str) -> Answer {
    relay.office().request(Method::GET, &format!("/api/reports?{query}")).by(by).send().await.unwrap()
}

#[tokio::test]
async fn a_report_tells_what_happened() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    relay.gives_slots(&ada, 1).await;
    ada.comes_online().await;
    let (kim, lee) = (relay.visitor("demo"), relay.visitor("demo"));
    kim.opens_chat().await;
    let chat = kim.says("hello").await.conversation;
    ada.sees_state(chat, State::Active).await;
    lee.opens_chat().await;
    let waits = lee.says("anybody?").await.conversation;
    ada.sees_in_queue(waits).await;
    lee.ends_chat().await.unwrap();
    ada.says(chat, "hi").await;
    kim.sees("hi").await;
    ada.closes(chat).await.unwrap();
    kim.stands(State::Closed).await;
    let id = new_id();
    kim.requests(id, ToRelay::Rate(Rate { id, conversation: chat, score: 5, comment: None })).await.unwrap();

    let (from, until) = days();
    let range = format!("from={from}&until={until}&zone=Europe/Paris");
    let supervisor = relay.office().hire(relay.admin(), "Grace", Role::Supervisor).await.unwrap();
    for site in ["", "&site=demo"] {
        let report: Report = ask(&relay, &supervisor, &format!("{range}{site}")).await.value().unwrap();
        let all = &report.all;
        assert_eq!((all.conversations, all.answered, all.abandoned, all.messages), (2, 1, 1, 0));
        assert_eq!((all.waiting.count, all.response.count, all.handling.count, all.ratings), (1, 1, 1, [0, 0, 0, 0, 1]));
        assert_eq!(report.days.iter().map(|day| day.figures.conversations).sum::<u32>(), 2);
        assert_eq!((report.days.len(), report.hours.len()), (3, 24));
        let [agent] = report.agents.as_slice() else { panic!("{:?}", report.agents) };
        assert_eq!((agent.agent.id, agent.conversations, agent.ratings), (ada.id(), 1, [0, 0, 0, 0, 1]));
        // One slot, in use for a part of the time online.
        assert!(agent.slots.used > 0 && agent.slots.used <= agent.slots.offered, "{:?}", agent.slots);
        assert_eq!(agent.slots.used, agent.handling.mean);
    }
    // A site with opening hours has its days where these are, whatever is asked for.
    let hours = json!({"hours": {"time_zone": "Asia/Tokyo", "week": vec![json!([]); 7]}});
    let desk = relay.office().request(Method::PUT, "/api/sites/demo/desk").by(relay.admin()).json(&hours).unwrap();
    desk.send().await.unwrap().accepted().unwrap();
    for (site, zone) in [("", "Europe/Paris"), ("&site=demo", "Asia/Tokyo")] {
        let report: Report = ask(&relay, &supervisor, &format!("{range}{site}")).await.value().unwrap();
        assert_eq!(report.zone, zone);
    }
    assert_eq!(ask(&relay, &supervisor, &format!("{range}&site=none")).await.refusal(), Some((404, ErrorCode::NotFound)));
    assert_eq!(ask(&relay, &ada.account, &range).await.refusal(), Some((403, ErrorCode::Forbidden)), "agents are told nothing");

    let table = ask(&relay, &supervisor, &format!("{range}&csv=agents")).await.accepted().unwrap();
    assert_eq!(table.status, StatusCode::OK);
    assert!(table.body.starts_with("agent,conversations,") && table.body.contains("\r\n\"Ada\",1,"), "{}", table.body);
    for wrong in [
        "".to_owned(),
        format!("from={until}&until={from}"),
        "from=2026-01-01&until=2027-01-02".to_owned(),
        "from=today&until=today".to_owned(),
        format!("{range}x"),
    ] {
        assert_eq!(ask(&relay, &supervisor, &wrong).await.refusal(), Some((422, ErrorCode::InvalidField)), "{wrong}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn shifts_end_where_agents_do() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let db = Connection::open(relay.database()).unwrap();
    // A shift that ends in the millisecond in which it began was none, and is not kept.
    let began: i64 = db.query_row("SELECT began_at FROM shift", [], |row| row.get(0)).unwrap();
    while tests::now() <= began {
        tokio::task::yield_now().await;
    }
    relay.gives_slots(&ada, 2).await;
    ada.leaves().await;
    let open = || db.query_row("SELECT count(*) FROM shift WHERE ended_at IS NULL", [], |row| row.get::<_, i64>(0)).unwrap();
    // Leaving is written after the connection is gone: the colleague is told then.
    let grace = relay.agent("Grace").await;
    grace.connects().await;
    grace.sees_colleague(ada.id(), |agent| agent.presence == shared::model::Presence::Offline).await;
    assert_eq!(open(), 0);
    let slots = |order| {
        db.query_row(&format!("SELECT slots FROM shift ORDER BY began_at {order}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((slots("ASC"), slots("DESC")), (3, 2), "another capacity is another shift");
    relay.stop().await;
}
