//! What a site owner chooses: how the widget looks, what it asks and offers. The loader is told the looks, the panel its part by
//! `welcome`, the console all of it.

use serde::{Deserialize, Serialize};

use super::{is_false, wire};

/// Most fields of the form before the chat.
pub const MAX_FIELDS: usize = 10;
/// Most languages in which a site has words of its own.
pub const MAX_WORDS: usize = 32;
/// Most greetings of a site.
pub const MAX_GREETINGS: usize = 20;

/// Which edge of the window the launcher is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The right one.
    #[default]
    Right,
    /// The left one.
    Left,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the visitor's system has it.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// What a field of the form takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// The visitor's name.
    Name,
    /// Their email address.
    Email,
    /// Their telephone number.
    Phone,
    /// A line of text.
    Text,
    /// One of `options`.
    Choice,
}

wire! {
    /// The settings of a site. Whatever is left out has its default.
    pub struct SiteSettings {
        /// Accent colour, `#rrggbb`.
        #[serde(default = "accent")]
        pub color: String,
        /// Where the launcher is.
        #[serde(default)]
        pub side: Side,
        /// Light or dark.
        #[serde(default)]
        pub theme: Theme,
        /// Language of the texts (BCP 47); left out: the visitor's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub locale: Option<String>,
        /// What the panel says in the owner's words and not its own, at most [`MAX_WORDS`], one for a language.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub words: Vec<Words>,
        /// The form before the chat; left out: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub form: Option<Form>,
        /// Messages that the page shows by itself, at most [`MAX_GREETINGS`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub greetings: Vec<Greeting>,
        /// Whether visitors may send files.
        #[serde(default = "yes")]
        pub files: bool,
        /// Greatest size of these in bytes, at least 1,024; left out, or greater than the relay's own limit: that one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub file_bytes: Option<u64>,
        /// Whether visitors may record voice notes.
        #[serde(default = "yes")]
        pub voice: bool,
        /// Whether visitors are asked for a rating at the end.
        #[serde(default = "yes")]
        pub rating: bool,
        /// Whether agents see what visitors are writing before it is sent; otherwise only that they write.
        #[serde(default = "yes")]
        pub drafts: bool,
    }

    /// Texts of the panel in the owner's words, 1 to [`MAX_FIELD`](super::MAX_FIELD) characters each. What is left out is said as always.
    pub struct Words {
        /// The language of the panel in which this is said, such as `fr`; left out: all that have no words of their own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub lang: Option<String>,
        /// First line of every conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub greeting: Option<String>,
        /// Under the site's name: somebody is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub here: Option<String>,
        /// Under the site's name: nobody is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub away: Option<String>,
        /// Nobody is there now, and will answer later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub later: Option<String>,
    }

    /// The form before the chat.
    pub struct Form {
        /// 1 to [`MAX_FIELDS`] fields.
        pub fields: Vec<Field>,
        /// What the visitor has to agree to; left out: nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub consent: Option<String>,
    }

    /// A field of the form before the chat.
    pub struct Field {
        /// What it asks for, 1 to [`MAX_LABEL`](super::MAX_LABEL) characters; different from all others.
        pub label: String,
        /// What it takes.
        pub kind: FieldKind,
        /// Whether it may not stay empty.
        #[serde(default, skip_serializing_if = "is_false")]
        pub required: bool,
        /// `choice` only: 2 to 20 options.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub options: Vec<String>,
    }

    /// A message that the page shows by itself, once for each visitor and only while somebody may answer. All that is set has to hold.
    pub struct Greeting {
        /// Tells it from the others of the site: 1 to 64 characters of `a-z A-Z 0-9 _ -`.
        pub id: String,
        /// What it says, 1 to [`MAX_FIELD`](super::MAX_FIELD) characters.
        pub text: String,
        /// The page's address matches this pattern, in which `*` stands for anything. One that begins with `/` is about the path and what
        /// follows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub url: Option<String>,
        /// So many seconds were spent on the page, 0 to 3,600.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub after_s: Option<u32>,
        /// The page was scrolled down so many per cent, 1 to 100.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub scroll: Option<u8>,
        /// The pointer leaves the page by its upper edge.
        #[serde(default, skip_serializing_if = "is_false")]
        pub exit: bool,
        /// The visitor was here before (`true`) or was not (`false`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub returning: Option<bool>,
    }

    /// What the panel is told of the settings: a part of the visitor's `welcome`.
    #[derive(Default)]
    pub struct Panel {
        /// What it says in the owner's words, language by language.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub words: Vec<Words>,
        /// The form before the chat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub form: Option<Form>,
        /// Whether and which files may be sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub files: Option<FileRules>,
        /// Whether voice notes may be recorded.
        #[serde(default, skip_serializing_if = "is_false")]
        pub voice: bool,
        /// Whether to ask for a rating at the end.
        #[serde(default, skip_serializing_if = "is_false")]
        pub rating: bool,
        /// Whether the relay can send email: transcripts, and answers to messages that were left.
        #[serde(default, skip_serializing_if = "is_false")]
        pub email: bool,
    }

    /// Which files may be uploaded.
    pub struct FileRules {
        /// Greatest length in bytes.
        pub most_bytes: u64,
        /// Media types that are taken, such as `image/png`, or `image/*`.
        pub types: Vec<String>,
    }
}

impl Panel {
    /// Whether it asks and offers nothing.
    pub fn is_bare(&self) -> bool {
        *self == Self::default()
    }

    /// The owner's words in this language, or else for all.
    pub fn words(&self, lang: &str) -> Option<&Words> {
        let of = |lang| self.words.iter().find(|words| words.lang.as_deref() == lang);
        of(Some(lang)).or_else(|| of(None))
    }
}

fn accent() -> String {
    "#2456e6".to_owned()
}

fn yes() -> bool {
    true
}

impl SiteSettings {
    /// Greatest size in bytes of a file that visitors may send, where the relay takes this much.
    pub fn most_file_bytes(&self, relay: u64) -> u64 {
        self.file_bytes.map_or(relay, |own| own.min(relay))
    }
}

impl Default for SiteSettings {
    fn default() -> Self {
        Self {
            color: accent(),
            side: Side::default(),
            theme: Theme::default(),
            locale: None,
            words: Vec::new(),
            form: None,
            greetings: Vec::new(),
            files: true,
            file_bytes: None,
            voice: true,
            rating: true,
            drafts: true,
        }
    }
}
