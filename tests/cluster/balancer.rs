//! A load balancer as operators put before relays: it asks each whether it is ready, sends new connections to those that are, in turn,
//! and cuts what leads to one that does not answer. It knows nothing of WebSockets, and nobody is kept at the same relay.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::interval;

/// Pause between two questions, and how long an answer may take.
const ASK_EVERY: Duration = Duration::from_millis(200);
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// What a relay says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Ready,
    /// It is about to stop, or cannot write.
    Busy,
    Silent,
}

/// See the module. Dropping it cuts everything.
pub struct Balancer {
    /// Where clients connect to.
    pub address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

type Relays = Arc<Vec<(SocketAddr, watch::Sender<Health>)>>;

impl Balancer {
    /// One before these relays.
    pub async fn start(relays: &[SocketAddr]) -> Self {
        let relays: Relays = Arc::new(relays.iter().map(|relay| (*relay, watch::channel(Health::Ready).0)).collect());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks: Vec<_> = (0..relays.len()).map(|number| tokio::spawn(ask(relays.clone(), number))).collect();
        tasks.push(tokio::spawn(accept(listener, relays)));
        Self { address, tasks }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn ask(relays: Relays, number: usize) {
    let (address, health) = &relays[number];
    let http = reqwest::Client::builder().timeout(ANSWER_WITHIN).build().unwrap();
    let mut ticks = interval(ASK_EVERY);
    loop {
        ticks.tick().await;
        let answer = http.get(format!("http://{address}/readyz")).send().await;
        health.send_replace(match answer {
            Ok(answer) if answer.status() == StatusCode::OK => Health::Ready,
            Ok(_) => Health::Busy,
            Err(_) => Health::Silent,
        });
    }
}

async fn accept(listener: TcpListener, relays: Relays) {
    let turn = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        tokio::spawn(pass(client, relays.clone(), turn.fetch_add(1, Ordering::Relaxed)));
    }
}

async fn pass(mut client: TcpStream, relays: Relays, turn: usize) {
    let mut order: Vec<_> = (0..relays.len()).map(|number| &relays[(turn + number) % relays.len()]).collect();
    // A stable sort: whose turn it is among the ready ones stays.
    order.sort_by_key(|(_, health)| *health.borrow());
    for (address, health) in order {
        let mut health = health.subscribe();
        if *health.borrow() == Health::Silent {
            continue;
        }
        let Ok(mut relay) = TcpStream::connect(address).await else { continue };
        let _ = (client.set_nodelay(true), relay.set_nodelay(true));
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut relay) => {}
            _ = health.wait_for(|health| *health == Health::Silent) => {}
        }
        return;
    }
}
