//! What the visitor says and asks of the relay, as components call it. Messages go through the outbox; other requests are sent now or
//! not at all, and say which.

use js_sys::Function;
use shared::frame::{Delete, Edit};
use shared::ids::{ConversationId, FileId, MessageId, Seq};
use shared::link::{Emit, Status};
use shared::model::{Body, Contact, File, Say};
use shared::visitor::{Close, FromRelay, Rate, ToRelay, Transcript};
use wasm_bindgen::JsValue;

use super::{Relay, State, TITLE_TIME};
use crate::browser::{self, Home, now};
use crate::codec;
use crate::view::*;

/// Begins the names under which uploads are kept while a message about them is on its way.
const FILE: &str = "file:";

impl Relay {
    /// Tells what stands in the composer, when it is time to.
    pub fn typing(&self, draft: &str) {
        self.0.borrow_mut().typist.write(now(), draft);
        self.tick();
    }

    /// The panel was opened or closed.
    pub fn look(&self) {
        self.run();
    }

    /// The page is changing: it is looked at once it had time to set its title.
    pub(super) fn look_soon(&self) {
        let inner = &mut *self.0.borrow_mut();
        inner.look_at = Some(now() + TITLE_TIME);
        inner.wind();
    }

    /// Says something; with an address when nobody is there to answer now.
    pub fn say(&self, text: String, contact: Option<Contact>) {
        self.put(Say { contact, ..Say::text(browser::fresh_id(), None, text) });
    }

    /// Says a file that was uploaded. What is known of it is kept as long as the message: that only names it.
    pub fn say_file(&self, file: File) {
        let id = file.id;
        {
            let inner = self.0.borrow();
            inner.home.keep(&place_of(id), Some(&codec::write_file(&file)));
            inner.state.update(|state| state.know(file));
        }
        self.put(attached(id));
    }

    /// Sends a refused message again.
    pub fn retry(&self, id: MessageId) {
        let state = self.0.borrow().state;
        let body = state.try_update(|state| state.take_failed(id)).flatten();
        match body.as_deref() {
            Some(Body::Text(text)) => self.say(text.clone(), None),
            Some(Body::File(file)) => self.put(attached(file.id)),
            _ => {}
        }
    }

    /// Ends the conversation; whether the relay could be asked.
    pub fn end(&self) -> bool {
        self.about().is_some_and(|(id, conversation)| self.ask(ToRelay::Close(Close { id, conversation })))
    }

    /// Changes a message; whether the relay could be asked.
    pub fn edit(&self, (conversation, seq): (ConversationId, Seq), text: String) -> bool {
        self.ask(ToRelay::Edit(Edit { id: browser::fresh_id(), conversation, seq, text }))
    }

    /// Takes a message back; whether the relay could be asked.
    pub fn delete(&self, message: MessageId) -> bool {
        let place = self.0.borrow().state.with_untracked(|state| state.place(message));
        place.is_some_and(|(conversation, seq)| self.ask(ToRelay::Delete(Delete { id: browser::fresh_id(), conversation, seq })))
    }

    /// Rates the conversation; whether the relay could be asked.
    pub fn rate(&self, score: u8, comment: Option<String>) -> bool {
        self.about().is_some_and(|(id, conversation)| self.ask(ToRelay::Rate(Rate { id, conversation, score, comment })))
    }

    /// Has the conversation sent by email. `tell` hears once whether the relay will do so.
    pub fn mail(&self, email: String, tell: Function) {
        let Some((id, conversation)) = self.about() else { return };
        self.0.borrow_mut().asked = Some(Asked { id, tell });
        self.ask(ToRelay::Transcript(Transcript { id, conversation, email }));
    }

    /// What shows the relay who this visitor is.
    pub fn token(&self) -> Option<String> {
        self.0.borrow_mut().link.dialect_mut().hello.token.clone()
    }

    fn put(&self, mut say: Say) {
        {
            let inner = &mut *self.0.borrow_mut();
            inner.typist.sent();
            say.greeting = inner.home.take_greeting();
            inner.state.update(|state| state.complete(&mut say));
        }
        self.link(|link| link.say(now(), say));
    }

    /// The latest conversation, and a name for a request about it.
    fn about(&self) -> Option<(MessageId, ConversationId)> {
        let latest = self.0.borrow().state.with_untracked(State::head)?;
        Some((browser::fresh_id(), latest.0))
    }

    fn ask(&self, frame: ToRelay) -> bool {
        let mut asked = false;
        self.link(|link| asked = link.send(frame));
        asked
    }
}

/// A request whose outcome somebody waits for.
pub struct Asked {
    id: MessageId,
    tell: Function,
}

impl Asked {
    /// Tells the outcome if this is it. A request that is under way when the connection breaks is lost, and so is one that could not be made.
    pub fn hears(&self, emit: &Emit<FromRelay>) -> bool {
        let outcome = match emit {
            Emit::Frame(FromRelay::Done(done)) if done.id == self.id => true,
            Emit::Refused(error) if error.id == Some(self.id) => false,
            Emit::Status(Status::Waiting(_) | Status::Refused(_)) => false,
            _ => return false,
        };
        let tell = self.tell.clone();
        // Later: it moves the focus, which the panel hears. What it throws is the module's own.
        soon(move || _ = tell.call1(&JsValue::UNDEFINED, &outcome.into()));
        true
    }
}

fn attached(file: FileId) -> Say {
    Say { file: Some(file), ..Say::text(browser::fresh_id(), None, "") }
}

fn place_of(id: FileId) -> String {
    [FILE, &codec::write_uuid(id.0)].concat()
}

/// What is kept of the file that a message names.
pub fn uploaded(home: &Home, say: &Say) -> Option<File> {
    codec::read_file(&home.load(&place_of(say.file?))?)
}

/// Forgets what was kept of a file whose message has come through.
pub fn forget(home: &Home, id: FileId) {
    home.keep(&place_of(id), None);
}
