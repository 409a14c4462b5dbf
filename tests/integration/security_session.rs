//! Sessions of agents, attacked: planted cookies, requests that other people's pages send, roles that are too low. The routes come from
//! the relay's own table, so one that is added without its guards fails here.

use relay::api::{ROUTES, Route, Who};
use reqwest::Method;
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::json;
use shared::api::{Invite, SignIn};
use shared::close::ErrorCode;
use shared::model::Role;
use tests::accounts::{Account, PASSWORD, Request};
use tests::door::Door;
use tests::new_id;
use tests::raw::Raw;
use tests::relay::Relay;

/// A request to that route, with an id or name that nothing has in each gap and a body that its handler can read.
fn request(relay: &Relay, route: &Route) -> Request {
    let id = new_id().to_string();
    let path =
        route.path.replace("{id}", &id).replace("{key}", "demo").replace("{token}", &"0".repeat(64)).replace("{session}", &id);
    let body = match (route.method, route.path) {
        ("post", "/session") => json!({"email": "root@bulle.example", "password": PASSWORD}),
        ("post", "/account/password") => json!({"old": "a guess", "new": PASSWORD}),
        ("post" | "delete", "/account/second-factor") => json!({"password": "a guess"}),
        ("put", "/account/second-factor") => json!({"code": "000000"}),
        ("put", "/account/push") => {
            json!({"endpoint": "https://127.0.0.1/", "p256dh": "", "auth": "", "language": "en", "time_zone": "UTC",
            "wishes": {"assigned": true, "messages": true, "queue": true, "offers": true}})
        }
        ("put", "/rules") => json!({"second_factor": false}),
        ("delete", "/invitations") => json!({"email": "nobody@bulle.example"}),
        ("post", "/tokens") => json!({"name": "Eve", "role": "admin"}),
        ("post", "/sites") => json!({"name": "Another shop"}),
        ("post", "/invitations") => json!({"email": "new@bulle.example", "role": "admin"}),
        ("post", "/invitations/{token}") => json!({"name": "Eve", "email": "eve@bulle.example", "password": PASSWORD}),
        ("post", "/teams") | ("put", "/teams/{id}") => json!({"name": "Another team", "members": [], "sites": []}),
        ("post", "/present/{id}/invite") => json!({"text": "Hello"}),
        ("post", "/visitors/{id}/merge") => json!({"into": id}),
        ("post", "/replies") | ("put", "/replies/{id}") => json!({"shortcut": id[..8], "text": "Hello"}),
        _ => json!({}),
    };
    let method: Method = route.method.to_uppercase().parse().unwrap();
    relay.office().request(method, &format!("/api{path}")).json(&body).unwrap()
}

fn is_mutating(route: &Route) -> bool {
    !matches!(route.method, "get" | "head" | "options")
}

/// What an attack must not have changed: accounts, invitations, sessions, secrets, settings, rules.
fn state(relay: &Relay) -> Vec<Vec<Value>> {
    let db = Connection::open(relay.database()).unwrap();
    let mut rows = Vec::new();
    for table in [
        "agent",
        "agent_session",
        "second_factor",
        "api_token",
        "invitation",
        "site",
        "site_secret",
        "reply",
        "push_subscription",
        "house_rule",
    ] {
        let mut all = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let width = all.column_count();
        let read = all.query_map([], |row| (0..width).map(|at| row.get::<_, Value>(at)).collect::<Result<Vec<_>, _>>());
        rows.extend(read.unwrap().map(Result::unwrap));
    }
    rows
}

#[tokio::test]
async fn no_page_of_somebody_else_can_change_anything_with_an_admins_cookie() {
    let relay = Relay::start().await;
    let before = state(&relay);
    let foreign = [
        Some("https://evil.example".to_owned()),
        Some("null".into()),
        Some(format!("http://{}.evil.example", relay.address())),
        Some(format!("http://localhost:{}", relay.address().port())),
        Some("http://127.0.0.1".into()),
        None,
    ];
    let mutating: Vec<_> = ROUTES.iter().filter(|route| is_mutating(route)).collect();
    assert!(mutating.len() >= 8, "the table is there");
    for route in mutating {
        for origin in &foreign {
            let answer = request(&relay, route).by(relay.admin()).from(origin.as_deref()).send().await.unwrap();
            assert_eq!(answer.refusal(), Some((403, ErrorCode::ForeignOrigin)), "{route:?} from {origin:?}");
            assert_eq!(answer.set_cookie, None, "{route:?}");
        }
        // Files come under whatever type browsers give them: for these the origin alone decides, and it has been asked for above.
        if route.path == relay::api::UPLOADS {
            continue;
        }
        // What a form or a beacon of a foreign page may send without asking first.
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain; application/json",
            "",
        ] {
            let answer = request(&relay, route).by(relay.admin()).content_type(content_type).send().await.unwrap();
            assert_eq!(answer.refusal().map(|(status, _)| status), Some(415), "{route:?} as {content_type:?}");
        }
    }
    assert_eq!(state(&relay), before);
    relay.stop().await;
}

#[tokio::test]
async fn every_route_asks_for_its_role() {
    let relay = Relay::start().await;
    let office = relay.office();
    let agent = relay.hires("Ada").await;
    let supervisor = office.hire(relay.admin(), "Grace", Role::Supervisor).await.unwrap();
    let nobody = Account { me: agent.me.clone(), cookie: "bulle_session=0000".into() };
    for route in ROUTES {
        let Who::May(act) = route.who else { continue };
        let answer = request(&relay, route).send().await.unwrap();
        assert_eq!(answer.refusal(), Some((401, ErrorCode::BadToken)), "{route:?} by nobody");
        let answer = request(&relay, route).by(&nobody).send().await.unwrap();
        assert_eq!(answer.refusal(), Some((401, ErrorCode::BadToken)), "{route:?} with a made-up cookie");
        for account in [&agent, &supervisor, relay.admin()] {
            let answer = request(&relay, route).by(account).send().await.unwrap();
            let forbidden = answer.refusal() == Some((403, ErrorCode::Forbidden));
            assert_eq!(forbidden, account.me.role < act.least_role(), "{route:?} by {:?}: {answer:?}", account.me.role);
        }
    }
    // Nobody reaches more than that by adding to their own rights.
    for patch in [json!({"role": "admin"}), json!({"capacity": 20}), json!({"disabled": false})] {
        let path = format!("/api/agents/{}", agent.me.id);
        let answer = office.request(Method::PATCH, &path).by(&agent).json(&patch).unwrap().send().await.unwrap();
        assert_eq!(answer.refusal(), Some((403, ErrorCode::Forbidden)), "{patch}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn a_cookie_from_before_does_not_survive_signing_in() {
    let relay = Relay::start().await;
    let victim = relay.hires("Ada").await;
    let attacker = relay.hires("Mallory").await;
    let sign_in = SignIn { email: victim.me.email.clone(), password: PASSWORD.into(), code: None };
    let invented = Account { cookie: format!("bulle_session={}", "a".repeat(64)), ..attacker.clone() };
    for planted in [&invented, &attacker] {
        let request = relay.office().request(Method::POST, "/api/session").by(planted).json(&sign_in).unwrap();
        let signed_in = request.send().await.unwrap().account().unwrap();
        assert_ne!(signed_in.cookie, planted.cookie, "a session is never taken over from a request");
        assert_eq!(signed_in.me.id, victim.me.id);
        let who = relay.office().request(Method::GET, "/api/session").by(planted).send().await.unwrap();
        assert_eq!(who.status, 401, "the planted one is over");
        let mut raw = Raw::open(&Door::agent(relay.address(), planted.cookie.clone())).await;
        raw.sends(r#"{"t":"hello"}"#).await;
        assert_eq!(raw.is_closed().await.0.as_deref(), Some("bad_token"));
    }
    // Joining by a link is signing in as well.
    let invite = Invite { email: "new@bulle.example".into(), role: Role::Agent };
    let answer = relay.office().request(Method::POST, "/api/invitations").by(relay.admin()).json(&invite).unwrap();
    let link: serde_json::Value = answer.send().await.unwrap().value().unwrap();
    let token = link["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let join = json!({"name": "New", "email": "new@bulle.example", "password": PASSWORD});
    let path = format!("/api/invitations/{token}");
    let joined =
        relay.office().request(Method::POST, &path).by(&victim).json(&join).unwrap().send().await.unwrap().account().unwrap();
    assert_ne!(joined.cookie, victim.cookie);
    assert_eq!(relay.office().request(Method::GET, "/api/session").by(&victim).send().await.unwrap().status, 401);
    relay.stop().await;
}

#[tokio::test]
async fn the_cookie_can_be_read_by_no_script_and_sent_by_no_foreign_form() {
    let relay = Relay::start().await;
    let sign_in = SignIn { email: relay.admin().me.email.clone(), password: PASSWORD.into(), code: None };
    let answer = relay.office().request(Method::POST, "/api/session").json(&sign_in).unwrap().send().await.unwrap();
    let cookie = answer.set_cookie.unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    relay.stop().await;
}
