//! Bodies about who is on a site now, where the site wants to know; nothing of it is stored.

use serde::{Deserialize, Serialize};

use crate::ids::{Millis, SiteId, SiteKey, TabId};
use crate::model::{Page, Person, is_false, wire};

/// Most tabs that one answer lists.
pub const MAX_PRESENT: usize = 500;

/// What has become of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It goes out with the answer to the next beacon.
    Waiting,
    /// The page has it.
    Shown,
    /// They do not want to.
    Declined,
    /// They have written.
    Accepted,
}

wire! {
    /// `POST /present`, from a page of the site, as JSON in any content type: somebody is there. Answers [`BeaconAnswer`]. Counted for 75 s.
    #[derive(Default)]
    pub struct Beacon {
        /// Key of the site.
        pub site: SiteKey,
        /// The tab: made at random with the page, kept in its memory alone.
        pub id: TabId,
        /// Where they are; addresses are cut at 512 characters, the title at 128.
        #[serde(default)]
        pub page: Page,
        /// Language tag of the browser (BCP 47).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub locale: Option<String>,
        /// Whether they have a conversation.
        #[serde(default, skip_serializing_if = "is_false")]
        pub chatting: bool,
        /// Whether this is the last one.
        #[serde(default, skip_serializing_if = "is_false")]
        pub gone: bool,
        /// The invitation that they do not want.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub declined: Option<String>,
    }

    /// What a page is told.
    #[derive(Default)]
    pub struct BeaconAnswer {
        /// An agent's invitation; again and again until it is answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub invite: Option<ChatInvitation>,
    }

    /// An agent's words to somebody who is there. Whoever takes them up says so with their first message: `say.greeting`.
    pub struct ChatInvitation {
        /// Names it.
        pub id: String,
        /// What they say.
        pub text: String,
        /// Who.
        pub by: String,
    }

    /// `GET /api/present`: who is on the sites that want to know.
    pub struct PresentList {
        /// Sites that want to know.
        pub sites: Vec<SiteId>,
        /// How many tabs there are in all.
        pub count: u32,
        /// The latest to come first, [`MAX_PRESENT`] at most.
        pub visitors: Vec<OnSite>,
    }

    /// Somebody on a page.
    pub struct OnSite {
        /// Their tab.
        pub id: TabId,
        /// The site.
        pub site: SiteId,
        /// Where they are. Untrusted text.
        pub page: Page,
        /// Since when they are on this page.
        pub since: Millis,
        /// Language tag of their browser.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub locale: Option<String>,
        /// Browser and system.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub device: String,
        /// Whether they have a conversation.
        #[serde(default, skip_serializing_if = "is_false")]
        pub chatting: bool,
        /// Their last invitation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub invited: Option<ChatInvited>,
    }

    /// An invitation as the team sees it.
    pub struct ChatInvited {
        /// Whose.
        pub by: Person,
        /// What has become of it.
        pub fate: Fate,
    }

    /// `POST /api/present/{id}/invite` (204): words to somebody who is there; they see them within half a minute. For who is online with a
    /// free slot; the chat waits a minute for them before anybody else.
    pub struct InviteToChat {
        /// 1 to [`MAX_FIELD`](crate::model::MAX_FIELD) characters.
        pub text: String,
    }
}
