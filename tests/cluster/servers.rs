//! The servers beside the relays: PostgreSQL, on a socket in a folder of its own and on a port, and NATS, on a port of its own. Both can be
//! stopped, killed, and started again where they were. Dropping them ends them.

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

/// How long a server may take to start.
const START_WITHIN: Duration = Duration::from_secs(30);

/// A PostgreSQL.
pub struct Postgres {
    /// Where it listens, beside its socket.
    pub address: SocketAddr,
    programs: PathBuf,
    folder: TempDir,
    is_certified: bool,
}

impl Postgres {
    /// Makes a database cluster and starts it.
    pub fn start() -> Self {
        let server = Self::made();
        server.starts();
        server
    }

    /// One that has a certificate and its key, in PEM, for whoever comes to its port.
    pub fn certified(certificate: &str, key: &str) -> Self {
        let mut server = Self::made();
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = server.folder.path().join("data").join(name);
            std::fs::write(&file, text).unwrap();
            // It takes no key that others may read.
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            assert!(!is_root() || Command::new("chown").arg("postgres").arg(&file).status().unwrap().success());
        }
        server.is_certified = true;
        server.starts();
        server
    }

    fn made() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("with-postgres");
        let found = Command::new(script).arg("--find").output().unwrap();
        assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
        let programs = PathBuf::from(String::from_utf8(found.stdout).unwrap().trim());
        // Free just now; it says so if somebody is quicker.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let folder = tempfile::Builder::new().prefix("bulle-pg-").tempdir().unwrap();
        let server = Self { address, programs, folder, is_certified: false };
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(server.folder.path()).status().unwrap().success());
        }
        let made = server.run("initdb", &["-U", "bulle", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        assert!(made, "initdb");
        server
    }

    /// Starts it again.
    pub fn starts(&self) {
        let folder = self.folder.path().display();
        // Only the process is killed, never the machine, so nothing waits for a disk.
        let (port, ssl) = (self.address.port(), if self.is_certified { "on" } else { "off" });
        let options =
            format!("-k {folder} -h 127.0.0.1 -p {port} -c ssl={ssl} -c fsync=off -c max_connections=100 -c shared_buffers=32MB");
        let log = self.folder.path().join("log").display().to_string();
        assert!(self.run("pg_ctl", &["start", "-w", "-l", &log, "-o", &options]), "PostgreSQL did not start: see {log}");
    }

    /// Ends it as a crash would.
    pub fn crashes(&self) {
        assert!(self.run("pg_ctl", &["stop", "-w", "-m", "immediate"]));
    }

    /// SIGSTOP for it and all that serves its sessions, or SIGCONT.
    pub fn signals(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        // Itself first, or last: it must not start another one meanwhile, nor find one that does not answer.
        let mut order = [("kill", vec![signal, pid]), ("pkill", vec![signal, "-P", pid])];
        if signal != "-STOP" {
            order.reverse();
        }
        for (program, arguments) in order {
            assert!(Command::new(program).args(&arguments).status().unwrap().success(), "{program} {arguments:?}");
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://bulle@{folder}:{}/postgres", self.address.port())
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            // The server refuses to run as root.
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.arg("-D").arg(self.folder.path().join("data")).args(arguments);
        command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.run("pg_ctl", &["stop", "-m", "immediate"]);
    }
}

fn is_root() -> bool {
    let user = Command::new("id").arg("-u").output().unwrap();
    user.stdout.trim_ascii() == b"0"
}

/// A NATS.
pub struct Nats {
    /// Where it listens, also when it is started again.
    pub address: SocketAddr,
    process: Child,
}

impl Nats {
    /// Starts one.
    pub fn start() -> Self {
        let (process, address) = launch("-1");
        Self { address, process }
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGSTOP or SIGCONT.
    pub fn signals(&self, signal: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Starts it again.
    pub fn restart(&mut self) {
        self.process = launch(&self.address.port().to_string()).0;
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// NATS' program; Debian puts it where not everybody looks.
pub fn bus() -> &'static str {
    if Path::new("/usr/sbin/nats-server").exists() { "/usr/sbin/nats-server" } else { "nats-server" }
}

/// Starts a server on this port (`-1`: any), and waits until it says that it is ready.
fn launch(port: &str) -> (Child, SocketAddr) {
    const LISTENS: &str = "Listening for client connections on ";
    let mut command = Command::new(bus());
    command.args(["--addr", "127.0.0.1", "--port", port]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap_or_else(|error| panic!("no nats-server ({error}): `make nats` installs one"));
    let log = process.stderr.take().unwrap();
    let (tell, told) = mpsc::channel();
    // Ends with the server, whose end of the pipe it reads.
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if let Some((_, address)) = line.split_once(LISTENS) {
                // In vain where somebody has been told before.
                let _ = tell.send(address.trim().to_owned());
            }
        }
    });
    let address = told.recv_timeout(START_WITHIN).unwrap_or_else(|_| panic!("nats-server did not start"));
    (process, address.parse().unwrap())
}
