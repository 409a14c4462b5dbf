//! `bulle`: reads the arguments, runs what they ask for, tells what went wrong. Everything else is in the library.

mod moving;
mod subjects;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use relay::config::{self, Config, Flags, LogFormat};
use relay::restore;
use relay::store::Store;
use shared::ids::VisitorId;
use shared::model::Role;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Ten thousand idle connections are ten thousand small allocations of every kind; this allocator keeps them small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code for a configuration that cannot be used, so that a supervisor can tell it from a crash.
const BAD_CONFIG: u8 = 2;

/// Libraries that log what passes through them, and how much of that is bearable.
const NEVER_LOUD: [&str; 2] = ["tungstenite=info", "axum::serve=info"];

/// Bulle: live chat for your website, on a machine of your own.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Configuration file; without it, `bulle.toml` in the working directory if there is one.
    #[arg(long, global = true, env = "BULLE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the relay.
    Serve(Flags),
    /// Check the configuration and print every value, what it means and where it came from.
    CheckConfig(Flags),
    /// Print a one-time link by which somebody joins; the way back in when no admin can sign in any more.
    Invite {
        /// Email address of the account that they will have.
        #[arg(long)]
        email: String,
        /// What they may do.
        #[arg(long, value_enum, default_value = "agent")]
        role: AsRole,
        #[command(flatten)]
        flags: Flags,
    },
    /// Put a backup in place, while no relay runs.
    Restore {
        /// The backup; stays as it is.
        file: PathBuf,
        /// Only say whether the backup is whole and what it holds; may be done anywhere, at any time.
        #[arg(long, conflicts_with = "replace")]
        check: bool,
        /// Keep the database that is there aside, under another name, instead of refusing.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Write all there is of a visitor into a file, also while the relay runs.
    Export {
        #[command(flatten)]
        whom: Whom,
        /// Where to; must not exist yet.
        file: PathBuf,
        #[command(flatten)]
        flags: Flags,
    },
    /// Erase all there is of a visitor; while the relay runs, it does so within seconds.
    Erase {
        #[command(flatten)]
        whom: Whom,
        #[command(flatten)]
        flags: Flags,
    },
    /// Move the store from SQLite to PostgreSQL: first ahead, while the relay runs, then to the end, while it does not.
    MigrateStore {
        /// The database that is moved: `sqlite:PATH`. It stays as it is.
        #[arg(long, value_name = "STORE")]
        from: String,
        /// Where to: `postgres://USER:PASSWORD@HOST/DATABASE`, empty at first. Unset: the configured `store`, which no list of processes shows.
        #[arg(long, value_name = "STORE")]
        to: Option<String>,
        /// Only copy ahead and rehearse the end; the relay may run meanwhile.
        #[arg(long)]
        ahead: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Write a consistent copy of the database, also while the relay runs.
    Backup {
        /// Where to; must not exist yet.
        file: PathBuf,
        #[command(flatten)]
        flags: Flags,
    },
}

/// A visitor, as arguments.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// Their id, as the console's export tells it.
    #[arg(long)]
    visitor: Option<VisitorId>,
    /// Everybody with this email address.
    #[arg(long)]
    email: Option<String>,
}

/// The roles, as arguments.
#[derive(Clone, Copy, ValueEnum)]
enum AsRole {
    /// Chats.
    Agent,
    /// Also sees and moves the chats of others.
    Supervisor,
    /// Also changes sites, settings and people.
    Admin,
}

impl From<AsRole> for Role {
    fn from(role: AsRole) -> Self {
        match role {
            AsRole::Agent => Self::Agent,
            AsRole::Supervisor => Self::Supervisor,
            AsRole::Admin => Self::Admin,
        }
    }
}

/// Keeps the kernel from giving memory by 2 MB: of what the allocator has reserved little is in use when nobody is there, and each huge page
/// of it counts whole. Measured with the demo site, two seconds after the start: 14.5 MB of heap with, 3.7 MB without.
#[cfg(target_os = "linux")]
fn stay_small() {
    // Fails for nothing but a kernel that has no such pages.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    stay_small();
    let arguments = Arguments::parse();
    let (Command::Serve(flags)
    | Command::CheckConfig(flags)
    | Command::Invite { flags, .. }
    | Command::Backup { flags, .. }
    | Command::Export { flags, .. }
    | Command::Erase { flags, .. }
    | Command::MigrateStore { flags, .. }
    | Command::Restore { flags, .. }) = &arguments.command;
    // Not `vars`: it panics at a variable that is not Unicode, and such a one is none of ours.
    let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let loaded = match config::load(arguments.config, variables, flags) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("bulle: {error}");
            return ExitCode::from(BAD_CONFIG);
        }
    };
    let done = match arguments.command {
        Command::Serve(_) => serve(loaded.config),
        Command::CheckConfig(_) => {
            print!("{}", loaded.report());
            Ok(())
        }
        Command::Invite { email, role, .. } => invite(&loaded.config, &email, role.into()),
        Command::Export { whom, file, .. } => subjects::export(&loaded.config, whom.visitor, whom.email, &file),
        Command::Erase { whom, .. } => subjects::erase(&loaded.config, whom.visitor, whom.email),
        Command::MigrateStore { from, to, ahead, .. } => moving::migrate(&loaded.config, &from, to.as_deref(), ahead),
        Command::Backup { file, .. } => backup(&loaded.config, &file),
        Command::Restore { file, check: true, .. } => check(&file),
        Command::Restore { file, replace, .. } => restore(&loaded.config, &file, replace),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulle: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    log(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    let ended = runtime.block_on(relay::app::run(config));
    // What still hangs (a disk, a client) has had its time.
    runtime.shutdown_background();
    Ok(ended?)
}

fn invite(config: &Config, email: &str, role: Role) -> anyhow::Result<()> {
    let base = config.reached_at(config.listen).context("`listen` is no address that a link can name; set `public_url`")?;
    let store = Store::visit(&config.store_url()).context("cannot open the store")?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("cannot start the runtime")?;
    println!("{}", runtime.block_on(relay::api::invite_link(&store, config, &base, email, role))?);
    Ok(())
}

fn backup(config: &Config, file: &Path) -> anyhow::Result<()> {
    let bytes = relay::backup::write(&database(config)?, file)?;
    println!("{}: {bytes} bytes", file.display());
    match relay::files::place::folder(config) {
        Some(folder) => println!("what was uploaded lies in {}: copy that folder, too, after this", folder.display()),
        None => println!("what was uploaded lies in the bucket that `[s3]` names: copy that, too, after this"),
    }
    Ok(())
}

/// The database's file.
fn database(config: &Config) -> anyhow::Result<PathBuf> {
    let url = config.store_url();
    let file = url.file().context("the store is PostgreSQL: back it up and restore it with pg_dump and pg_restore")?;
    Ok(file.to_owned())
}

fn check(file: &Path) -> anyhow::Result<()> {
    let report = restore::check(file)?;
    print!("{}\n{report}", file.display());
    anyhow::ensure!(report.is_good(), "{} is damaged: do not restore it, take another backup", file.display());
    println!("good: this backup can be restored");
    Ok(())
}

fn restore(config: &Config, file: &Path, replace: bool) -> anyhow::Result<()> {
    let database = database(config)?;
    let (report, aside) = restore::restore(file, &database, replace)?;
    print!("{}\n{report}", file.display());
    if let Some(aside) = aside {
        println!("the database that was there is now {}", aside.display());
    }
    println!("restored to {}: start the relay", database.display());
    Ok(())
}

/// Logs go to standard error; standard output carries what the operator asked for.
fn log(config: &Config) {
    // Checked when the configuration was read.
    let mut filter = EnvFilter::try_new(&config.log).unwrap_or_default();
    // At `trace`, these write down frames, which is what people say to each other, and addresses. No setting may ask for that.
    for silent in NEVER_LOUD {
        filter = filter.add_directive(silent.parse().unwrap_or_else(|_| LevelFilter::OFF.into()));
    }
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match config.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}
