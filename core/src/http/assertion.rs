//! Signed assertions, RFC 7523.

use jiff::Timestamp;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::settings::Secret;

/// Claims of an assertion, RFC 7523 §3.
#[derive(Serialize)]
pub(super) struct Claims<'c> {
    iss: &'c str,
    sub: &'c str,
    aud: &'c str,
    iat: i64,
    exp: i64,
}

impl<'c> Claims<'c> {
    /// Good for two minutes: some vendors refuse one that is good for more than three.
    pub fn new(iss: &'c str, sub: &'c str, aud: &'c str, now: Timestamp) -> Claims<'c> {
        Claims { iss, sub, aud, iat: now.as_second(), exp: now.as_second() + 120 }
    }
}

pub(super) fn sign(claims: &Claims<'_>, private_key: &Secret, key_id: Option<&str>) -> Result<String> {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};

    let pem = private_key.expose().as_bytes();
    let wrong = || {
        Error::config("`private_key` cannot be used")
            .hint("give it as PEM: an RSA key, or an EC key on P-256 or P-384, in PKCS#8")
    };
    // The key says which algorithm: whichever signs with it.
    let candidates = [
        (Algorithm::RS256, EncodingKey::from_rsa_pem(pem)),
        (Algorithm::ES256, EncodingKey::from_ec_pem(pem)),
        (Algorithm::ES384, EncodingKey::from_ec_pem(pem)),
    ];
    for (algorithm, key) in candidates {
        let Ok(key) = key else { continue };
        let header = Header { kid: key_id.map(str::to_owned), ..Header::new(algorithm) };
        if let Ok(token) = encode(&header, claims, &key) {
            return Ok(token);
        }
    }
    Err(wrong())
}
