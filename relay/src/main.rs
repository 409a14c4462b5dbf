//! `bulle`: reads the arguments, runs what they ask for, tells what went wrong. Everything else is in the library.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use relay::config::{self, Config, Flags, LogFormat};
use tracing_subscriber::EnvFilter;

/// Ten thousand idle connections are ten thousand small allocations of every kind; this allocator keeps them small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code for a configuration that cannot be used, so that a supervisor can tell it from a crash.
const BAD_CONFIG: u8 = 2;

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
    /// Write a consistent copy of the database, also while the relay runs.
    Backup {
        /// Where to; must not exist yet.
        file: PathBuf,
        #[command(flatten)]
        flags: Flags,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (Command::Serve(flags) | Command::CheckConfig(flags) | Command::Backup { flags, .. }) = &arguments.command;
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
        Command::Backup { file, .. } => backup(&loaded.config, &file),
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
    runtime.block_on(relay::app::run(config))?;
    Ok(())
}

fn backup(config: &Config, file: &std::path::Path) -> anyhow::Result<()> {
    let bytes = relay::backup::write(&config.database(), file)?;
    println!("{}: {bytes} bytes", file.display());
    Ok(())
}

/// Logs go to standard error; standard output carries what the operator asked for.
fn log(config: &Config) {
    // Checked when the configuration was read.
    let filter = EnvFilter::try_new(&config.log).unwrap_or_default();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}
