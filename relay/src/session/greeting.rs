//! A visitor's greeting: who it is that comes (a known token, a new one, a signed identity, a link from an email), and whether the site
//! lets them in. What they do then is [`visitor`](super::visitor)'s.

use std::sync::Arc;

use async_trait::async_trait;
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use shared::close::{self, ErrorCode};
use shared::ids::{SecretId, VisitorId};
use shared::model::FileRules;
use shared::visitor::{FromRelay, Hello, ToRelay};

use super::pace::{Pace, Rates};
use super::visitor::{VisitorSession, tidy};
use super::{Greeter, Refusal, Reply, Session, refuse, short};
use crate::clock;
use crate::desk::VisitorCard;
use crate::edge::auth;
use crate::edge::identity::{self, BadIdentity};
use crate::hub::Hub;
use crate::hub::registry::Peer;
use crate::present::Present;
use crate::store::SiteRecord;

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
    /// Where they come from, unless from this very machine.
    pub network: Option<IpNet>,
    /// Browser and system, as the browser tells them.
    pub device: Option<String>,
    /// Whom agents have invited.
    pub present: Arc<Present>,
}

/// Who has greeted, the token that they get, and the secret that vouched for them.
type Greeted = (VisitorCard, Option<String>, Option<SecretId>);

#[async_trait]
impl Greeter for VisitorGreeter {
    type Session = VisitorSession;

    async fn hello(self, text: &str, peer: &Arc<Peer>) -> Result<(VisitorSession, Reply), Refusal> {
        let hello = match ToRelay::decode(text) {
            Ok(ToRelay::Hello(hello)) => hello,
            Ok(_) => return Err(bad_hello("the first frame must be hello")),
            Err(error) => return Err(bad_hello(error.to_string())),
        };
        let resumed = self.resumed(&hello).await?;
        let stale_link = hello.resume.is_some() && resumed.is_none();
        let (card, token, secret) = match resumed {
            Some((card, token)) => (card, Some(token), None),
            None => self.card(&hello).await?,
        };
        if let Some(network) = self.network {
            peer.set_network(network);
        }
        if let Some(secret) = secret {
            peer.set_session(auth::hash(&secret.to_string()));
        }
        let site = self.site.id;
        peer.set_site(site);
        let (pace, card) = (Pace::new(self.rates.clone()), Arc::new(card));
        let visitor = card.id;
        // Subscribed first, then read: whatever is committed in between is in the queue, in the answer, or in both.
        let mut session =
            VisitorSession::register(self.hub.clone(), peer.clone(), pace, site, card, self.files.clone(), self.present.clone());
        session.hears().await;
        let welcomed = match self.still_lets_in(visitor).await {
            Ok(()) => session.welcome(&self.site, hello, token).await.map_err(|error| {
                super::log_unless_outage(&error, "a visitor's greeting");
                unreachable()
            }),
            Err(refusal) => Err(refusal),
        };
        match welcomed {
            Ok(mut reply) => {
                if stale_link {
                    let why = "this link opens nothing (any more): you are greeted as you would be without it";
                    reply.push(FromRelay::Error(refuse(None, ErrorCode::LinkExpired, why)).encode());
                }
                Ok((session, reply))
            }
            Err(refusal) => {
                Box::new(session).left().await;
                Err(refusal)
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
        Ok(visitor.map(|id| (VisitorCard { id, ..self.card_of(hello, token_hash, false) }, token)))
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
        let card = VisitorCard { id, ..self.card_of(hello, token_hash, is_new) };
        if hello.identity.is_some() {
            // What somebody said who is kept out does not become anybody else's.
            self.lets_in(id).await?;
        }
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

    /// What a greeting tells of somebody whose id follows from their token.
    fn card_of(&self, hello: &Hello, token_hash: [u8; 32], is_new: bool) -> VisitorCard {
        VisitorCard {
            id: visitor_id(&token_hash),
            token_hash,
            locale: short(hello.locale.as_deref()),
            time_zone: short(hello.time_zone.as_deref()),
            page: hello.page.clone().map(tidy),
            device: self.device.clone(),
            trail: Vec::new(),
            invited: None,
            is_new,
        }
    }

    /// Whether the site's team keeps this visitor out, or all from where they come.
    async fn lets_in(&self, visitor: VisitorId) -> Result<(), Refusal> {
        let blocked = self.hub.store().is_blocked(self.site.id, visitor, self.network, clock::now()).await;
        match blocked.map_err(|_| unreachable())? {
            false => Ok(()),
            true => {
                Err(Refusal::new(close::BLOCKED, ErrorCode::Blocked, "the site's team does not take chats from you at present"))
            }
        }
    }

    /// The same, and whether the site is what it was when the upgrade looked at it; its list of origins perhaps.
    async fn still_lets_in(&self, visitor: VisitorId) -> Result<(), Refusal> {
        let site = self.hub.store().site(self.site.id).await.map_err(|_| unreachable())?;
        if site.as_ref() != Some(&self.site) {
            let why = "the site was changed this moment: connect and greet once more";
            return Err(Refusal::new(close::RESYNC, ErrorCode::WrongState, why));
        }
        self.lets_in(visitor).await
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

fn bad_hello(message: impl Into<String>) -> Refusal {
    Refusal::new(close::BAD_HELLO, ErrorCode::BadHello, message)
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

/// A visitor's id follows from their token: hashed once more, so that it tells nothing of what is stored.
pub(crate) fn visitor_id(token_hash: &[u8; 32]) -> VisitorId {
    let digest: [u8; 32] = Sha256::digest(token_hash).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    VisitorId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
