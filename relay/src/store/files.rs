//! What was uploaded, by whom, and which messages have it. Only rows: the bytes stand elsewhere, under the file's id. Called inside the
//! writer's transactions and by readers.

use shared::ids::{ConversationId, FileId, Millis, Seq};
use shared::model::File;
use uuid::Uuid;

use super::rows::seq;
use super::sql::{self, Connection, OptionalExtension, Row, params};
use super::{Store, StoreError};

/// Where a file is fetched: `/f/ID/NAME`, the name only for people.
pub fn path(id: FileId, name: &str) -> String {
    let mut url = ROOT.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(["f", &id.to_string(), name]);
    }
    url.path().to_owned()
}

/// Any address will do: only its path is wanted, written as addresses are.
#[allow(clippy::expect_used, reason = "a constant that every test parses")]
static ROOT: std::sync::LazyLock<url::Url> = std::sync::LazyLock::new(|| url::Url::parse("http://relay").expect("an address"));

/// `erased` of a file whose bytes are to be removed.
const ERASED: u8 = 1;
/// `erased` of an upload under way: nobody gets it yet.
const ARRIVING: u8 = 2;

/// A stored file and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRecord {
    /// As messages show it.
    pub file: File,
    /// The visitor or agent who uploaded it.
    pub owner: Uuid,
}

impl Store {
    /// Makes room for an upload of at most `size` bytes, unless its owner has had more than `most` since `since`; then how long they have
    /// to wait. Nobody can fetch or send it before [`Store::finish_file`]; one that never ends goes with what no message has.
    pub async fn begin_file(
        &self,
        new: (FileId, Uuid),
        size: u64,
        now: Millis,
        since: Millis,
        most: u64,
    ) -> Result<Result<(), Millis>, StoreError> {
        let (id, owner) = new;
        self.write(move |db| {
            let mut sum = db.prepare_cached(
                "SELECT CAST(coalesce(sum(size), 0) AS BIGINT), min(created_at) FROM file WHERE owner = ?1 AND created_at > ?2",
            )?;
            let (had, first) = sum.query_row(params![owner, since], |row| Ok((seq(row, 0)?, row.get::<Option<Millis>>(1)?)))?;
            if had.saturating_add(size) > most {
                // The oldest is forgotten first. Whoever asks for more than that is told so then.
                return Ok(Err(first.map_or(0, |first| first - since).max(1)));
            }
            db.prepare_cached(
                "INSERT INTO file (id, owner, name, media_type, size, created_at, erased) VALUES (?1, ?2, '', '', ?3, ?4, ?5)",
            )?
            .execute(params![id.0, owner, size.cast_signed(), now, ARRIVING])?;
            Ok(Ok(()))
        })
        .await
    }

    /// Records that an upload is whole: from now on it may be fetched and sent.
    pub async fn finish_file(&self, file: File) -> Result<(), StoreError> {
        self.write(move |db| {
            let mut finish = db.prepare_cached(
                "UPDATE file SET name = ?2, media_type = ?3, size = ?4, width = ?5, height = ?6, duration_ms = ?7, erased = 0 \
                 WHERE id = ?1 AND erased = ?8",
            )?;
            let size = file.size.cast_signed();
            let done = finish.execute(params![
                file.id.0,
                file.name,
                file.media_type,
                size,
                file.width,
                file.height,
                file.duration_ms,
                ARRIVING
            ])?;
            // The sweep may have taken it for one that never ends.
            if done == 1 { Ok(()) } else { Err(StoreError::Conflict) }
        })
        .await
    }

    /// Records that an upload came to nothing: it no longer counts for its owner, and its bytes, if there are any, are to be removed.
    pub async fn spoil_file(&self, id: FileId) -> Result<(), StoreError> {
        self.write(move |db| -> Result<(), StoreError> {
            let mut spoil = db.prepare_cached("UPDATE file SET erased = ?2, size = 0 WHERE id = ?1 AND erased = ?3")?;
            spoil.execute(params![id.0, ERASED, ARRIVING])?;
            Ok(())
        })
        .await
    }

    /// Erases what no message has and was begun before `before`, and tells what is erased and still has bytes: at most `most` of each.
    pub async fn erased_files(&self, before: Millis, most: u32) -> Result<Vec<FileId>, StoreError> {
        let loose = move |db: &Connection, sql: &str| -> Result<Vec<FileId>, StoreError> {
            let mut find = db.prepare_cached(sql)?;
            let found = find.query_map(params![before, most, ERASED], |row| row.get(0).map(FileId))?;
            Ok(found.collect::<sql::Result<Vec<_>>>()?)
        };
        const LOOSE: &str = "SELECT id FROM file WHERE held = 0 AND created_at <= ?1 AND erased <> ?3 LIMIT ?2";
        // Seldom is there any, and reading costs no commit.
        if !self.read(move |db| loose(db, LOOSE)).await?.is_empty() {
            self.write(move |db| -> Result<(), StoreError> {
                let mut erase = db.prepare_cached("UPDATE file SET erased = ?2 WHERE id = ?1")?;
                loose(db, LOOSE)?.iter().try_for_each(|id| erase.execute(params![id.0, ERASED]).map(drop))?;
                Ok(())
            })
            .await?;
        }
        self.read(move |db| {
            let mut find = db.prepare_cached("SELECT id FROM file WHERE erased = 1 LIMIT ?1")?;
            let found = find.query_map([most], |row| row.get(0).map(FileId))?;
            Ok(found.collect::<sql::Result<Vec<_>>>()?)
        })
        .await
    }

    /// Forgets files that are erased and whose bytes are gone, and uploads that came to nothing.
    pub async fn forget_files(&self, files: Vec<FileId>) -> Result<(), StoreError> {
        self.write(move |db| {
            let mut forget = db.prepare_cached("DELETE FROM file WHERE id = ?1 AND erased <> 0")?;
            files.iter().try_for_each(|id| forget.execute([id.0]).map(drop))?;
            Ok(())
        })
        .await
    }

    /// A file that may be fetched.
    pub async fn file(&self, id: FileId) -> Result<Option<File>, StoreError> {
        self.read(move |db| Ok(find(db, id)?.map(|record| record.file))).await
    }
}

/// A file that may still be fetched and sent.
pub(crate) fn find(db: &Connection, id: FileId) -> Result<Option<FileRecord>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT owner, name, media_type, size, width, height, duration_ms FROM file WHERE id = ?1 AND erased = 0",
    )?;
    Ok(find.query_row([id.0], |row| record(id, row)).optional()?)
}

fn record(id: FileId, row: &Row<'_>) -> sql::Result<FileRecord> {
    let name: String = row.get(1)?;
    let file = File {
        id,
        path: path(id, &name),
        name,
        media_type: row.get(2)?,
        size: seq(row, 3)?,
        width: row.get(4)?,
        height: row.get(5)?,
        duration_ms: row.get(6)?,
    };
    Ok(FileRecord { file, owner: row.get(0)? })
}

/// A message has a file from now on.
pub(crate) fn hold(db: &Connection, id: FileId, conversation: ConversationId, at: Seq) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE file SET held = 1 WHERE id = ?1 AND held = 0")?.execute([id.0])?;
    db.prepare_cached("INSERT INTO file_use (conversation, seq, file) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute(params![conversation.0, at.cast_signed(), id.0])?;
    Ok(())
}

/// A message has lost its files: those that no other one has are erased.
pub(crate) fn release(db: &Connection, conversation: ConversationId, at: Seq) -> Result<(), StoreError> {
    let mut release = db.prepare_cached("DELETE FROM file_use WHERE conversation = ?1 AND seq = ?2 RETURNING file")?;
    let files = release.query_map(params![conversation.0, at.cast_signed()], |row| row.get::<Uuid>(0))?;
    let files = files.collect::<sql::Result<Vec<_>>>()?;
    let mut erase = db.prepare_cached(
        "UPDATE file SET erased = 1 WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM file_use WHERE file_use.file = file.id)",
    )?;
    files.iter().try_for_each(|file| erase.execute([file]).map(|_| ()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_three_parts_whatever_the_name() {
        let id = FileId(Uuid::from_u128(7));
        for name in ["a.png", "a b.png", "../../etc/passwd", "a/b", "?x#y", "é%2e", "\"<script>"] {
            let path = path(id, name);
            assert!(path.starts_with(&format!("/f/{id}/")), "{path}");
            assert_eq!(path.split('/').count(), 4, "{path}");
            assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'<'), "{path}");
        }
    }
}
