//! Keeps `PROTOCOL.md` and `schemas/` true. Every example is decoded with the crate's own types and encoded again: a field that
//! was renamed, dropped or misspelt shows as a difference. Every frame, code and limit has to be on the page.
//! The schemas are generated anew and compared; `BULLE_BLESS=1 cargo test -p shared --features schema --test protocol` rewrites them.

#![allow(clippy::expect_used, reason = "the helpers of a test fail it by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemars::{JsonSchema, schema_for};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use shared::close::{self, ErrorCode};
use shared::frame::DecodeError;
use shared::model::{Conversation, Entry};
use shared::{agent, api, model, visitor};

const PAGE: &str = include_str!("../PROTOCOL.md");

/// The JSON values of one fenced block, with what the fence says they are ("visitor>relay", "SignIn" …).
struct Example {
    what: &'static str,
    value: Value,
}

fn examples() -> Vec<Example> {
    let mut found = Vec::new();
    for block in PAGE.split("\n```json ").skip(1) {
        let (what, rest) = block.split_once('\n').expect("a fence ends its line");
        let (json, _) = rest.split_once("\n```").expect("a block ends");
        for value in serde_json::Deserializer::from_str(json).into_iter::<Value>() {
            let value = value.unwrap_or_else(|error| panic!("{what}: {error}\n{json}"));
            found.push(Example { what, value });
        }
    }
    found
}

fn body<T: DeserializeOwned + Serialize>(value: &Value) -> Value {
    let read: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}\n{value}"));
    serde_json::to_value(read).expect("bodies are JSON")
}

fn frame<F>(value: &Value, decode: fn(&str) -> Result<F, DecodeError>, encode: fn(&F) -> String) -> Value {
    let read = decode(&value.to_string()).unwrap_or_else(|error| panic!("{error}\n{value}"));
    serde_json::from_str(&encode(&read)).expect("frames are JSON")
}

#[test]
fn every_example_means_to_us_what_it_says() {
    let examples = examples();
    assert!(examples.len() > 60, "the page's fences are no longer found");
    for Example { what, value } in examples {
        let again = match what {
            "visitor>relay" => frame(&value, visitor::ToRelay::decode, visitor::ToRelay::encode),
            "relay>visitor" => frame(&value, visitor::FromRelay::decode, visitor::FromRelay::encode),
            "agent>relay" => frame(&value, agent::ToRelay::decode, agent::ToRelay::encode),
            "relay>agent" => frame(&value, agent::FromRelay::decode, agent::FromRelay::encode),
            "entry" => body::<Entry>(&value),
            "conversation" => body::<Conversation>(&value),
            "ApiError" => body::<api::ApiError>(&value),
            "SignIn" => body::<api::SignIn>(&value),
            "Me" => body::<api::Me>(&value),
            "AccountPatch" => body::<api::AccountPatch>(&value),
            "NewPassword" => body::<api::NewPassword>(&value),
            "Session" => body::<api::Session>(&value),
            "PushKey" => body::<api::PushKey>(&value),
            "PushSubscription" => body::<api::PushSubscription>(&value),
            "SecondFactor" => body::<api::SecondFactor>(&value),
            "Proof" => body::<api::Proof>(&value),
            "Enrolment" => body::<api::Enrolment>(&value),
            "Confirm" => body::<api::Confirm>(&value),
            "RecoveryCodes" => body::<api::RecoveryCodes>(&value),
            "NewApiToken" => body::<api::NewApiToken>(&value),
            "ApiToken" => body::<api::ApiToken>(&value),
            "AuditPage" => body::<api::AuditPage>(&value),
            "Rules" => body::<api::Rules>(&value),
            "Limit" => body::<api::Limit>(&value),
            "Member" => body::<api::Member>(&value),
            "Invited" => body::<api::Invited>(&value),
            "Uninvite" => body::<api::Uninvite>(&value),
            "Right" => body::<api::Right>(&value),
            "PersonExport" => body::<api::PersonExport>(&value),
            "Retention" => body::<api::Retention>(&value),
            "VisitorRules" => body::<api::VisitorRules>(&value),
            "VisitorProfile" => body::<api::VisitorProfile>(&value),
            "VisitorPatch" => body::<api::VisitorPatch>(&value),
            "Beacon" => body::<api::Beacon>(&value),
            "BeaconAnswer" => body::<api::BeaconAnswer>(&value),
            "PresentList" => body::<api::PresentList>(&value),
            "InviteToChat" => body::<api::InviteToChat>(&value),
            "MergeVisitor" => body::<api::MergeVisitor>(&value),
            "Attributes" => body::<api::Attributes>(&value),
            "Invite" => body::<api::Invite>(&value),
            "Invitation" => body::<api::Invitation>(&value),
            "Join" => body::<api::Join>(&value),
            "History" => body::<api::History>(&value),
            "EntriesPage" => body::<api::EntriesPage>(&value),
            "Why" => body::<api::Why>(&value),
            "Team" => body::<model::Team>(&value),
            "TeamDraft" => body::<api::TeamDraft>(&value),
            "SiteDesk" => body::<model::SiteDesk>(&value),
            "SiteSetup" => body::<api::SiteSetup>(&value),
            "AgentPatch" => body::<api::AgentPatch>(&value),
            "SitePatch" => body::<api::SitePatch>(&value),
            "SiteSecret" => body::<api::SiteSecret>(&value),
            "Reply" => body::<api::Reply>(&value),
            "ReplyDraft" => body::<api::ReplyDraft>(&value),
            "Sightings" => body::<api::Sightings>(&value),
            "NewSite" => body::<api::NewSite>(&value),
            "Report" => body::<api::Report>(&value),
            "TagPatch" => body::<api::TagPatch>(&value),
            "Found" => body::<api::Found>(&value),
            "Transcript" => body::<api::Transcript>(&value),
            "NewSearch" => body::<api::NewSearch>(&value),
            "SavedSearch" => body::<api::SavedSearch>(&value),
            "File" => body::<model::File>(&value),
            "FileRules" => body::<model::FileRules>(&value),
            "Block" => body::<api::Block>(&value),
            "Greetings" => body::<api::Greetings>(&value),
            unknown => panic!("no such kind of example: {unknown}"),
        };
        assert_eq!(again, value, "an example of {what} does not survive reading and writing");
    }
}

#[test]
fn every_frame_and_body_has_an_example() {
    let mut shown: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for Example { what, value } in examples() {
        let tag = value.get("t").and_then(Value::as_str).unwrap_or_default();
        shown.entry(what).or_default().insert(tag.to_owned());
    }
    let directions = [
        ("visitor>relay", visitor::ToRelay::TAGS),
        ("relay>visitor", visitor::FromRelay::TAGS),
        ("agent>relay", agent::ToRelay::TAGS),
        ("relay>agent", agent::FromRelay::TAGS),
    ];
    for (what, tags) in directions {
        let shown = shown.remove(what).unwrap_or_default();
        let wanted: BTreeSet<String> = tags.iter().map(|&tag| tag.to_owned()).collect();
        assert_eq!(shown, wanted, "examples of {what}");
    }
    let bodies: BTreeSet<String> = definitions(&schema_for!(Api).to_value()["properties"]).map(str::to_owned).collect();
    let shown: BTreeSet<String> =
        shown.into_keys().filter(|what| what.starts_with(char::is_uppercase)).map(str::to_owned).collect();
    assert_eq!(shown, bodies, "examples of REST bodies");
}

#[test]
fn every_close_code_is_explained() {
    let source = include_str!("../src/close.rs");
    let defined: BTreeSet<(String, String)> = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.strip_suffix(';')?.split_once(": u16 = "))
        .map(|(name, code)| (code.to_owned(), name.to_owned()))
        .collect();
    let explained: BTreeSet<(String, String)> =
        rows("9. Close codes").map(|cells| (cells[0].clone(), cells[1].trim_matches('`').to_owned())).collect();
    assert_eq!(explained, defined);
    for cells in rows("9. Close codes") {
        let code = cells[0].parse().expect("a code is a number");
        assert_eq!(cells[3].starts_with("stop"), close::is_refusal(code), "what to do after {code}");
    }
}

#[test]
fn every_error_code_is_explained() {
    let schema = schema_for!(ErrorCode).to_value();
    let variants = schema["oneOf"].as_array().expect("an enum of documented values");
    let defined: BTreeSet<&str> =
        variants.iter().filter_map(|variant| variant["const"].as_str()).filter(|&code| code != "unknown").collect();
    let table: Vec<_> = rows("10. Error codes").collect();
    let explained: BTreeSet<&str> = table.iter().map(|cells| cells[0].trim_matches('`')).collect();
    assert_eq!(explained, defined);
    for cells in &table {
        let code: ErrorCode = serde_json::from_value(cells[0].trim_matches('`').into()).expect("a code of ours");
        assert_eq!(cells[2] == "yes", code.is_temporary(), "whether {} is temporary", cells[0]);
    }
}

#[test]
fn every_limit_is_the_one_in_force() {
    let limits = [
        ("the text of a message", model::MAX_TEXT),
        ("a name, email, title, time zone", model::MAX_FIELD),
        ("a URL", model::MAX_URL),
        ("a draft", model::MAX_DRAFT),
        ("rows of a queue in a board, and in `show`", model::MAX_ROWS),
        ("entries in one `entries`", model::MAX_PAGE),
        ("colleagues whom a note names", model::MAX_MENTIONS),
        ("quick replies under a text, cards in a message", model::MAX_CHOICES),
        ("buttons of a card", model::MAX_BUTTONS),
        ("a quick reply, a button's or a field's label", model::MAX_LABEL),
    ];
    let table: BTreeMap<String, String> = rows("11. Limits").map(|cells| (cells[0].clone(), cells[1].replace(',', ""))).collect();
    for (what, limit) in limits {
        let said = table.get(what).and_then(|text| text.split(' ').next()).and_then(|number| number.parse().ok());
        assert_eq!(said, Some(limit), "{what}");
    }
    assert!(PAGE.contains(&format!("at\nleast {} characters", api::MIN_PASSWORD)), "the shortest password");
}

#[test]
fn the_schemas_are_generated_from_these_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let schemas = [
        ("visitor-to-relay.json", schema_for!(visitor::ToRelay)),
        ("relay-to-visitor.json", schema_for!(visitor::FromRelay)),
        ("agent-to-relay.json", schema_for!(agent::ToRelay)),
        ("relay-to-agent.json", schema_for!(agent::FromRelay)),
        ("api.json", schema_for!(Api)),
    ];
    let bless = std::env::var_os("BULLE_BLESS").is_some();
    for (name, schema) in schemas {
        let mut schema = schema.to_value();
        plain_words(&mut schema);
        let path = folder.join(name);
        if bless {
            std::fs::write(&path, format!("{schema:#}\n")).expect("the folder of schemas can be written");
        }
        // Compared as values: the order of keys depends on which of serde_json's features the rest of the workspace asks for.
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
        assert!(kept == schema, "schemas/{name} is stale: run this test with BULLE_BLESS=1 and commit what it writes");
    }
}

/// Every body of the REST API, so that one schema holds them all.
#[allow(dead_code, reason = "only its schema is wanted")]
#[derive(JsonSchema)]
struct Api {
    api_error: api::ApiError,
    sign_in: api::SignIn,
    reply: api::Reply,
    reply_draft: api::ReplyDraft,
    me: api::Me,
    account_patch: api::AccountPatch,
    new_password: api::NewPassword,
    session: api::Session,
    push_key: api::PushKey,
    push_subscription: api::PushSubscription,
    second_factor: api::SecondFactor,
    proof: api::Proof,
    enrolment: api::Enrolment,
    confirm: api::Confirm,
    recovery_codes: api::RecoveryCodes,
    new_api_token: api::NewApiToken,
    api_token: api::ApiToken,
    audit_page: api::AuditPage,
    rules: api::Rules,
    limit: api::Limit,
    member: api::Member,
    invited: api::Invited,
    uninvite: api::Uninvite,
    right: api::Right,
    person_export: api::PersonExport,
    retention: api::Retention,
    visitor_rules: api::VisitorRules,
    visitor_profile: api::VisitorProfile,
    visitor_patch: api::VisitorPatch,
    merge_visitor: api::MergeVisitor,
    beacon: api::Beacon,
    beacon_answer: api::BeaconAnswer,
    present_list: api::PresentList,
    invite_to_chat: api::InviteToChat,
    attributes: api::Attributes,
    invite: api::Invite,
    invitation: api::Invitation,
    join: api::Join,
    history: api::History,
    entries_page: api::EntriesPage,
    why: api::Why,
    team: model::Team,
    team_draft: api::TeamDraft,
    site_desk: model::SiteDesk,
    site_setup: api::SiteSetup,
    agent_patch: api::AgentPatch,
    site_patch: api::SitePatch,
    site_secret: api::SiteSecret,
    new_site: api::NewSite,
    sightings: api::Sightings,
    greetings: api::Greetings,
    report: api::Report,
    tag_patch: api::TagPatch,
    found: api::Found,
    transcript: api::Transcript,
    new_search: api::NewSearch,
    saved_search: api::SavedSearch,
    block: api::Block,
    file: model::File,
    file_rules: model::FileRules,
}

/// The names of the definitions that properties refer to.
fn definitions(properties: &Value) -> impl Iterator<Item = &str> {
    let properties = properties.as_object().expect("properties");
    properties.values().filter_map(|property| property["$ref"].as_str()?.strip_prefix("#/$defs/"))
}

/// Turns the links in doc comments into words: "[`MAX_TEXT`]" means nothing outside of Rust's documentation.
fn plain_words(schema: &mut Value) {
    match schema {
        Value::String(text) => *text = text.replace("[`", "`").replace("`]", "`"),
        Value::Array(items) => items.iter_mut().for_each(plain_words),
        Value::Object(fields) => fields.values_mut().for_each(plain_words),
        _ => {}
    }
}

/// The rows of the first table in a section of the page, as trimmed cells.
fn rows(heading: &str) -> impl Iterator<Item = Vec<String>> {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).expect("the section is there");
    let lines = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    lines.skip(2).map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
}
