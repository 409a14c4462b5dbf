//! TLS to PostgreSQL: whom a relay believes to be its server, by what the address says, and what it tells whoever has to change that.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use relay::config::StoreUrl;
use relay::store::Store;
use tempfile::TempDir;

use crate::journal::count;
use crate::servers::Postgres;

/// Somebody who signs certificates.
pub fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut authority = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    authority.distinguished_name.push(DnType::CommonName, name);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap()
}

/// A file with a certificate; its path.
pub fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Opens a store as a relay does: whether it talks to the server over TLS, or why not at all.
fn opens(port: u16, host: &str, asks: &str) -> Result<bool, String> {
    let url: StoreUrl = format!("postgres://bulle@{host}:{port}/postgres?{asks}").parse()?;
    let store = Store::serve(&url).map_err(|error| error.to_string())?;
    let sql = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'bulle' AND ssl";
    let locked = count(&format!("postgres://bulle@127.0.0.1:{port}/postgres"), sql);
    drop(store);
    Ok(locked > 0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_believed_by_the_word_of_the_authority_that_the_address_names() {
    let folder = tempfile::tempdir().unwrap();
    let ours = authority("Ours");
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ours).unwrap();
    let server = Postgres::certified(&certificate.pem(), &key.serialize_pem()).unwrap();
    let port = server.address().port();
    let ca = file(&folder, "ca.pem", &ours.pem());
    let stranger = file(&folder, "stranger.pem", &authority("Somebody else").pem());

    for (host, asks, is_locked) in [
        ("localhost", &*format!("sslmode=verify-full&sslrootcert={ca}"), true),
        ("127.0.0.1", &*format!("sslmode=verify-ca&sslrootcert={ca}"), true),
        ("127.0.0.1", &*format!("sslmode=require&sslrootcert={ca}"), true),
        ("127.0.0.1", "sslmode=require", true),
        ("127.0.0.1", "", true),
        ("127.0.0.1", "sslmode=disable", false),
    ] {
        assert_eq!(opens(port, host, asks), Ok(is_locked), "{host} {asks}");
    }
    for (host, asks, remedy) in [
        ("localhost", &*format!("sslmode=verify-full&sslrootcert={stranger}"), "name the one that has as `sslrootcert=FILE`"),
        ("localhost", &*format!("sslmode=verify-ca&sslrootcert={stranger}"), "name the one that has as `sslrootcert=FILE`"),
        ("localhost", &*format!("sslmode=require&sslrootcert={stranger}"), "name the one that has as `sslrootcert=FILE`"),
        ("localhost", "sslmode=verify-full", "sslrootcert"),
        ("127.0.0.1", &*format!("sslmode=verify-full&sslrootcert={ca}"), "the address must use one of its `subjectAltName`"),
    ] {
        let why = opens(port, host, asks).unwrap_err();
        assert!(why.contains(remedy), "{host} {asks}: {why}");
    }
}

/// As PostgreSQL's manual makes them: a certificate that calls itself an authority, and signs itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_signs_itself_is_believed_where_the_address_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (authority("db"), authority("db"));
    let server = Postgres::certified(&own.pem(), &own.key().serialize_pem()).unwrap();
    let port = server.address().port();
    let (own, other) = (file(&folder, "own.pem", &own.pem()), file(&folder, "other.pem", &other.pem()));
    assert_eq!(opens(port, "localhost", &format!("sslmode=verify-full&sslrootcert={own}")), Ok(true));
    assert_eq!(opens(port, "127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={own}")), Ok(true));
    let why = opens(port, "127.0.0.1", &format!("sslmode=verify-full&sslrootcert={own}")).unwrap_err();
    assert!(why.contains("for another name"), "{why}");
    let why = opens(port, "localhost", &format!("sslmode=verify-full&sslrootcert={other}")).unwrap_err();
    assert!(why.contains("sslrootcert"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_tls_is_told_where_there_is_none() {
    let server = Postgres::start();
    let port = server.address().port();
    assert_eq!(opens(port, "127.0.0.1", ""), Ok(false));
    let why = opens(port, "127.0.0.1", "sslmode=require").unwrap_err();
    assert!(why.contains("ssl = on"), "{why}");
}
