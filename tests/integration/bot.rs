//! `examples/bot-agent` in the team: the program as it is built, a visitor who asks it things, and a person who takes over.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use reqwest::Method;
use shared::api::{ApiToken, NewApiToken};
use shared::model::{Body, Presence, Role};
use tests::agent::Agent;
use tests::people::Log;
use tests::relay::Relay;

/// The bot's process. Dropping it ends it.
struct Process(Child);

impl Process {
    fn start(relay: &Relay, token: &str) -> Self {
        let mut command = Command::new(binary());
        command.env("BULLE_URL", format!("http://{}", relay.address())).env("BULLE_TOKEN", token);
        Self(command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// What it says when it ends by itself.
    async fn last_words(mut self) -> String {
        let stderr = self.0.stderr.take().unwrap();
        let read = tokio::task::spawn_blocking(move || std::io::read_to_string(stderr).unwrap()).await.unwrap();
        assert!(!self.0.wait().unwrap().success());
        read
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn binary() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let found = program.ancestors().skip(1).take(2).map(|folder| folder.join("bot-agent")).find(|binary| binary.is_file());
    match found {
        Some(found) => found,
        None => panic!("no `bot-agent` beside this program: build it with `cargo build -p bot-agent`"),
    }
}

/// What was said with quick replies under it.
fn menus<V>(log: &Log<V>) -> impl Iterator<Item = &str> {
    log.entries.iter().filter_map(|(_, entry)| match &entry.body {
        Body::Menu(menu) => Some(menu.text.as_str()),
        _ => None,
    })
}

fn greetings<V>(log: &Log<V>) -> usize {
    menus(log).filter(|text| text.starts_with("Hello! I am")).count()
}

async fn token(relay: &Relay) -> ApiToken {
    let new = NewApiToken { name: "Bulle bot".into(), role: Role::Agent, expires_at: None };
    let answer = relay.office().request(Method::POST, "/api/tokens").by(relay.admin()).json(&new).unwrap().send().await.unwrap();
    answer.value().unwrap()
}

/// A colleague sees the bot come to work: before that, what visitors write is kept as a message.
async fn sees_online(agent: &Agent, made: &ApiToken) {
    let is_online = |bot: &&shared::model::Agent| bot.bot && bot.presence == Presence::Online;
    agent.until_console("the bot online", |console| console.agents.get(&made.id).filter(is_online).map(drop)).await;
}

#[tokio::test]
async fn it_answers_with_quick_replies_and_hands_over_to_a_person() {
    let relay = Relay::start().await;
    let made = token(&relay).await;
    let ada = relay.agent("Ada").await;
    ada.connects().await;
    let bot = Process::start(&relay, made.token.as_deref().unwrap());
    sees_online(&ada, &made).await;

    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.says("Hello!").await.conversation;
    visitor.is_with("Bulle bot").await;
    let greeting = visitor.until("quick replies", |log| {
        log.entries.iter().filter(|(of, _)| *of == chat).find_map(|(_, entry)| match &entry.body {
            Body::Menu(menu) => Some(menu.clone()),
            _ => None,
        })
    });
    let menu = greeting.await;
    assert!(menu.choices.iter().any(|choice| choice == "Talk to a person"), "{menu:?}");
    visitor.says("Shipping").await;
    visitor.until_true("the answer", |log| menus(log).any(|text| text.starts_with("We ship within"))).await;

    ada.sets(Presence::Online).await;
    visitor.says("Talk to a person").await;
    visitor.sees("I hand you over to a person. One moment, please.").await;
    ada.has(chat).await;
    ada.sees("Shipping").await;
    visitor.is_with("Ada").await;

    // Its token is revoked under its hands.
    let path = format!("/api/tokens/{}", made.id);
    relay.office().request(Method::DELETE, &path).by(relay.admin()).send().await.unwrap().accepted().unwrap();
    let words = bot.last_words().await;
    assert!(words.contains("revoked"), "{words}");
    relay.stop().await;
}

#[tokio::test]
async fn a_bot_that_was_killed_goes_on_where_it_was() {
    let relay = Relay::start().await;
    let made = token(&relay).await;
    let secret = made.token.clone().unwrap();
    let ada = relay.agent("Ada").await;
    ada.connects().await;
    let first = Process::start(&relay, &secret);
    sees_online(&ada, &made).await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    visitor.says("Hello!").await;
    visitor.until_true("the greeting", |log| greetings(log) == 1).await;
    drop(first);
    visitor.says("When are you open?").await;
    let _second = Process::start(&relay, &secret);
    visitor.until_true("the hours", |log| menus(log).any(|text| text.starts_with("We are here Monday"))).await;
    assert_eq!(greetings(&visitor.log()), 1, "what was answered is not answered again");
    relay.stop().await;
}
