//! API tokens and the record: programs that work in the team's name, what they may and may not, and what is known of it afterwards.

use relay::api::{ROUTES, Who};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::api::{ApiToken, AuditPage, Deed, Member, Right};
use shared::close::{self, ErrorCode};
use shared::model::{Presence, Role};
use tests::accounts::{Account, Answer};
use tests::door::Door;
use tests::raw::Raw;
use tests::relay::Relay;
use tests::{new_id, now};

async fn ask(relay: &Relay, by: &Account, method: Method, path: &str, body: Value) -> Answer {
    relay.office().request(method, &format!("/api{path}")).by(by).json(&body).unwrap().send().await.unwrap()
}

/// As a program asks: with its token, without cookie and origin.
async fn program_asks(relay: &Relay, token: &str, method: Method, path: &str, body: Value) -> Answer {
    let request = relay.office().request(method, &format!("/api{path}")).from(None);
    request.header("authorization", &format!("Bearer {token}")).json(&body).unwrap().send().await.unwrap()
}

async fn make(relay: &Relay, name: &str, role: Role) -> (ApiToken, String) {
    let made = ask(relay, relay.admin(), Method::POST, "/tokens", json!({"name": name, "role": role})).await;
    let made: ApiToken = made.value().unwrap();
    let token = made.token.clone().unwrap();
    (made, token)
}

async fn record(relay: &Relay, query: &str) -> AuditPage {
    ask(relay, relay.admin(), Method::GET, &format!("/audit{query}"), json!({})).await.value().unwrap()
}

#[tokio::test]
async fn a_token_is_shown_once_and_kept_as_a_hash() {
    let relay = Relay::start().await;
    let (made, token) = make(&relay, " Order bot ", Role::Agent).await;
    assert_eq!((made.name.as_str(), made.role, made.created_by.id), ("Order bot", Role::Agent, relay.admin().me.id));
    assert!(token.starts_with("bulle_") && token.len() > 60, "{token}");
    let listed = ask(&relay, relay.admin(), Method::GET, "/tokens", json!({})).await;
    assert!(!listed.body.contains(&token), "{}", listed.body);
    let listed: Vec<ApiToken> = listed.value().unwrap();
    assert_eq!((listed.len(), listed[0].used_at), (1, None));

    let me = program_asks(&relay, &token, Method::GET, "/session", json!({})).await.accepted().unwrap();
    assert!(me.body.contains("Order bot"), "{}", me.body);
    let listed: Vec<ApiToken> = ask(&relay, relay.admin(), Method::GET, "/tokens", json!({})).await.value().unwrap();
    assert!(listed[0].used_at.is_some());
    let stored = std::fs::read(relay.database()).unwrap();
    let wal = std::fs::read(relay.database().with_extension("db-wal")).unwrap_or_default();
    for bytes in [stored, wal] {
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "the token itself is in the store");
    }
    for body in [json!({"name": " ", "role": "agent"}), json!({"name": "x", "role": "agent", "expires_at": now() - 1})] {
        let refused = ask(&relay, relay.admin(), Method::POST, "/tokens", body).await;
        assert_eq!(refused.refusal(), Some((422, ErrorCode::InvalidField)));
    }
    relay.stop().await;
}

#[tokio::test]
async fn a_token_may_what_its_role_may_and_has_no_account_to_change() {
    let relay = Relay::start().await;
    for role in [Role::Agent, Role::Supervisor, Role::Admin] {
        let (_, token) = make(&relay, "Program", role).await;
        for route in ROUTES {
            let Who::May(act) = route.who else { continue };
            // Asked for with an admin's token, these would do what they say.
            if role == Role::Admin && route.method != "get" && !route.path.starts_with("/account") {
                continue;
            }
            let id = new_id().to_string();
            let path = route.path.replace("{id}", &id).replace("{key}", "demo").replace("{session}", &id);
            let method: Method = route.method.to_uppercase().parse().unwrap();
            let answer = program_asks(&relay, &token, method, &path, json!({})).await;
            if route.path.starts_with("/account") {
                assert_eq!(answer.refusal(), Some((401, ErrorCode::BadToken)), "{route:?} with a token");
            } else {
                assert_ne!(answer.status, 401, "{route:?} as {role:?}");
                // A body that its handler cannot read is refused before it looks who asks.
                let forbidden = answer.refusal() == Some((403, ErrorCode::Forbidden));
                let is_too_low = role < act.least_role();
                assert!(forbidden == is_too_low || is_too_low && answer.status == 400, "{route:?} as {role:?}: {answer:?}");
            }
        }
    }
    relay.stop().await;
}

#[tokio::test]
async fn revoking_a_token_closes_its_sockets_and_ends_it_everywhere() {
    let relay = Relay::start().await;
    let (made, token) = make(&relay, "Order bot", Role::Agent).await;
    let mut door = Door::agent(relay.address(), String::new());
    (door.cookie, door.origin) = (None, None);
    let mut raw = Raw::open(&door).await;
    raw.sends(&json!({"t": "hello", "token": token}).to_string()).await;
    let welcome = raw.hears("welcome").await.to_string();
    assert!(welcome.contains("\"bot\":true"), "{welcome}");

    let path = format!("/tokens/{}", made.id);
    ask(&relay, relay.admin(), Method::DELETE, &path, json!({})).await.accepted().unwrap();
    assert_eq!(raw.is_closed().await.1, Some(close::BAD_TOKEN));
    assert_eq!(program_asks(&relay, &token, Method::GET, "/agents", json!({})).await.refusal(), Some((401, ErrorCode::BadToken)));
    let mut late = Raw::open(&door).await;
    late.sends(&json!({"t": "hello", "token": token}).to_string()).await;
    assert_eq!(late.is_closed().await.1, Some(close::BAD_TOKEN));
    let again = ask(&relay, relay.admin(), Method::DELETE, &path, json!({})).await;
    assert_eq!(again.refusal(), Some((404, ErrorCode::NotFound)));
    // Nobody is brought back to life by it either.
    let patch = format!("/agents/{}", made.id);
    ask(&relay, relay.admin(), Method::PATCH, &patch, json!({"disabled": false})).await.accepted().unwrap();
    assert_eq!(program_asks(&relay, &token, Method::GET, "/agents", json!({})).await.status, 401);
    relay.stop().await;
}

#[tokio::test]
async fn a_lapsed_token_opens_nothing() {
    let relay = Relay::start().await;
    let (_, token) = make(&relay, "Order bot", Role::Agent).await;
    Connection::open(relay.database()).unwrap().execute("UPDATE api_token SET expires_at = ?1", [now() - 1]).unwrap();
    assert_eq!(program_asks(&relay, &token, Method::GET, "/agents", json!({})).await.status, 401);
    let none = program_asks(&relay, "bulle_0000", Method::GET, "/agents", json!({})).await;
    assert_eq!(none.refusal(), Some((401, ErrorCode::BadToken)));
    assert!(relay.office().sign_in("bot:whatever", "").await.is_err());
    relay.stop().await;
}

#[tokio::test]
async fn what_people_do_to_people_is_on_record() {
    let relay = Relay::start().await;
    let (office, root) = (relay.office(), relay.admin());
    let ada = office.hire(root, "Ada", Role::Agent).await.unwrap();
    office.sign_in(&ada.me.email, tests::accounts::PASSWORD).await.unwrap();
    ask(&relay, root, Method::PATCH, &format!("/agents/{}", ada.me.id), json!({"capacity": 4, "role": "supervisor"})).await;
    ask(&relay, root, Method::DELETE, &format!("/agents/{}/sessions", ada.me.id), json!({})).await;
    ask(&relay, root, Method::PATCH, "/sites/demo", json!({"origins": ["https://shop.example"]})).await.accepted().unwrap();
    ask(&relay, root, Method::POST, "/sites/demo/secrets", json!({})).await.accepted().unwrap();
    let (made, _) = make(&relay, "Order bot", Role::Agent).await;
    ask(&relay, root, Method::DELETE, &format!("/tokens/{}", made.id), json!({})).await;

    let all = record(&relay, "").await;
    let deeds: Vec<Deed> = all.entries.iter().map(|entry| entry.deed).collect();
    let wanted = [
        Deed::TokenRevoked,
        Deed::TokenMade,
        Deed::SecretMade,
        Deed::SiteChanged,
        Deed::SessionsEnded,
        Deed::PersonChanged,
        Deed::SignedIn,
        Deed::Joined,
        Deed::Invited,
    ];
    assert_eq!(deeds[..wanted.len()], wanted, "{all:?}");
    let changed = all.entries.iter().find(|entry| entry.deed == Deed::PersonChanged).unwrap();
    let by = changed.by.as_ref().map(|by| by.id);
    assert_eq!((by, changed.about.as_str()), (Some(root.me.id), "Ada"));
    assert_eq!(changed.detail, "role supervisor, capacity 4");

    let of_ada = record(&relay, &format!("?by={}", ada.me.id)).await;
    assert_eq!(of_ada.entries.iter().map(|entry| entry.deed).collect::<Vec<_>>(), [Deed::SignedIn, Deed::Joined]);
    let signed_in = record(&relay, &format!("?by={}&deed=signed_in", ada.me.id)).await;
    assert_eq!(signed_in.entries.len(), 1);
    let refused = ask(&relay, root, Method::GET, "/audit?deed=nonsense", json!({})).await;
    assert_eq!(refused.refusal(), Some((422, ErrorCode::InvalidField)));
    relay.stop().await;
}

#[tokio::test]
async fn the_record_is_read_page_by_page_and_every_statement_has_its_index() {
    let relay = Relay::start().await;
    let db = Connection::open(relay.database()).unwrap();
    for number in 0..250_i64 {
        db.execute("INSERT INTO audit (at, agent, what) VALUES (?1, NULL, 'stretch')", [number]).unwrap();
    }
    let (mut seen, mut before, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = record(&relay, &format!("?deed=stretch{before}")).await;
        pages += 1;
        seen.extend(page.entries.iter().map(|entry| entry.at));
        let Some(last) = page.entries.last().filter(|_| page.more) else { break };
        before = format!("&before={}", last.id);
    }
    assert_eq!((pages, seen.len()), (3, 250));
    assert!(seen.is_sorted_by(|one, other| one > other), "each once, the latest first");
    relay.stop().await;
}

#[tokio::test]
async fn the_table_of_rights_is_the_one_that_the_routes_go_by() {
    let relay = Relay::start().await;
    let ada = relay.hires("Ada").await;
    let told: Vec<Right> = ask(&relay, &ada, Method::GET, "/roles", json!({})).await.value().unwrap();
    let acts = ROUTES.iter().filter_map(|route| if let Who::May(act) = route.who { Some(act) } else { None });
    for act in acts {
        let name = serde_json::to_value(act).unwrap();
        let right = told.iter().find(|right| name == right.act.as_str()).unwrap();
        assert_eq!(right.least_role, act.least_role(), "{act:?}");
    }
    assert!(told.is_sorted_by_key(|right| right.least_role));
    relay.stop().await;
}

#[tokio::test]
async fn invitations_are_listed_without_their_links_and_revoked() {
    let relay = Relay::start().await;
    let link = relay.office().invite(relay.admin(), "grace@bulle.example", Role::Supervisor).await.unwrap().link;
    let listed = ask(&relay, relay.admin(), Method::GET, "/invitations", json!({})).await;
    let secret = link.rsplit('/').next().unwrap().to_owned();
    assert!(listed.body.contains("grace@bulle.example") && !listed.body.contains(&secret), "{}", listed.body);
    let revoke =
        async || ask(&relay, relay.admin(), Method::DELETE, "/invitations", json!({"email": "Grace@bulle.example"})).await;
    revoke().await.accepted().unwrap();
    assert!(relay.office().join(&link, "Grace", "grace@bulle.example").await.is_err());
    assert_eq!(revoke().await.refusal(), Some((404, ErrorCode::NotFound)));
    relay.stop().await;
}

#[tokio::test]
async fn admins_see_everybody_with_what_the_team_is_not_told() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    make(&relay, "Order bot", Role::Agent).await;
    relay.changes(&ada, shared::api::AgentPatch { disabled: Some(true), ..Default::default() }).await;
    let all: Vec<Member> = ask(&relay, relay.admin(), Method::GET, "/people", json!({})).await.value().unwrap();
    let of = |name: &str| all.iter().find(|member| member.agent.name == name).unwrap();
    assert_eq!((all.len(), of("Ada").disabled, of("Root").disabled), (3, true, false));
    assert_eq!((of("Ada").email.as_str(), of("Order bot").email.as_str()), ("ada@bulle.example", ""));
    relay.stop().await;
}

#[tokio::test]
async fn a_bot_is_an_agent_that_is_known_as_one() {
    let relay = Relay::start().await;
    let (made, _) = make(&relay, "Order bot", Role::Agent).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    ada.until_console("the bot", |console| {
        console.agents.get(&made.id).filter(|bot| bot.bot && bot.presence == Presence::Offline).map(drop)
    })
    .await;
    assert!(!ada.log().view.agents[&ada.id()].bot);
    relay.stop().await;
}
