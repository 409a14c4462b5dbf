//! Messages that are committed together: each comes to what it would come to alone, whatever else is in the transaction.

use futures_util::future::{FutureExt as _, LocalBoxFuture};
use futures_util::poll;
use shared::frame::Ack;
use shared::ids::{AgentId, ConversationId, FileId, MessageId};
use shared::model::{Audience, Say, State};

use super::{Office, VisitorCard, id};
use crate::desk::DeskError;
use crate::store::tests::hold;
use crate::store::{Step, StoreError};

type Saying<'a> = LocalBoxFuture<'a, Result<Ack, DeskError>>;

impl Office {
    fn visitor_saying<'a>(&'a self, visitor: &'a VisitorCard, say: Say) -> Saying<'a> {
        self.say(visitor, say).boxed_local()
    }

    fn agent_saying(&self, agent: AgentId, conversation: ConversationId, say: Say) -> Saying<'_> {
        let say = Say { conversation: Some(conversation), ..say };
        async move { Ok(self.desk.agent_say(self.now(), agent, say).await?.said.unwrap().ack) }.boxed_local()
    }

    /// All of it in one transaction, in this order.
    async fn together(&self, mut sayings: Vec<Saying<'_>>) -> Vec<Result<Ack, DeskError>> {
        let (holding, go) = hold(&self.store).await;
        for saying in &mut sayings {
            assert!(poll!(saying).is_pending());
        }
        go.send(()).unwrap();
        holding.await.unwrap();
        futures_util::future::join_all(sayings).await
    }

    /// What was said, as the team sees it, in an unbroken row.
    async fn thread(&self, conversation: ConversationId) -> Vec<MessageId> {
        let (entries, more) = self.store.entries(conversation, 0, 500, Audience::Agents).await.unwrap();
        assert!(!more);
        let (mut seen, mut visible) = (0, 0);
        let (for_visitor, _) = self.store.entries(conversation, 0, 500, Audience::Visitor).await.unwrap();
        for entry in &entries {
            assert_eq!((entry.prev, entry.seq), (seen, seen + 1));
            seen = entry.seq;
        }
        for entry in &for_visitor {
            assert_eq!(entry.prev, visible);
            visible = entry.seq;
        }
        let record = self.record(conversation).await;
        assert_eq!((record.head, record.visitor_head), (seen, visible));
        entries.into_iter().filter(|entry| entry.body.is_message() || entry.body.is_internal()).map(|entry| entry.id).collect()
    }
}

#[tokio::test]
async fn messages_of_one_transaction_are_what_they_are_alone() {
    let office = Office::open().await;
    let agent = office.agent(2).await;
    let ((first, one), (second, two)) = (office.chat().await, office.chat().await);
    let other = office.agent(2).await;
    let (third, three) = office.chat().await;
    let (silent, four) = office.chat().await;
    for (chat, whose) in [(one, agent), (two, agent), (three, other), (four, other)] {
        assert_eq!(office.stands(chat).await, (State::Active, Some(whose)));
    }
    let earlier = office.words();
    let said_earlier = office.say(&first, earlier.clone()).await.unwrap();
    let (newcomer, twice, note) = (office.visitor(), office.words(), Say { note: true, ..office.words() });
    let unknown_file = Say { file: Some(FileId(id(7))), ..office.words() };
    let words: Vec<Say> = (0..7).map(|_| office.words()).collect();
    let said = office
        .together(vec![
            office.visitor_saying(&first, words[0].clone()),
            office.visitor_saying(&first, earlier),
            office.agent_saying(agent, one, words[1].clone()),
            office.visitor_saying(&first, words[2].clone()),
            office.visitor_saying(&second, twice.clone()),
            office.visitor_saying(&second, twice.clone()),
            office.agent_saying(other, one, words[3].clone()),
            // Writes much else, so that what was looked up is true no more.
            office.visitor_saying(&newcomer, words[4].clone()),
            office.agent_saying(agent, two, note.clone()),
            office.visitor_saying(&third, unknown_file),
            office.visitor_saying(&third, words[5].clone()),
            // The same id, by somebody else.
            office.agent_saying(other, four, words[6].clone()),
            office.visitor_saying(&silent, words[6].clone()),
        ])
        .await;
    let seqs: Vec<_> = said.iter().map(|said| said.as_ref().map(|ack| ack.seq).map_err(ToString::to_string)).collect();
    // In `one` stand the first message, its assignment and the one that was said earlier.
    assert_eq!(said[1].as_ref().unwrap(), &said_earlier);
    assert_eq!((&seqs[0], &seqs[2], &seqs[3]), (&Ok(4), &Ok(5), &Ok(6)));
    assert_eq!((&seqs[4], &seqs[5], &seqs[8]), (&Ok(3), &Ok(3), &Ok(4)));
    assert!(matches!(said[6], Err(DeskError::NotYours)));
    assert!(matches!(said[9], Err(DeskError::Invalid(_))));
    let begun = said[7].as_ref().unwrap().conversation;
    assert_eq!(office.stands(begun).await, (State::Queued, None));
    assert_eq!(office.thread(one).await[1..], [said_earlier.id, words[0].id, words[1].id, words[2].id]);
    assert_eq!(office.thread(two).await[1..], [twice.id, note.id]);
    assert_eq!(office.thread(three).await[1..], [words[5].id]);
    assert_eq!(office.thread(four).await[1..], [words[6].id, words[6].id]);
    assert_eq!(office.thread(begun).await, [words[4].id]);

    let (spoken, noted, answered) = (office.record(one).await, office.record(two).await, office.record(four).await);
    assert!(spoken.unanswered && noted.unanswered && answered.unanswered);
    assert_eq!((spoken.agent_at, noted.agent_at, answered.answer_due), (Some(office.now()), None, None));
    let astray = "SELECT count(*) FROM message m LEFT JOIN message b ON b.n = m.before \
        WHERE m.seq > 1 AND (b.conversation IS DISTINCT FROM m.conversation OR b.seq IS DISTINCT FROM m.seq - 1 OR b.n > m.n)";
    assert_eq!(office.count(astray).await, 0);
    // What is not answered in time is given to somebody else, so the store knows when.
    assert!(noted.stored_due.is_some_and(|due| Some(due) <= noted.due(&office.rules)));
    // Those that come after find all of it.
    assert_eq!(office.says(&first).await.seq, 7);
    assert_eq!(office.agent_saying(agent, two, office.words()).await.unwrap().seq, 5);
}

impl Office {
    /// A chat that was set aside unanswered, because its visitor went away.
    async fn left_chat(&self, agent: AgentId) -> (VisitorCard, ConversationId) {
        let (visitor, chat) = self.chat().await;
        self.answers(agent, chat).await;
        self.says(&visitor).await;
        self.visitor_leaves(&visitor).await;
        self.pass(self.rules.grace).await;
        assert_eq!((self.stands(chat).await, self.record(chat).await.stored_due), ((State::Parked, Some(agent)), None));
        (visitor, chat)
    }
}

#[tokio::test]
async fn an_answer_brings_the_time_nearer_at_which_its_chat_ends() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (_, chat) = office.left_chat(agent).await;
    let answers = [office.words(), office.words()].map(|say| office.agent_saying(agent, chat, say));
    for said in office.together(answers.into()).await {
        said.unwrap();
    }
    office.pass(office.rules.close_after - 1).await;
    assert_eq!(office.stands(chat).await.0, State::Parked);
    office.pass(1).await;
    assert_eq!(office.stands(chat).await.0, State::Closed);
}

#[tokio::test]
async fn what_follows_a_message_that_moved_its_chat_finds_it_moved() {
    let office = Office::open().await;
    let agent = office.agent(1).await;
    let (visitor, chat) = office.left_chat(agent).await;
    let before = office.record(chat).await.head;
    let words = [office.words(), office.words(), office.words()];
    let sayings = vec![
        office.visitor_saying(&visitor, words[0].clone()),
        office.agent_saying(agent, chat, words[1].clone()),
        office.visitor_saying(&visitor, words[2].clone()),
    ];
    let seqs: Vec<_> = office.together(sayings).await.into_iter().map(|said| said.unwrap().seq).collect();
    // That it goes on stands behind the first.
    assert_eq!(seqs, [before + 1, before + 3, before + 4]);
    assert!(office.thread(chat).await.ends_with(&[words[1].id, words[2].id]));
    assert_eq!(office.stands(chat).await, (State::Active, Some(agent)));
}

#[tokio::test]
#[ignore = "needs a server"]
async fn a_transaction_writes_all_its_messages_with_one_statement() {
    let office = Office::open().await;
    let agent = office.agent(20).await;
    let mut chats = Vec::new();
    for _ in 0..20 {
        chats.push(office.chat().await);
    }
    let count = |db: &Step<'_>| -> Result<(), StoreError> {
        Ok(db.execute_batch(
            "CREATE TABLE counted (name TEXT, number BIGINT);
             CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN INSERT INTO counted SELECT tg_table_name, count(*) FROM written; RETURN NULL; END$$;
             CREATE TRIGGER counts AFTER INSERT ON message REFERENCING NEW TABLE AS written EXECUTE FUNCTION counts();
             CREATE TRIGGER counts AFTER UPDATE ON conversation REFERENCING NEW TABLE AS written EXECUTE FUNCTION counts()",
        )?)
    };
    office.store.write(count).await.unwrap();
    let mut sayings = Vec::new();
    for (visitor, chat) in &chats {
        sayings.push(office.visitor_saying(visitor, office.words()));
        sayings.push(office.agent_saying(agent, *chat, office.words()));
    }
    for said in office.together(sayings).await {
        said.unwrap();
    }
    let statements = office.count("SELECT count(*) FROM counted").await;
    let rows = office.count("SELECT CAST(sum(number) AS BIGINT) FROM counted WHERE name = 'message'").await;
    let changed = office.count("SELECT CAST(sum(number) AS BIGINT) FROM counted WHERE name = 'conversation'").await;
    assert_eq!((statements, rows, changed), (2, 40, 20));
    for (_, chat) in &chats {
        assert_eq!(office.thread(*chat).await.len(), 3);
    }
}
