//! The console's language: the browser's choice until the agent picks one, which is then kept. `boot.js` fetches its texts beside the
//! program; another language's are fetched when it is chosen. They lie where the second program finds them too: `bulleTexts`, the chosen
//! language's tag as `language` and its texts under that.
//! Switching draws the page anew, so views read their texts once, without signals.

#[cfg(target_arch = "wasm32")]
use std::sync::OnceLock;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser;
use crate::rest;
use crate::text::Texts;

/// Where the agent's own choice is kept.
const KEPT: &str = "bulle.language";

/// A language that the console speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::French];

    /// The first language tag (BCP 47) that the console speaks, else English.
    pub fn choose<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        tags.into_iter().find_map(Self::of).unwrap_or(Self::English)
    }

    fn of(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// Its primary subtag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// The tag that dates are written in: English with days before months and 24 hours.
    pub fn formats(self) -> &'static str {
        match self {
            Self::English => "en-GB",
            Self::French => "fr-FR",
        }
    }

    /// Its own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::French => "Français",
        }
    }

    /// Whether its texts have come.
    pub fn is_known(self) -> bool {
        known(self).is_some()
    }

    /// Its texts. In browsers those that have come: one language always has.
    pub fn texts(self) -> &'static Texts {
        known(self).or_else(|| Self::ALL.into_iter().find_map(known)).unwrap_or_else(|| Texts::none())
    }
}

/// The texts of a language, once they have been fetched.
#[cfg(target_arch = "wasm32")]
fn known(language: Language) -> Option<&'static Texts> {
    READ[language as usize].get()
}

/// Natively they are built in.
#[cfg(not(target_arch = "wasm32"))]
fn known(language: Language) -> Option<&'static Texts> {
    Some(match language {
        Language::English => &crate::text::ENGLISH,
        Language::French => &crate::text::FRENCH,
    })
}

#[cfg(target_arch = "wasm32")]
static READ: [OnceLock<Texts>; 2] = [const { OnceLock::new() }; 2];

/// Where the texts lie.
const TEXTS: &str = "bulleTexts";

/// Takes the texts of a language in, one a line. Another number of them belongs to another version of the console: that is left alone.
#[cfg(target_arch = "wasm32")]
fn take(language: Language, lines: String) {
    if let Some(texts) = Texts::of(lines.leak()) {
        let _read_already = READ[language as usize].set(texts);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn take(_: Language, _: String) {}

/// The chosen language, in context.
#[derive(Clone, Copy)]
pub struct Locale(pub RwSignal<Language>);

impl Locale {
    /// What the page speaks: at first the kept choice, else the browser's.
    pub fn detect() -> Self {
        let lying = |name| browser::global(&[TEXTS, name]);
        let language = Language::choose(lying("language").as_deref());
        if !language.is_known()
            && let Some(lines) = lying(language.tag())
        {
            take(language, lines);
        }
        Self(RwSignal::new(language))
    }

    /// Chooses and keeps, once its texts are there.
    pub fn choose(self, language: Language) {
        if language.is_known() {
            browser::keep(KEPT, language.tag());
            browser::put_global(&[TEXTS, "language"], language.tag());
            self.0.set(language);
            return;
        }
        spawn_local(async move {
            if let Ok(lines) = rest::file(&[language.tag(), ".txt"].concat()).await {
                browser::put_global(&[TEXTS, language.tag()], &lines);
                take(language, lines);
            }
            if language.is_known() {
                self.choose(language);
            } else {
                // Drawn anew as it is: the choice goes back to where it was.
                self.0.notify();
            }
        });
    }
}

/// The language of this page, read once.
pub fn language() -> Language {
    use_context::<Locale>().map_or(Language::English, |locale| locale.0.get_untracked())
}

/// The texts of this page, read once.
pub fn texts() -> &'static Texts {
    language().texts()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_tag_wins() {
        assert_eq!(Language::choose(["de-DE", "fr-CA", "en"]), Language::French);
        assert_eq!(Language::choose(["FR"]), Language::French);
        assert_eq!(Language::choose(["fry", ""]), Language::English);
        assert_eq!(Language::choose([]), Language::English);
    }
}
