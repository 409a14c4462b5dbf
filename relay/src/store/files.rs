//! What was uploaded, by whom, and which messages have it. Only rows: the bytes stand elsewhere, under the file's id. Called inside the
//! writer's transactions and by readers.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::ids::{ConversationId, FileId, Millis, Seq};
use shared::model::File;
use uuid::Uuid;

use super::rows::seq;
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

/// A stored file and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRecord {
    /// As messages show it.
    pub file: File,
    /// The visitor or agent who uploaded it.
    pub owner: Uuid,
}

impl Store {
    /// Records an upload, unless its owner has had `most` bytes since `since`; whether it was recorded.
    pub async fn add_file(&self, new: FileRecord, now: Millis, since: Millis, most: u64) -> Result<bool, StoreError> {
        self.write(move |db| {
            let mut sum = db.prepare_cached("SELECT coalesce(sum(size), 0) FROM file WHERE owner = ?1 AND created_at > ?2")?;
            let had = sum.query_row(params![new.owner, since], |row| seq(row, 0))?;
            if had.saturating_add(new.file.size) > most {
                return Ok(false);
            }
            db.prepare_cached(
                "INSERT INTO file (id, owner, name, media_type, size, width, height, duration_ms, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                new.file.id.0,
                new.owner,
                new.file.name,
                new.file.media_type,
                new.file.size.cast_signed(),
                new.file.width,
                new.file.height,
                new.file.duration_ms,
                now
            ])?;
            Ok(true)
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

fn record(id: FileId, row: &Row<'_>) -> rusqlite::Result<FileRecord> {
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
    let files = release.query_map(params![conversation.0, at.cast_signed()], |row| row.get::<_, Uuid>(0))?;
    let files = files.collect::<rusqlite::Result<Vec<_>>>()?;
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
