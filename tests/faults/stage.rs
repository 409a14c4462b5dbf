//! A relay with its crew, and the faults that can be done to it. Each fault returns when it is over; whoever has to find back is
//! waited for by [`Stage::all_served`].

use std::time::Duration;

use reqwest::Method;
use rusqlite::Connection;
use shared::ids::Millis;
use shared::model::Role;
use tests::accounts::{Account, Office};
use tests::door::Door;
use tests::now;
use tests::proxy::Proxy;
use tests::relay::{RelayProcess, data_in, folder};
use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time::{interval, sleep, timeout};

use crate::check::BACK_WITHIN;
use crate::crew::{self, Member};
use crate::disk::Disk;
use crate::history::Fault;
use crate::network::Proxies;

/// How often something is asked that no event tells.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// A stop that is longer than a node's lease (15 s) and than every ping's patience at the relay.
const PAUSE: Duration = Duration::from_secs(16);
/// A limit below every write that matters; the first page of a file is all that may still be written.
const FILE_LIMIT: u64 = 4_096;
/// Readiness turns red with the first failed commit; this much longer than the busy timeout of 5 s.
const RED_WITHIN: Duration = Duration::from_secs(30);

/// See the module.
pub struct Stage {
    // Before the disk that its files lie on.
    pub relay: RelayProcess,
    disk: Option<Disk>,
    /// Faults that are impossible here, and why.
    pub skipped: Vec<String>,
    office: Office,
    pub crew: Vec<Member>,
    /// Whether the crew speaks.
    pub beat: watch::Sender<bool>,
}

impl Stage {
    /// Starts a relay, on a small disk if one can be had.
    pub async fn build(settings: &[(&str, &str)]) -> (Self, Account) {
        let folder = folder();
        let disk = Disk::mount(&data_in(&folder));
        let mut skipped = Vec::new();
        let disk = disk.map_err(|error| skipped.push(format!("disk full ({error})"))).ok();
        let relay = RelayProcess::start_in(folder, settings);
        let (office, admin) = relay.first_admin().await;
        let (beat, _) = watch::channel(true);
        (Self { relay, disk, skipped, office, crew: Vec::new(), beat }, admin)
    }

    /// Hires agents and lets visitors come. The first `rough` of each have a bad network, and get a proxy.
    pub async fn enters(
        &mut self,
        admin: &Account,
        (agents, rough_agents): (usize, usize),
        (visitors, rough_visitors): (usize, usize),
        dice: &mut fastrand::Rng,
    ) -> Proxies {
        let mut proxies = Proxies::new();
        let relay = self.relay.address();
        for number in 0..agents {
            let name = format!("agent {number}");
            let account = self.office.hire(admin, &name, Role::Agent).await.unwrap();
            let mut at = relay;
            if number < rough_agents {
                let proxy = Proxy::start(relay).await.unwrap();
                at = proxy.address;
                proxies.insert(name.clone(), proxy);
            }
            let door = Door::agent(at, account.cookie.clone());
            let (beat, dice) = (self.beat.subscribe(), dice.fork());
            self.crew.push(crew::agent(name, account.me.id.0, door, beat, dice, Duration::from_millis(100)));
        }
        for number in 0..visitors {
            let name = format!("visitor {number}");
            let mut at = relay;
            if number < rough_visitors {
                let proxy = Proxy::start(relay).await.unwrap();
                at = proxy.address;
                proxies.insert(name.clone(), proxy);
            }
            let (beat, dice) = (self.beat.subscribe(), dice.fork());
            // The page is the relay's own, whatever the way to it.
            let door = Door { origin: Some(format!("http://{relay}")), ..Door::visitor(at, "demo") };
            self.crew.push(crew::visitor(name, door, beat, dice, Duration::from_millis(100)));
        }
        proxies
    }

    /// Waits until all of these people were served after that time; who is not in time stays unserved, and the checker says so.
    pub async fn all_served(&self, since: Millis, who: impl Fn(&str) -> bool) {
        let served = async {
            for member in self.crew.iter().filter(|member| who(&member.name)) {
                let mut notes = member.notes.clone();
                let served = notes.wait_for(|notes| notes.served_at > since).await;
                assert!(served.is_ok(), "{} has given up", member.name);
            }
        };
        let _ = timeout(Duration::from_millis(BACK_WITHIN.cast_unsigned()) + Duration::from_secs(2), served).await;
    }

    /// SIGKILL, and started again at once.
    pub fn kill(&mut self) -> Fault {
        let began = now();
        block_in_place(|| {
            self.relay.kill();
            self.relay.restart();
        });
        fault("kill", began)
    }

    /// SIGSTOP, and SIGCONT when everybody's patience is over.
    pub async fn pause(&self) -> Fault {
        let began = now();
        self.relay.server().pause().unwrap();
        // The fault itself.
        sleep(PAUSE).await;
        self.relay.server().resume().unwrap();
        fault("pause", began)
    }

    /// Not a byte is left on the disk.
    pub async fn disk_full(&self, lasts: Duration) -> Option<Fault> {
        let disk = self.disk.as_ref()?;
        let began = now();
        block_in_place(|| disk.fill()).unwrap();
        self.red(lasts).await;
        block_in_place(|| disk.clear()).unwrap();
        Some(fault("disk full", began))
    }

    /// Writes fail.
    pub async fn writes_refused(&self, lasts: Duration) -> Fault {
        let began = now();
        self.relay.server().limit_files(Some(FILE_LIMIT)).unwrap();
        self.red(lasts).await;
        self.relay.server().limit_files(None).unwrap();
        fault("write refused", began)
    }

    /// Another program holds the write lock for longer than the relay waits for it.
    pub async fn locked(&self, lasts: Duration) -> Fault {
        let began = now();
        let other = block_in_place(|| {
            let other = Connection::open(self.relay.data().join("bulle.db")).unwrap();
            other.busy_timeout(Duration::from_secs(10)).unwrap();
            other.execute_batch("BEGIN EXCLUSIVE").unwrap();
            other
        });
        self.red(lasts).await;
        block_in_place(|| other.execute_batch("ROLLBACK")).unwrap();
        drop(other);
        fault("locked", began)
    }

    /// Waits until a commit has failed and readiness says so, and lets that last.
    async fn red(&self, lasts: Duration) {
        until_ready(&self.office, false).await;
        // The fault itself.
        sleep(lasts).await;
    }

    /// Waits until the relay says that it is ready.
    pub async fn ready(&self) {
        until_ready(&self.office, true).await;
    }
}

fn fault(kind: &'static str, began: Millis) -> Fault {
    Fault { kind, began, ended: now(), client: None }
}

/// Asks until the relay is ready, or until it says that it cannot commit, and returns what it says.
pub async fn until_ready(office: &Office, ready: bool) -> String {
    let mut said = String::from("nothing");
    let asking = async {
        let mut ticks = interval(ASK_EVERY);
        loop {
            ticks.tick().await;
            let Ok(answer) = office.request(Method::GET, "/readyz").send().await else { continue };
            said.clone_from(&answer.body);
            let red = answer.status == 503 && answer.body.contains("no commit for");
            if (ready && answer.status == 200) || (!ready && red) {
                return answer.body;
            }
        }
    };
    let turned = timeout(RED_WITHIN, asking).await;
    turned.unwrap_or_else(|_| panic!("/readyz did not become {}; it says: {said}", if ready { "green" } else { "red" }))
}
