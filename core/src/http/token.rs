//! Tokens that are fetched: OAuth 2.0 grants, one fetch for all who wait, renewed before they end.
//!
//! A new token is committed to the [`CredentialStore`](crate::runtime::CredentialStore) before it is used, so that a
//! rotated refresh token cannot be lost.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use url::Url;

use super::auth::{basic, sensitive};
use super::request::{Body, Prepared, Repeat};
use super::{Answer, Fault, Http};
use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::StoredToken;
use crate::settings::Secret;

/// How a token is asked for.
#[derive(Debug)]
pub enum Grant {
    /// RFC 6749 §4.4.
    ClientCredentials {
        /// Token address.
        url: Url,
        /// Client id.
        client_id: String,
        /// How the client proves itself.
        client: ClientAuth,
        /// Scopes, separated by spaces.
        scope: Option<String>,
        /// Further form fields, such as Zoom's `account_id`.
        extra: Vec<(String, String)>,
    },
    /// RFC 6749 §6, with rotation.
    RefreshToken {
        /// Token address.
        url: Url,
        /// Client id.
        client_id: String,
        /// How the client proves itself.
        client: ClientAuth,
        /// The first refresh token; later ones come from the store.
        refresh_token: Secret,
    },
    /// RFC 7523 §2.1: a signed assertion is the grant itself.
    JwtBearer {
        /// Token address.
        url: Url,
        /// Who signs.
        issuer: String,
        /// For whom.
        subject: String,
        /// `aud` of the assertion.
        audience: String,
        /// The private key, PEM.
        private_key: Secret,
        /// Name of the key, if the vendor wants one.
        key_id: Option<String>,
    },
}

/// How a client proves itself at the token address.
#[derive(Debug)]
pub enum ClientAuth {
    /// `client_secret_basic`.
    Basic(Secret),
    /// `client_secret_post`.
    Post(Secret),
    /// `private_key_jwt` of RFC 7523 §2.2.
    PrivateKeyJwt {
        /// The private key, PEM: RSA (RS256) or an EC key on P-256 (ES256) or P-384 (ES384).
        private_key: Secret,
        /// Name of the key.
        key_id: String,
    },
}

/// The token of a connection.
#[derive(Debug)]
pub struct Tokens {
    grant: Grant,
    /// Held while a token is fetched, so that the others wait for it.
    current: Mutex<Option<Arc<StoredToken>>>,
}

/// A token with less time left than this is renewed.
const MARGIN: Duration = Duration::from_secs(60);
/// How often to look for the token that another holder of the lease is fetching.
const LEASE_POLL: Duration = Duration::from_millis(200);
/// How often at most: ten seconds in all.
const LEASE_POLLS: u32 = 50;

/// A token with its header.
pub(crate) struct Ready {
    pub header: HeaderValue,
    token: Arc<StoredToken>,
}

impl Tokens {
    pub(crate) fn new(grant: Grant) -> Tokens {
        Tokens { grant, current: Mutex::new(None) }
    }

    /// The token to send, fetched if need be. `refused` is one that the vendor has just answered 401 to.
    pub(crate) async fn ready(&self, http: &Http, call: &Call, refused: Option<&Ready>) -> Result<Ready> {
        let mut current = self.current.lock().await;
        let usable = |token: &StoredToken| {
            let lives = token
                .expires_at
                .is_none_or(|end| end.duration_since(now(http)) > MARGIN.try_into().unwrap_or_default());
            lives && refused.is_none_or(|refused| refused.token.access_token.expose() != token.access_token.expose())
        };
        if current.as_ref().is_none_or(|token| !usable(token)) {
            *current = Some(Arc::new(self.renew(http, call, &usable).await?));
        }
        let token = current.clone().ok_or_else(|| Error::unexpected("no token"))?;
        let header = sensitive(format!("Bearer {}", token.access_token.expose()))?;
        Ok(Ready { header, token })
    }

    /// Takes the token from the store, or fetches one under the store's lease and commits it.
    async fn renew(
        &self,
        http: &Http,
        call: &Call,
        usable: &(dyn Fn(&StoredToken) -> bool + Sync),
    ) -> Result<StoredToken> {
        let shared = &http.0.runtime.shared;
        let account = http.0.runtime.account();
        for _ in 0..LEASE_POLLS {
            let stored = shared.credentials.load(account).await?;
            if let Some(token) = stored.as_ref().filter(|token| usable(token)) {
                return Ok(token.clone());
            }
            let Some(fence) = shared.credentials.lease(account).await? else {
                shared.clock.sleep(LEASE_POLL).await;
                continue;
            };
            return match self.fetch(http, call, stored).await {
                Ok(token) => shared.credentials.commit(account, fence, &token).await.map(|()| token),
                Err(error) => {
                    shared.credentials.release(account, fence).await?;
                    Err(error)
                }
            };
        }
        Err(Error::new(ErrorKind::Timeout, "another process is fetching this account's token and does not finish"))
    }

    async fn fetch(&self, http: &Http, call: &Call, stored: Option<StoredToken>) -> Result<StoredToken> {
        let mut form: Vec<(String, String)> = Vec::new();
        let mut field = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        let mut authorization = None;
        // A refresh token may be used once; a repeat of a request that may have been carried out would burn it.
        let mut repeat = Repeat::Idempotent;
        let before = stored.and_then(|token| token.refresh_token);
        let url = match &self.grant {
            Grant::ClientCredentials { url, client_id, client, scope, extra } => {
                field("grant_type", "client_credentials");
                if let Some(scope) = scope {
                    field("scope", scope);
                }
                extra.iter().for_each(|(name, value)| field(name, value));
                authorization = client.prove(client_id, url, http, &mut field)?;
                url
            }
            Grant::RefreshToken { url, client_id, client, refresh_token } => {
                field("grant_type", "refresh_token");
                field("refresh_token", before.as_ref().unwrap_or(refresh_token).expose());
                authorization = client.prove(client_id, url, http, &mut field)?;
                repeat = Repeat::Never;
                url
            }
            Grant::JwtBearer { url, issuer, subject, audience, private_key, key_id } => {
                field("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
                let claims = Claims::new(issuer, subject, audience, now(http));
                field("assertion", &sign(&claims, private_key, key_id.as_deref())?);
                url
            }
        };
        let prepared = Prepared::to_token_address(url.clone(), Method::POST, Body::Form(form), authorization, repeat);
        let answer = http.exchange(call, &prepared).await.map_err(|error| explain(error))?;
        let granted: Granted = answer.json()?;
        if granted.token_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("dpop")) {
            return Err(dpop());
        }
        let lifetime = granted.expires_in.and_then(|seconds| i64::try_from(seconds).ok());
        Ok(StoredToken {
            access_token: granted.access_token.into(),
            refresh_token: granted.refresh_token.map(Secret::from).or(before),
            expires_at: lifetime
                .and_then(|seconds| now(http).checked_add(jiff::SignedDuration::from_secs(seconds)).ok()),
        })
    }
}

fn now(http: &Http) -> Timestamp {
    http.0.runtime.shared.clock.now()
}

/// RFC 6749 §5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
}

impl ClientAuth {
    fn prove(
        &self,
        client_id: &str,
        url: &Url,
        http: &Http,
        field: &mut impl FnMut(&str, &str),
    ) -> Result<Option<HeaderValue>> {
        match self {
            ClientAuth::Basic(secret) => return basic(client_id, secret).map(Some),
            ClientAuth::Post(secret) => {
                field("client_id", client_id);
                field("client_secret", secret.expose());
            }
            ClientAuth::PrivateKeyJwt { private_key, key_id } => {
                let claims = Claims::new(client_id, client_id, url.as_str(), now(http));
                field("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                field("client_assertion", &sign(&claims, private_key, Some(key_id))?);
            }
        }
        Ok(None)
    }
}

/// Claims of an assertion, RFC 7523 §3.
#[derive(Serialize)]
struct Claims<'c> {
    iss: &'c str,
    sub: &'c str,
    aud: &'c str,
    iat: i64,
    exp: i64,
}

impl<'c> Claims<'c> {
    /// Good for five minutes.
    fn new(iss: &'c str, sub: &'c str, aud: &'c str, now: Timestamp) -> Claims<'c> {
        Claims { iss, sub, aud, iat: now.as_second(), exp: now.as_second() + 300 }
    }
}

fn sign(claims: &Claims<'_>, private_key: &Secret, key_id: Option<&str>) -> Result<String> {
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

/// Reads the error body of RFC 6749 §5.2: `{"error": …, "error_description": …}`.
pub(crate) fn oauth_fault(answer: &Answer) -> Option<Fault> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
        error_description: Option<String>,
    }
    let refusal: Refusal = serde_json::from_slice(&answer.body).ok()?;
    let kind = (answer.status < 429 && refusal.error != "invalid_scope").then_some(ErrorKind::Authentication);
    Some(Fault { code: Some(refusal.error), message: refusal.error_description, kind, retry_after: None })
}

/// Says what to do about a refused token request.
fn explain(error: Error) -> Error {
    match error.vendor_code() {
        Some("use_dpop_nonce" | "invalid_dpop_proof") => dpop(),
        _ if error.kind() == ErrorKind::Authentication => {
            error.hint("check client id and key or secret, and that the app is active")
        }
        _ => error,
    }
}

fn dpop() -> Error {
    Error::new(ErrorKind::Authentication, "the vendor asks for DPoP-bound tokens, which are not supported")
        .hint("switch off \"require DPoP header in token requests\" in the app's settings at the vendor")
}
