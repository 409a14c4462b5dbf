//! Files on their way to the relay. They belong to a conversation, not to a view: opening another chat interrupts nothing. What has arrived
//! becomes a message in the outbox, which no lost connection loses. [`view::tray`](crate::view) draws them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::ConversationId;
use shared::model::{File, FileRules};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{ProgressEvent, XmlHttpRequest};

use crate::lean;
use crate::rest;
use crate::socket::Live;
use crate::text::{Texts, fill};
use crate::view::body::size;

/// The relay refuses more at a time from one address, and nobody picks more on purpose.
pub const MOST_AT_ONCE: usize = 10;

/// Why a file did not get there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// It is longer than this many bytes; `None`: than the relay takes.
    TooLarge(Option<u64>),
    /// It holds nothing.
    Empty,
    /// Its type is not taken.
    WrongType,
    /// Too many are under way.
    Busy,
    /// The relay has no room.
    NoRoom,
    /// The network, or a fault of the relay.
    NotSent,
}

impl Complaint {
    /// Before a byte of it is sent.
    fn about(length: u64, media_type: &str, rules: &FileRules) -> Option<Self> {
        // The relay goes by the first bytes, and calls all that these do not tell by the second name.
        let names = [media_type.split(';').next().unwrap_or_default(), "application/octet-stream"];
        let fits = |wanted: &String| {
            let group = wanted.strip_suffix('*').filter(|group| group.ends_with('/'));
            wanted == "*/*" || names.iter().any(|name| wanted == name || group.is_some_and(|group| name.starts_with(group)))
        };
        match length {
            0 => Some(Self::Empty),
            _ if length > rules.most_bytes => Some(Self::TooLarge(Some(rules.most_bytes))),
            _ if !rules.types.iter().any(fits) => Some(Self::WrongType),
            _ => None,
        }
    }

    /// What the relay's answer means.
    fn of(status: u16, rules: Option<&FileRules>) -> Self {
        match status {
            413 => Self::TooLarge(rules.map(|rules| rules.most_bytes)),
            415 => Self::WrongType,
            422 => Self::Empty,
            429 => Self::Busy,
            503 | 507 => Self::NoRoom,
            _ => Self::NotSent,
        }
    }

    /// In words, with the way out.
    pub fn words(self, name: &str, texts: &Texts) -> String {
        let words = texts.composing;
        let most = if let Self::TooLarge(Some(most)) = self { size(most) } else { String::new() };
        let template = match self {
            Self::TooLarge(Some(_)) => words.too_large,
            Self::TooLarge(None) => words.too_large_somehow,
            Self::Empty => words.empty_file,
            Self::WrongType => words.wrong_type,
            Self::Busy => words.busy,
            Self::NoRoom => words.no_room,
            Self::NotSent => words.not_uploaded,
        };
        fill(template, &[("name", name), ("most", &most)])
    }

    /// Whether trying again may help.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Busy | Self::NoRoom | Self::NotSent)
    }
}

/// Where an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Under way: percent of it; `None`: not known yet.
    Going(Option<u8>),
    /// It ended badly.
    Failed(Complaint),
}

/// One file on its way. Cheap to clone: every clone is the same upload.
#[derive(Clone)]
pub struct Upload {
    /// Tells it from the others of this page.
    pub number: u32,
    /// Where it will be said.
    pub conversation: ConversationId,
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub stage: ArcRwSignal<Stage>,
    file: web_sys::File,
    job: Rc<RefCell<Option<Job>>>,
}

/// A request with its listeners, which live as long as it.
struct Job {
    request: XmlHttpRequest,
    _progress: Closure<dyn FnMut(ProgressEvent)>,
    _ended: Closure<dyn FnMut()>,
}

impl Drop for Job {
    fn drop(&mut self) {
        self.request.set_onloadend(None);
        let _gone_already = self.request.abort();
    }
}

/// All uploads of this page, in context. `Copy`: every copy is the same.
#[derive(Clone, Copy)]
pub struct Uploads {
    /// Those under way and those that failed, oldest first.
    pub all: RwSignal<Vec<Upload>, LocalStorage>,
    rules: RwSignal<Option<FileRules>>,
    next: StoredValue<u32>,
}

impl Uploads {
    /// None yet. They end with the current owner.
    pub fn new() -> Self {
        Self { all: RwSignal::new_local(Vec::new()), rules: RwSignal::new(None), next: StoredValue::new(0) }
    }

    /// Begins with files that somebody picked, pasted or dropped; how many of them were too many.
    pub fn add(self, live: Live, conversation: ConversationId, files: &web_sys::FileList) -> usize {
        let under_way = self.all.with_untracked(Vec::len);
        let count = usize::try_from(files.length()).unwrap_or(0);
        let taken = count.min(MOST_AT_ONCE.saturating_sub(under_way));
        let begin: Vec<Upload> = (0..files.length())
            .take(taken)
            .filter_map(|index| files.item(index))
            .map(|file| self.upload(conversation, file))
            .collect();
        self.all.update(|all| all.extend(begin.iter().cloned()));
        spawn_local(async move {
            // Without them the relay is the judge.
            if self.rules.try_with_untracked(Option::is_none) == Some(true)
                && let Ok(rules) = rest::file_rules().await
            {
                self.rules.try_set(Some(rules));
            }
            for upload in begin {
                self.start(live, &upload);
            }
        });
        count - taken
    }

    fn upload(self, conversation: ConversationId, file: web_sys::File) -> Upload {
        let number = self.next.try_update_value(|next| {
            *next += 1;
            *next
        });
        // A picture from the clipboard may have no name.
        let name = Some(file.name()).filter(|name| !name.is_empty()).unwrap_or_else(|| "image.png".to_owned());
        let stage = ArcRwSignal::new(Stage::Going(None));
        Upload { number: number.unwrap_or_default(), conversation, name, stage, file, job: Rc::default() }
    }

    /// Sends a file, again if need be.
    pub fn start(self, live: Live, upload: &Upload) {
        // It may have been given up while the rules were on their way.
        let wanted = self.all.try_with_untracked(|all| all.iter().any(|known| known.number == upload.number));
        let Some(rules) = self.rules.try_get_untracked().filter(|_| wanted == Some(true)) else { return };
        upload.stage.set(Stage::Going(None));
        let wrong = rules.as_ref().and_then(|rules| Complaint::about(upload.file.size() as u64, &upload.file.type_(), rules));
        let begun = wrong.map_or_else(|| self.send(live, upload, rules).ok_or(Complaint::NotSent), Err);
        if let Err(complaint) = begun {
            upload.stage.set(Stage::Failed(complaint));
        }
    }

    fn send(self, live: Live, upload: &Upload, rules: Option<FileRules>) -> Option<()> {
        let request = XmlHttpRequest::new().ok()?;
        let name = String::from(js_sys::encode_uri_component(&upload.name));
        request.open("POST", &format!("/api/files?name={name}")).ok()?;
        let stage = upload.stage.clone();
        let progress = Closure::new(move |event: ProgressEvent| {
            let percent = (event.loaded() / event.total().max(1.0) * 100.0) as u8;
            stage.set(Stage::Going(event.length_computable().then_some(percent)));
        });
        let (ended_upload, ended_request) = (upload.clone(), request.clone());
        let ended = Closure::new(move || {
            let status = ended_request.status().unwrap_or(0);
            let answer = ended_request.response_text().ok().flatten().unwrap_or_default();
            match lean::read::<File>(&answer) {
                Ok(file) if status == 201 => {
                    live.say_file(ended_upload.conversation, file);
                    self.forget(&ended_upload);
                }
                _ => ended_upload.stage.set(Stage::Failed(Complaint::of(status, rules.as_ref()))),
            }
            // Job and upload hold each other until it is over; this listener is the job's, so it goes a moment later.
            let job = ended_upload.job.clone();
            set_timeout(move || drop(job.borrow_mut().take()), Duration::ZERO);
        });
        request.upload().ok()?.set_onprogress(Some(progress.as_ref().unchecked_ref()));
        request.set_onloadend(Some(ended.as_ref().unchecked_ref()));
        request.send_with_opt_blob(Some(&upload.file)).ok()?;
        *upload.job.borrow_mut() = Some(Job { request, _progress: progress, _ended: ended });
        Some(())
    }

    /// Gives a file up.
    pub fn cancel(self, upload: &Upload) {
        self.forget(upload);
        *upload.job.borrow_mut() = None;
    }

    fn forget(self, upload: &Upload) {
        self.all.try_update(|all| all.retain(|known| known.number != upload.number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::ENGLISH;

    #[test]
    fn files_are_judged_before_they_are_sent() {
        let rules = FileRules { most_bytes: 2_000_000, types: vec!["image/*".to_owned(), "application/pdf".to_owned()] };
        let about = |length, media_type| Complaint::about(length, media_type, &rules);
        assert_eq!(about(1, "image/png"), None);
        assert_eq!(about(2_000_000, "application/pdf; x=y"), None);
        assert_eq!(about(0, "image/png"), Some(Complaint::Empty));
        assert_eq!(about(2_000_001, "image/png"), Some(Complaint::TooLarge(Some(2_000_000))));
        for other in ["imagery/png", "application/pdf2", "", "video/mp4"] {
            assert_eq!(about(1, other), Some(Complaint::WrongType), "{other}");
        }
        let bytes = FileRules { types: vec!["application/octet-stream".to_owned()], ..rules.clone() };
        assert_eq!(Complaint::about(1, "text/plain", &bytes), None, "text is told by no first bytes");
        let anything = FileRules { types: vec!["*/*".to_owned()], ..rules };
        assert_eq!(Complaint::about(1, "", &anything), None);
    }

    #[test]
    fn every_complaint_names_the_file_and_the_limit() {
        let large = Complaint::TooLarge(Some(2_500_000));
        assert_eq!(
            large.words("a.mov", &ENGLISH),
            "a.mov is too large: a file may have 2.5 MB at most. Send a smaller one, or a link to it."
        );
        for status in [0, 408, 413, 415, 422, 429, 500, 503, 507] {
            assert!(Complaint::of(status, None).words("a.mov", &ENGLISH).contains("a.mov"), "{status}");
        }
        assert!(!large.may_pass() && Complaint::of(429, None).may_pass() && !Complaint::of(415, None).may_pass());
    }
}
