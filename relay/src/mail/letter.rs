//! What a mail says, from what it is about: subject, plain text and HTML. Pure; `mail` reads what it needs and sends what comes out.
//! Everything that people wrote is text: it is escaped in the HTML, and no name gets a line of its own into a header.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use shared::ids::Millis;
use shared::model::{Author, Body, Entry, Event};

use super::words::Words;

/// Bytes of conversation that one mail holds; servers of mail commonly take 10 MB and more, people read less.
const MOST: usize = 256 * 1024;
/// The year 9999 begins here, past which dates of the web have no form, in ms.
const LATEST: u64 = 253_370_764_800_000;
/// Characters of a name in a subject.
const NAME: usize = 80;

/// What goes out.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// An agent's answer, and the way back into the conversation.
pub fn answer(words: &Words, site: &str, entries: &[Entry], link: Option<&str>) -> Letter {
    let said = entries.iter().filter_map(|entry| Some((name_of(&entry.by)?, text_of(&entry.body)?)));
    let said: Vec<_> = said.collect();
    let who = said.last().map_or(site, |(name, _)| name);
    let mut page = Page::new(words);
    page.line(&fill(words.answered, &one_line(who)));
    for (_, text) in &said {
        page.quote(text);
    }
    if let Some(link) = link {
        page.line(words.reply);
        page.link(link);
        page.line(words.warning);
    }
    page.letter(fill(words.answer, &one_line(site)))
}

/// The conversation to keep. Times are GMT: a relay knows of the visitor's clock only its zone's name.
pub fn transcript(words: &Words, site: &str, entries: &[Entry], is_cut: bool) -> Letter {
    let mut page = Page::new(words);
    page.line(&fill(words.transcript, &one_line(site)));
    let mut is_cut = is_cut;
    for entry in entries {
        let who = match &entry.by {
            Author::Visitor => words.you,
            by => name_of(by).unwrap_or(site),
        };
        let Some(text) = text_of(&entry.body) else { continue };
        if page.text.len() + text.len() > MOST {
            is_cut = true;
            break;
        }
        page.said(&format!("{} · {}", stamp(entry.at), one_line(who)), &text);
    }
    if is_cut {
        page.line(words.cut);
    }
    page.letter(fill(words.transcript, &one_line(site)))
}

/// Whose name stands by it; nobody's by what the relay itself notes.
fn name_of(by: &Author) -> Option<&str> {
    if let Author::Agent(person) = by { Some(&person.name) } else { None }
}

/// What somebody said to the other side.
fn text_of(body: &Body) -> Option<String> {
    match body {
        Body::Cards(cards) => Some(cards.iter().map(|card| card.title.as_str()).collect::<Vec<_>>().join("\n")),
        Body::Event(Event::Greeted(text)) => Some(text.clone()),
        body => body.preview().filter(|_| !body.is_internal()).map(str::to_owned),
    }
}

fn fill(text: &str, value: &str) -> String {
    text.replacen("{}", value, 1)
}

/// A name as a part of a line.
fn one_line(name: &str) -> String {
    let spaced = name.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    spaced.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME).collect()
}

/// The moment as the web writes it; a clock out of range counts from its beginning.
fn stamp(at: Millis) -> String {
    let since = Duration::from_millis(u64::try_from(at).ok().filter(|at| *at < LATEST).unwrap_or(0));
    httpdate::fmt_http_date(UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH))
}

/// Plain text and HTML, written together so that neither lacks what the other has.
struct Page {
    text: String,
    html: String,
}

impl Page {
    fn new(words: &Words) -> Self {
        let direction = if words.rtl { "rtl" } else { "ltr" };
        let html = format!(
            "<!doctype html>\n<html lang=\"{}\" dir=\"{direction}\">\n<body style=\"font:16px/1.5 sans-serif;max-width:40em\">\n",
            words.lang
        );
        Self { text: String::new(), html }
    }

    fn line(&mut self, line: &str) {
        // Writing into a String cannot fail, here and below.
        _ = write!(self.text, "{line}\n\n");
        _ = writeln!(self.html, "<p>{}</p>", escaped(line));
    }

    fn quote(&mut self, text: &str) {
        for line in text.lines() {
            _ = writeln!(self.text, "> {line}");
        }
        self.text.push('\n');
        _ = writeln!(
            self.html,
            "<blockquote dir=\"auto\" style=\"margin:0 0 1em;padding-inline-start:1em;border-inline-start:3px solid #ccc;white-space:pre-wrap\">{}</blockquote>",
            escaped(text)
        );
    }

    fn said(&mut self, head: &str, text: &str) {
        _ = write!(self.text, "{head}\n{text}\n\n");
        _ = writeln!(
            self.html,
            "<p><small>{}</small><br><span dir=\"auto\" style=\"white-space:pre-wrap\">{}</span></p>",
            escaped(head),
            escaped(text)
        );
    }

    fn link(&mut self, address: &str) {
        _ = write!(self.text, "{address}\n\n");
        let address = escaped(address);
        _ = writeln!(self.html, "<p><a href=\"{address}\">{address}</a></p>");
    }

    fn letter(self, subject: String) -> Letter {
        Letter { subject, text: self.text, html: self.html + "</body>\n</html>\n" }
    }
}

/// For a text between tags, or between double quotes in one.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use shared::ids::{AgentId, MessageId};
    use shared::model::Person;

    use super::super::words;
    use super::*;

    fn entry(by: Author, body: Body) -> Entry {
        Entry { seq: 1, prev: 0, id: MessageId::v7(0, [1; 10]), at: 1_700_000_000_000, by, body }
    }

    fn mia(name: &str) -> Author {
        Author::Agent(Person { id: AgentId::v7(0, [1; 10]), name: name.into() })
    }

    #[test]
    fn an_answer_quotes_what_was_said_and_leads_back() {
        let entries =
            [entry(mia("Mia"), Body::Text("On <Sunday>\nat ten".into())), entry(mia("Mia"), Body::Note("secret".into()))];
        let letter = answer(words::of(None), "Kiln & Clay", &entries, Some("https://chat.example/chat/k#resume=00"));
        assert_eq!(letter.subject, "Kiln & Clay has answered you");
        assert!(letter.text.contains("Mia has answered you:\n\n> On <Sunday>\n> at ten\n"), "{}", letter.text);
        assert!(letter.html.contains("On &lt;Sunday&gt;\nat ten") && !letter.html.contains("<Sunday>"), "{}", letter.html);
        assert!(letter.html.contains("href=\"https://chat.example/chat/k#resume=00\""), "{}", letter.html);
        assert!(!letter.text.contains("secret") && !letter.html.contains("secret"));
    }

    #[test]
    fn no_name_becomes_a_header_or_markup() {
        let site = "Kiln\r\nBcc: all@example.com";
        let letter = answer(words::of(None), site, &[entry(mia("<script>\u{7}\n"), Body::Text("x".into()))], None);
        assert_eq!(letter.subject, "Kiln Bcc: all@example.com has answered you");
        assert!(!letter.html.contains("<script>") && letter.text.starts_with("<script> has answered you:"), "{}", letter.text);
    }

    #[test]
    fn a_transcript_tells_who_said_what_when() {
        let entries = [
            entry(Author::Visitor, Body::Text("Hello".into())),
            entry(mia("Mia"), Body::Text("Hi".into())),
            entry(mia("Mia"), Body::Deleted),
            entry(mia("Mia"), Body::Note("secret".into())),
        ];
        let letter = transcript(words::of(Some("fr")), "Kiln", &entries, false);
        assert_eq!(letter.subject, "Votre conversation avec Kiln");
        assert!(
            letter.text.contains("Tue, 14 Nov 2023 22:13:20 GMT · Vous\nHello\n\nTue, 14 Nov 2023 22:13:20 GMT · Mia\nHi\n\n"),
            "{}",
            letter.text
        );
        assert!(!letter.text.contains("secret") && letter.text.matches("GMT").count() == 2);
        let long = vec![entry(Author::Visitor, Body::Text("x".repeat(8_000))); 100];
        let letter = transcript(words::of(None), "Kiln", &long, false);
        assert!(letter.text.len() < MOST + 1_024 && letter.text.contains("longer than this mail"), "{}", letter.text.len());
    }

    #[test]
    fn no_clock_is_too_wrong_to_be_told() {
        assert_eq!(stamp(1_700_000_000_000), "Tue, 14 Nov 2023 22:13:20 GMT");
        for wrong in [Millis::MIN, -1, Millis::MAX] {
            assert_eq!(stamp(wrong), "Thu, 01 Jan 1970 00:00:00 GMT");
        }
    }
}
