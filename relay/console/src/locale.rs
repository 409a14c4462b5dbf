//! The console's language: the browser's choice until the agent picks one, which is then kept.
//! Switching draws the page anew, so views read their texts once, without signals.

use leptos::prelude::*;

use crate::browser;
use crate::text::{ENGLISH, FRENCH, Texts};

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

    /// Its texts.
    pub fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::French => &FRENCH,
        }
    }
}

/// The chosen language, in context.
#[derive(Clone, Copy)]
pub struct Locale(pub RwSignal<Language>);

impl Locale {
    /// The kept choice, else the browser's.
    pub fn detect() -> Self {
        let tags = browser::kept(KEPT).into_iter().chain(browser::language());
        let tags: Vec<String> = tags.collect();
        Self(RwSignal::new(Language::choose(tags.iter().map(String::as_str))))
    }

    /// Chooses and keeps.
    pub fn choose(self, language: Language) {
        browser::keep(KEPT, language.tag());
        self.0.set(language);
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
