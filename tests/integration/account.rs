//! One's own account: name, password, sessions, second factor; and what admins may do about those of others.

use relay::api::{ROUTES, Route, Who};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::api::{Confirm, Enrolment, Limit, Me, NewPassword, Proof, RecoveryCodes, SecondFactor, Session, SignIn};
use shared::close::{self, ErrorCode};
use shared::model::Role;
use tests::accounts::{Account, Answer, Office, PASSWORD};
use tests::authenticator::Authenticator;
use tests::relay::Relay;

const OTHER: &str = "another sentence altogether";

async fn ask(office: &Office, by: &Account, method: Method, path: &str, body: Value) -> Answer {
    office.request(method, &format!("/api{path}")).by(by).json(&body).unwrap().send().await.unwrap()
}

async fn sessions(office: &Office, of: &Account) -> Vec<Session> {
    ask(office, of, Method::GET, "/account/sessions", json!({})).await.value().unwrap()
}

async fn signs_in(office: &Office, account: &Account, code: Option<&str>) -> Answer {
    let body = SignIn { email: account.me.email.clone(), password: PASSWORD.into(), code: code.map(str::to_owned) };
    office.request(Method::POST, "/api/session").json(&body).unwrap().send().await.unwrap()
}

/// Sets a second factor up, by the book.
async fn enrols(office: &Office, account: &Account) -> (Authenticator, RecoveryCodes) {
    let proof = json!(Proof { password: PASSWORD.into() });
    let begun: Enrolment = ask(office, account, Method::POST, "/account/second-factor", proof).await.value().unwrap();
    assert!(begun.uri.contains(&begun.secret), "{}", begun.uri);
    let app = Authenticator::knowing(&begun.secret).unwrap();
    let first = json!(Confirm { code: app.shows(0) });
    let codes = ask(office, account, Method::PUT, "/account/second-factor", first).await.value().unwrap();
    (app, codes)
}

#[tokio::test]
async fn people_see_where_they_are_signed_in_and_end_it() {
    let relay = Relay::start().await;
    let (office, ada) = (relay.office(), relay.hires("Ada").await);
    let elsewhere = office.sign_in(&ada.me.email, PASSWORD).await.unwrap();
    let third = office.sign_in(&ada.me.email, PASSWORD).await.unwrap();
    let console = relay.console_of(&elsewhere);
    console.comes_online().await;

    let known = sessions(office, &ada).await;
    assert_eq!(known.len(), 3);
    assert_eq!(known.iter().filter(|session| session.current).count(), 1, "{known:?}");
    assert!(known.iter().all(|session| session.network == "127.0.0.0/24"), "the whole address is nobody's business: {known:?}");

    let of_elsewhere = sessions(office, &elsewhere).await.into_iter().find(|session| session.current).unwrap();
    let path = format!("/account/sessions/{}", of_elsewhere.id);
    let stranger = relay.hires("Mallory").await;
    let refused = ask(office, &stranger, Method::DELETE, &path, json!({})).await;
    assert_eq!(refused.refusal(), Some((404, ErrorCode::NotFound)), "another one's session is none");
    let before = console.log().refusals.len();
    ask(office, &ada, Method::DELETE, &path, json!({})).await.accepted().unwrap();
    assert_eq!(console.until_refused(before).await, close::BAD_TOKEN, "its sockets end with it");
    let gone = ask(office, &elsewhere, Method::GET, "/session", json!({})).await;
    assert_eq!(gone.refusal(), Some((401, ErrorCode::BadToken)));

    ask(office, &ada, Method::DELETE, "/account/sessions", json!({})).await.accepted().unwrap();
    assert_eq!(sessions(office, &ada).await.len(), 1);
    assert_eq!(ask(office, &third, Method::GET, "/session", json!({})).await.status, 401);
    relay.stop().await;
}

#[tokio::test]
async fn admins_end_the_sessions_of_others() {
    let relay = Relay::start().await;
    let (office, ada) = (relay.office(), relay.hires("Ada").await);
    let again = office.sign_in(&ada.me.email, PASSWORD).await.unwrap();
    let path = format!("/agents/{}/sessions", ada.me.id);
    let known: Vec<Session> = ask(office, relay.admin(), Method::GET, &path, json!({})).await.value().unwrap();
    assert_eq!((known.len(), known.iter().any(|session| session.current)), (2, false));
    let one = format!("{path}/{}", known[0].id);
    ask(office, relay.admin(), Method::DELETE, &one, json!({})).await.accepted().unwrap();
    assert_eq!(ask(office, &again, Method::GET, "/session", json!({})).await.status, 401, "the latest is the first in the list");
    ask(office, relay.admin(), Method::DELETE, &path, json!({})).await.accepted().unwrap();
    assert_eq!(ask(office, &ada, Method::GET, "/session", json!({})).await.status, 401);
    let nobody = format!("/agents/{}/sessions", tests::new_id());
    let missing = ask(office, relay.admin(), Method::GET, &nobody, json!({})).await;
    assert_eq!(missing.refusal(), Some((404, ErrorCode::NotFound)));
    relay.stop().await;
}

#[tokio::test]
async fn a_new_password_wants_the_old_one_and_ends_all_other_sessions() {
    let relay = Relay::start().await;
    let (office, ada) = (relay.office(), relay.hires("Ada").await);
    let elsewhere = office.sign_in(&ada.me.email, PASSWORD).await.unwrap();
    let change = async |old: &str, new: &str| {
        let body = json!(NewPassword { old: old.into(), new: new.into() });
        ask(office, &ada, Method::POST, "/account/password", body).await
    };
    for (old, new) in [("not the old one", OTHER), (PASSWORD, "too short")] {
        assert_eq!(change(old, new).await.refusal(), Some((422, ErrorCode::InvalidField)), "{old} to {new}");
    }
    change(PASSWORD, OTHER).await.accepted().unwrap();
    assert_eq!(ask(office, &elsewhere, Method::GET, "/session", json!({})).await.status, 401);
    assert_eq!(sessions(office, &ada).await.len(), 1, "the one that changed it goes on");
    assert!(office.sign_in(&ada.me.email, PASSWORD).await.is_err());
    office.sign_in(&ada.me.email, OTHER).await.unwrap();

    let mut last = change("a guess", OTHER).await;
    for _ in 0..30 {
        last = change("a guess", OTHER).await;
    }
    assert_eq!(last.refusal(), Some((429, ErrorCode::RateLimited)), "a console left open is no place for guessing");
    relay.stop().await;
}

#[tokio::test]
async fn a_new_name_is_seen_by_everybody_at_once() {
    let relay = Relay::start().await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    grace.comes_online().await;
    let office = relay.office();
    for name in ["", "   ", &"x".repeat(257)] {
        let refused = ask(office, &ada.account, Method::PATCH, "/account", json!({"name": name})).await;
        assert_eq!(refused.refusal(), Some((422, ErrorCode::InvalidField)));
    }
    let me: Me = ask(office, &ada.account, Method::PATCH, "/account", json!({"name": " Ada L. "})).await.value().unwrap();
    assert_eq!(me.name, "Ada L.");
    let id = ada.id();
    grace.until_console("the new name", |console| console.agents.get(&id).filter(|agent| agent.name == "Ada L.").map(drop)).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_no_code_works_twice() {
    let relay = Relay::start().await;
    let (office, ada) = (relay.office(), relay.hires("Ada").await);
    let wrong = json!(Proof { password: "a guess".into() });
    let refused = ask(office, &ada, Method::POST, "/account/second-factor", wrong).await;
    assert_eq!(refused.refusal(), Some((422, ErrorCode::InvalidField)), "the password comes first");
    let early = ask(office, &ada, Method::PUT, "/account/second-factor", json!(Confirm { code: "123456".into() })).await;
    assert_eq!(early.refusal(), Some((409, ErrorCode::WrongState)));

    let (app, recovery) = enrols(office, &ada).await;
    assert_eq!(recovery.codes.len(), 10);
    let factor: SecondFactor = ask(office, &ada, Method::GET, "/account/second-factor", json!({})).await.value().unwrap();
    assert_eq!((factor.on, factor.recovery_codes), (true, 10));

    assert_eq!(signs_in(office, &ada, None).await.refusal(), Some((401, ErrorCode::SecondFactor)));
    let mut stranger = ada.clone();
    stranger.me.email = "nobody@bulle.example".into();
    assert_eq!(signs_in(office, &stranger, Some("123456")).await.refusal(), Some((401, ErrorCode::BadToken)));
    assert_eq!(signs_in(office, &ada, Some(&app.shows(-5))).await.refusal(), Some((401, ErrorCode::SecondFactor)), "too old");
    let spent = signs_in(office, &ada, Some(&app.shows(0))).await;
    assert_eq!(spent.refusal(), Some((401, ErrorCode::SecondFactor)), "the code that turned it on is spent");
    assert_eq!(spent.cookie, None);

    let code = app.shows(1);
    let tries = futures_util::future::join_all((0..4).map(|_| signs_in(office, &ada, Some(&code)))).await;
    assert_eq!(tries.iter().filter(|answer| answer.status == 200).count(), 1, "of several at once one: {tries:?}");
    assert_eq!(signs_in(office, &ada, Some(&code)).await.refusal(), Some((401, ErrorCode::SecondFactor)), "nor later");

    let typed = recovery.codes[0].to_uppercase().replace('-', " ");
    assert_eq!(signs_in(office, &ada, Some(&typed)).await.status, 200, "as people type it");
    assert_eq!(signs_in(office, &ada, Some(&recovery.codes[0])).await.refusal(), Some((401, ErrorCode::SecondFactor)));
    let db = Connection::open(relay.database()).unwrap();
    let failed: i64 =
        db.query_row("SELECT count(*) FROM audit WHERE what = 'second_factor_failed'", [], |row| row.get(0)).unwrap();
    assert!(failed >= 6, "{failed} are on record");
    relay.stop().await;
}

#[tokio::test]
async fn guessing_codes_is_slowed_like_guessing_passwords() {
    let relay = Relay::start().await;
    let (office, ada) = (relay.office(), relay.hires("Ada").await);
    enrols(office, &ada).await;
    let mut last = signs_in(office, &ada, Some("000000")).await;
    for _ in 0..30 {
        last = signs_in(office, &ada, Some("000000")).await;
    }
    assert_eq!(last.refusal(), Some((429, ErrorCode::RateLimited)));
    relay.stop().await;
}

#[tokio::test]
async fn a_second_factor_is_turned_off_by_its_owner_or_an_admin() {
    let relay = Relay::start().await;
    let office = relay.office();
    let (ada, grace) = (relay.hires("Ada").await, office.hire(relay.admin(), "Grace", Role::Supervisor).await.unwrap());
    enrols(office, &ada).await;
    let proof = json!(Proof { password: PASSWORD.into() });
    let twice = ask(office, &ada, Method::POST, "/account/second-factor", proof.clone()).await;
    assert_eq!(twice.refusal(), Some((409, ErrorCode::WrongState)), "one that is on is not replaced");
    ask(office, &ada, Method::DELETE, "/account/second-factor", proof).await.accepted().unwrap();
    assert_eq!(signs_in(office, &ada, None).await.status, 200);

    enrols(office, &ada).await;
    let path = format!("/agents/{}/second-factor", ada.me.id);
    let refused = ask(office, &grace, Method::DELETE, &path, json!({})).await;
    assert_eq!(refused.refusal(), Some((403, ErrorCode::Forbidden)));
    ask(office, relay.admin(), Method::DELETE, &path, json!({})).await.accepted().unwrap();
    assert_eq!(signs_in(office, &ada, None).await.status, 200);
    let nothing = ask(office, relay.admin(), Method::DELETE, &path, json!({})).await;
    assert_eq!(nothing.refusal(), Some((404, ErrorCode::NotFound)));
    relay.stop().await;
}

async fn demand(office: &Office, by: &Account, on: bool) -> Answer {
    ask(office, by, Method::PUT, "/rules", json!({ "second_factor": on })).await
}

/// What may be done without the second factor that is demanded: setting it up, and what needs no sign-in.
fn leads_there(route: &Route) -> bool {
    route.who == Who::Anyone || (route.path == "/account/second-factor" && route.method != "delete")
}

#[tokio::test]
async fn where_everybody_needs_a_second_factor_who_has_none_sets_it_up_and_does_nothing_before() {
    let relay = Relay::start().await;
    let (office, admin) = (relay.office(), relay.admin());
    let before = relay.hires("Ada").await;
    assert_eq!(demand(office, &before, true).await.refusal(), Some((403, ErrorCode::Forbidden)));
    assert_eq!(
        demand(office, admin, true).await.refusal(),
        Some((409, ErrorCode::WrongState)),
        "nobody demands what they have not"
    );
    enrols(office, admin).await;
    demand(office, admin, true).await.accepted().unwrap();

    assert_eq!(ask(office, &before, Method::GET, "/agents", json!({})).await.status, 200, "who is at work goes on");
    let signed_in = signs_in(office, &before, None).await.account().unwrap();
    assert!(signed_in.me.must_enrol);
    let me: Me = ask(office, &signed_in, Method::GET, "/session", json!({})).await.value().unwrap();
    assert!(me.must_enrol);
    for route in ROUTES.iter().filter(|route| !leads_there(route)) {
        let path = route.path.replace("{key}", "demo").replace(['{', '}'], "0");
        let method: Method = route.method.to_uppercase().parse().unwrap();
        let refused = ask(office, &signed_in, method, &path, json!({})).await;
        assert_eq!(refused.refusal(), Some((403, ErrorCode::EnrolFirst)), "{} {}", route.method, route.path);
    }
    let console = relay.console_of(&signed_in);
    assert_eq!(console.is_refused().await, close::BAD_TOKEN);

    enrols(office, &signed_in).await;
    let me: Me = ask(office, &signed_in, Method::GET, "/session", json!({})).await.value().unwrap();
    assert!(!me.must_enrol);
    assert_eq!(ask(office, &signed_in, Method::GET, "/agents", json!({})).await.status, 200);
    let proof = json!(Proof { password: PASSWORD.into() });
    let off = ask(office, &signed_in, Method::DELETE, "/account/second-factor", proof).await;
    assert_eq!(off.refusal(), Some((409, ErrorCode::WrongState)));

    // Who joins is asked as well, until it is demanded no more.
    let joined = relay.hires("Bea").await;
    assert!(joined.me.must_enrol);
    demand(office, admin, false).await.accepted().unwrap();
    assert_eq!(ask(office, &joined, Method::GET, "/agents", json!({})).await.status, 200);
    let on_record = ask(office, admin, Method::GET, "/audit?deed=rules_changed", json!({})).await.body;
    assert!(on_record.contains("second factor: everybody") && on_record.contains("second factor: as they like"), "{on_record}");
    relay.stop().await;
}

#[tokio::test]
async fn admins_see_the_limits_of_the_operator() {
    let relay = Relay::with(|config| config.limits.upload_bytes = 4_096).await;
    let limits: Vec<Limit> = ask(relay.office(), relay.admin(), Method::GET, "/limits", json!({})).await.value().unwrap();
    let of = |name: &str| limits.iter().find(|limit| limit.name == name).unwrap();
    assert_eq!((of("upload_bytes").amount, of("upload_bytes").rate), (Some(4_096), None));
    let rate = of("address_sign_ins").rate.unwrap();
    assert_eq!((rate.burst, rate.per_minute), (40, 20));
    relay.stop().await;
}
