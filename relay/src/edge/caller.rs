//! Who sent a request: its address, the relay's origin as the client sees it, the origin of the page it came from, its session.
//! The extractors here are the only way in which handlers learn any of it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::origin::{self, Origin, Reached};
use super::router::Shared;

/// How a request reached the relay, and from which page.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Address, host, encryption, with proxies taken into account.
    pub reached: Reached,
    /// The relay's own origin: `public_url`, or what the request asked for. `None` when it asked for no proper host.
    pub base: Option<Origin>,
    /// The `Origin` header.
    pub page: Page,
}

/// The page that a request came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// No `Origin` header: no browser, or a plain GET of the relay's own page.
    Unsaid,
    /// A proper origin.
    Of(Origin),
    /// Something else, such as `null` (sandboxed frames, files): belongs to nobody and is never let in by name.
    Opaque,
}

impl Caller {
    /// Reads a request that came from `peer`.
    pub fn of(shared: &Shared, peer: SocketAddr, headers: &HeaderMap) -> Self {
        let reached = origin::reached(peer.ip(), headers, &shared.config.trusted_proxies);
        if reached.ignored_forwarding && is_first(&shared.warned_of_forwarding) {
            tracing::warn!(network = %origin::truncated(peer.ip()), "X-Forwarded-* headers from a peer that is not in `trusted_proxies` are ignored");
        }
        let asked = || Origin::of_host(reached.https, reached.host.as_deref()?);
        let base = shared.config.public_url.clone().or_else(asked);
        let page = match headers.get(header::ORIGIN).map(|value| value.to_str().ok().and_then(|text| text.parse().ok())) {
            None => Page::Unsaid,
            Some(Some(origin)) => Page::Of(origin),
            Some(None) => Page::Opaque,
        };
        Self { reached, base, page }
    }

    /// The address whose limits count for this caller. Clients on this machine with no proxy between are not told apart by address and so
    /// not limited by it.
    pub fn limited_address(&self) -> Option<IpAddr> {
        (!self.reached.local).then_some(self.reached.client)
    }

    /// Whether the page is the relay's own: the console, or the sample shop.
    pub fn is_own_page(&self, shared: &Shared) -> bool {
        match &self.page {
            Page::Of(page) => self.is_own(shared, page),
            Page::Unsaid | Page::Opaque => false,
        }
    }

    /// Whether an origin is the relay's own, as this caller reaches it.
    pub fn is_own(&self, shared: &Shared, origin: &Origin) -> bool {
        origin::is_own(origin, shared.config.public_url.as_ref(), self.reached.host.as_deref())
    }

    /// Whether a visitor's page is on a site's allow-list. Without an `Origin` only where the site lets everyone in; and an opaque
    /// page counts as a page of nobody, which an open site lets in too.
    pub fn is_allowed_by<Entry: AsRef<str>>(&self, list: &[Entry]) -> bool {
        match &self.page {
            Page::Of(page) => origin::site_allows(list, page),
            Page::Unsaid | Page::Opaque => list.is_empty(),
        }
    }
}

/// True once: every request of a misconfigured proxy would say the same.
fn is_first(told: &AtomicBool) -> bool {
    !told.swap(true, Ordering::Relaxed)
}

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Infallible> {
        // The listener puts the peer's address there. Without one (a test's direct call) the request counts as a stranger's.
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(unknown, |info| info.0);
        Ok(Self::of(shared, peer, &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_is_told_once() {
        let told = AtomicBool::new(false);
        assert_eq!([is_first(&told), is_first(&told), is_first(&told)], [true, false, false]);
    }
}
