//! Arbitrary frames against the relay's session machines, over the real hub, desk and store: every answer is a frame, none is longer
//! than it may be, and whatever was said, the store holds to its rules.
//!
//! One relay (without sockets) lives as long as the thread; each run brings a new visitor, so that runs stay independent enough to be
//! told apart and cheap enough to be many.

use std::cell::RefCell;
use std::sync::Arc;

use relay::bus::Local;
use relay::clock;
use relay::config::Limits;
use relay::desk::{Desk, Rules};
use relay::edge::auth;
use relay::hub::Hub;
use relay::hub::backlog::Backlog;
use relay::hub::board::Dirty;
use relay::hub::fanout::Fanout;
use relay::hub::registry::{Peer, Registry};
use relay::session::agent::AgentGreeter;
use relay::session::greeting::VisitorGreeter;
use relay::session::pace::Rates;
use relay::session::{Greeter, Reply, Session};
use relay::store::{InvitationRecord, NewAgent, NewSession, SiteRecord, SiteSettings, Store};
use shared::api::VisitorRules;
use shared::ids::{AgentId, SessionId, SiteId, SiteKey};
use shared::model::{FileRules, Role};
use shared::{agent, visitor};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::Choices;

/// In frames: the conversation that the visitor has at the time.
const CONVERSATION: &str = "01a207af-a884-7005-9023-0000000000c0";
/// Frames in a queue; more than one run can cause.
const QUEUE: usize = 4_096;
/// Runs until the relay is made anew, so that a store that has grown does not slow down those that follow.
const RUNS: u32 = 200;

/// Everything but sockets.
struct World {
    runtime: Runtime,
    hub: Arc<Hub>,
    site: SiteRecord,
    /// Token of the agent's session.
    agent: String,
    rates: Arc<Rates>,
    files: Arc<FileRules>,
    backlog: Arc<Backlog>,
    runs: u32,
    folder: TempDir,
}

/// What a visitor and an agent may say: one frame per line; the first byte of each says who, and whether they greet anew.
pub fn talk(bytes: &[u8]) {
    thread_local! {
        static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
    }
    WORLD.with_borrow_mut(|world| {
        if world.as_ref().is_some_and(|world| world.runs >= RUNS) {
            *world = None;
        }
        let world = world.get_or_insert_with(World::new);
        world.runs += 1;
        world.run(bytes);
    });
}

impl World {
    fn new() -> Self {
        let runtime = ok(tokio::runtime::Builder::new_current_thread().enable_all().build());
        let folder = ok(tempfile::tempdir());
        let store = Arc::new(ok(Store::open(&folder.path().join("bulle.db"))));
        let desk = Desk::new(store.clone(), Rules::default());
        let (hub, site, agent) = runtime.block_on(async {
            let now = clock::now();
            let node = ok(desk.node_start(now).await);
            let registry = Arc::new(Registry::default());
            let dirty = Arc::new(Dirty::default());
            let fanout = Arc::new(Fanout::new(node, registry.clone(), dirty.clone()));
            let hub = Arc::new(Hub::new(node, store.clone(), desk, Arc::new(Local::new(fanout)), registry, dirty));
            let site = SiteRecord {
                id: SiteId::v7(now, clock::random_bytes()),
                key: SiteKey("demo".into()),
                name: "Demo".into(),
                origins: Vec::new(),
                settings: SiteSettings::default(),
                settings_rev: 1,
                verified_only: false,
                visitors: VisitorRules::default(),
            };
            ok(store.upsert_site(site.clone()).await);
            let (_, link) = auth::new_token();
            let expires_at = now + 3_600_000;
            ok(store.create_invitation(link, InvitationRecord { email: String::new(), role: Role::Admin, expires_at }).await);
            let (token, session) = auth::new_token();
            let id = AgentId::v7(now, clock::random_bytes());
            let new = NewAgent { id, email: "ada@bulle.example".into(), name: "Ada".into(), password_hash: String::new() };
            let session = NewSession {
                hash: session,
                id: SessionId(uuid::Uuid::from_u128(1)),
                device: String::new(),
                network: String::new(),
                expires_at: now + 24 * 3_600_000,
            };
            ok(store.use_invitation(link, new, session, now).await);
            (hub, site, token)
        });
        let rates = Rates::of_visitors(&Limits::default());
        let backlog = Arc::new(Backlog::new(QUEUE, usize::MAX / 2, usize::MAX / 2));
        let files = Arc::new(relay::api::files::rules(&relay::config::Config::default()));
        Self { runtime, hub, site, agent, rates, files, backlog, runs: 0, folder }
    }

    fn run(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        self.runtime.block_on(async {
            let (visitor, mut visitors_queue) = Peer::new(self.backlog.clone());
            let (agent, mut agents_queue) = Peer::new(self.backlog.clone());
            let mut at_the_site = None;
            let mut at_the_desk = None;
            let mut conversation: Option<String> = None;
            for line in text.lines() {
                let mut choices = Choices::of(line.as_bytes());
                let first = choices.byte();
                let Some(frame) = line.char_indices().nth(1).map(|(at, _)| &line[at..]) else { continue };
                let frame = match &conversation {
                    Some(id) => frame.replace(CONVERSATION, id),
                    None => frame.to_owned(),
                };
                if first.is_multiple_of(2) {
                    let reply = match at_the_site.as_mut() {
                        None => {
                            let greeter = VisitorGreeter {
                                hub: self.hub.clone(),
                                site: self.site.clone(),
                                rates: self.rates.clone(),
                                files: self.files.clone(),
                                network: None,
                                device: None,
                                present: Arc::default(),
                            };
                            match greeter.hello(&frame, &visitor).await {
                                Ok((session, reply)) => {
                                    at_the_site = Some(session);
                                    reply
                                }
                                Err(_) => Vec::new(),
                            }
                        }
                        Some(session) => session.frame(&frame).await,
                    };
                    for heard in visitors(reply) {
                        if let visitor::FromRelay::Ack(ack) = heard {
                            conversation = Some(ack.conversation.to_string());
                        }
                    }
                } else {
                    let reply = match at_the_desk.as_mut() {
                        None => {
                            let greeter = AgentGreeter {
                                hub: self.hub.clone(),
                                cookie: Some(auth::hash(&self.agent)),
                                rates: self.rates.clone(),
                            };
                            match greeter.hello(&frame, &agent).await {
                                Ok((session, reply)) => {
                                    at_the_desk = Some(session);
                                    reply
                                }
                                Err(_) => Vec::new(),
                            }
                        }
                        Some(session) => session.frame(&frame).await,
                    };
                    reply.iter().for_each(|text| agents(text));
                }
                while let Ok(text) = visitors_queue.try_recv() {
                    visitors(vec![text.to_string()]);
                }
                while let Ok(text) = agents_queue.try_recv() {
                    agents(&text);
                }
            }
            if let Some(session) = at_the_site {
                Box::new(session).left().await;
            }
            if let Some(session) = at_the_desk {
                Box::new(session).left().await;
            }
            self.holds();
        });
    }

    /// What must be true of the store, whatever was said.
    fn holds(&self) {
        let db = ok(rusqlite::Connection::open(self.folder.path().join("bulle.db")));
        for (what, sql) in [
            (
                "seqs have gaps",
                "SELECT count(*) FROM conversation c JOIN (SELECT conversation, count(*) AS number, max(seq) AS last FROM message \
                 GROUP BY conversation) m ON m.conversation = c.id WHERE c.head <> m.number OR c.head <> m.last",
            ),
            (
                "two unclosed ones",
                "SELECT count(*) FROM (SELECT 1 FROM conversation WHERE state <> 3 GROUP BY visitor, site HAVING count(*) > 1)",
            ),
            (
                "more chats than slots",
                "SELECT count(*) FROM agent a WHERE (SELECT count(*) FROM conversation WHERE agent = a.id AND state = 1) > capacity",
            ),
            ("a note of a visitor", "SELECT count(*) FROM message WHERE author_kind = 0 AND internal = 1"),
            ("a text that is too long", "SELECT count(*) FROM message WHERE author_kind < 2 AND length(body) > 60000"),
        ] {
            let broken: i64 = ok(db.query_row(sql, [], |row| row.get(0)));
            assert_eq!(broken, 0, "{what}");
        }
    }
}

/// What visitors may be sent: frames, and nothing internal.
fn visitors(reply: Reply) -> Vec<visitor::FromRelay> {
    reply
        .iter()
        .map(|text| {
            assert!(!text.contains("\"body\":{\"note\"") && !text.contains("\"contact\":"), "a visitor was sent {text}");
            ok(visitor::FromRelay::decode(text))
        })
        .collect()
}

fn agents(text: &str) {
    ok(agent::FromRelay::decode(text));
}

fn ok<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
