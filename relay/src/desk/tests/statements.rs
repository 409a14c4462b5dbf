//! No statement that the desk or a session runs reads a whole table of conversations or messages: a million of them must not matter.

use std::ffi::CStr;

use rusqlite::{Connection, ffi};
use shared::api::SearchQuery;
use shared::model::{Audience, Page};

use super::{MINUTE, Office};
use crate::store::sql;

/// Walked in order, and only as far as needed: few rows are in them at any time.
const SHORT: [&str; 4] = ["conversation_queue", "conversation_due", "conversation_one_unclosed", "conversation_given_up"];

/// All statements that a connection has prepared.
#[allow(
    unsafe_code,
    reason = "rusqlite cannot list a connection's statements; both calls only read, on the connection's own thread"
)]
fn statements(db: &Connection) -> Vec<String> {
    let mut found = Vec::new();
    let mut statement = std::ptr::null_mut();
    loop {
        // SAFETY: the handle lives as long as `db`, and the statements belong to it.
        statement = unsafe { ffi::sqlite3_next_stmt(db.handle(), statement) };
        if statement.is_null() {
            return found;
        }
        // SAFETY: SQLite keeps the text, terminated, as long as the statement.
        let sql = unsafe { CStr::from_ptr(ffi::sqlite3_sql(statement)) };
        found.push(sql.to_str().unwrap().to_owned());
    }
}

/// Steps of the plans that read a whole table.
fn scans(db: &Connection) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for sql in statements(db).into_iter().filter(|sql| !sql.starts_with("PRAGMA")) {
        let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = explain.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<rusqlite::Result<Vec<_>>>().unwrap();
        let table = |step: &String| {
            ["SCAN conversation", "SCAN c", "SCAN message"]
                .iter()
                .any(|scan| step.strip_prefix(scan).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
        };
        let short = |step: &String| SHORT.iter().any(|index| step.contains(index));
        found.extend(steps.into_iter().filter(|step| table(step) && !short(step)).map(|step| (sql.clone(), step)));
    }
    found
}

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let office = Office::open().await.reopen().await;
    let (agent, second) = (office.agent(1).await, office.agent(1).await);
    let (visitor, chat) = office.chat().await;
    let (_, other) = office.chat().await;
    let (_, waits) = office.chat().await;
    office.says(&visitor).await;
    let (from, to) = if office.stands(chat).await.1 == Some(agent) { (agent, second) } else { (second, agent) };
    office.answers(from, chat).await;
    office.closes(to, other).await;
    office.closes(to, waits).await;
    office.desk.transfer(office.now(), from, chat, Some(to)).await.unwrap();
    office.desk.accept(office.now(), to, chat).await.unwrap();
    office.desk.read_by_agent(to, chat, 3).await.unwrap();
    office.desk.read_by_visitor(chat, 3).await.unwrap();
    let page = Page { url: "https://a.example".into(), ..Page::default() };
    office.desk.page(office.now(), visitor.id, page, Some("Firefox, Linux".into())).await.unwrap();
    office.desk.heartbeat(office.now(), office.node).await.unwrap();
    office.away(to).await;
    office.online(to).await;
    office.desk.transfer(office.now(), to, chat, None).await.unwrap();
    office.visitor_leaves(&visitor).await;
    office.leaves(from).await;
    office.pass(3 * MINUTE).await;
    office.visitor_returns(&visitor).await;

    let store = &office.store;
    let ack = office.says(&visitor).await;
    let again = super::words(ack.id.0);
    assert_eq!(office.say(&visitor, again).await.unwrap(), ack);
    for audience in [Audience::Visitor, Audience::Agents] {
        store.entries(chat, 0, 10, audience).await.unwrap();
    }
    store.thread_of(visitor.id).await.unwrap();
    store.inbox(agent).await.unwrap();
    store.others(agent).await.unwrap();
    store.readable(agent, chat).await.unwrap();
    store.heads_of_agent(agent, Some(chat)).await.unwrap();
    store.head_of_visitor(chat).await.unwrap();
    store.history(chat).await.unwrap();
    store.places(office.site).await.unwrap();
    store.revs().await.unwrap();
    store.route(chat).await.unwrap();
    store.conversation(chat).await.unwrap();
    store.why(chat, office.now()).await.unwrap();
    store.visitor_by_token(visitor.token_hash).await.unwrap();

    for q in ["", "hello"] {
        for tag in [None, Some("refund".to_owned())] {
            let (from, until) = (Some(0), Some(office.now()));
            office.search(agent, SearchQuery { q: q.to_owned(), tag, from, until, ..SearchQuery::default() }, None).await;
        }
    }
    while store.index_more().await.unwrap() {}
    store.tags().await.unwrap();
    store.saved_searches(agent).await.unwrap();
    store.material(Some(office.site), 0, office.now() + 1, office.now()).await.unwrap();

    let look = |db: &sql::Connection| (statements(db.sqlite()).len(), scans(db.sqlite()));
    let (written, in_writer) = store.write(move |db| Ok::<_, crate::store::StoreError>(look(db))).await.unwrap();
    let (read, in_reader) = store.read(move |db| Ok(look(db))).await.unwrap();
    assert!(written > 30 && read > 15, "{written} and {read} statements: too few to mean anything");
    assert_eq!((in_writer, in_reader), (vec![], vec![]));
}
