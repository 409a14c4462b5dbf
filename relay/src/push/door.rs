//! The way to push services. A browser names the address, so it is not believed: only https, only public addresses, and the connection goes
//! to the very address that was looked at; redirections are not followed. Services of the operator's own are excepted by configuration.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use shared::api::MAX_ENDPOINT;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use url::{Host, Url};

use crate::edge::origin::Origin;

/// Longest time for one notification, from the look-up of the name to the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why an address is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// No address of the web.
    #[error("is no https address of at most 2,048 bytes")]
    Form,
    /// Of this machine or a private network.
    #[error(
        "is of this machine or of a private network: only services at public addresses are asked, and those in `push.own_services`"
    )]
    Private,
}

/// Why a notification did not get there.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The address is not taken (any more).
    #[error("the address {0}")]
    NotTaken(#[from] NotTaken),
    /// Nobody answered as a push service does.
    #[error("the push service cannot be reached: {0}")]
    Unreachable(String),
}

/// An address of a push service that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    /// As a VAPID token names it.
    pub service: Origin,
    is_own: bool,
}

impl Endpoint {
    /// Looks at an address; its name is looked up when it is used.
    ///
    /// # Errors
    /// It is not taken.
    pub fn of(address: &str, own: &[Origin]) -> Result<Self, NotTaken> {
        if address.len() > MAX_ENDPOINT {
            return Err(NotTaken::Form);
        }
        let url = Url::parse(address).map_err(|_| NotTaken::Form)?;
        let service = Origin::of_page(address).ok_or(NotTaken::Form)?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(NotTaken::Form);
        }
        let is_own = own.contains(&service);
        if !is_own {
            if !service.is_https() {
                return Err(NotTaken::Form);
            }
            let public = match url.host() {
                Some(Host::Ipv4(address)) => is_public(address.into()),
                Some(Host::Ipv6(address)) => is_public(address.into()),
                Some(Host::Domain(_)) => !service.is_loopback(),
                None => false,
            };
            if !public {
                return Err(NotTaken::Private);
            }
        }
        Ok(Self { url, service, is_own })
    }

    /// Of the addresses that its name has, those that may be asked.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, DoorError> {
        let port = self.url.port_or_known_default().ok_or(NotTaken::Form)?;
        let found: Vec<SocketAddr> = match self.url.host() {
            Some(Host::Ipv4(address)) => vec![(address, port).into()],
            Some(Host::Ipv6(address)) => vec![(address, port).into()],
            Some(Host::Domain(name)) => {
                lookup_host((name, port)).await.map_err(|error| DoorError::Unreachable(error.to_string()))?.collect()
            }
            None => Vec::new(),
        };
        let taken: Vec<SocketAddr> = found.into_iter().filter(|address| self.is_own || is_public(address.ip())).collect();
        if taken.is_empty() { Err(NotTaken::Private.into()) } else { Ok(taken) }
    }
}

/// The door. It opens a connection for each notification: there are few, to several services.
#[derive(Default)]
pub struct Door {
    /// Made at first need: authorities are read from files.
    tls: OnceCell<TlsConnector>,
}

/// TLS that believes whom the system believes. Blocking.
fn tls() -> Result<TlsConnector, tokio_rustls::rustls::Error> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (taken, _) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        tracing::warn!("this system names no authorities: notifications reach no push service");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

impl Door {
    async fn tls(&self) -> Result<&TlsConnector, DoorError> {
        let made = self.tls.get_or_try_init(async || {
            let made = tokio::task::spawn_blocking(tls).await.map_err(|error| error.to_string())?;
            made.map_err(|error| error.to_string())
        });
        made.await.map_err(DoorError::Unreachable)
    }

    /// Hands a request's body in; what the service answers. The headers are of the caller.
    ///
    /// # Errors
    /// The address is not taken, or nobody answers.
    pub async fn post(&self, to: &Endpoint, headers: &[(&'static str, String)], body: Vec<u8>) -> Result<StatusCode, DoorError> {
        match timeout(PATIENCE, self.hand_in(to, headers, body)).await {
            Ok(answer) => answer,
            Err(_) => Err(DoorError::Unreachable("it does not answer in time".to_owned())),
        }
    }

    async fn hand_in(&self, to: &Endpoint, headers: &[(&'static str, String)], body: Vec<u8>) -> Result<StatusCode, DoorError> {
        let unreachable = |error: &dyn std::fmt::Display| DoorError::Unreachable(error.to_string());
        let addresses = to.addresses().await?;
        let stream = TcpStream::connect(&addresses[..]).await.map_err(|error| unreachable(&error))?;
        let host = to.url.host_str().unwrap_or_default();
        let named = to.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let path = &to.url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = Request::post(path).header(header::HOST, named).header(header::CONTENT_LENGTH, body.len());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(body)).map_err(|error| unreachable(&error))?;
        if !to.service.is_https() {
            return answer_to(stream, request).await;
        }
        let name = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(name).map_err(|error| unreachable(&error))?;
        let stream = self.tls().await?.connect(name, stream).await.map_err(|error| unreachable(&error))?;
        answer_to(stream, request).await
    }
}

async fn answer_to(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Body>,
) -> Result<StatusCode, DoorError> {
    let unreachable = |error: hyper::Error| DoorError::Unreachable(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    let answer = sender.send_request(request);
    // The connection moves the bytes, and ends with this.
    tokio::select! {
        answer = answer => Ok(answer.map_err(unreachable)?.status()),
        ended = connection => Err(DoorError::Unreachable(ended.err().map_or_else(|| "it hung up".to_owned(), |error| error.to_string()))),
    }
}

/// Whether an address is one of the open internet: neither this machine's, nor a private network's, nor one set aside for other things
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>, and the same for IPv6).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let set_aside = matches!(
        (first, second, third),
        (0 | 10 | 127 | 224..=255, ..)
            // Shared by a provider's customers; benchmarks.
            | (100, 64..=127, _)
            | (198, 18 | 19, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            // Protocols, examples, relays of 6to4.
            | (192, 0, 0 | 2)
            | (198, 51, 100)
            | (203, 0, 113)
            | (192, 88, 99)
    );
    !set_aside
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, .., seventh, eighth] = address.segments();
    let tail = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second) {
        // Ways to IPv4 addresses: NAT64 and 6to4.
        (0x64, 0xff9b) => tail(seventh, eighth),
        (0x2002, _) => tail(second, third),
        // Protocols (Teredo among them), examples.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // All others that are given out; mapped IPv4 addresses are none.
        (0x2000..=0x3fff, _) => true,
        _ => address.to_ipv4_mapped().is_some_and(is_public_v4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_at_public_addresses_is_taken() {
        for taken in ["https://fcm.googleapis.com/fcm/send/abc", "https://8.8.8.8/x", "https://[2606:4700::1111]:8443/x?y=z"] {
            assert!(Endpoint::of(taken, &[]).is_ok(), "{taken}");
        }
        for form in [
            "",
            "nonsense",
            "http://push.example/x",
            "ftp://push.example/x",
            "https://ada:secret@push.example/x",
            "https://push.example/#x",
        ] {
            assert_eq!(Endpoint::of(form, &[]), Err(NotTaken::Form), "{form}");
        }
        assert_eq!(Endpoint::of(&format!("https://push.example/{}", "x".repeat(MAX_ENDPOINT)), &[]), Err(NotTaken::Form));
        for private in [
            "https://localhost/x",
            "https://push.localhost/x",
            "https://127.0.0.1/x",
            "https://2130706433/x",
            "https://0x7f.1/x",
            "https://10.1.2.3/x",
            "https://192.168.0.1/x",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/x",
            "https://[fd00::1]/x",
            "https://[::ffff:127.0.0.1]/x",
        ] {
            assert_eq!(Endpoint::of(private, &[]), Err(NotTaken::Private), "{private}");
        }
    }

    #[test]
    fn what_is_set_aside_is_not_public() {
        for address in [
            "0.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "127.1.2.3",
            "169.254.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2002:808:808::",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn services_of_ones_own_are_taken_wherever_they_are() {
        let own: Vec<Origin> = vec!["http://127.0.0.1:9000".parse().unwrap()];
        assert!(Endpoint::of("http://127.0.0.1:9000/x", &own).is_ok());
        assert_eq!(Endpoint::of("http://127.0.0.1:9001/x", &own), Err(NotTaken::Form));
        assert_eq!(Endpoint::of("https://127.0.0.1:9000/x", &own), Err(NotTaken::Private));
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_followed() {
        // As a name server of somebody else's could say of any name.
        let mut endpoint = Endpoint::of("https://push.example/x", &[]).unwrap();
        endpoint.url = "https://localhost:9/x".parse().unwrap();
        let refused = Door::default().post(&endpoint, &[], Vec::new()).await.unwrap_err();
        assert!(matches!(refused, DoorError::NotTaken(NotTaken::Private)), "{refused}");
    }
}
