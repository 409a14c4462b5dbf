//! Messages that are more than text: files, quick replies, cards, forms, greetings, a fresh start. Each with everything that belongs to it
//! in one transaction, and twice the same answer.

use shared::ids::{FileId, Millis};
use shared::model::{
    Answer, Audience, Body, Card, Event, Field, FieldKind, File, Form, Greeting, Menu, Say, SiteSettings, State,
};
use uuid::Uuid;

use super::{DAY, Office, id};
use crate::desk::DeskError;

const ALLOWED: u64 = 1_000_000;

impl Office {
    /// Somebody has uploaded a picture.
    pub(super) async fn upload(&self, owner: Uuid) -> FileId {
        let id = FileId(id(self.next()));
        let file = File {
            id,
            name: "a.png".into(),
            media_type: "image/png".into(),
            size: 10,
            path: crate::store::files::path(id, "a.png"),
            width: Some(4),
            height: Some(3),
            duration_ms: None,
        };
        self.store.begin_file((id, owner), 10, self.now(), 0, ALLOWED).await.unwrap().unwrap();
        self.store.finish_file(file).await.unwrap();
        id
    }

    async fn settings(&self, settings: SiteSettings) {
        let mut site = self.store.sites().await.unwrap().remove(0);
        site.settings = settings;
        self.store.upsert_site(site).await.unwrap();
    }

    async fn bodies_of(&self, conversation: shared::ids::ConversationId) -> Vec<Body> {
        let (entries, _) = self.store.entries(conversation, 0, 100, Audience::Agents).await.unwrap();
        entries.into_iter().map(|entry| entry.body).collect()
    }
}

fn field(label: &str, kind: FieldKind) -> Field {
    Field { label: label.into(), kind, required: false, options: Vec::new() }
}

fn answer(label: &str, value: &str) -> Answer {
    Answer { label: label.into(), value: value.into() }
}

#[tokio::test]
async fn a_file_is_its_uploaders_and_comes_as_the_relay_knows_it() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    let (mine, theirs) = (office.upload(visitor.id.0).await, office.upload(agent.0).await);
    let with = |file| Say { text: String::new(), file: Some(file), ..office.words() };
    let refused = office.say(&visitor, with(theirs)).await;
    assert!(matches!(refused, Err(DeskError::Invalid(_))), "{refused:?}");
    assert!(matches!(office.say(&visitor, with(FileId(id(5)))).await, Err(DeskError::Invalid(_))));
    let head = office.record(chat).await.head;
    let say = with(mine);
    let ack = office.say(&visitor, say.clone()).await.unwrap();
    assert_eq!(ack.seq, head + 1, "what was refused left nothing");
    let bodies = office.bodies_of(chat).await;
    assert!(matches!(bodies.last().unwrap(), Body::File(file) if file.id == mine && file.width == Some(4)));
    assert_eq!(office.say(&visitor, say.clone()).await.unwrap(), ack, "said twice, there once");
    // The file is gone meanwhile: the retry still gets its ack.
    office.store.write(move |db| crate::store::files::release(db, chat, ack.seq)).await.unwrap();
    assert_eq!(office.say(&visitor, say).await.unwrap(), ack);
}

#[tokio::test]
async fn cards_and_quick_replies_are_messages() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.chat().await;
    let picture = office.upload(agent.0).await;
    let lie = File {
        id: picture,
        name: "lie".into(),
        media_type: "text/html".into(),
        size: 1,
        path: "https://elsewhere.example/".into(),
        width: None,
        height: None,
        duration_ms: None,
    };
    let card = Card { title: "Shoe".into(), text: None, image: Some(lie), buttons: Vec::new() };
    let to = Some(chat);
    let say = Say { conversation: to, text: String::new(), cards: vec![card.clone(), card], ..office.words() };
    office.desk.agent_say(office.now(), agent, say).await.unwrap();
    let Some(Body::Cards(cards)) = office.bodies_of(chat).await.pop() else { panic!("no cards") };
    let image = cards[0].image.as_ref().unwrap();
    assert_eq!((image.name.as_str(), image.media_type.as_str()), ("a.png", "image/png"));
    assert!(image.path.starts_with("/f/"), "{}", image.path);
    assert_eq!(office.record(chat).await.preview, "Shoe");
    let say = Say { conversation: to, choices: vec!["Yes".into()], ..office.words() };
    office.desk.agent_say(office.now(), agent, say).await.unwrap();
    let menu = Menu { text: "hello".into(), choices: vec!["Yes".into()] };
    assert_eq!(office.bodies_of(chat).await.pop(), Some(Body::Menu(menu)));
    assert!(!office.record(chat).await.unanswered);
}

#[tokio::test]
async fn the_form_comes_with_the_first_message_and_tells_who_writes() {
    let office = Office::open().await;
    office.agent(1).await;
    let fields = vec![field("Your name", FieldKind::Name), field("Where to", FieldKind::Email), field("Order", FieldKind::Text)];
    office.settings(SiteSettings { form: Some(Form { fields, consent: None }), ..SiteSettings::default() }).await;
    let visitor = office.visitor();
    let answers = vec![answer("Your name", "Kim"), answer("Where to", "kim@example.org"), answer("Order", "4711")];
    let say = Say { answers: answers.clone(), ..office.words() };
    let ack = office.say(&visitor, say.clone()).await.unwrap();
    let bodies = office.bodies_of(ack.conversation).await;
    assert_eq!(bodies[1], Body::Event(Event::Answered(answers)));
    let seen = office.store.conversation(ack.conversation).await.unwrap().unwrap();
    assert_eq!((seen.visitor.name.as_deref(), seen.visitor.email.as_deref()), (Some("Kim"), Some("kim@example.org")));
    assert_eq!(seen.state, State::Active, "an address in the form is no offline message");
    let (entries, _) = office.store.entries(ack.conversation, 0, 9, Audience::Visitor).await.unwrap();
    assert!(entries.iter().all(|entry| !matches!(entry.body, Body::Event(Event::Answered(_)))));
    assert_eq!(office.say(&visitor, say).await.unwrap(), ack);
    assert_eq!(office.bodies_of(ack.conversation).await.len(), bodies.len());
    // No address is no address.
    let other = office.visitor();
    let say = Say { answers: vec![answer("Where to", "nowhere")], ..office.words() };
    let chat = office.say(&other, say).await.unwrap().conversation;
    assert_eq!(office.store.conversation(chat).await.unwrap().unwrap().visitor.email, None);
}

#[tokio::test]
async fn the_greeting_stands_before_the_answer_to_it() {
    let office = Office::open().await;
    office.agent(1).await;
    let greeting = Greeting {
        id: "help".into(),
        text: "Can I help?".into(),
        url: None,
        after_s: None,
        scroll: None,
        exit: false,
        returning: None,
    };
    office.settings(SiteSettings { greetings: vec![greeting], ..SiteSettings::default() }).await;
    let mut visitor = office.visitor();
    let say = Say { greeting: Some("help".into()), ..office.words() };
    let ack = office.say(&visitor, say.clone()).await.unwrap();
    visitor.is_new = false;
    assert_eq!((ack.seq, ack.prev), (2, 1));
    assert_eq!(office.bodies_of(ack.conversation).await[0], Body::Event(Event::Greeted("Can I help?".into())));
    assert_eq!(office.record(ack.conversation).await.preview, "hello");
    assert_eq!(office.say(&visitor, say).await.unwrap(), ack);
    // Within a chat nobody is greeted, and an unknown greeting is none.
    let again = office.say(&visitor, Say { greeting: Some("help".into()), ..office.words() }).await.unwrap();
    assert_eq!(again.prev, again.seq - 1);
    assert!(!matches!(
        office.bodies_of(ack.conversation).await[usize::try_from(again.prev).unwrap() - 1],
        Body::Event(Event::Greeted(_))
    ));
    let other = office.visitor();
    assert_eq!(office.say(&other, Say { greeting: Some("gone".into()), ..office.words() }).await.unwrap().seq, 1);
}

#[tokio::test]
async fn a_fresh_start_follows_an_end_and_nothing_else() {
    let office = Office::open().await;
    let agent = office.agent(2).await;
    let (visitor, chat) = office.chat().await;
    let fresh = || Say { fresh: true, ..office.words() };
    assert_eq!(office.say(&visitor, fresh()).await.unwrap().conversation, chat, "an open one goes on");
    office.answers(agent, chat).await;
    office.closes(agent, chat).await;
    let later: Millis = DAY;
    office.pass(later).await;
    let say = fresh();
    let ack = office.say(&visitor, say.clone()).await.unwrap();
    assert_ne!(ack.conversation, chat);
    assert_eq!(office.record(ack.conversation).await.previous, Some(chat));
    assert_eq!(office.stands(chat).await.0, State::Closed);
    assert_eq!(office.say(&visitor, say.clone()).await.unwrap(), ack);
    office.answers(agent, ack.conversation).await;
    office.closes(agent, ack.conversation).await;
    assert_eq!(office.say(&visitor, say).await.unwrap(), ack, "a retry after the end begins nothing");
    assert_eq!(office.count("SELECT count(*) FROM conversation").await, 2);
}
