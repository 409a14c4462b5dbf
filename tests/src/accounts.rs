//! The REST API as the console uses it: joining by link, inviting, signing in, changing agents. What a browser adds by itself
//! (content type, origin, cookie) is a field of [`Request`], so that tests can leave it out or get it wrong.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::api::{AgentPatch, ApiError, Invitation, Invite, Join, Me, SignIn};
use shared::close::ErrorCode;
use shared::ids::AgentId;
use shared::model::Role;

use crate::door::Door;

/// Everybody's password here; long enough to be accepted.
pub const PASSWORD: &str = "correct horse battery staple";

/// The REST API of one relay.
#[derive(Clone)]
pub struct Office {
    http: reqwest::Client,
    /// The relay.
    pub relay: SocketAddr,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who.
    pub me: Me,
    /// The `cookie` header that proves it.
    pub cookie: String,
}

/// One request, before it is sent.
pub struct Request {
    office: Office,
    method: Method,
    path: String,
    cookie: Option<String>,
    origin: Option<String>,
    content_type: Option<String>,
    header: Option<(&'static str, String)>,
    body: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Name and value of the cookie it sets, as a `cookie` header wants them.
    pub cookie: Option<String>,
    /// The whole `set-cookie` header.
    pub set_cookie: Option<String>,
    /// Its text.
    pub body: String,
}

impl Office {
    /// The office of the relay at this address.
    pub fn new(relay: SocketAddr) -> Self {
        Self { http: reqwest::Client::new(), relay }
    }

    /// A request as the console would send it.
    pub fn request(&self, method: Method, path: &str) -> Request {
        Request {
            office: self.clone(),
            method,
            path: path.to_owned(),
            cookie: None,
            origin: Some(format!("http://{}", self.relay)),
            content_type: Some("application/json".into()),
            header: None,
            body: String::new(),
        }
    }

    /// Follows a one-time link (`…/console/join/TOKEN`).
    pub async fn join(&self, link: &str, name: &str, email: &str) -> Result<Account> {
        let token = link.rsplit('/').next().context("an empty link")?;
        let join = Join { name: name.into(), email: email.into(), password: PASSWORD.into() };
        self.request(Method::POST, &format!("/api/invitations/{token}")).json(&join)?.send().await?.account()
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Account> {
        let sign_in = SignIn { email: email.into(), password: password.into(), code: None };
        self.request(Method::POST, "/api/session").json(&sign_in)?.send().await?.account()
    }

    /// An admin invites somebody.
    pub async fn invite(&self, admin: &Account, email: &str, role: Role) -> Result<Invitation> {
        let invite = Invite { email: email.into(), role };
        self.request(Method::POST, "/api/invitations").by(admin).json(&invite)?.send().await?.value()
    }

    /// An admin invites somebody, who joins at once under an address made of their name.
    pub async fn hire(&self, admin: &Account, name: &str, role: Role) -> Result<Account> {
        let email = format!("{}@bulle.example", name.to_lowercase().replace(' ', "."));
        let invitation = self.invite(admin, &email, role).await?;
        self.join(&invitation.link, name, &email).await
    }

    /// An admin changes an agent.
    pub async fn change(&self, admin: &Account, agent: AgentId, patch: &AgentPatch) -> Result<()> {
        let answer = self.request(Method::PATCH, &format!("/api/agents/{agent}")).by(admin).json(patch)?.send().await?;
        answer.accepted().map(drop)
    }

    /// The agents' socket as this account opens it.
    pub fn door(&self, account: &Account) -> Door {
        Door::agent(self.relay, account.cookie.clone())
    }
}

impl Request {
    /// Sent by somebody who is signed in.
    pub fn by(mut self, account: &Account) -> Self {
        self.cookie = Some(account.cookie.clone());
        self
    }

    /// Sent from a page of this origin; `None`: not from a page.
    pub fn from(mut self, origin: Option<&str>) -> Self {
        self.origin = origin.map(str::to_owned);
        self
    }

    /// Sent with this content type.
    pub fn content_type(mut self, content_type: &str) -> Self {
        self.content_type = Some(content_type.to_owned());
        self
    }

    /// Sent with one more header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.header = Some((name, value.to_owned()));
        self
    }

    /// Carries this value.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self> {
        self.body = serde_json::to_string(body)?;
        Ok(self)
    }

    /// Sends it.
    pub async fn send(self) -> Result<Answer> {
        let url = format!("http://{}{}", self.office.relay, self.path);
        let mut request = self.office.http.request(self.method, url).body(self.body);
        let usual = [("cookie", self.cookie), ("origin", self.origin), ("content-type", self.content_type)];
        let usual = usual.into_iter().filter_map(|(name, value)| Some((name, value?)));
        for (name, value) in usual.chain(self.header) {
            request = request.header(name, value);
        }
        let answer = request.send().await?;
        let set_cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let cookie = set_cookie.as_deref().and_then(|value| value.split(';').next()).map(str::to_owned);
        Ok(Answer { status: answer.status(), cookie, set_cookie, body: answer.text().await? })
    }
}

impl Answer {
    /// Itself, if it is no error.
    pub fn accepted(self) -> Result<Self> {
        if !self.status.is_success() {
            bail!("{}: {}", self.status, self.body);
        }
        Ok(self)
    }

    /// What it holds.
    pub fn value<T: DeserializeOwned>(self) -> Result<T> {
        let answer = self.accepted()?;
        serde_json::from_str(&answer.body).with_context(|| answer.body.clone())
    }

    /// The code with which it refuses.
    pub fn refusal(&self) -> Option<(u16, ErrorCode)> {
        let error: ApiError = serde_json::from_str(&self.body).ok()?;
        (!self.status.is_success()).then_some((self.status.as_u16(), error.code))
    }

    /// Who is signed in now.
    pub fn account(self) -> Result<Account> {
        let cookie = self.cookie.clone();
        let me = self.value()?;
        Ok(Account { me, cookie: cookie.context("no cookie was set")? })
    }
}
