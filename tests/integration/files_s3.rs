//! Files in a bucket: what goes there and comes back over HTTP, signed; and a service that is slow, refuses, breaks off or is not there.
//! Whatever it does, chats go on, what was taken is kept, and what was refused leaves nothing.

use relay::config::Config;
use rusqlite::Connection;
use shared::model::File;
use shared::visitor::ToRelay;
use tests::new_id;
use tests::people::PATIENCE;
use tests::relay::{Relay, RelayProcess};
use tests::s3::{ClosedService, Mood, Service, is_at};
use tests::wire;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::files::{Upload, fetched, png, visitor, with};

/// More than goes into one request.
const LARGE: usize = 11 * 1_024 * 1_024 + 7;

/// Little patience with the service, so that tests need not have much.
fn hurried(config: &mut Config) {
    config.s3.timeout_ms = 500;
}

/// A relay with files there.
async fn relay_at(service: &Service) -> Relay {
    Relay::with(|config| {
        service.is_for(config);
        config.s3.prefix = "team/bulle".to_owned();
        config.limits.upload_bytes = 2 * LARGE;
    })
    .await
}

/// Where the bytes of a file lie.
fn key(file: &File) -> String {
    let name = file.id.0.simple().to_string();
    format!("team/bulle/files/{}/{name}", &name[..2])
}

/// The keys of all uploads.
fn uploads(service: &Service) -> Vec<String> {
    service.keys().into_iter().filter(|key| key.contains("/files/")).collect()
}

fn rows(relay: &Relay) -> i64 {
    let db = Connection::open(relay.database()).unwrap();
    db.query_row("SELECT count(*) FROM file", [], |row| row.get(0)).unwrap()
}

/// Waits until so many rows tell of files.
async fn has_rows(relay: &Relay, count: i64) {
    let counted = async {
        while rows(relay) != count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.unwrap();
}

async fn bytes(relay: &Relay, file: &File) -> Vec<u8> {
    reqwest::get(fetched(file, relay)).await.unwrap().error_for_status().unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn files_go_to_the_bucket_and_come_back_and_go() {
    let service = Service::opens().await;
    let relay = relay_at(&service).await;
    let (kim, token) = visitor(&relay).await;
    let small = Upload::of(&relay, &token, "small.png", &png(700_000)).is_taken().await;
    let large = Upload::of(&relay, &token, "large.png", &png(LARGE)).is_taken().await;
    let mut keys = [key(&small), key(&large)];
    keys.sort();
    assert_eq!(uploads(&service), keys);
    let of = |file: &File| service.asked().into_iter().filter(|asked| asked.ends_with(&key(file))).collect::<Vec<_>>();
    assert_eq!(of(&small), [format!("PUT {}", key(&small))], "in one request");
    assert_eq!(of(&large).iter().filter(|asked| asked.starts_with("PUT")).count(), 3, "in parts: {:?}", of(&large));
    assert!(!relay.database().with_file_name("files").exists(), "nothing on the disk");

    assert_eq!(bytes(&relay, &small).await, png(700_000));
    assert_eq!(bytes(&relay, &large).await, png(LARGE));
    let part = wire::get(relay.address(), &small.path, "range: bytes=1-3\r\n").await.unwrap();
    assert_eq!((part.status, part.body.as_str(), part.header("content-range")), (206, "PNG", Some("bytes 1-3/700000")));

    let say = with(small.id);
    kim.mutters(say.clone()).await;
    let ack = kim.is_acked(say.id).await;
    let id = new_id();
    let delete = shared::frame::Delete { id, conversation: ack.conversation, seq: ack.seq };
    kim.requests(id, ToRelay::Delete(delete)).await.unwrap();
    assert_eq!(wire::get(relay.address(), &small.path, "").await.unwrap().status, 404, "at once");
    has_rows(&relay, 1).await;
    assert_eq!(uploads(&service), [key(&large)], "and its bytes with the sweep");

    // Whoever takes files away behind the relay's back is told of in the log.
    service.loses(&key(&large));
    assert_eq!(wire::get(relay.address(), &large.path, "").await.unwrap().status, 404);
    relay.stop().await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing_in_the_bucket() {
    let service = Service::opens().await;
    let relay = relay_at(&service).await;
    let (_kim, token) = visitor(&relay).await;
    let upload = Upload::of(&relay, &token, "half.png", &png(LARGE));
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    stream.write_all(upload.head().as_bytes()).await.unwrap();
    stream.write_all(&upload.body[..LARGE - 1_000]).await.unwrap();
    service
        .was_asked("a part has come", |asked| asked.iter().any(|asked| asked.starts_with("PUT") && asked.contains("/files/")))
        .await;
    drop(stream);
    has_rows(&relay, 0).await;
    assert_eq!((uploads(&service), service.unfinished()), (Vec::new(), 0));
    // One that is too long, which shows only on the way.
    let mut endless = Upload::of(&relay, &token, "long.png", b"");
    endless.headers = "transfer-encoding: chunked\r\n".to_owned();
    let body = png(2 * LARGE + 1);
    endless.body = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    endless.is_refused(413).await;
    has_rows(&relay, 0).await;
    assert_eq!((uploads(&service), service.unfinished()), (Vec::new(), 0));
    relay.stop().await;
}

#[tokio::test]
async fn a_fetch_that_breaks_off_goes_on_where_it_was() {
    let service = Service::opens().await;
    let relay = relay_at(&service).await;
    let (_kim, token) = visitor(&relay).await;
    let file = Upload::of(&relay, &token, "a.png", &png(700_000)).is_taken().await;
    service.turns(Mood::BreaksAfter(300_000));
    assert_eq!(bytes(&relay, &file).await, png(700_000));
    let fetches = service.asked().iter().filter(|asked| **asked == format!("GET {}", key(&file))).count();
    assert_eq!(fetches, 2);
    relay.stop().await;
}

#[tokio::test]
async fn while_the_service_fails_chats_go_on_and_nothing_is_lost() {
    let service = Service::opens().await;
    let relay = Relay::with(|config| {
        service.is_for(config);
        config.s3.prefix = "team/bulle".to_owned();
        hurried(config);
        // Room for two: what came to nothing must not count.
        config.limits.upload_bytes = 1_000_000;
        config.limits.upload_bytes_a_day = 2_000_000;
    })
    .await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let (kim, token) = visitor(&relay).await;
    let kept = Upload::of(&relay, &token, "kept.png", &png(1_000_000)).is_taken().await;
    for mood in [Mood::Refuses(500), Mood::Refuses(403), Mood::Refuses(503), Mood::Hangs] {
        service.turns(mood);
        let words = Upload::of(&relay, &token, "a.png", &png(1_000_000)).is_refused(503).await;
        assert!(words.contains("try again in a moment"), "{mood:?}: {words}");
        let fetched = wire::get(relay.address(), &kept.path, "").await.unwrap();
        assert_eq!((fetched.status, fetched.header("retry-after")), (503, Some("1")), "{mood:?}: {fetched:?}");
        assert_eq!(fetched.header("cache-control"), Some("no-store"));
        let text = format!("meanwhile {mood:?}");
        let chat = kim.says(&text).await.conversation;
        ada.has(chat).await;
        ada.sees(&text).await;
    }
    service.turns(Mood::Well);
    assert_eq!(bytes(&relay, &kept).await, png(1_000_000));
    let again = Upload::of(&relay, &token, "again.png", &png(1_000_000)).is_taken().await;
    // The sweep sees to what was left.
    has_rows(&relay, 2).await;
    let mut keys = [key(&kept), key(&again)];
    keys.sort();
    assert_eq!((uploads(&service), service.unfinished()), (keys.to_vec(), 0));
    relay.stop().await;
}

#[tokio::test]
async fn an_upload_outlives_a_service_that_stumbles() {
    let service = Service::opens().await;
    let relay = Relay::with(|config| {
        service.is_for(config);
        config.s3.timeout_ms = 20_000;
    })
    .await;
    let (_kim, token) = visitor(&relay).await;
    service.turns(Mood::Refuses(503));
    let before = service.asked().len();
    let uploading = tokio::spawn({
        let upload = Upload::of(&relay, &token, "a.png", &png(1_000));
        async move { upload.is_taken().await }
    });
    // It is asked again and again.
    let tries = |asked: &[String]| asked[before..].iter().filter(|asked| asked.starts_with("PUT files/")).count() >= 2;
    service.was_asked("twice", tries).await;
    service.turns(Mood::Well);
    let file = uploading.await.unwrap();
    assert_eq!(bytes(&relay, &file).await, png(1_000));
    relay.stop().await;
}

#[tokio::test]
async fn a_service_that_comes_late_is_used_from_then_on() {
    let closed = ClosedService::new().unwrap();
    let address = closed.address().unwrap();
    let relay = Relay::with(|config| {
        is_at(address, config);
        hurried(config);
    })
    .await;
    let (_kim, token) = visitor(&relay).await;
    Upload::of(&relay, &token, "early.png", &png(1_000)).is_refused(503).await;
    let service = closed.opens().unwrap();
    let file = Upload::of(&relay, &token, "late.png", &png(1_000)).is_taken().await;
    assert_eq!(bytes(&relay, &file).await, png(1_000));
    drop(service);
    relay.stop().await;
}

#[tokio::test]
async fn the_log_says_what_is_wrong_with_the_bucket() {
    let service = Service::opens().await;
    let mut config = Config::default();
    service.is_for(&mut config);
    let endpoint = config.s3.endpoint.unwrap();
    let start = |bucket: &str, id: &str, endpoint: &str| {
        RelayProcess::start(&[
            ("BULLE_S3__BUCKET", bucket),
            ("BULLE_S3__ENDPOINT", endpoint),
            ("BULLE_S3__REGION", "eu-test-1"),
            ("BULLE_S3__ACCESS_KEY_ID", id),
            ("BULLE_S3__SECRET_ACCESS_KEY", "hunter2/+"),
            ("BULLE_S3__TIMEOUT_MS", "500"),
        ])
    };
    let nobody = format!("http://{}", ClosedService::new().unwrap().address().unwrap());
    for (relay, word) in [
        (start("chat", "relay", &endpoint), "files lie in the bucket"),
        (start("chat", "somebody", &endpoint), "s3.access_key_id"),
        (start("elsewhere", "relay", &endpoint), "there is no such bucket"),
        (start("chat", "relay", &nobody), "does not answer as it should"),
    ] {
        relay.logs(word, 0).await;
        assert!(!relay.logged().contains("hunter2"), "{}", relay.logged());
        assert_eq!(wire::get(relay.address(), "/readyz", "").await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn the_widgets_sets_lie_in_the_bucket_as_well() {
    let service = Service::opens().await;
    // As another version left it.
    service.holds("assets/0123456789abcdef/bulle.js", b"pinned");
    let relay = Relay::with(|config| {
        service.is_for(config);
        hurried(config);
    })
    .await;
    let old = wire::get(relay.address(), "/a/0123456789abcdef/bulle.js", "").await.unwrap();
    assert_eq!((old.status, old.body.as_str()), (200, "pinned"));
    assert!(old.header("cache-control").unwrap().contains("immutable"));
    // Its use is marked, for whoever prunes.
    assert!(service.keys().contains(&"assets/0123456789abcdef/.mark".to_owned()));
    assert_eq!(wire::get(relay.address(), "/a/0123456789abcdef/none.js", "").await.unwrap().status, 404);
    service.turns(Mood::Refuses(500));
    let lost = wire::get(relay.address(), "/a/0123456789abcdef/bulle.js", "").await.unwrap();
    assert_eq!((lost.status, lost.header("cache-control")), (503, Some("no-store")));
    service.turns(Mood::Well);
    // The relay's own set is put beside it, and needs no bucket to be served.
    let loader = wire::get(relay.address(), "/bulle.js?site=demo", "").await.unwrap();
    if let Some((_, hash)) = loader.body.split_once("/a/").filter(|_| loader.status == 200) {
        let set = format!("assets/{}/", &hash[..16]);
        let mark = format!("PUT {set}.mark");
        service.was_asked("the relay's own set", |asked| asked.contains(&mark)).await;
        assert!(service.keys().iter().filter(|key| key.starts_with(&set)).count() > 40, "{:?}", service.keys());
    }
    relay.stop().await;
}
