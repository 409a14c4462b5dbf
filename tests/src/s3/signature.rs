//! Whether a request is signed as AWS Signature Version 4 asks for it, from the specification and not from a client's code: the canonical
//! request, the string to sign, the derived key (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).

use axum::http::{HeaderMap, Method, Uri};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Who may come, and where it is.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name.
    pub id: String,
    /// Its key.
    pub secret: String,
    /// The region that signatures are for.
    pub region: String,
}

/// Why not, as the service names it.
pub type Refusal = &'static str;

/// Checks a request's signature, and that its body is the one that was signed.
///
/// # Errors
/// It is not as it should be.
pub fn check(account: &Account, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = header("authorization").ok_or("AccessDenied")?;
    let parts = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("AccessDenied")?;
    let part = |name: &str| parts.split(", ").find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).ok_or("AccessDenied");
    let (credential, signed, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let (id, scope) = credential.split_once('/').ok_or("AccessDenied")?;
    if id != account.id {
        return Err("InvalidAccessKeyId");
    }
    let at = header("x-amz-date").ok_or("AccessDenied")?;
    let day = at.get(..8).ok_or("AccessDenied")?;
    if scope != format!("{day}/{}/s3/aws4_request", account.region) {
        return Err("AuthorizationHeaderMalformed");
    }
    let digest = hex(&Sha256::digest(body));
    if header("x-amz-content-sha256") != Some(digest.as_str()) {
        return Err("XAmzContentSHA256Mismatch");
    }
    // What decides over the answer has to be signed, and in order.
    let names: Vec<&str> = signed.split(';').collect();
    let amazons = headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("x-amz-"));
    let all = ["host"].into_iter().chain(amazons).all(|name| names.contains(&name));
    if !all || !names.is_sorted() {
        return Err("AccessDenied");
    }
    let mut lines = String::new();
    for name in &names {
        let values: Vec<_> = headers.get_all(*name).iter().filter_map(|value| value.to_str().ok()).map(squeezed).collect();
        lines.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    let request = [method.as_str(), uri.path(), &canonical_query(uri), &lines, signed, &digest].join("\n");
    let to_sign = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let mut key = format!("AWS4{}", account.secret).into_bytes();
    for part in [day, &account.region, "s3", "aws4_request", &to_sign] {
        key = keyed(&key, part);
    }
    if hex(&key) == signature { Ok(()) } else { Err("SignatureDoesNotMatch") }
}

/// What stands behind the question mark, decoded.
pub fn query(uri: &Uri) -> Vec<(String, String)> {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// Undoes percent-encoding.
pub fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Sorted, every name and value encoded but for letters, digits and `-._~`.
fn canonical_query(uri: &Uri) -> String {
    let mut pairs: Vec<_> = query(uri).iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.sort();
    pairs.join("&")
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn squeezed(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Err(error) => panic!("keys of any length will do: {error}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Amazon's page "Signature Calculations for the Authorization Header", GET Object.
    #[test]
    fn amazons_own_example_passes_and_nothing_beside_it() {
        let account = Account {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            region: "us-east-1".to_owned(),
        };
        let lines = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("x-amz-date", "20130524T000000Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                 SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
                 Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
        ];
        let headers: HeaderMap = lines.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let asks = |account: &Account, method, uri: &str, headers: &HeaderMap, body: &[u8]| {
            check(account, &method, &uri.parse().unwrap(), headers, body)
        };
        assert_eq!(asks(&account, Method::GET, "/test.txt", &headers, b""), Ok(()));
        assert_eq!(asks(&account, Method::PUT, "/test.txt", &headers, b""), Err("SignatureDoesNotMatch"));
        assert_eq!(asks(&account, Method::GET, "/test.txt?x=1", &headers, b""), Err("SignatureDoesNotMatch"));
        assert_eq!(asks(&account, Method::GET, "/test.txt", &headers, b"x"), Err("XAmzContentSHA256Mismatch"));
        let other = Account { secret: "other".to_owned(), ..account.clone() };
        assert_eq!(asks(&other, Method::GET, "/test.txt", &headers, b""), Err("SignatureDoesNotMatch"));
        let mut more = headers.clone();
        more.insert("x-amz-copy-source", "elsewhere".parse().unwrap());
        assert_eq!(asks(&account, Method::GET, "/test.txt", &more, b""), Err("AccessDenied"), "not signed");
        assert_eq!(asks(&account, Method::GET, "/test.txt", &HeaderMap::new(), b""), Err("AccessDenied"));
    }
}
