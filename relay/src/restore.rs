//! `bulle restore FILE`: says whether a backup is whole, and puts it in place. Called by `main`. It never touches the backup itself, and
//! never removes a database: one that is replaced is kept beside the new one.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use url::Url;

use crate::clock;
use crate::store::{APPLICATION_ID, Lock, SCHEMA, StoreError, beside, log};

/// Most findings of one kind that are told; the rest would say the same.
const MOST_FINDINGS: usize = 5;
/// What SQLite keeps beside a database while it is open, or after a crash.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// No such file, or no right to read or write it.
    #[error("cannot use {}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is no database of this program, or a relay runs.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy of a database that was open.
    #[error(
        "{0} has a write-ahead log beside it: it was copied from under a running relay, and may miss what was written last; \
         make a backup with `bulle backup`"
    )]
    Live(String),
    /// It is damaged.
    #[error("{file} is damaged, nothing was changed:\n{report}")]
    Bad {
        /// Which.
        file: String,
        /// In what way.
        report: Report,
    },
    /// There is a database already.
    #[error("there is a database at {0} already; with --replace it is kept aside under another name")]
    Exists(String),
}

impl From<rusqlite::Error> for RestoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Size of the file.
    pub bytes: u64,
    /// Number of its schema.
    pub schema: usize,
    /// Rows by what they are.
    pub counts: Vec<(&'static str, i64)>,
    /// What is wrong with it; empty: nothing.
    pub findings: Vec<String>,
}

impl Report {
    /// Whether it can be restored.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "  {} bytes, schema {}", self.bytes, self.schema)?;
        let counts: Vec<_> = self.counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
        writeln!(out, "  {}", counts.join(" · "))?;
        for finding in &self.findings {
            writeln!(out, "  bad: {finding}")?;
        }
        if self.is_good() {
            writeln!(out, "  pages, indexes, references and the numbering of messages are sound")?;
        }
        Ok(())
    }
}

/// Looks at a backup without touching anything.
///
/// # Errors
/// It cannot be read, or is no backup of this program.
pub fn check(file: &Path) -> Result<Report, RestoreError> {
    let unusable = |error| RestoreError::File { path: file.to_owned(), error };
    let path = std::fs::canonicalize(file).map_err(unusable)?;
    let bytes = std::fs::metadata(&path).map_err(unusable)?.len();
    if COMPANIONS.iter().any(|companion| std::fs::metadata(beside(&path, companion)).is_ok_and(|file| file.len() > 0)) {
        return Err(RestoreError::Live(file.display().to_string()));
    }
    let mut address = Url::from_file_path(&path).map_err(|()| unusable(io::ErrorKind::InvalidFilename.into()))?;
    // So that SQLite neither locks it nor puts files beside it.
    address.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(address.as_str(), flags)?;
    examine(&db, file, bytes)
}

/// Looks at a database that is open.
///
/// # Errors
/// It is none of this program.
pub(crate) fn examine(db: &Connection, file: &Path, bytes: u64) -> Result<Report, RestoreError> {
    let schema = schema(db, file)?;
    let mut report = Report { bytes, schema, counts: Vec::new(), findings: Vec::new() };
    if let Err(error) = look(db, &mut report) {
        // A page that cannot be read at all ends the look; what was found before is told with it.
        report.findings.push(error.to_string());
    }
    Ok(report)
}

/// Whose file it is, and of which version.
fn schema(db: &Connection, file: &Path) -> Result<usize, RestoreError> {
    let foreign = |what: String| Err(StoreError::Foreign(format!("{} {what}", file.display())).into());
    let application: i32 = db.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: usize = db.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0))? as usize;
    match (application == APPLICATION_ID, version) {
        (true, 1..=SCHEMA) => Ok(version),
        (true, 0) => foreign("holds no data".to_owned()),
        (true, _) => foreign(format!(
            "was written by a later version of bulle (schema {version}, this one knows {SCHEMA}): restore it with that version"
        )),
        (false, _) => foreign("is no backup made by `bulle backup`".to_owned()),
    }
}

fn look(db: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let mut integrity = db.prepare(&format!("PRAGMA integrity_check({MOST_FINDINGS})"))?;
    let found = integrity.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    report.findings.extend(found.into_iter().filter(|line| line != "ok"));
    let mut foreign = db.prepare("SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2")?;
    let orphans = foreign.query_map([], |row| {
        let (child, parent, rows): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!("{rows} rows of {child} name a {parent} that is not there"))
    })?;
    report.findings.extend(orphans.collect::<rusqlite::Result<Vec<_>>>()?);
    for (what, table) in [
        ("sites", "site"),
        ("agents", "agent"),
        ("visitors", "visitor"),
        ("conversations", "conversation"),
        ("messages", "message"),
    ] {
        report.counts.push((what, db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?));
    }
    // Entries are numbered 1, 2, 3 … without gaps, up to the head (DESIGN §2).
    let gaps: i64 = db.query_row(
        "SELECT count(*) FROM (SELECT 1 FROM conversation AS c LEFT JOIN message AS m ON m.conversation = c.id GROUP BY c.id \
         HAVING count(m.seq) <> c.head OR coalesce(min(m.seq), 1) <> 1 OR coalesce(max(m.seq), 0) <> c.head)",
        [],
        |row| row.get(0),
    )?;
    if gaps > 0 {
        report.findings.push(format!("{gaps} conversations miss entries"));
    } else if report.schema >= log::SINCE {
        let lost = log::lost(db)?;
        if lost > 0 {
            report.findings.push(format!("{lost} entries cannot be found from those after them"));
        }
    }
    Ok(())
}

/// Puts a backup in the place of the database. What it holds, and where the database went that was there before.
///
/// # Errors
/// The backup is not whole, a relay runs on the database, or there is one and it is not to be replaced. Then nothing has changed.
pub fn restore(file: &Path, database: &Path, replace: bool) -> Result<(Report, Option<PathBuf>), RestoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| RestoreError::File { path, error }
    };
    if let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    // Held to the end: no relay begins meanwhile.
    let _lock = Lock::take(database)?;
    let there = || COMPANIONS.iter().chain(&[""]).map(|companion| beside(database, companion)).filter(|path| path.exists());
    if !replace && there().next().is_some() {
        return Err(RestoreError::Exists(database.display().to_string()));
    }
    // Told here in the backup's own name; what is put in place is looked at as it lies there.
    let told = check(file)?;
    if !told.is_good() {
        return Err(RestoreError::Bad { file: file.display().to_string(), report: told });
    }
    let fresh = beside(database, ".restoring");
    let placed = place(file, &fresh).and_then(|report| {
        if report != told {
            return Err(RestoreError::Bad { file: fresh.display().to_string(), report });
        }
        Ok(())
    });
    if let Err(error) = placed {
        let _ = std::fs::remove_file(&fresh);
        return Err(error);
    }
    let aside = beside(database, &format!(".replaced-{}", clock::now()));
    let mut kept = None;
    for path in there() {
        // Database and log keep fitting names, so that the old one can be opened as it was.
        let suffix = COMPANIONS.iter().find(|companion| path == beside(database, companion)).copied().unwrap_or_default();
        std::fs::rename(&path, beside(&aside, suffix)).map_err(failed(&path))?;
        kept = Some(aside.clone());
    }
    std::fs::rename(&fresh, database).map_err(failed(database))?;
    if let Some(folder) = database.parent() {
        // Names are on disk once their folder is. Not every system lets a folder be synced; then it is a matter of seconds.
        let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok((told, kept))
}

/// Copies a backup and looks at the copy.
fn place(file: &Path, fresh: &Path) -> Result<Report, RestoreError> {
    let failed = |error| RestoreError::File { path: fresh.to_owned(), error };
    std::fs::copy(file, fresh).map_err(failed)?;
    std::fs::OpenOptions::new().write(true).open(fresh).and_then(|copy| copy.sync_all()).map_err(failed)?;
    check(fresh)
}

#[cfg(test)]
mod tests;
