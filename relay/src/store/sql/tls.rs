//! TLS to PostgreSQL, as the address asks for it: `sslmode` and `sslrootcert` mean what they mean to PostgreSQL's own programs.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use postgres::config::SslMode;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What `sslmode` may be.
const MODES: &str = "disable, prefer, require, verify-ca or verify-full";

/// What an address asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// No TLS.
    Disable,
    /// TLS where the server has it, whoever it is.
    #[default]
    Prefer,
    /// TLS, whoever it is; with `sslrootcert`, the same as the next one.
    Require,
    /// Somebody for whom an authority stands.
    VerifyCa,
    /// And who bears the name in the address.
    VerifyFull,
}

/// TLS as it is set up; `None`: there is none.
pub(super) type Tls = Option<MakeRustlsConnect>;

/// Takes out of an address what is about TLS; what is left, and what it comes to.
pub(super) fn take(url: &str) -> Result<(String, SslMode, Tls), String> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut authorities, mut others) = (Mode::default(), None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8().map_err(|_| format!("`{key}` is no text"))?;
        match key {
            "sslmode" => {
                mode = match &*value {
                    "disable" => Mode::Disable,
                    "prefer" => Mode::Prefer,
                    "require" => Mode::Require,
                    "verify-ca" => Mode::VerifyCa,
                    "verify-full" => Mode::VerifyFull,
                    other => return Err(format!("`sslmode` is {MODES}, not `{other}`")),
                }
            }
            // By this word PostgreSQL's programs mean the same.
            "sslrootcert" if value == "system" => authorities = None,
            "sslrootcert" => authorities = Some(PathBuf::from(&*value)),
            _ => others.push(pair),
        }
    }
    if mode == Mode::Require && authorities.is_some() {
        mode = Mode::VerifyCa;
    }
    if matches!(mode, Mode::Disable | Mode::Prefer) && authorities.is_some() {
        return Err("`sslrootcert` is of no use without `sslmode=verify-full` or `sslmode=verify-ca`".to_owned());
    }
    let rest = if others.is_empty() { address.to_owned() } else { format!("{address}?{}", others.join("&")) };
    Ok(match mode {
        Mode::Disable => (rest, SslMode::Disable, None),
        Mode::Prefer => (rest, SslMode::Prefer, Some(connector(mode, None)?)),
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => {
            (rest, SslMode::Require, Some(connector(mode, authorities.as_deref())?))
        }
    })
}

fn connector(mode: Mode, authorities: Option<&Path>) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let verifies = matches!(mode, Mode::VerifyCa | Mode::VerifyFull);
    let trusted = match authorities {
        _ if !verifies => Vec::new(),
        Some(file) => read(file)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut chains = None;
    if verifies {
        let mut roots = RootCertStore::empty();
        if roots.add_parsable_certificates(trusted.iter().cloned()).0 == 0 {
            return Err(match authorities {
                Some(file) => format!("`sslrootcert`: {} holds no certificate; name a file in PEM", file.display()),
                None => "this system names no authorities; name their certificates as `sslrootcert`".to_owned(),
            });
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        chains = Some(verifier.map_err(|error| error.to_string())?);
    }
    // Only what a file names is believed as it is.
    let pinned = if authorities.is_some() { trusted } else { Vec::new() };
    let verifier = Verifier { chains, pinned, by_name: mode == Mode::VerifyFull, provider: provider.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error: rustls::pki_types::pem::Error| {
        format!("`sslrootcert`: {} cannot be used ({error}); name a file in PEM that the relay may read", file.display())
    };
    CertificateDer::pem_file_iter(file).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)
}

/// Who is believed to be the server.
#[derive(Debug)]
struct Verifier {
    /// Whom an authority stands for; `None`: anybody.
    chains: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates of servers themselves, which are no authorities to this library even where they say so of themselves: the ones that
    /// PostgreSQL's manual makes do.
    pinned: Vec<CertificateDer<'static>>,
    /// Only by the name in the address.
    by_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chains) = &self.chains else { return Ok(ServerCertVerified::assertion()) };
        let verified = if self.pinned.iter().any(|pinned| pinned == server) {
            verify_server_name(&ParsedCertificate::try_from(server)?, name).map(|()| ServerCertVerified::assertion())
        } else {
            chains.verify_server_cert(server, between, name, status, now)
        };
        match verified {
            // The last that is looked at.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.by_name => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        server: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, server, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        server: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, server, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What to do about an error of TLS; `None`: it is none.
pub(super) fn remedy(error: &postgres::Error) -> Option<&'static str> {
    let source = error.source()?;
    let refused = source.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref()?.downcast_ref::<rustls::Error>());
    match refused {
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => Some(
            "no authority that the relay trusts has signed the server's certificate: name the one that has as `sslrootcert=FILE` in the address",
        ),
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => Some(
            "the server's certificate is for another name: the address must use one of its `subjectAltName`, or `sslmode=verify-ca`, which \
             lets every name pass",
        ),
        Some(rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })) => {
            Some("the server's certificate is over: give it another one")
        }
        Some(_) => Some("check the server's certificate, and `sslmode` and `sslrootcert` in the address"),
        None if source.to_string() == "server does not support TLS" => {
            Some("turn it on there (`ssl = on`), or leave `sslmode` out of the address")
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        match take(url) {
            Ok(_) => panic!("{url} was taken"),
            Err(why) => why,
        }
    }

    #[test]
    fn an_address_says_how_much_is_asked_of_the_server() {
        for (query, mode, is_tls) in [
            ("", SslMode::Prefer, true),
            ("?sslmode=prefer", SslMode::Prefer, true),
            ("?sslmode=disable", SslMode::Disable, false),
            ("?sslmode=require", SslMode::Require, true),
        ] {
            let (rest, found, tls) = take(&format!("postgres://db/bulle{query}")).unwrap();
            assert_eq!((&*rest, found, tls.is_some()), ("postgres://db/bulle", mode, is_tls), "{query}");
        }
        let (rest, ..) = take("postgres://db/bulle?connect_timeout=3&sslmode=disable&options=-c%20x").unwrap();
        assert_eq!(rest, "postgres://db/bulle?connect_timeout=3&options=-c%20x", "the rest is left as it is");
    }

    #[test]
    fn what_cannot_be_is_refused_before_anybody_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        assert!(refused("postgres://db/b?sslmode=verify").contains("verify-ca or verify-full, not `verify`"));
        assert!(refused("postgres://db/b?sslrootcert=ca.pem").contains("of no use without"));
        let none = folder.path().join("none.pem").display().to_string();
        assert!(refused(&format!("postgres://db/b?sslmode=verify-full&sslrootcert={none}")).contains("none.pem cannot be used"));
        for empty in [file("empty.pem", ""), file("text.pem", "once upon a time")] {
            for mode in ["require", "verify-ca", "verify-full"] {
                let why = refused(&format!("postgres://db/b?sslmode={mode}&sslrootcert={empty}"));
                assert!(why.contains("holds no certificate"), "{why}");
            }
        }
        let broken = file("broken.pem", "-----BEGIN CERTIFICATE-----\nonce upon a time\n-----END CERTIFICATE-----\n");
        assert!(refused(&format!("postgres://db/b?sslmode=verify-ca&sslrootcert={broken}")).contains("cannot be used"));
    }
}
