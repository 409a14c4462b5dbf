//! Whether a `say` can be said: by whom, and within the protocol's bounds. Pure; both sessions ask it before anything else. What it
//! cuts or trims, it writes back. Whether a file is there is for the store to tell.

use shared::close::ErrorCode;
use shared::frame::ErrorFrame;
use shared::ids::MessageId;
use shared::model::{
    Answer, Card, CardButton, MAX_BUTTONS, MAX_CHOICES, MAX_FIELD, MAX_FIELDS, MAX_LABEL, MAX_MENTIONS, MAX_TEXT, MAX_URL,
    Rating, Say, cut,
};

use super::refuse;

/// Checks a visitor's message.
///
/// # Errors
/// What is wrong with it.
pub(super) fn of_visitor(say: &mut Say) -> Result<(), ErrorFrame> {
    let agents_only = [
        ("note", say.note),
        ("whisper", say.whisper),
        ("mentions", !say.mentions.is_empty()),
        ("choices", !say.choices.is_empty()),
        ("cards", !say.cards.is_empty()),
    ];
    only(say, &agents_only, "agents")?;
    body(say)?;
    if let Some(contact) = &mut say.contact {
        contact.email = cut(contact.email.trim(), MAX_FIELD).to_owned();
        contact.name = super::short(contact.name.as_deref());
        if !looks_like_email(&contact.email) {
            return Err(invalid(say, "contact.email: this is no email address"));
        }
    }
    if say.answers.len() > MAX_FIELDS {
        return Err(invalid(say, format!("answers: at most {MAX_FIELDS}")));
    }
    if say.answers.iter().any(|answer| !is_label(&answer.label, MAX_LABEL)) {
        return Err(invalid(say, format!("answers: a label has 1 to {MAX_LABEL} characters")));
    }
    for answer in &mut say.answers {
        answer.value = cut(answer.value.trim(), MAX_FIELD).to_owned();
    }
    say.answers.retain(|Answer { value, .. }| !value.is_empty());
    Ok(())
}

/// Checks an agent's message or note.
///
/// # Errors
/// What is wrong with it.
pub(super) fn of_agent(say: &Say) -> Result<(), ErrorFrame> {
    if say.conversation.is_none() {
        return Err(invalid(say, "conversation: say which one"));
    }
    let visitors_only = [
        ("contact", say.contact.is_some()),
        ("answers", !say.answers.is_empty()),
        ("greeting", say.greeting.is_some()),
        ("fresh", say.fresh),
    ];
    only(say, &visitors_only, "visitors")?;
    body(say)?;
    if say.note && (say.file.is_some() || !say.cards.is_empty() || !say.choices.is_empty()) {
        return Err(invalid(say, "note: a note is text and nothing else"));
    }
    if say.whisper && !say.note {
        return Err(invalid(say, "whisper: it is a note: say so"));
    }
    if !say.mentions.is_empty() && !say.note {
        return Err(invalid(say, "mentions: only a note names colleagues"));
    }
    if say.mentions.len() > MAX_MENTIONS {
        return Err(invalid(say, format!("mentions: at most {MAX_MENTIONS}")));
    }
    if !say.choices.is_empty() && say.text.is_empty() {
        return Err(invalid(say, "choices: quick replies stand under a text"));
    }
    if say.choices.len() > MAX_CHOICES || !say.choices.iter().all(|choice| is_label(choice, MAX_LABEL)) {
        return Err(invalid(say, format!("choices: at most {MAX_CHOICES}, of 1 to {MAX_LABEL} characters")));
    }
    if say.cards.len() > MAX_CHOICES {
        return Err(invalid(say, format!("cards: at most {MAX_CHOICES}")));
    }
    say.cards.iter().find_map(wrong_with).map_or(Ok(()), |problem| Err(invalid(say, problem)))
}

/// A new text for a message.
///
/// # Errors
/// It has nothing to say, or too much.
pub(super) fn text(id: MessageId, text: &str) -> Result<(), ErrorFrame> {
    if text.trim().is_empty() {
        return Err(refuse(Some(id), ErrorCode::EmptyText, "text: there is nothing but white space"));
    }
    if is_longer(text, MAX_TEXT) {
        let message = format!("text: at most {MAX_TEXT} characters; send a longer text in parts");
        return Err(refuse(Some(id), ErrorCode::TextTooLong, message));
    }
    Ok(())
}

/// A rating: 1 to 5, and a comment that has something to say.
///
/// # Errors
/// It is none.
pub(super) fn rating(id: MessageId, score: u8, comment: Option<String>) -> Result<Rating, ErrorFrame> {
    if !(1..=5).contains(&score) {
        return Err(refuse(Some(id), ErrorCode::InvalidField, "score: 1 to 5"));
    }
    let comment = comment.filter(|comment| !comment.trim().is_empty());
    comment.as_deref().map_or(Ok(()), |comment| text(id, comment))?;
    Ok(Rating { score, comment })
}

/// Something before and something with a dot after a single `@`; whether it can be reached only an email can tell.
pub(crate) fn looks_like_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    !local.is_empty() && domain.contains('.') && !domain.contains('@') && !text.contains(char::is_whitespace)
}

fn only(say: &Say, fields: &[(&str, bool)], whom: &str) -> Result<(), ErrorFrame> {
    match fields.iter().find(|(_, is_there)| *is_there) {
        Some((field, _)) => Err(invalid(say, format!("{field}: only for {whom}"))),
        None => Ok(()),
    }
}

/// A message is one thing: text, a file, or cards.
fn body(say: &Say) -> Result<(), ErrorFrame> {
    match (say.text.is_empty(), &say.file, say.cards.is_empty()) {
        (true, Some(_), true) | (true, None, false) => Ok(()),
        (_, None, true) => text(say.id, &say.text),
        _ => Err(invalid(say, "text, file, cards: a message has one of them")),
    }
}

fn wrong_with(card: &Card) -> Option<String> {
    if !is_label(&card.title, MAX_FIELD) {
        return Some(format!("cards: a title has 1 to {MAX_FIELD} characters"));
    }
    if card.text.as_deref().is_some_and(|text| is_longer(text, MAX_FIELD)) {
        return Some(format!("cards: a text has at most {MAX_FIELD} characters"));
    }
    if card.buttons.len() > MAX_BUTTONS || !card.buttons.iter().all(|button| is_label(&button.label, MAX_LABEL)) {
        return Some(format!("cards: at most {MAX_BUTTONS} buttons, with labels of 1 to {MAX_LABEL} characters"));
    }
    let leads_nowhere = |button: &CardButton| button.url.as_deref().is_some_and(|url| !is_address(url));
    card.buttons.iter().any(leads_nowhere).then(|| "cards: a button's url begins with https://".to_owned())
}

/// Nothing but `https:` comes to a visitor as a link, least of all `javascript:`.
fn is_address(url: &str) -> bool {
    !is_longer(url, MAX_URL) && url::Url::parse(url).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

fn is_label(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && !is_longer(text, most)
}

/// Counting characters is only worth it where bytes allow too many of them.
fn is_longer(text: &str, most: usize) -> bool {
    text.len() > most && text.chars().count() > most
}

fn invalid(say: &Say, message: impl Into<String>) -> ErrorFrame {
    refuse(Some(say.id), ErrorCode::InvalidField, message)
}

#[cfg(test)]
mod tests {
    use shared::ids::{AgentId, ConversationId, FileId};
    use shared::model::Contact;
    use uuid::Uuid;

    use super::*;

    fn say(change: impl FnOnce(&mut Say)) -> Say {
        let mut say = Say::text(MessageId(Uuid::nil()), Some(ConversationId(Uuid::nil())), "hello");
        change(&mut say);
        say
    }

    fn card(change: impl FnOnce(&mut Card)) -> Say {
        let mut card = Card { title: "Shoe".into(), text: None, image: None, buttons: Vec::new() };
        change(&mut card);
        say(|say| {
            say.text.clear();
            say.cards.push(card);
        })
    }

    fn visitor(mut say: Say) -> Option<ErrorCode> {
        of_visitor(&mut say).err().map(|error| error.code)
    }

    fn agent(say: &Say) -> Option<ErrorCode> {
        of_agent(say).err().map(|error| error.code)
    }

    fn file() -> Option<FileId> {
        Some(FileId(Uuid::nil()))
    }

    fn button(label: &str, url: Option<&str>) -> CardButton {
        CardButton { label: label.into(), url: url.map(str::to_owned) }
    }

    #[test]
    fn a_message_is_one_thing() {
        let invalid = Some(ErrorCode::InvalidField);
        let file_alone = say(|say| {
            say.text.clear();
            say.file = file();
        });
        assert_eq!((visitor(file_alone.clone()), agent(&file_alone)), (None, None));
        let both = say(|say| say.file = file());
        assert_eq!((visitor(both.clone()), agent(&both)), (invalid, invalid));
        assert_eq!(agent(&card(|_| ())), None);
        assert_eq!(agent(&Say { text: "and".into(), ..card(|_| ()) }), invalid);
        assert_eq!(agent(&Say { file: file(), ..card(|_| ()) }), invalid);
        let nothing = say(|say| say.text = " \n".into());
        assert_eq!((visitor(nothing.clone()), agent(&nothing)), (Some(ErrorCode::EmptyText), Some(ErrorCode::EmptyText)));
        let long = say(|say| say.text = "é".repeat(MAX_TEXT + 1));
        assert_eq!(visitor(long), Some(ErrorCode::TextTooLong));
        assert_eq!(visitor(say(|say| say.text = "é".repeat(MAX_TEXT))), None);
    }

    #[test]
    fn each_side_has_its_own() {
        let invalid = Some(ErrorCode::InvalidField);
        let choices = say(|say| say.choices.push("Yes".into()));
        assert_eq!((visitor(choices.clone()), agent(&choices)), (invalid, None));
        let note = say(|say| say.note = true);
        assert_eq!((visitor(note.clone()), agent(&note)), (invalid, None));
        assert_eq!(visitor(card(|_| ())), invalid);
        let whisper = say(|say| (say.note, say.whisper) = (true, true));
        assert_eq!((visitor(whisper.clone()), agent(&whisper)), (invalid, None));
        assert_eq!(agent(&say(|say| say.whisper = true)), invalid, "a whisper is a note");
        let names = |note, number| say(|say| (say.note, say.mentions) = (note, vec![AgentId(Uuid::nil()); number]));
        assert_eq!([visitor(names(false, 1)), agent(&names(false, 1))], [invalid, invalid]);
        assert_eq!([agent(&names(true, 10)), agent(&names(true, 11))], [None, invalid]);
        let answer = Answer { label: "Order".into(), value: " 4711 ".into() };
        for change in [
            say(|say| say.contact = Some(Contact { name: None, email: "kim@example.org".into() })),
            say(|say| say.answers.push(answer.clone())),
            say(|say| say.greeting = Some("hello".into())),
            say(|say| say.fresh = true),
        ] {
            assert_eq!((visitor(change.clone()), agent(&change)), (None, invalid), "{change:?}");
        }
        assert_eq!(agent(&say(|say| say.conversation = None)), invalid);
    }

    #[test]
    fn bounds_hold() {
        let invalid = Some(ErrorCode::InvalidField);
        let choices = |number: usize, length: usize| say(|say| say.choices = vec!["x".repeat(length); number]);
        assert_eq!(
            [agent(&choices(10, 80)), agent(&choices(11, 80)), agent(&choices(1, 81)), agent(&choices(1, 0))],
            [None, invalid, invalid, invalid]
        );
        assert_eq!(agent(&say(|say| (say.note, say.choices) = (true, vec!["Yes".into()]))), invalid);
        assert_eq!(agent(&say(|say| (say.text, say.file, say.choices) = (String::new(), file(), vec!["Yes".into()]))), invalid);
        assert_eq!(agent(&card(|card| card.title = "x".repeat(257))), invalid);
        assert_eq!(agent(&card(|card| card.title = " ".into())), invalid);
        assert_eq!(agent(&card(|card| card.text = Some("x".repeat(257)))), invalid);
        assert_eq!(agent(&card(|card| card.buttons = vec![button("Yes", None); 3])), None);
        assert_eq!(agent(&card(|card| card.buttons = vec![button("Yes", None); 4])), invalid);
        for (url, answer) in [
            ("https://shop.example/shoe?a=b", None),
            ("http://shop.example/", invalid),
            ("javascript:alert(1)", invalid),
            (" javascript:alert(1)", invalid),
            ("data:text/html,x", invalid),
            ("/shoe", invalid),
            ("https://", invalid),
        ] {
            assert_eq!(agent(&card(|card| card.buttons.push(button("Buy", Some(url))))), answer, "{url}");
        }
        let answers =
            |number: usize, label: &str| say(|say| say.answers = vec![Answer { label: label.into(), value: "x".into() }; number]);
        assert_eq!([visitor(answers(10, "a")), visitor(answers(11, "a")), visitor(answers(1, ""))], [None, invalid, invalid]);
        let mut long = say(|say| say.answers = vec![Answer { label: "a".into(), value: "x".repeat(300) }]);
        of_visitor(&mut long).unwrap();
        assert_eq!(long.answers[0].value.len(), MAX_FIELD);
        assert_eq!(visitor(say(|say| say.contact = Some(Contact { name: None, email: "kim".into() }))), invalid);
    }
}
