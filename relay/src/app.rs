//! The only wiring: opens the store, starts the tasks, listens; and in reverse order, stops. `main` runs it until a signal, tests start
//! as many as they like.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::middleware::map_response;
use shared::close;
use shared::ids::Millis;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bus::interests::Interests;
use crate::bus::{Bus, BusError, Local, Nats};
use crate::config::{Config, StoreUrl};
use crate::desk::Desk;
use crate::duty;
use crate::edge::events::{self, Streams};
use crate::edge::health::MetricsError;
use crate::edge::limits::Throttle;
use crate::edge::listener::{self, Http};
use crate::edge::router::{Shared, harden, router};
use crate::edge::seats::Seats;
use crate::edge::socket::Limits;
use crate::edge::upgrade::{self, Sockets};
use crate::edge::{health, pages, sets, sightings};
use crate::files::{Files, NoPlace};
use crate::hub::backlog::Backlog;
use crate::hub::board::{Boards, Dirty};
use crate::hub::fanout::Fanout;
use crate::hub::registry::Registry;
use crate::hub::{Hub, keeper};
use crate::mail::{NoPost, Post};
use crate::metrics::gauges::Gauges;
use crate::push::Pusher;
use crate::session::pace::Rates;
use crate::store::{self, Store, StoreError};
use crate::{api, clock, disk, erasure, files};

/// How long a stop may take (DESIGN §11: 10 s). What is left at the end is for `main` and the system.
const STOP_WITHIN: Duration = Duration::from_millis(9_500);
/// How long clients may take to be sent elsewhere, and requests to be answered, after the notice (with the longest one less); the rest
/// is for the store.
const LEAVE_WITHIN: Duration = Duration::from_secs(6);
/// Pause between two looks at whether all connections have ended.
const STOP_LOOK: Duration = Duration::from_millis(50);

/// "File size limit exceeded", the same number on every Unix that Rust runs on.
const SIGXFSZ: i32 = 25;
/// Times that a write may take after which the kernel, too, gives up a client that reads nothing. The relay's own patience with a
/// WebSocket and its goodbye come first; answers to plain requests have only this.
const UNREAD_WRITES: u32 = 3;

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
    /// The place of uploads.
    #[error(transparent)]
    Files(#[from] NoPlace),
    /// Emails.
    #[error(transparent)]
    Post(#[from] NoPost),
    /// The store.
    #[error("cannot open the store: {0}")]
    Store(#[from] StoreError),
    /// The bus.
    #[error(transparent)]
    Bus(#[from] BusError),
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
    /// A second signal during the stop.
    #[error("ended at once by a second signal; nothing acknowledged is lost")]
    Impatient,
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
    shared: Arc<Shared>,
    /// Ends the listeners and the tasks that only wait.
    stop: CancellationToken,
    /// Ends the bus, after those who are told by it that people leave.
    silence: CancellationToken,
    connections: TaskTracker,
    tasks: TaskTracker,
}

/// Starts a relay.
///
/// # Errors
/// What the configuration asks for cannot be had: [`StartError`] says what and what to do.
pub async fn start(config: Config) -> Result<Running, StartError> {
    if config.metrics_listen.is_some() {
        // Before there is anything to count.
        health::recorder()?;
    }
    std::fs::create_dir_all(&config.data)
        .map_err(|error| StartError::Data { folder: config.data.display().to_string(), error })?;
    let url = config.store_url();
    let database = url.file().map(Path::to_owned);
    let is_shared = config.bus.is_some();
    let open = move || match &url {
        StoreUrl::Postgres(server) if is_shared => Store::share(server),
        url => Store::serve(url),
    };
    let opened = tokio::task::spawn_blocking(open).await;
    let store = Arc::new(opened.map_err(|error| StoreError::Unavailable(error.to_string()))??);
    let desk = Desk::new(store.clone(), config.desk.clone());
    let desk = if config.smtp.host.is_some() { desk.with_mail(config.smtp.answer_delay_ms) } else { desk };
    keeper::keep_time(&store).await?;
    let node = desk.node_start(clock::now()).await?;

    let listen = |error| StartError::Listen { address: config.listen, error };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;

    let post = Post::new(store.clone(), &config.smtp, config.reached_at(address))?;
    let pusher = Pusher::new(store.clone(), &config, config.reached_at(address).as_ref());

    let (stop, tasks, connections) = (CancellationToken::new(), TaskTracker::new(), TaskTracker::new());
    let silence = CancellationToken::new();
    let interests = config.bus.as_ref().map(|_| Arc::new(Interests::default()));
    let registry = Arc::new(Registry::new(interests.clone()));
    let dirty = Arc::new(Dirty::default());
    let fanout = Arc::new(Fanout::new(node, registry.clone(), dirty.clone()));
    let mut posts = None;
    let bus: Arc<dyn Bus> = match (&config.bus, interests) {
        (Some(url), Some(interests)) => {
            let (bus, wire) = Nats::connect(&config, url, node, fanout, interests).await?;
            tasks.spawn(wire.run(silence.clone()));
            // Who came before the bus is there would have to greet anew.
            bus.ready().await;
            posts = Some(bus.posts());
            Arc::new(bus)
        }
        _ => Arc::new(Local::new(fanout)),
    };
    let hub = Arc::new(Hub::new(node, store.clone(), desk.clone(), bus, registry.clone(), dirty.clone()));
    tasks.spawn(Boards::new(store.clone(), registry.clone(), dirty).run(stop.clone()));
    tasks.spawn(keeper::sweep(hub.clone(), stop.clone()));
    tasks.spawn(keeper::heartbeat(hub.clone(), stop.clone()));
    if is_shared {
        tasks.spawn(keeper::tell_viewers(hub.clone(), stop.clone()));
    }

    if let Some(post) = post {
        tasks.spawn(duty::serve(post, stop.clone()));
    }
    tasks.spawn(duty::serve(pusher, stop.clone()));
    if config.demo {
        pages::open_shop(&store, &config, address).await?;
    }
    let first_admin = match config.reached_at(address) {
        Some(base) => api::first_admin_link(&store, &config, &base).await?,
        None => None,
    };

    let limits = Arc::new(limits(&config));
    let asked = &config.limits;
    let http = Http {
        seats: Seats::new(asked.http_connections, asked.address_connections),
        proxies: config.trusted_proxies.clone(),
        header_within: span(asked.header_timeout_ms),
        unread_within: span(config.write_timeout_ms) * UNREAD_WRITES,
    };
    let seats = Seats::new(asked.connections, asked.address_connections);
    let upgrades = Throttle::new(asked.upgrades);
    let (visitors, agents) = (Rates::of_visitors(asked), Rates::of_agents(asked));
    let announcer = hub.clone();
    let announce = Box::new(move |news| announcer.announce(news));
    let metrics_listen = config.metrics_listen;
    let files = Files::open(&config)?;
    let rules = Arc::new(api::files::rules(&config));
    let shared = Arc::new(Shared::new(config, files, store, desk, announce));
    let metrics = match metrics_listen {
        Some(address) => {
            let gauges = Gauges::new(shared.store.clone(), database, shared.disk.clone());
            let (bound, serving) = health::metrics(address, gauges, stop.clone().cancelled_owned()).await?;
            tasks.spawn(serving);
            Some(bound)
        }
        None => None,
    };
    tasks.spawn(store::search::run(shared.store.clone(), stop.clone()));
    tasks.spawn(disk::watch(shared.disk.clone(), stop.clone()));
    tasks.spawn(sightings::keep(shared.clone(), stop.clone()));
    tasks.spawn(erasure::run(shared.clone(), stop.clone()));
    tasks.spawn(shared.files.clone().look(stop.clone()));
    tasks.spawn(files::sweep::run(shared.files.clone(), shared.store.clone(), stop.clone()));
    if !shared.assets.has_widget() {
        tracing::warn!(
            "this binary was built without its widget: /bulle.js serves nothing; build the widget first, then the relay"
        );
    }
    tasks.spawn(sets::run(shared.clone(), stop.clone()));

    let sockets = Sockets {
        shared: shared.clone(),
        hub,
        limits,
        seats,
        upgrades,
        visitors,
        files: rules,
        agents,
        streams: Streams::default(),
        posts,
        node,
        connections: connections.clone(),
        stop: stop.clone(),
    };
    let sockets = Arc::new(sockets);
    tasks.spawn(events::take_from_others(sockets.clone()));
    let app = upgrade::routes(sockets).merge(router(shared.clone())).layer(map_response(harden));
    tasks.spawn(listener::serve(listener, app, http, stop.clone(), tasks.clone()));
    Ok(Running { address, metrics, first_admin, registry, shared, stop, silence, connections, tasks })
}

impl Running {
    /// Says that it is not ready, stops accepting, tells clients to come back, finishes what is being written, closes the store. Takes
    /// 10 s at most.
    pub async fn stop(self) {
        let began = Instant::now();
        self.shared.stopping.store(true, Ordering::Relaxed);
        let notice = self.shared.config.stop_notice_ms;
        sleep(Duration::from_millis(u64::try_from(notice).unwrap_or(0))).await;
        let deadline = Instant::now().min(began + STOP_WITHIN - LEAVE_WITHIN) + LEAVE_WITHIN;
        self.stop.cancel();
        self.connections.close();
        // Again and again: an upgrade that was under way may still have been greeted after the first time.
        while !self.connections.is_empty() && Instant::now() < deadline {
            self.registry.close_all(close::RESTART);
            tokio::select! { () = self.connections.wait() => {}, () = sleep(STOP_LOOK) => {} }
        }
        self.silence.cancel();
        self.tasks.close();
        self.shared.uploads.tasks.close();
        let sockets = self.connections.len();
        let work = async {
            self.tasks.wait().await;
            self.shared.uploads.tasks.wait().await;
        };
        let requests_end = timeout_at(deadline, work).await.is_ok();
        if sockets > 0 || !requests_end {
            tracing::warn!(sockets, "somebody still holds a connection and is cut off");
        }
        // Moves the write-ahead log into the database: a moment's work, unless the disk hangs.
        if timeout_at(began + STOP_WITHIN, self.shared.store.clone().close()).await.is_err() {
            tracing::warn!("the store is not closed in time; nothing is lost, the next start reads its write-ahead log");
        }
    }
}

/// Runs a relay until SIGINT or SIGTERM.
///
/// # Errors
/// It could not start, or was told twice to stop.
pub async fn run(config: Config) -> Result<(), StartError> {
    let demo = config.demo;
    let public = config.clone();
    use tokio::signal::unix::{SignalKind, signal};
    // A limit on file sizes (`ulimit -f`) would end the process where a write can just as well fail; a handler in place keeps it alive.
    let _too_large = signal(SignalKind::from_raw(SIGXFSZ)).map_err(StartError::Signals)?;
    let running = start(config).await?;
    let mut signals = Signals::listen().map_err(StartError::Signals)?;
    print_links(&public, &running, demo);
    signals.next().await;
    tracing::info!("stopping; a second signal ends at once");
    tokio::select! {
        () = running.stop() => Ok(()),
        () = signals.next() => Err(StartError::Impatient),
    }
}

/// What asks the process to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.interrupt.recv() => {}, _ = self.terminate.recv() => {} }
    }
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
    if let Some(metrics) = running.metrics {
        lines.push(format!("  metrics        http://{metrics}/metrics"));
    }
    let mut out = std::io::stdout().lock();
    // Whoever closed our standard output does not want to read it.
    let _ = writeln!(out, "{}", lines.join("\n")).and_then(|()| out.flush());
}

fn span(millis: Millis) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn limits(config: &Config) -> Limits {
    Limits {
        hello_within: span(config.hello_timeout_ms),
        ping_every: span(config.ping_every_ms),
        write_within: span(config.write_timeout_ms),
        backlog: Arc::new(Backlog::of(config)),
        frame: config.max_frame,
    }
}
