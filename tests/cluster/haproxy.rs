//! The balancer's configuration, examples/cluster/haproxy.cfg, in HAProxy before three servers that stand for relays: whom it leads where,
//! and what it says of them.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, get};
use futures_util::StreamExt;
use rcgen::generate_simple_self_signed;
use serde_json::{Value, json};
use tests::people::PATIENCE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;

/// Two failures count, and once the third question comes, they have.
const QUESTIONS: u32 = 3;

/// The program; Debian puts it where not everybody looks.
pub fn program() -> PathBuf {
    let debian = Path::new("/usr/sbin/haproxy");
    if debian.exists() { debian.to_owned() } else { "haproxy".into() }
}

/// The configuration.
pub fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/cluster/haproxy.cfg")
}

/// What stands for a relay. It tells who it is, and what it was told of the client.
struct Stub {
    address: SocketAddr,
    ready: Arc<AtomicBool>,
    asked: watch::Receiver<u32>,
    task: JoinHandle<()>,
}

impl Stub {
    async fn start(name: usize) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ready = Arc::new(AtomicBool::new(true));
        let (asking, asked) = watch::channel(0);
        let is_ready = ready.clone();
        let readyz = async move || {
            asking.send_modify(|times| *times += 1);
            if is_ready.load(Ordering::Relaxed) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
        };
        let tells = async move |headers: HeaderMap| {
            let all =
                |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join("|");
            let [client, scheme, host] = ["for", "proto", "host"].map(|what| all(&format!("x-forwarded-{what}")));
            json!({"relay": name, "for": client, "proto": scheme, "host": host}).to_string()
        };
        let echo = async |upgrade: WebSocketUpgrade| {
            upgrade.on_upgrade(async |socket| {
                let (sink, stream) = socket.split();
                // Ends with its client.
                let _ = stream.forward(sink).await;
            })
        };
        let app = Router::new()
            .route("/readyz", get(readyz))
            .route("/healthz", get(async || "ok"))
            .route("/ws", any(echo))
            .fallback(tells);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, ready, asked, task }
    }

    /// Says whether it is ready, until the balancer knows.
    async fn says(&mut self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
        let before = *self.asked.borrow();
        let known = self.asked.wait_for(|times| *times >= before + QUESTIONS);
        timeout(PATIENCE, known).await.unwrap().unwrap();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// HAProxy before three of them.
struct Balancer {
    process: Child,
    address: SocketAddr,
    relays: Vec<Stub>,
}

impl Balancer {
    /// `listen`: what follows on the address.
    async fn start(listen: &str) -> Self {
        tests::trust_in_one();
        let mut relays = Vec::new();
        for name in 0..3 {
            relays.push(Stub::start(name).await);
        }
        // It gets the listener that it is to have, so no port is free at first and taken then.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut command = Command::new(program());
        command.arg("-db").arg("-f").arg(config()).env("LISTEN", format!("fd@0 {listen}"));
        for (number, relay) in (1..).zip(&relays) {
            command.env(format!("RELAY_{number}"), relay.address.to_string());
        }
        command.stdin(Stdio::from(OwnedFd::from(listener))).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap_or_else(|error| panic!("no haproxy ({error}): `make balancer` installs one"));
        Self { process, address, relays }
    }

    /// What a relay says to a client with this address.
    async fn hears(&self, path: &str, from: IpAddr) -> Value {
        let http = reqwest::Client::builder().local_address(from).timeout(PATIENCE).build().unwrap();
        let request = http.get(format!("http://{}{path}", self.address));
        let forged = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https")];
        let request = forged.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// Which relays so many clients get to.
    async fn leads_to(&self, path: &str, clients: u8, address: impl Fn(u8) -> [u8; 4]) -> BTreeSet<u64> {
        let mut found = BTreeSet::new();
        for client in 0..clients {
            found.insert(self.hears(path, address(client).into()).await["relay"].as_u64().unwrap());
        }
        found
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn one(_: u8) -> [u8; 4] {
    [127, 0, 0, 1]
}

#[tokio::test]
async fn it_asks_whether_relays_are_ready_and_cuts_nobody_off() {
    let mut balancer = Balancer::start("").await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        let stream = TcpStream::connect(balancer.address).await.unwrap();
        let (socket, _) = client_async(format!("ws://{}/ws", balancer.address), stream).await.unwrap();
        sockets.push(socket);
    }
    assert_eq!(balancer.leads_to("/", 12, one).await, BTreeSet::from([0, 1, 2]));
    balancer.relays[1].says(false).await;
    assert_eq!(balancer.leads_to("/", 12, one).await, BTreeSet::from([0, 2]));
    for relay in [0, 2] {
        balancer.relays[relay].says(false).await;
    }
    // Nobody is ready: whoever lives is better than nobody.
    balancer.leads_to("/", 12, one).await;
    balancer.relays[2].says(true).await;
    assert_eq!(balancer.leads_to("/", 12, one).await, BTreeSet::from([2]));
    for socket in &mut sockets {
        futures_util::SinkExt::send(socket, "still here".into()).await.unwrap();
        let echo = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(echo.into_text().unwrap().as_str(), "still here");
    }
}

#[tokio::test]
async fn whoever_comes_to_a_dead_relay_gets_to_another_at_once() {
    let mut balancer = Balancer::start("").await;
    assert_eq!(balancer.leads_to("/", 12, one).await, BTreeSet::from([0, 1, 2]));
    let dead = balancer.relays.remove(0);
    dead.task.abort();
    while !dead.task.is_finished() {
        tokio::task::yield_now().await;
    }
    assert_eq!(balancer.leads_to("/", 12, one).await, BTreeSet::from([1, 2]));
}

#[tokio::test]
async fn events_keep_to_one_relay_for_each_address() {
    let balancer = Balancer::start("").await;
    assert_eq!(balancer.leads_to("/sse/visitor", 12, one).await.len(), 1);
    assert!(balancer.leads_to("/sse/visitor", 24, |client| [127, 0, 0, client + 1]).await.len() > 1);
}

#[tokio::test]
async fn clients_do_not_say_who_they_are() {
    let balancer = Balancer::start("").await;
    let heard = balancer.hears("/", [127, 0, 0, 7].into()).await;
    assert_eq!((&heard["for"], &heard["proto"]), (&json!("127.0.0.7"), &json!("http")));
    assert_eq!(heard["host"], json!(balancer.address.to_string()));
}

#[tokio::test]
async fn it_ends_tls() {
    let made = generate_simple_self_signed(["chat.example.com".to_owned()]).unwrap();
    let folder = tests::relay::folder();
    let certificate = folder.path().join("certificate.pem");
    std::fs::write(&certificate, format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem())).unwrap();
    let balancer = Balancer::start(&format!("ssl crt {} alpn http/1.1", certificate.display())).await;

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(balancer.address).await.unwrap();
    let name = ServerName::try_from("chat.example.com").unwrap();
    let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: chat.example.com\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    let heard: Value = serde_json::from_str(answer.rsplit("\r\n\r\n").next().unwrap()).unwrap();
    assert_eq!((&heard["proto"], &heard["host"]), (&json!("https"), &json!("chat.example.com")));
}
