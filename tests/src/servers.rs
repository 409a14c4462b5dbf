//! The servers beside the relays: PostgreSQL, on a socket in a folder of its own, and NATS, on a port of its own. Both can be killed and
//! started again where they were. Dropping them ends them. What they cost is told by `/proc` and by themselves.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tempfile::TempDir;

use crate::process;

/// How long a server may take to start.
const START_WITHIN: Duration = Duration::from_secs(30);
/// Where Debian puts NATS, which is not on everybody's path.
const DEBIANS_NATS: &str = "/usr/sbin/nats-server";
/// What the log of PostgreSQL says of each request of a client, while it is told to.
const REQUESTS: [&str; 2] = ["LOG:  statement: ", "LOG:  execute "];

/// Where the programs of PostgreSQL's server are.
///
/// # Errors
/// They are not there, in words.
pub fn find_postgres() -> Result<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("with-postgres");
    let found = Command::new(script).arg("--find").output()?;
    ensure!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr).trim());
    Ok(PathBuf::from(String::from_utf8(found.stdout)?.trim()))
}

/// The program of NATS.
///
/// # Errors
/// It is not there, in words.
pub fn find_nats() -> Result<&'static str> {
    let program = if Path::new(DEBIANS_NATS).exists() { DEBIANS_NATS } else { "nats-server" };
    let tried = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.context("no nats-server: `make nats` installs one")?;
    Ok(program)
}

/// Whether a PostgreSQL waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// No, and it has little memory: only processes are killed in tests, never the machine.
    Forgotten,
    /// As it does by itself: what it has committed is there.
    Awaited,
}

/// A PostgreSQL.
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    disk: Disk,
    /// Its own, on this machine alone.
    port: u16,
    is_certified: bool,
}

impl Postgres {
    /// Makes a database cluster for tests and starts it.
    pub fn start() -> Self {
        match Self::with(Disk::Forgotten) {
            Ok(server) => server,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// Makes a database cluster and starts it.
    ///
    /// # Errors
    /// There is no PostgreSQL, or it does not start.
    pub fn with(disk: Disk) -> Result<Self> {
        let server = Self::made(disk)?;
        server.begin()?;
        Ok(server)
    }

    /// One for tests that has a certificate and its key, in PEM, for whoever comes to its port.
    ///
    /// # Errors
    /// There is no PostgreSQL, or it does not start.
    pub fn certified(certificate: &str, key: &str) -> Result<Self> {
        let mut server = Self::made(Disk::Forgotten)?;
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = server.data().join(name);
            std::fs::write(&file, text)?;
            // It takes no key that others may read.
            std::fs::set_permissions(&file, Permissions::from_mode(0o600))?;
            ensure!(!is_root() || Command::new("chown").arg("postgres").arg(&file).status()?.success(), "chown");
        }
        server.is_certified = true;
        server.begin()?;
        Ok(server)
    }

    fn made(disk: Disk) -> Result<Self> {
        let programs = find_postgres()?;
        // Free now, and given to nobody else that soon.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = tempfile::Builder::new().prefix("bulle-pg-").tempdir()?;
        let server = Self { programs, folder, disk, port, is_certified: false };
        if is_root() {
            let given = Command::new("chown").arg("postgres").arg(server.folder.path()).status()?;
            ensure!(given.success(), "chown: {given}");
        }
        server.run("initdb", &["-U", "bulle", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])?;
        Ok(server)
    }

    /// Starts it again.
    pub fn starts(&self) {
        if let Err(error) = self.begin() {
            panic!("{error:#}");
        }
    }

    fn begin(&self) -> Result<()> {
        let folder = self.folder.path().display();
        let disk = match self.disk {
            Disk::Forgotten => "-c fsync=off -c shared_buffers=32MB",
            Disk::Awaited => "-c fsync=on",
        };
        let (port, ssl) = (self.port, if self.is_certified { "on" } else { "off" });
        let options = format!("-k {folder} -h 127.0.0.1 -p {port} -c ssl={ssl} -c max_connections=100 {disk}");
        let log = self.log();
        let began = self.run("pg_ctl", &["start", "-w", "-l", &log.display().to_string(), "-o", &options]);
        began.with_context(|| format!("PostgreSQL did not start: see {}", log.display()))
    }

    /// Ends it as a crash would.
    pub fn crashes(&self) {
        if let Err(error) = self.run("pg_ctl", &["stop", "-w", "-m", "immediate"]) {
            panic!("{error:#}");
        }
    }

    /// SIGSTOP (`-STOP`) for it and all that serves its sessions, or SIGCONT (`-CONT`).
    ///
    /// # Errors
    /// It does not run.
    pub fn signals(&self, signal: &str) -> Result<()> {
        let (parent, mut all) = self.processes()?;
        // Itself first, or last: it must not start another one meanwhile, nor find one that does not answer.
        all.insert(if signal == "-STOP" { 0 } else { all.len() }, parent);
        all.into_iter().try_for_each(|process| send(signal, process))
    }

    /// Where it is, and in it the database that is there from the beginning.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Where a database is.
    pub fn url_of(&self, database: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://bulle@{folder}:{}/{database}", self.port)
    }

    /// Where it listens besides its socket.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Has statements run one after the other, each by itself; the rows of all of them, unaligned.
    pub fn ask(&self, statements: &[&str]) -> Result<String> {
        self.ask_of("postgres", statements)
    }

    /// The same in another database than the one that is there from the beginning.
    pub fn ask_of(&self, database: &str, statements: &[&str]) -> Result<String> {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]).arg(self.url_of(database));
        command.args(statements.iter().flat_map(|statement| ["-c", *statement]));
        let told = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
        ensure!(told.status.success(), "{statements:?}: {}", String::from_utf8_lossy(&told.stderr).trim());
        Ok(String::from_utf8(told.stdout)?.trim().to_owned())
    }

    /// Whether it writes down each request from now on, for [`Postgres::requests`]; it costs time.
    pub fn notes_requests(&self, on: bool) -> Result<()> {
        let what = if on { "all" } else { "none" };
        self.ask(&[&format!("ALTER SYSTEM SET log_statement = '{what}'"), "SELECT pg_reload_conf()"]).map(drop)
    }

    /// Requests of clients that it has written down so far, in the order in which they came: what each begins with.
    pub fn requests(&self) -> Result<Vec<String>> {
        let log = std::fs::read_to_string(self.log())?;
        let request = |line: &str| REQUESTS.iter().find_map(|request| Some(line.split_once(request)?.1.to_owned()));
        Ok(log.lines().filter_map(request).collect())
    }

    /// Processor time of all its processes so far, in user and kernel together.
    pub fn processor_time(&self) -> Result<Duration> {
        let (parent, children) = self.processes()?;
        let mut all = process::processor_time(parent)? + process::children_processor_time(parent)?;
        for child in children {
            // One that has just ended is counted with its parent next time.
            all += process::processor_time(child).unwrap_or_default();
        }
        Ok(all)
    }

    fn processes(&self) -> Result<(u32, Vec<u32>)> {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid"))?;
        let parent = file.lines().next().context("an empty postmaster.pid")?.trim().parse()?;
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))?;
        Ok((parent, children.split_whitespace().map(str::parse).collect::<Result<_, _>>()?))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            // The server refuses to run as root.
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.arg("-D").arg(self.data()).args(arguments);
        let ended = command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        ensure!(ended.success(), "{command:?}: {ended}");
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // In vain where it did not start.
        let _ = self.run("pg_ctl", &["stop", "-m", "immediate"]);
    }
}

fn send(signal: &str, process: u32) -> Result<()> {
    let sent = Command::new("kill").arg(signal).arg(process.to_string()).status()?;
    ensure!(sent.success(), "kill {signal} {process}: {sent}");
    Ok(())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|user| user.stdout.trim_ascii() == b"0")
}

/// A NATS.
pub struct Nats {
    /// Where it listens, also when it is started again.
    pub address: SocketAddr,
    monitor: SocketAddr,
    process: Child,
    /// What it was started with, beside its ports.
    options: Vec<String>,
}

/// What went through a NATS so far, and what it holds.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct Traffic {
    /// Messages that clients published.
    pub in_msgs: u64,
    /// Bytes of them, without their subjects.
    pub in_bytes: u64,
    /// Messages that went to clients.
    pub out_msgs: u64,
    /// Bytes of them.
    pub out_bytes: u64,
    /// Subjects that clients subscribe to.
    pub subscriptions: u64,
}

impl Nats {
    /// Starts one.
    pub fn start() -> Self {
        match Self::begin(&[]) {
            Ok(server) => server,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// Starts one with these options.
    ///
    /// # Errors
    /// There is none, or it does not start.
    pub fn begin(options: &[&str]) -> Result<Self> {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let (process, address, monitor) = launch("-1", &options)?;
        Ok(Self { address, monitor, process, options })
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            panic!("{error}");
        }
    }

    /// Starts it again.
    pub fn restart(&mut self) {
        match launch(&self.address.port().to_string(), &self.options) {
            Ok((process, _, monitor)) => (self.process, self.monitor) = (process, monitor),
            Err(error) => panic!("{error:#}"),
        }
    }

    /// SIGSTOP (`-STOP`) or SIGCONT (`-CONT`).
    ///
    /// # Errors
    /// It does not run.
    pub fn signals(&self, signal: &str) -> Result<()> {
        send(signal, self.process.id())
    }

    /// What went through it.
    pub fn traffic(&self) -> Result<Traffic> {
        let mut connection = TcpStream::connect(self.monitor)?;
        connection.write_all(b"GET /varz HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
        Ok(serde_json::from_str(body)?)
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> Result<u64> {
        process::resident(self.process.id())
    }

    /// Processor time so far, in user and kernel together.
    pub fn processor_time(&self) -> Result<Duration> {
        process::processor_time(self.process.id())
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts a server on this port (`-1`: any), and waits until it says where it listens for clients, and where it is asked how it is.
fn launch(port: &str, options: &[String]) -> Result<(Child, SocketAddr, SocketAddr)> {
    const CLIENTS: &str = "Listening for client connections on ";
    const MONITOR: &str = "Starting http monitor on ";
    let mut command = Command::new(find_nats()?);
    command.args(["--addr", "127.0.0.1", "--port", port, "--http_port", "-1"]).args(options);
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let log = process.stderr.take().context("standard error is piped")?;
    let (tell, told) = mpsc::channel();
    // Ends with the server, whose end of the pipe it reads.
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            for what in [MONITOR, CLIENTS] {
                if let Some((_, address)) = line.split_once(what) {
                    // In vain where somebody has been told before.
                    let _ = tell.send((what, address.trim().to_owned()));
                }
            }
        }
    });
    let listens = |wanted: &str| -> Result<SocketAddr> {
        let (what, address) = told.recv_timeout(START_WITHIN).context("nats-server did not start")?;
        ensure!(what == wanted, "nats-server says {what:?} before {wanted:?}");
        Ok(address.parse()?)
    };
    let started = listens(MONITOR).and_then(|monitor| Ok((listens(CLIENTS)?, monitor)));
    match started {
        Ok((clients, monitor)) => Ok((process, clients, monitor)),
        Err(error) => {
            let _ = process.kill();
            let _ = process.wait();
            Err(error)
        }
    }
}
