//! What the system tells of this process, under the names that every Prometheus client uses for it. Linux only.

use metrics::{counter, gauge};
use procfs::WithCurrentSystemInfo as _;
use procfs::process::{LimitValue, Process};

use super::{
    PROCESS_CPU_SECONDS, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_BYTES, PROCESS_START_SECONDS, PROCESS_THREADS,
};

/// Looks everything up; what `/proc` does not tell keeps its last value.
pub fn refresh() {
    if let Err(error) = read() {
        tracing::debug!(%error, "/proc does not tell of this process");
    }
}

fn read() -> procfs::ProcResult<()> {
    let process = Process::myself()?;
    let stat = process.stat()?;
    let ticks = procfs::ticks_per_second().max(1);
    counter!(PROCESS_CPU_SECONDS).absolute((stat.utime + stat.stime) / ticks);
    gauge!(PROCESS_RESIDENT_BYTES).set(stat.rss_bytes().get() as f64);
    gauge!(PROCESS_THREADS).set(stat.num_threads as f64);
    gauge!(PROCESS_START_SECONDS).set((procfs::boot_time_secs()? + stat.starttime / ticks) as f64);
    gauge!(PROCESS_OPEN_FDS).set(process.fd_count()? as f64);
    if let LimitValue::Value(most) = process.limits()?.max_open_files.soft_limit {
        gauge!(PROCESS_MAX_FDS).set(most as f64);
    }
    Ok(())
}
