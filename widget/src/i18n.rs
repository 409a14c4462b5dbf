//! Every text of the panel, one typed table per language. A new language is a new table; a missing text does not compile.
//! Dates and times come from the browser's `Intl` (see `browser.rs`), not from here.

/// Puts `value` in the place of `{}`.
pub fn fill(template: &str, value: &str) -> String {
    let (before, after) = template.split_once('{').unwrap_or((template, ""));
    [before, value, after.trim_start_matches('}')].concat()
}

macro_rules! table {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// The texts of one language.
        pub struct Texts {
            /// Language tag (BCP 47).
            pub lang: &'static str,
            /// Direction of writing, whatever the page's is: `ltr` or `rtl`.
            pub dir: &'static str,
            /// Which of a plural's two forms a number takes: 0 or 1.
            pub plural: fn(u32) -> usize,
            /// "About n minutes", singular and plural.
            pub minutes: [&'static str; 2],
            $($(#[$doc])* pub $name: &'static str,)+
        }

        #[cfg(test)]
        impl Texts {
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                let mut all = vec![("minutes[0]", self.minutes[0]), ("minutes[1]", self.minutes[1])];
                $(all.push((stringify!($name), self.$name));)+
                all
            }
        }
    };
}

table! {
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

static EN: Texts = Texts {
    lang: "en",
    dir: "ltr",
    plural: |count| usize::from(count != 1),
    minutes: ["About {} minute", "About {} minutes"],
    chat: "Chat",
    conversation: "Conversation",
    message: "Message",
    placeholder: "Write a message…",
    send: "Send",
    close: "Close chat",
    end: "End chat",
    end_question: "End this chat?",
    end_cancel: "Keep chatting",
    greeting: "Hello! How can we help?",
    here: "We are here for you",
    away: "Away at the moment",
    with_you: "Here with you",
    today: "Today",
    yesterday: "Yesterday",
    sending: "Sending…",
    sent: "Sent",
    read: "Read",
    failed: "Not sent",
    too_long: "Not sent: too long",
    typing: "{} is typing",
    joined: "{} joined the chat",
    took_over: "{} took over the chat",
    ended: "The chat has ended",
    you_ended: "You ended the chat",
    reopened: "The chat goes on",
    waiting: "You are in line. Somebody will be with you.",
    next: "You are next.",
    position: "You are number {} in line.",
    soon: "Less than a minute",
    reconnecting: "Reconnecting… What you write is kept.",
    unavailable: "Chat is not available on this page.",
    later: "We are away right now and will answer as soon as we are back.",
    latest: "Latest messages",
    unknown: "Not shown in this version of the chat",
    deleted: "Message deleted",
    edited: " · edited",
    edit: "Edit",
    delete: "Delete",
    editing: "Editing your message",
    refused: "That did not work. Please try again.",
    rated: "You rated this chat {} out of 5",
    merged: "This chat goes on in your other conversation",
    replies: "Quick replies",
    attach: "Attach files",
    drop: "Drop files to send them",
    emoji: "Emoji",
    voice: "Record a voice note",
    transcript: "Transcript",
    cancel: "Cancel",
    retry: "Try again",
};

static FR: Texts = Texts {
    lang: "fr",
    dir: "ltr",
    plural: |count| usize::from(count > 1),
    minutes: ["Environ {} minute", "Environ {} minutes"],
    chat: "Discussion",
    conversation: "Conversation",
    message: "Message",
    placeholder: "Écrivez un message…",
    send: "Envoyer",
    close: "Fermer le chat",
    end: "Terminer la discussion",
    end_question: "Terminer cette discussion ?",
    end_cancel: "Continuer",
    greeting: "Bonjour ! Comment pouvons-nous vous aider ?",
    here: "Nous sommes là pour vous",
    away: "Absents pour le moment",
    with_you: "Avec vous",
    today: "Aujourd’hui",
    yesterday: "Hier",
    sending: "Envoi…",
    sent: "Envoyé",
    read: "Lu",
    failed: "Non envoyé",
    too_long: "Non envoyé : trop long",
    typing: "{} écrit",
    joined: "{} a rejoint la discussion",
    took_over: "{} a repris la discussion",
    ended: "La discussion est terminée",
    you_ended: "Vous avez terminé la discussion",
    reopened: "La discussion reprend",
    waiting: "Vous êtes dans la file. Quelqu’un va vous répondre.",
    next: "Vous êtes le prochain.",
    position: "Vous êtes numéro {} dans la file.",
    soon: "Moins d’une minute",
    reconnecting: "Reconnexion… Ce que vous écrivez est conservé.",
    unavailable: "Le chat n’est pas disponible sur cette page.",
    later: "Nous sommes absents et vous répondrons dès notre retour.",
    latest: "Derniers messages",
    unknown: "Non affiché dans cette version du chat",
    deleted: "Message supprimé",
    edited: " · modifié",
    edit: "Modifier",
    delete: "Supprimer",
    editing: "Modification de votre message",
    refused: "Cela n’a pas fonctionné. Veuillez réessayer.",
    rated: "Vous avez noté cette discussion {} sur 5",
    merged: "Cette discussion continue dans votre autre conversation",
    replies: "Réponses rapides",
    attach: "Joindre des fichiers",
    drop: "Déposez les fichiers pour les envoyer",
    emoji: "Émojis",
    voice: "Enregistrer un message vocal",
    transcript: "Transcription",
    cancel: "Annuler",
    retry: "Réessayer",
};

/// The table for a language tag (BCP 47); English where there is none.
pub fn texts(locale: &str) -> &'static Texts {
    match locale.get(..2) {
        Some("fr" | "FR" | "Fr") => &FR,
        _ => &EN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_empty_and_places_agree() {
        for ((name, english), (_, french)) in EN.all().into_iter().zip(FR.all()) {
            assert!(!english.trim().is_empty() && !french.trim().is_empty(), "{name}");
            assert_eq!(english.matches("{}").count(), french.matches("{}").count(), "{name}");
        }
    }

    #[test]
    fn french_texts_are_french() {
        let same: Vec<_> = EN.all().into_iter().zip(FR.all()).filter(|(english, french)| english.1 == french.1).collect();
        let names: Vec<_> = same.iter().map(|(english, _)| english.0).collect();
        assert_eq!(names, ["conversation", "message"], "the same word in both languages");
    }

    #[test]
    fn plurals_follow_the_language() {
        assert_eq!([0, 1, 2].map(EN.plural), [1, 0, 1]);
        assert_eq!([0, 1, 2].map(FR.plural), [0, 0, 1]);
    }

    #[test]
    fn language_tags_find_their_table() {
        assert_eq!(texts("fr-CA").send, "Envoyer");
        assert_eq!(texts("de").send, "Send");
        assert_eq!(texts("").send, "Send");
        assert_eq!(texts("é").send, "Send");
    }

    /// The modules of `widget/more`, and what they say in each language.
    const MODULES: [&str; 9] = [
        include_str!("../more/emoji.js"),
        include_str!("../more/files.js"),
        include_str!("../more/form.js"),
        include_str!("../more/leave.js"),
        include_str!("../more/over.js"),
        include_str!("../more/rating.js"),
        include_str!("../more/show.js"),
        include_str!("../more/transcript.js"),
        include_str!("../more/voice.js"),
    ];
    const OF_MODULES: [&str; 2] = [include_str!("../more/texts-en.js"), include_str!("../more/texts-fr.js")];

    fn of_module(table: &str) -> Vec<(&str, &str)> {
        table.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix("\",")?.split_once(": \"")).collect()
    }

    #[test]
    fn modules_have_every_text_in_every_language() {
        let [english, others @ ..] = OF_MODULES.map(of_module);
        for other in others {
            for ((name, one), (of, same)) in english.iter().zip(&other) {
                assert_eq!(name, of, "the tables have the same names in the same order");
                assert_eq!(one.matches("{}").count(), same.matches("{}").count(), "{name}");
                assert_eq!(one.matches(',').count() > 3, same.matches(',').count() > 3, "{name} is a list");
            }
            assert_eq!(english.len(), other.len());
        }
        for module in MODULES {
            for used in module.split("texts.").skip(1) {
                let end = used.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(used.len());
                assert!(english.iter().any(|(name, _)| *name == &used[..end]), "{}", &used[..end]);
            }
        }
    }
}
