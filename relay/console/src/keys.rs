//! What a key means. One table gives both the commands and the `?` overlay, so the two cannot drift.
//! Pure: `view/shortcuts.rs` listens and carries out.

use crate::text::Texts;

/// What the keyboard asks for outside text fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Focus the next row of the lists.
    Next,
    /// Focus the row before.
    Previous,
    /// Focus the first row of the list.
    First,
    /// Focus the last row of the list.
    Last,
    /// Open the n-th of my chats, from 0.
    Mine(usize),
    /// Take the open conversation.
    Take,
    /// Write a message.
    Reply,
    /// Write a note.
    Note,
    /// Whisper to the agent who has the chat.
    Whisper,
    /// Open the first conversation in which I am named.
    Mention,
    /// Take the open conversation from the colleague who has it.
    TakeOver,
    /// Close the open conversation.
    Close,
    /// Choose an agent to hand it to.
    Transfer,
    /// Give the open conversation back to the queue.
    GiveBack,
    /// Close the open one, reopened by a "thanks".
    Dismiss,
    /// Pick files to send.
    Attach,
    /// Choose an emoji.
    Emoji,
    /// Change one's last message.
    Change,
    /// Take one's last message back.
    TakeBack,
    /// Undo a message that is held back.
    Undo,
    /// Accept the transfer offered.
    Accept,
    /// Decline the transfer offered.
    Decline,
    /// Online or away.
    Presence,
    /// Show or hide the keys.
    Help,
    /// One step out: composer, conversation.
    Leave,
}

/// A line of the overlay: the keys and what they do.
pub struct Shortcut {
    /// Any of these.
    pub keys: &'static [&'static str],
    /// What they do.
    pub does: fn(&Texts) -> &'static str,
}

/// All shortcuts, in the order of the overlay.
pub const SHORTCUTS: &[Shortcut] = &[
    Shortcut { keys: &["Ctrl + K", "⌘ + K"], does: |texts| texts.palette.title },
    Shortcut { keys: &["j", "k", "↓", "↑"], does: |texts| texts.key_move },
    Shortcut { keys: &["Home", "End"], does: |texts| texts.palette.key_ends },
    Shortcut { keys: &["Enter"], does: |texts| texts.key_open },
    Shortcut { keys: &["1 – 9"], does: |texts| texts.key_mine },
    Shortcut { keys: &["t"], does: |texts| texts.key_take },
    Shortcut { keys: &["r"], does: |texts| texts.key_reply },
    Shortcut { keys: &["n"], does: |texts| texts.key_note },
    Shortcut { keys: &["x"], does: |texts| texts.key_close },
    Shortcut { keys: &["Shift + t"], does: |texts| texts.key_transfer },
    Shortcut { keys: &["y"], does: |texts| texts.key_accept },
    Shortcut { keys: &["d"], does: |texts| texts.key_decline },
    Shortcut { keys: &["e"], does: |texts| texts.palette.change },
    Shortcut { keys: &["z"], does: |texts| texts.palette.undo },
    Shortcut { keys: &["f"], does: |texts| texts.composing.attach },
    Shortcut { keys: &[":"], does: |texts| texts.palette.emoji },
    Shortcut { keys: &["m"], does: |texts| texts.together.key_mention },
    Shortcut { keys: &["w"], does: |texts| texts.together.key_whisper },
    Shortcut { keys: &["o"], does: |texts| texts.together.key_take_over },
    Shortcut { keys: &["a"], does: |texts| texts.key_presence },
    Shortcut { keys: &["?"], does: |texts| texts.key_help },
    Shortcut { keys: &["Esc"], does: |texts| texts.key_leave },
];

/// A command, what it is called, and its key.
type Action = (Command, fn(&Texts) -> &'static str, &'static str);

/// What the palette offers for the open conversation and for oneself, with the key that does the same, if there is one.
pub const ACTIONS: &[Action] = &[
    (Command::Take, |texts| texts.key_take, "t"),
    (Command::Reply, |texts| texts.key_reply, "r"),
    (Command::Note, |texts| texts.key_note, "n"),
    (Command::Whisper, |texts| texts.together.key_whisper, "w"),
    (Command::Mention, |texts| texts.together.key_mention, "m"),
    (Command::TakeOver, |texts| texts.together.key_take_over, "o"),
    (Command::Undo, |texts| texts.palette.undo, "z"),
    (Command::Change, |texts| texts.palette.change, "e"),
    (Command::TakeBack, |texts| texts.palette.take_back, ""),
    (Command::Attach, |texts| texts.composing.attach, "f"),
    (Command::Emoji, |texts| texts.palette.emoji, ":"),
    (Command::Accept, |texts| texts.key_accept, "y"),
    (Command::Decline, |texts| texts.key_decline, "d"),
    (Command::Transfer, |texts| texts.key_transfer, "T"),
    (Command::GiveBack, |texts| texts.give_back, ""),
    (Command::Dismiss, |texts| texts.dismiss, ""),
    (Command::Close, |texts| texts.key_close, "x"),
    (Command::Presence, |texts| texts.key_presence, "a"),
    (Command::Help, |texts| texts.key_help, "?"),
];

/// A pressed key, as the browser tells it.
#[derive(Clone, Copy, Debug)]
pub struct Press<'a> {
    /// `KeyboardEvent.key`.
    pub key: &'a str,
    /// Ctrl, Alt or Meta is down: the browser's own.
    pub modified: bool,
    /// The focus is in a text field.
    pub writing: bool,
}

/// What a key asks for, if anything.
pub fn command(press: Press<'_>) -> Option<Command> {
    if press.modified {
        return None;
    }
    if press.writing {
        return (press.key == "Escape").then_some(Command::Leave);
    }
    Some(match press.key {
        "j" | "ArrowDown" => Command::Next,
        "k" | "ArrowUp" => Command::Previous,
        "Home" => Command::First,
        "End" => Command::Last,
        "e" => Command::Change,
        "z" => Command::Undo,
        "f" => Command::Attach,
        ":" => Command::Emoji,
        "t" => Command::Take,
        "r" => Command::Reply,
        "n" => Command::Note,
        "m" => Command::Mention,
        "w" => Command::Whisper,
        "o" => Command::TakeOver,
        "x" => Command::Close,
        "T" => Command::Transfer,
        "y" => Command::Accept,
        "d" => Command::Decline,
        "a" => Command::Presence,
        "?" => Command::Help,
        "Escape" => Command::Leave,
        digit => match digit.parse::<usize>() {
            Ok(number @ 1..=9) => Command::Mine(number - 1),
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(key: &str) -> Press<'_> {
        Press { key, modified: false, writing: false }
    }

    #[test]
    fn every_key_of_the_overlay_does_something() {
        for shortcut in SHORTCUTS {
            for &shown in shortcut.keys {
                let key = match shown {
                    "↓" => "ArrowDown",
                    "↑" => "ArrowUp",
                    "Esc" => "Escape",
                    "Shift + t" => "T",
                    "1 – 9" => "9",
                    "Enter" => continue,              // the focused row is a button, which Enter presses
                    "Ctrl + K" | "⌘ + K" => continue, // on every page: `view/palette.rs`
                    other => other,
                };
                assert!(command(press(key)).is_some(), "{shown}");
            }
        }
    }

    #[test]
    fn the_palette_names_the_keys_that_do_the_same() {
        for &(action, does, key) in ACTIONS {
            assert!(!does(&crate::text::ENGLISH).is_empty());
            assert!(key.is_empty() || command(press(key)) == Some(action), "{key}");
        }
    }

    #[test]
    fn letters_are_text_while_writing_and_the_browsers_with_modifiers() {
        assert_eq!(command(Press { writing: true, ..press("x") }), None);
        assert_eq!(command(Press { writing: true, ..press("Escape") }), Some(Command::Leave));
        assert_eq!(command(Press { modified: true, ..press("t") }), None);
        assert_eq!(command(press("1")), Some(Command::Mine(0)));
        assert_eq!(command(press("0")), None);
        assert_eq!(command(press("10")), None);
    }
}
