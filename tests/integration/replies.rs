//! Canned replies: whose they are, who keeps which, and what is refused.

use reqwest::Method;
use serde_json::{Value, json};
use shared::api::Reply;
use shared::close::ErrorCode;
use shared::ids::SiteId;
use shared::model::{MAX_TEXT, Role};
use tests::accounts::{Account, Answer};
use tests::new_id;
use tests::relay::Relay;

async fn ask(relay: &Relay, by: &Account, method: Method, path: &str, body: Value) -> Answer {
    relay.office().request(method, &format!("/api/replies{path}")).by(by).json(&body).unwrap().send().await.unwrap()
}

async fn makes(relay: &Relay, by: &Account, body: Value) -> Answer {
    ask(relay, by, Method::POST, "", body).await
}

async fn shortcuts(relay: &Relay, by: &Account) -> Vec<String> {
    let known: Vec<Reply> = ask(relay, by, Method::GET, "", json!({})).await.value().unwrap();
    known.into_iter().map(|reply| reply.shortcut).collect()
}

#[tokio::test]
async fn shared_replies_are_everybodys_and_own_ones_nobody_elses() {
    let relay = Relay::start().await;
    let ada = relay.hires("Ada").await;
    let (bob, grace) = {
        let office = relay.office();
        let bob = office.hire(relay.admin(), "Bob", Role::Agent).await.unwrap();
        (bob, office.hire(relay.admin(), "Grace", Role::Supervisor).await.unwrap())
    };
    let shared: Reply =
        makes(&relay, &grace, json!({"shortcut": "/Hours", "text": " 9 to 18 ", "shared": true})).await.value().unwrap();
    assert_eq!((shared.shortcut.as_str(), shared.text.as_str(), shared.owner), ("hours", "9 to 18", None));
    let own: Reply = makes(&relay, &ada, json!({"shortcut": "bye", "text": "Bye {visitor}"})).await.value().unwrap();
    assert_eq!(own.owner, Some(ada.me.id));
    assert_eq!(shortcuts(&relay, &ada).await, ["bye", "hours"]);
    assert_eq!(shortcuts(&relay, &bob).await, ["hours"]);

    // Agents share nothing and touch nothing that is shared; what is somebody else's is not there.
    let forbidden = Some((403, ErrorCode::Forbidden));
    let draft = json!({"shortcut": "mine", "text": "x", "shared": true});
    assert_eq!(makes(&relay, &ada, draft.clone()).await.refusal(), forbidden);
    assert_eq!(ask(&relay, &ada, Method::PUT, &format!("/{}", own.id), draft.clone()).await.refusal(), forbidden);
    for (by, id, refused) in [(&ada, shared.id, forbidden), (&grace, own.id, Some((404, ErrorCode::NotFound)))] {
        let draft = json!({"shortcut": "mine", "text": "x"});
        assert_eq!(ask(&relay, by, Method::PUT, &format!("/{id}"), draft).await.refusal(), refused);
        assert_eq!(ask(&relay, by, Method::DELETE, &format!("/{id}"), json!({})).await.refusal(), refused);
    }
    let changed = json!({"shortcut": "open", "text": "10 to 17", "shared": true});
    ask(&relay, relay.admin(), Method::PUT, &format!("/{}", shared.id), changed).await.accepted().unwrap();
    assert_eq!(shortcuts(&relay, &bob).await, ["open"]);
    ask(&relay, &ada, Method::DELETE, &format!("/{}", own.id), json!({})).await.accepted().unwrap();
    assert_eq!(shortcuts(&relay, &ada).await, ["open"]);
    relay.stop().await;
}

#[tokio::test]
async fn a_shortcut_is_there_once_and_nothing_impossible_is_kept() {
    let relay = Relay::start().await;
    let ada = relay.hires("Ada").await;
    let hours = json!({"shortcut": "hours", "text": "9 to 18"});
    makes(&relay, &ada, hours.clone()).await.accepted().unwrap();
    let shared = json!({"shortcut": "hours", "text": "9 to 18", "shared": true});
    makes(&relay, relay.admin(), shared).await.accepted().unwrap();
    let impossible = [
        hours,
        json!({"shortcut": "two words", "text": "x"}),
        json!({"shortcut": "", "text": "x"}),
        json!({"shortcut": "empty", "text": "  "}),
        json!({"shortcut": "long", "text": "x".repeat(MAX_TEXT + 1)}),
        json!({"shortcut": "nowhere", "text": "x", "site": SiteId(new_id().0)}),
    ];
    for body in impossible {
        let answer = makes(&relay, &ada, body.clone()).await;
        assert_eq!(answer.refusal(), Some((422, ErrorCode::InvalidField)), "{body}: {answer:?}");
    }
    assert_eq!(shortcuts(&relay, &ada).await, ["hours", "hours"]);
    relay.stop().await;
}
