//! Is it alive, is it ready, and its numbers. `/healthz` says the process answers, `/readyz` that its store can write; `/metrics` has a
//! listener of its own, so that what is public and what is private never share a port.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::router::Shared;
use crate::metrics::gauges::Gauges;

/// How often histograms are folded together. Until then the exporter keeps each sample (24 bytes), so that at 40,000 messages a second
/// a second's worth is some megabytes; its own default of 5 s would be five times that.
const UPKEEP: Duration = Duration::from_secs(1);
/// Bounds of group commit's histogram: jobs per transaction, up to the most that one takes.
const JOB_BUCKETS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
/// Bounds of the other histograms, in seconds: from a frame that finds nothing in its way to a write that is given up.
const BUCKETS: [f64; 15] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];
/// Prometheus' text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The store can write, too, and the relay is not about to stop; 503 says why not, and to send clients elsewhere. The outage itself
/// is logged by the store.
pub async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    if shared.stopping.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    match shared.store.health() {
        Ok(()) if shared.disk.is_low() => (StatusCode::OK, "ready\ndisk space is low\n").into_response(),
        Ok(()) => (StatusCode::OK, "ready\n").into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {error}\n")).into_response(),
    }
}

/// The process's recorder, installed by the first relay that wants metrics; several relays in one process (tests) share it.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The listener.
    #[error("cannot listen on {address} for metrics: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// The recorder.
    #[error("metrics: {0}")]
    Recorder(#[from] metrics_exporter_prometheus::BuildError),
}

/// Opens the metrics' own listener. The future serves until `stop` resolves; its owner awaits it at shutdown.
///
/// # Errors
/// The address cannot be listened on.
pub async fn metrics(
    address: SocketAddr,
    gauges: Gauges,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(SocketAddr, impl Future<Output = io::Result<()>> + Send), MetricsError> {
    let listen = |error| MetricsError::Listen { address, error };
    let listener = tokio::net::TcpListener::bind(address).await.map_err(listen)?;
    let bound = listener.local_addr().map_err(listen)?;
    let handle = recorder()?;
    let (text, gauges) = (handle.clone(), Arc::new(gauges));
    let asked = gauges.clone();
    let tell = move || async move {
        asked.refresh().await;
        ([(header::CONTENT_TYPE, TEXT_FORMAT)], text.render())
    };
    let app = Router::new().route("/metrics", get(tell));
    let serving = async move {
        let upkeep = async {
            let mut ticks = tokio::time::interval(UPKEEP);
            loop {
                ticks.tick().await;
                handle.run_upkeep();
                gauges.second();
            }
        };
        tokio::select! {
            served = axum::serve(listener, app).with_graceful_shutdown(stop) => served,
            () = upkeep => Ok(()),
        }
    };
    Ok((bound, serving))
}

/// What keeps the metrics of this process, from the first call on.
///
/// # Errors
/// Something else keeps them already.
pub fn recorder() -> Result<PrometheusHandle, MetricsError> {
    if let Some(handle) = RECORDER.get() {
        return Ok(handle.clone());
    }
    let jobs = Matcher::Full(crate::metrics::COMMIT_JOBS.to_owned());
    let handle =
        PrometheusBuilder::new().set_buckets(&BUCKETS)?.set_buckets_for_metric(jobs, &JOB_BUCKETS)?.install_recorder()?;
    crate::metrics::describe();
    crate::metrics::register();
    Ok(RECORDER.get_or_init(|| handle).clone())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::oneshot;

    use super::*;
    use crate::disk::Disk;
    use crate::store::Store;

    async fn read(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn numbers_are_told_on_their_own_port_until_stopped() {
        let (stop, stopped) = oneshot::channel::<()>();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("bulle.db");
        let gauges = || {
            let store = Arc::new(Store::open(&database).unwrap());
            Gauges::new(store, Some(database.clone()), Arc::new(Disk::new(folder.path().to_owned(), 0)))
        };
        let (address, serving) = metrics(any, gauges(), async { drop(stopped.await) }).await.unwrap();
        let serving = tokio::spawn(serving);
        ::metrics::counter!(crate::metrics::COMMITS).increment(1);
        let text = read(address).await;
        assert!(text.contains("# HELP bulle_commits_total Transactions committed"), "{text}");
        assert!(
            metrics(address, gauges(), async {})
                .await
                .is_err_and(|error| error.to_string().contains("cannot listen on 127.0.0.1"))
        );
        drop(stop);
        serving.await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
