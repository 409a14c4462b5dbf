//! Bad network: a TCP proxy between one client and the relay that delays, throttles, swallows, half-closes and cuts what goes
//! through it, as told while it runs. Tests put one before each client whose network shall be bad. It knows nothing of WebSockets.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Bytes read at a time: a few frames.
const CHUNK: usize = 4_096;
/// Throttled bytes are passed on this often.
const TRICKLE: Duration = Duration::from_millis(50);

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Passes everything on.
    Fair,
    /// Holds every chunk back this long.
    Slow(Duration),
    /// Passes on at most this many bytes a second, each way.
    Narrow(usize),
    /// Swallows everything, both ways, and both sides stay connected. What was connected meanwhile never works again.
    Hole,
    /// Passes on this many more bytes one way, in the middle of a frame as like as not, and then resets both sides.
    CutAfter(usize),
    /// The relay hears the end of what the client sends; the other direction stays open.
    HalfClosed,
    /// Resets both sides at once.
    Reset,
}

/// A proxy before one relay. Dropping it cuts everything that goes through it.
pub struct Proxy {
    /// Where clients connect to.
    pub address: SocketAddr,
    weather: watch::Sender<Weather>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts one with fair weather.
    pub async fn start(relay: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((relay.ip(), 0)).await?;
        let address = listener.local_addr()?;
        let (weather, sky) = watch::channel(Weather::Fair);
        let accepting = tokio::spawn(accept(listener, relay, sky));
        Ok(Self { address, weather, accepting })
    }

    /// Changes the weather, for the connections that there are and for those to come. A cut is for the ones that there are.
    pub fn turns(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Its connections go with the set that the task owns.
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, relay: SocketAddr, sky: watch::Receiver<Weather>) {
    let mut lines = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = lines.join_next() => continue,
        };
        // Out of sockets: whoever could not connect tries again.
        let Ok((client, _)) = accepted else { continue };
        lines.spawn(line(client, relay, sky.clone()));
    }
}

/// One connection, from its beginning to its end.
async fn line(client: TcpStream, relay: SocketAddr, sky: watch::Receiver<Weather>) {
    // Connected while all is swallowed: not even the relay hears of it.
    if *sky.borrow() == Weather::Hole {
        swallow(client).await;
        return;
    }
    let Ok(relay) = TcpStream::connect(relay).await else { return };
    let _ = (client.set_nodelay(true), relay.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_relay, to_relay) = relay.into_split();
    let up = Way { from: from_client, to: to_relay, sky: sky.clone(), up: true, dead: false };
    let down = Way { from: from_relay, to: to_client, sky, up: false, dead: false };
    let (mut up, mut down) = (Box::pin(up.run()), Box::pin(down.run()));
    let (first, other) = tokio::select! {
        (end, way) = &mut up => ((end, way), down),
        (end, way) = &mut down => ((end, way), up),
    };
    if first.0 == End::Closed {
        if !first.1.dead {
            let _ = other.await;
        }
        return;
    }
    // Closed without a goodbye and with what is on its way thrown away: that is what a reset is.
    let _ = first.1.to.as_ref().set_zero_linger();
    let _ = first.1.from.as_ref().set_zero_linger();
}

/// Reads until the other side gives up.
async fn swallow(mut client: TcpStream) {
    let mut buffer = [0; CHUNK];
    while client.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The source has ended, and its end was passed on.
    Closed,
    /// Both ways are to be torn down.
    Torn,
}

/// One direction of a connection.
struct Way {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    sky: watch::Receiver<Weather>,
    /// Towards the relay.
    up: bool,
    /// It was swallowed once, so bytes are missing: it never works again.
    dead: bool,
}

impl Way {
    async fn run(mut self) -> (End, Self) {
        let mut buffer = vec![0; CHUNK];
        let mut left = None;
        loop {
            let weather = *self.sky.borrow_and_update();
            match weather {
                Weather::Reset => return (End::Torn, self),
                Weather::Hole => self.dead = true,
                Weather::CutAfter(bytes) => left = left.or(Some(bytes)),
                Weather::HalfClosed if self.up => {
                    let _ = self.to.shutdown().await;
                    self.dead = true;
                }
                _ => {}
            }
            let read = tokio::select! {
                changed = self.sky.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return (End::Torn, self),
                },
                read = self.from.read(&mut buffer) => read,
            };
            let read = match read {
                // The relay has given up a connection whose bytes are swallowed. Its client must find out by itself, and with its end
                // the whole line ends.
                Ok(0) if self.dead && !self.up => std::future::pending().await,
                Ok(0) => {
                    let _ = self.to.shutdown().await;
                    return (End::Closed, self);
                }
                Ok(read) => read,
                Err(_) => return (End::Torn, self),
            };
            let Some(chunk) = buffer.get(..read) else { return (End::Torn, self) };
            if self.dead {
                continue;
            }
            if self.pass_on(weather, chunk, &mut left).await.is_err() {
                return (End::Torn, self);
            }
        }
    }

    async fn pass_on(&mut self, weather: Weather, chunk: &[u8], left: &mut Option<usize>) -> io::Result<()> {
        if let (Weather::CutAfter(_), Some(left)) = (weather, left.as_mut()) {
            let part = chunk.get(..*left).unwrap_or(chunk);
            self.to.write_all(part).await?;
            *left -= part.len();
            return if *left == 0 { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) };
        }
        match weather {
            Weather::Slow(delay) => {
                tokio::time::sleep(delay).await;
                self.to.write_all(chunk).await
            }
            Weather::Narrow(rate) => {
                let piece = (rate * TRICKLE.as_millis() as usize / 1_000).max(1);
                for part in chunk.chunks(piece) {
                    tokio::time::sleep(TRICKLE).await;
                    self.to.write_all(part).await?;
                }
                Ok(())
            }
            _ => self.to.write_all(chunk).await,
        }
    }
}
