//! SIGKILL at random moments under load: an acked message is on disk, once and in its place; every conversation is in exactly one
//! legal state; nobody holds more than they may. Checked in the database after every kill, and over the protocol at the end.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use shared::ids::{ConversationId, Seq};
use shared::model::{Body, Entry, Role, State};
use tests::accounts::Office;
use tests::agent::Agent;
use tests::new_id;
use tests::relay::RelayProcess;
use tests::visitor::Visitor;
use uuid::Uuid;

const KILLS: usize = 22;
const VISITORS: usize = 12;
const AGENTS: usize = 3;
/// Without a fourth slot for anybody: 3 agents hold at most 9 of the 12 visitors' chats.
const CAPACITY: u32 = 3;

/// Absence must not requeue everybody while the relay is down, but the timeouts shall be busy, too.
const SETTINGS: [(&str, &str); 2] = [("BULLE_DESK__ANSWER_TIMEOUT", "3000"), ("BULLE_DESK__AGENT_GONE", "1000")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_relay_is_killed() {
    let mut relay = RelayProcess::start(&SETTINGS);
    let (office, admin) = relay.first_admin().await;
    let mut agents = Vec::new();
    for name in ["Ada", "Grace", "Edsger"].iter().take(AGENTS) {
        let account = office.hire(&admin, name, Role::Agent).await.unwrap();
        let agent = std::sync::Arc::new(Agent::new(&office, &account));
        agent.comes_online().await;
        agents.push(agent);
    }
    let visitors: Vec<_> = (0..VISITORS).map(|_| std::sync::Arc::new(Visitor::new(relay.address(), "demo"))).collect();
    let mut lives = tokio::task::JoinSet::new();
    for (number, visitor) in visitors.iter().enumerate() {
        lives.spawn(chatters(visitor.clone(), number));
    }
    for (number, agent) in agents.iter().enumerate() {
        lives.spawn(answers(agent.clone(), number));
    }

    for kill in 0..KILLS {
        moment().await;
        let greeted: Vec<usize> = visitors.iter().map(|visitor| visitor.log().greetings).collect();
        let agents_greeted: Vec<usize> = agents.iter().map(|agent| agent.log().greetings).collect();
        relay.kill();
        let acked = acked_so_far(&visitors, &agents);
        inspect(&relay.data(), &acked, kill);
        relay.restart();
        for (visitor, before) in visitors.iter().zip(greeted) {
            visitor.until_greeted(before).await;
        }
        // Whoever is cut off again before they were back waits longer and longer, in the end longer than a test waits for them.
        for (agent, before) in agents.iter().zip(agents_greeted) {
            agent.until_greeted(before).await;
        }
        if let Some(ended) = lives.try_join_next() {
            panic!("kill {kill}: somebody gave up: {ended:?}");
        }
    }
    moment().await;
    lives.shutdown().await;

    let acked = acked_so_far(&visitors, &agents);
    assert!(acked.len() > KILLS * VISITORS, "hardly anything was said: {}", acked.len());
    relay.kill();
    inspect(&relay.data(), &acked, KILLS);
    relay.restart();
    ask_the_relay(&relay, &office, &visitors, &acked).await;
}

/// Waits for a random moment: long enough to be in the middle of things, never at the same point of them.
async fn moment() {
    let (_, random) = Uuid::now_v7().as_u64_pair();
    tokio::time::sleep(Duration::from_millis(100 + random % 400)).await;
}

/// Says one thing after the other, for ever.
async fn chatters(visitor: std::sync::Arc<Visitor>, number: usize) {
    visitor.opens_chat().await;
    for line in 0.. {
        visitor.says(&format!("visitor {number} line {line}")).await;
    }
}

/// Answers whoever is there, and ends a chat now and then, for ever.
async fn answers(agent: std::sync::Arc<Agent>, number: usize) {
    for line in 0_usize.. {
        let chats = agent.until_console("a chat", |console| Some(console.active()).filter(|chats| !chats.is_empty())).await;
        let chat = chats[line % chats.len()];
        if line % 9 == 8 {
            // May have no answer: the relay may die before it comes, and such requests are not repeated.
            let id = new_id();
            agent.sends(shared::agent::ToRelay::Close(shared::agent::About { id, conversation: chat })).await;
        }
        let id = agent.starts_to_say(chat, &format!("agent {number} line {line}")).await;
        agent
            .until_true("an answer", |log| {
                log.sent.iter().any(|(say, _)| say.id == id) || log.failed.iter().any(|(say, _)| say.id == id)
            })
            .await;
    }
}

/// A message that somebody was told is on disk.
struct Acked {
    conversation: ConversationId,
    seq: Seq,
    text: String,
}

fn acked_so_far(visitors: &[std::sync::Arc<Visitor>], agents: &[std::sync::Arc<Agent>]) -> HashMap<Uuid, Acked> {
    let all = visitors.iter().flat_map(|visitor| visitor.log().sent).chain(agents.iter().flat_map(|agent| agent.log().sent));
    all.map(|(say, ack)| (say.id.0, Acked { conversation: ack.conversation, seq: ack.seq, text: say.text })).collect()
}

/// Reads a copy of the dead relay's database.
fn inspect(data: &Path, acked: &HashMap<Uuid, Acked>, kill: usize) {
    let copy = tempfile::tempdir().unwrap();
    for name in ["bulle.db", "bulle.db-wal"] {
        if data.join(name).exists() {
            std::fs::copy(data.join(name), copy.path().join(name)).unwrap();
        }
    }
    let db = Connection::open_with_flags(copy.path().join("bulle.db"), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok", "kill {kill}");
    messages_are_there(&db, acked, kill);
    states_are_legal(&db, kill);
}

/// Every acked message once, where the ack said; numbers without a gap; each author's lines in the order in which they were said.
fn messages_are_there(db: &Connection, acked: &HashMap<Uuid, Acked>, kill: usize) {
    let mut statement = db.prepare("SELECT conversation, seq, id, body FROM message ORDER BY conversation, seq").unwrap();
    let rows = statement
        .query_map([], |row| Ok((uuid(row.get(0)?), row.get::<_, u32>(1)?.into(), uuid(row.get(2)?), row.get(3)?)))
        .unwrap();
    let stored: Vec<(Uuid, Seq, Uuid, String)> = rows.map(Result::unwrap).collect();
    let mut places: HashMap<Uuid, (Uuid, Seq, &str)> = HashMap::new();
    let mut heads: BTreeMap<Uuid, Seq> = BTreeMap::new();
    let mut lines: HashMap<(Uuid, String), usize> = HashMap::new();
    for (conversation, seq, id, body) in &stored {
        let head = heads.entry(*conversation).or_default();
        assert_eq!(*seq, *head + 1, "kill {kill}: numbers of {conversation}");
        *head = *seq;
        assert!(places.insert(*id, (*conversation, *seq, body)).is_none(), "kill {kill}: {id} is there twice");
        if let Ok(Body::Text(text)) = serde_json::from_str(body) {
            let (author, line) = text.rsplit_once(" line ").unwrap();
            let line: usize = line.parse().unwrap();
            let before = lines.insert((*conversation, author.to_owned()), line);
            assert!(before.is_none_or(|before| before < line), "kill {kill}: {text} after line {before:?}");
        }
    }
    for (id, Acked { conversation, seq, text }) in acked {
        let Some((at, number, body)) = places.get(id) else { panic!("kill {kill}: the acked {text:?} is lost") };
        assert_eq!((*at, *number), (conversation.0, *seq), "kill {kill}: {text}");
        assert_eq!(serde_json::from_str::<Body>(body).unwrap(), Body::Text(text.clone()), "kill {kill}");
    }
    let mut statement = db.prepare("SELECT id, head FROM conversation").unwrap();
    let rows = statement.query_map([], |row| Ok((uuid(row.get(0)?), row.get::<_, u32>(1)?.into()))).unwrap();
    for row in rows {
        let (conversation, head): (Uuid, Seq) = row.unwrap();
        assert_eq!(heads.get(&conversation), Some(&head), "kill {kill}: head of {conversation}");
    }
}

/// One legal state each, one unclosed conversation per visitor, capacity kept, and nobody waits beside a free slot of somebody online.
fn states_are_legal(db: &Connection, kill: usize) {
    let none = |what: &str, sql: &str| {
        let found: u32 = db.query_row(&format!("SELECT count(*) FROM conversation WHERE {sql}"), [], |row| row.get(0)).unwrap();
        assert_eq!(found, 0, "kill {kill}: {what}");
    };
    none("active without an agent", "state = 1 AND agent IS NULL");
    none("queued with an agent, or without a time", "state = 0 AND (agent IS NOT NULL OR queue_time IS NULL)");
    none("an offer without a chat", "offer_to IS NOT NULL AND state <> 1");
    none("no such state", "state NOT IN (0, 1, 2, 3)");
    none("an agent who does not exist", "agent IS NOT NULL AND agent NOT IN (SELECT id FROM agent)");
    let unclosed: u32 = db
        .query_row(
            "SELECT count(*) FROM (SELECT 1 FROM conversation WHERE state <> 3 GROUP BY visitor HAVING count(*) > 1)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(unclosed, 0, "kill {kill}: two unclosed conversations of one visitor");
    let mut statement = db.prepare("SELECT agent, count(*) FROM conversation WHERE state = 1 GROUP BY agent").unwrap();
    for row in statement.query_map([], |row| Ok((uuid(row.get(0)?), row.get::<_, u32>(1)?))).unwrap() {
        let (agent, held) = row.unwrap();
        assert!(held <= CAPACITY, "kill {kill}: {agent} holds {held}");
    }
}

fn uuid(bytes: Vec<u8>) -> Uuid {
    Uuid::from_slice(&bytes).unwrap()
}

/// The restarted relay tells every visitor the same conversation that its database holds.
async fn ask_the_relay(
    relay: &RelayProcess,
    office: &Office,
    visitors: &[std::sync::Arc<Visitor>],
    acked: &HashMap<Uuid, Acked>,
) {
    assert_eq!(office.relay, relay.address());
    for visitor in visitors {
        let reloaded = Visitor::returning(relay.address(), "demo", &visitor.token());
        reloaded.opens_chat().await;
        let conversation = visitor.conversation();
        let head = reloaded.until("their thread", |log| log.view.thread.as_ref().map(|thread| thread.head)).await;
        reloaded.until_true("all of it", |log| log.entries.iter().any(|(_, entry)| entry.seq >= head)).await;
        let told: Vec<Entry> = reloaded.transcript(conversation);
        let ids: HashMap<Uuid, Seq> = told.iter().map(|entry| (entry.id.0, entry.seq)).collect();
        assert_eq!(ids.len(), told.len(), "nothing twice");
        assert!(told.windows(2).all(|pair| pair[1].prev == pair[0].seq), "no gap");
        for (id, Acked { seq, text, .. }) in acked.iter().filter(|(_, acked)| acked.conversation == conversation) {
            assert_eq!(ids.get(id), Some(seq), "{text}");
        }
        let state = reloaded.log().view.thread.map(|thread| thread.state);
        assert!(matches!(state, Some(State::Queued | State::Active | State::Parked | State::Closed)));
    }
}
