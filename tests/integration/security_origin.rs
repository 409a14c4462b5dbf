//! Sockets from where they must not come from: other people's pages, other sites, other hosts, with other people's tokens.

use std::net::SocketAddr;

use relay::config::Config;
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::close;
use tests::door::Door;
use tests::new_id;
use tests::raw::Raw;
use tests::relay::Relay;
use tests::wire;

use crate::hostile::{say, with_bystanders};

#[tokio::test]
async fn a_page_that_is_not_on_the_sites_list_is_refused_with_4403() {
    with_bystanders(async |_, door| {
        for origin in [Some("http://evil.example"), Some("null"), Some("http://127.0.0.1"), None] {
            let mut raw = Raw::open(&Door { origin: origin.map(str::to_owned), ..door.clone() }).await;
            raw.sends(r#"{"t":"hello"}"#).await;
            assert_eq!(raw.is_closed().await, (Some("foreign_origin".into()), Some(close::FOREIGN_ORIGIN)), "{origin:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_agents_endpoint_wants_a_session_and_its_own_origin() {
    with_bystanders(async |relay, _| {
        let grace = relay.hires("Grace").await;
        let door = relay.office().door(&grace);
        let cases = [
            (Door { cookie: None, ..door.clone() }, "bad_token", close::BAD_TOKEN),
            (Door { cookie: Some(format!("{}0", grace.cookie)), ..door.clone() }, "bad_token", close::BAD_TOKEN),
            (Door { origin: Some("http://evil.example".into()), ..door.clone() }, "foreign_origin", close::FOREIGN_ORIGIN),
            (Door { origin: None, ..door.clone() }, "foreign_origin", close::FOREIGN_ORIGIN),
            (Door { origin: None, cookie: None, ..door.clone() }, "bad_token", close::BAD_TOKEN),
        ];
        for (door, error, code) in cases {
            let mut raw = Raw::open(&door).await;
            raw.sends(r#"{"t":"hello"}"#).await;
            assert_eq!(raw.is_closed().await, (Some(error.into()), Some(code)), "{door:?}");
        }
        Raw::greeted(&door, json!({"t": "hello"})).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_token_is_refused_with_4401() {
    with_bystanders(async |_, door| {
        for token in ["", "x", &"9".repeat(63), &"G".repeat(64), &"é".repeat(9_000)] {
            let mut raw = Raw::open(&door).await;
            raw.sends(&json!({"t": "hello", "token": token}).to_string()).await;
            assert_eq!(raw.is_closed().await, (Some("bad_token".into()), Some(close::BAD_TOKEN)), "{token}");
        }
        let (_, welcome) = Raw::greeted(&door, json!({"t": "hello", "token": "9".repeat(64)})).await;
        assert_eq!(welcome["thread"], Value::Null, "a token that nobody has had anything under opens nothing");
    })
    .await;
}

#[tokio::test]
async fn a_visitor_cannot_touch_the_conversation_of_another() {
    with_bystanders(async |relay, door| {
        let (mut owner, _) = Raw::greeted(&door, json!({"t": "hello"})).await;
        owner.sends(&say("my secret").to_string()).await;
        let conversation = owner.hears("ack").await["conversation"].clone();

        let (mut thief, _) = Raw::greeted(&door, json!({"t": "hello", "seen": [{"conversation": conversation, "seq": 0}]})).await;
        thief.sends(&json!({"t": "backfill", "conversation": conversation, "after": 0}).to_string()).await;
        thief.sends(&json!({"t": "close", "id": new_id(), "conversation": conversation}).to_string()).await;
        thief.sends(&json!({"t": "say", "id": new_id(), "conversation": conversation, "text": "mine now"}).to_string()).await;
        thief.sends(&json!({"t": "read", "conversation": conversation, "seq": 1}).to_string()).await;
        thief.sends(r#"{"t":"ping"}"#).await;
        thief.hears("pong").await;
        assert!(!thief.wire.iter().any(|text| text.contains("my secret")), "{:?}", thief.wire);

        owner.sends(&json!({"t": "backfill", "conversation": conversation, "after": 0}).to_string()).await;
        owner.hears("entries").await;
        assert!(!owner.wire.iter().any(|text| text.contains("mine now")), "{:?}", owner.wire);
        let _ = relay;
    })
    .await;
}

/// A second site beside the demo's, with a list of its own; sites are not made over REST yet.
fn opens_second_site(relay: &Relay) {
    let db = Connection::open(relay.database()).unwrap();
    db.execute(
        "INSERT INTO site (id, key, name, origins, settings) SELECT randomblob(16), 'blog', 'Blog', '[\"https://blog.example\"]', settings \
         FROM site WHERE key = 'demo'",
        [],
    )
    .unwrap();
}

#[tokio::test]
async fn a_token_of_one_site_opens_nothing_on_another() {
    let relay = Relay::start().await;
    opens_second_site(&relay);
    let (mut shopper, welcome) = Raw::greeted(&Door::visitor(relay.address(), "demo"), json!({"t": "hello"})).await;
    shopper.sends(&say("for the shop only").to_string()).await;
    let conversation = shopper.hears("ack").await["conversation"].clone();
    let blog = Door { origin: Some("https://blog.example".into()), ..Door::visitor(relay.address(), "blog") };
    let mut raw = Raw::open(&blog).await;
    let seen = json!([{"conversation": conversation, "seq": 0}]);
    raw.sends(&json!({"t": "hello", "token": welcome["token"], "seen": seen}).to_string()).await;
    assert_eq!(raw.is_closed().await, (Some("bad_token".into()), Some(close::BAD_TOKEN)));
    assert!(!raw.wire.iter().any(|text| text.contains("shop only")), "{:?}", raw.wire);
    // Its origin is good for its own site alone, too.
    let mut raw = Raw::open(&Door { path: "/ws/visitor?site=demo".into(), ..blog.clone() }).await;
    raw.sends(r#"{"t":"hello"}"#).await;
    assert_eq!(raw.is_closed().await.1, Some(close::FOREIGN_ORIGIN));
    Raw::greeted(&blog, json!({"t": "hello"})).await;
    relay.stop().await;
}

/// What an upgrade with these header lines is answered with, and the first frame that follows it, unmasked as servers send it.
async fn upgrades(relay: SocketAddr, path: &str, headers: &str) -> wire::Reply {
    let request = format!(
        "GET {path} HTTP/1.1\r\n{headers}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: bulle.v1\r\n\r\n"
    );
    // An empty masked close frame: what is refused is refused at once, and everything else ends with this.
    wire::send(relay, &[request.as_bytes(), &[0x88, 0x80, 0, 0, 0, 0]].concat()).await.unwrap()
}

#[tokio::test]
async fn a_host_that_is_made_up_does_not_make_an_origin_the_relays_own() {
    let folder = tempfile::tempdir().unwrap();
    let public_url = "https://chat.example.com".parse().ok();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config { listen, data: folder.path().to_owned(), demo: true, public_url, ..Config::default() };
    let relay = relay::app::start(config).await.unwrap();
    let evil = "host: evil.example\r\norigin: https://evil.example\r\n";
    for headers in [
        evil.to_owned(),
        "host: chat.example.com\r\norigin: http://chat.example.com\r\n".into(),
        "host: chat.example.com\r\norigin: https://chat.example.com:8443\r\n".into(),
        "host: chat.example.com\r\norigin: https://chat.example.com.evil.example\r\n".into(),
        "host: chat.example.com\r\norigin: null\r\n".into(),
        "host: chat.example.com\r\norigin: https://chat.example.com@evil.example\r\n".into(),
        format!("{evil}x-forwarded-host: evil.example\r\nx-forwarded-proto: https\r\n"),
    ] {
        for path in ["/ws/agent", "/ws/visitor?site=demo"] {
            let reply = upgrades(relay.address, path, &headers).await;
            assert_eq!(reply.status, 101);
            assert!(reply.body.contains("foreign_origin"), "{path} {headers}: {}", reply.body);
        }
    }
    let own = "host: chat.example.com\r\norigin: https://chat.example.com\r\n";
    assert!(!upgrades(relay.address, "/ws/visitor?site=demo", own).await.body.contains("foreign_origin"));
    relay.stop().await;
}

#[tokio::test]
async fn nothing_is_ever_inflated_on_a_socket() {
    let relay = Relay::start().await;
    let own = format!("host: {0}\r\norigin: http://{0}\r\n", relay.address());
    for offer in ["permessage-deflate", "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame"] {
        let reply =
            upgrades(relay.address(), "/ws/visitor?site=demo", &format!("{own}sec-websocket-extensions: {offer}\r\n")).await;
        assert_eq!((reply.status, reply.header("sec-websocket-extensions")), (101, None), "{offer}");
    }
    // A frame that says it is compressed, though nobody agreed to that: text, RSV1 set, masked with zeros.
    let request = format!(
        "GET /ws/visitor?site=demo HTTP/1.1\r\n{own}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: bulle.v1\r\n\r\n"
    );
    let bomb = [0xc1, 0x84, 0, 0, 0, 0, 0xaa, 0x56, 0x4a, 0x04];
    let reply = wire::send(relay.address(), &[request.as_bytes(), &bomb].concat()).await.unwrap();
    assert!(!reply.body.contains("\"t\""), "no frame was read: {}", reply.body);
    relay.stop().await;
}
