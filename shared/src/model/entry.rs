//! What a conversation is made of: numbered entries, what they hold and who wrote them, and a new message on its way (`say`).

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Person, is_false, wire};
use crate::ids::{AgentId, ConversationId, FileId, MessageId, Millis, Seq, TeamId};

/// Longest list of quick replies under a message, and of cards in one message.
pub const MAX_CHOICES: usize = 10;
/// Longest label of a quick reply or of a card's button, in Unicode scalar values.
pub const MAX_LABEL: usize = 80;
/// Most buttons of a card.
pub const MAX_BUTTONS: usize = 3;
/// Most tags of a conversation.
pub const MAX_TAGS: usize = 20;
/// Most colleagues whom one note can name.
pub const MAX_MENTIONS: usize = 10;
/// Longest tag, in Unicode scalar values.
pub const MAX_TAG: usize = 40;
/// How long an author may change or take back their own last message, in ms.
pub const EDIT_WITHIN: Millis = 60_000;

wire! {
    /// Who wrote an entry.
    #[serde(rename_all = "snake_case")]
    pub enum Author {
        /// The visitor of the conversation.
        Visitor,
        /// An agent.
        Agent(Person),
        /// The relay itself (events).
        System,
    }

    /// What an entry holds.
    #[serde(rename_all = "snake_case")]
    pub enum Body {
        /// Plain text, at most [`MAX_TEXT`](super::MAX_TEXT) characters; never interpreted as markup.
        Text(String),
        /// An internal note: text that never reaches the visitor.
        Note(String),
        /// An internal note of a supervisor to the agent who has the chat; as little as a note does it reach the visitor.
        Whisper(Whisper),
        /// A file: a picture, a voice note, a document.
        File(File),
        /// Text with quick replies, which bots and agents offer: choosing one says its text.
        Menu(Menu),
        /// Cards, which bots and agents show side by side; at most [`MAX_CHOICES`].
        Cards(Vec<Card>),
        /// A message that its author took back.
        Deleted,
        /// Something that happened to the conversation.
        Event(Event),
        /// What a later version of the protocol may hold. Clients keep its seq and show that they cannot show it; the relay never writes it.
        #[serde(untagged)]
        #[cfg_attr(feature = "schema", schemars(skip))]
        Unknown(Unknown),
    }

    /// Something that happened to a conversation.
    #[serde(rename_all = "snake_case")]
    pub enum Event {
        /// An agent has the chat now.
        Assigned(Assigned),
        /// The chat waits again; agents only.
        Requeued(RequeueReason),
        /// The chat was set aside; agents only.
        Parked(ParkReason),
        /// The parked chat goes on with the agent it had; agents only.
        Resumed,
        /// The chat ended.
        Closed(CloseReason),
        /// The visitor wrote again after the end.
        Reopened,
        /// The visitor left an address for the answer; agents only.
        Contact(Contact),
        /// What the visitor filled into the form before the chat; agents only.
        Answered(Vec<Answer>),
        /// Text of the greeting that the visitor answers: the entry before their message.
        Greeted(String),
        /// An author changed their message.
        Edited(Edited),
        /// An author took back their message, whose own entry has become [`Body::Deleted`].
        Deleted(Deleted),
        /// The visitor rated the conversation.
        Rated(Rating),
        /// An agent put labels on the conversation, or took some off; agents only.
        Tagged(Tagged),
        /// The conversation is for a team from now on; agents only.
        Routed(Routed),
        /// An agent changed how urgent the conversation is; agents only.
        Prioritized(Prioritized),
        /// The visitor turned out to be somebody whose other conversation lives on; the last entry of this one but for its end.
        Merged(Merged),
        /// As in [`Body::Unknown`].
        #[serde(untagged)]
        #[cfg_attr(feature = "schema", schemars(skip))]
        Unknown(Unknown),
    }

    /// A file as it was uploaded.
    pub struct File {
        /// Its id, which nobody can guess: whoever knows it may fetch the file.
        pub id: FileId,
        /// Its name on its author's computer, at most [`MAX_FIELD`](super::MAX_FIELD) characters.
        pub name: String,
        /// Media type, such as `image/png`, as its first bytes show it; `application/octet-stream` for all others.
        pub media_type: String,
        /// Its length in bytes.
        pub size: u64,
        /// Path on the relay, beginning with `/f/`.
        pub path: String,
        /// Pictures: width in pixels, so that nothing moves when it loads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub width: Option<u32>,
        /// Pictures: height in pixels.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub height: Option<u32>,
        /// Voice notes: length in ms, as their author's browser told it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub duration_ms: Option<Millis>,
    }

    /// A note to the agent who has the chat.
    pub struct Whisper {
        /// Who had it when the note was written.
        pub to: Person,
        /// As in [`Body::Note`].
        pub text: String,
    }

    /// Text with quick replies.
    pub struct Menu {
        /// The text above them, as in [`Body::Text`].
        pub text: String,
        /// 1 to [`MAX_CHOICES`] replies of at most [`MAX_LABEL`] characters.
        pub choices: Vec<String>,
    }

    /// A card.
    pub struct Card {
        /// Title, 1 to [`MAX_FIELD`](super::MAX_FIELD) characters.
        pub title: String,
        /// Text below it, at most [`MAX_FIELD`](super::MAX_FIELD) characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub text: Option<String>,
        /// Picture above it: an uploaded file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub image: Option<File>,
        /// At most [`MAX_BUTTONS`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub buttons: Vec<CardButton>,
    }

    /// A button of a card: a link, or a quick reply.
    pub struct CardButton {
        /// 1 to [`MAX_LABEL`] characters; without a link, pressing it says them.
        pub label: String,
        /// An `https:` address to go to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub url: Option<String>,
    }

    /// One field of the form before the chat, filled in.
    pub struct Answer {
        /// Label of the field, as the visitor saw it.
        pub label: String,
        /// What they wrote or chose, at most [`MAX_FIELD`](super::MAX_FIELD) characters.
        pub value: String,
    }

    /// A message changed.
    pub struct Edited {
        /// The seq of the message.
        pub seq: Seq,
        /// Its text from now on.
        pub text: String,
        /// Whether it is an internal note.
        #[serde(default, skip_serializing_if = "is_false")]
        pub note: bool,
    }

    /// A message was taken back.
    #[derive(Copy)]
    pub struct Deleted {
        /// The seq of the message.
        pub seq: Seq,
        /// Whether it was an internal note.
        #[serde(default, skip_serializing_if = "is_false")]
        pub note: bool,
    }

    /// A rating.
    pub struct Rating {
        /// 1 (bad) to 5 (good).
        pub score: u8,
        /// Why, at most [`MAX_TEXT`](super::MAX_TEXT) characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub comment: Option<String>,
    }

    /// A change of a conversation's tags.
    pub struct Tagged {
        /// Put on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub added: Vec<String>,
        /// Taken off.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub removed: Vec<String>,
    }

    /// Whose a conversation is.
    pub struct Routed {
        /// The team.
        pub team: TeamId,
        /// Its name at that time.
        pub name: String,
    }

    /// How urgent a conversation is.
    #[derive(Copy)]
    pub struct Prioritized {
        /// Within [`PRIORITIES`](super::PRIORITIES): greater goes first.
        pub priority: i32,
    }

    /// Where a merged conversation goes on.
    #[derive(Copy)]
    pub struct Merged {
        /// The conversation that lives on.
        pub into: ConversationId,
    }

    /// Who got a chat and how.
    pub struct Assigned {
        /// The agent who has the chat now.
        pub agent: Person,
        /// How they came by it.
        pub how: AssignedHow,
    }

    /// An address for an answer that comes later.
    pub struct Contact {
        /// Name, at most [`MAX_FIELD`](super::MAX_FIELD) characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub name: Option<String>,
        /// Email address, at most [`MAX_FIELD`](super::MAX_FIELD) characters.
        pub email: String,
    }

    /// One numbered entry of a conversation, as delivered to one audience.
    pub struct Entry {
        /// Its number.
        pub seq: Seq,
        /// Number of the entry before it that this receiver may see; 0: none. Greater than the last one seen: a gap.
        pub prev: Seq,
        /// The author's id for it (events: the relay's).
        pub id: MessageId,
        /// When it was committed.
        pub at: Millis,
        /// Who wrote it.
        pub by: Author,
        /// What it says.
        pub body: Body,
    }

    /// How far a receiver has come in a conversation.
    #[derive(Copy)]
    pub struct Seen {
        /// The conversation.
        pub conversation: ConversationId,
        /// The last seq that was seen; 0: none.
        pub seq: Seq,
    }

    /// A new message on its way to the relay; the same for visitors and agents.
    pub struct Say {
        /// Chosen by the author, a UUIDv7; saying the same id again is answered with the same ack.
        pub id: MessageId,
        /// Which conversation. Visitors leave it out: they have one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub conversation: Option<ConversationId>,
        /// 1 to [`MAX_TEXT`](super::MAX_TEXT) characters, not only white space. Left out when the message is a file or cards.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub text: String,
        /// Agents only: an internal note instead of a message.
        #[serde(default, skip_serializing_if = "is_false")]
        pub note: bool,
        /// Supervisors only, with `note`: to the agent who has the chat, who is another one.
        #[serde(default, skip_serializing_if = "is_false")]
        pub whisper: bool,
        /// Agents only, with `note`: colleagues whom it names, at most [`MAX_MENTIONS`]. They are told, and may read the conversation.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub mentions: Vec<AgentId>,
        /// Visitors only: the offline form's address for the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub contact: Option<Contact>,
        /// Instead of text: a file that this author uploaded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub file: Option<FileId>,
        /// Agents only: quick replies under the text.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub choices: Vec<String>,
        /// Agents only, instead of text: cards.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub cards: Vec<Card>,
        /// Visitors only: what they filled into the form before the chat, with the message that follows it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub answers: Vec<Answer>,
        /// Visitors only: the id of the greeting that they answer. One that the site does not have any more is ignored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub greeting: Option<String>,
        /// Visitors only: begin a new conversation where the last one is closed, instead of going on with that.
        #[serde(default, skip_serializing_if = "is_false")]
        pub fresh: bool,
    }
}

/// How an agent came by a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AssignedHow {
    /// The desk handed it out.
    Dispatched,
    /// They picked it.
    Taken,
    /// They picked it beyond their capacity ("take anyway").
    Stretched,
    /// Another agent handed it over.
    Transferred,
    /// A supervisor took it from the agent who had it.
    TakenOver,
}

/// Why a chat waits again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RequeueReason {
    /// Its agent's last connection has been gone too long.
    AgentGone,
    /// Its agent was given it and did not answer in time.
    Unanswered,
    /// Its agent handed it back to the queue.
    HandedOver,
    /// Its agent's account was disabled.
    AgentDisabled,
    /// Its agent has not touched their console for long, and it was unanswered.
    AgentInactive,
    /// The visitor wrote while it was parked.
    VisitorSpoke,
    /// The visitor came back to it.
    VisitorReturned,
}

/// Why a chat was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ParkReason {
    /// The visitor has left the site.
    VisitorGone,
    /// The visitor is there but silent.
    VisitorSilent,
    /// Nobody was there to answer when it began.
    NobodyThere,
    /// Its agent has not touched their console for long.
    AgentInactive,
    /// It began outside the site's opening hours.
    OutsideHours,
}

/// Why a chat ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// An agent ended it.
    Agent,
    /// The visitor ended it.
    Visitor,
    /// Nothing came for a day after an agent's last message.
    Expired,
    /// The visitor wrote after the end and it needed no answer ("thanks").
    Dismissed,
    /// Another conversation of the same visitor lives on.
    Merged,
}

/// A value that this version cannot read: takes anything, keeps nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unknown;

impl<'de> Deserialize<'de> for Unknown {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(source).map(|_| Self)
    }
}

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_unit()
    }
}

impl Body {
    /// Whether a later version wrote it, or it is damaged.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Event(Event::Unknown(_)))
    }

    /// What a preview shows of it; nothing for notes and events, which are no messages.
    pub fn preview(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Menu(Menu { text, .. }) => Some(text),
            Self::File(file) => Some(&file.name),
            Self::Cards(cards) => cards.first().map(|card| card.title.as_str()),
            Self::Note(_) | Self::Whisper(_) | Self::Event(_) | Self::Deleted | Self::Unknown(_) => None,
        }
    }

    /// Whether somebody says something to the other side with it.
    pub fn is_message(&self) -> bool {
        self.preview().is_some()
    }

    /// Whether it is text for the team alone, which its author may change and take back as if it were a message.
    pub fn is_note(&self) -> bool {
        matches!(self, Self::Note(_) | Self::Whisper(_))
    }

    /// Whether only the team may see it.
    pub fn is_internal(&self) -> bool {
        match self {
            Self::Text(_) | Self::File(_) | Self::Menu(_) | Self::Cards(_) | Self::Deleted | Self::Unknown(_) => false,
            Self::Note(_) | Self::Whisper(_) => true,
            Self::Event(event) => match event {
                Event::Assigned(_) | Event::Closed(_) | Event::Reopened => false,
                Event::Greeted(_) | Event::Rated(_) | Event::Merged(_) | Event::Unknown(_) => false,
                Event::Requeued(_) | Event::Parked(_) | Event::Resumed => true,
                Event::Contact(_) | Event::Answered(_) | Event::Tagged(_) => true,
                Event::Routed(_) | Event::Prioritized(_) => true,
                Event::Edited(Edited { note, .. }) | Event::Deleted(Deleted { note, .. }) => *note,
            },
        }
    }
}

impl Say {
    /// A message of text alone.
    pub fn text(id: MessageId, conversation: Option<ConversationId>, text: impl Into<String>) -> Self {
        Self {
            id,
            conversation,
            text: text.into(),
            note: false,
            whisper: false,
            mentions: Vec::new(),
            contact: None,
            file: None,
            choices: Vec::new(),
            cards: Vec::new(),
            answers: Vec::new(),
            greeting: None,
            fresh: false,
        }
    }
}
