//! Pictures of what people see, for people to look at: they are drawn anew by every run and compared with nothing.

use anyhow::Result;

use tests::browsers::Engine;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn pictures_for_people_to_look_at() -> Result<()> {
    let stage = Stage::set(Engine::Chromium).await?;
    let agent = stage.agent_online("Mia Keller").await?;
    let _first = stage.native_visitor("Hello, my vase came with a crack. What should I do?").await;
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
    visitor.sketches("light", 420, 780).await?;
    visitor.prefers("dark").await?;
    visitor.pictures("shop-chat-dark").await?;
    visitor.sketches("dark", 420, 780).await?;
    visitor.prefers("light").await?;
    visitor.holds_phone(390, 844).await?;
    visitor.pictures("shop-chat-phone").await?;
    visitor.clicks("button", "Close chat").await?;
    visitor.pictures("shop-closed-phone").await?;
    visitor.puts_phone_away().await?;

    let (loader, settings) = stage.loader().await?;
    let reader = stage.visitor().await?;
    reader.finds("button", "Open chat").await?;
    let arabic = "document.documentElement.dir = 'rtl'; chat().remove(); delete window.Bulle; ";
    reader.runs_seeking(&format!("{arabic} ({loader})({{ ...{settings}, locale: 'ar', open: 'فتح الدردشة' }});")).await?;
    reader.clicks("button", "فتح الدردشة").await?;
    reader.says("الرسالة", "مرحبًا! هل الوعاء الأزرق متوفر؟").await?;
    agent.clicks_part("button", "هل الوعاء الأزرق متوفر؟").await?;
    agent.says("Message", "نعم، بقي اثنان.").await?;
    reader.waits_until("text().includes('بقي اثنان')").await?;
    reader.pictures("shop-chat-rtl").await?;
    reader.sketches("arabic", 420, 780).await?;

    let _waiting = stage.native_visitor("Do you sell vouchers?").await;
    agent.sees("Do you sell vouchers?").await?;
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
