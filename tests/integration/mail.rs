//! Emails, to a mail server on this machine: answers for who is gone, the way back by their links, transcripts, and what goes wrong.

use relay::config::{Config, Smtp};
use reqwest::Method;
use shared::api::{NewSite, SiteSetup};
use shared::close::ErrorCode;
use shared::ids::ConversationId;
use shared::model::{Contact, Say};
use shared::visitor::{Hello, ToRelay, Transcript};
use tests::door::Door;
use tests::new_id;
use tests::people::PATIENCE;
use tests::post::{ClosedOffice, PostOffice};
use tests::relay::{Relay, RelayProcess};
use tests::visitor::Visitor;

/// A relay whose mails go there, answers this many ms after they were given.
async fn relay_with(post: &PostOffice, answer_delay_ms: i64) -> Relay {
    Relay::with(|config| {
        config.smtp.host = Some("127.0.0.1".into());
        config.smtp.port = post.port();
        config.smtp.tls = relay::config::Tls::None;
        config.smtp.from = Some("Kiln & Clay <chat@kiln.example>".into());
        config.smtp.answer_delay_ms = answer_delay_ms;
    })
    .await
}

/// Somebody who came by a link.
fn by_link(relay: &Relay, resume: &str) -> Visitor {
    let hello = Hello { resume: Some(resume.to_owned()), ..Hello::default() };
    Visitor::with_outbox(Door::visitor(relay.address(), "demo"), hello, Vec::new())
}

async fn asks_for_transcript(visitor: &Visitor, conversation: ConversationId, email: &str) -> Result<(), ErrorCode> {
    let (id, email) = (new_id(), email.to_owned());
    visitor.requests(id, ToRelay::Transcript(Transcript { id, conversation, email })).await
}

#[tokio::test]
async fn who_left_an_address_is_answered_by_email_and_comes_back_by_its_link() {
    let post = PostOffice::opens().await;
    let relay = relay_with(&post, 300).await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.leaves_message("Do you repair bowls?", "kim@example.org").await.conversation;
    visitor.leaves().await;
    let ada = relay.agent("Ada <b>").await;
    ada.comes_online().await;
    ada.until_console("the message", |console| console.message(chat).map(|_| ())).await;
    ada.notes(chat, "a regular").await;
    ada.says(chat, "We do, <script>").await;
    ada.says(chat, "send us a picture").await;

    let mails = post.has(1).await;
    let mail = &mails[0];
    assert_eq!(mail.recipients, ["kim@example.org"]);
    // Of a French browser.
    assert_eq!(mail.subject, "Kiln & Clay vous a répondu");
    assert!(
        mail.text.contains("Ada <b> vous a répondu :\n") || mail.text.contains("Ada <b> vous a répondu :\r\n"),
        "{}",
        mail.text
    );
    assert!(mail.text.contains("> We do, <script>") && mail.text.contains("> send us a picture"), "{}", mail.text);
    assert!(mail.html.contains("We do, &lt;script&gt;") && !mail.html.contains("<script>"), "{}", mail.html);
    assert!(!mail.raw.contains("a regular") && !mail.raw.contains("Do you repair"), "{}", mail.raw);
    assert!(mail.raw.contains("Auto-Submitted: auto-generated") && mail.id.ends_with("@kiln.example"), "{}", mail.raw);
    let link = format!("http://{}/chat/demo#resume=", relay.address());
    assert!(mail.text.contains(&link), "{}", mail.text);
    let resume = mail.resume().unwrap();

    // The link works on any browser, more than once; and everybody who came by it is the same visitor.
    let (phone, desk) = (by_link(&relay, &resume), by_link(&relay, &resume));
    phone.connects().await;
    phone.sees("send us a picture").await;
    desk.connects().await;
    desk.sees("Do you repair bowls?").await;
    phone.says("Here it is").await;
    desk.sees("Here it is").await;
    let token = desk.token();
    desk.leaves().await;
    let later = relay.returning_visitor("demo", &token);
    later.connects().await;
    later.sees("Here it is").await;
    relay.stop().await;
}

#[tokio::test]
async fn a_link_that_does_not_work_makes_nobody_somebody_else() {
    let post = PostOffice::opens().await;
    let relay = relay_with(&post, 0).await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.leaves_message("Hello?", "kim@example.org").await.conversation;
    visitor.leaves().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    ada.says(chat, "Hello!").await;
    let resume = post.has(1).await[0].resume().unwrap();

    let wrong: String = resume.chars().rev().collect();
    for resume in [wrong.as_str(), "", "x", &"0".repeat(10_000)] {
        let stranger = by_link(&relay, resume);
        stranger.connects().await;
        assert!(stranger.log().view.thread.is_none(), "{resume}");
    }
    // Of another site, the same link is nothing.
    let key = other_site(&relay).await;
    let hello = Hello { resume: Some(resume.clone()), ..Hello::default() };
    let stranger = Visitor::with_outbox(Door::visitor(relay.address(), &key), hello, Vec::new());
    stranger.connects().await;
    assert!(stranger.log().view.thread.is_none());
    // A week later it has expired.
    let db = rusqlite::Connection::open(relay.database()).unwrap();
    db.execute("UPDATE visitor_link SET expires_at = 1", []).unwrap();
    let late = by_link(&relay, &resume);
    late.connects().await;
    assert!(late.log().view.thread.is_none());
    relay.stop().await;
}

#[tokio::test]
async fn who_has_read_it_here_gets_no_mail() {
    let post = PostOffice::opens().await;
    let relay = relay_with(&post, 1_500).await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    let chat = visitor.leaves_message("Hello?", "kim@example.org").await.conversation;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    // Connected: nothing is queued. Gone, and back before the mail is due: it is settled.
    ada.says(chat, "while you are here").await;
    visitor.leaves().await;
    let last = ada.says(chat, "while you were gone").await;
    visitor.connects().await;
    visitor.sees("while you were gone").await;
    visitor.reads(last.seq).await;
    // And gone again: not being here, but having read it is what counts.
    let db = rusqlite::Connection::open(relay.database()).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let read = format!("UPDATE conversation SET visitor_read = visitor_read WHERE visitor_read >= {}", last.seq);
    until_it_changes(&db, &read).await;
    visitor.leaves().await;
    let other = relay.visitor("demo");
    other.opens_chat().await;
    let second = other.leaves_message("Me too", "lee@example.org").await.conversation;
    other.leaves().await;
    ada.says(second, "later than the others").await;
    let mails = post.has(1).await;
    assert_eq!(mails[0].recipients, ["lee@example.org"], "the mail that was due before it was not needed");
    relay.stop().await;
}

#[tokio::test]
async fn a_transcript_goes_where_it_is_wanted_a_few_times_a_day() {
    let post = PostOffice::opens().await;
    let relay = relay_with(&post, 0).await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    assert!(visitor.log().view.offers.email);
    let chat = visitor.says("Bcc: all@example.com\n.\nQUIT").await.conversation;
    ada.has(chat).await;
    ada.says(chat, "Pardon?").await;
    ada.notes(chat, "strange").await;
    visitor.sees("Pardon?").await;
    for wrong in ["", "kim", "kim@example.org\r\nBcc: x@example.org", &format!("{}@example.org", "k".repeat(300))] {
        assert_eq!(asks_for_transcript(&visitor, chat, wrong).await, Err(ErrorCode::InvalidField), "{wrong}");
    }
    assert_eq!(asks_for_transcript(&visitor, chat, " kim@example.org ").await, Ok(()));
    let mail = post.has(1).await.remove(0);
    assert_eq!(
        (mail.recipients, mail.subject),
        (vec!["kim@example.org".to_owned()], "Votre conversation avec Kiln & Clay".to_owned())
    );
    let text = mail.text.replace("\r\n", "\n");
    assert!(text.contains("Vous\nBcc: all@example.com\n.\nQUIT\n") && text.contains("Ada\nPardon?"), "{text}");
    assert!(!mail.raw.contains("strange") && mail.text.find("#resume=").is_none());

    // Three a day, by visitor and by address.
    assert_eq!(asks_for_transcript(&visitor, chat, "lee@example.org").await, Ok(()));
    assert_eq!(asks_for_transcript(&visitor, chat, "KIM@example.org").await, Ok(()));
    assert_eq!(asks_for_transcript(&visitor, chat, "sam@example.org").await, Err(ErrorCode::RateLimited));
    let other = relay.visitor("demo");
    other.opens_chat().await;
    let second = other.says("Hello").await.conversation;
    assert_eq!(asks_for_transcript(&other, chat, "kim@example.org").await, Err(ErrorCode::NotFound), "not theirs");
    // Nobody writes to strangers by it: first somebody has to answer.
    assert_eq!(asks_for_transcript(&other, second, "kim@example.org").await, Err(ErrorCode::WrongState));
    ada.has(second).await;
    ada.says(second, "Hi").await;
    assert_eq!(asks_for_transcript(&other, second, "kim@example.org").await, Ok(()));
    assert_eq!(asks_for_transcript(&other, second, "kim@example.org").await, Err(ErrorCode::RateLimited));
    assert_eq!(post.has(4).await.len(), 4);
    relay.stop().await;
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_offered_or_queued() {
    let relay = Relay::start().await;
    let visitor = relay.visitor("demo");
    visitor.opens_chat().await;
    assert!(!visitor.log().view.offers.email);
    let chat = visitor.leaves_message("Hello?", "kim@example.org").await.conversation;
    assert_eq!(asks_for_transcript(&visitor, chat, "kim@example.org").await, Err(ErrorCode::WrongState));
    visitor.leaves().await;
    let ada = relay.agent("Ada").await;
    ada.comes_online().await;
    ada.says(chat, "Hello!").await;
    let db = rusqlite::Connection::open(relay.database()).unwrap();
    let mails: i64 = db.query_row("SELECT count(*) FROM mail", [], |row| row.get(0)).unwrap();
    assert_eq!(mails, 0);
    relay.stop().await;
}

#[tokio::test]
async fn a_mail_outlives_the_relay_and_a_refusal() {
    let post = PostOffice::opens().await;
    let port = post.port().to_string();
    let mut relay = RelayProcess::start(&[
        ("BULLE_SMTP__HOST", "127.0.0.1"),
        ("BULLE_SMTP__PORT", &port),
        ("BULLE_SMTP__TLS", "none"),
        ("BULLE_SMTP__FROM", "chat@kiln.example"),
        ("BULLE_SMTP__ANSWER_DELAY_MS", "1000"),
    ]);
    let (office, admin) = relay.first_admin().await;
    let visitor = Visitor::new(relay.address(), "demo");
    visitor.opens_chat().await;
    let id = new_id();
    let contact = Some(Contact { name: Some("Kim".into()), email: "kim@example.org".into() });
    visitor.mutters(Say { contact, ..Say::text(id, None, "Hello?") }).await;
    let chat = visitor.is_acked(id).await.conversation;
    visitor.leaves().await;
    let agent = tests::agent::Agent::new(&office, &admin);
    agent.comes_online().await;
    agent.until_console("the message", |console| console.message(chat).map(|_| ())).await;
    agent.says(chat, "A secret of yours").await;
    relay.kill();
    let db = rusqlite::Connection::open(relay.data().join("bulle.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
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
            all_are_gone(&rusqlite::Connection::open(relay.database()).unwrap()).await;
            ada.says(chat, "Hello!").await;
        };
        // Signed by an authority that the system does not know: it is not told a word.
        let careful = relay_with(false).await;
        waits(&careful).await;
        let db = rusqlite::Connection::open(careful.database()).unwrap();
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
    let port = closed.port().unwrap().to_string();
    let relay = RelayProcess::start(&[
        ("BULLE_SMTP__HOST", "127.0.0.1"),
        ("BULLE_SMTP__PORT", &port),
        ("BULLE_SMTP__TLS", "none"),
        ("BULLE_SMTP__FROM", "chat@kiln.example"),
        ("BULLE_SMTP__ANSWER_DELAY_MS", "0"),
        ("BULLE_METRICS_LISTEN", "127.0.0.1:0"),
    ]);
    let (office, admin) = relay.first_admin().await;
    let visitor = Visitor::new(relay.address(), "demo");
    visitor.opens_chat().await;
    let chat = visitor.leaves_message("Hello?", "kim@example.org").await.conversation;
    visitor.leaves().await;
    let agent = tests::agent::Agent::new(&office, &admin);
    agent.comes_online().await;
    agent.until_console("the message", |console| console.message(chat).map(|_| ())).await;
    let db = rusqlite::Connection::open(relay.data().join("bulle.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    all_are_gone(&db).await;
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

/// The key of another site of the same relay.
async fn other_site(relay: &Relay) -> String {
    let new = NewSite { name: "Other".into() };
    let request = relay.office().request(Method::POST, "/api/sites").by(relay.admin()).json(&new).unwrap();
    let site: SiteSetup = request.send().await.unwrap().value().unwrap();
    site.key.0
}

/// Waits until the relay has seen every visitor leave: who is there still is sent no mail.
async fn all_are_gone(db: &rusqlite::Connection) {
    let nobody = "SELECT NOT EXISTS (SELECT 1 FROM presence JOIN visitor ON visitor.id = presence.subject)";
    let gone = async {
        while !db.query_row(nobody, [], |row| row.get::<_, bool>(0)).unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.unwrap();
}

/// Runs a statement until it has changed something.
async fn until_it_changes(db: &rusqlite::Connection, statement: &str) {
    let changes = async {
        while db.execute(statement, []).unwrap() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, changes).await.unwrap();
}
