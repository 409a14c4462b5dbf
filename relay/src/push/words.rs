//! What notifications say, in the languages of the console.

use crate::store::Cause;

/// The words of one language; `{name}` is the visitor.
pub struct Words {
    assigned: &'static str,
    message: &'static str,
    queue: &'static str,
    offer: &'static str,
    /// Somebody without a name.
    visitor: &'static str,
}

const ENGLISH: Words = Words {
    assigned: "New chat: {name}",
    message: "New message from {name}",
    queue: "{name} is waiting",
    offer: "A colleague offers you the chat with {name}",
    visitor: "Visitor",
};

const FRENCH: Words = Words {
    assigned: "Nouvelle conversation : {name}",
    message: "Nouveau message de {name}",
    queue: "{name} attend",
    offer: "Un collègue vous propose la conversation avec {name}",
    visitor: "Visiteur",
};

/// Those of a language tag; English for all that the console does not speak.
pub fn of(language: &str) -> &'static Words {
    match language.split(['-', '_']).next() {
        Some(primary) if primary.eq_ignore_ascii_case("fr") => &FRENCH,
        _ => &ENGLISH,
    }
}

impl Words {
    /// The title of a notification.
    pub fn title(&self, cause: Cause, name: Option<&str>) -> String {
        let template = match cause {
            Cause::Assigned => self.assigned,
            Cause::Message => self.message,
            Cause::Queue => self.queue,
            Cause::Offer => self.offer,
        };
        let name = name.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(self.visitor);
        template.replace("{name}", name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_name_who_it_is() {
        assert_eq!(of("fr-CA").title(Cause::Message, Some("Kim")), "Nouveau message de Kim");
        assert_eq!(of("de").title(Cause::Queue, Some(" ")), "Visitor is waiting");
        assert_eq!(of("").title(Cause::Offer, None), "A colleague offers you the chat with Visitor");
    }
}
