//! A site moves from SQLite to PostgreSQL under its visitors: copied ahead while the relay serves, by a program that is killed once, then to
//! the end in a stop.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use shared::model::Role;
use tests::agent::Agent;
use tests::relay::RelayProcess;
use tests::visitor::Visitor;
use tokio::task::block_in_place;

use crate::journal::count;
use crate::servers::Postgres;

/// Rows of a table that nobody looks at: enough that a run can be killed in the midst of them.
const DEEDS: i64 = 200_000;

/// Runs the command; whether it went well, and what it said.
fn run(mut command: Command) -> (bool, String) {
    let output = block_in_place(|| command.output().unwrap());
    (output.status.success(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

/// Kills a run when some of the deeds are there, and says how many those are.
fn kill_in_the_middle(mut command: Command, url: &str) -> i64 {
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let there = || match count(url, "SELECT count(*) FROM pg_tables WHERE tablename = 'audit'") {
        0 => 0,
        _ => count(url, "SELECT count(*) FROM audit"),
    };
    while there() == 0 {
        assert!(run.try_wait().unwrap().is_none(), "it ended before it could be killed");
    }
    run.kill().unwrap();
    run.wait().unwrap();
    there()
}

fn add_deeds(database: &Path) {
    let db = Connection::open(database).unwrap();
    db.busy_timeout(Duration::from_secs(5)).unwrap();
    let deeds = "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?1) INSERT INTO audit (at, what) SELECT n, 'test' FROM i";
    db.execute(deeds, [DEEDS]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_moves_under_its_visitors() {
    let server = block_in_place(Postgres::start);
    let url = server.url();
    let mut relay = block_in_place(|| RelayProcess::start(&[]));
    let (office, admin) = relay.first_admin().await;
    let ada = Agent::new(&office, &office.hire(&admin, "Ada", Role::Agent).await.unwrap());
    ada.comes_online().await;
    let visitor = Visitor::new(relay.address(), "demo");
    visitor.opens_chat().await;
    let chat = visitor.says("before").await.conversation;
    ada.has(chat).await;
    ada.says(chat, "good morning").await;

    let (data, database) = (relay.data(), relay.data().join("bulle.db"));
    block_in_place(|| add_deeds(&database));
    let from = format!("sqlite:{}", database.display());
    let migrate = |more: &[&str]| {
        let mut arguments = vec!["migrate-store", "--from", &from, "--to", &url];
        arguments.extend(more);
        RelayProcess::to_run(&arguments, &data)
    };
    let there = kill_in_the_middle(migrate(&["--ahead"]), &url);
    assert!((1..DEEDS).contains(&there), "{there}");
    let (went_well, said) = run(migrate(&["--ahead"]));
    assert!(went_well && said.contains("copied ahead to") && said.contains("Stop the relay"), "{said}");
    let deeds = said.lines().find(|line| line.trim_start().starts_with("audit:")).unwrap();
    let written: i64 = deeds.rsplit_once(", ").unwrap().1.trim_end_matches(" written").parse().unwrap();
    assert!(written < DEEDS, "it went on where the other one was killed: {deeds}");

    visitor.says("meanwhile").await;
    ada.sees("meanwhile").await;
    let (went_well, said) = run(migrate(&[]));
    assert!(!went_well && said.contains("runs on") && said.contains("--ahead"), "{said}");
    relay.server().terminate().unwrap();
    relay.server_mut().ends(Duration::from_secs(10)).await.unwrap();
    let (went_well, said) = run(migrate(&[]));
    assert!(went_well && said.contains("moved to postgres://") && said.contains("start none on it again"), "{said}");
    assert!(said.contains(&data.join("files").display().to_string()), "where uploads are: {said}");
    assert_eq!(count(&url, "SELECT count(*) FROM audit WHERE what = 'test'"), DEEDS);

    block_in_place(|| relay.restart_with(&[("BULLE_STORE", &url)]));
    visitor.says("after").await;
    ada.sees("after").await;
    ada.says(chat, "welcome back").await;
    visitor.sees("welcome back").await;
    for text in ["before", "good morning", "meanwhile", "after", "welcome back"] {
        assert_eq!((visitor.times_seen(text), ada.times_seen(text)), (1, 1), "{text}");
    }
    let (went_well, said) = run(migrate(&[]));
    assert!(!went_well && said.contains("a relay, or another move, runs on"), "{said}");
}
