//! Finding what was said, over the desk's own verbs: what a search finds is what the thread shows.

use shared::api::{Found, SearchQuery};
use shared::frame::{Delete, Edit};
use shared::ids::{AgentId, ConversationId, MessageId, Seq};
use shared::model::{Body, Event, Rating, Role, Say, Tagged};

use super::{DAY, HOUR, Office, START, id};
use crate::desk::{DeskError, Speaker, VisitorCard};
use crate::store::{Search, Store, Wanted};

impl Office {
    async fn writes(&self, visitor: &VisitorCard, text: &str) -> (ConversationId, Seq) {
        let ack = self.say(visitor, Say { text: text.to_owned(), ..self.words() }).await.unwrap();
        (ack.conversation, ack.seq)
    }

    async fn someone_writes(&self, text: &str) -> (VisitorCard, ConversationId) {
        let mut visitor = self.visitor();
        let (chat, _) = self.writes(&visitor, text).await;
        visitor.is_new = false;
        (visitor, chat)
    }

    async fn notes(&self, agent: AgentId, conversation: ConversationId, text: &str) {
        let say = Say { conversation: Some(conversation), note: true, text: text.to_owned(), ..self.words() };
        self.desk.agent_say(self.now(), agent, say).await.unwrap();
    }

    pub(super) async fn search(&self, agent: AgentId, query: SearchQuery, after: Option<String>) -> Found {
        let agent = self.store.any_agent(agent).await.unwrap().unwrap();
        let wanted = if query.q.is_empty() { None } else { Some(Wanted::of(&query.q).unwrap()) };
        self.store.search(agent, Search { query, wanted, after }).await.unwrap().unwrap()
    }

    /// Conversations and seqs that an agent finds with a text.
    async fn finds(&self, agent: AgentId, text: &str) -> Vec<(ConversationId, Seq)> {
        let found = self.search(agent, SearchQuery { q: text.to_owned(), ..SearchQuery::default() }, None).await;
        found.hits.into_iter().map(|hit| (hit.conversation.id, hit.message.unwrap().seq)).collect()
    }

    async fn chats(&self, agent: AgentId, query: SearchQuery) -> Vec<ConversationId> {
        self.search(agent, query, None).await.hits.into_iter().map(|hit| hit.conversation.id).collect()
    }
}

fn edit(seq: Seq, conversation: ConversationId, number: u128, text: &str) -> Edit {
    Edit { id: MessageId(id(number)), conversation, seq, text: text.to_owned() }
}

#[tokio::test]
async fn words_are_found_at_once_in_any_script() {
    let office = Office::open().await;
    let admin = office.hire(Role::Admin).await;
    let (_, shoes) = office.someone_writes("Avez-vous de la crème pour chaussures ?").await;
    let (_, weather) = office.someone_writes("今天天气很好").await;
    let (_, korean) = office.someone_writes("배송은 언제 오나요?").await;
    for (text, chat) in [
        ("creme", shoes),
        ("CRÈ chauss", shoes),
        ("\"crème pour\"", shoes),
        ("天气", weather),
        ("好", weather),
        ("很好", weather),
        ("배송", korean),
    ] {
        assert_eq!(office.finds(admin, text).await, [(chat, 1)], "{text}");
    }
    for text in ["reme", "\"pour crème\"", "creme weather", "气天", "de la creme verte"] {
        assert_eq!(office.finds(admin, text).await, [], "{text}");
    }
}

#[tokio::test]
async fn what_was_changed_is_found_as_it_reads_and_what_was_taken_back_not_at_all() {
    let office = Office::open().await;
    let (agent, admin) = (office.agent(3).await, office.hire(Role::Admin).await);
    let (visitor, chat) = office.someone_writes("an apple").await;
    let me = Speaker::Visitor(visitor.id);
    assert_eq!(office.finds(admin, "apple").await, [(chat, 1)]);
    office.desk.edit(office.now(), me, edit(1, chat, 50, "a banana")).await.unwrap();
    assert_eq!((office.finds(admin, "apple").await, office.finds(admin, "banana").await), (vec![], vec![(chat, 1)]));
    office.desk.edit(office.now(), me, edit(1, chat, 51, "a cherry")).await.unwrap();
    office.desk.delete(office.now(), me, Delete { id: MessageId(id(52)), conversation: chat, seq: 1 }).await.unwrap();
    for text in ["apple", "banana", "cherry"] {
        assert_eq!(office.finds(admin, text).await, [], "{text}");
    }
    office.notes(agent, chat, "rather a grape").await;
    let found = office.search(admin, SearchQuery { q: "grape".into(), ..SearchQuery::default() }, None).await;
    assert!(found.hits[0].message.as_ref().unwrap().internal);
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_read() {
    let office = Office::open().await;
    let agent = office.agent(3).await;
    let (other, supervisor) = (office.hire(Role::Agent).await, office.hire(Role::Supervisor).await);
    let (_, chat) = office.someone_writes("a secret wish").await;
    assert_eq!(office.finds(agent, "secret").await, [(chat, 1)]);
    assert_eq!(office.finds(supervisor, "secret").await, [(chat, 1)]);
    assert_eq!(office.finds(other, "secret").await, [], "another agent has it in hand");
    assert_eq!(office.chats(other, SearchQuery::default()).await, []);
    office.closes(agent, chat).await;
    assert_eq!(office.finds(other, "secret").await, [(chat, 1)], "what is over is everybody's");
}

#[tokio::test]
async fn filters_narrow_and_pages_follow_each_other() {
    let office = Office::open().await;
    let (agent, admin) = (office.agent(20).await, office.hire(Role::Admin).await);
    let mut all = Vec::new();
    for _ in 0..30 {
        // Ids are random within a millisecond.
        office.wait(HOUR);
        let (visitor, chat) = office.someone_writes("the same words").await;
        all.push((visitor, chat));
        office.desk.close_by_agent(office.now(), agent, chat).await.unwrap();
    }
    let newest: Vec<ConversationId> = all.iter().rev().map(|(_, chat)| *chat).collect();
    for q in ["", "same words"] {
        let query = || SearchQuery { q: q.to_owned(), ..SearchQuery::default() };
        let first = office.search(admin, query(), None).await;
        let second = office.search(admin, query(), first.next.clone()).await;
        let shown: Vec<_> = first.hits.iter().chain(&second.hits).map(|hit| hit.conversation.id).collect();
        assert_eq!((first.hits.len(), shown), (25, newest.clone()), "{q:?}");
        assert_eq!(second.next, None);
        let (from, until) = (Some(START + 10 * HOUR), Some(START + 12 * HOUR));
        assert_eq!(office.chats(admin, SearchQuery { from, until, ..query() }).await, [all[10].1, all[9].1], "{q:?}");
        assert_eq!(office.chats(admin, SearchQuery { agent: Some(admin), ..query() }).await, []);
        assert_eq!(office.chats(admin, SearchQuery { agent: Some(agent), ..query() }).await.len(), 25);
    }
    let (visitor, chat) = &all[3];
    office.desk.rate(office.now(), visitor.id, MessageId(id(60)), *chat, Rating { score: 2, comment: None }).await.unwrap();
    office.desk.tag(office.now(), agent, *chat, vec!["refund".into()], vec![]).await.unwrap();
    for q in ["", "same"] {
        let query = || SearchQuery { q: q.to_owned(), ..SearchQuery::default() };
        assert_eq!(office.chats(admin, SearchQuery { rating: Some(2), ..query() }).await, [*chat], "{q:?}");
        assert_eq!(office.chats(admin, SearchQuery { tag: Some("refund".into()), ..query() }).await, [*chat], "{q:?}");
        assert_eq!(office.chats(admin, SearchQuery { tag: Some("re".into()), ..query() }).await, []);
    }
    assert_eq!(office.store.tags().await.unwrap(), ["refund"]);
}

#[tokio::test]
async fn tags_are_entries_that_only_the_team_sees() {
    let office = Office::open().await;
    let (agent, other) = (office.agent(3).await, office.hire(Role::Agent).await);
    let (_, chat) = office.chat().await;
    let tag = async |by, add: &[&str], remove: &[&str]| {
        let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
        office.desk.tag(office.now(), by, chat, owned(add), owned(remove)).await.map(|outcome| outcome.changes.len())
    };
    assert_eq!(tag(agent, &["b", "a", "a"], &[]).await.unwrap(), 1);
    assert_eq!(tag(agent, &["a"], &["c"]).await.unwrap(), 0, "so it is already");
    assert_eq!(tag(agent, &[], &["b"]).await.unwrap(), 1);
    assert!(matches!(tag(other, &["x"], &[]).await, Err(DeskError::NotYours)));
    let many: Vec<String> = (0..20).map(|number| format!("t{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(matches!(tag(agent, &many, &[]).await, Err(DeskError::Invalid(_))));
    assert_eq!(office.store.conversation(chat).await.unwrap().unwrap().tags, ["a"]);
    let (entries, _) = office.store.entries(chat, 0, 100, shared::model::Audience::Agents).await.unwrap();
    let tagged: Vec<Tagged> = entries
        .into_iter()
        .filter_map(|entry| match entry.body {
            Body::Event(Event::Tagged(tagged)) => Some(tagged),
            _ => None,
        })
        .collect();
    let list = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    assert_eq!(tagged, [Tagged { added: list(&["b", "a"]), removed: vec![] }, Tagged { added: vec![], removed: list(&["b"]) }]);
    let (seen, _) = office.store.entries(chat, 0, 100, shared::model::Audience::Visitor).await.unwrap();
    assert!(!seen.iter().any(|entry| matches!(entry.body, Body::Event(Event::Tagged(_)))));
}

/// As a database from before there was an index: nothing is indexed, and the ratings stand in the log alone.
async fn forgets_the_index(store: &Store) {
    let forget = |db: &crate::store::Step<'_>| -> Result<(), crate::store::StoreError> {
        db.execute_batch(
            "DELETE FROM word_index; UPDATE conversation SET rating = NULL; \
             UPDATE indexed SET below = (SELECT max(n) FROM message), up_to = (SELECT max(n) FROM message)",
        )?;
        Ok(())
    };
    store.write(forget).await.unwrap();
}

#[tokio::test]
async fn what_was_said_before_there_was_an_index_is_found_after_a_while() {
    let office = Office::open().await;
    let (agent, admin) = (office.agent(20).await, office.hire(Role::Admin).await);
    let (visitor, chat) = office.someone_writes("an apple").await;
    let me = Speaker::Visitor(visitor.id);
    office.desk.edit(office.now(), me, edit(1, chat, 50, "a banana")).await.unwrap();
    office.desk.edit(office.now(), me, edit(1, chat, 51, "a cherry")).await.unwrap();
    let (_, gone) = office.writes(&visitor, "a grape").await;
    office.desk.edit(office.now(), me, edit(gone, chat, 52, "a lemon")).await.unwrap();
    office.desk.delete(office.now(), me, Delete { id: MessageId(id(53)), conversation: chat, seq: gone }).await.unwrap();
    for score in [1, 4] {
        let rating = Rating { score, comment: None };
        office.desk.rate(office.now(), visitor.id, MessageId(id(60 + u128::from(score))), chat, rating).await.unwrap();
    }
    for _ in 0..400 {
        office.writes(&visitor, "filler").await;
    }
    office.closes(agent, chat).await;
    office.wait(DAY);
    forgets_the_index(&office.store).await;

    let (_, later) = office.someone_writes("another banana").await;
    let found = office.search(admin, SearchQuery { q: "banana".into(), ..SearchQuery::default() }, None).await;
    assert!(found.indexing, "older messages are still missing, and it says so");
    assert_eq!(found.hits.len(), 1, "what is new is found at once");
    while office.store.index_more().await.unwrap() {}
    for (text, hits) in
        [("apple", vec![]), ("banana", vec![(later, 1)]), ("cherry", vec![(chat, 1)]), ("grape", vec![]), ("lemon", vec![])]
    {
        assert_eq!(office.finds(admin, text).await, hits, "{text}");
    }
    assert_eq!(
        office.chats(admin, SearchQuery { rating: Some(4), ..SearchQuery::default() }).await,
        [chat],
        "the last rating counts"
    );
}
