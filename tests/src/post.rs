//! A mail server on this machine: takes what a relay sends, as far as SMTP needs it for that (RFC 5321 §3), and hands it out. It can be
//! told to refuse, for a while or for good, to take nothing but over TLS, and to open late.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result};
use mail_parser::MessageParser;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

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

/// How the server is reached.
#[derive(Clone)]
enum Door {
    Open,
    /// In clear text up to `STARTTLS`, and no further (RFC 3207 §4).
    Starttls(TlsAcceptor),
    /// TLS from the first byte.
    Implicit(TlsAcceptor),
}

/// What becomes of mails.
struct Desk {
    mood: Arc<AtomicU16>,
    taken: watch::Sender<Vec<Mail>>,
    refused: watch::Sender<usize>,
}

/// A server that has its port and does not listen there yet: who comes is refused.
pub struct ClosedOffice(TcpSocket);

impl ClosedOffice {
    /// Takes a port.
    pub fn new() -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self(socket))
    }

    /// Its port.
    pub fn port(&self) -> Result<u16> {
        Ok(self.0.local_addr()?.port())
    }

    /// Opens it.
    pub fn opens(self) -> Result<PostOffice> {
        PostOffice::open(self.0.listen(16)?, Door::Open)
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
        match TcpListener::bind("127.0.0.1:0").await.map(|listener| Self::open(listener, Door::Open)) {
            Ok(Ok(office)) => office,
            failed => panic!("no mail server: {:?}", failed.err()),
        }
    }

    /// Opens one that takes nothing but over TLS, after `STARTTLS` or from the first byte. It is `localhost`, by the word of an authority that
    /// nobody knows: its certificate is the second part (PEM).
    pub async fn opens_locked(by_starttls: bool) -> Result<(Self, String)> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &authority)?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        let tls = TlsAcceptor::from(Arc::new(config));
        let door = if by_starttls { Door::Starttls(tls) } else { Door::Implicit(tls) };
        Ok((Self::open(TcpListener::bind("127.0.0.1:0").await?, door)?, authority.pem()))
    }

    fn open(listener: TcpListener, door: Door) -> Result<Self> {
        let address = listener.local_addr()?;
        let (taken, mails) = watch::channel(Vec::new());
        let (refused, turned_away) = watch::channel(0);
        let mood = Arc::new(AtomicU16::new(0));
        let desk = Desk { mood: mood.clone(), taken, refused };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // A relay that dies in the middle, or does not believe the certificate, has sent nothing.
                _ = desk.welcome(socket, &door).await;
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

impl Desk {
    /// One connection.
    async fn welcome(&self, socket: tokio::net::TcpStream, door: &Door) -> Result<()> {
        const HELLO: &[u8] = b"220 post.example\r\n";
        match door {
            Door::Open => self.talk(socket, HELLO, false).await.map(drop),
            Door::Implicit(tls) => self.talk(tls.accept(socket).await?, HELLO, false).await.map(drop),
            Door::Starttls(tls) => match self.talk(socket, HELLO, true).await? {
                // The client begins anew, and speaks first (RFC 3207 §4.2).
                Some(socket) => self.talk(tls.accept(socket).await?, b"", false).await.map(drop),
                None => Ok(()),
            },
        }
    }

    /// One conversation; the stream, once it is to become TLS. Where it has to, nothing else is taken before.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, hello: &[u8], must_lock: bool) -> Result<Option<S>> {
        let mut stream = BufReader::new(stream);
        let mut recipients = Vec::new();
        stream.write_all(hello).await?;
        stream.flush().await?;
        while let Some(line) = next_line(&mut stream).await? {
            let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" if must_lock => "250-post.example\r\n250 STARTTLS\r\n".to_owned(),
                "EHLO" => "250-post.example\r\n250 8BITMIME\r\n".to_owned(),
                "STARTTLS" if must_lock => {
                    stream.write_all(b"220 go on\r\n").await?;
                    stream.flush().await?;
                    return Ok(Some(stream.into_inner()));
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    stream.flush().await?;
                    return Ok(None);
                }
                _ if must_lock => "530 TLS first\r\n".to_owned(),
                "RCPT" => match self.mood.load(Ordering::SeqCst) {
                    0 => {
                        let address = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).context("no address")?.0;
                        recipients.push(address.to_owned());
                        "250 ok\r\n".to_owned()
                    }
                    code => {
                        self.refused.send_modify(|count| *count += 1);
                        format!("{code} no mailbox for {line}\r\n")
                    }
                },
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    stream.flush().await?;
                    let mut raw = String::new();
                    while let Some(line) = next_line(&mut stream).await?.filter(|line| line != ".") {
                        // A dot at the beginning is doubled on the way (RFC 5321 §4.5.2).
                        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                        raw.push_str("\r\n");
                    }
                    let mail = read_mail(std::mem::take(&mut recipients), raw)?;
                    self.taken.send_modify(|mails| mails.push(mail));
                    "250 taken\r\n".to_owned()
                }
                _ => "250 ok\r\n".to_owned(),
            };
            stream.write_all(answer.as_bytes()).await?;
            stream.flush().await?;
        }
        Ok(None)
    }
}

async fn next_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn read_mail(recipients: Vec<String>, raw: String) -> Result<Mail> {
    let message = MessageParser::default().parse(raw.as_bytes()).context("no mail")?;
    let (subject, id) = (message.subject().unwrap_or_default().to_owned(), message.message_id().unwrap_or_default().to_owned());
    let text = message.body_text(0).unwrap_or_default().into_owned();
    let html = message.body_html(0).unwrap_or_default().into_owned();
    Ok(Mail { recipients, subject, id, text, html, raw })
}
