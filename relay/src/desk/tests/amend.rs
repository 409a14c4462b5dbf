//! Messages after they were said: changed, taken back; conversations rated.

use shared::frame::{Delete, Edit};
use shared::ids::{ConversationId, MessageId, Seq};
use shared::model::{Audience, Author, Body, Entry, Event, Rating, Role, Say};

use super::{DAY, MINUTE, Office, SECOND, id};
use crate::desk::{DeskError, Speaker};
use crate::store::sql;

impl Office {
    fn edit(&self, conversation: ConversationId, seq: Seq, text: &str) -> Edit {
        Edit { id: MessageId(id(self.next())), conversation, seq, text: text.to_owned() }
    }

    fn deletion(&self, conversation: ConversationId, seq: Seq) -> Delete {
        Delete { id: MessageId(id(self.next())), conversation, seq }
    }

    async fn edits(&self, by: Speaker, conversation: ConversationId, seq: Seq, text: &str) -> Result<(), DeskError> {
        self.desk.edit(self.now(), by, self.edit(conversation, seq, text)).await.map(|_| ())
    }

    async fn deletes(&self, by: Speaker, conversation: ConversationId, seq: Seq) -> Result<(), DeskError> {
        self.desk.delete(self.now(), by, self.deletion(conversation, seq)).await.map(|_| ())
    }

    async fn seen(&self, conversation: ConversationId, audience: Audience) -> Vec<Entry> {
        self.store.entries(conversation, 0, 100, audience).await.unwrap().0
    }

    async fn preview(&self, conversation: ConversationId) -> String {
        self.record(conversation).await.preview
    }

    /// Every byte that the store holds of a conversation.
    async fn bodies(&self, conversation: ConversationId) -> String {
        let read = move |db: &sql::Connection| {
            let mut find = db.prepare_cached("SELECT body FROM message WHERE conversation = ?1 ORDER BY seq")?;
            let bodies = find.query_map([conversation.0], |row| row.get::<String>(0))?;
            Ok(bodies.collect::<sql::Result<Vec<_>>>()?.join("\n"))
        };
        self.store.read(read).await.unwrap()
    }
}

#[tokio::test]
async fn a_message_is_changed_within_its_minute_by_its_author_and_only_the_last_one() {
    let office = Office::open().await;
    let (agent, other) = (office.agent(1).await, office.hire(Role::Admin).await);
    let (visitor, chat) = office.chat().await;
    let me = Speaker::Visitor(visitor.id);
    office.edits(me, chat, 1, "first").await.unwrap();
    assert_eq!(office.preview(chat).await, "first");
    let entries = office.seen(chat, Audience::Visitor).await;
    let last = entries.last().unwrap();
    assert!(
        matches!(&last.body, Body::Event(Event::Edited(edited)) if edited.seq == 1 && edited.text == "first" && !edited.note)
    );
    assert_eq!(last.by, Author::Visitor);

    // Nobody else's, no event, nothing that is not there.
    let refused = office.edits(Speaker::Agent(agent), chat, 1, "x").await;
    assert!(matches!(refused, Err(DeskError::NotAuthor)), "{refused:?}");
    assert!(matches!(office.edits(me, chat, 2, "x").await, Err(DeskError::NotAuthor)));
    assert!(matches!(office.edits(me, chat, 99, "x").await, Err(DeskError::NotFound)));
    let (stranger, _) = office.chat().await;
    assert!(matches!(office.edits(Speaker::Visitor(stranger.id), chat, 1, "x").await, Err(DeskError::NotFound)));

    // Another one's answer does not take the right away; one's own next message does.
    office.answers(agent, chat).await;
    office.edits(me, chat, 1, "second").await.unwrap();
    assert_eq!(office.preview(chat).await, "hello", "the agent's answer is what the inbox shows");
    let next = office.says(&visitor).await.seq;
    assert!(matches!(office.edits(me, chat, 1, "x").await, Err(DeskError::NotLast)));
    office.wait(MINUTE);
    office.edits(me, chat, next, "just in time").await.unwrap();
    office.wait(1);
    assert!(matches!(office.edits(me, chat, next, "x").await, Err(DeskError::TooLate)));
    assert!(matches!(office.deletes(me, chat, next).await, Err(DeskError::TooLate)));
    assert!(matches!(office.deletes(Speaker::Agent(other), chat, next).await, Err(DeskError::TooLate)));
}

#[tokio::test]
async fn what_is_taken_back_is_nowhere_any_more() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    let say = Say { text: "my card is 4000".into(), ..office.words() };
    let seq = office.say(&visitor, say).await.unwrap().seq;
    let me = Speaker::Visitor(visitor.id);
    office.edits(me, chat, seq, "my card is 4001").await.unwrap();
    office.edits(me, chat, seq, "my card is 4002").await.unwrap();
    assert_eq!(office.preview(chat).await, "my card is 4002");
    office.deletes(me, chat, seq).await.unwrap();
    let bodies = office.bodies(chat).await;
    assert!(!bodies.contains("400"), "{bodies}");
    assert_eq!(office.preview(chat).await, "hello", "the message before it");
    let entries = office.seen(chat, Audience::Agents).await;
    assert_eq!(entries.iter().find(|entry| entry.seq == seq).unwrap().body, Body::Deleted);
    assert!(matches!(entries.last().unwrap().body, Body::Event(Event::Deleted(deleted)) if deleted.seq == seq));
    assert!(matches!(office.deletes(me, chat, seq).await, Err(DeskError::NotAuthor)), "there is nothing of theirs any more");
}

#[tokio::test]
async fn the_message_before_reads_as_it_was_changed() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.edits(Speaker::Visitor(visitor.id), chat, 1, "changed").await.unwrap();
    office.answers(agent, chat).await;
    let seq = office.record(chat).await.head;
    office.deletes(Speaker::Agent(agent), chat, seq).await.unwrap();
    assert_eq!(office.preview(chat).await, "changed");
}

#[tokio::test]
async fn a_note_stays_within_the_team_whatever_happens_to_it() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.chat().await;
    let note = Say { conversation: Some(chat), note: true, ..office.words() };
    let seq = office.desk.agent_say(office.now(), agent, note).await.unwrap().said.unwrap().ack.seq;
    let before = office.seen(chat, Audience::Visitor).await;
    office.edits(Speaker::Agent(agent), chat, seq, "changed").await.unwrap();
    office.deletes(Speaker::Agent(agent), chat, seq).await.unwrap();
    assert_eq!(office.seen(chat, Audience::Visitor).await, before);
    let entries = office.seen(chat, Audience::Agents).await;
    assert!(matches!(entries.last().unwrap().body, Body::Event(Event::Deleted(deleted)) if deleted.note));
}

#[tokio::test]
async fn a_request_that_comes_twice_is_carried_out_once() {
    let office = Office::open().await;
    office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    let me = Speaker::Visitor(visitor.id);
    let edit = office.edit(chat, 1, "changed");
    office.desk.edit(office.now(), me, edit.clone()).await.unwrap();
    office.desk.edit(office.now(), me, edit.clone()).await.unwrap();
    let delete = office.deletion(chat, 1);
    office.desk.delete(office.now(), me, delete).await.unwrap();
    let head = office.record(chat).await.head;
    // Much later, when neither would be possible any more.
    office.wait(DAY);
    assert!(office.desk.delete(office.now(), me, delete).await.unwrap().changes.is_empty());
    assert!(office.desk.edit(office.now(), me, edit.clone()).await.unwrap().changes.is_empty());
    assert_eq!(office.record(chat).await.head, head);
    let (said, _) = office.chat().await;
    let foreign = office.desk.edit(office.now(), Speaker::Visitor(said.id), Edit { conversation: chat, ..edit }).await;
    assert!(matches!(foreign, Err(DeskError::NotFound)), "another author's id is another id");
}

#[tokio::test]
async fn an_answer_that_was_taken_back_is_none() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    office.answers(agent, chat).await;
    office.closes(agent, chat).await;
    office.says(&visitor).await;
    office.answers(agent, chat).await;
    let seq = office.record(chat).await.head;
    office.deletes(Speaker::Agent(agent), chat, seq).await.unwrap();
    office.desk.dismiss(office.now(), agent, chat).await.unwrap();
}

#[tokio::test]
async fn a_file_goes_with_the_last_message_that_has_it() {
    let office = Office::open().await;
    office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    let file = office.upload(visitor.id.0).await;
    let with = |say| Say { text: String::new(), file: Some(file), ..say };
    let first = office.say(&visitor, with(office.words())).await.unwrap().seq;
    let second = office.say(&visitor, with(office.words())).await.unwrap().seq;
    assert_eq!(office.preview(chat).await, "a.png");
    office.deletes(Speaker::Visitor(visitor.id), chat, second).await.unwrap();
    assert!(office.store.file(file).await.unwrap().is_some(), "another message has it");
    office.deletes(Speaker::Visitor(visitor.id), chat, first).await.unwrap();
    assert!(office.store.file(file).await.unwrap().is_none());
    assert_eq!(office.preview(chat).await, "hello");
    assert_eq!(office.count("SELECT erased FROM file").await, 1, "its bytes are to be removed");
    assert!(matches!(office.edits(Speaker::Visitor(visitor.id), chat, 1, "x").await, Ok(())), "the first is the last again");
}

#[tokio::test]
async fn only_text_can_be_changed() {
    let office = Office::open().await;
    office.agent(1).await;
    let (visitor, chat) = office.chat().await;
    let file = office.upload(visitor.id.0).await;
    let seq = office.say(&visitor, Say { text: String::new(), file: Some(file), ..office.words() }).await.unwrap().seq;
    let refused = office.edits(Speaker::Visitor(visitor.id), chat, seq, "x").await;
    assert!(matches!(refused, Err(DeskError::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn a_conversation_is_rated_while_an_agent_has_it_and_seven_days_after() {
    let office = Office::open().await;
    let (visitor, kept) = office.chat().await;
    let rate = async |chat, score| {
        let rating = Rating { score, comment: Some("quick".into()) };
        office.desk.rate(office.now(), visitor.id, MessageId(id(office.next())), chat, rating).await.map(|_| ())
    };
    assert!(matches!(rate(kept, 5).await, Err(DeskError::WrongState(_))), "nobody has answered");
    let agent = office.agent(1).await;
    office.desk.take(office.now(), agent, kept, false).await.unwrap();
    rate(kept, 2).await.unwrap();
    office.answers(agent, kept).await;
    office.closes(agent, kept).await;
    office.pass(7 * DAY).await;
    rate(kept, 5).await.unwrap();
    let entries = office.seen(kept, Audience::Visitor).await;
    let ratings: Vec<_> = entries
        .iter()
        .filter_map(|entry| match &entry.body {
            Body::Event(Event::Rated(rating)) => Some(rating.score),
            _ => None,
        })
        .collect();
    assert_eq!(ratings, [2, 5]);
    assert_eq!(office.preview(kept).await, "hello", "a rating is no message");
    office.wait(SECOND);
    assert!(matches!(rate(kept, 5).await, Err(DeskError::WrongState(_))));
    let (_, foreign) = office.chat().await;
    assert!(matches!(rate(foreign, 5).await, Err(DeskError::NotFound)));
}
