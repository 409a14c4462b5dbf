//! Relays that share a store and a bus, with an admin, and a site that everybody may come from.

use reqwest::Method;
use shared::api::{NewSite, SiteSetup};
use shared::model::Role;
use tests::accounts::{Account, Office};
use tests::agent::Agent;
use tests::relay::RelayProcess;
use tests::visitor::Visitor;
use tokio::task::block_in_place;

use crate::servers::{Nats, Postgres};

/// See the module. The relays go before what they need.
pub struct Stage {
    pub relays: Vec<RelayProcess>,
    pub site: String,
    pub admin: Account,
    pub bus: Nats,
    pub store: Postgres,
}

impl Stage {
    /// Starts so many relays. `ways`: by which addresses each gets to the store and to the bus.
    pub async fn build(relays: usize, settings: &[(&str, &str)], ways: impl AsyncFn(usize, &Postgres, &Nats) -> Ways) -> Self {
        let (store, bus) = block_in_place(|| (Postgres::start(), Nats::start()));
        let mut started = Vec::new();
        let mut first = None;
        for number in 0..relays {
            let ways = ways(number, &store, &bus).await;
            let mut settings = settings.to_vec();
            settings.extend([("BULLE_STORE", &*ways.store), ("BULLE_BUS", &*ways.bus), ("BULLE_METRICS_LISTEN", "127.0.0.1:0")]);
            let relay = block_in_place(|| RelayProcess::start(&settings));
            if first.is_none() {
                first = Some(relay.first_admin().await);
            }
            started.push(relay);
        }
        let (office, admin) = first.unwrap();
        let site = NewSite { name: "Shop".to_owned() };
        let made = office.request(Method::POST, "/api/sites").by(&admin).json(&site).unwrap().send().await.unwrap();
        let site = made.value::<SiteSetup>().unwrap().key.0;
        Self { relays: started, site, admin, bus, store }
    }

    /// The REST API of a relay.
    pub fn office(&self, relay: usize) -> Office {
        Office::new(self.relays[relay].address())
    }

    /// A new agent at the console of a relay.
    pub async fn agent(&self, relay: usize, name: &str, role: Role) -> Agent {
        // Hired elsewhere: an account is everywhere's.
        let account = self.office(0).hire(&self.admin, name, role).await.unwrap();
        Agent::new(&self.office(relay), &account)
    }

    /// A visitor who is connected to a relay.
    pub async fn visitor(&self, relay: usize) -> Visitor {
        let visitor = Visitor::new(self.relays[relay].address(), &self.site);
        visitor.opens_chat().await;
        visitor
    }
}

/// How a relay gets to what it needs.
pub struct Ways {
    pub store: String,
    pub bus: String,
}

/// Straight to both.
pub async fn straight(_: usize, store: &Postgres, bus: &Nats) -> Ways {
    Ways { store: store.url(), bus: format!("nats://{}", bus.address) }
}
