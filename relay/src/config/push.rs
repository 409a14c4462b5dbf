//! The table `[push]`: notifications of browsers whose agent has no console open. Part of [`Config`](super::Config), which documents every
//! value for `check-config`; `push` sends by it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, Serialize};
use shared::ids::Millis;

use crate::edge::origin::Origin;

/// Declares [`Push`] so that documentation, default and name of a value stand in one place.
macro_rules! push {
    ($($(#[doc = $doc:literal])+ $(#[serde $serde:tt])? $name:ident: $kind:ty = $default:expr;)+) => {
        /// Every value of the table.
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub struct Push {
            $($(#[doc = $doc])+ $(#[serde $serde])? pub $name: $kind,)+
        }

        impl Default for Push {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        /// Name and documentation of every value.
        pub(super) const VALUES: &[(&str, &[&str])] = &[$((stringify!($name), &[$($doc),+]),)+];
    };
}

push! {
    /// How long a notification waits for more about the same conversation, and for a console that is only being loaded again, in ms: 0 to
    /// 600,000.
    delay_ms: Millis = 3_000;
    /// Push services of your own, as origins (`https://push.intra.example`). Those may have addresses of private networks, and `http`; all
    /// others are reached by https at public addresses alone, whatever a browser says. A list, or text with commas.
    #[serde(deserialize_with = "origins")]
    own_services: Vec<Origin> = Vec::new();
}

/// A list, or one text with commas.
fn origins<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<Origin>, D::Error> {
    super::texts(source)?.into_iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

impl Push {
    /// The numbers with their full names and ranges.
    pub(super) fn ranges(&self) -> Vec<(&'static str, i64, RangeInclusive<i64>)> {
        vec![("push.delay_ms", self.delay_ms, 0..=600_000)]
    }
}
