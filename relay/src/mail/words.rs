//! What stands in emails, in the languages of the widget. `{}` is filled in: see each.

/// The texts of one language.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// Its tag.
    pub lang: &'static str,
    /// Whether it is written from right to left.
    pub rtl: bool,
    /// Subject of an answer; `{}` is the site's name.
    pub answer: &'static str,
    /// First line of an answer; `{}` is the agent's name.
    pub answered: &'static str,
    /// Before the link.
    pub reply: &'static str,
    /// After it.
    pub warning: &'static str,
    /// Subject of a transcript; `{}` is the site's name.
    pub transcript: &'static str,
    /// The visitor.
    pub you: &'static str,
    /// Where more follows than a mail holds.
    pub cut: &'static str,
}

const WORDS: [Words; 12] = [
    Words {
        lang: "en",
        rtl: false,
        answer: "{} has answered you",
        answered: "{} has answered you:",
        reply: "To read all of it, or to write back:",
        warning: "This link works for a week. Whoever has it can read the conversation, so keep it to yourself.",
        transcript: "Your conversation with {}",
        you: "You",
        cut: "The conversation is longer than this mail.",
    },
    Words {
        lang: "fr",
        rtl: false,
        answer: "{} vous a répondu",
        answered: "{} vous a répondu :",
        reply: "Pour tout lire ou répondre :",
        warning: "Ce lien est valable une semaine. Toute personne qui le possède peut lire la conversation : ne le partagez pas.",
        transcript: "Votre conversation avec {}",
        you: "Vous",
        cut: "La conversation est plus longue que cet e-mail.",
    },
    Words {
        lang: "de",
        rtl: false,
        answer: "{} hat Ihnen geantwortet",
        answered: "{} hat Ihnen geantwortet:",
        reply: "Alles lesen oder zurückschreiben:",
        warning: "Dieser Link gilt eine Woche. Wer ihn hat, kann das Gespräch lesen; geben Sie ihn nicht weiter.",
        transcript: "Ihr Gespräch mit {}",
        you: "Sie",
        cut: "Das Gespräch ist länger als diese E-Mail.",
    },
    Words {
        lang: "es",
        rtl: false,
        answer: "{} le ha respondido",
        answered: "{} le ha respondido:",
        reply: "Para leerlo todo o contestar:",
        warning: "Este enlace funciona durante una semana. Quien lo tenga puede leer la conversación: no lo comparta.",
        transcript: "Su conversación con {}",
        you: "Usted",
        cut: "La conversación es más larga que este correo.",
    },
    Words {
        lang: "it",
        rtl: false,
        answer: "Risposta da {}",
        answered: "{} le ha risposto:",
        reply: "Per leggere tutto o rispondere:",
        warning: "Questo link è valido per una settimana. Chi lo possiede può leggere la conversazione: non lo condivida.",
        transcript: "La sua conversazione con {}",
        you: "Lei",
        cut: "La conversazione è più lunga di questa e-mail.",
    },
    Words {
        lang: "pt",
        rtl: false,
        answer: "{} respondeu",
        answered: "{} respondeu:",
        reply: "Para ler tudo ou responder:",
        warning: "Este link vale por uma semana. Quem tiver o link pode ler a conversa: não o compartilhe.",
        transcript: "Sua conversa com {}",
        you: "Você",
        cut: "A conversa é mais longa do que este e-mail.",
    },
    Words {
        lang: "nl",
        rtl: false,
        answer: "{} heeft u geantwoord",
        answered: "{} heeft u geantwoord:",
        reply: "Alles lezen of terugschrijven:",
        warning: "Deze link werkt een week. Wie hem heeft, kan het gesprek lezen: houd hem voor uzelf.",
        transcript: "Uw gesprek met {}",
        you: "U",
        cut: "Het gesprek is langer dan deze e-mail.",
    },
    Words {
        lang: "pl",
        rtl: false,
        answer: "{}: odpowiedź na Państwa wiadomość",
        answered: "{} odpowiada:",
        reply: "Aby przeczytać całość lub odpisać:",
        warning: "Ten link działa przez tydzień. Każdy, kto go ma, może przeczytać rozmowę: proszę go nie udostępniać.",
        transcript: "{}: zapis rozmowy",
        you: "Ja",
        cut: "Rozmowa jest dłuższa niż ta wiadomość.",
    },
    Words {
        lang: "ar",
        rtl: true,
        answer: "رد من {}",
        answered: "رد عليك {}:",
        reply: "لقراءة المحادثة كاملة أو للرد:",
        warning: "يعمل هذا الرابط لمدة أسبوع. من يملكه يستطيع قراءة المحادثة، فلا تشاركه.",
        transcript: "محادثتك مع {}",
        you: "أنت",
        cut: "المحادثة أطول من هذه الرسالة.",
    },
    Words {
        lang: "he",
        rtl: true,
        answer: "תשובה מ־{}",
        answered: "תשובה מ־{}:",
        reply: "לקריאת כל השיחה או למענה:",
        warning: "הקישור תקף לשבוע. מי שמחזיק בו יכול לקרוא את השיחה, ולכן אין לשתף אותו.",
        transcript: "השיחה שלך עם {}",
        you: "אני",
        cut: "השיחה ארוכה מהודעה זו.",
    },
    Words {
        lang: "ja",
        rtl: false,
        answer: "{}からの返信",
        answered: "{}からの返信：",
        reply: "全文を読む、または返信するには：",
        warning: "このリンクは1週間有効です。リンクを知っている人は会話を読めますので、共有しないでください。",
        transcript: "{}との会話",
        you: "あなた",
        cut: "会話はこのメールより長いため、途中までです。",
    },
    Words {
        lang: "zh",
        rtl: false,
        answer: "{} 已回复您",
        answered: "{} 已回复您：",
        reply: "查看全部内容或回复：",
        warning: "此链接一周内有效。任何持有链接的人都能阅读对话，请勿转发。",
        transcript: "您与 {} 的对话",
        you: "您",
        cut: "对话较长，此邮件未包含全部内容。",
    },
];

/// The texts for a visitor whose browser speaks this; English where there are none.
pub fn of(locale: Option<&str>) -> &'static Words {
    let lang = locale.and_then(|tag| tag.split(['-', '_']).next()).unwrap_or_default().to_ascii_lowercase();
    WORDS.iter().find(|words| words.lang == lang).unwrap_or(&WORDS[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_and_has_its_place() {
        for words in &WORDS {
            for text in [words.answer, words.answered, words.transcript] {
                assert_eq!(text.matches("{}").count(), 1, "{}: {text}", words.lang);
            }
            for text in [words.reply, words.warning, words.you, words.cut] {
                assert!(!text.is_empty() && !text.contains("{}"), "{}: {text}", words.lang);
            }
        }
        assert_eq!(
            (of(Some("fr-CA")).lang, of(Some("PT_br")).lang, of(Some("xx")).lang, of(None).lang),
            ("fr", "pt", "en", "en")
        );
    }
}
