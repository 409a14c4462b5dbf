//! One line above the composer: the place in the queue, or what is wrong with the connection.

use shared::ids::Millis;

use crate::browser::{self, Count};
use crate::i18n::{Texts, fill};
use crate::state::{Chat, Notice};
use crate::view::*;

const MINUTE: Millis = 60_000;

/// The banner; assistive technology hears when it changes.
pub fn banner(chat: Chat) -> impl RenderHtml {
    let notice = move || chat.state.with(|state| state.notice());
    let class = move || match notice() {
        Notice::None => "banner".to_owned(),
        Notice::Queued(..) | Notice::Later => "banner calm".to_owned(),
        Notice::Reconnecting | Notice::Unavailable | Notice::Refused | Notice::OldLink => "banner trouble".to_owned(),
    };
    let words = move || match notice() {
        Notice::Later => chat.state.with(|state| state.says(chat.texts, |words| &words.later, chat.texts.later)),
        notice => say(chat.texts, notice, &|number| browser::count(chat.texts.lang, number)),
    };
    html::div().class(live(class)).attr("role", "status").child(live(words))
}

fn say(texts: &Texts, notice: Notice, count: &dyn Fn(u32) -> Count) -> String {
    match notice {
        // The owner may have other words for the latter.
        Notice::None | Notice::Later => String::new(),
        Notice::Reconnecting => texts.reconnecting.to_owned(),
        Notice::Unavailable => texts.unavailable.to_owned(),
        Notice::Refused => texts.refused.to_owned(),
        Notice::OldLink => texts.old_link.to_owned(),
        Notice::Queued(position, estimate) => {
            let place = match position {
                None => texts.waiting.to_owned(),
                Some(1) => texts.next.to_owned(),
                Some(position) => fill(texts.position, &count(position).number),
            };
            match estimate {
                None => place,
                Some(wait) => [&place, " ", &minutes(texts, wait, count)].concat(),
            }
        }
    }
}

/// A wait in words, rounded to minutes.
fn minutes(texts: &Texts, wait: Millis, count: &dyn Fn(u32) -> Count) -> String {
    let minutes = u32::try_from((wait + MINUTE / 2) / MINUTE).unwrap_or(0);
    match minutes {
        0 => texts.soon.to_owned(),
        _ => {
            let minutes = count(minutes);
            fill(texts.minutes.form(&minutes.category), &minutes.number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::EN;

    #[test]
    fn the_queue_is_told_in_words() {
        // As `Intl` counts in English.
        let count =
            |number: u32| Count { number: number.to_string(), category: if number == 1 { "one" } else { "other" }.to_owned() };
        let say = |notice| say(&EN, notice, &count);
        assert_eq!(say(Notice::Queued(Some(2), Some(170_000))), "You are number 2 in line. About 3 minutes.");
        assert_eq!(say(Notice::Queued(Some(1), Some(65_000))), "You are next. About 1 minute.");
        assert_eq!(say(Notice::Queued(Some(1), Some(20_000))), "You are next. Less than a minute.");
        assert_eq!(say(Notice::Queued(None, None)), EN.waiting);
    }
}
