//! An upload, from its first byte to its row: read as it comes and written as it comes, with no more than its beginning in memory.
//! `api::files` calls it with somebody who may send one; whatever goes wrong on the way, nothing is left that could be fetched.

use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::StreamExt;
use object_store::Error;
use shared::ids::{FileId, Millis};
use shared::model::File;
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

use super::{Arriving, Files, is_full, kind};
use crate::clock;
use crate::edge::limits::Limit;
use crate::error::RestError;
use crate::store::{Store, files};

/// Bytes from which a file's kind is told: cameras put up to 200 KB of notes before the size of a picture.
const HEAD: usize = 256 * 1_024;
/// The time over which what somebody has sent is added up.
const DAY: Millis = 24 * 60 * 60 * 1_000;
/// How long and how much of a refused upload is read to its end: browsers show the answer only to who could send everything.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
const DRAIN_BYTES: u64 = 16 * 1_024 * 1_024;
/// How long the sender of a refused upload waits for its traces to be removed.
const UNDO_WITHIN: Duration = Duration::from_secs(5);

/// An upload that may begin.
#[derive(Clone, Debug)]
pub struct New {
    /// Whose it will be.
    pub owner: Uuid,
    /// Its name, cleaned.
    pub name: String,
    /// Voice notes: length as their author's browser tells it.
    pub duration_ms: Option<Millis>,
    /// Bytes that will come, where the request says it.
    pub length: Option<u64>,
    /// Bytes that it may have.
    pub most: u64,
    /// Bytes that its owner may send within a day.
    pub most_a_day: u64,
    /// The types that are taken.
    pub types: Vec<String>,
}

/// The body of an upload.
#[derive(Debug)]
pub struct Incoming {
    body: BodyDataStream,
    until: Instant,
    within: Duration,
}

impl Incoming {
    /// A body that has so much time.
    pub fn new(body: Body, within: Duration) -> Self {
        Self { body: body.into_data_stream(), until: Instant::now() + within, within }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, RestError> {
        match timeout_at(self.until, Pin::new(&mut self.body).next()).await {
            Err(_) => Err(RestError::TooSlow { seconds: self.within.as_secs_f32() }),
            Ok(None) => Ok(None),
            Ok(Some(Ok(bytes))) => Ok(Some(bytes)),
            // Nobody reads this answer, as a rule.
            Ok(Some(Err(_))) => Err(RestError::BadBody("the file broke off: send it again".to_owned())),
        }
    }

    /// Reads what is left, for a while, and forgets it.
    pub async fn drain(&mut self) {
        let mut read = 0;
        let reading = async {
            while let Ok(Some(bytes)) = self.next().await
                && read < DRAIN_BYTES
            {
                read += bytes.len() as u64;
            }
        };
        // Who needs longer sees a connection that broke.
        let _ = timeout(DRAIN_WITHIN, reading).await;
    }
}

/// Takes an upload.
///
/// # Errors
/// It is too large, of a kind that is not taken, more than its owner may send; it came too slowly or not to its end; no store, no room.
pub async fn receive(files: &Files, store: &Store, new: New, body: &mut Incoming) -> Result<File, RestError> {
    if new.length.is_some_and(|length| length > new.most) {
        return Err(RestError::TooLarge { most: new.most });
    }
    let mut head = Vec::new();
    while head.len() < HEAD
        && let Some(bytes) = body.next().await?
    {
        head.extend_from_slice(&bytes);
    }
    if head.is_empty() {
        return Err(RestError::Invalid { field: "body", problem: "is an empty file".to_owned() });
    }
    let found = kind::of(&head);
    if !kind::allows(&new.types, found.media_type) {
        return Err(RestError::WrongType { found: found.media_type, types: new.types.join(", ") });
    }
    // Random, because whoever knows it may fetch the file: 122 bits.
    let id = FileId(uuid::Builder::from_random_bytes(clock::random_bytes()).into_uuid());
    let now = clock::now();
    let room = store.begin_file((id, new.owner), new.length.unwrap_or(new.most), now, now - DAY, new.most_a_day).await;
    room.map_err(RestError::Store)?.map_err(|retry_after_ms| RestError::TooMany { limit: Limit::UploadsADay, retry_after_ms })?;
    let written = write(files, id, head.into(), new.most, body).await;
    let stored = match written {
        Ok(size) => {
            let (width, height) = found.size.unzip();
            let path = files::path(id, &new.name);
            let media_type = found.media_type.to_owned();
            let file = File { id, name: new.name, media_type, size, path, width, height, duration_ms: new.duration_ms };
            store.finish_file(file.clone()).await.map(|()| file).map_err(RestError::Store)
        }
        Err(error) => Err(error),
    };
    if let Err(error) = &stored {
        undo(files, store, id, error).await;
    }
    stored
}

/// Nothing of it counts any more, and its row goes only after its bytes: what cannot be removed now, the sweep removes. A place that has
/// just failed is not asked again, for the sender waits; it may hold the file all the same.
async fn undo(files: &Files, store: &Store, id: FileId, error: &RestError) {
    let spoiled = store.spoil_file(id).await;
    let asked = !matches!(error, RestError::NoPlace(_));
    let removed = asked && matches!(timeout(UNDO_WITHIN, files.remove(id)).await, Ok(Ok(())));
    if spoiled.is_ok() && removed {
        // In vain only where the store is gone; then the sweep forgets it.
        let _ = store.forget_files(vec![id]).await;
    }
}

/// Writes the file; how long it is.
async fn write(files: &Files, id: FileId, head: Bytes, most: u64, body: &mut Incoming) -> Result<u64, RestError> {
    let mut arriving = files.begin(id);
    match write_all(&mut arriving, head, most, body).await {
        Ok(size) => arriving.finish().await.map(|()| size).map_err(refused),
        Err(error) => {
            // A bucket forgets the parts of what nobody ended by a rule of its own.
            let _ = timeout(UNDO_WITHIN, arriving.abort()).await;
            Err(error)
        }
    }
}

async fn write_all(arriving: &mut Arriving, head: Bytes, most: u64, body: &mut Incoming) -> Result<u64, RestError> {
    let mut size = 0;
    let mut next = Some(head);
    while let Some(bytes) = next {
        size += bytes.len() as u64;
        if size > most {
            return Err(RestError::TooLarge { most });
        }
        arriving.write(bytes).await.map_err(refused)?;
        next = body.next().await?;
    }
    Ok(size)
}

/// What the sender is told of trouble with the place; the operator finds the cause in the log.
fn refused(error: Error) -> RestError {
    if is_full(&error) { RestError::NoRoom } else { RestError::NoPlace(Box::new(error)) }
}
