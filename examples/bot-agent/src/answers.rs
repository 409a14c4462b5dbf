//! What the bot says to what visitors say. Pure: put your own knowledge here.

/// The quick reply by which visitors ask for a person.
pub const PERSON: &str = "Talk to a person";

/// What to do about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Say this, with quick replies under it.
    Say(&'static str, &'static [&'static str]),
    /// Say this, then give the chat back to the queue.
    HandOver(&'static str),
}

/// Quick replies under every answer.
const CHOICES: &[&str] = &["Opening hours", "Shipping", PERSON];

/// Words that somebody uses who wants a person.
const WANTS_PERSON: [&str; 5] = ["person", "human", "agent", "somebody", "someone"];

/// Topics: the words that lead to them, and what there is to say.
const TOPICS: [(&[&str], &str); 3] = [
    (&["hour", "open", "close"], "We are here Monday to Friday, from 9 to 18."),
    (&["ship", "deliver", "send"], "We ship within three days, everywhere in Europe."),
    (&["hello", "hi", "hey", "bonjour"], "Hello! I am a bot. What is it about?"),
];

/// The answer to a message.
pub fn answer(text: &str) -> Answer {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let says = |beginnings: &[&str]| words.iter().any(|word| beginnings.iter().any(|beginning| word.starts_with(beginning)));
    if says(&WANTS_PERSON) {
        return Answer::HandOver("I hand you over to a person. One moment, please.");
    }
    match TOPICS.iter().find(|(beginnings, _)| says(beginnings)) {
        Some((_, words)) => Answer::Say(words, CHOICES),
        None => Answer::HandOver("That is more than I know: a person will answer you."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_what_it_knows_and_hands_over_the_rest() {
        assert_eq!(answer("Hi!"), Answer::Say(TOPICS[2].1, CHOICES));
        assert_eq!(answer("When do you OPEN?"), Answer::Say(TOPICS[0].1, CHOICES));
        assert_eq!(answer("Shipping"), Answer::Say(TOPICS[1].1, CHOICES));
        assert!(matches!(answer(PERSON), Answer::HandOver(_)));
        assert!(matches!(answer("My cup has a crack"), Answer::HandOver(_)));
        assert!(matches!(answer("this and that"), Answer::HandOver(_)), "\"this\" is no \"hi\"");
    }
}
