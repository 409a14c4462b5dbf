//! The socket under the link: opens it, writes and reads frames, tells the time. Everything that is not plain transport is `shared::link`'s.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use shared::SUBPROTOCOL;
use shared::agent::{Dialect, FromRelay, Hello};
use shared::close;
use shared::ids::{MessageId, Millis};
use shared::link::{Action, Emit, Link, Status};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::bot::{Bot, Order};

/// How long opening a socket may take: as long as the link waits for an answer.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// Pause without any deadline of the link's: it has one as long as it lives, so this is never waited for in full.
const IDLE: Millis = 60_000;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Works at the desk of the relay at this address until it refuses the token.
///
/// # Errors
/// The relay refuses, which trying again does not change.
pub async fn run(relay: &str, token: String) -> Result<()> {
    let address = socket_address(relay)?;
    let dialect = Dialect { hello: Hello { token: Some(token), ..Hello::default() } };
    let mut link = Link::new(dialect, uuid::Uuid::new_v4().as_u64_pair().0, Vec::new());
    let mut bot = Bot::new(|| MessageId(uuid::Uuid::now_v7()));
    let mut socket: Option<(u32, Socket)> = None;
    link.restart(now());
    loop {
        while let Some(action) = link.poll() {
            match action {
                Action::Open(number) => {
                    socket = open(&address).await.map(|opened| (number, opened));
                    match socket {
                        Some(_) => link.opened(now(), number),
                        None => link.closed(now(), number, None),
                    }
                }
                Action::Write(number, frame) => {
                    if let Some((_, open)) = socket.as_mut().filter(|(open, _)| *open == number)
                        && open.send(Message::text(frame.encode())).await.is_err()
                    {
                        socket = None;
                        link.closed(now(), number, None);
                    }
                }
                Action::Shut(_) => socket = None,
                // A bot that ends reads its chats anew when it starts again: what it had not said yet it says then.
                Action::Persist(_) => {}
                Action::Emit(emit) => {
                    if let Emit::Status(Status::Refused(code)) = emit {
                        bail!("the relay refuses this bot with {code}: {}", advice(code));
                    }
                    for order in bot.hears(emit) {
                        carry_out(&mut link, order);
                    }
                }
            }
        }
        let wait = link.deadline().map_or(IDLE, |at| (at - now()).max(0));
        let wait = Duration::from_millis(wait.unsigned_abs());
        match &mut socket {
            None => {
                sleep(wait).await;
                link.tick(now());
            }
            Some((number, open)) => {
                let number = *number;
                tokio::select! {
                    () = sleep(wait) => link.tick(now()),
                    message = open.next() => match message {
                        Some(Ok(Message::Text(text))) => {
                            // What cannot be read is a frame of a later version: nothing to this bot.
                            if let Ok(frame) = FromRelay::decode(&text) {
                                link.received(now(), number, frame);
                            }
                        }
                        Some(Ok(Message::Close(frame))) => {
                            socket = None;
                            link.closed(now(), number, frame.map(|frame| frame.code.into()));
                        }
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => {
                            socket = None;
                            link.closed(now(), number, None);
                        }
                    },
                }
            }
        }
    }
}

fn carry_out(link: &mut Link<Dialect>, order: Order) {
    match order {
        Order::Follow(conversation, head) => link.follow(now(), conversation, head),
        Order::Unfollow(conversation) => link.unfollow(conversation),
        Order::Say(say) => link.say(now(), say),
        Order::Send(frame) => {
            // Offline: the next `welcome` tells how things stand, and the bot looks at them again.
            link.send(frame);
        }
    }
}

async fn open(address: &str) -> Option<Socket> {
    let mut request = address.into_client_request().ok()?;
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    let (socket, _) = timeout(OPEN_WITHIN, connect_async(request)).await.ok()?.ok()?;
    Some(socket)
}

/// Where the relay's agents connect.
fn socket_address(relay: &str) -> Result<String> {
    let rest = relay.trim_end_matches('/').strip_prefix("http").context("BULLE_URL begins with https:// or http://")?;
    Ok(format!("ws{rest}/ws/agent"))
}

fn advice(code: u16) -> &'static str {
    match code {
        close::BAD_TOKEN => "its token was revoked or has lapsed; make another one in the console",
        close::UNSUPPORTED_VERSION => "it speaks another version of the protocol; build it anew",
        _ => "see the close codes in PROTOCOL.md",
    }
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
