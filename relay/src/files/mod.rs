//! The object store, local folders by default, and the bytes of uploads in it. Each of these lies under its file's id; what it is called, what it is and
//! whose it is stands in the database ([`store::files`](crate::store)), and only what stands there is ever served.
//!
//! - [`kind`]: what a file is, by its first bytes · [`name`]: what it may be called
//! - [`receive`]: an upload, from its first byte to its row · [`sweep`]: removes what nobody has any more

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, GetOptions, ObjectStore, ObjectStoreExt, WriteMultipart};
use shared::ids::FileId;

use crate::config::Config;

pub mod kind;
pub mod name;
pub mod receive;
pub mod sweep;

/// Bytes that gather before they are written into a folder.
const PART: usize = 256 * 1_024;
/// Parts of one upload that are being written; the one who sends waits for the disk.
const PARTS_UNDER_WAY: usize = 1;

/// There is no place for files.
#[derive(Debug, thiserror::Error)]
#[error("files cannot be kept in {place}: {problem}; let the relay write there, or set `data` to a folder where it may")]
pub struct NoPlace {
    /// Where they were to be kept.
    place: String,
    /// Why not.
    problem: String,
}

/// The folder of all uploads.
pub fn folder(config: &Config) -> PathBuf {
    config.data.join("files")
}

/// A folder as a store. What was written is on disk: a message with a tick is, and so is what it shows.
fn local(folder: &std::path::Path) -> Result<LocalFileSystem, NoPlace> {
    let failed = |problem: String| NoPlace { place: folder.display().to_string(), problem };
    std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(error.to_string()))?;
    Ok(store.with_fsync(true))
}

/// The place of all uploads, and of the widget's files.
#[derive(Debug)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    sets: Arc<dyn ObjectStore>,
    part: usize,
    /// Where they are, if that is a folder.
    folder: Option<PathBuf>,
    /// What is newer belongs to this process.
    opened: SystemTime,
}

impl Files {
    /// Opens the place that the configuration names. Blocking.
    ///
    /// # Errors
    /// It cannot be had.
    pub fn open(config: &Config) -> Result<Self, NoPlace> {
        let folder = folder(config);
        // Folders in which nothing is left go, too: sets are pruned, and new ones come under other names.
        let sets = local(&config.data.join("assets"))?.with_automatic_cleanup(true);
        let store = Arc::new(local(&folder)?);
        Ok(Self { store, sets: Arc::new(sets), part: PART, folder: Some(folder), opened: SystemTime::now() })
    }

    /// The place of the widget's files, for [`Sets`](crate::edge::sets::Sets).
    pub fn sets(&self) -> Arc<dyn ObjectStore> {
        self.sets.clone()
    }

    /// Begins to write a file.
    ///
    /// # Errors
    /// The place's.
    pub async fn begin(&self, id: FileId) -> Result<Arriving, Error> {
        let upload = self.store.put_multipart(&path(id)).await?;
        Ok(Arriving(WriteMultipart::new_with_chunk_size(upload, self.part)))
    }

    /// A part of a file, as it comes from the place.
    ///
    /// # Errors
    /// The place's; [`Error::NotFound`] when the bytes are gone.
    pub async fn read(&self, id: FileId, part: Range<u64>) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let options = GetOptions { range: Some(part.into()), ..GetOptions::default() };
        Ok(self.store.get_opts(&path(id), options).await?.into_stream().boxed())
    }

    /// Removes a file's bytes, if there are any.
    ///
    /// # Errors
    /// The place's.
    pub async fn remove(&self, id: FileId) -> Result<(), Error> {
        match self.store.delete(&path(id)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            other => other,
        }
    }

    /// Removes what uploads have left that were under way when an earlier process was killed; those of this one go on meanwhile. Blocking; a
    /// folder's only, a bucket has rules of its own for that.
    ///
    /// # Errors
    /// What the file system says.
    pub fn tidy(&self) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
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
pub struct Arriving(WriteMultipart);

impl Arriving {
    /// Writes some of it, once what came before has room.
    ///
    /// # Errors
    /// The place's.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.0.wait_for_capacity(PARTS_UNDER_WAY).await?;
        self.0.put(bytes);
        Ok(())
    }

    /// Ends it: from now on it is whole and on disk.
    ///
    /// # Errors
    /// The place's; then nothing is left.
    pub async fn finish(self) -> Result<(), Error> {
        self.0.finish().await.map(drop)
    }

    /// Gives it up.
    pub async fn abort(self) {
        if let Err(error) = self.0.abort().await {
            tracing::debug!(%error, "what came of a broken upload could not be removed");
        }
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
        let mut arriving = files.begin(id).await.unwrap();
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
        let mut arriving = files.begin(FileId(Uuid::from_u128(8))).await.unwrap();
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
        let mut arriving = files.begin(id).await.unwrap();
        arriving.write(Bytes::from(vec![b'x'; 2 * PART])).await.unwrap();
        files.tidy().unwrap();
        arriving.finish().await.unwrap();
        let mut names = left(&data);
        names.sort();
        assert_eq!(names, [id.0.simple().to_string(), "0456".to_owned()]);
    }
}
