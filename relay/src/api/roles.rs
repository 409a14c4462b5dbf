//! Who may do what, over REST and on sockets: the one table. What changes a conversation the desk checks by it, which knows whose it is.

use serde::Serialize;
use shared::api::Right;
use shared::model::{Agent, Conversation, Role, State};

use super::{Json, Who};
use crate::edge::auth::SignedIn;
use crate::error::RestError;
use crate::store::Account;

/// Something that an account may do or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// See and change one's own account: name, password, second factor, sessions.
    KeepAccount,
    /// See the team and what its members hold.
    SeeTeam,
    /// See the sites and how to install them.
    SeeSites,
    /// Read conversations that wait, are theirs or are over.
    Read,
    /// Read conversations that others have in hand.
    ReadOthers,
    /// Whisper to the agent who has a chat.
    Whisper,
    /// Take a chat from the agent who has it.
    TakeOver,
    /// See figures of what happened, of everybody.
    SeeReports,
    /// See who is kept out, and let them in again. Keeping somebody out is the desk's.
    LiftBlocks,
    /// Use canned replies, and keep one's own.
    KeepReplies,
    /// Keep those that are everybody's.
    ShareReplies,
    /// See who is on the sites now, and invite them to chat.
    SeePresent,
    /// Correct what is known of visitors whose conversations they may read.
    CorrectVisitors,
    /// Merge visitors who are one person.
    MergeVisitors,
    /// Invite people.
    Invite,
    /// Change people: role, capacity, disabled or not.
    ChangePeople,
    /// Make, change and remove teams.
    ManageTeams,
    /// Make and revoke tokens for programs.
    ManageTokens,
    /// Read who did what.
    ReadRecord,
    /// Export and erase what visitors left, and say how long it is kept.
    HandlePersonalData,
    /// Set what holds for everybody here, and see the limits.
    SetRules,
    /// Change sites, and the secrets with which their owners sign.
    ChangeSites,
}

impl Act {
    /// The least role that may do it.
    pub fn least_role(self) -> Role {
        match self {
            Self::KeepAccount
            | Self::SeeTeam
            | Self::SeeSites
            | Self::Read
            | Self::LiftBlocks
            | Self::KeepReplies
            | Self::CorrectVisitors
            | Self::SeePresent => Role::Agent,
            Self::ReadOthers | Self::Whisper | Self::TakeOver | Self::SeeReports | Self::ShareReplies | Self::MergeVisitors => {
                Role::Supervisor
            }
            Self::Invite
            | Self::ChangePeople
            | Self::ManageTeams
            | Self::ManageTokens
            | Self::ReadRecord
            | Self::HandlePersonalData
            | Self::SetRules
            | Self::ChangeSites => Role::Admin,
        }
    }

    /// Lets those pass who may do it.
    ///
    /// # Errors
    /// Their role is too low.
    pub fn by(self, account: &Account) -> Result<(), RestError> {
        let least = self.least_role();
        if account.agent.role >= least { Ok(()) } else { Err(RestError::RoleTooLow(least)) }
    }
}

/// `GET /api/roles`: the table, as the routes and the sockets use it.
pub(super) async fn rights(SignedIn(account): SignedIn) -> Result<Json<Vec<Right>>, RestError> {
    Act::SeeTeam.by(&account)?;
    let asked = super::ROUTES.iter().filter_map(|route| if let Who::May(act) = route.who { Some(act) } else { None });
    let mut acts: Vec<Act> = Vec::new();
    for act in asked.chain([Act::ReadOthers, Act::Whisper, Act::TakeOver, Act::ShareReplies]) {
        if !acts.contains(&act) {
            acts.push(act);
        }
    }
    acts.sort_by_key(|act| act.least_role());
    let name = |act: Act| Some(serde_json::to_value(act).ok()?.as_str()?.to_owned());
    let rights = acts.into_iter().filter_map(|act| Some(Right { act: name(act)?, least_role: act.least_role() }));
    Ok(Json(rights.collect()))
}

/// Whether an account may read this conversation. What others have in hand is theirs and the supervisors'; what waits, is offered to
/// them, or is over (the visitor's history) is everybody's.
pub fn may_read(agent: &Agent, conversation: &Conversation) -> bool {
    let me = agent.id;
    let in_hand = matches!(conversation.state, State::Active | State::Parked);
    let with_other = conversation.agent.as_ref().is_some_and(|agent| agent.id != me);
    let offered = conversation.offer.as_ref().is_some_and(|offer| offer.to == me);
    !(in_hand && with_other) || offered || agent.role >= Act::ReadOthers.least_role()
}
