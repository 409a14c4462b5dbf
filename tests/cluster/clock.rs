//! A relay on a machine whose clock is wrong: it goes by the database's, so nobody is judged by its own.

use std::path::PathBuf;
use std::time::Duration;

use shared::model::{Role, State};
use tests::relay::RelayProcess;
use tokio::task::block_in_place;

use crate::stage::{Stage, straight};

/// How wrong the clock is, in seconds: by more than any time after which the desk does something.
const WRONG: i64 = 36 * 3600;
/// What delivering a message may take at most.
const A_MOMENT: Duration = Duration::from_secs(20);

/// The library that tells a program another time (Debian: `faketime`).
fn faketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok);
    let found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|library| library.exists());
    found.unwrap_or_else(|| panic!("libfaketime is missing: make faketime"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_clock_puts_nobody_aside() {
    for seconds in [WRONG, -WRONG] {
        let mut stage = Stage::build(1, &[], straight).await;
        let (library, offset) = (faketime().display().to_string(), format!("{seconds:+}"));
        let ways = straight(1, &stage.store, &stage.bus).await;
        let settings = [
            ("BULLE_STORE", &*ways.store),
            ("BULLE_BUS", &*ways.bus),
            ("BULLE_METRICS_LISTEN", "127.0.0.1:0"),
            ("LD_PRELOAD", &*library),
            ("FAKETIME", &*offset),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        stage.relays.push(block_in_place(|| RelayProcess::start(&settings)));
        let (right, wrong) = (0, 1);
        stage.relays[wrong].logs("this machine's clock and the database's differ", 0).await;

        let ada = stage.agent(right, "Ada", Role::Agent).await;
        ada.comes_online().await;
        let visitor = stage.visitor(wrong).await;
        let first = visitor.says("what time is it?").await;
        ada.has(first.conversation).await;
        let answer = ada.says(first.conversation, "the same for both of us").await;
        visitor.sees("the same for both of us").await;
        let last = visitor.says("good").await;
        ada.sees("good").await;
        assert_eq!(ada.closes(last.conversation).await, Ok(()));
        visitor.sees_end().await;
        for (earlier, later) in [(first.at, answer.at), (answer.at, last.at)] {
            assert!((0..A_MOMENT.as_millis() as i64).contains(&(later - earlier)), "{earlier} {later}");
        }
        // The relay with the wrong clock has looked at what is due whenever it wrote something.
        let shown = visitor.until("what was shown", |log| Some(log.view.history.clone())).await;
        assert!(
            shown.iter().any(|thread| thread.state == State::Active) && shown.iter().all(|thread| thread.state != State::Parked)
        );
    }
}
