//! Pictures of what people see, for people to look at: they are drawn anew by every run and compared with nothing.

use anyhow::Result;

use tests::browsers::Engine;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn pictures_for_people_to_look_at() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let agent = stage.agent_online("Mia Keller").await?;
    let _waiting = [
        stage.native_visitor("Hello, my vase came with a crack. What should I do?").await,
        stage.native_visitor("Do you sell vouchers?").await,
    ];
    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    visitor.pictures("shop-closed").await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.says("Message", "Hi! Is the blue bowl safe in a dishwasher?").await?;
    agent.clicks_part("button", "Is the blue bowl safe").await?;
    agent.says("Message", "Yes, all our glazes are. The care page says more: https://kiln.example/care").await?;
    visitor.reads_once("all our glazes are").await?;
    visitor.says("Message", "Splendid").await?;
    visitor.says("Message", "And is there a set of four? I would like to give it to a friend who moves house next week.").await?;
    agent.reads_once("And is there a set of four?").await?;
    visitor.sees("· Read").await?;
    agent.types("Message", "There is, and").await?;
    visitor.sees("Mia Keller is typing").await?;
    visitor.pictures("shop-chat").await?;
    visitor.prefers("dark").await?;
    visitor.pictures("shop-chat-dark").await?;
    visitor.prefers("light").await?;
    visitor.evaluates("document.documentElement.dir = 'rtl'").await?;
    visitor.pictures("shop-chat-rtl").await?;
    visitor.evaluates("document.documentElement.dir = 'ltr'").await?;
    visitor.holds_phone(390, 844).await?;
    visitor.pictures("shop-chat-phone").await?;
    visitor.clicks("button", "Close chat").await?;
    visitor.pictures("shop-closed-phone").await?;
    visitor.puts_phone_away().await?;

    agent.pictures("console").await?;
    agent.prefers("dark").await?;
    agent.pictures("console-dark").await?;
    agent.holds_phone(390, 844).await?;
    agent.pictures("console-phone-dark").await?;
    agent.prefers("light").await?;
    agent.pictures("console-phone-thread").await?;
    agent.clicks("button", "Back").await?;
    agent.finds("list", "My chats").await?;
    agent.pictures("console-phone-lists").await?;
    Ok(())
}
