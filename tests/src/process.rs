//! Child processes: a server that says on standard output where it listens, and what `/proc` tells of its memory and time.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What a server prints before its address once it accepts connections.
const LISTENING: &str = "listening on http://";
/// How long a server may take to say so; generous, because tests share their machine.
const START_WITHIN: Duration = Duration::from_secs(60);
/// Pause between two looks at whether it has ended.
const END_LOOK: Duration = Duration::from_millis(5);

/// A server process. Dropping it kills it.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the call that started it until it said where it listens.
    pub started_in: Duration,
    printed: Arc<Printed>,
}

/// Lines on standard output so far.
#[derive(Default)]
struct Printed {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Server {
    /// Starts a server and waits until it says where it listens.
    pub fn start(command: &mut Command) -> Result<Self> {
        crate::trust_in_one();
        let began = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
        let output = child.stdout.take().context("standard output is piped")?;
        let printed = Arc::new(Printed::default());
        let kept = Arc::clone(&printed);
        // Ends with the child, whose end of the pipe it reads.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                kept.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                kept.more.notify_all();
            }
        });
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), started_in: Duration::ZERO, printed };
        let line = server.printed_line(LISTENING).with_context(|| format!("{command:?} did not start"))?;
        server.started_in = began.elapsed();
        let (_, address) = line.split_once(LISTENING).unwrap_or_default();
        server.address = address.trim_end_matches('/').parse().with_context(|| line.clone())?;
        Ok(server)
    }

    /// Waits for a line on standard output that contains this.
    pub fn printed_line(&self, part: &str) -> Result<String> {
        let until = Instant::now() + START_WITHIN;
        let mut lines = self.printed.lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(line) = lines.iter().find(|line| line.contains(part)) {
                return Ok(line.clone());
            }
            let left = until.saturating_duration_since(Instant::now());
            anyhow::ensure!(!left.is_zero(), "no line with {part:?} on standard output");
            lines = self.printed.more.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Asks it to stop, as a service manager does: with SIGTERM.
    pub fn terminate(&self) -> Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        anyhow::ensure!(asked.success(), "kill: {asked}");
        Ok(())
    }

    /// Waits for its end, and how long that took.
    pub async fn ends(&mut self, within: Duration) -> Result<(ExitStatus, Duration)> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status, began.elapsed()));
            }
            anyhow::ensure!(began.elapsed() < within, "still there after {within:?}");
            // The system tells of a child's end only to those who wait for it without end.
            tokio::time::sleep(END_LOOK).await;
        }
    }

    /// Kills it with SIGKILL and waits for its end.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Stops it where it stands (SIGSTOP): nothing of it runs until [`Server::resume`].
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets it go on (SIGCONT).
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status()?;
        anyhow::ensure!(sent.success(), "SIG{name} could not be sent: {sent}");
        Ok(())
    }

    /// Limits how far it may write into any file, in bytes; `None`: as far as before the first limit.
    pub fn limit_files(&self, bytes: Option<u64>) -> Result<()> {
        let pid = i32::try_from(self.child.id())?;
        let hard = rlimit::Resource::FSIZE.get_hard()?;
        rlimit::prlimit(pid, rlimit::Resource::FSIZE, Some((bytes.unwrap_or(hard).min(hard), hard)), None)?;
        Ok(())
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> Result<u64> {
        resident(self.child.id())
    }

    /// Processor time of all its threads so far, in user and kernel together.
    pub fn processor_time(&self) -> Result<Duration> {
        processor_time(self.child.id())
    }
}

/// Resident memory of a process, in bytes.
pub fn resident(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}

/// Processor time of all threads of a process so far, in user and kernel together.
pub fn processor_time(process: u32) -> Result<Duration> {
    // proc(5): utime and stime are fields 14 and 15.
    ticks(process, [14, 15])
}

/// The same of its children that have ended and that it has waited for.
pub fn children_processor_time(process: u32) -> Result<Duration> {
    // proc(5): cutime and cstime are fields 16 and 17.
    ticks(process, [16, 17])
}

fn ticks(process: u32, fields: [usize; 2]) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Fields count from 1, times are in ticks of 1/100 s; the second field may hold spaces and ends with ')'.
    let (_, rest) = stat.rsplit_once(')').context("no command in stat")?;
    let rest: Vec<&str> = rest.split_whitespace().collect();
    let ticks: u64 = fields.iter().filter_map(|field| rest.get(field - 3)?.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
