//! A network that lets no WebSocket pass: a TCP proxy before a relay that passes on everything but upgrades. Browsers are led through it by
//! opening the relay's pages at its address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Bytes read at a time: a request's head comes in one piece.
const CHUNK: usize = 16_384;
const UPGRADE: &[u8] = b"upgrade: websocket";
const REFUSED: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// What becomes of an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrades {
    /// It is answered by a proxy that knows no such thing.
    Refused,
    /// It gets no answer at all.
    Unanswered,
}

/// The proxy. Dropping it cuts everything that goes through it.
pub struct Gate {
    /// Where clients connect to.
    pub address: SocketAddr,
    upgrades: watch::Sender<Upgrades>,
    stopped: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Gate {
    /// Starts one.
    pub async fn start(relay: SocketAddr, upgrades: Upgrades) -> io::Result<Self> {
        let listener = TcpListener::bind((relay.ip(), 0)).await?;
        let address = listener.local_addr()?;
        let (upgrades, rule) = watch::channel(upgrades);
        let stopped = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(accept(listener, relay, rule, stopped.clone()));
        Ok(Self { address, upgrades, stopped, accepting })
    }

    /// What becomes of upgrades from now on.
    pub fn turns(&self, upgrades: Upgrades) {
        self.upgrades.send_replace(upgrades);
    }

    /// How many upgrades were stopped so far.
    pub fn stopped(&self) -> usize {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // Its connections go with the set that the task owns.
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, relay: SocketAddr, rule: watch::Receiver<Upgrades>, stopped: Arc<AtomicUsize>) {
    let mut lines = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = lines.join_next() => continue,
        };
        // Out of sockets: whoever could not connect tries again.
        let Ok((client, _)) = accepted else { continue };
        let (rule, stopped) = (rule.clone(), stopped.clone());
        lines.spawn(async move {
            // Either side may break off at any time.
            let _ = line(client, relay, &rule, &stopped).await;
        });
    }
}

async fn line(
    mut client: TcpStream,
    relay: SocketAddr,
    rule: &watch::Receiver<Upgrades>,
    stopped: &AtomicUsize,
) -> io::Result<()> {
    let mut relay = TcpStream::connect(relay).await?;
    client.set_nodelay(true)?;
    relay.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_relay, mut to_relay) = relay.split();
    let up = async {
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = from_client.read(&mut buffer).await?;
            let chunk = &buffer[..read];
            if read == 0 || chunk.windows(UPGRADE.len()).any(|window| window.eq_ignore_ascii_case(UPGRADE)) {
                return io::Result::Ok(read > 0);
            }
            to_relay.write_all(chunk).await?;
        }
    };
    let upgrade = tokio::select! {
        upgrade = up => upgrade?,
        done = copy(&mut from_relay, &mut to_client) => return done.map(drop),
    };
    if !upgrade {
        return Ok(());
    }
    stopped.fetch_add(1, Ordering::Relaxed);
    let rule = *rule.borrow();
    if rule == Upgrades::Refused {
        return to_client.write_all(REFUSED).await;
    }
    while from_client.read(&mut [0; CHUNK]).await? > 0 {}
    Ok(())
}
