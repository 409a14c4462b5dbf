//! A socket in the hands of somebody who writes frames by hand: for what no well-behaved client sends, and for what exactly
//! stands on the wire.

use std::future::Future;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::door::{Door, Socket};
use crate::people::PATIENCE;

/// What comes from the relay.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A frame.
    Frame(Value),
    /// The end, with its close code if one came.
    Closed(Option<u16>),
}

/// A socket without a link.
pub struct Raw {
    socket: Socket,
    /// Every text that came, as it stood on the wire.
    pub wire: Vec<String>,
}

impl Raw {
    /// Opens a socket and says nothing.
    pub async fn open(door: &Door) -> Self {
        match door.open().await {
            Ok(socket) => Self { socket, wire: Vec::new() },
            Err(error) => panic!("{} did not open: {error:#}", door.path),
        }
    }

    /// Opens a socket and greets; returns it with the `welcome`.
    pub async fn greeted(door: &Door, hello: Value) -> (Self, Value) {
        let mut raw = Self::open(door).await;
        raw.sends(&hello.to_string()).await;
        let welcome = raw.hears("welcome").await;
        (raw, welcome)
    }

    /// Sends a text.
    pub async fn sends(&mut self, text: &str) {
        self.sends_message(Message::text(text)).await;
    }

    /// Sends whatever it is. A relay that has hung up already is no failure here: what it said before is what counts.
    pub async fn sends_message(&mut self, message: Message) {
        let _ = self.socket.send(message).await;
    }

    /// What comes next.
    pub async fn next(&mut self) -> Heard {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        self.wire.push(text.as_str().to_owned());
                        match serde_json::from_str(text.as_str()) {
                            Ok(frame) => return Heard::Frame(frame),
                            Err(error) => panic!("the relay sent what is no JSON: {error}: {text}"),
                        }
                    }
                    Some(Ok(Message::Close(frame))) => {
                        // Sends the answer to the goodbye, which the relay waits for.
                        let _ = self.socket.flush().await;
                        return Heard::Closed(frame.map(|frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Heard::Closed(None),
                }
            }
        };
        in_time("something from the relay", next).await
    }

    /// The next frame with this `t`; others before it are passed over.
    pub async fn hears(&mut self, wanted: &str) -> Value {
        loop {
            match self.next().await {
                Heard::Frame(frame) if frame["t"] == wanted => return frame,
                Heard::Frame(_) => {}
                Heard::Closed(code) => panic!("closed with {code:?} before any `{wanted}`; heard {:?}", self.wire),
            }
        }
    }

    /// The code of the next `error`.
    pub async fn hears_error(&mut self) -> String {
        let error = self.hears("error").await;
        error["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The close code, and the code of the last `error` before it.
    pub async fn is_closed(&mut self) -> (Option<String>, Option<u16>) {
        let mut error = None;
        loop {
            match self.next().await {
                Heard::Frame(frame) if frame["t"] == "error" => error = frame["code"].as_str().map(str::to_owned),
                Heard::Frame(_) => {}
                Heard::Closed(code) => return (error, code),
            }
        }
    }
}

/// What comes of it, within the patience that people have.
async fn in_time<T>(what: &str, job: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, job).await {
        Ok(done) => done,
        Err(_) => panic!("waited in vain for {what}"),
    }
}
