//! What stands around a chat: the form before it, changing and taking back the last message in it, the rating after it.

use anyhow::Result;
use rusqlite::Connection;
use serde_json::json;
use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::stage::Stage;

in_each_engine!(a_chat_begins_with_a_form_and_ends_with_stars);
async fn a_chat_begins_with_a_form_and_ends_with_stars(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let fields = json!([
        { "label": "Your name", "kind": "name", "required": true },
        { "label": "Email", "kind": "email" },
        { "label": "What is it about?", "kind": "choice", "options": ["An order", "Something else"] },
    ]);
    let settings = json!({ "form": { "fields": fields, "consent": "You may keep what I write." } }).to_string();
    Connection::open(stage.database())?.execute("UPDATE site SET settings = ?1", [settings])?;
    let agent = stage.agent_online("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.clicks("button", "Open chat").await?;

    // Everything that is wrong is said at once, and the first of it has the focus.
    visitor.is_at("textbox", "Your name").await?;
    visitor.types("Email", "kim").await?;
    visitor.clicks("button", "Start chat").await?;
    visitor.sees("Please fill in this field.").await?;
    visitor.sees("Please enter an email address").await?;
    visitor.sees("Please agree before you go on.").await?;
    visitor.is_at("textbox", "Your name").await?;
    visitor.types("Your name", "Kim").await?;
    visitor.types("Email", "@example.org").await?;
    visitor.sees_no_more("Please fill in this field.").await?;
    visitor.sees_no_more("Please enter an email address").await?;
    visitor.clicks("checkbox", "You may keep what I write.").await?;
    visitor
        .runs_seeking(
            "const of = seek('combobox', 'What is it about?'); of.value = 'An order'; of.dispatchEvent(new Event('input'));",
        )
        .await?;
    visitor.clicks("button", "Start chat").await?;
    visitor.is_at("textbox", "Message").await?;
    visitor.says("Message", "Where is it").await?;
    agent.clicks_part("button", "Where is it").await?;
    agent.reads_once("Where is it").await?;
    for told in ["Kim", "kim@example.org", "An order"] {
        agent.sees(told).await?;
    }

    // For a minute, the last message can be changed and taken back.
    visitor.clicks("button", "Edit").await?;
    visitor.sees("Editing your message").await?;
    visitor.says("Message", " now?").await?;
    agent.reads_once("Where is it now?").await?;
    visitor.reads_once("Where is it now?").await?;
    visitor.sees("edited").await?;
    visitor.says("Message", "Never mind").await?;
    agent.reads_once("Never mind").await?;
    visitor.clicks("button", "Delete").await?;
    visitor.sees("Message deleted").await?;
    visitor.sees_no_more("Never mind").await?;
    agent.waits_until("!said().includes('Never mind')").await?;

    agent.clicks("button", "Close chat").await?;
    // A star is drawn over its button; on the page both are one label.
    visitor.finds("radio", "5: Very good").await?;
    visitor.runs_seeking("seek('radio', '5: Very good').click()").await?;
    visitor.types("What should we know? (optional)", "Quick and kind.").await?;
    visitor.runs_seeking("everything(document).find(el => el.matches('.over .main')).click()").await?;
    visitor.sees("You rated this chat 5 out of 5").await?;
    agent.sees("Quick and kind.").await?;
    visitor.is_content().await?;
    agent.is_content().await
}
