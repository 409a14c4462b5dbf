//! A mail server on this machine: takes what a relay sends, as far as SMTP needs it for that (RFC 5321 §3), and hands it out. It can be
//! told to refuse, for a while or for good.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result};
use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::people::PATIENCE;

/// A mail that came.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whom the sender's server named, before the mail itself.
    pub recipients: Vec<String>,
    /// All of it.
    pub raw: String,
    /// Its subject.
    pub subject: String,
    /// Its `Message-ID`.
    pub id: String,
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
}

impl Mail {
    /// The token of its link back.
    pub fn resume(&self) -> Option<String> {
        let (_, token) = self.text.split_once("#resume=")?;
        Some(token.chars().take_while(char::is_ascii_hexdigit).collect())
    }
}

/// The server. Ends with the runtime.
pub struct PostOffice {
    address: SocketAddr,
    mails: watch::Receiver<Vec<Mail>>,
    mood: Arc<AtomicU16>,
    turned_away: watch::Receiver<usize>,
}

impl PostOffice {
    /// Opens one on a port of its own.
    pub async fn opens() -> Self {
        match Self::open().await {
            Ok(office) => office,
            Err(error) => panic!("no mail server: {error:#}"),
        }
    }

    async fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (taken, mails) = watch::channel(Vec::new());
        let (refused, turned_away) = watch::channel(0);
        let mood = Arc::new(AtomicU16::new(0));
        let told = mood.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // A relay that dies in the middle has sent nothing.
                _ = talk(socket, &told, &taken, &refused).await;
            }
        });
        Ok(Self { address, mails, mood, turned_away })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers every recipient with this code from now on; 0: takes them.
    pub fn refuses(&self, code: u16) {
        self.mood.store(code, Ordering::SeqCst);
    }

    /// Waits until so many recipients were refused.
    pub async fn has_refused(&self, count: usize) {
        let mut turned_away = self.turned_away.clone();
        let seen = tokio::time::timeout(PATIENCE, turned_away.wait_for(|now| *now >= count)).await;
        assert!(seen.is_ok(), "{} were refused, not {count}", *self.turned_away.borrow());
    }

    /// Waits for so many mails, and gives them out.
    pub async fn has(&self, count: usize) -> Vec<Mail> {
        let mut mails = self.mails.clone();
        let there = tokio::time::timeout(PATIENCE, mails.wait_for(|mails| mails.len() >= count)).await;
        assert!(there.is_ok(), "{} mails came, not {count}", self.mails.borrow().len());
        self.mails.borrow().clone()
    }

    /// What has come so far.
    pub fn so_far(&self) -> Vec<Mail> {
        self.mails.borrow().clone()
    }
}

/// One connection.
async fn talk(
    socket: TcpStream,
    mood: &AtomicU16,
    taken: &watch::Sender<Vec<Mail>>,
    refused: &watch::Sender<usize>,
) -> Result<()> {
    let (read, mut write) = socket.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut recipients = Vec::new();
    write.write_all(b"220 post.example\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-post.example\r\n250 8BITMIME\r\n".to_owned(),
            "RCPT" => match mood.load(Ordering::SeqCst) {
                0 => {
                    let address = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).context("no address")?.0;
                    recipients.push(address.to_owned());
                    "250 ok\r\n".to_owned()
                }
                code => {
                    refused.send_modify(|count| *count += 1);
                    format!("{code} no mailbox for {line}\r\n")
                }
            },
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut raw = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    // A dot at the beginning is doubled on the way (RFC 5321 §4.5.2).
                    raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                    raw.push_str("\r\n");
                }
                let mail = read_mail(std::mem::take(&mut recipients), raw)?;
                taken.send_modify(|mails| mails.push(mail));
                "250 taken\r\n".to_owned()
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok\r\n".to_owned(),
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

fn read_mail(recipients: Vec<String>, raw: String) -> Result<Mail> {
    let message = MessageParser::default().parse(raw.as_bytes()).context("no mail")?;
    let (subject, id) = (message.subject().unwrap_or_default().to_owned(), message.message_id().unwrap_or_default().to_owned());
    let text = message.body_text(0).unwrap_or_default().into_owned();
    let html = message.body_html(0).unwrap_or_default().into_owned();
    Ok(Mail { recipients, subject, id, text, html, raw })
}
