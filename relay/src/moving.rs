//! `bulle migrate-store`: what it is asked for, and what it tells.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use relay::config::{Config, StoreUrl};
use relay::files::place;
use relay::store::migrate::{self, Progress};

/// Pause between two words on a table that takes long.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Moves a store, or copies it ahead.
pub fn migrate(config: &Config, from: &str, to: Option<&str>, ahead: bool) -> anyhow::Result<()> {
    let parse = |text: &str, flag: &str| text.parse::<StoreUrl>().map_err(|problem| anyhow::anyhow!("`{flag}`: {problem}"));
    let StoreUrl::Sqlite(from) = parse(from, "--from")? else {
        anyhow::bail!("`--from`: a move leads from `sqlite:PATH` to `postgres://…`, not the other way");
    };
    let to = to.map_or_else(|| Ok(config.store_url()), |to| parse(to, "--to"))?;
    let StoreUrl::Postgres(to) = to else {
        anyhow::bail!("`--to`: a move leads to `postgres://USER:PASSWORD@HOST/DATABASE`; name it, or set `store` to it");
    };
    let mut told = Instant::now();
    let mut ending = None;
    let tell = &mut |progress: Progress<'_>| match progress {
        Progress::Looking => eprintln!("looking at {} …", from.display()),
        Progress::Copying(table, rows, written) if told.elapsed() >= TELL_EVERY => {
            told = Instant::now();
            eprintln!("{table}: {rows} rows compared, {written} of them written …");
        }
        Progress::Copying(..) => {}
        Progress::Ending => {
            ending = Some(Instant::now());
            eprintln!("making indexes and comparing everything …");
        }
    };
    let began = Instant::now();
    let moved = migrate::migrate(&from, &to, ahead, tell)
        .with_context(|| format!("{} was not moved; what was copied is kept for the next run", from.display()))?;
    for copied in &moved.tables {
        println!("  {}: {}, {} written", copied.table, copied.sum, copied.written);
    }
    if moved.nuls > 0 {
        println!(
            "{} texts held the character NUL, which PostgreSQL does not take: it was left out, as the relay does",
            moved.nuls
        );
    }
    let (all, end) = (began.elapsed().as_secs_f64(), ending.map_or(0.0, |ending| ending.elapsed().as_secs_f64()));
    if ahead {
        println!(
            "copied ahead to {to} in {all:.1} s, {end:.1} s of it the rehearsed end; nothing is moved yet. Stop the relay, then run this again \
             without --ahead: it sends what has changed since, and takes no longer"
        );
        return Ok(());
    }
    println!(
        "moved to {to} in {all:.1} s: the same rows in every table, by number and checksum. Set `store` to it, then start the relay. {} stays \
         as it is: start none on it again",
        from.display()
    );
    match place::folder(config) {
        Some(folder) => println!("what was uploaded stays in {}: keep `data`, or move that folder along", folder.display()),
        None => println!("what was uploaded stays in the bucket that `[s3]` names"),
    }
    Ok(())
}
