//! The bus over TLS, for those who have a name and a password there; and what becomes of relays that have not.

use rcgen::{CertificateParams, KeyPair};
use shared::model::Role;
use tests::relay::RelayProcess;
use tokio::task::block_in_place;

use crate::servers::{Nats, Postgres};
use crate::stage::{Stage, Ways, straight};
use crate::tls::{authority, file};

async fn metric(relay: &RelayProcess, line: &str) -> bool {
    reqwest::get(relay.metrics()).await.unwrap().text().await.unwrap().lines().any(|found| found == line)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bus_is_believed_by_its_certificate_and_asks_for_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let ours = authority("Ours");
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ours).unwrap();
    let (certificate, key) = (file(&folder, "bus.pem", &certificate.pem()), file(&folder, "key.pem", &key.serialize_pem()));
    let ca = file(&folder, "ca.pem", &ours.pem());
    let options = ["--tls", "--tlscert", &certificate, "--tlskey", &key, "--user", "bulle", "--pass", "s@cret"];
    let bus = block_in_place(|| Nats::begin(&options)).unwrap();
    let port = bus.address.port();
    let ways = async |relay: usize, store: &Postgres, plain: &Nats| {
        let password = if relay < 2 { "s%40cret" } else { "secret" };
        Ways { bus: format!("tls://bulle:{password}@localhost:{port}"), ..straight(relay, store, plain).await }
    };
    let stage = Stage::build(3, &[("BULLE_BUS_CA", &ca)], ways).await;

    // Two of them are one desk.
    let ada = stage.agent(1, "Ada", Role::Agent).await;
    ada.comes_online().await;
    let visitor = stage.visitor(0).await;
    let chat = visitor.says("is it safe here?").await.conversation;
    ada.has(chat).await;
    ada.says(chat, "it is").await;
    visitor.sees("it is").await;
    for relay in &stage.relays[..2] {
        assert!(metric(relay, "bulle_bus_connected 1").await);
    }

    // One has the wrong password, one believes in somebody else: both say so, and serve on.
    stage.relays[2].logs("authorization violation", 0).await;
    let stranger = file(&folder, "stranger.pem", &authority("Somebody else").pem());
    let (url, store) = (format!("tls://bulle:s%40cret@localhost:{port}"), stage.store.url());
    let settings =
        [("BULLE_STORE", &*store), ("BULLE_BUS", &*url), ("BULLE_BUS_CA", &*stranger), ("BULLE_METRICS_LISTEN", "127.0.0.1:0")];
    let wary = block_in_place(|| RelayProcess::start(&settings));
    // The library tells no more than that the handshake failed; the relay, what to look at.
    wary.logs("the authority in `bus_ca`", 0).await;
    for relay in [&stage.relays[2], &wary] {
        assert!(metric(relay, "bulle_bus_connected 0").await);
        assert!(!relay.logged().contains("cret@"), "no password in the log:\n{}", relay.logged());
    }
    let other = stage.visitor(2).await;
    other.says("and here?").await;
}
