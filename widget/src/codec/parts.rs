//! The parts of frames that came with files, menus, cards and the site's settings; read by `codec.rs`. What the modules that load on
//! demand draw is written again as JSON for them.

use shared::ids::{FileId, Millis};
use shared::model::{Answer, Card, CardButton, Field, FieldKind, File, FileRules, Form, Menu, Panel, Words};

use super::{answers, id, optional, owned, write_uuid};
use crate::json::{Json, Writer, list, quoted};

/// Every element of a list, or nothing.
pub fn all<T>(json: &Json, read: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    json.list()?.iter().map(read).collect()
}

fn texts(json: Option<&Json>) -> Vec<String> {
    json.and_then(Json::list).unwrap_or_default().iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn small(json: &Json, name: &str) -> Option<u32> {
    json.number(name)?.try_into().ok()
}

/// What the panel asks and offers. A part that this version cannot read is not offered.
pub fn panel(json: &Json) -> Panel {
    let flag = |name| json.flag(name).unwrap_or(false);
    let rules = |json: &Json| Some(FileRules { most_bytes: json.count("most_bytes")?, types: texts(json.get("types")) });
    Panel {
        words: json.get("words").and_then(|list| all(list, words)).unwrap_or_default(),
        form: json.get("form").and_then(form),
        files: json.get("files").and_then(rules),
        voice: flag("voice"),
        rating: flag("rating"),
        email: flag("email"),
    }
}

fn words(json: &Json) -> Option<Words> {
    let text = |name| owned(json, name);
    Some(Words { lang: text("lang"), greeting: text("greeting"), here: text("here"), away: text("away"), later: text("later") })
}

fn form(json: &Json) -> Option<Form> {
    let field = |json: &Json| {
        Some(Field {
            label: owned(json, "label")?,
            kind: match json.text("kind")? {
                "name" => FieldKind::Name,
                "email" => FieldKind::Email,
                "phone" => FieldKind::Phone,
                "choice" => FieldKind::Choice,
                _ => FieldKind::Text,
            },
            required: json.flag("required").unwrap_or(false),
            options: texts(json.get("options")),
        })
    };
    Some(Form { fields: all(json.get("fields")?, field)?, consent: owned(json, "consent") })
}

/// A file that was uploaded.
pub fn file(json: &Json) -> Option<File> {
    Some(File {
        id: FileId(id(json, "id")?),
        name: owned(json, "name")?,
        media_type: owned(json, "media_type")?,
        size: json.count("size")?,
        path: owned(json, "path")?,
        width: small(json, "width"),
        height: small(json, "height"),
        duration_ms: json.number("duration_ms"),
    })
}

/// Text with quick replies.
pub fn menu(json: &Json) -> Option<Menu> {
    Some(Menu { text: owned(json, "text")?, choices: texts(json.get("choices")) })
}

/// A card.
pub fn card(json: &Json) -> Option<Card> {
    let button = |json: &Json| Some(CardButton { label: owned(json, "label")?, url: owned(json, "url") });
    Some(Card {
        title: owned(json, "title")?,
        text: owned(json, "text"),
        image: optional(json.get("image"), file)?,
        buttons: optional(json.get("buttons"), |buttons| all(buttons, button))?.unwrap_or_default(),
    })
}

/// Reads what the relay answered to an upload, or what was kept of it.
pub fn read_file(text: &str) -> Option<File> {
    file(&Json::parse(text)?)
}

/// Reads answers to the form before the chat.
pub fn read_answers(text: &str) -> Vec<Answer> {
    Json::parse(text).as_ref().map(answers).unwrap_or_default()
}

/// Writes answers to the form before the chat.
pub fn write_answers(answers: &[Answer]) -> String {
    list(answers.iter().map(|answer| Writer::new().text("label", Some(&answer.label)).text("value", Some(&answer.value)).end()))
}

/// Writes which files may be uploaded.
pub fn write_rules(rules: &FileRules) -> String {
    let types = list(rules.types.iter().map(|kind| quoted(kind)));
    Writer::new().number("most_bytes", rules.most_bytes).raw("types", Some(&types)).end()
}

/// Writes a file.
pub fn write_file(file: &File) -> String {
    let number = |value: Option<u32>| value.map(|value| value.to_string());
    let duration = file.duration_ms.map(|duration: Millis| duration.to_string());
    Writer::new()
        .text("id", Some(&write_uuid(file.id.0)))
        .text("name", Some(&file.name))
        .text("media_type", Some(&file.media_type))
        .number("size", file.size)
        .text("path", Some(&file.path))
        .raw("width", number(file.width).as_deref())
        .raw("height", number(file.height).as_deref())
        .raw("duration_ms", duration.as_deref())
        .end()
}

/// Writes cards.
pub fn write_cards(cards: &[Card]) -> String {
    list(cards.iter().map(|card| {
        let button =
            |button: &CardButton| Writer::new().text("label", Some(&button.label)).text("url", button.url.as_deref()).end();
        Writer::new()
            .text("title", Some(&card.title))
            .text("text", card.text.as_deref())
            .raw("image", card.image.as_ref().map(write_file).as_deref())
            .raw("buttons", (!card.buttons.is_empty()).then(|| list(card.buttons.iter().map(button))).as_deref())
            .end()
    }))
}

/// Writes the form before the chat.
pub fn write_form(form: &Form) -> String {
    let field = |field: &Field| {
        let kind = match field.kind {
            FieldKind::Name => "name",
            FieldKind::Email => "email",
            FieldKind::Phone => "phone",
            FieldKind::Text => "text",
            FieldKind::Choice => "choice",
        };
        let options = (!field.options.is_empty()).then(|| list(field.options.iter().map(|option| quoted(option))));
        Writer::new()
            .text("label", Some(&field.label))
            .text("kind", Some(kind))
            .raw("required", field.required.then_some("true"))
            .raw("options", options.as_deref())
            .end()
    };
    let fields = list(form.fields.iter().map(field));
    Writer::new().raw("fields", Some(&fields)).text("consent", form.consent.as_deref()).end()
}
