//! Uploads as people make them: from the visitor's page to the agent's, fetched whole and in parts, taken back, refused in words.

use std::net::SocketAddr;

use relay::config::{Allowance, Config};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use shared::close::ErrorCode;
use shared::ids::FileId;
use shared::model::{Body, File, FileRules, Say};
use shared::visitor::ToRelay;
use tests::new_id;
use tests::relay::Relay;
use tests::visitor::Visitor;
use tests::wire::{self, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An upload by hand: what a browser would put on the wire.
pub struct Upload {
    pub relay: SocketAddr,
    pub query: String,
    pub token: Option<String>,
    pub origin: Option<String>,
    pub headers: String,
    pub body: Vec<u8>,
}

impl Upload {
    /// As the widget of the demo's page sends it.
    pub fn of(relay: &Relay, token: &str, name: &str, body: &[u8]) -> Self {
        Self {
            relay: relay.address(),
            query: format!("site=demo&name={name}"),
            token: Some(token.to_owned()),
            origin: Some(format!("http://{}", relay.address())),
            headers: String::new(),
            body: body.to_vec(),
        }
    }

    /// The request up to its body.
    pub fn head(&self) -> String {
        let line = |name: &str, value: &Option<String>| match value {
            Some(value) => format!("{name}{value}\r\n"),
            None => String::new(),
        };
        let length = if self.headers.contains("transfer-encoding") {
            String::new()
        } else {
            format!("content-length: {}\r\n", self.body.len())
        };
        format!(
            "POST /api/files?{} HTTP/1.1\r\nhost: {}\r\n{}{}{}{length}connection: close\r\n\r\n",
            self.query,
            self.relay,
            line("authorization: Bearer ", &self.token),
            line("origin: ", &self.origin),
            self.headers
        )
    }

    /// Sends it.
    pub async fn sends(&self) -> Reply {
        wire::send(self.relay, &[self.head().as_bytes(), &self.body].concat()).await.unwrap()
    }

    /// Sends it and sees it taken.
    pub async fn is_taken(&self) -> File {
        let reply = self.sends().await;
        assert_eq!(reply.status, 201, "{reply:?}");
        serde_json::from_str(&reply.body).unwrap()
    }

    /// Sends it and sees it refused with this status; the words.
    pub async fn is_refused(&self, status: u16) -> String {
        let reply = self.sends().await;
        assert_eq!(reply.status, status, "{reply:?}");
        let error: Value = serde_json::from_str(&reply.body).unwrap();
        error["message"].as_str().unwrap().to_owned()
    }
}

/// A picture: a header that says so, and bytes that make it long.
pub fn png(length: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x02\x58\x08\x06\0\0\0".to_vec();
    bytes.extend((bytes.len()..length).map(|place| (place * 7) as u8));
    bytes
}

/// A visitor who has been greeted and so has a token.
pub async fn visitor(relay: &Relay) -> (Visitor, String) {
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let token = visitor.token();
    (visitor, token)
}

pub fn with(file: FileId) -> Say {
    Say { text: String::new(), file: Some(file), ..Say::text(new_id(), None, "") }
}

/// What lies in the folder of uploads, and how many rows tell of it.
pub fn left(relay: &Relay) -> (Vec<String>, i64) {
    let folder = relay.database().with_file_name("files");
    let shards = std::fs::read_dir(folder).unwrap();
    let files = shards.flat_map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap());
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let rows = Connection::open(relay.database()).unwrap().query_row("SELECT count(*) FROM file", [], |row| row.get(0));
    (names, rows.unwrap())
}

pub fn fetched(file: &File, relay: &Relay) -> String {
    format!("http://{}{}", relay.address(), file.path)
}

#[tokio::test]
async fn a_picture_goes_from_the_visitor_to_the_agent() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let (kim, token) = visitor(&relay).await;
    let rules = kim.log().view.offers.files.unwrap();
    assert_eq!((rules.most_bytes, rules.types, kim.log().view.offers.voice), (10_485_760, vec!["*/*".to_owned()], true));

    // Before they have said anything: their token makes them who they are.
    let bytes = png(700_000);
    let file = Upload::of(&relay, &token, "my%20shoes.png", &bytes).is_taken().await;
    assert_eq!((file.name.as_str(), file.media_type.as_str(), file.size), ("my shoes.png", "image/png", 700_000));
    assert_eq!((file.width, file.height, file.duration_ms), (Some(800), Some(600), None));
    assert_eq!(file.id.0.get_version_num(), 4, "random, so that nobody guesses it");
    assert_eq!(file.path, format!("/f/{}/my%20shoes.png", file.id));

    let say = with(file.id);
    kim.mutters(say.clone()).await;
    let chat = kim.is_acked(say.id).await.conversation;
    ada.has(chat).await;
    ada.until_true("the picture", |log| log.entries.iter().any(|(_, entry)| entry.body == Body::File(file.clone()))).await;
    let answer = reqwest::get(fetched(&file, &relay)).await.unwrap();
    assert_eq!(answer.bytes().await.unwrap(), bytes);

    // And back, from the console.
    let mut answer = Upload::of(&relay, &token, "label.pdf", b"%PDF-1.7 ...");
    (answer.token, answer.query) = (None, "name=label.pdf".to_owned());
    answer.headers = format!("cookie: {}\r\ncontent-type: application/pdf\r\n", relay.hires("Grace").await.cookie);
    let pdf = answer.is_taken().await;
    assert_eq!(pdf.media_type, "application/pdf");
    relay.stop().await;
}

#[tokio::test]
async fn files_are_served_as_what_they_are_and_nothing_runs() {
    let relay = Relay::start().await;
    let (_kim, token) = visitor(&relay).await;
    let picture = Upload::of(&relay, &token, "a%20%22b%22.png", &png(1_000)).is_taken().await;
    let get = async |path: &str, headers: &str| wire::get(relay.address(), path, headers).await.unwrap();
    let whole = get(&picture.path, "origin: https://shop.example\r\n").await;
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-length", "1000"),
        ("cache-control", "private, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
        ("content-disposition", "inline; filename*=UTF-8''a%20%22b%22.png"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("access-control-allow-origin", "*"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(whole.header(name), Some(value), "{whole:?}");
    }
    // Players ask for parts, and for the length first.
    let part = get(&picture.path, "range: bytes=1-3\r\n").await;
    assert_eq!((part.status, part.body.as_str(), part.header("content-range")), (206, "PNG", Some("bytes 1-3/1000")));
    assert_eq!(get(&picture.path, "range: bytes=990-\r\n").await.header("content-length"), Some("10"));
    let beyond = get(&picture.path, "range: bytes=1000-\r\n").await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */1000")));
    let tag = whole.header("etag").unwrap();
    let known = get(&picture.path, &format!("if-none-match: {tag}\r\n")).await;
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, Some(tag)));
    let among = get(&picture.path, &format!("if-none-match: \"other\", W/{tag}\r\n")).await;
    assert_eq!(among.status, 304);
    let head = format!("HEAD {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", picture.path, relay.address());
    let head = wire::send(relay.address(), head.as_bytes()).await.unwrap();
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (200, Some("1000"), ""));
    // The name in the address is for people.
    assert_eq!(get(&format!("/f/{}/evil.html", picture.id), "").await.header("content-type"), Some("image/png"));
    let missing = get(&format!("/f/{}/a.png", FileId(uuid::Uuid::nil())), "").await;
    assert_eq!((missing.status, missing.header("cache-control")), (404, Some("no-store")));
    relay.stop().await;
}

#[tokio::test]
async fn what_is_taken_back_is_gone_at_once() {
    let relay = Relay::start().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let (kim, token) = visitor(&relay).await;
    let file = Upload::of(&relay, &token, "a.png", &png(1_000)).is_taken().await;
    let say = with(file.id);
    kim.mutters(say.clone()).await;
    let ack = kim.is_acked(say.id).await;
    assert_eq!(wire::get(relay.address(), &file.path, "").await.unwrap().status, 200);
    let id = new_id();
    let delete = shared::frame::Delete { id, conversation: ack.conversation, seq: ack.seq };
    kim.requests(id, ToRelay::Delete(delete)).await.unwrap();
    assert_eq!(wire::get(relay.address(), &file.path, "").await.unwrap().status, 404);
    // Nobody can show it again.
    let again = with(file.id);
    kim.mutters(again.clone()).await;
    assert_eq!(kim.is_told_off(again.id).await, ErrorCode::InvalidField);
    relay.stop().await;
}

#[tokio::test]
async fn refusals_say_what_would_do() {
    let settings = |config: &mut Config| {
        config.limits.upload_bytes = 300_000;
        config.limits.upload_bytes_a_day = 500_000;
        config.limits.uploads = Allowance { burst: 5, per_minute: 1 };
        config.file_types = vec!["image/*".to_owned(), "application/pdf".to_owned()];
    };
    let relay = Relay::with(settings).await;
    let (kim, token) = visitor(&relay).await;
    assert_eq!(kim.log().view.offers.files.unwrap().most_bytes, 300_000);
    // Agents are told over REST what visitors are told when they are greeted.
    let ada = relay.hires("Ada").await;
    let told: FileRules = relay.office().request(Method::GET, "/api/files").by(&ada).send().await.unwrap().value().unwrap();
    assert_eq!((told.most_bytes, told.types), (300_000, vec!["image/*".to_owned(), "application/pdf".to_owned()]));
    let of = |bytes: &[u8]| Upload::of(&relay, &token, "a.png", bytes);
    assert!(of(&png(300_001)).is_refused(413).await.contains("300000 bytes at most"));
    // One that does not say how long it is, until it is too long.
    let mut endless = of(&png(300_001));
    endless.body = [b"493e1\r\n", endless.body.as_slice(), b"\r\n0\r\n\r\n"].concat();
    endless.headers = "transfer-encoding: chunked\r\n".to_owned();
    assert!(endless.is_refused(413).await.contains("300000 bytes at most"));
    assert!(of(b"").is_refused(422).await.contains("empty"));
    let kind = of(b"<svg xmlns='http://www.w3.org/2000/svg'/>").is_refused(415).await;
    assert!(kind.contains("application/octet-stream") && kind.contains("image/*, application/pdf"), "{kind}");
    assert_eq!(left(&relay), (Vec::new(), 0));
    of(&png(300_000)).is_taken().await;
    let day = of(&png(300_000)).sends().await;
    assert_eq!((day.status, day.header("retry-after").is_some()), (429, true), "{day:?}");
    assert!(day.body.contains("within a day") && day.body.contains("rate_limited"), "{day:?}");
    of(&png(200_000)).is_taken().await;

    // A site may want less than the relay takes, and cannot have more.
    for (bytes, most) in [(2_000, 2_000), (400_000, 300_000)] {
        let (patch, greetings) = (json!({ "settings": { "file_bytes": bytes } }), kim.log().greetings);
        let change = relay.office().request(Method::PATCH, "/api/sites/demo").by(relay.admin()).json(&patch).unwrap();
        change.send().await.unwrap().accepted().unwrap();
        kim.until_greeted(greetings).await;
        assert_eq!(kim.log().view.offers.files.unwrap().most_bytes, most);
        assert!(of(&png(300_001)).is_refused(413).await.contains(&format!("{most} bytes at most")));
    }

    // By address, whoever they say they are.
    for number in 0..6_u8 {
        let mut upload = Upload::of(&relay, &format!("{number:064x}"), "a.png", &png(100));
        upload.headers = "x-forwarded-for: 203.0.113.9\r\n".to_owned();
        let reply = upload.sends().await;
        assert_eq!(reply.status, if number < 5 { 201 } else { 429 }, "{reply:?}");
        assert!(number < 5 || reply.body.contains("too many uploads: wait 6"), "{reply:?}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn so_many_at_once_and_each_in_its_time() {
    let settings = |config: &mut Config| {
        config.limits.address_uploads = 1;
        config.limits.upload_timeout_ms = 1_000;
    };
    let relay = Relay::with(settings).await;
    let (_kim, token) = visitor(&relay).await;
    let mut slow = Upload::of(&relay, &token, "slow.png", &png(500_000));
    slow.headers = "x-forwarded-for: 203.0.113.9\r\n".to_owned();
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    stream
        .write_all(slow.head().replace("connection: close", "expect: 100-continue\r\nconnection: close").as_bytes())
        .await
        .unwrap();
    // The relay asks for the body once it has let this one in.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked[..12], b"HTTP/1.1 100");
    let mut second = Upload::of(&relay, &token, "second.png", &png(100));
    second.headers = slow.headers.clone();
    assert!(second.is_refused(429).await.contains("too many uploads at once"));
    stream.write_all(&slow.body[..400_000]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("1 s"), "{answer}");
    second.is_taken().await;
    assert_eq!(left(&relay).1, 1);
    relay.stop().await;
}

#[tokio::test]
async fn what_is_under_way_has_its_room_already() {
    const GIB: u64 = 1 << 30;
    let folder = tempfile::tempdir().unwrap();
    let free = relay::disk::Disk::new(folder.path().to_owned(), 0).look().unwrap();
    let relay = Relay::with(|config| {
        config.limits.upload_bytes = GIB as usize;
        config.limits.upload_bytes_a_day = 4 * GIB as usize;
        // Room for one of the largest, and half a one for whatever else this machine does meanwhile.
        config.disk_low = free - 3 * GIB / 2;
    })
    .await;
    let (_kim, token) = visitor(&relay).await;
    let large = Upload::of(&relay, &token, "large.png", &png(100));
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    let head = large.head().replace("content-length: 100", &format!("content-length: {GIB}\r\nexpect: 100-continue"));
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked[..12], b"HTTP/1.1 100", "it may come");
    // One that does not say how long it is may be as long as any.
    let mut second = Upload::of(&relay, &token, "second.png", b"");
    second.headers = "transfer-encoding: chunked\r\n".to_owned();
    second.body = [b"64\r\n", png(100).as_slice(), b"\r\n0\r\n\r\n"].concat();
    assert!(second.is_refused(507).await.contains("no room"));
    // The first one gives up; its room is free again once the relay has seen it.
    drop(stream);
    let taken = async {
        while second.sends().await.status != 201 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(tests::people::PATIENCE, taken).await.unwrap();
    relay.stop().await;
}

#[tokio::test]
async fn a_length_that_lies_leaves_the_day_as_it_is() {
    let relay = Relay::with(|config| {
        config.limits.upload_bytes = 300_000;
        config.limits.upload_bytes_a_day = 500_000;
    })
    .await;
    let (_kim, token) = visitor(&relay).await;
    Upload::of(&relay, &token, "a.png", &png(300_000)).is_taken().await;
    // Of a chunked body the header says nothing (RFC 9112 §6.3), whichever comes first.
    for lie in ["content-length: 1\r\ntransfer-encoding: chunked\r\n", "transfer-encoding: chunked\r\ncontent-length: 1\r\n"] {
        let mut upload = Upload::of(&relay, &token, "b.png", b"");
        upload.headers = lie.to_owned();
        upload.body = [b"493e0\r\n", png(300_000).as_slice(), b"\r\n0\r\n\r\n"].concat();
        let reply = upload.sends().await;
        assert!([400, 429].contains(&reply.status), "{lie}: {reply:?}");
    }
    assert_eq!(left(&relay).1, 1);
    relay.stop().await;
}
