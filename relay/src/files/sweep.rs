//! Removes files that nobody has any more: erased ones at once, uploads that no message has had for a day. The bytes go before the row, so
//! that a stop in between forgets none. `app` runs it.

use std::sync::Arc;
use std::time::Duration;

use shared::ids::Millis;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Files;
use crate::clock;
use crate::store::{Store, StoreError};

/// Pause between two looks. What is erased is no longer served from that moment on; its bytes may take so long.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Most files that one sweep removes; the next one takes the others.
const MOST: u32 = 100;
/// How long an upload may wait for the message that it is for: a lost connection, a night.
const LOOSE_FOR: Millis = 24 * 60 * 60 * 1_000;

/// What a sweep came to.
#[derive(Debug, Default)]
pub struct Swept {
    /// Files that are gone.
    pub gone: usize,
    /// Why some are not; the next sweep asks the place again.
    pub stuck: Option<object_store::Error>,
}

/// Removes what is due at this time. What cannot be removed holds up nothing else. Dropped half-way, it leaves rows that the next one sees.
///
/// # Errors
/// The store's.
pub async fn sweep(files: &Files, store: &Store, now: Millis) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    let mut gone = Vec::new();
    for id in store.erased_files(now - LOOSE_FOR, MOST).await? {
        match files.remove(id).await {
            Ok(()) => gone.push(id),
            Err(error) => swept.stuck = Some(error),
        }
    }
    swept.gone = gone.len();
    if swept.gone > 0 {
        store.forget_files(gone).await?;
    }
    Ok(swept)
}

/// Sweeps until the relay stops.
pub async fn run(files: Arc<Files>, store: Arc<Store>, stop: CancellationToken) {
    let tidied = tokio::task::spawn_blocking({
        let files = files.clone();
        move || files.tidy()
    });
    if let Ok(Err(error)) = tidied.await {
        tracing::warn!(%error, "what broken uploads left could not be removed");
    }
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_stuck = false;
    loop {
        tokio::select! { () = stop.cancelled() => return, _ = ticks.tick() => {} }
        // A place that does not answer must not hold up the stop.
        let swept = tokio::select! { () = stop.cancelled() => return, swept = sweep(&files, &store, clock::now()) => swept };
        match swept {
            Ok(swept) => {
                // Said once, not every few seconds.
                match &swept.stuck {
                    Some(error) if !was_stuck => {
                        tracing::warn!(%error, "erased files' bytes cannot be removed: see to the place of uploads; tried again until they can");
                    }
                    None if was_stuck => tracing::info!("erased files' bytes can be removed again"),
                    _ => {}
                }
                was_stuck = swept.stuck.is_some();
            }
            // The store logs its outages.
            Err(error) => tracing::debug!(%error, "files wait for the store"),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use shared::ids::FileId;
    use shared::model::File;
    use uuid::Uuid;

    use super::*;
    use crate::config::Config;

    struct Shelf {
        files: Files,
        store: Store,
        data: tempfile::TempDir,
    }

    impl Shelf {
        fn new() -> Self {
            let data = tempfile::tempdir().unwrap();
            let files = Files::open(&Config { data: data.path().to_owned(), ..Config::default() }).unwrap();
            Self { files, store: Store::open(&data.path().join("bulle.db")).unwrap(), data }
        }

        /// An upload that came at this time; whole, or cut off by a kill.
        async fn put(&self, number: u128, at: Millis, whole: bool) -> FileId {
            let id = FileId(Uuid::from_u128(number));
            self.store.begin_file((id, Uuid::nil()), 4, at, 0, 1_000_000).await.unwrap().unwrap();
            let mut arriving = self.files.begin(id);
            arriving.write(Bytes::from_static(b"four")).await.unwrap();
            arriving.finish().await.unwrap();
            if whole {
                let (name, media_type, path) = ("a".to_owned(), "image/png".to_owned(), String::new());
                let file = File { id, name, media_type, size: 4, path, width: None, height: None, duration_ms: None };
                self.store.finish_file(file).await.unwrap();
            }
            id
        }

        async fn execute(&self, sql: &'static str) {
            let done = self.store.write(move |db| -> Result<(), StoreError> { Ok(db.execute_batch(sql)?) });
            done.await.unwrap();
        }

        fn bytes(&self) -> usize {
            let shards = std::fs::read_dir(self.data.path().join("files")).unwrap();
            shards.flat_map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap()).count()
        }

        async fn rows(&self) -> u32 {
            let count = |db: &crate::store::sql::Connection| Ok(db.query_row("SELECT count(*) FROM file", [], |row| row.get(0))?);
            self.store.read(count).await.unwrap()
        }
    }

    #[tokio::test]
    async fn what_no_message_has_goes_after_a_day_and_what_is_erased_at_once() {
        let shelf = Shelf::new();
        let loose = shelf.put(1, 1_000, true).await;
        shelf.put(2, 1_000, false).await;
        let held = shelf.put(3, 1_000, true).await;
        shelf.put(4, 1_000, true).await;
        shelf
            .execute(
                "UPDATE file SET held = 1 WHERE id IN (x'00000000000000000000000000000003', x'00000000000000000000000000000004')",
            )
            .await;
        shelf.execute("UPDATE file SET erased = 1 WHERE id = x'00000000000000000000000000000004'").await;
        let sweep = async |now| sweep(&shelf.files, &shelf.store, now).await.unwrap().gone;
        assert_eq!((sweep(2_000).await, shelf.bytes(), shelf.rows().await), (1, 3, 3), "only the erased one");
        assert_eq!(sweep(1_000 + LOOSE_FOR - 1).await, 0);
        assert!(shelf.store.file(loose).await.unwrap().is_some());
        assert_eq!((sweep(1_000 + LOOSE_FOR).await, shelf.bytes(), shelf.rows().await), (2, 1, 1));
        assert!(shelf.store.file(loose).await.unwrap().is_none());
        assert!(shelf.store.file(held).await.unwrap().is_some());
        assert_eq!(sweep(i64::MAX).await, 0, "a message has it");
    }

    #[tokio::test]
    async fn a_sweep_is_bounded_and_the_next_one_goes_on() {
        let shelf = Shelf::new();
        for number in 0..u128::from(MOST) + 5 {
            shelf.put(number, 0, true).await;
        }
        let sweep = async || sweep(&shelf.files, &shelf.store, LOOSE_FOR).await.unwrap().gone;
        assert_eq!([sweep().await, sweep().await, sweep().await], [MOST as usize, 5, 0]);
        assert_eq!((shelf.bytes(), shelf.rows().await), (0, 0));
    }

    #[tokio::test]
    async fn bytes_that_cannot_be_removed_keep_their_row_and_hold_up_nothing() {
        let shelf = Shelf::new();
        let id = shelf.put(1, 0, true).await;
        shelf.put(2, 0, true).await;
        // A folder in the place of the file: what cannot be removed as one, even by root.
        let path = shelf.data.path().join("files/00").join(id.0.simple().to_string());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir_all(path.join("in the way")).unwrap();
        let sweep = async || sweep(&shelf.files, &shelf.store, LOOSE_FOR).await.unwrap();
        let swept = sweep().await;
        assert_eq!((swept.gone, swept.stuck.is_some()), (1, true), "the second one, behind the first");
        assert_eq!((shelf.rows().await, shelf.store.file(id).await.unwrap()), (1, None));
        std::fs::remove_dir_all(&path).unwrap();
        let swept = sweep().await;
        assert_eq!((swept.gone, swept.stuck.is_some(), shelf.rows().await), (1, false, 0));
    }
}
