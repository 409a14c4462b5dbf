//! The visitor's end of a conversation, as a state machine: [`greeting`](super::greeting) makes it known, then every frame becomes a verb
//! of the hub and the frames to answer with. A visitor who only looks leaves no trace in the store: their row comes with their first message.

use std::sync::Arc;

use async_trait::async_trait;
use shared::api::Visit;
use shared::close::ErrorCode;
use shared::frame::{Backfill, Done, Entries, ErrorFrame};
use shared::ids::{ConversationId, MessageId, Seq, SiteId};
use shared::model::{Audience, FileRules, MAX_DRAFT, MAX_FIELD, MAX_PAGE, MAX_URL, Page, Panel, Say, Seen, SiteSettings, cut};
use shared::visitor::{Answering, FromRelay, Hello, Pong, Rate, ToRelay, Transcript, Welcome};

use super::pace::Pace;
use super::{Reply, Session, refuse};
use crate::clock;
use crate::desk::{DeskError, Invitee, Speaker, VisitorCard};
use crate::hub::Hub;
use crate::hub::registry::Peer;
use crate::metrics::Who;
use crate::present::{PREFIX, Present};
use crate::store::{Asked, SiteRecord, StoreError};

/// A visitor's connection after `hello`.
pub struct VisitorSession {
    hub: Arc<Hub>,
    peer: Arc<Peer>,
    pace: Pace,
    site: SiteId,
    card: Arc<VisitorCard>,
    files: Arc<FileRules>,
    /// Whom agents have invited.
    present: Arc<Present>,
    /// Whether the site keeps the pages that its visitors visit.
    keeps_pages: bool,
    /// Agents see what is being written.
    drafts: bool,
    /// The conversation at hand, once there is one.
    conversation: Option<ConversationId>,
}

/// Pages remembered of somebody who has not written yet: so many of the longest addresses are what an idle connection may cost.
const MOST_REMEMBERED: usize = 10;

impl VisitorSession {
    /// A session that hears from now on what concerns its visitor.
    pub(super) fn register(
        hub: Arc<Hub>,
        peer: Arc<Peer>,
        pace: Pace,
        site: SiteId,
        card: Arc<VisitorCard>,
        files: Arc<FileRules>,
        present: Arc<Present>,
    ) -> Self {
        hub.registry().visitors().add(card.id, peer.clone());
        Self { hub, peer, pace, site, card, files, present, keeps_pages: false, drafts: false, conversation: None }
    }

    /// Waits until it does so across relays.
    pub(super) async fn hears(&self) {
        self.hub.ready().await;
    }

    pub(super) async fn welcome(&mut self, site: &SiteRecord, hello: Hello, token: Option<String>) -> Result<Reply, DeskError> {
        let hub = self.hub.clone();
        let store = hub.store();
        let now = clock::now();
        let mut entries = None;
        let mut thread = None;
        self.keeps_pages = site.visitors.pages;
        self.drafts = site.settings.drafts;
        if self.card.is_new {
            self.walks();
        } else {
            self.hub.visitor_present(self.card.id).await?;
            if let Some(page) = self.card.page.clone() {
                self.hub.visitor_page(self.card.id, page, self.card.device.clone()).await?;
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
        let (answering, back_at) = store.answering(self.site, now).await?;
        hub.greeted(self.site, Answering { answering, back_at });
        let welcome = Welcome {
            visitor: self.card.id,
            token,
            thread,
            answering,
            back_at,
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
                    let draft = if self.drafts { cut(&typing.draft, MAX_DRAFT) } else { veiled(&typing.draft) }.to_owned();
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
                if self.card.is_new {
                    self.walks();
                } else {
                    let told = self.hub.visitor_page(self.card.id, page, None).await;
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
        if let Some(name) = say.greeting.as_deref().filter(|name| name.starts_with(PREFIX)) {
            let offer = self.present.taken_up(clock::now(), self.site, name);
            Arc::make_mut(&mut self.card).invited = offer.map(|offer| Invitee { by: offer.by.id, text: offer.text });
        }
        let said = self.hub.visitor_says(self.site, &self.card, say, &self.peer).await;
        let ack = said.map_err(|error| from_desk(Some(id), &error))?;
        self.is_known();
        if self.card.invited.is_some() {
            Arc::make_mut(&mut self.card).invited = None;
        }
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
            let card = Arc::make_mut(&mut self.card);
            card.is_new = false;
            card.trail = Vec::new();
        }
    }

    /// Somebody of whom nothing is kept yet is on a page: it is remembered until they write or go, where their site keeps pages.
    fn walks(&mut self) {
        if let Some(page) = self.card.page.clone().filter(|_| self.keeps_pages) {
            let card = Arc::make_mut(&mut self.card);
            if card.trail.last().is_some_and(|last| last.url == page.url) {
                return;
            }
            if card.trail.len() >= MOST_REMEMBERED {
                card.trail.remove(0);
            }
            card.trail.push(Visit { at: clock::now(), url: page.url, title: page.title });
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

fn from_store(id: Option<MessageId>, error: &StoreError) -> ErrorFrame {
    refuse(id, error.code(), error.to_string())
}

fn done(id: MessageId, result: Result<(), DeskError>) -> Result<Option<FromRelay>, ErrorFrame> {
    result.map(|()| Some(FromRelay::Done(Done { id }))).map_err(|error| from_desk(Some(id), &error))
}

fn from_desk(id: Option<MessageId>, error: &DeskError) -> ErrorFrame {
    refuse(id, error.code(), error.to_string())
}

/// What agents are told of a draft that the site keeps from them: that there is one.
fn veiled(draft: &str) -> &'static str {
    if draft.is_empty() { "" } else { "…" }
}

/// What the panel is told of a site's settings. It may ask for nothing that this relay cannot do.
fn panel(settings: &SiteSettings, files: &FileRules, email: bool) -> Panel {
    let rules = || FileRules { most_bytes: settings.most_file_bytes(files.most_bytes), ..files.clone() };
    let files = settings.files.then(rules);
    // A voice note is a file.
    let voice = settings.voice && files.is_some();
    let (words, form) = (settings.words.clone(), settings.form.clone());
    Panel { words, form, files, voice, rating: settings.rating, email }
}

/// A page, cut to what is kept of one.
pub(super) fn tidy(page: Page) -> Page {
    Page {
        url: cut(&page.url, MAX_URL).to_owned(),
        title: cut(&page.title, MAX_FIELD).to_owned(),
        referrer: cut(&page.referrer, MAX_URL).to_owned(),
    }
}
