//! Where files lie: two folders in the data folder, or two in a bucket that the configuration names. Opened once, by [`Files::open`]
//! (super::Files::open); whether a bucket answers is told in the log soon after the start ([`look`]), and holds up nothing else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, Error, ObjectStore, RetryConfig};

use crate::config::{Config, S3};

/// Of uploads, below the data folder or in the bucket.
const UPLOADS: &str = "files";
/// Of the widget's files.
const SETS: &str = "assets";
/// Bytes that gather before they are written into a folder.
const FOLDER_PART: usize = 256 * 1_024;
/// The same for a bucket: the least that S3 takes as a part, but for the last one. A file below it goes in one request.
const BUCKET_PART: usize = 5 * 1_024 * 1_024;
/// Pauses between repetitions, at first and at most. With them and the services' own patience an upload ends before its sender's does.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Repetitions at most.
const MOST_RETRIES: usize = 8;
/// Patiences over which a request is repeated.
const RETRY_FOR: u32 = 3;

/// There is no place for files.
#[derive(Debug, thiserror::Error)]
pub enum NoPlace {
    /// In the data folder.
    #[error("files cannot be kept in {place}: {problem}; let the relay write there, or set `data` to a folder where it may")]
    Folder {
        /// Where they were to be kept.
        place: String,
        /// Why not.
        problem: String,
    },
    /// In a bucket.
    #[error("files cannot be kept in the bucket that `[s3]` names: {0}")]
    Bucket(#[from] Error),
}

/// An open place.
#[derive(Debug)]
pub(super) struct Place {
    /// Of uploads.
    pub uploads: Arc<dyn ObjectStore>,
    /// Of the widget's files.
    pub sets: Arc<dyn ObjectStore>,
    /// Bytes that gather before they are written.
    pub part: usize,
    /// Where uploads are, if that is a folder.
    pub folder: Option<PathBuf>,
}

/// Opens the place that the configuration names. Blocking.
pub(super) fn open(config: &Config) -> Result<Place, NoPlace> {
    match &config.s3.bucket {
        Some(bucket) => Ok(in_bucket(&config.s3, bucket)?),
        None => in_folder(config),
    }
}

/// The folder of all uploads, if that is where they are.
pub fn folder(config: &Config) -> Option<PathBuf> {
    config.s3.bucket.is_none().then(|| config.data.join(UPLOADS))
}

fn in_folder(config: &Config) -> Result<Place, NoPlace> {
    let folder = config.data.join(UPLOADS);
    // Folders in which nothing is left go, too: sets are pruned, and new ones come under other names.
    let sets = Arc::new(local(&config.data.join(SETS))?.with_automatic_cleanup(true));
    Ok(Place { uploads: Arc::new(local(&folder)?), sets, part: FOLDER_PART, folder: Some(folder) })
}

/// A folder as a store. What was written is on disk: a message with a tick is, and so is what it shows.
fn local(folder: &std::path::Path) -> Result<LocalFileSystem, NoPlace> {
    let failed = |problem: String| NoPlace::Folder { place: folder.display().to_string(), problem };
    std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(error.to_string()))?;
    Ok(store.with_fsync(true))
}

/// A bucket as a store. Nothing is asked of it yet.
fn in_bucket(s3: &S3, bucket: &str) -> Result<Place, Error> {
    // The one that mails use as well; whoever was first has installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let patience = Duration::from_millis(s3.timeout_ms.unsigned_abs());
    // By each read: a visitor may take their time to fetch a large file.
    let client = ClientOptions::new()
        .with_allow_http(true)
        .with_connect_timeout(patience)
        .with_read_timeout(patience)
        .with_timeout_disabled();
    let backoff = BackoffConfig { init_backoff: FIRST_PAUSE, max_backoff: LONGEST_PAUSE, base: 2.0 };
    let retry = RetryConfig { backoff, max_retries: MOST_RETRIES, retry_timeout: patience * RETRY_FOR };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&s3.region)
        .with_client_options(client)
        .with_retry(retry)
        // Several services know only the deletion of one object.
        .with_disable_bulk_delete(true);
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
    }
    if let (Some(id), Some(key)) = (&s3.access_key_id, &s3.secret_access_key) {
        builder = builder.with_access_key_id(id).with_secret_access_key(key.reveal());
    }
    let store = Arc::new(builder.build()?);
    let at = |name: &str| Arc::new(PrefixStore::new(store.clone(), Path::from_iter(s3.prefix.split('/').chain([name]))));
    Ok(Place { uploads: at(UPLOADS), sets: at(SETS), part: BUCKET_PART, folder: None })
}

const NO_BUCKET: &str = "there is no such bucket: check `s3.bucket` and `s3.endpoint`, or make it";
const NOT_LET_IN: &str = "the service does not let the relay in: check `s3.access_key_id`, `s3.secret_access_key`, `s3.region`, what that \
                          account may do, and this machine's clock";

/// Asks a bucket whether it is there and lets us in.
///
/// # Errors
/// Why not, and what to do.
pub(super) async fn look(store: &dyn ObjectStore) -> Result<(), String> {
    match store.list_with_delimiter(None).await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{}: {error}", advice(&error))),
    }
}

/// What to do about a bucket's refusal. That of a list has no kind of its own in `object_store` 0.14, only its status among its words.
fn advice(error: &Error) -> &'static str {
    let told = error.to_string();
    let is = |status: &str| told.contains(&["status code: ", status].concat());
    match error {
        Error::NotFound { .. } => NO_BUCKET,
        _ if is("404") => NO_BUCKET,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => NOT_LET_IN,
        _ if is("401") || is("403") => NOT_LET_IN,
        _ => "the service does not answer as it should: check `s3.endpoint`, and whether it runs",
    }
}
