//! HTTP written by hand, byte for byte: for requests that no well-behaved client would put on the wire, and for paths that every other
//! one would tidy up first.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::people::PATIENCE;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Names in lower case, with their values, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// Its body as it came.
    pub body: String,
}

impl Reply {
    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header, if it is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        match self.all(name)[..] {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// Sends these bytes and reads until the relay hangs up; it is asked to, by `connection: close` among the headers.
pub async fn send(relay: SocketAddr, request: &[u8]) -> Result<Reply> {
    let mut stream = TcpStream::connect(relay).await?;
    // A relay that has seen enough may hang up before all is written; what it said counts.
    let _ = stream.write_all(request).await;
    let mut bytes = Vec::new();
    let reading = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.context("no end of the answer")?;
    // A reset after the answer is the relay's way not to read the rest.
    if bytes.is_empty() {
        reading?;
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").with_context(|| format!("no answer but {text:?}"))?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).context("no status")?;
    let headers =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    Ok(Reply { status, headers: headers.collect(), body: body.to_owned() })
}

/// A `GET` of exactly this target with these header lines, each ended by `\r\n`.
pub async fn get(relay: SocketAddr, target: &str, headers: &str) -> Result<Reply> {
    let host = if headers.to_lowercase().contains("host:") { String::new() } else { format!("host: {relay}\r\n") };
    send(relay, format!("GET {target} HTTP/1.1\r\n{host}{headers}connection: close\r\n\r\n").as_bytes()).await
}
