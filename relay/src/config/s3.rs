//! The table `[s3]`: a bucket for files in the place of the data folder. Part of [`Config`](super::Config), which documents every value
//! for `check-config`; `files::place` opens it. Without a `bucket`, files lie in folders.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use object_store::path::Path;
use shared::ids::Millis;
use url::{Host, Url};

use super::secret::Secret;

table! { S3 {
    /// Name of the bucket that holds uploads and the widget's files, at Amazon or anywhere that speaks S3. Unset: they lie in the data folder. It
    /// has to exist, and nobody else needs to read it: the relay serves what is in it. Give it a rule that ends unfinished multipart uploads.
    bucket: Option<String> = None;
    /// Where the service is, such as `https://s3.example.com`: the bucket's name becomes the first part of the path. Unset: Amazon's, of
    /// `region`.
    endpoint: Option<String> = None;
    /// Its region; services that have none take any.
    region: String = "us-east-1".to_owned();
    /// Folder in the bucket, for one that others use as well: `bulle` or `team/bulle`. Empty: its root.
    prefix: String = String::new();
    /// Who signs the requests, needed with `bucket`: somebody who may read, write, list and delete objects there.
    access_key_id: Option<String> = None;
    /// With this key. Better in the environment (`BULLE_S3__SECRET_ACCESS_KEY`) than in a file; never printed.
    secret_access_key: Option<Secret> = None;
    /// Takes an `http` endpoint that is not on this machine: whoever is on the way between then sees every file.
    plain_http: bool = false;
    /// How long the service may leave a request without an answer, in ms: 100 to 60,000. What can be repeated is, for three times as long.
    timeout_ms: Millis = 10_000;
} }

impl S3 {
    /// The numbers with their full names and ranges.
    pub(super) fn ranges(&self) -> Vec<(&'static str, i64, RangeInclusive<i64>)> {
        vec![("s3.timeout_ms", self.timeout_ms, 100..=60_000)]
    }

    /// The first value that does not go with the others, and why.
    pub(super) fn trouble(&self) -> Option<(&'static str, String)> {
        let Some(bucket) = self.bucket.as_deref() else {
            // A table half filled in must not put files where nobody expects them.
            let is_begun = self.endpoint.is_some() || self.access_key_id.is_some() || self.secret_access_key.is_some();
            return is_begun.then(|| ("s3.bucket", "is needed with the other values of `[s3]`".to_owned()));
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if bucket.is_empty() || !bucket.bytes().all(plain) {
            return Some(("s3.bucket", format!("`{bucket}` is no name of a bucket")));
        }
        if self.access_key_id.is_none() || self.secret_access_key.is_none() {
            return Some(("s3.access_key_id", "and `s3.secret_access_key` are needed with `s3.bucket`".to_owned()));
        }
        if self.region.is_empty() {
            return Some(("s3.region", "is empty: a service without regions takes `us-east-1`".to_owned()));
        }
        if Path::parse(&self.prefix).is_err() {
            return Some(("s3.prefix", format!("`{}` is no folder such as `team/bulle`", self.prefix)));
        }
        self.endpoint.as_deref().and_then(|endpoint| self.endpoint_trouble(endpoint))
    }

    fn endpoint_trouble(&self, endpoint: &str) -> Option<(&'static str, String)> {
        let url = Url::parse(endpoint).ok().filter(|url| {
            let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
            ["http", "https"].contains(&url.scheme()) && url.has_host() && bare
        });
        let Some(url) = url else {
            return Some(("s3.endpoint", format!("`{endpoint}` is no address such as `https://s3.example.com`")));
        };
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            None => false,
        };
        let in_clear = url.scheme() == "http" && !is_here && !self.plain_http;
        in_clear.then(|| ("s3.endpoint", "would send files in clear text: use https, or set `s3.plain_http`".to_owned()))
    }
}
