//! Sets of widget files in the object store, each below its hash: put there by the relay that was built with it, served by every later one,
//! pruned when no page can want it any more. [`assets`](super::assets) reads from here what its own binary does not hold; `app` runs [`run`].
//!
//! A set's mark tells when it was last put here or served, to the day. A page or a cache in front of the relay may hold a pinned loader for a
//! year without asking, and then wants the files behind it: so a set stays for [`KEEP`] after its last use, which is longer.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use dashmap::DashMap;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use shared::ids::Millis;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::embedded::{Built, Encoding};
use super::router::Shared;
use crate::clock;

/// Pause between two rounds, and how exact marks are, in ms.
const DAY: Millis = 24 * 60 * 60 * 1_000;
/// How long a set stays after it was last put here or served: the year for which caches may answer in the relay's place, and a month more.
pub const KEEP: Millis = 396 * DAY;
/// When a set was last wanted, as digits. No name in a set begins with a dot, so it is never served.
const MARK: &str = ".mark";
/// Length of a set's hash in hex digits, as `build.rs` cuts it.
const HASH_LEN: usize = 16;

/// The sets.
#[derive(Debug)]
pub struct Sets {
    store: Arc<dyn ObjectStore>,
    /// When this process last marked a set; one entry for each that exists.
    marked: DashMap<String, Millis>,
}

impl Sets {
    /// Those in this place.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, marked: DashMap::new() }
    }

    /// Puts a binary's set where later versions will find it: whatever of it is not there yet. Each file appears whole or not at all, so
    /// several relays may do it at once.
    ///
    /// # Errors
    /// The place's; the relay can serve its own set without.
    pub async fn keep(&self, built: &Built, now: Millis) -> Result<(), Error> {
        if built.widget.is_empty() {
            return Ok(());
        }
        let hash = built.widget_hash;
        let there: HashSet<Path> =
            self.store.list(Some(&Path::from(hash))).map_ok(|object| object.location).try_collect().await?;
        for file in built.widget {
            let forms = [(Encoding::Identity, Some(file.raw)), (Encoding::Brotli, file.br), (Encoding::Gzip, file.gz)];
            for (encoding, bytes) in forms {
                let path = path(hash, file.name, encoding);
                if let Some(bytes) = bytes.filter(|_| !there.contains(&path)) {
                    self.store.put(&path, Bytes::from_static(bytes).into()).await?;
                }
            }
        }
        self.mark(hash, now).await
    }

    /// A file of a set, in one of its forms; read whole, as none is larger than a few hundred KB. Reading one keeps the set.
    ///
    /// # Errors
    /// The place's.
    pub async fn read(&self, hash: &str, name: &str, encoding: Encoding, now: Millis) -> Result<Option<Bytes>, Error> {
        let found = match self.store.get(&path(hash, name, encoding)).await {
            Ok(found) => found.bytes().await?,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let is_due = self.marked.get(hash).is_none_or(|marked| now - *marked >= DAY);
        if is_due {
            // Before the write: others who read meanwhile need not write, too, and a place that only reads is asked once a day.
            self.marked.insert(hash.to_owned(), now);
            if let Err(error) = self.mark(hash, now).await {
                tracing::warn!(%error, hash, "a set of widget files in use could not be marked so; it is pruned a year from its last mark");
            }
        }
        Ok(Some(found))
    }

    /// Removes the sets that nobody has wanted for [`KEEP`], but for this binary's own; how many. Its mark goes last: a set whose removal broke
    /// off is removed by the next round. One without a mark, as earlier versions left them, gets one.
    ///
    /// # Errors
    /// The place's.
    pub async fn prune(&self, own: &str, now: Millis) -> Result<usize, Error> {
        let mut pruned = 0;
        for set in self.store.list_with_delimiter(None).await?.common_prefixes {
            let Some(hash) = set.filename().filter(|name| is_hash(name) && *name != own) else { continue };
            let mark = Path::from_iter([hash, MARK]);
            let marked = match self.store.get(&mark).await {
                // What is no number is no mark.
                Ok(found) => std::str::from_utf8(&found.bytes().await?).ok().and_then(|digits| digits.parse::<Millis>().ok()),
                Err(error) if is_missing(&error) => None,
                Err(error) => return Err(error),
            };
            match marked {
                None => self.mark(hash, now).await?,
                Some(marked) if now.saturating_sub(marked) >= KEEP => {
                    let files: Vec<Path> = self.store.list(Some(&set)).map_ok(|object| object.location).try_collect().await?;
                    for file in files.into_iter().filter(|file| *file != mark) {
                        self.remove(&file).await?;
                    }
                    self.remove(&mark).await?;
                    self.marked.remove(hash);
                    pruned += 1;
                }
                Some(_) => {}
            }
        }
        Ok(pruned)
    }

    async fn mark(&self, hash: &str, now: Millis) -> Result<(), Error> {
        self.store.put(&Path::from_iter([hash, MARK]), now.to_string().into()).await.map(drop)
    }

    /// Another relay may have been faster.
    async fn remove(&self, path: &Path) -> Result<(), Error> {
        match self.store.delete(path).await {
            Err(error) if is_missing(&error) => Ok(()),
            other => other,
        }
    }
}

/// Puts this relay's set into the store and prunes, at the start and every day, until the relay stops.
pub async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut days = interval(Duration::from_millis(DAY.unsigned_abs()));
    days.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! { () = stop.cancelled() => return, _ = days.tick() => {} }
        // Half a round is finished by the next one.
        tokio::select! { () = stop.cancelled() => return, () = round(&shared, clock::now()) => {} }
    }
}

async fn round(shared: &Shared, now: Millis) {
    let assets = &shared.assets;
    if let Err(error) = assets.sets.keep(&assets.built, now).await {
        tracing::warn!(%error, "the widget's files could not be kept for later versions; tried again in a day and at the next start");
    }
    match assets.sets.prune(assets.built.widget_hash, now).await {
        Ok(0) => {}
        Ok(pruned) => tracing::info!(pruned, "sets of widget files that nobody has fetched for over a year are removed"),
        Err(error) => tracing::warn!(%error, "old sets of widget files could not be removed; tried again in a day"),
    }
}

fn path(hash: &str, name: &str, encoding: Encoding) -> Path {
    Path::from(format!("{hash}/{name}{}", encoding.suffix()))
}

/// Whether a set can have this name.
pub fn is_hash(text: &str) -> bool {
    text.len() == HASH_LEN && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether there is no such file; a name below a file's is none either.
fn is_missing(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::NotADirectory) {
            return true;
        }
        cause = error.source();
    }
    matches!(error, Error::NotFound { .. })
}

#[cfg(test)]
mod tests {
    use super::super::embedded::Embedded;
    use super::*;
    use crate::config::Config;
    use crate::files::Files;

    const OLD: Built = Built {
        widget: &[
            Embedded { name: "bulle.js", etag: "\"1\"", raw: b"pinned", br: Some(b"brotli"), gz: None },
            Embedded { name: "snippets/a/b.js", etag: "\"2\"", raw: b"snippet", br: None, gz: None },
        ],
        widget_hash: "00112233445566aa",
        console: &[],
    };
    const NEW: &str = "ffffffffffffffff";

    struct Relay {
        data: tempfile::TempDir,
    }

    impl Relay {
        fn new() -> Self {
            Self { data: tempfile::tempdir().unwrap() }
        }

        /// The sets as a process that just started sees them.
        fn starts(&self) -> Sets {
            Sets::new(Files::open(&Config { data: self.data.path().to_owned(), ..Config::default() }).unwrap().sets())
        }

        /// Every file below the folder of sets.
        fn left(&self) -> Vec<String> {
            let mut folders = vec![self.data.path().join("assets")];
            let mut names = Vec::new();
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                    match entry.file_type().unwrap().is_dir() {
                        true => folders.push(entry.path()),
                        false => names.push(entry.file_name().into_string().unwrap()),
                    }
                }
            }
            names.sort();
            names
        }
    }

    async fn read(sets: &Sets, now: Millis) -> Option<Bytes> {
        sets.read(OLD.widget_hash, "bulle.js", Encoding::Brotli, now).await.unwrap()
    }

    #[tokio::test]
    async fn a_set_goes_when_nobody_has_wanted_it_for_longer_than_caches_last() {
        let relay = Relay::new();
        relay.starts().keep(&OLD, 0).await.unwrap();
        let whole = [".mark", "b.js", "bulle.js", "bulle.js.br"];
        assert_eq!(relay.left(), whole);
        let sets = relay.starts();
        assert_eq!((sets.prune(NEW, KEEP - 1).await.unwrap(), relay.left()), (0, whole.map(str::to_owned).to_vec()));
        assert_eq!(sets.prune(OLD.widget_hash, KEEP).await.unwrap(), 0, "a relay's own");
        assert_eq!(sets.prune(NEW, KEEP).await.unwrap(), 1);
        assert_eq!(relay.left(), [""; 0]);
        assert_eq!(std::fs::read_dir(relay.data.path().join("assets")).unwrap().count(), 0, "no empty folders");
        assert_eq!(read(&sets, KEEP).await, None);
    }

    #[tokio::test]
    async fn a_set_in_use_stays_and_is_marked_once_a_day() {
        let relay = Relay::new();
        relay.starts().keep(&OLD, 0).await.unwrap();
        let mark = relay.data.path().join("assets").join(OLD.widget_hash).join(MARK);
        let marked = || std::fs::read_to_string(&mark).unwrap();
        let sets = relay.starts();
        let used = KEEP - 10 * DAY;
        assert_eq!(read(&sets, used).await.unwrap(), "brotli");
        assert_eq!(marked(), used.to_string());
        read(&sets, used + DAY - 1).await.unwrap();
        assert_eq!(marked(), used.to_string(), "not twice a day");
        read(&sets, used + DAY).await.unwrap();
        assert_eq!(marked(), (used + DAY).to_string());
        assert_eq!(sets.prune(NEW, KEEP + DAY).await.unwrap(), 0, "a pinned page still loads it");
        // What nobody finds keeps nothing.
        assert_eq!(sets.read(OLD.widget_hash, "none.js", Encoding::Identity, used + 9 * DAY).await.unwrap(), None);
        assert_eq!(sets.prune(NEW, used + DAY + KEEP).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_broken_round_is_finished_by_the_next() {
        let relay = Relay::new();
        let sets = relay.starts();
        sets.keep(&OLD, 0).await.unwrap();
        let folder = relay.data.path().join("assets").join(OLD.widget_hash);
        // As a kill while it was put there leaves it, or a version that knew no marks.
        std::fs::remove_file(folder.join(MARK)).unwrap();
        std::fs::remove_file(folder.join("bulle.js.br")).unwrap();
        assert_eq!(sets.prune(NEW, 5 * KEEP).await.unwrap(), 0, "it gets its mark first");
        sets.keep(&OLD, 5 * KEEP).await.unwrap();
        assert_eq!(read(&sets, 5 * KEEP).await.unwrap(), "brotli");
        // As a kill while it was pruned leaves it: the mark last.
        std::fs::remove_file(folder.join("bulle.js")).unwrap();
        assert_eq!(sets.prune(NEW, 6 * KEEP).await.unwrap(), 1);
        assert_eq!(relay.left(), [""; 0]);
        std::fs::create_dir_all(relay.data.path().join("assets/notes")).unwrap();
        std::fs::write(relay.data.path().join("assets/notes/mine.txt"), "no set").unwrap();
        assert_eq!(sets.prune(NEW, 100 * KEEP).await.unwrap(), 0);
        assert_eq!(relay.left(), ["mine.txt"]);
    }
}
