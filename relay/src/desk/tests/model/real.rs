//! The real desk over a real store in memory-backed files, by the numbers of the [`reference`](super::reference). The store is kept
//! from case to case and emptied, because making one costs more than a case.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use rusqlite::OpenFlags;
use shared::api::AgentPatch;
use shared::frame::Ack;
use shared::ids::{AgentId, ConversationId, MessageId, Millis, NodeId, SecretId, SiteId, TeamId, VisitorId};
use shared::model::{Assigning, Contact, Hours, Page, Presence, Role, RoutingRule, Say, SiteDesk, State};
use tempfile::TempDir;
use uuid::Uuid;

use super::super::{START, id, words};
use super::reference::{AWAY_AFTER, Agent, Chat, Reference, Site, TEAMS, site_of};
use super::steps::{AGENTS, VERIFIED, VISITORS};
use super::verbs::Verb;
use super::visitors::language_of;
use crate::desk::dispatch::dispatch;
use crate::desk::record::Record;
use crate::desk::work::Work;
use crate::desk::{Desk, DeskError, Outcome, Rules, VisitorCard};
use crate::edge::identity::Identity;
use crate::store::rows::columns;
use crate::store::sql::{Connection, Row, params};
use crate::store::{Store, StoreError, rows, teams};

/// As browsers say them, and as they are kept.
const LANGUAGES: [(&str, &str); 2] = [("fr-CH", "fr"), ("DE", "de")];
/// More than that in the write-ahead log and it is emptied, so that what a crash leaves is quickly copied.
const MOST_LOG: u64 = 256 * 1024;

pub(super) type Doing = Pin<Box<dyn Future<Output = Result<Outcome, DeskError>> + Send>>;

/// A store and the desk over it.
pub(super) struct Real {
    folder: TempDir,
    pub(super) store: Arc<Store>,
    pub(super) desk: Desk,
    pub(super) node: NodeId,
    look: Connection,
    /// All conversations, as they began.
    pub(super) chats: Vec<ConversationId>,
    /// What each visitor said last.
    said: Vec<Option<(Say, Ack)>>,
    acks: Vec<Ack>,
    made: u128,
}

pub(super) fn agent_id(number: usize) -> AgentId {
    AgentId(id(1 + number as u128))
}

pub(super) fn visitor_id(number: usize) -> VisitorId {
    VisitorId(id(101 + number as u128))
}

fn site_id(visitor: usize) -> SiteId {
    SiteId(id(1_001 + site_of(visitor) as u128))
}

/// One more than there are is one that is no team.
fn team_id(team: usize) -> TeamId {
    TeamId(id(2_001 + team as u128))
}

pub(super) fn desk_of(site: Site) -> SiteDesk {
    let Site { picked, shut, routes_to } = site;
    let never = Hours { time_zone: "UTC".into(), week: vec![Vec::new(); 7], holidays: Vec::new() };
    let rule = |team| RoutingRule { page: None, language: Some(LANGUAGES[0].1.into()), team: Some(team_id(team)), priority: 1 };
    SiteDesk {
        assigning: if picked { Assigning::Pick } else { Assigning::Automatic },
        hours: shut.then_some(never),
        routes: routes_to.map(rule).into_iter().collect(),
    }
}

fn language_id(language: &str) -> usize {
    LANGUAGES.iter().position(|(_, kept)| *kept == language).unwrap()
}

fn number(id: Uuid, first: u128) -> usize {
    (id.as_u128() - first) as usize
}

/// In memory where the machine has that: nothing is left out but the disk's part of a commit.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap()
}

fn database(folder: &Path) -> PathBuf {
    folder.join("desk.db")
}

fn log(folder: &Path) -> PathBuf {
    folder.join("desk.db-wal")
}

/// What a process that ends now leaves behind. (The third file is rebuilt from these.)
pub(super) fn copy(from: &Path, to: &Path) {
    for file in [database, log] {
        if file(from).exists() {
            fs::copy(file(from), file(to)).unwrap();
        }
    }
}

/// Keeps only so much of a picture's log.
pub(super) fn tear(picture: &Path, bytes: u64) {
    fs::OpenOptions::new().write(true).open(log(picture)).unwrap().set_len(bytes).unwrap();
}

impl Real {
    pub(super) fn make() -> Self {
        Self::open(folder())
    }

    fn open(folder: TempDir) -> Self {
        let store = Arc::new(Store::open(&database(folder.path())).unwrap());
        let look = rusqlite::Connection::open_with_flags(database(folder.path()), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        look.set_prepared_statement_cache_capacity(64);
        let look = Connection::from(look);
        let desk = Desk::new(store.clone(), Rules::default());
        let (chats, said, acks) = (Vec::new(), vec![None; VISITORS], Vec::new());
        Self { folder, store, desk, node: NodeId(id(0)), look, chats, said, acks, made: 1_000_000 }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn log_size(&self) -> u64 {
        fs::metadata(log(self.path())).map_or(0, |file| file.len())
    }

    /// The beginning of a case.
    pub(super) async fn begin(&mut self, now: &Reference) {
        if self.log_size() > MOST_LOG {
            self.look.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        }
        self.chats.clear();
        self.said.fill(None);
        self.acks.clear();
        self.node = NodeId(id(9_999));
        self.rules(now);
        let (node, agents, sites) = (self.node, now.agents.clone(), now.sites);
        let fill = move |db: &crate::store::Step<'_>| {
            db.execute_batch(
                "DELETE FROM presence; DELETE FROM shift; DELETE FROM conversation_tag; DELETE FROM message; DELETE FROM conversation; \
                 DELETE FROM visitor_token; DELETE FROM visitor; \
                 DELETE FROM site_secret; DELETE FROM audit;
                 DELETE FROM team_member; DELETE FROM team; \
                 DELETE FROM agent_session; DELETE FROM agent; DELETE FROM site; DELETE FROM node",
            )?;
            db.prepare_cached("INSERT INTO node VALUES (?1, ?2)")?.execute(params![node.0, START])?;
            for team in 0..TEAMS {
                let name = format!("T{team}");
                db.prepare_cached("INSERT INTO team (id, name) VALUES (?1, ?2)")?.execute(params![team_id(team).0, name])?;
            }
            for (number, desk) in sites.into_iter().enumerate() {
                let site = site_id(number);
                let sql = "INSERT INTO site (id, key, name, origins, settings) VALUES (?1, hex(?1), '', '[]', '{}')";
                db.prepare_cached(sql)?.execute([site.0])?;
                let sql = "INSERT INTO site_secret (id, site, secret, created_at) VALUES (?1, ?1, '', 0)";
                db.prepare_cached(sql)?.execute([site.0])?;
                teams::set_site_desk(db, site, &desk_of(desk))?;
            }
            for visitor in VERIFIED..VISITORS {
                let sql =
                    "INSERT INTO visitor (id, site, token_hash, subject, verified, created_at) VALUES (?1, ?2, ?3, '', 1, 0)";
                let card = card(visitor, false);
                db.prepare_cached(sql)?.execute(params![card.id.0, site_id(visitor).0, card.token_hash])?;
            }
            for (place, agent) in agents.iter().enumerate() {
                let who = agent_id(place).0;
                let role = if agent.supervisor { "supervisor" } else { "agent" };
                let sql = "INSERT INTO agent (id, email, name, role, password_hash, capacity, away, gone_at, idle_since, created_at, active_at) \
                           VALUES (?1, hex(?1), '', ?2, '', ?3, ?4, ?5, ?6, ?6, ?6)";
                db.prepare_cached(sql)?.execute(params![who, role, agent.capacity, agent.away, agent.gone, agent.idle])?;
                for team in &agent.teams {
                    let sql = "INSERT INTO team_member (team, agent) VALUES (?1, ?2)";
                    db.prepare_cached(sql)?.execute(params![team_id(*team).0, who])?;
                }
                let languages: Vec<&str> = agent.languages.iter().map(|language| LANGUAGES[*language].1).collect();
                let sql = "UPDATE agent SET languages = ?2 WHERE id = ?1";
                db.prepare_cached(sql)?.execute(params![who, rows::to_json(&languages)?])?;
                if agent.gone.is_none() {
                    db.prepare_cached("INSERT INTO presence VALUES (?1, ?2)")?.execute(params![who, node.0])?;
                }
            }
            Ok::<_, StoreError>(())
        };
        self.store.write(fill).await.unwrap();
    }

    fn rules(&mut self, now: &Reference) {
        let away_after = if now.watches { AWAY_AFTER } else { 0 };
        self.desk = Desk::new(self.store.clone(), Rules { stretch: now.may_stretch, away_after, ..Rules::default() });
    }

    /// The process begins again over these files, or, without any, over its own.
    pub(super) fn restart(self, files: Option<TempDir>, now: &Reference) -> Self {
        let Self { folder, store, desk, look, chats, said, acks, made, .. } = self;
        drop((store, desk, look));
        let mut real = Self { chats, said, acks, made, ..Self::open(files.unwrap_or(folder)) };
        real.rules(now);
        real
    }

    /// An empty folder for what a crash leaves.
    pub(super) fn grave() -> TempDir {
        folder()
    }

    // ---- what people do ----

    /// A verb, ready to run.
    pub(super) fn doing(&mut self, now: Millis, reference: &Reference, verb: &Verb) -> (Doing, Option<(usize, Say)>) {
        self.made += 1;
        let say = words(id(self.made));
        let (desk, node) = (self.desk.clone(), self.node);
        let chat = |place: usize| self.chats.get(place).copied().unwrap_or(ConversationId(id(7)));
        let who = agent_id;
        let patch = |agent: usize, patch: AgentPatch| -> Doing {
            let desk = self.desk.clone();
            Box::pin(async move { desk.set_agent(now, agent_id(agent), agent_id(agent), patch).await })
        };
        let mut said = None;
        let doing: Doing = match *verb {
            Verb::Says { visitor, address } => {
                let contact = address.then(|| Contact { name: None, email: "a@b.example".into() });
                let say = Say { contact, ..say };
                said = Some((visitor, say.clone()));
                let card = card(visitor, reference.visitors[visitor].is_new);
                Box::pin(async move { desk.visitor_say(now, node, site_id(visitor), card, say).await })
            }
            Verb::Repeats(visitor) => {
                let again = self.said[visitor].clone();
                Box::pin(async move {
                    let Some((say, ack)) = again else { return Ok(Outcome::default()) };
                    let site = site_id(visitor);
                    // Who has signed in meanwhile says it again under the new name.
                    let outcome = match desk.visitor_say(now, node, site, card(visitor, false), say.clone()).await {
                        Err(DeskError::Merged) => desk.visitor_say(now, node, site, card(signed_in(visitor), false), say).await?,
                        other => other?,
                    };
                    assert_eq!(outcome.said.as_ref().map(|said| said.ack), Some(ack), "the same ack");
                    assert!(outcome.said.is_some_and(|said| said.entry.is_none()), "no news");
                    Ok(Outcome::default())
                })
            }
            Verb::SignsIn { from, into } => {
                let site = site_id(into);
                let identity =
                    Identity { subject: String::new(), name: None, email: None, attributes: None, secret: SecretId(site.0) };
                let mut token = [9; 32];
                token[..16].copy_from_slice(&self.made.to_be_bytes());
                let from = card(from, reference.visitors[from].is_new);
                Box::pin(async move {
                    let identified = desk.identify(now, node, site, identity, token, Some(from)).await?;
                    let identified = identified.ok_or(DeskError::NotFound)?;
                    assert_eq!(identified.visitor, visitor_id(into));
                    Ok(identified.outcome)
                })
            }
            Verb::Comes(visitor) => Box::pin(async move { desk.visitor_arrived(now, node, visitor_id(visitor)).await }),
            Verb::Goes(visitor) => Box::pin(async move { desk.visitor_left(now, node, visitor_id(visitor)).await }),
            Verb::Ends(visitor) => {
                let chat = reference.latest(visitor).map_or(ConversationId(id(7)), chat);
                Box::pin(async move { desk.close_by_visitor(now, visitor_id(visitor), chat).await })
            }
            Verb::Views(visitor) => {
                let page = Page { url: format!("https://a.example/{}", self.made), ..Page::default() };
                Box::pin(async move { desk.page(now, visitor_id(visitor), page, None).await })
            }
            Verb::Reads(agent, place) => {
                let (chat, far) = (chat(place), u64::MAX);
                Box::pin(async move {
                    desk.read_by_visitor(chat, far).await?;
                    desk.read_by_agent(who(agent), chat, far).await.map(|_| Outcome::default())
                })
            }
            Verb::Arrives(agent) => Box::pin(async move { desk.agent_arrived(now, node, who(agent)).await }),
            Verb::Vanishes(agent) => Box::pin(async move { desk.agent_left(now, node, who(agent)).await }),
            Verb::Online(agent) => Box::pin(async move { desk.set_presence(now, who(agent), Presence::Online, None).await }),
            Verb::Away(agent) => Box::pin(async move { desk.set_presence(now, who(agent), Presence::Away, None).await }),
            Verb::Touches(agent) => {
                Box::pin(async move { desk.agent_active(now, who(agent)).await.map(|()| Outcome::default()) })
            }
            Verb::Takes { agent, chat: place, stretch } => {
                let chat = chat(place);
                Box::pin(async move { desk.take(now, who(agent), chat, stretch).await })
            }
            Verb::TakesOver(agent, place) => {
                let chat = chat(place);
                Box::pin(async move { desk.take_over(now, who(agent), chat).await })
            }
            Verb::Answers(agent, place) | Verb::Notes(agent, place) => {
                let note = matches!(verb, Verb::Notes(..));
                let say = Say { conversation: Some(chat(place)), note, ..say };
                Box::pin(async move { desk.agent_say(now, who(agent), say).await })
            }
            Verb::Offers { agent, chat: place, to } => {
                let chat = chat(place);
                Box::pin(async move { desk.transfer(now, who(agent), chat, Some(who(to))).await })
            }
            Verb::HandsBack(agent, place) => {
                let chat = chat(place);
                Box::pin(async move { desk.transfer(now, who(agent), chat, None).await })
            }
            Verb::HandsToTeam { agent, chat: place, team } => {
                let chat = chat(place);
                Box::pin(async move { desk.transfer_to_team(now, who(agent), chat, team_id(team)).await })
            }
            Verb::Accepts(agent, place) => {
                let chat = chat(place);
                Box::pin(async move { desk.accept(now, who(agent), chat).await })
            }
            Verb::Declines(agent, place) => {
                let chat = chat(place);
                Box::pin(async move { desk.decline(now, who(agent), chat).await })
            }
            Verb::Closes(agent, place) => {
                let chat = chat(place);
                Box::pin(async move { desk.close_by_agent(now, who(agent), chat).await })
            }
            Verb::Dismisses(agent, place) => {
                let chat = chat(place);
                Box::pin(async move { desk.dismiss(now, who(agent), chat).await })
            }
            Verb::Capacity(agent, capacity) => patch(agent, AgentPatch { capacity: Some(capacity), ..AgentPatch::default() }),
            Verb::Disabled(agent, disabled) => patch(agent, AgentPatch { disabled: Some(disabled), ..AgentPatch::default() }),
            Verb::Supervisor(agent, supervisor) => {
                let role = if supervisor { Role::Supervisor } else { Role::Agent };
                patch(agent, AgentPatch { role: Some(role), ..AgentPatch::default() })
            }
            Verb::Prioritizes { agent, chat: place, priority } => {
                let chat = chat(place);
                Box::pin(async move { desk.prioritize(now, who(agent), chat, priority).await })
            }
            Verb::Joins(agent, team, joins) => Box::pin(async move {
                // Admins say who is in it, all of them; two at once would each say it of what they saw.
                let member = move |work: &mut Work<'_>| {
                    let mut all = teams::teams(work.db)?;
                    let Some(team) = all.iter_mut().find(|known| known.id == team_id(team)) else {
                        return Err(DeskError::NoTeam);
                    };
                    team.members.retain(|member| *member != who(agent));
                    if joins {
                        team.members.push(who(agent));
                    }
                    teams::put(work.db, team)?;
                    dispatch(work)
                };
                desk.work(now, member).await
            }),
            Verb::Speaks(agent, language) => {
                let languages = language.map(|language| LANGUAGES[language].1.to_owned()).into_iter().collect();
                patch(agent, AgentPatch { languages: Some(languages), ..AgentPatch::default() })
            }
            Verb::Desk(site, settings) => {
                Box::pin(async move { desk.set_site_desk(now, who(0), site_id(site), desk_of(settings)).await })
            }
            Verb::Sweep => Box::pin(async move { desk.sweep(now, desk.store.outages().count()).await }),
        };
        (doing, said)
    }

    /// A message was acked: from here on it must be there.
    pub(super) fn acked(&mut self, outcome: &Outcome, said: Option<(usize, Say)>) {
        if let Some(news) = &outcome.said {
            self.acks.push(news.ack);
            if let Some((visitor, say)) = said {
                self.said[visitor] = Some((say, news.ack));
            }
        }
    }

    // ---- how it stands ----

    /// What the sites' desks go by.
    pub(super) fn desks(&self) -> Vec<SiteDesk> {
        let mut find = self.look.prepare_cached("SELECT desk FROM site ORDER BY id").unwrap();
        let found = find.query_map([], |row| row.get::<String>(0)).unwrap();
        found.map(|desk| serde_json::from_str(&desk.unwrap()).unwrap()).collect()
    }

    /// Everything that the reference knows, as the database has it. `reopened` is not in it.
    pub(super) fn stands(&mut self) -> (Vec<Record>, Vec<Chat>, Vec<Agent>, HashSet<usize>) {
        let sql = concat!("SELECT ", columns!(), " FROM conversation c ORDER BY c.opened_at, c.id");
        let records: Vec<Record> =
            self.look.prepare_cached(sql).unwrap().query_map([], rows::record).unwrap().map(Result::unwrap).collect();
        self.chats.clear();
        self.chats.extend(records.iter().map(|record| record.id));
        let sql = "SELECT capacity, role, away, disabled, gone_at, idle_since, EXISTS (SELECT 1 FROM presence WHERE subject = a.id), \
                   languages, id, active_at FROM agent a ORDER BY id";
        let memberships = teams::memberships(&self.look).unwrap();
        let agent = |row: &Row<'_>| {
            let (gone, here): (Option<Millis>, bool) = (row.get(4)?, row.get(6)?);
            assert_eq!(gone.is_none(), here, "since when nobody is connected");
            Ok(Agent {
                capacity: row.get(0)?,
                supervisor: row.get_ref(1)?.as_str()? == "supervisor",
                away: row.get(2)?,
                disabled: row.get(3)?,
                gone,
                idle: row.get(5)?,
                active: row.get(9)?,
                languages: rows::json::<Vec<String>>(row.get_ref(7)?.as_str()?)?.iter().map(|one| language_id(one)).collect(),
                teams: memberships.get(&AgentId(row.get(8)?)).into_iter().flatten().map(|team| number(team.0, 2_001)).collect(),
            })
        };
        let agents = self.look.prepare_cached(sql).unwrap().query_map([], agent).unwrap().map(Result::unwrap).collect();
        let sql = "SELECT subject FROM presence";
        let present: Vec<Uuid> =
            self.look.prepare_cached(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let visitors = present.iter().filter(|subject| subject.as_u128() > 100).map(|subject| number(*subject, 101)).collect();
        let chats = records.iter().map(chat).collect();
        (records, chats, agents, visitors)
    }

    /// The first column of the first row.
    pub(super) fn count(&self, sql: &str) -> i64 {
        self.look.prepare_cached(sql).unwrap().query_row([], |row| row.get(0)).unwrap()
    }

    pub(super) fn acks(&self) -> impl Iterator<Item = (MessageId, ConversationId, u64)> {
        self.acks.iter().map(|ack| (ack.id, ack.conversation, ack.seq))
    }

    /// Where a message stands.
    pub(super) fn place_of(&self, message: MessageId) -> Vec<(ConversationId, u64)> {
        let mut find = self.look.prepare_cached("SELECT conversation, seq FROM message WHERE id = ?1").unwrap();
        let found = find.query_map([message.0], |row| Ok((ConversationId(row.get(0)?), rows::seq(row, 1)?))).unwrap();
        found.map(Result::unwrap).collect()
    }
}

/// Whom a visitor becomes by signing in.
pub(super) fn signed_in(visitor: usize) -> usize {
    VERIFIED + site_of(visitor)
}

fn card(visitor: usize, is_new: bool) -> VisitorCard {
    let mut token_hash = [0; 32];
    token_hash[..16].copy_from_slice(visitor_id(visitor).0.as_bytes());
    let locale = language_of(visitor).map(|language| LANGUAGES[language].0.to_owned());
    VisitorCard {
        id: visitor_id(visitor),
        token_hash,
        locale,
        time_zone: None,
        page: None,
        device: None,
        trail: Vec::new(),
        invited: None,
        is_new,
    }
}

fn chat(record: &Record) -> Chat {
    let agent = |agent: AgentId| number(agent.0, 1);
    let until = |pair: Option<(AgentId, Millis)>| pair.map(|(who, until)| (agent(who), until));
    let visitor = number(record.visitor.0, 101);
    assert_eq!(record.site, site_id(visitor));
    assert!(record.state != State::Closed || record.stored_due.is_none(), "nothing happens to a closed one by itself");
    Chat {
        visitor,
        opened: record.opened_at,
        state: record.state,
        since: record.state_at,
        agent: record.agent.map(agent),
        before: record.last_agent.map(agent),
        first_given: record.assigned_at,
        queued: record.queue_time,
        priority: record.priority,
        team: record.team.map(|team| number(team.0, 2_001)),
        language: record.language.as_deref().map(language_id),
        prefers: until(record.prefer),
        excluded: record.excluded.iter().copied().map(agent).collect(),
        answer_by: record.answer_due,
        visitor_gone: record.visitor_gone_at,
        answered: record.agent_at,
        unanswered: record.unanswered,
        offer: until(record.offer),
        stretched: record.stretched,
        reopened: false,
        head: record.head,
        visitor_head: record.visitor_head,
    }
}

/// AGENTS and VISITORS fit between the ids' first numbers.
const _: () = assert!(AGENTS < 100 && VISITORS < 900);
