//! Where the bus is: `bus = "nats://…"`. Part of [`Config`](super::Config).

use std::fmt;
use std::str::FromStr;

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

use super::HIDDEN;

/// What subjects begin with, unless the address says otherwise.
const PREFIX: &str = "bulle";

/// Servers of NATS, how to get in, and what subjects begin with.
#[derive(Clone, PartialEq)]
pub struct BusUrl {
    servers: Vec<Url>,
    name: Option<String>,
    password: Option<String>,
    prefix: String,
}

impl BusUrl {
    /// The servers, any of which will do.
    pub fn servers(&self) -> Vec<ServerAddr> {
        // Checked when it was read.
        self.servers.iter().cloned().filter_map(|url| ServerAddr::from_url(url).ok()).collect()
    }

    /// The name to get in with; without a password, a token.
    pub fn name(&self) -> Option<String> {
        self.name.clone()
    }

    /// Its password.
    pub fn password(&self) -> Option<String> {
        self.password.clone()
    }

    /// What subjects begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl FromStr for BusUrl {
    type Err = String;

    /// From `nats://NAME:PASSWORD@HOST:PORT/PREFIX`, or several with commas. The first one's name and prefix count.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut found = Self { servers: Vec::new(), name: None, password: None, prefix: PREFIX.to_owned() };
        for (number, part) in text.split(',').map(str::trim).enumerate() {
            let mut url = Url::parse(part).map_err(|error| error.to_string())?;
            if !["nats", "tls"].contains(&url.scheme()) || !url.has_host() {
                return Err("it is no `nats://HOST:PORT` or `tls://HOST:PORT`".to_owned());
            }
            if number == 0 {
                let plain = |part: &str| match percent_decode_str(part).decode_utf8() {
                    Ok(text) => Ok(text.into_owned()),
                    Err(_) => Err("its name or password is no text".to_owned()),
                };
                if !url.username().is_empty() {
                    found.name = Some(plain(url.username())?);
                    found.password = url.password().map(plain).transpose()?;
                }
                let prefix = url.path().trim_matches('/');
                if !prefix.is_empty() {
                    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                    if !prefix.bytes().all(is_word) {
                        return Err("its path is no word of letters, digits, - and _".to_owned());
                    }
                    prefix.clone_into(&mut found.prefix);
                }
            }
            // What lets in goes by another way, and is in nobody's log.
            let bare = url.set_username("").and_then(|()| url.set_password(None));
            bare.map_err(|()| "it names no host".to_owned())?;
            url.set_path("");
            found.servers.push(url);
        }
        Ok(found)
    }
}

impl<'de> Deserialize<'de> for BusUrl {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        // The text itself may hold a password.
        let text = String::deserialize(source)?;
        text.parse().map_err(|problem: String| serde::de::Error::custom(format!("this address of NATS: {problem}")))
    }
}

impl Serialize for BusUrl {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(HIDDEN)
    }
}

impl fmt::Debug for BusUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> = self.servers.iter().map(Url::as_str).collect();
        out.write_str(&servers.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_servers_and_prefix_and_never_what_lets_in() {
        let url: BusUrl = "tls://bulle:s%40cret@one:4333/shop, nats://two".parse().unwrap();
        assert_eq!(format!("{url:?}"), "tls://one:4333,nats://two");
        assert_eq!((url.name().as_deref(), url.password().as_deref(), url.prefix()), (Some("bulle"), Some("s@cret"), "shop"));
        assert_eq!(url.servers().len(), 2);
        assert!(!serde_json::to_string(&url).unwrap().contains("one"));
        let url: BusUrl = "nats://t0ken@127.0.0.1:4222".parse().unwrap();
        assert_eq!((url.name().as_deref(), url.password(), url.prefix()), (Some("t0ken"), None, PREFIX));
        for wrong in ["", "redis://host", "nats://", "nats://host/a.b", "host:4222"] {
            assert!(wrong.parse::<BusUrl>().is_err(), "{wrong}");
        }
    }
}
