//! Emails: answers for visitors who are gone, with a link back into the conversation, and transcripts. The desk queues them in the
//! transaction that causes them; the one task here sends them, one after the other, until the relay stops.
//!
//! - [`letter`]: what a mail says · [`words`]: in which language
//!
//! A mail is settled once the mail server has taken it. Should the relay die in between, it is sent again under the same Message-ID, by
//! which servers and readers know it. Logs and metrics tell numbers, never an address or a text.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{self, Certificate, TlsParameters};
use lettre::transport::smtp::response::Severity;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use shared::ids::{MessageId, Millis, Seq};
use shared::model::{Audience, Author, MAX_PAGE};

use crate::clock;
use crate::config::{Smtp, Tls};
use crate::duty::{self, Duty};
use crate::edge::auth;
use crate::edge::origin::Origin;
use crate::metrics;
use crate::store::{LINK_LASTS, Mail, MailKind, SiteRecord, Store, StoreError};

mod letter;
mod words;

use letter::Letter;

/// Longest time that the mail server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause after the first try in vain, in ms; each next one is twice as long, up to [`LONGEST_PAUSE`].
const PAUSE: Millis = 60_000;
/// An hour.
const LONGEST_PAUSE: Millis = 60 * PAUSE;
/// Tries, over 24 hours; then a mail is given up.
const MOST_TRIES: u32 = 30;
/// Entries that a mail reads; more than one holds.
const MOST_ENTRIES: usize = 2_000;

/// `Auto-Submitted` (RFC 3834 §5): no vacation notice answers such a mail.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Why a mail did not go.
#[derive(Debug, thiserror::Error)]
enum MailError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Trying again may help.
    #[error("{0}")]
    Later(String),
    /// It will never go.
    #[error("{0}")]
    Never(String),
}

/// Why no email can be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum NoPost {
    /// The operator's own authority.
    #[error("`smtp.ca` cannot be used ({}): {problem}; name a PEM file that the relay may read", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The TLS of this machine.
    #[error("no email can be sent: {0}; check `smtp.host`, `smtp.ca` and the system's certificates")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// The way to the mail server.
pub struct Post {
    store: Arc<Store>,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Where links lead.
    base: Option<Origin>,
    answer_delay: Millis,
}

impl Post {
    /// By these settings; `None`: they name no server. `base` is where browsers reach the relay. Blocking.
    ///
    /// # Errors
    /// The settings are of no use.
    pub fn new(store: Arc<Store>, smtp: &Smtp, base: Option<Origin>) -> Result<Option<Self>, NoPost> {
        let Some(host) = smtp.host.as_deref() else { return Ok(None) };
        // Checked with the rest of the configuration.
        let Some(Ok(from)) = smtp.from.as_deref().map(str::parse) else { return Ok(None) };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(smtp.port).timeout(Some(PATIENCE));
        // "Dangerous" is what goes on without this.
        let builder = match smtp.tls {
            Tls::Starttls => builder.tls(client::Tls::Required(trust(smtp, host)?)),
            Tls::Implicit => builder.tls(client::Tls::Wrapper(trust(smtp, host)?)),
            Tls::None => builder,
        };
        let transport = match (&smtp.username, &smtp.password) {
            (Some(name), Some(password)) => {
                builder.credentials(Credentials::new(name.clone(), password.reveal().to_owned())).build()
            }
            _ => builder.build(),
        };
        Ok(Some(Self { store, transport, from, base, answer_delay: smtp.answer_delay_ms }))
    }

    async fn settle(&self, mail: &Mail, told: Seq, now: Millis) -> Result<(), StoreError> {
        let again = (MessageId::v7(now, clock::random_bytes()).0, now.saturating_add(self.answer_delay));
        self.store.settle_mail(mail.id, told, now, again).await
    }

    async fn failed(&self, mail: &Mail, error: &MailError) -> Result<(), StoreError> {
        let tries = mail.tries.saturating_add(1);
        if matches!(error, MailError::Never(_)) || tries >= MOST_TRIES {
            metrics::hot().mails.failed.increment(1);
            tracing::warn!(mail = %mail.id, %error, tries, "an email is given up");
            return self.store.defer_mail(mail.id, None, tries).await;
        }
        metrics::hot().mails.deferred.increment(1);
        let pause = PAUSE.saturating_mul(1 << mail.tries.min(10)).min(LONGEST_PAUSE);
        tracing::warn!(mail = %mail.id, %error, tries, "an email could not be sent; it is tried again");
        self.store.defer_mail(mail.id, Some(clock::now().saturating_add(pause)), tries).await
    }

    /// Writes and sends a mail; up to which seq it told.
    async fn send(&self, mail: &Mail, now: Millis) -> Result<Seq, MailError> {
        let site = self.store.site(mail.site).await?.ok_or_else(|| MailError::Never("its site is gone".to_owned()))?;
        let words = words::of(site.settings.locale.as_deref().or(mail.locale.as_deref()));
        let (entries, is_cut) = self.entries(mail).await?;
        let told = entries.last().map_or(mail.after, |entry| entry.seq);
        let letter = match mail.kind {
            MailKind::Transcript => letter::transcript(words, &site.name, &entries, is_cut),
            MailKind::Answer => {
                let said: Vec<_> = entries.into_iter().filter(|entry| matches!(entry.by, Author::Agent(_))).collect();
                if !said.iter().any(|entry| entry.body.is_message()) {
                    // Taken back before it went.
                    return Ok(told);
                }
                let link = self.link(mail, &site, now).await?;
                letter::answer(words, &site.name, &said, link.as_deref())
            }
        };
        let message = self.message(mail, letter)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(told),
            Err(error) => Err(refused(&error)),
        }
    }

    /// What the visitor may see after the mail's seq; whether there is more.
    async fn entries(&self, mail: &Mail) -> Result<(Vec<shared::model::Entry>, bool), StoreError> {
        let (mut entries, mut after) = (Vec::new(), mail.after);
        loop {
            let (page, more) = self.store.entries(mail.conversation, after, MAX_PAGE, Audience::Visitor).await?;
            after = page.last().map_or(after, |entry| entry.seq);
            entries.extend(page);
            if !more || entries.len() >= MOST_ENTRIES {
                return Ok((entries, more));
            }
        }
    }

    /// The way back into the conversation. Whoever is vouched for by the site signs in there, and nothing less opens what is theirs.
    async fn link(&self, mail: &Mail, site: &SiteRecord, now: Millis) -> Result<Option<String>, StoreError> {
        let Some(base) = self.base.as_ref().filter(|_| !mail.verified) else { return Ok(None) };
        let (token, hash) = auth::new_token();
        self.store.add_visitor_link(hash, mail.visitor, now.saturating_add(LINK_LASTS)).await?;
        // Behind the #, so that it comes into no log and no referrer.
        Ok(Some(format!("{base}/chat/{}#resume={token}", site.key.0)))
    }

    fn message(&self, mail: &Mail, letter: Letter) -> Result<Message, MailError> {
        let never = |_| MailError::Never("it goes to no address that mail servers know".to_owned());
        let to = Mailbox::new(None, mail.recipient.parse().map_err(never)?);
        let part = |kind, text| SinglePart::builder().header(kind).body(text);
        let body = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, letter.text))
            .singlepart(part(ContentType::TEXT_HTML, letter.html));
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        let message = Message::builder().from(self.from.clone()).to(to).subject(letter.subject).message_id(Some(id));
        message.header(AutoSubmitted).multipart(body).map_err(|error| MailError::Never(error.to_string()))
    }
}

impl Duty for Post {
    const WHAT: &'static str = "mails";

    fn store(&self) -> &Store {
        &self.store
    }

    async fn next(&self) -> Result<Duration, StoreError> {
        let now = clock::now();
        let Some(mail) = self.store.due_mail(now).await? else {
            let next = self.store.next_mail().await?;
            return Ok(duty::until(next, now));
        };
        if mail.kind == MailKind::Answer && mail.is_read {
            // They came back and have seen it.
            self.settle(&mail, mail.last, now).await?;
            return Ok(Duration::ZERO);
        }
        if mail.kind == MailKind::Answer && mail.is_here {
            self.store.defer_mail(mail.id, Some(now.saturating_add(self.answer_delay.max(PAUSE))), mail.tries).await?;
            return Ok(Duration::ZERO);
        }
        match self.send(&mail, now).await {
            Ok(told) => {
                metrics::hot().mails.sent.increment(1);
                self.settle(&mail, told, clock::now()).await?;
            }
            Err(MailError::Store(error)) => return Err(error),
            Err(error) => self.failed(&mail, &error).await?,
        }
        Ok(Duration::ZERO)
    }
}

/// Whom to believe that a server is this host: the system's authorities, and the operator's own.
fn trust(smtp: &Smtp, host: &str) -> Result<TlsParameters, NoPost> {
    let mut trusted = TlsParameters::builder(host.to_owned());
    if let Some(path) = &smtp.ca {
        let unusable = |problem: String| NoPost::Authority { path: path.clone(), problem };
        let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        // A file without any parses as well.
        if !String::from_utf8_lossy(&pem).contains("BEGIN CERTIFICATE") {
            return Err(unusable("it holds no certificate".to_owned()));
        }
        let certificate = Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
        trusted = trusted.add_root_certificate(certificate);
    }
    Ok(trusted.build()?)
}

/// What a mail server's refusal means. Its own words may hold the address: only its code is told.
fn refused(error: &lettre::transport::smtp::Error) -> MailError {
    match error.status() {
        // About the sender's account, which the operator can mend (RFC 4954 §4 and §6).
        Some(code) if [530, 534, 535, 538].contains(&u16::from(code)) => {
            MailError::Later(format!("the mail server refuses the sign-in ({code}): check `smtp.username` and `smtp.password`"))
        }
        Some(code) if code.severity == Severity::PermanentNegativeCompletion => {
            MailError::Never(format!("the mail server refuses it ({code})"))
        }
        Some(code) => MailError::Later(format!("the mail server wants it later ({code})")),
        None if error.is_timeout() => MailError::Later("the mail server does not answer in time".to_owned()),
        None if error.is_tls() => {
            MailError::Later("no TLS with the mail server: check `smtp.tls`, its certificate and `smtp.ca`".to_owned())
        }
        None => MailError::Later("the mail server cannot be reached: check `smtp.host` and `smtp.port`".to_owned()),
    }
}
