//! A core for the server and a core for the clients, so that neither is measured for the other's work.
//! Children inherit the affinity of the thread that starts them.

use core_affinity::CoreId;

/// Pins this thread to the clients' core, if there are two.
pub fn take_the_clients() {
    if let Some((_, clients)) = cores() {
        core_affinity::set_for_current(clients);
    }
}

/// Starts something on the servers' core.
pub fn on_the_servers<T>(start: impl FnOnce() -> T) -> T {
    let Some((server, clients)) = cores() else { return start() };
    core_affinity::set_for_current(server);
    let started = start();
    core_affinity::set_for_current(clients);
    started
}

/// Cores 0 and 1. Asked for by number: a pinned thread is told of its own core alone.
fn cores() -> Option<(CoreId, CoreId)> {
    (std::thread::available_parallelism().is_ok_and(|count| count.get() > 1) || PINNED.get().is_some())
        .then(|| *PINNED.get_or_init(|| (CoreId { id: 0 }, CoreId { id: 1 })))
}

static PINNED: std::sync::OnceLock<(CoreId, CoreId)> = std::sync::OnceLock::new();
