//! What the log holds, and what it never does, even where an operator asks for all of it.

use serde_json::Value;
use shared::model::{Presence, Role};
use tests::accounts::PASSWORD;
use tests::agent::Agent;
use tests::relay::RelayProcess;
use tests::visitor::Visitor;

#[tokio::test]
async fn at_the_loudest_the_log_tells_nothing_of_what_people_say_or_who_they_are() {
    let settings =
        [("BULLE_LOG", "trace,tungstenite=trace"), ("BULLE_LOG_FORMAT", "json"), ("BULLE_METRICS_LISTEN", "127.0.0.1:0")];
    let mut relay = RelayProcess::start(&settings);
    let (office, admin) = relay.first_admin().await;
    let link = relay.server().printed_line("/console/join/").unwrap();
    let link = link.split_whitespace().find_map(|word| word.rsplit_once("/console/join/")).unwrap().1.to_owned();
    let invitation = office.invite(&admin, "ada@private.example", Role::Agent).await.unwrap();
    let account = office.join(&invitation.link, "Ada Lovelace", "ada@private.example").await.unwrap();
    let ada = Agent::new(&office, &account);
    ada.comes_online().await;
    let visitor = Visitor::new(relay.address(), "demo");
    visitor.opens_chat().await;
    visitor.types("my draft of a secret").await;
    let chat = visitor.says("my card number is 4111").await.conversation;
    ada.has(chat).await;
    ada.says(chat, "please never write that down").await;
    visitor.sees("please never write that down").await;
    visitor.stumbles().await;
    ada.sets(Presence::Away).await;
    let late = Visitor::new(relay.address(), "demo");
    late.opens_chat().await;
    late.leaves_message("call me back", "kim@private.example").await;
    assert!(office.sign_in("ada@private.example", "not the password").await.is_err());
    let forwarded = reqwest::Client::new().get(format!("http://{}/bulle.js?site=demo", relay.address()));
    forwarded.header("x-forwarded-for", "203.0.113.77, 2001:db8:1:2:3:4:5:6").send().await.unwrap();
    reqwest::get(relay.metrics()).await.unwrap();
    relay.server().terminate().unwrap();
    relay.server_mut().ends(std::time::Duration::from_secs(10)).await.unwrap();

    let log = relay.logged();
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "target", "fields"] {
            assert!(!event[field].is_null(), "no {field}: {line}");
        }
    }
    assert!(log.contains("\"level\":\"TRACE\"") && log.contains("stopping"), "the log is not as loud as it was told to be");
    let cookie = account.cookie.split_once('=').unwrap().1;
    let invited = invitation.link.rsplit('/').next().unwrap();
    let token = visitor.token();
    for secret in [
        "card number",
        "draft of a secret",
        "never write that down",
        "call me back",
        "private.example",
        "Lovelace",
        PASSWORD,
        "not the password",
        cookie,
        invited,
        &link,
        &token,
        "203.0.113.77",
        "2001:db8:1:2",
        "127.0.0.1:",
    ] {
        let found: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret:?} is in the log: {found:#?}");
    }
}
