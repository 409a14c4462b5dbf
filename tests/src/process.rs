//! Child processes: a server that says on standard output where it listens, and what `/proc` tells of its memory and time.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What a server prints before its address once it accepts connections.
const LISTENING: &str = "listening on http://";
/// How long a server may take to say so; generous, because tests share their machine.
const START_WITHIN: Duration = Duration::from_secs(60);

/// A server process. Dropping it kills it.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the call that started it until it said where it listens.
    pub started_in: Duration,
    printed: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server and waits until it says where it listens.
    pub fn start(command: &mut Command) -> Result<Self> {
        let began = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
        let output = child.stdout.take().context("standard output is piped")?;
        let printed = Arc::new(Mutex::new(Vec::new()));
        let (found, address) = mpsc::channel();
        let kept = Arc::clone(&printed);
        // Ends with the child, whose end of the pipe it reads.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let address = line.split_once(LISTENING).and_then(|(_, rest)| rest.trim_end_matches('/').parse().ok());
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                if let Some(address) = address {
                    let _ = found.send(address);
                }
            }
        });
        match address.recv_timeout(START_WITHIN) {
            Ok(address) => Ok(Self { child, address, started_in: began.elapsed(), printed }),
            Err(_) => {
                child.kill()?;
                let status = child.wait()?;
                anyhow::bail!("{command:?} did not start: {status}")
            }
        }
    }

    /// What it has printed on standard output so far.
    pub fn printed(&self) -> Vec<String> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Kills it with SIGKILL and waits for its end.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024)
    }

    /// Processor time of all its threads so far, in user and kernel together.
    pub fn processor_time(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // proc(5): utime and stime are fields 14 and 15, in ticks of 1/100 s; the second field may hold spaces and ends with ')'.
        let (_, rest) = stat.rsplit_once(')').context("no command in stat")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks: u64 = [11, 12].iter().filter_map(|&field| fields.get(field)?.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
