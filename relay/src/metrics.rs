//! Names of the metrics.

/// Connections ended because their queue was full.
pub const RESYNCS: &str = "bulle_resyncs_total";
/// Connections ended by the relay, by close code.
pub const CLOSES: &str = "bulle_closes_total";
/// Transactions committed.
pub const COMMITS: &str = "bulle_commits_total";
/// Jobs per transaction.
pub const COMMIT_JOBS: &str = "bulle_commit_jobs";
