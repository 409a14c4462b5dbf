//! The visitor's end of a conversation, as a state machine: `hello` makes it known, then every frame becomes a verb of the hub
//! and the frames to answer with. A visitor who only looks leaves no trace in the store: their row comes with their first message.

use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use shared::close::{self, ErrorCode};
use shared::frame::{Backfill, Done, Entries, ErrorFrame};
use shared::ids::{ConversationId, MessageId, SecretId, Seq, SiteId, VisitorId};
use shared::model::{Audience, FileRules, MAX_DRAFT, MAX_FIELD, MAX_PAGE, MAX_URL, Page, Panel, Say, Seen, SiteSettings, cut};
use shared::visitor::{FromRelay, Hello, Pong, Rate, ToRelay, Transcript, Welcome};

use super::pace::{Pace, Rates};
use super::{Greeter, Refusal, Reply, Session, refuse, short};
use crate::clock;
use crate::desk::{DeskError, Speaker, VisitorCard};
use crate::edge::auth;
use crate::edge::identity::{self, BadIdentity};
use crate::hub::Hub;
use crate::hub::registry::Peer;
use crate::metrics::Who;
use crate::store::{Asked, SiteRecord, StoreError};

/// A visitor's connection before `hello`.
pub struct VisitorGreeter {
    /// The relay.
    pub hub: Arc<Hub>,
    /// The site that the upgrade named, its origin already checked.
    pub site: SiteRecord,
    /// How fast visitors may go.
    pub rates: Arc<Rates>,
    /// Which files they may send, where the site wants any.
    pub files: Arc<FileRules>,
}

/// Who has greeted, the token that they get, and the secret that vouched for them.
type Greeted = (VisitorCard, Option<String>, Option<SecretId>);

/// A visitor's connection after `hello`.
pub struct VisitorSession {
    hub: Arc<Hub>,
    peer: Arc<Peer>,
    pace: Pace,
    site: SiteId,
    card: Arc<VisitorCard>,
    files: Arc<FileRules>,
    /// The conversation at hand, once there is one.
    conversation: Option<ConversationId>,
}

#[async_trait]
impl Greeter for VisitorGreeter {
    type Session = VisitorSession;

    async fn hello(self, text: &str, peer: &Arc<Peer>) -> Result<(VisitorSession, Reply), Refusal> {
        let hello = match ToRelay::decode(text) {
            Ok(ToRelay::Hello(hello)) => hello,
            Ok(_) => return Err(bad_hello("the first frame must be hello")),
            Err(error) => return Err(bad_hello(error.to_string())),
        };
        let (card, token, secret) = match self.resumed(&hello).await? {
            Some((card, token)) => (card, Some(token), None),
            None => self.card(&hello).await?,
        };
        if let Some(secret) = secret {
            peer.set_session(auth::hash(&secret.to_string()));
        }
        let site = self.site.id;
        peer.set_site(site);
        // Subscribed first, then read: whatever is committed in between is in the queue, in the answer, or in both.
        let (pace, card) = (Pace::new(self.rates), Arc::new(card));
        let mut session =
            VisitorSession { hub: self.hub, peer: peer.clone(), pace, site, card, files: self.files, conversation: None };
        session.hub.registry().visitors().add(session.card.id, peer.clone());
        let now = session.hub.store().site(site).await;
        if now.is_ok_and(|now| now.as_ref() != Some(&self.site)) {
            // Changed since the upgrade looked at it, its list of origins perhaps: once more, from the beginning.
            peer.close(close::RESYNC);
        }
        match session.welcome(&self.site, hello, token).await {
            Ok(reply) => Ok((session, reply)),
            Err(error) => {
                super::log_unless_outage(&error, "a visitor's greeting");
                Box::new(session).left().await;
                Err(unreachable())
            }
        }
    }
}

impl VisitorGreeter {
    /// Whoever comes by a link from an email: the visitor whom it went to, with a token of their own. A link that does not work any more
    /// makes nobody somebody else: they are greeted as without it.
    async fn resumed(&self, hello: &Hello) -> Result<Option<(VisitorCard, String)>, Refusal> {
        let Some(link) = hello.resume.as_deref().filter(|link| is_token(link) && !self.site.verified_only) else {
            return Ok(None);
        };
        let (token, token_hash) = auth::new_token();
        let resumed = self.hub.store().resume(auth::hash(link), self.site.id, token_hash, clock::now()).await;
        let visitor = resumed.map_err(|_| unreachable())?;
        Ok(visitor.map(|id| (VisitorCard { id, ..card_of(hello, token_hash, false) }, token)))
    }

    /// Who greets: a known visitor by their token, or a new one, who gets a token. And the secret that vouched for them, if one did.
    async fn card(&self, hello: &Hello) -> Result<Greeted, Refusal> {
        let (token, issued) = match &hello.token {
            Some(token) if is_token(token) => (token.clone(), None),
            Some(_) => return Err(bad_token("this is no token of this relay: forget it and greet without one")),
            None => {
                let (token, _) = auth::new_token();
                (token.clone(), Some(token))
            }
        };
        let token_hash = auth::hash(&token);
        let known = match issued {
            Some(_) => None,
            None => self.hub.store().visitor_by_token(token_hash).await.map_err(|_| unreachable())?,
        };
        // Who has not said anything yet is not in the store; neither is somebody whose first message is just being committed on the
        // connection before. Both are whoever their token makes them, so a message that comes twice is still one.
        let (id, is_new) = match known {
            Some(visitor) if visitor.site == self.site.id => (visitor.id, false),
            Some(_) => return Err(bad_token("this token belongs to another site: forget it and greet without one")),
            None => (visitor_id(&token_hash), true),
        };
        let card = VisitorCard { id, ..card_of(hello, token_hash, is_new) };
        match &hello.identity {
            // What somebody had without a name becomes theirs; what another verified visitor has never does.
            Some(identity) => {
                let anonymous = issued.is_none() && known.is_none_or(|visitor| !visitor.verified && !visitor.given_up);
                self.identify(identity, card, issued.is_none(), anonymous).await
            }
            None if known.is_some_and(|visitor| visitor.given_up) => {
                Err(bad_token("this token was given up when its visitor signed in: forget it and greet without one"))
            }
            None if self.site.verified_only && !known.is_some_and(|visitor| visitor.verified) => {
                Err(bad_identity("this site wants an identity token: greet with one that the site's own server has signed"))
            }
            None => Ok((card, issued, known.and_then(|visitor| visitor.secret))),
        }
    }

    /// Makes the visitor the one whom an identity token names. On every browser that is the same one; and what they get for it is
    /// always a token of its own, so that a token from before opens nothing of what is theirs.
    async fn identify(&self, token: &str, card: VisitorCard, returns: bool, anonymous: bool) -> Result<Greeted, Refusal> {
        let (store, site, now) = (self.hub.store(), self.site.id, clock::now());
        let secrets = store.site_secrets(site).await.map_err(|_| unreachable())?;
        let identity =
            identity::verify(token, &self.site.key, &secrets, now).map_err(|refused| bad_identity(refused.to_string()))?;
        let secret = identity.secret;
        let known = returns && store.is_identified(card.token_hash, site, identity.clone()).await.map_err(|_| unreachable())?;
        if known {
            return Ok((card, None, Some(secret)));
        }
        let (token, token_hash) = auth::new_token();
        let from = anonymous.then(|| card.clone());
        let visitor = self.hub.visitor_identifies(site, identity, token_hash, from).await.map_err(|_| unreachable())?;
        let id = visitor.ok_or_else(|| bad_identity(BadIdentity::Signature.to_string()))?;
        Ok((VisitorCard { id, token_hash, is_new: false, ..card }, Some(token), Some(secret)))
    }
}

impl VisitorSession {
    async fn welcome(&mut self, site: &SiteRecord, hello: Hello, token: Option<String>) -> Result<Reply, DeskError> {
        let store = self.hub.store();
        let now = clock::now();
        let mut entries = None;
        let mut thread = None;
        if !self.card.is_new {
            self.hub.visitor_present(self.card.id).await?;
            if let Some(page) = self.card.page.clone() {
                self.hub.visitor_page(self.card.id, page).await?;
            }
            thread = store.thread_of(self.card.id).await?;
        }
        if let Some(thread) = &thread {
            self.conversation = Some(thread.id);
            let seen = hello.seen.iter().find(|seen| seen.conversation == thread.id).map_or(0, |seen| seen.seq);
            if thread.head > seen {
                entries = Some(self.entries(thread.id, seen).await?);
            }
        }
        let welcome = Welcome {
            visitor: self.card.id,
            token,
            thread,
            answering: store.answering().await?,
            site: site.name.clone(),
            settings: site.settings_rev,
            panel: panel(&site.settings, &self.files, self.hub.sends_mail()),
            now,
        };
        let welcome = FromRelay::Welcome(welcome).encode();
        Ok([welcome].into_iter().chain(entries.map(|entries| FromRelay::Entries(entries).encode())).collect())
    }

    async fn entries(&self, conversation: ConversationId, after: Seq) -> Result<Entries, StoreError> {
        let (entries, more) = self.hub.store().entries(conversation, after, MAX_PAGE, Audience::Visitor).await?;
        let (entries, more) = super::page(entries, more);
        Ok(Entries { conversation, entries, more })
    }

    /// Greets once more: another tab of the same browser has come to share the connection, and wants to know all that is not known by
    /// seq, and the entries that it has not seen. Nobody becomes somebody else by it.
    async fn again(&mut self, hello: Hello) -> Result<Reply, ErrorFrame> {
        let site = self.hub.store().site(self.site).await.map_err(|error| from_store(None, &error))?;
        let Some(site) = site else { return Err(refuse(None, ErrorCode::NotFound, "this site is gone")) };
        if let Some(page) = hello.page.clone() {
            Arc::make_mut(&mut self.card).page = Some(tidy(page));
        }
        self.welcome(&site, hello, None).await.map_err(|error| from_desk(None, &error))
    }

    async fn handle(&mut self, frame: ToRelay) -> Result<Option<FromRelay>, ErrorFrame> {
        match frame {
            // Answered by `again`, in more than one frame.
            ToRelay::Hello(_) => Err(refuse(
                None,
                ErrorCode::AlreadyGreeted,
                "this connection has been greeted; open another one to be somebody else",
            )),
            ToRelay::Say(say) => self.say(say).await.map(Some),
            ToRelay::Typing(typing) => {
                if let Some(conversation) = self.conversation {
                    let draft = cut(&typing.draft, MAX_DRAFT).to_owned();
                    self.hub.visitor_typing(conversation, draft).await.map_err(|error| from_store(None, &error))?;
                }
                Ok(None)
            }
            ToRelay::Read(read) => {
                self.mine(None, read.conversation).await?;
                self.hub.visitor_read(read.conversation, read.seq).await.map_err(|error| from_desk(None, &error))?;
                Ok(None)
            }
            ToRelay::Page(view) => {
                let page = tidy(view.page);
                Arc::make_mut(&mut self.card).page = Some(page.clone());
                if !self.card.is_new {
                    let told = self.hub.visitor_page(self.card.id, page).await;
                    told.map_err(|error| from_desk(None, &error))?;
                }
                Ok(None)
            }
            ToRelay::Close(request) => {
                self.mine(Some(request.id), request.conversation).await?;
                done(request.id, self.hub.visitor_closes(self.card.id, request.conversation).await)
            }
            ToRelay::Backfill(Backfill { conversation, after }) => {
                self.mine(None, conversation).await?;
                let entries = self.entries(conversation, after).await.map_err(|error| from_store(None, &error))?;
                Ok(Some(FromRelay::Entries(entries)))
            }
            ToRelay::Edit(edit) => {
                super::say::text(edit.id, &edit.text)?;
                self.mine(Some(edit.id), edit.conversation).await?;
                done(edit.id, self.hub.edits(Speaker::Visitor(self.card.id), edit).await)
            }
            ToRelay::Delete(delete) => {
                self.mine(Some(delete.id), delete.conversation).await?;
                done(delete.id, self.hub.deletes(Speaker::Visitor(self.card.id), delete).await)
            }
            ToRelay::Rate(Rate { id, conversation, score, comment }) => {
                self.mine(Some(id), conversation).await?;
                let rating = super::say::rating(id, score, comment)?;
                done(id, self.hub.visitor_rates(self.card.id, id, conversation, rating).await)
            }
            ToRelay::Transcript(request) => self.transcript(request).await,
            ToRelay::Ping(_) => {
                let mut heads = Vec::new();
                if let Some(conversation) = self.conversation
                    && let Some(head) =
                        self.hub.store().head_of_visitor(conversation).await.map_err(|error| from_store(None, &error))?
                {
                    heads.push(Seen { conversation, seq: head });
                }
                Ok(Some(FromRelay::Pong(Pong { now: clock::now(), heads })))
            }
        }
    }

    async fn say(&mut self, mut say: Say) -> Result<FromRelay, ErrorFrame> {
        let id = say.id;
        super::say::of_visitor(&mut say)?;
        let said = self.hub.visitor_says(self.site, &self.card, say, &self.peer).await;
        let ack = said.map_err(|error| from_desk(Some(id), &error))?;
        self.is_known();
        self.conversation = Some(ack.conversation);
        Ok(FromRelay::Ack(ack))
    }

    async fn transcript(&mut self, request: Transcript) -> Result<Option<FromRelay>, ErrorFrame> {
        let Transcript { id, conversation, email } = request;
        let email = email.trim();
        if email.len() > MAX_FIELD || !super::looks_like_email(email) {
            return Err(refuse(Some(id), ErrorCode::InvalidField, "email: this is no address"));
        }
        self.mine(Some(id), conversation).await?;
        match self.hub.visitor_asks_for_transcript(self.card.id, conversation, email.to_owned()).await {
            Ok(Asked::Queued) => done(id, Ok(())),
            Ok(Asked::Unanswered) => Err(refuse(
                Some(id),
                ErrorCode::WrongState,
                "nobody has answered in this conversation yet: there is nothing to keep",
            )),
            Ok(Asked::Wait(wait)) => {
                let refused = refuse(Some(id), ErrorCode::RateLimited, "a few transcripts a day are enough: try again later");
                Err(ErrorFrame { retry_after_ms: Some(wait), ..refused })
            }
            Err(error) => Err(from_desk(Some(id), &error)),
        }
    }

    /// Their row is in the store.
    fn is_known(&mut self) {
        if self.card.is_new {
            Arc::make_mut(&mut self.card).is_new = false;
        }
    }

    /// Visitors reach only their own conversations; most often the one at hand.
    async fn mine(&mut self, request: Option<MessageId>, conversation: ConversationId) -> Result<(), ErrorFrame> {
        if self.conversation == Some(conversation) {
            return Ok(());
        }
        let route = self.hub.store().route(conversation).await.map_err(|error| from_store(request, &error))?;
        if route.is_some_and(|route| route.visitor == self.card.id) {
            // Begun in another tab since this one was greeted.
            if self.conversation.is_none() {
                self.conversation = Some(conversation);
                self.is_known();
            }
            return Ok(());
        }
        Err(refuse(request, ErrorCode::NotFound, "conversation: you have none of this id"))
    }
}

#[async_trait]
impl Session for VisitorSession {
    const KIND: Who = Who::Visitor;

    async fn frame(&mut self, text: &str) -> Reply {
        let frame = ToRelay::decode(text);
        let in_pace = self.pace.admit(matches!(frame, Ok(ToRelay::Say(_))), text, &self.peer);
        let answer = match (in_pace, frame) {
            (Err(wait), _) => Err(wait),
            (Ok(()), Ok(ToRelay::Hello(hello))) if hello.token.is_none() && hello.identity.is_none() => {
                match Box::pin(self.again(hello)).await {
                    Ok(reply) => return reply,
                    Err(error) => Err(error),
                }
            }
            (Ok(()), Ok(frame)) => self.handle(frame).await,
            (Ok(()), Err(error)) => Err(refuse(shared::frame::named(text), error.code(), error.to_string())),
        };
        match answer {
            Ok(frame) => frame.iter().map(FromRelay::encode).collect(),
            Err(error) => vec![FromRelay::Error(error).encode()],
        }
    }

    async fn left(self: Box<Self>) {
        let last = self.hub.registry().visitors().remove(self.card.id, self.peer.id);
        // Also for somebody who has not written here: another tab of theirs may have.
        if last && let Err(error) = self.hub.visitor_present(self.card.id).await {
            // Corrected when absences are counted anew, after the outage.
            super::log_unless_outage(&error, "a visitor's leaving");
        }
    }
}

fn bad_hello(message: impl Into<String>) -> Refusal {
    Refusal::new(close::BAD_HELLO, ErrorCode::BadHello, message)
}

fn from_store(id: Option<MessageId>, error: &StoreError) -> ErrorFrame {
    refuse(id, error.code(), error.to_string())
}

fn done(id: MessageId, result: Result<(), DeskError>) -> Result<Option<FromRelay>, ErrorFrame> {
    result.map(|()| Some(FromRelay::Done(Done { id }))).map_err(|error| from_desk(Some(id), &error))
}

fn from_desk(id: Option<MessageId>, error: &DeskError) -> ErrorFrame {
    refuse(id, error.code(), error.to_string())
}

fn bad_token(message: &str) -> Refusal {
    Refusal::new(close::BAD_TOKEN, ErrorCode::BadToken, message)
}

fn bad_identity(message: impl Into<String>) -> Refusal {
    Refusal::new(close::BAD_IDENTITY, ErrorCode::BadIdentity, message)
}

fn unreachable() -> Refusal {
    Refusal::unavailable("the store cannot be reached; come back in a moment")
}

/// 64 lower-case hexadecimal digits, as [`auth::new_token`] makes them.
pub(crate) fn is_token(token: &str) -> bool {
    token.len() == 64 && token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What a greeting tells of somebody whose id follows from their token.
fn card_of(hello: &Hello, token_hash: [u8; 32], is_new: bool) -> VisitorCard {
    VisitorCard {
        id: visitor_id(&token_hash),
        token_hash,
        locale: short(hello.locale.as_deref()),
        time_zone: short(hello.time_zone.as_deref()),
        page: hello.page.clone().map(tidy),
        is_new,
    }
}

/// A visitor's id follows from their token: hashed once more, so that it tells nothing of what is stored.
pub(crate) fn visitor_id(token_hash: &[u8; 32]) -> VisitorId {
    let digest: [u8; 32] = Sha256::digest(token_hash).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    VisitorId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// What the panel is told of a site's settings. It may ask for nothing that this relay cannot do.
fn panel(settings: &SiteSettings, files: &FileRules, email: bool) -> Panel {
    let files = settings.files.then(|| files.clone());
    // A voice note is a file.
    let voice = settings.voice && files.is_some();
    Panel { form: settings.form.clone(), files, voice, rating: settings.rating, email }
}

fn tidy(page: Page) -> Page {
    Page {
        url: cut(&page.url, MAX_URL).to_owned(),
        title: cut(&page.title, MAX_FIELD).to_owned(),
        referrer: cut(&page.referrer, MAX_URL).to_owned(),
    }
}
