//! Uploads that mean harm: files that lie about what they are, pages and tokens of somebody else, names that climb, uploads that break off.

use relay::store::SiteSettings;
use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;
use shared::close::ErrorCode;
use shared::ids::FileId;
use tests::door::Door;
use tests::raw::Raw;
use tests::relay::{Relay, RelayProcess};
use tests::wire;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::files::{Upload, left, png, visitor, with};

#[tokio::test]
async fn what_could_run_is_only_ever_offered_for_saving() {
    let relay = Relay::start().await;
    let (_kim, token) = visitor(&relay).await;
    for (name, said, bytes) in [
        ("a.svg", "image/svg+xml", b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".as_slice()),
        ("a.png", "image/png", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"),
        ("a.html", "text/html", b"<!doctype html><script>alert(1)</script>"),
        ("a.jpg", "image/jpeg", b"<html><body onload=alert(1)>"),
        ("a.xml", "application/xml", b"<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"/>"),
        ("a.js", "text/javascript", b"alert(1)"),
        ("a.mp3", "audio/mpeg", b"alert(1)"),
        ("a.pdf", "image/png", b"%PDF-1.7"),
        ("a.swf", "image/gif", b"CWS\x08...."),
    ] {
        let mut upload = Upload::of(&relay, &token, name, bytes);
        upload.headers = format!("content-type: {said}\r\n");
        let file = upload.is_taken().await;
        let reply = wire::get(relay.address(), &file.path, "accept: image/svg+xml,text/html\r\n").await.unwrap();
        let disposition = reply.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment; "), "{name}: {reply:?}");
        assert!(reply.header("content-security-policy").unwrap().starts_with("sandbox; default-src 'none'"), "{name}: {reply:?}");
        let shown = reply.header("content-type").unwrap();
        assert!(shown.starts_with("application/") && shown != "application/xml", "{name}: {reply:?}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{name}");
    }
    // And what is a picture is one, whatever is said of it.
    let mut upload = Upload::of(&relay, &token, "a.html", &png(100));
    upload.headers = "content-type: text/html\r\n".to_owned();
    assert_eq!(upload.is_taken().await.media_type, "image/png");
    relay.stop().await;
}

#[tokio::test]
async fn only_the_sites_pages_may_upload_and_read_the_answer() {
    let relay = Relay::start().await;
    let (_kim, token) = visitor(&relay).await;
    let preflight = async |origin: &str, site: &str| {
        let head = format!(
            "OPTIONS /api/files?site={site}&name=a HTTP/1.1\r\nhost: {}\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n\
             access-control-request-headers: authorization,content-type\r\nconnection: close\r\n\r\n",
            relay.address()
        );
        wire::send(relay.address(), head.as_bytes()).await.unwrap()
    };
    let own = format!("http://{}", relay.address());
    let may = preflight(&own, "demo").await;
    assert_eq!((may.status, may.header("access-control-allow-origin")), (204, Some(own.as_str())), "{may:?}");
    assert_eq!(may.header("access-control-allow-headers"), Some("authorization, content-type"));
    assert_eq!((may.header("vary"), may.header("access-control-allow-credentials")), (Some("origin"), None));
    let taken = Upload::of(&relay, &token, "a.png", &png(100)).sends().await;
    assert_eq!((taken.status, taken.header("access-control-allow-origin")), (201, Some(own.as_str())));
    // A refusal can be read as well: the panel tells people what it says.
    let refused = Upload::of(&relay, "nonsense", "a.png", &png(100)).sends().await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some(own.as_str())));

    for origin in ["https://evil.example", "null", "http://127.0.0.1"] {
        let may_not = preflight(origin, "demo").await;
        assert_eq!((may_not.status, may_not.header("access-control-allow-origin")), (403, None), "{origin}");
        let mut upload = Upload::of(&relay, &token, "a.png", &png(100));
        upload.origin = Some(origin.to_owned());
        let reply = upload.sends().await;
        assert_eq!((reply.status, reply.header("access-control-allow-origin")), (403, None), "{origin}: {reply:?}");
        // An agent's cookie does not help a foreign page, with a visitor's token or without.
        let cookie = format!("cookie: {}\r\n", relay.admin().cookie);
        for token in [None, Some(token.clone())] {
            upload = Upload { token, headers: cookie.clone(), ..upload };
            assert_eq!(upload.sends().await.status, 403, "{origin}");
        }
    }
    assert_eq!(preflight(&own, "nowhere").await.status, 404);
    let mut hidden = Upload::of(&relay, &token, "a.png", &png(100));
    hidden.origin = None;
    assert_eq!(hidden.sends().await.status, 403, "the demo's list lets no stranger in who does not say where they are");
    // No other route of the API answers other origins.
    let head =
        format!("OPTIONS /api/session HTTP/1.1\r\nhost: {0}\r\norigin: {own}\r\nconnection: close\r\n\r\n", relay.address());
    let other = wire::send(relay.address(), head.as_bytes()).await.unwrap();
    assert_eq!(other.header("access-control-allow-origin"), None);
    assert_eq!(left(&relay).1, 1);
    relay.stop().await;
}

#[tokio::test]
async fn tokens_count_for_their_site_and_settings_for_everybody() {
    let relay = Relay::start().await;
    let (kim, token) = visitor(&relay).await;
    kim.says("hello").await;
    for bad in ["", "x", &"9".repeat(63), &"G".repeat(64), &"é".repeat(2_000)] {
        assert!(Upload::of(&relay, bad, "a.png", &png(100)).is_refused(401).await.contains("visitor's token"), "{bad}");
    }
    let mut basic = Upload::of(&relay, &token, "a.png", &png(100));
    (basic.token, basic.headers) = (None, format!("authorization: Basic {token}\r\n"));
    assert_eq!(basic.sends().await.status, 401);
    let mut nobody = Upload::of(&relay, &token, "a.png", &png(100));
    nobody.token = None;
    assert!(nobody.is_refused(401).await.contains("sign in"));

    let change = |sql: &str| Connection::open(relay.database()).unwrap().execute_batch(sql).unwrap();
    change(
        "INSERT INTO site (id, key, name, origins, settings) SELECT randomblob(16), 'blog', 'Blog', origins, settings \
         FROM site WHERE key = 'demo'",
    );
    let mut elsewhere = Upload::of(&relay, &token, "a.png", &png(100));
    elsewhere.query = "site=blog&name=a.png".to_owned();
    assert_eq!(elsewhere.sends().await.status, 401, "a token of another site");
    elsewhere.query = "site=nowhere&name=a.png".to_owned();
    assert_eq!(elsewhere.sends().await.status, 404);

    let switched = async |files: bool, voice: bool| {
        let settings = SiteSettings { files, voice, ..SiteSettings::default() };
        let request = relay.office().request(Method::PATCH, "/api/sites/demo").by(relay.admin());
        request.json(&json!({"settings": settings})).unwrap().send().await.unwrap().accepted().unwrap();
    };
    let note = |token: &str| {
        let mut note = Upload::of(&relay, token, "voice.ogg", b"OggS\0\x02 ...");
        note.query += "&duration_ms=1500";
        note
    };
    assert_eq!(note(&token).is_taken().await.duration_ms, Some(1_500));
    switched(true, false).await;
    assert!(note(&token).is_refused(403).await.contains("settings"));
    Upload::of(&relay, &token, "a.png", &png(100)).is_taken().await;
    switched(false, true).await;
    assert_eq!(note(&token).sends().await.status, 403);
    assert!(Upload::of(&relay, &token, "a.png", &png(100)).is_refused(403).await.contains("settings"));
    let (_, welcome) = Raw::greeted(&Door::visitor(relay.address(), "demo"), json!({"t": "hello"})).await;
    assert_eq!((&welcome["panel"]["files"], &welcome["panel"]["voice"]), (&json!(null), &json!(null)));
    relay.stop().await;
}

#[tokio::test]
async fn nobody_sends_what_another_has_uploaded() {
    let relay = Relay::start().await;
    let (_kim, token) = visitor(&relay).await;
    let (lee, _) = visitor(&relay).await;
    let file = Upload::of(&relay, &token, "a.png", &png(100)).is_taken().await;
    let stolen = with(file.id);
    lee.mutters(stolen.clone()).await;
    assert_eq!(lee.is_told_off(stolen.id).await, ErrorCode::InvalidField);
    let guessed = with(FileId(uuid::Uuid::from_u128(file.id.0.as_u128() ^ 1)));
    lee.mutters(guessed.clone()).await;
    assert_eq!(lee.is_told_off(guessed.id).await, ErrorCode::InvalidField);
    relay.stop().await;
}

#[tokio::test]
async fn no_name_leads_anywhere() {
    let relay = Relay::start().await;
    let (_kim, token) = visitor(&relay).await;
    for name in [
        "..%2f..%2fbulle.db",
        "%2e%2e",
        "..%5c..%5cbulle.db",
        "%2fetc%2fpasswd",
        "a%00.png",
        "a%0d%0aset-cookie:%20x=1.png",
        "%e2%80%aegnp.exe",
        "%ff%fe",
        "",
    ] {
        let upload = Upload::of(&relay, &token, name, &png(100));
        let reply = upload.sends().await;
        assert_eq!(reply.all("set-cookie"), [""; 0]);
        assert_eq!(reply.status, 201, "{name}: {reply:?}");
        let file: shared::model::File = serde_json::from_str(&reply.body).unwrap();
        assert!(!file.name.contains(['/', '\\', '\0', '\r', '\n', '\u{202e}']) && !file.name.is_empty(), "{file:?}");
        let got = wire::get(relay.address(), &file.path, "").await.unwrap();
        assert_eq!((got.status, got.all("set-cookie").len()), (200, 0), "{file:?}: {got:?}");
    }
    let (files, rows) = left(&relay);
    assert_eq!((files.len(), rows), (9, 9));
    assert!(files.iter().all(|name| name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())), "{files:?}");
    relay.stop().await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let relay = Relay::start().await;
    let (_kim, token) = visitor(&relay).await;
    let upload = Upload::of(&relay, &token, "a.png", &png(2_000_000));
    for part in [0, 100, 300_000, 1_900_000] {
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        stream.write_all(&[upload.head().as_bytes(), &upload.body[..part]].concat()).await.unwrap();
    }
    let folder = relay.database();
    // A stop waits for what is under way.
    let mut relay = relay;
    relay.restarts().await;
    assert_eq!(left(&relay), (Vec::new(), 0), "{folder:?}");
    relay.stop().await;
}

#[tokio::test]
async fn a_kill_in_the_middle_leaves_nothing_that_is_served() {
    let mut relay = RelayProcess::start(&[]);
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    let head = format!(
        "POST /api/files?site=demo&name=a.png HTTP/1.1\r\nhost: {0}\r\norigin: http://{0}\r\nauthorization: Bearer {1}\r\n\
         content-length: 2000000\r\n\r\n",
        relay.address(),
        "7".repeat(64)
    );
    stream.write_all(&[head.as_bytes(), &png(1_500_000)].concat()).await.unwrap();
    let folder = relay.data().join("files");
    let lying = || {
        let shards = std::fs::read_dir(&folder).unwrap();
        shards.flat_map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap()).count()
    };
    // Until it has begun to write; every turn asks the relay for something.
    while lying() == 0 {
        wire::get(relay.address(), "/healthz", "").await.unwrap();
    }
    relay.kill();
    let id: uuid::Uuid = Connection::open(relay.data().join("bulle.db"))
        .unwrap()
        .query_row("SELECT id FROM file", [], |row| row.get::<_, Vec<u8>>(0))
        .map(|bytes| uuid::Uuid::from_slice(&bytes).unwrap())
        .unwrap();
    relay.restart();
    assert_eq!(wire::get(relay.address(), &format!("/f/{id}/a.png"), "").await.unwrap().status, 404);
    while lying() > 0 {
        wire::get(relay.address(), "/healthz", "").await.unwrap();
    }
}
