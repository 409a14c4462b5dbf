//! The object store and the bytes of uploads in it. Each of these lies under its file's id; what it is called, what it is and whose it is
//! stands in the database ([`store::files`](crate::store)), and only what stands there is ever served.
//!
//! - [`place`]: local folders by default, or a bucket · [`kind`]: what a file is, by its first bytes · [`name`]: what it may be called
//! - [`receive`]: an upload, from its first byte to its row · [`sweep`]: removes what nobody has any more

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{Error, GetOptions, ObjectStore, ObjectStoreExt};
use shared::ids::FileId;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

pub mod kind;
pub mod name;
pub mod place;
pub mod receive;
pub mod sweep;

pub use place::NoPlace;
use place::Place;

/// Parts of one upload that are being written; the one who sends waits for the place.
const PARTS_UNDER_WAY: usize = 1;

/// The place of all uploads, and of the widget's files.
#[derive(Debug)]
pub struct Files {
    place: Place,
    /// What is newer belongs to this process.
    opened: SystemTime,
}

impl Files {
    /// Opens the place that the configuration names. Blocking.
    ///
    /// # Errors
    /// It cannot be had.
    pub fn open(config: &Config) -> Result<Self, NoPlace> {
        Ok(Self { place: place::open(config)?, opened: SystemTime::now() })
    }

    /// The place of the widget's files, for [`Sets`](crate::edge::sets::Sets).
    pub fn sets(&self) -> Arc<dyn ObjectStore> {
        self.place.sets.clone()
    }

    /// Whether files take room on the data folder's disk.
    pub fn are_on_disk(&self) -> bool {
        self.place.folder.is_some()
    }

    /// Begins to write a file.
    pub fn begin(&self, id: FileId) -> Arriving {
        let writer = BufWriter::with_capacity(self.place.uploads.clone(), path(id), self.place.part);
        Arriving(writer.with_max_concurrency(PARTS_UNDER_WAY))
    }

    /// A part of a file, as it comes from the place.
    ///
    /// # Errors
    /// The place's; [`Error::NotFound`] when the bytes are gone.
    pub async fn read(&self, id: FileId, part: Range<u64>) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let options = GetOptions { range: Some(part.into()), ..GetOptions::default() };
        Ok(self.place.uploads.get_opts(&path(id), options).await?.into_stream().boxed())
    }

    /// Removes a file's bytes, if there are any.
    ///
    /// # Errors
    /// The place's.
    pub async fn remove(&self, id: FileId) -> Result<(), Error> {
        match self.place.uploads.delete(&path(id)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    }

    /// Says in the log whether a bucket lets the relay in, which nobody would notice before the first upload.
    pub async fn look(self: Arc<Self>, stop: CancellationToken) {
        if self.are_on_disk() {
            return;
        }
        // Half a look is none.
        tokio::select! {
            () = stop.cancelled() => {}
            seen = place::look(&*self.place.uploads) => match seen {
                Ok(()) => tracing::info!("files lie in the bucket that `[s3]` names"),
                Err(problem) => tracing::error!(problem, "files can be neither kept nor read; chats go on without"),
            }
        }
    }

    /// Removes what uploads have left that were under way when an earlier process was killed; those of this one go on meanwhile. Blocking; a
    /// folder's only, a bucket has rules of its own for that.
    ///
    /// # Errors
    /// What the file system says.
    pub fn tidy(&self) -> io::Result<()> {
        let Some(folder) = &self.place.folder else { return Ok(()) };
        for shard in std::fs::read_dir(folder)? {
            let shard = shard?;
            if !shard.file_type()?.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(shard.path())? {
                let file = file?;
                // How the library names what it has not finished: `NAME#NUMBER`.
                if file.file_name().to_string_lossy().contains('#') && file.metadata()?.modified()? < self.opened {
                    std::fs::remove_file(file.path())?;
                }
            }
        }
        Ok(())
    }
}

/// A file that is being written. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub struct Arriving(BufWriter);

impl Arriving {
    /// Writes some of it, once what came before has room.
    ///
    /// # Errors
    /// The place's.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.0.put(bytes).await
    }

    /// Ends it: from now on it is whole and kept.
    ///
    /// # Errors
    /// The place's.
    pub async fn finish(mut self) -> Result<(), Error> {
        self.0.shutdown().await.map_err(of_place)
    }

    /// Gives it up.
    pub async fn abort(mut self) {
        if let Err(error) = self.0.abort().await {
            tracing::debug!(%error, "what came of a broken upload could not be removed");
        }
    }
}

/// The place's own error, which `tokio`'s writers wrap.
fn of_place(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::Generic { store: "writer", source: Box::new(error) },
    }
}

/// 256 folders, so that none of them grows too long for the file system.
fn path(id: FileId) -> Path {
    let name = id.0.simple().to_string();
    Path::from_iter([&name[..2], &name])
}

/// Whether the disk is full, or the quota on it.
pub fn is_full(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const PART: usize = 256 * 1_024;

    fn files() -> (tempfile::TempDir, Files) {
        let data = tempfile::tempdir().unwrap();
        let files = Files::open(&Config { data: data.path().to_owned(), ..Config::default() }).unwrap();
        (data, files)
    }

    /// Every file below the folder.
    fn left(data: &tempfile::TempDir) -> Vec<String> {
        let shards = std::fs::read_dir(data.path().join("files")).unwrap();
        let names = shards.flat_map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap());
        names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_file_is_there_once_it_is_whole() {
        let (data, files) = files();
        let id = FileId(Uuid::from_u128(7));
        let mut arriving = files.begin(id);
        for _ in 0..3 {
            arriving.write(Bytes::from(vec![b'x'; PART])).await.unwrap();
        }
        assert!(matches!(files.read(id, 0..1).await, Err(Error::NotFound { .. })));
        arriving.finish().await.unwrap();
        let part: Vec<_> = files.read(id, 1..PART as u64 + 2).await.unwrap().map(Result::unwrap).collect().await;
        assert_eq!(part.concat(), vec![b'x'; PART + 1]);
        files.remove(id).await.unwrap();
        files.remove(id).await.unwrap();
        assert_eq!(left(&data), [""; 0]);
    }

    #[tokio::test]
    async fn what_broke_off_leaves_nothing() {
        let (data, files) = files();
        let mut arriving = files.begin(FileId(Uuid::from_u128(8)));
        arriving.write(Bytes::from(vec![b'x'; 2 * PART])).await.unwrap();
        arriving.abort().await;
        assert_eq!(left(&data), [""; 0]);
        // As after a kill: half of one, written before this start.
        let half = data.path().join("files/00/0123#1");
        std::fs::write(&half, "half").unwrap();
        let before = files.opened - std::time::Duration::from_secs(1);
        std::fs::File::options().write(true).open(&half).unwrap().set_modified(before).unwrap();
        std::fs::write(data.path().join("files/00/0456"), "whole").unwrap();
        // And one that came since.
        let id = FileId(Uuid::from_u128(9));
        let mut arriving = files.begin(id);
        arriving.write(Bytes::from(vec![b'x'; 2 * PART])).await.unwrap();
        files.tidy().unwrap();
        arriving.finish().await.unwrap();
        let mut names = left(&data);
        names.sort();
        assert_eq!(names, [id.0.simple().to_string(), "0456".to_owned()]);
    }
}
