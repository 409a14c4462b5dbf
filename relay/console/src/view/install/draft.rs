//! What an admin is changing about a site, one signal a field, and what to send of it. Pure but for the signals.

use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::api::{SitePatch, SiteSetup};
use shared::model::{Field, FieldKind, Form, Greeting, SiteSettings, Words};

use crate::lean;

/// The languages that the panel speaks, by their own names.
pub const LANGUAGES: [(&str, &str); 12] = [
    ("en", "English"),
    ("fr", "Français"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("it", "Italiano"),
    ("pt", "Português"),
    ("nl", "Nederlands"),
    ("pl", "Polski"),
    ("ar", "العربية"),
    ("he", "עברית"),
    ("ja", "日本語"),
    ("zh", "中文"),
];

/// Bytes of what is called MB here, as file managers do.
const MB: f64 = 1_048_576.0;

/// A site being changed.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Its display name.
    pub name: RwSignal<String>,
    /// One origin a line.
    pub origins: RwSignal<String>,
    /// `#rrggbb`.
    pub color: RwSignal<String>,
    /// `left` or `right`.
    pub side: RwSignal<String>,
    /// `auto`, `light` or `dark`.
    pub theme: RwSignal<String>,
    /// A language tag; empty: the visitor's.
    pub locale: RwSignal<String>,
    /// Whether visitors may send files.
    pub files: RwSignal<bool>,
    /// How large these may be, in MB; empty: as the relay allows.
    pub file_size: RwSignal<String>,
    /// Whether they may record voice notes.
    pub voice: RwSignal<bool>,
    /// Whether they are asked for a rating.
    pub rating: RwSignal<bool>,
    /// Whether agents see what they are writing.
    pub drafts: RwSignal<bool>,
    /// What the panel says in the owner's words: for all languages first, then for each of the panel's, then for others that are set.
    pub words: StoredValue<Vec<WordsDraft>>,
    /// The form before the chat; none without fields.
    pub fields: RwSignal<Vec<FieldDraft>>,
    /// What has to be agreed to; empty: nothing.
    pub consent: RwSignal<String>,
    /// Messages that the page shows by itself.
    pub greetings: RwSignal<Vec<GreetingDraft>>,
}

/// The owner's words in a language. Empty ones are the panel's own.
#[derive(Clone, Copy)]
pub struct WordsDraft {
    /// Such as `fr`; empty: all that have none of their own.
    pub lang: StoredValue<String>,
    /// First line of every conversation.
    pub greeting: RwSignal<String>,
    /// Under the site's name: somebody is there.
    pub here: RwSignal<String>,
    /// Under the site's name: nobody is there.
    pub away: RwSignal<String>,
    /// Nobody is there now, and will answer later.
    pub later: RwSignal<String>,
}

/// A field of the form.
#[derive(Clone, Copy)]
pub struct FieldDraft {
    /// Tells it from the others on this page.
    pub number: u32,
    /// What it asks for.
    pub label: RwSignal<String>,
    /// What it takes, as on the wire.
    pub kind: RwSignal<String>,
    /// Whether it may not stay empty.
    pub required: RwSignal<bool>,
    /// Choices: one a line.
    pub options: RwSignal<String>,
}

/// A greeting.
#[derive(Clone, Copy)]
pub struct GreetingDraft {
    /// Its id, which visitors' browsers keep: it stays.
    pub id: StoredValue<String>,
    /// What it says.
    pub text: RwSignal<String>,
    /// Pattern of addresses; empty: any.
    pub url: RwSignal<String>,
    /// Seconds on the page; empty: at once.
    pub after: RwSignal<String>,
    /// Per cent; empty: none.
    pub scroll: RwSignal<String>,
    /// Whether the pointer has to leave.
    pub exit: RwSignal<bool>,
    /// `true`, `false` or empty.
    pub returning: RwSignal<String>,
}

impl Draft {
    /// Of a site as it is.
    pub fn of(site: &SiteSetup) -> Self {
        let settings = &site.settings;
        let form = settings.form.as_ref();
        let fields = form.map(|form| form.fields.iter().zip(0..).map(|(field, number)| FieldDraft::of(number, field)).collect());
        Self {
            name: RwSignal::new(site.name.clone()),
            origins: RwSignal::new(site.origins.join("\n")),
            color: RwSignal::new(settings.color.clone()),
            side: RwSignal::new(word(&settings.side)),
            theme: RwSignal::new(word(&settings.theme)),
            locale: RwSignal::new(settings.locale.clone().unwrap_or_default()),
            files: RwSignal::new(settings.files),
            file_size: RwSignal::new(settings.file_bytes.map(|bytes| (bytes as f64 / MB).to_string()).unwrap_or_default()),
            voice: RwSignal::new(settings.voice),
            rating: RwSignal::new(settings.rating),
            drafts: RwSignal::new(settings.drafts),
            words: StoredValue::new(WordsDraft::all_of(&settings.words)),
            fields: RwSignal::new(fields.unwrap_or_default()),
            consent: RwSignal::new(form.and_then(|form| form.consent.clone()).unwrap_or_default()),
            greetings: RwSignal::new(settings.greetings.iter().map(GreetingDraft::of).collect()),
        }
    }

    /// What to send.
    pub fn patch(&self) -> SitePatch {
        let fields: Vec<Field> = self.fields.with_untracked(|fields| fields.iter().map(FieldDraft::field).collect());
        let form = (!fields.is_empty()).then(|| Form { fields, consent: given(self.consent) });
        let settings = SiteSettings {
            color: self.color.get_untracked(),
            side: meant(&self.side.get_untracked()).unwrap_or_default(),
            theme: meant(&self.theme.get_untracked()).unwrap_or_default(),
            locale: given(self.locale),
            words: self.words.with_value(|words| words.iter().filter_map(WordsDraft::words).collect()),
            form,
            greetings: self.greetings.with_untracked(|greetings| greetings.iter().map(GreetingDraft::greeting).collect()),
            files: self.files.get_untracked(),
            file_bytes: self
                .file_size
                .with_untracked(|size| size.trim().parse::<f64>().ok().map(|size| (size * MB).round() as u64)),
            voice: self.voice.get_untracked(),
            rating: self.rating.get_untracked(),
            drafts: self.drafts.get_untracked(),
        };
        SitePatch {
            name: Some(self.name.get_untracked()),
            origins: Some(self.origins.with_untracked(|text| lines(text))),
            settings: Some(settings),
            ..SitePatch::default()
        }
    }
}

impl Draft {
    /// The first line of a conversation in this language, if the owner has words for it. Follows them.
    pub fn greeting(&self, lang: &str) -> Option<String> {
        self.words.with_value(|words| {
            let of = |lang: &str| words.iter().find(|words| words.lang.with_value(|own| own == lang) && words.is_set());
            let greeting = of(lang).or_else(|| of(""))?.greeting.get();
            Some(greeting.trim().to_owned()).filter(|greeting| !greeting.is_empty())
        })
    }
}

impl WordsDraft {
    fn all_of(set: &[Words]) -> Vec<Self> {
        let known = std::iter::once("").chain(LANGUAGES.map(|(lang, _)| lang));
        let others = set.iter().filter_map(|words| words.lang.as_deref());
        let others = others.filter(|lang| LANGUAGES.iter().all(|(known, _)| known != lang));
        known
            .chain(others)
            .map(|lang| Self::of(lang, set.iter().find(|words| words.lang.as_deref().unwrap_or("") == lang)))
            .collect()
    }

    fn of(lang: &str, words: Option<&Words>) -> Self {
        let text =
            |pick: fn(&Words) -> &Option<String>| RwSignal::new(words.and_then(|words| pick(words).clone()).unwrap_or_default());
        Self {
            lang: StoredValue::new(lang.to_owned()),
            greeting: text(|words| &words.greeting),
            here: text(|words| &words.here),
            away: text(|words| &words.away),
            later: text(|words| &words.later),
        }
    }

    /// Whether there are any. Follows them.
    pub fn is_set(&self) -> bool {
        [self.greeting, self.here, self.away, self.later].iter().any(|text| text.with(|text| !text.trim().is_empty()))
    }

    fn words(&self) -> Option<Words> {
        let lang = Some(self.lang.get_value()).filter(|lang| !lang.is_empty());
        let text = |text: RwSignal<String>| given(text);
        untrack(|| self.is_set()).then(|| Words {
            lang,
            greeting: text(self.greeting),
            here: text(self.here),
            away: text(self.away),
            later: text(self.later),
        })
    }
}

impl FieldDraft {
    /// An empty one.
    pub fn new(number: u32) -> Self {
        Self::of(number, &Field { label: String::new(), kind: FieldKind::Text, required: false, options: Vec::new() })
    }

    fn of(number: u32, field: &Field) -> Self {
        Self {
            number,
            label: RwSignal::new(field.label.clone()),
            kind: RwSignal::new(word(&field.kind)),
            required: RwSignal::new(field.required),
            options: RwSignal::new(field.options.join("\n")),
        }
    }

    /// Whether it is a choice.
    pub fn is_choice(&self) -> bool {
        self.kind.with(|kind| kind == "choice")
    }

    fn field(&self) -> Field {
        let kind = meant(&self.kind.get_untracked()).unwrap_or(FieldKind::Text);
        // What was a choice before may still have options.
        let options = if kind == FieldKind::Choice { self.options.with_untracked(|text| lines(text)) } else { Vec::new() };
        Field {
            label: self.label.with_untracked(|label| label.trim().to_owned()),
            kind,
            required: self.required.get_untracked(),
            options,
        }
    }
}

impl GreetingDraft {
    /// An empty one.
    pub fn new(id: String) -> Self {
        let (text, url, after_s, scroll, exit, returning) = (String::new(), None, None, None, false, None);
        Self::of(&Greeting { id, text, url, after_s, scroll, exit, returning })
    }

    fn of(greeting: &Greeting) -> Self {
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        Self {
            id: StoredValue::new(greeting.id.clone()),
            text: RwSignal::new(greeting.text.clone()),
            url: RwSignal::new(greeting.url.clone().unwrap_or_default()),
            after: RwSignal::new(number(greeting.after_s)),
            scroll: RwSignal::new(number(greeting.scroll.map(u32::from))),
            exit: RwSignal::new(greeting.exit),
            returning: RwSignal::new(greeting.returning.map(|returning| returning.to_string()).unwrap_or_default()),
        }
    }

    fn greeting(&self) -> Greeting {
        Greeting {
            id: self.id.get_value(),
            text: self.text.with_untracked(|text| text.trim().to_owned()),
            url: given(self.url),
            after_s: self.after.with_untracked(|number| number.trim().parse().ok()),
            scroll: self.scroll.with_untracked(|number| number.trim().parse().ok()),
            exit: self.exit.get_untracked(),
            returning: self.returning.with_untracked(|word| word.parse().ok()),
        }
    }
}

/// The text, unless it is blank.
fn given(text: RwSignal<String>) -> Option<String> {
    text.with_untracked(|text| Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// The lines that say something.
fn lines(text: &str) -> Vec<String> {
    text.split([',', '\n']).map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// How a choice is written on the wire; every one of them is a word there.
fn word(choice: &impl Serialize) -> String {
    lean::word(choice)
}

fn meant<T: DeserializeOwned>(word: &str) -> Option<T> {
    lean::read(&["\"", word, "\""].concat()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_not_touched_is_sent_as_it_was() {
        let site: SiteSetup = serde_json::from_value(json!({
            "key": "shop", "name": "Shop", "origins": ["https://a.example", "https://*.b.example"], "snippet": "", "csp": [], "frame_csp": [],
            "settings": {
                "color": "#abcdef", "side": "left", "theme": "dark", "locale": "fr", "files": false, "file_bytes": 1_500_000,
                "words": [{ "greeting": "Hello you", "later": "Tomorrow" }, { "lang": "fr", "here": "Nous sommes là" }, { "lang": "sv", "away": "Borta" }],
                "voice": true, "rating": false, "drafts": false,
                "form": { "fields": [
                    { "label": "Email", "kind": "email", "required": true },
                    { "label": "About", "kind": "choice", "options": ["Sales", "Support"] },
                ], "consent": "I agree" },
                "greetings": [
                    { "id": "a", "text": "Hi", "url": "/cart*", "after_s": 0, "scroll": 50, "exit": true, "returning": false },
                    { "id": "b", "text": "Ho" },
                ],
            },
        }))
        .unwrap();
        let patch = Owner::new().with(|| Draft::of(&site).patch());
        assert_eq!(patch.settings, Some(site.settings));
        assert_eq!(patch.origins, Some(site.origins));
        assert_eq!((patch.name, patch.verified_only), (Some(site.name), None));
    }

    #[test]
    fn blank_means_left_out() {
        let greeting = Owner::new().with(|| {
            let draft = GreetingDraft::new("x".to_owned());
            draft.url.set("  ".to_owned());
            draft.after.set("soon".to_owned());
            draft.greeting()
        });
        assert_eq!((greeting.url, greeting.after_s, greeting.returning), (None, None, None));
        assert_eq!(lines(" https://a.example ,\n\nhttps://b.example\n"), ["https://a.example", "https://b.example"]);
    }
}
