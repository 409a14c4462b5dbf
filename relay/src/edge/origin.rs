//! Where a request comes from: the `Origin` rules for consoles and sites, and the client's address behind proxies.
//! Pure functions of headers and configuration; `caller.rs` applies them to requests and the upgrade to sockets.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, header};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A web origin: scheme, host and port, as browsers compare them (RFC 6454 §5). Only `http` and `https`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    https: bool,
    host: Host,
    port: u16,
}

/// A text that is no origin.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an origin such as https://chat.example.com")]
pub struct NotAnOrigin(String);

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let refused = || NotAnOrigin(text.to_owned());
        let url = Url::parse(text).map_err(|_| refused())?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(refused()),
        };
        let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        match (url.host(), url.port_or_known_default()) {
            (Some(host), Some(port)) if bare && url.path() == "/" => Ok(Self { https, host: host.to_owned(), port }),
            _ => Err(refused()),
        }
    }
}

impl TryFrom<String> for Origin {
    type Error = NotAnOrigin;

    fn try_from(text: String) -> Result<Self, NotAnOrigin> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_with(if self.https { "https" } else { "http" }, out)
    }
}

impl Origin {
    /// The origin of the relay as a request saw it, from its `Host`. `None` when that is no host.
    pub fn of_host(https: bool, host: &str) -> Option<Self> {
        // Only what a host may consist of, so that `user@host`, paths and the like are refused, not parsed.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        host.bytes().all(plain).then(|| format!("{}://{host}", if https { "https" } else { "http" }).parse().ok())?
    }

    /// The origin of a page's address, as in `Referer`. `None` for what is no address on the web.
    pub fn of_page(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        Some(Self { https, host: url.host()?.to_owned(), port: url.port_or_known_default()? })
    }

    /// Whether the connection to it is encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether it can only be reached from its own machine.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        }
    }

    /// The same place for WebSockets, as a content security policy wants it: `wss://chat.example.com`.
    pub fn for_sockets(&self) -> String {
        struct Sockets<'a>(&'a Origin);
        impl fmt::Display for Sockets<'_> {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write_with(if self.0.https { "wss" } else { "ws" }, out)
            }
        }
        Sockets(self).to_string()
    }

    fn write_with(&self, scheme: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{scheme}://{}", self.host)?;
        let default = if self.https { 443 } else { 80 };
        if self.port == default { Ok(()) } else { write!(out, ":{}", self.port) }
    }
}

/// Whether a request from `origin` is the relay's own page: `public_url`, or, unset, the origin whose host the request asked for.
/// The scheme is then left open, because a proxy that ends TLS may not say that it did.
pub fn is_own(origin: &Origin, public_url: Option<&Origin>, host: Option<&str>) -> bool {
    match public_url {
        Some(public) => origin == public,
        None => host.and_then(|host| Origin::of_host(origin.https, host)).as_ref() == Some(origin),
    }
}

/// Whether a site's allow-list lets `origin` in. An empty list lets everyone in; entries are exact origins or
/// `https://*.example.com`, which means every name below `example.com` but not that name itself.
pub fn site_allows<Entry: AsRef<str>>(list: &[Entry], origin: &Origin) -> bool {
    list.is_empty() || list.iter().any(|entry| matches(entry.as_ref(), origin))
}

/// Whether a text can stand in a site's allow-list.
pub fn is_list_entry(entry: &str) -> bool {
    pattern(entry).is_some()
}

/// An entry of an allow-list as a content security policy has it; `None` when it is none.
pub fn as_source(entry: &str) -> Option<String> {
    let (wildcard, origin) = pattern(entry)?;
    let text = origin.to_string();
    Some(if wildcard { text.replacen("://", "://*.", 1) } else { text })
}

fn matches(entry: &str, origin: &Origin) -> bool {
    let Some((wildcard, allowed)) = pattern(entry) else { return false };
    if !wildcard {
        return allowed == *origin;
    }
    let (Host::Domain(parent), Host::Domain(name)) = (&allowed.host, &origin.host) else { return false };
    let below = name.strip_suffix(parent.as_str()).and_then(|rest| rest.strip_suffix('.')).is_some_and(|label| !label.is_empty());
    below && allowed.https == origin.https && allowed.port == origin.port
}

/// An entry as wildcard or not, and the origin it names.
fn pattern(entry: &str) -> Option<(bool, Origin)> {
    match entry.split_once("://*.") {
        Some((scheme, rest)) => {
            let origin: Origin = format!("{scheme}://{rest}").parse().ok()?;
            matches!(&origin.host, Host::Domain(name) if !name.contains('*')).then_some((true, origin))
        }
        None => (!entry.contains('*')).then(|| entry.parse().ok().map(|origin| (false, origin)))?,
    }
}

/// The network of an address, which tells an operator enough and of a person little: 24 bits of IPv4, 48 of IPv6. The form in which
/// addresses may be logged or stored.
pub fn truncated(address: IpAddr) -> IpNet {
    let (address, bits) = match address.to_canonical() {
        v4 @ IpAddr::V4(_) => (v4, 24),
        v6 @ IpAddr::V6(_) => (v6, 48),
    };
    // Both lengths are possible for their kind of address.
    IpNet::new(address, bits).map_or_else(|_| IpNet::from(address), |network| network.trunc())
}

/// How a request reached the relay, proxies taken into account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The client's address.
    pub client: IpAddr,
    /// The host that the client asked for.
    pub host: Option<String>,
    /// Whether a proxy that is believed says that the client came by https.
    pub https: bool,
    /// A client on this very machine with no proxy between: limits per address would hit all its users at once and are left out.
    pub local: bool,
    /// Forwarding headers came from a peer that is no configured proxy, and were ignored.
    pub ignored_forwarding: bool,
}

/// Whether what a peer says of the clients behind it counts: it is on this machine, or a configured proxy.
pub fn is_believed(peer: IpAddr, trusted: &[IpNet]) -> bool {
    let peer = peer.to_canonical();
    peer.is_loopback() || trusted.iter().any(|network| network.contains(&peer))
}

/// Reads how a request from `peer` reached the relay. `X-Forwarded-For`, `-Proto` and `-Host` count only when the peer is a
/// `trusted` proxy or on this machine; of several values the last ones are taken, which the nearest proxies wrote.
pub fn reached(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Reached {
    let peer = peer.to_canonical();
    let believed = |address: IpAddr| is_believed(address, trusted);
    let last = |name: &str| {
        let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        value.rsplit(',').next().map(str::trim).filter(|value| !value.is_empty())
    };
    let own_host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let forwarded = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"].iter().any(|name| headers.contains_key(*name));
    if !believed(peer) {
        return Reached { client: peer, host: own_host, https: false, local: false, ignored_forwarding: forwarded };
    }
    let mut client = peer;
    let hops =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    for hop in hops.collect::<Vec<_>>().into_iter().rev() {
        let Some(address) = address(hop.trim()) else { break };
        client = address;
        if !believed(client) {
            break;
        }
    }
    Reached {
        client,
        host: last("x-forwarded-host").map(str::to_owned).or(own_host),
        https: last("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")),
        local: peer.is_loopback() && !forwarded,
        ignored_forwarding: false,
    }
}

/// An address, with a port or without: some proxies write one.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn origins_compare_as_browsers_do() {
        assert_eq!(origin("HTTPS://Example.com:443"), origin("https://example.com"));
        assert_ne!(origin("http://example.com"), origin("https://example.com"));
        assert_ne!(origin("https://example.com:8443"), origin("https://example.com"));
        for bad in ["null", "", "example.com", "ftp://a.b", "https://a.b/path", "https://u@a.b", "https://a.b?q", "https://"] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
        assert_eq!(origin("http://[::1]:8080").to_string(), "http://[::1]:8080");
        assert_eq!(origin("https://a.b").for_sockets(), "wss://a.b");
    }

    #[test]
    fn the_console_is_the_public_url_or_the_host_asked_for() {
        let public = origin("https://chat.example.com");
        assert!(is_own(&origin("https://chat.example.com"), Some(&public), Some("10.0.0.1:8080")));
        assert!(!is_own(&origin("https://evil.example"), Some(&public), Some("evil.example")));
        assert!(is_own(&origin("http://127.0.0.1:8080"), None, Some("127.0.0.1:8080")));
        assert!(is_own(&origin("https://a.b"), None, Some("a.b")));
        assert!(!is_own(&origin("https://a.b"), None, Some("a.b:8080")));
        assert!(!is_own(&origin("https://a.b"), None, Some("x@a.b")));
        assert!(!is_own(&origin("https://a.b"), None, None));
    }

    #[test]
    fn sites_allow_exact_origins_and_names_below_a_wildcard() {
        let list = ["https://shop.example", "https://*.example.com", "http://localhost:3000"];
        for good in ["https://shop.example", "https://www.example.com", "https://a.b.example.com", "http://localhost:3000"] {
            assert!(site_allows(&list, &origin(good)), "{good}");
        }
        for bad in [
            "http://shop.example",
            "https://example.com",
            "https://evilexample.com",
            "https://www.example.com:444",
            "http://localhost",
        ] {
            assert!(!site_allows(&list, &origin(bad)), "{bad}");
        }
        assert!(site_allows::<&str>(&[], &origin("https://any.where")));
        for bad in ["*", "https://*", "https://a.*.b", "https://*.1.2.3.4", "example.com", "https://*.*.b"] {
            assert!(!is_list_entry(bad), "{bad}");
        }
    }

    #[test]
    fn forwarding_counts_from_proxies_only() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let forwarding = headers(&[
            ("host", "inner:8080"),
            ("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.7"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "chat.example.com"),
        ]);
        let through = reached("10.1.1.1".parse().unwrap(), &forwarding, &trusted);
        assert_eq!(through.client, "203.0.113.9".parse::<IpAddr>().unwrap());
        assert_eq!((through.host.as_deref(), through.https, through.local), (Some("chat.example.com"), true, false));

        let foreign = reached("198.51.100.4".parse().unwrap(), &forwarding, &trusted);
        assert_eq!(foreign.client, "198.51.100.4".parse::<IpAddr>().unwrap());
        assert_eq!((foreign.host.as_deref(), foreign.https, foreign.ignored_forwarding), (Some("inner:8080"), false, true));

        let local_proxy = reached("::1".parse().unwrap(), &headers(&[("x-forwarded-for", "203.0.113.9:4711")]), &[]);
        assert_eq!((local_proxy.client, local_proxy.local), ("203.0.113.9".parse().unwrap(), false));
        assert!(reached("::ffff:127.0.0.1".parse().unwrap(), &headers(&[]), &[]).local);
    }

    #[test]
    fn nobody_chooses_the_address_by_which_they_are_limited() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "2001:db8:f::/48".parse().unwrap()];
        let client = |peer: &str, chains: &[&'static str]| {
            let pairs: Vec<_> = chains.iter().map(|chain| ("x-forwarded-for", *chain)).collect();
            reached(peer.parse().unwrap(), &headers(&pairs), &trusted).client.to_string()
        };
        // What a client writes itself stands before what the first proxy adds, and is never reached.
        for spoofed in
            ["6.6.6.6, 203.0.113.9", "10.9.9.9, 203.0.113.9", "127.0.0.1,203.0.113.9", "::1, 203.0.113.9", "x, 203.0.113.9"]
        {
            assert_eq!(client("127.0.0.1", &[spoofed]), "203.0.113.9", "{spoofed}");
        }
        // Several proxies, one header each or all in one; own ones are passed over, one that is not ours is the client.
        assert_eq!(client("10.0.0.1", &["203.0.113.9", "10.0.0.3, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, 198.51.100.7, 2001:db8:f::2"]), "198.51.100.7");
        // What is no address ends the chain: the last proxy that is known counts, never what stands before the nonsense.
        for nonsense in ["unknown", "_hidden", "", "1.2.3", "1.2.3.4.5", "999.1.1.1", "<script>", "[::1", "1.2.3.4:99999"] {
            let chain: &'static str = format!("203.0.113.9, {nonsense}, 10.0.0.2").leak();
            let counted = client("10.0.0.1", &[chain]);
            assert_eq!(counted, "10.0.0.2", "{nonsense}");
        }
        assert_eq!(client("10.0.0.1", &["unknown"]), "10.0.0.1");
        // Ports, brackets, IPv4 in IPv6.
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["::ffff:203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("::ffff:10.0.0.1", &[" 203.0.113.9:80 "]), "203.0.113.9");
        // Of others nothing is believed.
        assert_eq!(client("198.51.100.4", &["203.0.113.9"]), "198.51.100.4");
    }

    #[test]
    fn loopback_is_known_by_name_and_number() {
        for local in ["http://localhost:1", "http://app.localhost", "http://127.0.0.2", "http://[::1]"] {
            assert!(origin(local).is_loopback(), "{local}");
        }
        assert!(!origin("http://192.168.1.4").is_loopback());
    }
}
