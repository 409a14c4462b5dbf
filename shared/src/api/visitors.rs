//! Bodies about visitors: what is known of one, what a site wants to know, and two that are one person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{Millis, SiteKey, VisitorId};
use crate::model::{Visitor, is_false, wire};

/// Most attributes that are kept of a visitor, from each of both sources: the page, and the site's server.
pub const MAX_ATTRIBUTES: usize = 50;
/// Most fields of its own that a site has.
pub const MAX_VISITOR_FIELDS: usize = 20;
/// Longest id of such a field.
pub const MAX_FIELD_ID: usize = 32;
/// Most pages that are kept of a visitor: the last ones.
pub const MAX_VISITS: usize = 50;
/// Most visitors that are proposed as the same person.
pub const MAX_TWINS: usize = 10;

/// What a field of a site's own takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// A line of text.
    #[default]
    Text,
    /// A number, with a point before its decimals.
    Number,
    /// One of `options`.
    Choice,
    /// A day: `2026-11-29`.
    Date,
}

wire! {
    /// `GET` (everybody) and `PUT /api/sites/{key}/visitors` (admins, whole): what a site wants to know of its visitors.
    #[derive(Default)]
    pub struct VisitorRules {
        /// What agents note of each of them, at most [`MAX_VISITOR_FIELDS`] fields.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub fields: Vec<VisitorField>,
        /// Whether the last [`MAX_VISITS`] pages that they visit are kept.
        #[serde(default, skip_serializing_if = "is_false")]
        pub pages: bool,
        /// Whether agents see who is on the site now, which its pages then tell.
        #[serde(default, skip_serializing_if = "is_false")]
        pub present: bool,
    }

    /// A field of a site's own.
    pub struct VisitorField {
        /// Names it for good: 1 to [`MAX_FIELD_ID`] characters of `a-z 0-9 _ -`, different from all others.
        pub id: String,
        /// What it is called, 1 to [`MAX_LABEL`](crate::model::MAX_LABEL) characters.
        pub label: String,
        /// What it takes.
        #[serde(default)]
        pub kind: ValueKind,
        /// `choice` only: 2 to 20 options.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub options: Vec<String>,
    }

    /// `GET /api/visitors/{id}`: what is known of a visitor, for whoever may read their latest conversation.
    pub struct VisitorProfile {
        /// Who.
        pub visitor: Visitor,
        /// Since when they are known.
        pub since: Millis,
        /// Browser and system that they were last seen with, as far as the browser tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub device: Option<String>,
        /// What the site says of them, in alphabetical order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub attributes: Vec<Attribute>,
        /// The site's own fields, in its order, with what agents noted.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub fields: Vec<NotedField>,
        /// Whether the site keeps the pages that its visitors visit.
        #[serde(default, skip_serializing_if = "is_false")]
        pub keeps_pages: bool,
        /// The pages, the last one first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub pages: Vec<Visit>,
        /// Supervisors: visitors of the same site with the same address, who may be the same person; at most [`MAX_TWINS`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub twins: Vec<Twin>,
    }

    /// Something that the site says of a visitor.
    pub struct Attribute {
        /// What.
        pub name: String,
        /// How it is.
        pub value: String,
        /// Whether the site's server signed it; otherwise a page said it, and so anybody may have.
        #[serde(default, skip_serializing_if = "is_false")]
        pub vouched: bool,
    }

    /// A field of the site's own, and its value.
    pub struct NotedField {
        /// The field.
        pub field: VisitorField,
        /// What was noted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub value: Option<String>,
    }

    /// A page that was visited.
    pub struct Visit {
        /// When.
        pub at: Millis,
        /// Its address.
        pub url: String,
        /// Its title.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub title: String,
    }

    /// A visitor who may be the same person as another.
    pub struct Twin {
        /// Who.
        pub visitor: Visitor,
        /// How many conversations they have.
        pub conversations: u32,
        /// When they last wrote.
        pub last_at: Millis,
    }

    /// `PATCH /api/visitors/{id}`: what an agent knows better, for whoever may read their latest conversation. Answers [`VisitorProfile`].
    /// Name and address of a verified visitor are the site owner's and not to be changed (409).
    #[derive(Default)]
    pub struct VisitorPatch {
        /// Their name; empty: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// Their email address; empty: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub email: Option<String>,
        /// Values of the site's fields, by their ids; empty: none.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        pub values: BTreeMap<String, String>,
    }

    /// `POST /api/visitors/{id}/merge` (supervisors): this visitor is the same person as another one of the site, whose everything is from
    /// now on. Answers the other's [`VisitorProfile`]. A verified one becomes nobody else (409), and who is connected and anonymous no
    /// verified one (409).
    pub struct MergeVisitor {
        /// Who they are.
        pub into: VisitorId,
    }

    /// `POST /attributes`, from a page of the site (204): what it says of a visitor who has written. Text in any content type.
    pub struct Attributes {
        /// Key of the site.
        pub site: SiteKey,
        /// The visitor's token.
        pub token: String,
        /// Texts, numbers or booleans by their names, at most [`MAX_ATTRIBUTES`]; `null` takes one away, what is left out stays.
        pub attributes: Map<String, Value>,
    }
}
