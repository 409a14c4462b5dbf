//! Who gets in: the first admin by a link that works once, others by invitation, and nobody's page on somebody else's cookie.

use reqwest::{Method, StatusCode};
use shared::api::{AgentPatch, Invitation, Invite, Join, Me, SignIn};
use shared::close::{self, ErrorCode};
use shared::model::Role;
use tests::accounts::PASSWORD;
use tests::relay::Relay;

#[tokio::test]
async fn the_first_admin_link_works_once() {
    let relay = Relay::start().await;
    assert_eq!(relay.admin().me.role, Role::Admin);
    let again = relay.office().join(relay.first_admin_link(), "Mallory", "mallory@evil.example").await;
    assert!(again.is_err(), "{again:?}");
    relay.stop().await;
}

#[tokio::test]
async fn an_invitation_is_for_one_address_and_works_once() {
    let relay = Relay::start().await;
    let office = relay.office();
    let invitation = office.invite(relay.admin(), "ada@bulle.example", Role::Supervisor).await.unwrap();
    let token = invitation.link.rsplit('/').next().unwrap().to_owned();
    let path = format!("/api/invitations/{token}");
    let shown: Invitation = office.request(Method::GET, &path).send().await.unwrap().value().unwrap();
    assert_eq!((shown.email.as_str(), shown.role), ("ada@bulle.example", Role::Supervisor));

    let join = |email: &str, password: &str| Join { name: "Ada".into(), email: email.into(), password: password.into() };
    for (join, field) in
        [(join("mallory@evil.example", PASSWORD), "address"), (join("ada@bulle.example", "123456789"), "password")]
    {
        let answer = office.request(Method::POST, &path).json(&join).unwrap().send().await.unwrap();
        assert_eq!(answer.refusal(), Some((422, ErrorCode::InvalidField)), "{field}");
        assert_eq!(answer.cookie, None, "{field}");
    }
    let ada = office.join(&invitation.link, "Ada", "ada@bulle.example").await.unwrap();
    assert_eq!(ada.me.role, Role::Supervisor);
    let again = office.request(Method::POST, &path).json(&join("ada@bulle.example", PASSWORD)).unwrap().send().await.unwrap();
    assert_eq!(again.refusal(), Some((404, ErrorCode::NotFound)));
    let gone = office.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    relay.stop().await;
}

#[tokio::test]
async fn two_people_cannot_take_up_one_invitation() {
    let relay = Relay::start().await;
    let office = relay.office();
    let invitation = office.invite(relay.admin(), "ada@bulle.example", Role::Agent).await.unwrap();
    let join = || office.join(&invitation.link, "Ada", "ada@bulle.example");
    let (one, two, three) = tokio::join!(join(), join(), join());
    assert_eq!([one.is_ok(), two.is_ok(), three.is_ok()].into_iter().filter(|joined| *joined).count(), 1);
    relay.stop().await;
}

#[tokio::test]
async fn only_admins_invite_and_change_people() {
    let relay = Relay::start().await;
    let (office, ada) = (relay.office(), relay.hires("Ada").await);
    let invite = Invite { email: "friend@bulle.example".into(), role: Role::Admin };
    let invited = office.request(Method::POST, "/api/invitations").by(&ada).json(&invite).unwrap().send().await.unwrap();
    assert_eq!(invited.refusal(), Some((403, ErrorCode::Forbidden)));
    let patch = AgentPatch { role: Some(Role::Admin), ..AgentPatch::default() };
    let path = format!("/api/agents/{}", ada.me.id);
    let promoted = office.request(Method::PATCH, &path).by(&ada).json(&patch).unwrap().send().await.unwrap();
    assert_eq!(promoted.refusal(), Some((403, ErrorCode::Forbidden)));
    let nobody = office.request(Method::POST, "/api/invitations").json(&invite).unwrap().send().await.unwrap();
    assert_eq!(nobody.refusal(), Some((401, ErrorCode::BadToken)));
    for capacity in [0, 21] {
        let patch = AgentPatch { capacity: Some(capacity), ..AgentPatch::default() };
        let refused = office.request(Method::PATCH, &path).by(relay.admin()).json(&patch).unwrap().send().await.unwrap();
        assert_eq!(refused.refusal(), Some((422, ErrorCode::InvalidField)), "{capacity}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn signing_in_and_out() {
    let relay = Relay::start().await;
    let (office, ada) = (relay.office(), relay.hires("Ada").await);
    assert!(office.sign_in(&ada.me.email, "not her password").await.is_err());
    let again = office.sign_in(&ada.me.email.to_uppercase(), PASSWORD).await.unwrap();
    assert_eq!(again.me, ada.me);
    assert_ne!(again.cookie, ada.cookie, "each sign-in is a session of its own");

    let me: Me = office.request(Method::GET, "/api/session").by(&again).send().await.unwrap().value().unwrap();
    assert_eq!(me, ada.me);
    let console = relay.console_of(&again);
    console.comes_online().await;
    office.request(Method::DELETE, "/api/session").by(&again).send().await.unwrap().accepted().unwrap();
    let gone = office.request(Method::GET, "/api/session").by(&again).send().await.unwrap();
    assert_eq!(gone.refusal(), Some((401, ErrorCode::BadToken)));
    let late = relay.console_of(&again);
    assert_eq!(late.is_refused().await, close::BAD_TOKEN, "a cookie of the past opens no socket");
    let other: Me = office.request(Method::GET, "/api/session").by(&ada).send().await.unwrap().value().unwrap();
    assert_eq!(other, ada.me, "her other session goes on");
    relay.stop().await;
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let relay = Relay::start().await;
    let ada = relay.hires("Ada").await;
    let body = SignIn { email: ada.me.email, password: PASSWORD.into(), code: None };
    let answer = relay.office().request(Method::POST, "/api/session").json(&body).unwrap().send().await.unwrap();
    let cookie = answer.set_cookie.unwrap().to_lowercase();
    assert!(cookie.contains("httponly"), "{cookie}");
    assert!(cookie.contains("samesite=lax"), "{cookie}");
    assert!(!answer.body.to_lowercase().contains("password"), "{}", answer.body);
    relay.stop().await;
}

#[tokio::test]
async fn another_sites_page_cannot_act_with_the_cookie() {
    let relay = Relay::start().await;
    let office = relay.office();
    let invite = Invite { email: "mallory@evil.example".into(), role: Role::Admin };
    let post = || office.request(Method::POST, "/api/invitations").by(relay.admin()).json(&invite).unwrap();
    let foreign = post().from(Some("http://evil.example")).send().await.unwrap();
    assert_eq!(foreign.refusal(), Some((403, ErrorCode::ForeignOrigin)));
    let null = post().from(Some("null")).send().await.unwrap();
    assert_eq!(null.refusal(), Some((403, ErrorCode::ForeignOrigin)));
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let form = post().content_type(content_type).send().await.unwrap();
        assert_eq!(form.refusal().map(|(status, _)| status), Some(415), "{content_type}");
    }
    let deleted =
        office.request(Method::DELETE, "/api/session").by(relay.admin()).from(Some("http://evil.example")).send().await.unwrap();
    assert_eq!(deleted.refusal(), Some((403, ErrorCode::ForeignOrigin)));
    office.invite(relay.admin(), "friend@bulle.example", Role::Agent).await.unwrap();
    relay.stop().await;
}

#[tokio::test]
async fn a_disabled_agent_is_out_at_once_and_their_chats_go_on_with_others() {
    let relay = Relay::start().await;
    let (ada, grace) = (relay.agent("Ada").await, relay.agent("Grace").await);
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("hi").await.conversation;
    ada.has(chat).await;
    grace.comes_online().await;

    let before = ada.log().refusals.len();
    relay.changes(&ada, AgentPatch { disabled: Some(true), ..AgentPatch::default() }).await;
    grace.has(chat).await;
    grace.sees("hi").await;
    visitor.is_with("Grace").await;
    assert_eq!(ada.until_refused(before).await, close::BAD_TOKEN);
    assert!(relay.office().sign_in(&ada.account.me.email, PASSWORD).await.is_err(), "nor do they get in again");
    relay.stop().await;
}
