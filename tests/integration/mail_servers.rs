//! Mail servers that refuse, come late, want TLS or are not whom they should be; and a relay that dies in between.

use std::time::Duration;

use relay::config::{Config, Smtp};
use rusqlite::Connection;
use shared::ids::ConversationId;
use tests::agent::Agent;
use tests::people::PATIENCE;
use tests::post::{ClosedOffice, PostOffice};
use tests::relay::{Relay, RelayProcess};
use tests::visitor::Visitor;

use crate::mail::until_it_changes;

/// A relay in a process of its own whose mails go to this port, in clear text.
fn process(port: u16, more: &[(&str, &str)]) -> RelayProcess {
    let port = port.to_string();
    let ours = [
        ("BULLE_SMTP__HOST", "127.0.0.1"),
        ("BULLE_SMTP__PORT", port.as_str()),
        ("BULLE_SMTP__TLS", "none"),
        ("BULLE_SMTP__FROM", "chat@kiln.example"),
    ];
    RelayProcess::start(&[&ours, more].concat())
}

/// The database of a relay, beside it.
fn database(relay: &RelayProcess) -> Connection {
    let db = Connection::open(relay.data().join("bulle.db")).unwrap();
    db.busy_timeout(Duration::from_secs(5)).unwrap();
    db
}

/// Somebody has left a message and gone; the first admin has it before them.
async fn message_left(relay: &RelayProcess) -> (Agent, ConversationId) {
    let (office, admin) = relay.first_admin().await;
    let visitor = Visitor::new(relay.address(), "demo");
    visitor.opens_chat().await;
    let chat = visitor.leaves_message("Hello?", "kim@example.org").await.conversation;
    visitor.leaves().await;
    let agent = Agent::new(&office, &admin);
    agent.comes_online().await;
    agent.until_console("the message", |console| console.message(chat).map(|_| ())).await;
    all_are_gone(&database(relay)).await;
    (agent, chat)
}

#[tokio::test]
async fn a_mail_outlives_the_relay_and_a_refusal() {
    let post = PostOffice::opens().await;
    let mut relay = process(post.port(), &[("BULLE_SMTP__ANSWER_DELAY_MS", "1000")]);
    let (agent, chat) = message_left(&relay).await;
    agent.says(chat, "A secret of yours").await;
    relay.kill();
    let db = database(&relay);
    let wait: i64 = db.query_row("SELECT due_at - created_at FROM mail", [], |row| row.get(0)).unwrap();
    assert_eq!((wait, post.so_far().len()), (1_000, 0), "it waits for more answers");
    post.refuses(451);
    relay.restart();
    post.has_refused(1).await;
    // The next try is a minute away: brought nearer, as a clock that goes on would.
    post.refuses(0);
    until_it_changes(&db, "UPDATE mail SET due_at = 1 WHERE tries = 1").await;
    let mails = post.has(1).await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].text.contains("> A secret of yours"));

    // For good: given up at once, and what the server says of it stays out of the log.
    let second = Visitor::new(relay.address(), "demo");
    second.opens_chat().await;
    let other = second.leaves_message("Me too", "nobody@example.org").await.conversation;
    second.leaves().await;
    all_are_gone(&db).await;
    post.refuses(550);
    agent.until_console("the other message", |console| console.message(other).map(|_| ())).await;
    agent.says(other, "Hello").await;
    post.has_refused(2).await;
    until_it_changes(&db, "DELETE FROM mail WHERE recipient = 'nobody@example.org' AND due_at IS NULL").await;
    let log = relay.logged();
    assert!(log.contains("tried again") && log.contains("451") && log.contains("given up"), "{log}");
    assert!(!log.contains("example.org") && !log.contains("secret of yours"), "{log}");
}

#[tokio::test]
async fn mails_go_over_tls_to_whom_the_operator_trusts_and_to_nobody_else() {
    for by_starttls in [true, false] {
        let (post, authority) = PostOffice::opens_locked(by_starttls).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, authority).unwrap();
        let relay_with = async |trusts: bool| {
            Relay::with(|config| {
                config.smtp.host = Some("localhost".into());
                config.smtp.port = post.port();
                config.smtp.tls = if by_starttls { relay::config::Tls::Starttls } else { relay::config::Tls::Implicit };
                config.smtp.ca = Some(ca.clone()).filter(|_| trusts);
                config.smtp.from = Some("chat@kiln.example".into());
                config.smtp.answer_delay_ms = 0;
            })
            .await
        };
        let waits = async |relay: &Relay| {
            let visitor = relay.visitor("demo");
            visitor.opens_chat().await;
            let chat = visitor.leaves_message("Hello?", "kim@example.org").await.conversation;
            visitor.leaves().await;
            let ada = relay.agent("Ada").await;
            ada.comes_online().await;
            all_are_gone(&Connection::open(relay.database()).unwrap()).await;
            ada.says(chat, "Hello!").await;
        };
        // Signed by an authority that the system does not know: it is not told a word.
        let careful = relay_with(false).await;
        waits(&careful).await;
        let db = Connection::open(careful.database()).unwrap();
        until_it_changes(&db, "UPDATE mail SET recipient = 'late@example.org' WHERE tries = 1").await;
        assert!(post.so_far().is_empty());
        careful.stop().await;

        let relay = relay_with(true).await;
        waits(&relay).await;
        assert_eq!(post.has(1).await[0].recipients, ["kim@example.org"]);
        relay.stop().await;
    }
}

#[tokio::test]
async fn a_mail_server_that_comes_up_late_gets_what_has_waited() {
    let closed = ClosedOffice::new().unwrap();
    let relay = process(closed.port().unwrap(), &[("BULLE_SMTP__ANSWER_DELAY_MS", "0"), ("BULLE_METRICS_LISTEN", "127.0.0.1:0")]);
    let (agent, chat) = message_left(&relay).await;
    let db = database(&relay);
    agent.says(chat, "Hello!").await;
    until_it_changes(&db, "UPDATE mail SET recipient = 'late@example.org' WHERE tries = 1").await;
    let numbers = async || reqwest::get(relay.metrics()).await.unwrap().text().await.unwrap();
    let before = numbers().await;
    for line in [
        "bulle_mails_total{outcome=\"deferred\"} 1",
        "bulle_mails_total{outcome=\"sent\"} 0",
        "bulle_mails_total{outcome=\"failed\"} 0",
        "bulle_mails_waiting 1",
    ] {
        assert!(before.contains(line), "{line}: {before}");
    }
    assert!(relay.logged().contains("cannot be reached: check `smtp.host`"), "{}", relay.logged());
    let pause: i64 = db.query_row("SELECT due_at - created_at FROM mail", [], |row| row.get(0)).unwrap();
    assert!((60_000..120_000).contains(&pause), "the next try is a minute away, not {pause} ms");

    let post = closed.opens().unwrap();
    until_it_changes(&db, "UPDATE mail SET due_at = 1 WHERE tries = 1").await;
    assert_eq!(post.has(1).await[0].recipients, ["late@example.org"]);
    until_it_changes(&db, "UPDATE mail SET tries = 9 WHERE due_at IS NULL").await;
    let after = numbers().await;
    assert!(after.contains("bulle_mails_total{outcome=\"sent\"} 1") && after.contains("bulle_mails_waiting 0"), "{after}");
    assert_eq!(post.so_far().len(), 1, "once");
}

#[tokio::test]
async fn an_authority_that_cannot_be_used_ends_the_start_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, empty) = (folder.path().join("none.pem"), folder.path().join("empty.pem"));
    std::fs::write(&empty, "no certificate").unwrap();
    for (path, problem) in [(missing, "No such file"), (empty, "holds no certificate")] {
        let data = tempfile::tempdir().unwrap();
        let config = Config {
            data: data.path().to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            smtp: Smtp {
                host: Some("localhost".into()),
                from: Some("chat@kiln.example".into()),
                ca: Some(path),
                ..Smtp::default()
            },
            ..Config::default()
        };
        let error = relay::app::start(config).await.err().unwrap().to_string();
        assert!(error.contains("`smtp.ca`") && error.contains(problem), "{error}");
    }
}

/// Waits until the relay has seen every visitor leave: who is there still is sent no mail.
async fn all_are_gone(db: &Connection) {
    let nobody = "SELECT NOT EXISTS (SELECT 1 FROM presence JOIN visitor ON visitor.id = presence.subject)";
    let gone = async {
        while !db.query_row(nobody, [], |row| row.get::<_, bool>(0)).unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}
