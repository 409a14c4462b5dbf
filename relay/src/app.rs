//! The only wiring: opens the store, starts the tasks, listens; and in reverse order, stops. `main` runs it until a signal, tests start
//! as many as they like.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::map_response;
use axum::serve::ListenerExt;
use shared::close;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::Local;
use crate::config::Config;
use crate::desk::Desk;
use crate::edge::health::MetricsError;
use crate::edge::router::{Shared, harden, router};
use crate::edge::socket::Limits;
use crate::edge::upgrade::{self, Sockets};
use crate::edge::{health, pages};
use crate::hub::board::{Boards, Dirty};
use crate::hub::fanout::Fanout;
use crate::hub::registry::Registry;
use crate::hub::{Hub, keeper};
use crate::store::{Store, StoreError};
use crate::{api, clock};

/// How long a stop may take: writes are finished and clients sent elsewhere by then (DESIGN §11).
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// Pause between two looks at whether all connections have ended.
const STOP_LOOK: Duration = Duration::from_millis(50);

/// Why the relay did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error("cannot create the data folder {folder}: {error}")]
    Data {
        /// Which.
        folder: String,
        /// Why not.
        error: std::io::Error,
    },
    /// The store.
    #[error("cannot open the store: {0}")]
    Store(#[from] StoreError),
    /// The listener.
    #[error("cannot listen on {address}: {error}; another program may use the port, or set `listen` to another one")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// The metrics' listener.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// Signals.
    #[error("cannot wait for signals: {0}")]
    Signals(std::io::Error),
}

/// A relay that runs. Dropping it leaves its tasks running; [`Running::stop`] ends them.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where Prometheus finds its metrics, if it serves them.
    pub metrics: Option<SocketAddr>,
    /// The link by which the first admin joins, while there are no accounts.
    pub first_admin: Option<String>,
    registry: Arc<Registry>,
    /// Ends the listeners and the tasks that only wait.
    stop: CancellationToken,
    connections: TaskTracker,
    tasks: TaskTracker,
}

/// Starts a relay.
///
/// # Errors
/// What the configuration asks for cannot be had: [`StartError`] says what and what to do.
pub async fn start(config: Config) -> Result<Running, StartError> {
    std::fs::create_dir_all(&config.data)
        .map_err(|error| StartError::Data { folder: config.data.display().to_string(), error })?;
    let path = config.database();
    let opened = tokio::task::spawn_blocking(move || Store::open(&path)).await;
    let store = Arc::new(opened.map_err(|error| StoreError::Unavailable(error.to_string()))??);
    let desk = Desk::new(store.clone(), config.desk.clone());
    let node = desk.node_start(clock::now()).await?;

    let listen = |error| StartError::Listen { address: config.listen, error };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;

    let (stop, tasks, connections) = (CancellationToken::new(), TaskTracker::new(), TaskTracker::new());
    let metrics = match config.metrics_listen {
        Some(address) => {
            let (bound, serving) = health::metrics(address, stop.clone().cancelled_owned()).await?;
            tasks.spawn(serving);
            Some(bound)
        }
        None => None,
    };

    let registry = Arc::new(Registry::default());
    let dirty = Arc::new(Dirty::default());
    let fanout = Arc::new(Fanout::new(node, registry.clone(), dirty.clone()));
    let bus = Arc::new(Local::new(fanout));
    let hub = Arc::new(Hub::new(node, store.clone(), desk.clone(), bus, registry.clone()));
    tasks.spawn(Boards::new(store.clone(), registry.clone(), dirty).run(stop.clone()));
    tasks.spawn(keeper::sweep(hub.clone(), stop.clone()));
    tasks.spawn(keeper::heartbeat(hub.clone(), stop.clone()));

    if config.demo {
        pages::open_shop(&store, &config, address).await?;
    }
    let first_admin = match config.reached_at(address) {
        Some(base) => api::first_admin_link(&store, &config, &base).await?,
        None => None,
    };

    let limits = Arc::new(limits(&config));
    let announcer = hub.clone();
    let announce = Box::new(move |news| announcer.announce(news));
    let shared = Arc::new(Shared::new(config, store, desk, announce));
    if !shared.assets.has_widget() {
        tracing::warn!(
            "this binary was built without its widget: /bulle.js serves nothing; build the widget first, then the relay"
        );
    }
    let keeping = shared.clone();
    tasks.spawn_blocking(move || {
        if let Err(error) = keeping.assets.keep() {
            tracing::warn!(%error, "the widget's files could not be kept for later versions");
        }
    });

    let sockets = Sockets { shared: shared.clone(), hub, limits, connections: connections.clone() };
    let routes = upgrade::routes(Arc::new(sockets)).merge(router(shared)).layer(map_response(harden));
    let app = routes.into_make_service_with_connect_info::<SocketAddr>();
    // Chat is small frames that somebody waits for: none of them may wait for the next one.
    let listener = listener.tap_io(|socket| {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
    });
    let serving = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    tasks.spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "the listener failed");
        }
    });
    Ok(Running { address, metrics, first_admin, registry, stop, connections, tasks })
}

impl Running {
    /// Stops accepting, tells clients to come back, finishes what is being written, ends. Takes 10 s at most.
    pub async fn stop(self) {
        let deadline = Instant::now() + STOP_WITHIN;
        self.stop.cancel();
        self.connections.close();
        // Again and again: an upgrade that was under way may still have been greeted after the first time.
        while !self.connections.is_empty() && Instant::now() < deadline {
            self.registry.close_all(close::RESTART);
            tokio::select! { () = self.connections.wait() => {}, () = sleep(STOP_LOOK) => {} }
        }
        self.tasks.close();
        if timeout_at(deadline, self.tasks.wait()).await.is_err() {
            tracing::warn!("not everything ended in time");
        }
    }
}

/// Runs a relay until SIGINT or SIGTERM.
///
/// # Errors
/// It could not start.
pub async fn run(config: Config) -> Result<(), StartError> {
    let demo = config.demo;
    let public = config.clone();
    let running = start(config).await?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(StartError::Signals)?;
    print_links(&public, &running, demo);
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(StartError::Signals)?,
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

/// What the operator needs next, on standard output.
fn print_links(config: &Config, running: &Running, demo: bool) {
    let mut lines = vec![format!("listening on http://{}", running.address)];
    if let Some(base) = config.reached_at(running.address) {
        if demo {
            lines.push(format!("  demo page      {base}/demo"));
        }
        match &running.first_admin {
            Some(link) => {
                lines.push(format!("  first admin    {link}   (once; a new link comes with each start until it is used)"))
            }
            None => lines.push(format!("  console        {base}/console/")),
        }
        lines.push(format!("  install page   {base}/console/install"));
    }
    let mut out = std::io::stdout().lock();
    // Whoever closed our standard output does not want to read it.
    let _ = writeln!(out, "{}", lines.join("\n")).and_then(|()| out.flush());
}

fn limits(config: &Config) -> Limits {
    let span = |millis| Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    Limits {
        hello_within: span(config.hello_timeout_ms),
        ping_every: span(config.ping_every_ms),
        write_within: span(config.write_timeout_ms),
        queue: config.outgoing_queue,
        frame: config.max_frame,
    }
}
