//! The tray above the composer: files on their way, with their progress and a way to stop them, and those that did not get there, with why.

use leptos::prelude::*;
use shared::ids::ConversationId;

use crate::browser;
use crate::locale::texts;
use crate::socket::Live;
use crate::text::fill;
use crate::uploads::{Complaint, Stage, Upload, Uploads};
use crate::view::each::each;

/// The files of one conversation.
#[component]
pub fn Tray(conversation: ConversationId) -> impl IntoView {
    let texts = texts();
    let all = expect_context::<Uploads>().all;
    let here = move || {
        let here = |upload: &&Upload| upload.conversation == conversation;
        all.with(|all| all.iter().filter(here).map(|upload| upload.number).collect::<Vec<_>>())
    };
    let item = move |number| {
        let upload = all.with_untracked(|all| all.iter().find(|upload| upload.number == number).cloned());
        upload.map(|upload| view! { <Item upload/> })
    };
    view! {
        <ul class="tray" aria-label=texts.composing.files class:hidden=move || here().is_empty()>
            {each(here, |number| *number, item)}
        </ul>
    }
}

#[component]
fn Item(upload: Upload) -> impl IntoView {
    let texts = texts();
    let words = texts.composing;
    let live = expect_context::<Live>();
    let uploads = expect_context::<Uploads>();
    let stage = RwSignal::from(upload.stage.clone());
    let failed = move || match stage.get() {
        Stage::Failed(complaint) => Some(complaint),
        Stage::Going(_) => None,
    };
    let name = upload.name.clone();
    let named = move |template| fill(template, &[("name", &name)]);
    let going = named(words.uploading);
    let (bar_label, cancel_label, retry_label) = (going.clone(), named(words.cancel_upload), named(words.retry_upload));
    let said = {
        let name = upload.name.clone();
        move || failed().map_or_else(|| going.clone(), |complaint| complaint.words(&name, texts))
    };
    let percent = move || if let Stage::Going(Some(percent)) = stage.get() { Some(percent.to_string()) } else { None };
    let upload = StoredValue::new_local(upload);
    let retry = move |_| upload.with_value(|upload| uploads.start(live, upload));
    let cancel = move |_| {
        upload.with_value(|upload| uploads.cancel(upload));
        browser::focus("#composer");
    };
    view! {
        <li class="upload" class:problem=move || failed().is_some()>
            <span role=move || if failed().is_some() { "alert" } else { "status" }>{said}</span>
            <button type="button" class="plain" aria-label=retry_label class:hidden=move || !failed().is_some_and(Complaint::may_pass) on:click=retry>{texts.try_again}</button>
            <button type="button" class="quiet" aria-label=cancel_label on:click=cancel>"✕"</button>
            <progress max="100" value=percent aria-label=bar_label class:hidden=move || failed().is_some()></progress>
        </li>
    }
}
