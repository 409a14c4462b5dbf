//! Every text of the panel. A language is a file, `texts/fr.json` and so on; the loader fetches the visitor's together with the code and
//! hands it over, and English is built in for when there is none or it does not come. Dates, numbers and plural rules are the browser's
//! `Intl` (see `browser.rs`).
//!
//! A new text: a line with its meaning in the table below, one in `texts/en.json` (or it does not compile), and one in each of the others
//! (or the test below names it). A new language: a file here, one in `more/`, which `index.html` copies, and a line in the test.

/// Puts `value` in the place of `{}`.
pub fn fill(template: &str, value: &str) -> String {
    let (before, after) = template.split_once('{').unwrap_or((template, ""));
    [before, value, after.trim_start_matches('}')].concat()
}

/// The categories of `Intl.PluralRules`, in the order of a [`Plural`]'s forms.
const CATEGORIES: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// A text that depends on a number, in the forms that its language has; others are empty.
pub struct Plural([&'static str; 6]);

impl Plural {
    /// The form for a category of `Intl.PluralRules`.
    pub fn form(&self, category: &str) -> &'static str {
        let forms = CATEGORIES.iter().zip(self.0).find(|(name, form)| **name == category && !form.is_empty());
        forms.map_or(self.0[5], |(_, form)| form)
    }
}

macro_rules! table {
    (texts { $($(#[$doc:meta])* $name:ident,)+ } plurals { $($(#[$plural_doc:meta])* $plural:ident,)+ }) => {
        /// The texts of one language.
        pub struct Texts {
            $($(#[$doc])* pub $name: &'static str,)+
            $($(#[$plural_doc])* pub $plural: Plural,)+
        }

        impl Texts {
            /// Takes a language's texts from its file. They stay for as long as the page does; what is missing is English.
            pub fn read(get: &dyn Fn(&str) -> Option<String>) -> &'static Self {
                let text = |key: &str, english: &'static str| get(key).map_or(english, |text| &*text.leak());
                let plural = |key: &str, english: &Plural| {
                    // Forms of two languages do not mix.
                    if get(&[key, ".other"].concat()).is_none() {
                        return Plural(english.0);
                    }
                    Plural(CATEGORIES.map(|category| text(&[key, ".", category].concat(), "")))
                };
                Box::leak(Box::new(Self {
                    $($name: text(stringify!($name), EN.$name),)+
                    $($plural: plural(stringify!($plural), &EN.$plural),)+
                }))
            }
        }

        #[cfg(test)]
        const NAMES: &[&str] = &[$(stringify!($name)),+];
        #[cfg(test)]
        const PLURALS: &[&str] = &[$(stringify!($plural)),+];
    };
}

table! {
    texts {
        /// Language tag (BCP 47).
        lang,
        /// Direction of writing, whatever the page's is: `ltr` or `rtl`.
        dir,
        /// Name of the dialog.
        chat,
        /// Name of the log.
        conversation,
        /// Name of the composer.
        message,
        /// What the empty composer says.
        placeholder,
        /// Name of the button that sends.
        send,
        /// Name of the button that closes the panel.
        close,
        /// Name of the button that ends the conversation.
        end,
        /// Asked once before the end.
        end_question,
        /// Takes the question back.
        end_cancel,
        /// First line of every conversation.
        greeting,
        /// Under the name: somebody is there.
        here,
        /// Under the name: nobody is there.
        away,
        /// Under the name of the agent who has the chat.
        with_you,
        /// Separates days.
        today,
        /// Separates days.
        yesterday,
        /// Mark of a message on its way.
        sending,
        /// Mark of a message that is on disk.
        sent,
        /// Mark of a message that an agent has read.
        read,
        /// Mark of a refused message.
        failed,
        /// Mark of a message that is too long.
        too_long,
        /// "Mia is typing".
        typing,
        /// "Mia joined the chat".
        joined,
        /// "Mia took over the chat".
        took_over,
        /// An agent or time ended the chat.
        ended,
        /// The visitor ended the chat.
        you_ended,
        /// The visitor wrote after the end.
        reopened,
        /// Queued, place unknown.
        waiting,
        /// Queued, first.
        next,
        /// Queued, with people before.
        position,
        /// Queued, expected to take less than a minute.
        soon,
        /// The connection is broken.
        reconnecting,
        /// The relay refuses this page.
        unavailable,
        /// Written while nobody is there.
        later,
        /// Goes to the end of the log.
        latest,
        /// Stands for what only a newer version can show.
        unknown,
        /// Stands for a message that was taken back.
        deleted,
        /// After the time of a changed message; begins with a separator.
        edited,
        /// Changes a message.
        edit,
        /// Takes a message back.
        delete,
        /// Above the composer while it changes a message.
        editing,
        /// Something that the visitor asked for was refused.
        refused,
        /// They came by a link from an email that opens nothing.
        old_link,
        /// "You rated this chat 4 out of 5".
        rated,
        /// The visitor’s other conversation lives on.
        merged,
        /// Name of the group of quick replies.
        replies,
        /// Sends files.
        attach,
        /// While files are dragged over the panel.
        drop,
        /// Opens the emoji.
        emoji,
        /// Begins a voice note.
        voice,
        /// Opens the transcript.
        transcript,
        /// Takes back what was begun.
        cancel,
        /// Sends a refused message again.
        retry,
    }
    plurals {
        /// Queued, expected to take some minutes.
        minutes,
    }
}

/// English.
pub static EN: Texts = include!(concat!(env!("OUT_DIR"), "/english.rs"));

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    type File = BTreeMap<String, String>;

    /// Every language, its direction, and the categories that `Intl.PluralRules` has for whole numbers a queue may reach; that the
    /// browsers agree is part of the browser tests.
    const LANGUAGES: [(&str, &str, &[&str]); 12] = [
        ("ar", "rtl", &CATEGORIES),
        ("de", "ltr", &["one", "other"]),
        ("en", "ltr", &["one", "other"]),
        ("es", "ltr", &["one", "other"]),
        ("fr", "ltr", &["one", "other"]),
        ("he", "rtl", &["one", "two", "other"]),
        ("it", "ltr", &["one", "other"]),
        ("ja", "ltr", &["other"]),
        ("nl", "ltr", &["one", "other"]),
        ("pl", "ltr", &["one", "few", "many", "other"]),
        ("pt", "ltr", &["one", "other"]),
        ("zh", "ltr", &["other"]),
    ];

    /// Words that are the same as in English, by languages that have taken them from the same place.
    const SAME: [&str; 8] = ["dir", "chat", "conversation", "emoji", "message", "pause", "playhead", "stop"];

    /// What the loader says: it has no use for a table in Rust. The relay reads the first of them to tell the loader.
    const LOADER: [&str; 2] = ["loader_open", "loader_failed"];

    fn file(language: &str) -> File {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("texts").join(format!("{language}.json"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn language(name: &str) -> &'static Texts {
        let file = file(name);
        Texts::read(&|key| file.get(key).cloned())
    }

    #[test]
    fn every_language_has_every_text_and_no_other() {
        for (language, dir, categories) in LANGUAGES {
            let file = file(language);
            let forms = PLURALS.iter().flat_map(|name| categories.iter().map(move |category| format!("{name}.{category}")));
            let wanted: BTreeSet<String> = NAMES.iter().chain(&LOADER).map(|name| (*name).to_owned()).chain(forms).collect();
            let there: BTreeSet<String> = file.keys().cloned().collect();
            assert_eq!(wanted.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in {language}.json");
            assert_eq!(
                there.difference(&wanted).collect::<Vec<_>>(),
                Vec::<&String>::new(),
                "nobody knows these of {language}.json"
            );
            assert_eq!((file["lang"].as_str(), file["dir"].as_str()), (language, dir));
        }
        assert_eq!(std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("texts")).unwrap().count(), LANGUAGES.len());
    }

    /// What the modules of `more/` say: a line for each text, without escapes.
    fn modules(language: &str) -> File {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("more/texts-{language}.js"));
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().filter_map(|line| line.trim().strip_suffix("\",")?.split_once(": \""));
        lines.map(|(key, text)| (key.to_owned(), text.to_owned())).collect()
    }

    /// Both halves of a language.
    fn whole(language: &str) -> File {
        modules(language).into_iter().map(|(key, text)| (format!("more {key}"), text)).chain(file(language)).collect()
    }

    #[test]
    fn the_modules_say_everything_in_every_language() {
        let english = modules("en");
        assert!(english.len() > 30);
        for (language, ..) in LANGUAGES {
            let there = modules(language);
            assert_eq!(there.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{language}");
            for list in ["scores", "emoji_groups"] {
                assert_eq!(there[list].split(',').count(), english[list].split(',').count(), "{language} {list}");
            }
        }
    }

    #[test]
    fn no_text_is_empty_or_left_in_english_and_places_agree() {
        let english = whole("en");
        for (language, ..) in LANGUAGES {
            for (key, text) in whole(language) {
                // One of them begins with a separator.
                assert!(!text.trim().is_empty() && text.trim_end() == text, "{language} {key} {text:?}");
                // Forms that English does not have are like its general one.
                let general = key.split_once('.').map(|(name, _)| format!("{name}.other")).unwrap_or_default();
                let like = english.get(&key).unwrap_or_else(|| &english[&general]);
                let left = language != "en" && text == *like && !SAME.contains(&key.trim_start_matches("more "));
                assert!(!left, "{language} {key} is left in English: {text:?}");
                let places = text.matches("{}").count();
                // "About two minutes" may be one word in a language that has a form for two.
                let named = key.ends_with(".one") || key.ends_with(".two");
                assert!(places == like.matches("{}").count() || named && places == 0, "{language} {key}: {text:?}");
                assert!(!text.replace("{}", "").contains(['{', '}']), "{language} {key}: {text:?}");
            }
        }
    }

    /// A no-break space before the colon and inside quotation marks, a narrow one before other double punctuation, and the typographic
    /// apostrophe.
    #[test]
    fn french_is_set_as_french_is() {
        for (key, text) in whole("fr") {
            for (at, sign) in text.match_indices(['?', '!', ';', ':', '»']) {
                let space = if [":", "»"].contains(&sign) { '\u{a0}' } else { '\u{202f}' };
                assert!(text[..at].ends_with(space), "{key}: {text:?} wants {space:?} before {sign}");
            }
            for (at, sign) in text.match_indices('«') {
                assert!(text[at + sign.len()..].starts_with('\u{a0}'), "{key}: {text:?} wants a no-break space after {sign}");
            }
            assert!(!text.contains('\''), "{key}: {text:?}");
        }
    }

    /// Nobody finds the end of a sentence alone on the next line.
    #[test]
    fn dots_stay_with_what_they_follow() {
        for (language, ..) in LANGUAGES {
            for (key, text) in whole(language) {
                assert!(!text.contains(" …") && !text.contains("..."), "{language} {key}: {text:?}");
            }
        }
    }

    /// Visitors are strangers: languages that tell two forms of address apart use the polite one throughout.
    #[test]
    fn visitors_are_addressed_politely() {
        const FAMILIAR: [(&str, &[&str]); 6] = [
            ("de", &["du", "dich", "dir", "dein", "deine", "deinen", "deiner"]),
            ("es", &["tú", "tu", "tus", "te", "ti", "contigo"]),
            ("fr", &["tu", "te", "toi", "ton", "ta", "tes"]),
            ("it", &["tu", "ti", "te", "tuo", "tua", "tuoi", "tue"]),
            ("nl", &["je", "jij", "jou", "jouw"]),
            ("pt", &["tu", "te", "ti", "teu", "tua", "teus", "tuas"]),
        ];
        for (language, familiar) in FAMILIAR {
            for (key, text) in whole(language) {
                let said = text.to_lowercase();
                let word = said.split(|letter: char| !letter.is_alphabetic()).find(|word| familiar.contains(word));
                assert_eq!(word, None, "{language} {key}: {text:?}");
            }
        }
    }

    #[test]
    fn what_a_file_lacks_is_english() {
        let half = Texts::read(&|key| (key == "send").then(|| "Invia".to_owned()));
        assert_eq!((half.send, half.close, half.minutes.form("one")), ("Invia", EN.close, "About {} minute."));
    }

    #[test]
    fn plurals_take_the_form_of_their_category() {
        let polish = language("pl");
        assert_eq!(
            ["one", "few", "many"].map(|category| polish.minutes.form(category)),
            ["Około {} minuty.", "Około {} minut.", "Około {} minut."]
        );
        assert_eq!(language("ja").minutes.form("other"), "約{}分です。");
        assert_eq!(language("fr").minutes.form("many"), "Environ {} minutes.", "a form that only millions have");
    }
}
