//! Where the store is: `store = "sqlite:PATH"` or `store = "postgres://…"`. Part of [`Config`](super::Config).

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::HIDDEN;
use crate::store::Server;

/// Where conversations are stored.
#[derive(Clone)]
pub enum StoreUrl {
    /// In a file of SQLite.
    Sqlite(PathBuf),
    /// On a server of PostgreSQL.
    Postgres(Server),
}

impl StoreUrl {
    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:").filter(|path| !path.is_empty()) {
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            // The text itself may hold a password.
            return text.parse().map(Self::Postgres).map_err(|problem| format!("this address of PostgreSQL: {problem}"));
        }
        Err("it is neither `sqlite:PATH` nor `postgres://USER:PASSWORD@HOST/DATABASE`".to_owned())
    }
}

impl<'de> Deserialize<'de> for StoreUrl {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        String::deserialize(source)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for StoreUrl {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sqlite(path) => out.serialize_str(&format!("sqlite:{}", path.display())),
            // It may hold a password.
            Self::Postgres(_) => out.serialize_str(HIDDEN),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(out, "sqlite:{}", path.display()),
            Self::Postgres(server) => write!(out, "{server}"),
        }
    }
}
