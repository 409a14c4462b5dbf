//! The operator's commands beside a relay under load: a backup that is consistent, its check, its restoration; and that two relays never
//! share a database.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use rusqlite::{Connection, OpenFlags};
use tests::accounts::Office;
use tests::relay::RelayProcess;
use tests::visitor::Visitor;

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// All messages: text by id.
fn messages(database: &Path) -> BTreeMap<Vec<u8>, String> {
    let db = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut find =
        db.prepare("SELECT id, hex(conversation) || ' ' || seq || ' ' || author_kind || ' ' || body FROM message").unwrap();
    find.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

async fn chatters(visitor: std::sync::Arc<Visitor>) {
    visitor.opens_chat().await;
    for line in 0.. {
        visitor.says(&format!("line {line}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_whole_and_a_relay_goes_on_from_it() {
    let relay = RelayProcess::start(&[]);
    let visitors: Vec<_> = (0..8).map(|_| std::sync::Arc::new(Visitor::new(relay.address(), "demo"))).collect();
    let mut lives = tokio::task::JoinSet::new();
    for visitor in &visitors {
        lives.spawn(chatters(visitor.clone()));
    }
    for visitor in &visitors {
        visitor.until_true("in the middle of it", |log| log.sent.len() > 20).await;
    }
    let acked: Vec<_> =
        visitors.iter().flat_map(|visitor| visitor.log().sent).map(|(say, _)| say.id.0.as_bytes().to_vec()).collect();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("bulle.backup");
    let name = file.to_str().unwrap();
    let runs = |arguments: &[&str], data: &Path| RelayProcess::runs(arguments, data);

    let backup = runs(&["backup", name], &relay.data());
    assert!(backup.status.success(), "{}", said(&backup));
    let again = runs(&["backup", name], &relay.data());
    assert!(!again.status.success() && said(&again).contains("exists already"), "{}", said(&again));
    for visitor in &visitors {
        let before = visitor.log().sent.len();
        visitor.until_true("going on", |log| log.sent.len() > before).await;
    }

    let check = runs(&["restore", "--check", name], &relay.data());
    assert!(check.status.success() && said(&check).contains("good: this backup can be restored"), "{}", said(&check));
    assert!(said(&check).contains("sites 1 · agents 0 · visitors 8 · conversations 8"), "{}", said(&check));
    let under_it = runs(&["restore", "--replace", name], &relay.data());
    assert!(!under_it.status.success() && said(&under_it).contains("another relay (process "), "{}", said(&under_it));
    let second = runs(&["serve", "--listen", "127.0.0.1:0"], &relay.data());
    assert!(!second.status.success() && said(&second).contains("another relay (process "), "{}", said(&second));

    lives.shutdown().await;
    let mut relay = relay;
    relay.server().terminate().unwrap();
    relay.server_mut().ends(std::time::Duration::from_secs(10)).await.unwrap();
    let kept = messages(&file);
    assert!(acked.iter().all(|id| kept.contains_key(id)), "what was acked before the backup is in it");
    let later = messages(&relay.data().join("bulle.db"));
    assert!(
        later.len() > kept.len() && kept.iter().all(|(id, message)| later.get(id) == Some(message)),
        "as it was, and no more"
    );

    let refused = runs(&["restore", name], &relay.data());
    assert!(!refused.status.success() && said(&refused).contains("--replace"), "{}", said(&refused));
    let replaced = runs(&["restore", "--replace", name], &relay.data());
    assert!(replaced.status.success() && said(&replaced).contains("that was there is now"), "{}", said(&replaced));
    assert_eq!(messages(&relay.data().join("bulle.db")), kept);
    relay.restart();
    assert_eq!(Office::new(relay.address()).request(reqwest::Method::GET, "/readyz").send().await.unwrap().body, "ready\n");
    let returning = Visitor::returning(relay.address(), "demo", &visitors[0].token());
    returning.opens_chat().await;
    returning.sees("line 19").await;
    returning.says("restored").await;
}

#[tokio::test]
async fn a_damaged_backup_is_not_restored_and_the_exit_codes_tell() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("bulle.backup");
    std::fs::write(&file, "no database at all").unwrap();
    let name = file.to_str().unwrap();
    for arguments in
        [&["restore", "--check", name][..], &["restore", name], &["backup", folder.path().join("x").to_str().unwrap()]]
    {
        let output = RelayProcess::runs(arguments, &data);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", said(&output));
    }
    assert!(!data.join("bulle.db").exists(), "nothing was put in place");
    let config = folder.path().join("bulle.toml");
    std::fs::write(&config, "lisen = '127.0.0.1:1'").unwrap();
    let checked = RelayProcess::runs(&["check-config", "--config", config.to_str().unwrap()], &data);
    assert_eq!(checked.status.code(), Some(2));
    assert!(said(&checked).contains("bulle.toml): did you mean `listen`?"), "{}", said(&checked));
    let fine = RelayProcess::runs(&["check-config"], &data);
    assert!(fine.status.success() && said(&fine).contains("# from: flag --data"), "{}", said(&fine));
}
