//! The REST calls of the console. The session is a cookie; the bodies are `shared::api`. Refusals come back as codes, never as text.

pub mod desk;
pub mod people;
pub mod replies;
pub mod visitors;

use gloo_net::http::{Request, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::api::{
    AgentPatch, ApiError, Block, EntriesPage, Found, History, Invitation, Invite, Join, Me, NewSearch, NewSite, Report,
    SavedSearch, SearchQuery, Sightings, SignIn, SitePatch, SiteSetup, TagPatch, Why,
};
use shared::close::ErrorCode;
use shared::ids::{AgentId, BlockId, ConversationId, SiteKey};
use shared::model::{Conversation, Entry, FileRules};

use crate::lean;
use crate::text::Texts;

/// The body of a call that says all there is to say by its address.
const NOTHING: Nothing = Nothing {};

#[derive(Serialize)]
struct Nothing {}

/// Most pages of an earlier conversation that are fetched: 2,000 entries are more than anybody reads beside a chat.
const MOST_PAGES: usize = 20;

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestError {
    /// The relay refused.
    Refused(ErrorCode),
    /// It could not be reached, or did not answer as a relay does.
    Unreachable,
}

impl RestError {
    /// What it means to an agent.
    pub fn words(self, texts: &Texts) -> &'static str {
        match self {
            Self::Refused(code) => texts.refusal(code),
            Self::Unreachable => texts.unreachable,
        }
    }
}

/// Who is signed in; `None`: nobody.
pub async fn me() -> Result<Option<Me>, RestError> {
    match get("/api/session").await {
        Ok(me) => Ok(Some(me)),
        Err(RestError::Refused(ErrorCode::BadToken)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Signs in.
pub async fn sign_in(body: &SignIn) -> Result<Me, RestError> {
    send(Request::post("/api/session"), body).await
}

/// Signs out.
pub async fn sign_out() -> Result<(), RestError> {
    done(Request::delete("/api/session"), &NOTHING).await
}

/// What an invitation is for.
pub async fn invitation(token: &str) -> Result<Invitation, RestError> {
    get(&format!("/api/invitations/{token}")).await
}

/// Joins with an invitation.
pub async fn join(token: &str, body: &Join) -> Result<Me, RestError> {
    send(Request::post(&format!("/api/invitations/{token}")), body).await
}

/// Invites somebody.
pub async fn invite(body: &Invite) -> Result<Invitation, RestError> {
    send(Request::post("/api/invitations"), body).await
}

/// Changes a team member.
pub async fn patch_agent(agent: AgentId, body: &AgentPatch) -> Result<(), RestError> {
    done(Request::patch(&format!("/api/agents/{agent}")), body).await
}

/// What site owners paste.
pub async fn sites() -> Result<Vec<SiteSetup>, RestError> {
    get("/api/sites").await
}

/// Makes a site.
pub async fn new_site(body: &NewSite) -> Result<SiteSetup, RestError> {
    send(Request::post("/api/sites"), body).await
}

/// Changes a site.
pub async fn patch_site(site: &SiteKey, body: &SitePatch) -> Result<SiteSetup, RestError> {
    send(Request::patch(&format!("/api/sites/{site}")), body).await
}

/// Where a site's script tag was seen.
pub async fn sightings(site: &SiteKey) -> Result<Sightings, RestError> {
    get(&format!("/api/sites/{site}/sightings")).await
}

/// The visitor's earlier conversations.
pub async fn history(conversation: ConversationId) -> Result<History, RestError> {
    get(&format!("/api/conversations/{conversation}/history")).await
}

/// A conversation as it is now.
pub async fn conversation(conversation: ConversationId) -> Result<Conversation, RestError> {
    get(&format!("/api/conversations/{conversation}")).await
}

/// A whole conversation, up to [`MOST_PAGES`] pages.
pub async fn entries(conversation: ConversationId) -> Result<Vec<Entry>, RestError> {
    let mut entries: Vec<Entry> = Vec::new();
    for _ in 0..MOST_PAGES {
        let after = entries.last().map_or(0, |entry| entry.seq);
        let page: EntriesPage = get(&format!("/api/conversations/{conversation}/entries?after={after}")).await?;
        let ends = !page.more || page.entries.is_empty();
        entries.extend(page.entries);
        if ends {
            break;
        }
    }
    Ok(entries)
}

/// What was said before. `after`: where the answer before ended.
pub async fn search(query: &SearchQuery, after: Option<&str>) -> Result<Found, RestError> {
    let mut fields = lean::fields(query);
    fields.extend(after.map(|after| ("after".to_owned(), after.to_owned())));
    let request = Request::get("/api/search").query(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    read(accepted(request.send().await.map_err(|_| RestError::Unreachable)?).await?).await
}

/// The agent's saved searches.
pub async fn saved_searches() -> Result<Vec<SavedSearch>, RestError> {
    get("/api/searches").await
}

/// Keeps a search.
pub async fn save_search(body: &NewSearch) -> Result<SavedSearch, RestError> {
    send(Request::post("/api/searches"), body).await
}

/// Forgets a saved search.
pub async fn forget_search(id: impl std::fmt::Display) -> Result<(), RestError> {
    done(Request::delete(&format!("/api/searches/{id}")), &NOTHING).await
}

/// Figures; the path names days and site.
pub async fn report(path: &str) -> Result<Report, RestError> {
    get(path).await
}

/// Every tag in use.
pub async fn tags() -> Result<Vec<String>, RestError> {
    get("/api/tags").await
}

/// Which files the relay takes.
pub async fn file_rules() -> Result<FileRules, RestError> {
    get("/api/files").await
}

/// A file of the console's own.
pub async fn file(name: &str) -> Result<String, RestError> {
    let response = Request::get(&["/console/", name].concat()).send().await.map_err(|_| RestError::Unreachable)?;
    if response.ok() { response.text().await.map_err(|_| RestError::Unreachable) } else { Err(RestError::Unreachable) }
}

/// Changes a conversation's tags.
pub async fn tag(conversation: ConversationId, body: &TagPatch) -> Result<Conversation, RestError> {
    send(Request::patch(&format!("/api/conversations/{conversation}/tags")), body).await
}

/// Why a queued conversation waits.
pub async fn why(conversation: ConversationId) -> Result<Why, RestError> {
    get(&format!("/api/conversations/{conversation}/why")).await
}

/// Who is kept out of all sites.
pub async fn blocks() -> Result<Vec<Block>, RestError> {
    get("/api/blocks").await
}

/// What keeps the visitor of a conversation out.
pub async fn block_of(conversation: ConversationId) -> Result<Option<Block>, RestError> {
    get(&format!("/api/conversations/{conversation}/block")).await
}

/// Lets somebody in again.
pub async fn lift_block(block: BlockId) -> Result<(), RestError> {
    done(Request::delete(&format!("/api/blocks/{block}")), &NOTHING).await
}

async fn get<T: DeserializeOwned>(path: &str) -> Result<T, RestError> {
    let response = Request::get(path).send().await.map_err(|_| RestError::Unreachable)?;
    read(accepted(response).await?).await
}

/// A call whose answer tells nothing more than that it was carried out.
async fn done(request: RequestBuilder, body: &impl Serialize) -> Result<(), RestError> {
    let request = request.json(body).map_err(|_| RestError::Unreachable)?;
    accepted(request.send().await.map_err(|_| RestError::Unreachable)?).await.map(|_| ())
}

async fn send<T: DeserializeOwned>(request: RequestBuilder, body: &impl Serialize) -> Result<T, RestError> {
    let request = request.json(body).map_err(|_| RestError::Unreachable)?;
    let response = request.send().await.map_err(|_| RestError::Unreachable)?;
    read(accepted(response).await?).await
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, RestError> {
    lean::read(&text(response).await).map_err(|_| RestError::Unreachable)
}

/// What an answer says; nothing where it breaks off.
async fn text(response: Response) -> String {
    response.text().await.unwrap_or_default()
}

async fn accepted(response: Response) -> Result<Response, RestError> {
    if response.ok() {
        return Ok(response);
    }
    // A proxy's error page is no ApiError: then the relay itself was not reached.
    let error: Result<ApiError, _> = lean::read(&text(response).await);
    Err(error.map_or(RestError::Unreachable, |error| RestError::Refused(error.code)))
}
