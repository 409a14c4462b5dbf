//! Emails, to a mail server on this machine: answers for who is gone, the way back by their links, transcripts.

use reqwest::Method;
use shared::api::{NewSite, SiteSetup};
use shared::close::ErrorCode;
use shared::ids::ConversationId;
use shared::visitor::{Hello, ToRelay, Transcript};
use tests::door::Door;
use tests::new_id;
use tests::people::PATIENCE;
use tests::post::PostOffice;
use tests::relay::Relay;
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

async fn hears_of_the_old_link(visitor: &Visitor) {
    visitor.until_true("told", |log| log.answers.contains(&(None, Err(ErrorCode::LinkExpired)))).await;
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
        mail.text.contains("Ada <b> vous a répondu\u{a0}:\n") || mail.text.contains("Ada <b> vous a répondu\u{a0}:\r\n"),
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
        hears_of_the_old_link(&stranger).await;
    }
    // Of another site, the same link is nothing.
    let key = other_site(&relay).await;
    let hello = Hello { resume: Some(resume.clone()), ..Hello::default() };
    let stranger = Visitor::with_outbox(Door::visitor(relay.address(), &key), hello, Vec::new());
    stranger.connects().await;
    assert!(stranger.log().view.thread.is_none());
    hears_of_the_old_link(&stranger).await;
    // A week later it has expired.
    let db = rusqlite::Connection::open(relay.database()).unwrap();
    db.execute("UPDATE visitor_link SET expires_at = 1", []).unwrap();
    let late = by_link(&relay, &resume);
    late.connects().await;
    assert!(late.log().view.thread.is_none());
    hears_of_the_old_link(&late).await;
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

/// The key of another site of the same relay.
async fn other_site(relay: &Relay) -> String {
    let new = NewSite { name: "Other".into() };
    let request = relay.office().request(Method::POST, "/api/sites").by(relay.admin()).json(&new).unwrap();
    let site: SiteSetup = request.send().await.unwrap().value().unwrap();
    site.key.0
}

/// Runs a statement until it has changed something.
pub async fn until_it_changes(db: &rusqlite::Connection, statement: &str) {
    let changes = async {
        while db.execute(statement, []).unwrap() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, changes).await.unwrap();
}
