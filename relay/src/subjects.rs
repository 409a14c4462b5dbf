//! `bulle export` and `bulle erase`: what operators do for people who ask what there is of them, or want it gone. Both work with and without
//! a relay that runs. Part of the program, not of the library.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use relay::clock;
use relay::config::{Config, StoreUrl};
use relay::desk::Desk;
use relay::erasure::look;
use relay::store::{Store, StoreError};
use shared::ids::VisitorId;

/// `bulle export`: all there is of somebody, as JSON.
///
/// # Errors
/// Nobody is meant, or the file cannot be written; an unfinished one is not left behind.
pub fn export(config: &Config, visitor: Option<VisitorId>, email: Option<String>, file: &Path) -> Result<()> {
    let store = Store::visit(&config.store_url()).context("cannot open the store")?;
    in_runtime(async {
        let mut found = Vec::new();
        for id in who(&store, visitor, email).await? {
            found.extend(store.export_visitor(id, clock::now()).await?);
        }
        ensure!(!found.is_empty(), "there is no such visitor");
        let text = serde_json::to_string_pretty(&found)?;
        let failed = || format!("cannot write {}", file.display());
        let mut out = std::fs::File::create_new(file).with_context(failed)?;
        let written = out.write_all(text.as_bytes()).and_then(|()| out.sync_all());
        if written.is_err() {
            let _ = std::fs::remove_file(file);
        }
        written.with_context(failed)?;
        println!("{}: {} of them, {} bytes", file.display(), found.len(), text.len());
        Ok(())
    })
}

/// `bulle erase`: where no relay runs, here and now; else the relay does it.
///
/// # Errors
/// Nobody is meant, or the store does not answer.
pub fn erase(config: &Config, visitor: Option<VisitorId>, email: Option<String>) -> Result<()> {
    let url = config.store_url();
    // Looked for first: owning creates one. Of a server's relays any may carry it out.
    let visited = Store::visit(&url).context("cannot open the store")?;
    let owned = match &url {
        StoreUrl::Sqlite(path) => {
            drop(visited);
            Store::own(path)
        }
        StoreUrl::Postgres(_) => return in_runtime(ask(visited, visitor, email)),
    };
    match owned {
        Ok(store) => in_runtime(async {
            let store = Arc::new(store);
            let ids = who(&store, visitor, email).await?;
            let desk = Desk::new(Arc::clone(&store), config.desk.clone());
            for &id in &ids {
                desk.erase_visitor(clock::now(), None, id).await?;
            }
            while !look(&store, clock::now(), desk.reopen_within()).await? {}
            store.close().await;
            println!("{} erased; their files go when the relay starts", ids.len());
            Ok(())
        }),
        Err(StoreError::InUse { .. }) => {
            let store = Store::visit(&url).context("cannot open the store")?;
            in_runtime(ask(store, visitor, email))
        }
        Err(error) => Err(error).context("cannot open the store"),
    }
}

/// Whom the arguments mean.
async fn who(store: &Store, visitor: Option<VisitorId>, email: Option<String>) -> Result<Vec<VisitorId>> {
    let found = match (visitor, email) {
        (Some(visitor), _) => vec![visitor],
        (None, Some(email)) => store.visitors_by_email(email.trim().to_owned()).await?,
        (None, None) => bail!("name somebody: --visitor or --email"),
    };
    ensure!(!found.is_empty(), "there is no such visitor");
    Ok(found)
}

/// Leaves it to a relay that runs.
async fn ask(store: Store, visitor: Option<VisitorId>, email: Option<String>) -> Result<()> {
    let ids = who(&store, visitor, email).await?;
    for &id in &ids {
        ensure!(store.ask_erasure(id).await?, "there is no such visitor");
    }
    println!("{}: a relay that runs erases them within seconds", ids.len());
    Ok(())
}

fn in_runtime(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(work)
}
