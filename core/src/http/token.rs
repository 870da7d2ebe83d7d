//! Tokens that are fetched: OAuth 2.0 grants, one fetch for all who wait, renewed before they end.
//!
//! A new token is committed to the [`CredentialStore`](crate::runtime::CredentialStore) before it is used, so that a
//! rotated refresh token cannot be lost.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use url::Url;

use super::assertion::{Claims, sign};
use super::auth::{Auth, basic, sensitive};
use super::prepared::{Body, Prepared, Repeat};
use super::{Answer, Fault, Http};
use crate::call::Call;
use crate::definition::quoted;
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::runtime::{StoredToken, TOKEN_TIME, TokenOwner, digest};
use crate::settings::Secret;

/// How a token is asked for.
#[derive(Debug)]
pub enum Grant {
    /// RFC 6749 §4.4.
    ClientCredentials {
        /// Token address.
        url: Url,
        /// `client_credentials`, or the word that the vendor has for the same thing; empty where it wants none.
        grant_type: &'static str,
        /// How the request is written.
        encoding: Encoding,
        /// Client id.
        client_id: String,
        /// How the client proves itself.
        client: ClientAuth,
        /// Scopes, separated by spaces.
        scope: Option<String>,
        /// Further fields, such as the account that the token is for.
        extra: Vec<(String, String)>,
    },
    /// RFC 6749 §4.3: for vendors that have nothing better.
    Password {
        /// Token address.
        url: Url,
        /// Client id.
        client_id: String,
        /// How the client proves itself.
        client: ClientAuth,
        /// Scopes, separated by spaces.
        scope: Option<String>,
        /// The user that the token is for.
        username: String,
        /// The user's password, or the key that the vendor takes for one.
        password: Secret,
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

/// How a token request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As a form: RFC 6749.
    Form,
    /// As a JSON object of the same fields, against the RFC.
    Json,
}

/// Where the token's answer says that the API is, for vendors that tell it only then.
#[derive(Clone, Copy, Debug)]
pub struct Discovery {
    /// Reads the address; none leaves the one that is set.
    pub read: fn(&Answer) -> Option<String>,
    /// Host patterns that it must match; empty allows any.
    pub hosts: &'static [&'static str],
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
    pub(super) grant: Grant,
    pub(super) discovery: Option<Discovery>,
    /// Reads from the token's answer whose it is.
    pub(super) user: fn(&Answer) -> Option<String>,
    /// Whether a token with fewer scopes than asked for is refused.
    pub(super) checks_scopes: bool,
    /// How long a token lives whose answer does not say; none: until it is refused.
    pub(super) lifetime: Option<Duration>,
    /// Stands for the client, where all accounts that are connected as it share the token.
    pub(super) client: Option<String>,
    /// Held while a token is fetched, so that the others wait for it.
    state: Mutex<State>,
}

/// What is known in this process.
#[derive(Debug, Default)]
struct State {
    /// The token in use; it is committed.
    current: Option<Arc<StoredToken>>,
    /// A token that the store did not take: not used, and not lost either, since the refresh token before it may be
    /// worth nothing any more.
    uncommitted: Option<Uncommitted>,
}

#[derive(Debug)]
struct Uncommitted {
    /// What the store had when it was fetched.
    before: Option<Secret>,
    token: StoredToken,
}

impl Uncommitted {
    /// Whether the store still has what it had then: nobody else has fetched a newer one.
    fn follows(&self, stored: Option<&StoredToken>) -> bool {
        let stored = stored.and_then(|token| token.refresh_token.as_ref());
        self.before.as_ref().map(Secret::expose) == stored.map(Secret::expose)
    }
}

/// A token with less time left than this is renewed.
const MARGIN: Duration = Duration::from_secs(60);
/// How often to look for the token that another holder of the lease is fetching.
const LEASE_POLL: Duration = Duration::from_millis(200);
/// How often at most: for longer than the lease of one who ended in the midst of it.
const LEASE_POLLS: u32 = 500;

/// A token with its header.
pub(crate) struct Ready {
    pub header: HeaderValue,
    token: Arc<StoredToken>,
}

impl Ready {
    /// Where the API is, if the token's answer said so.
    pub fn base_url(&self) -> Option<&str> {
        self.token.base_url.as_deref()
    }

    /// Whose it is, if the token's answer said so.
    pub fn user(&self) -> Option<&str> {
        self.token.user.as_deref()
    }

    fn new(token: Arc<StoredToken>) -> Result<Ready> {
        Ok(Ready { header: sensitive(format!("Bearer {}", token.access_token.expose()))?, token })
    }
}

/// Whether a token may be sent: it lives, and is not the one that was refused, or that nobody took where it led.
struct Usable {
    now: Timestamp,
    refused: Option<Arc<StoredToken>>,
}

impl Usable {
    fn judge(&self, token: &StoredToken) -> bool {
        let margin = MARGIN.try_into().unwrap_or_default();
        token.expires_at.is_none_or(|end| end.duration_since(self.now) > margin)
            && self.refused.as_ref().is_none_or(|refused| {
                refused.access_token.expose() != token.access_token.expose() || refused.base_url != token.base_url
            })
    }
}

impl Grant {
    /// Token address.
    pub(super) fn url(&self) -> &Url {
        match self {
            Grant::ClientCredentials { url, .. }
            | Grant::Password { url, .. }
            | Grant::RefreshToken { url, .. }
            | Grant::JwtBearer { url, .. } => url,
        }
    }

    /// The client credentials grant as RFC 6749 §4.4 has it.
    pub fn client_credentials(
        url: Url,
        client_id: impl Into<String>,
        client: ClientAuth,
        scope: Option<String>,
    ) -> Grant {
        Grant::ClientCredentials {
            url,
            grant_type: "client_credentials",
            encoding: Encoding::Form,
            client_id: client_id.into(),
            client,
            scope,
            extra: Vec::new(),
        }
    }

    /// A digest of the client and what it asks for. None of a grant that is a person's or an account's.
    pub(super) fn client(&self) -> Option<String> {
        let Grant::ClientCredentials {
            url,
            client_id,
            client: ClientAuth::Basic(secret) | ClientAuth::Post(secret),
            scope,
            extra,
            ..
        } = self
        else {
            return None;
        };
        let extra = extra.iter().flat_map(|(name, value)| [name.as_str(), value]);
        let of_client = [url.as_str(), client_id, secret.expose(), scope.as_deref().unwrap_or_default()];
        Some(digest(of_client.into_iter().chain(extra)))
    }

    /// Refuses a token that lacks scopes. One whose answer names none has all that were asked for: RFC 6749 §5.1.
    fn check_scopes(&self, granted: Option<&str>) -> Result<()> {
        let (Grant::ClientCredentials { scope: Some(wanted), .. } | Grant::Password { scope: Some(wanted), .. }) = self
        else {
            return Ok(());
        };
        let Some(granted) = granted else { return Ok(()) };
        let has = |wanted: &&str| granted.split_whitespace().any(|scope| scope == *wanted);
        let missing: Vec<&str> = wanted.split_whitespace().filter(|wanted| !has(wanted)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Authentication, format!("the vendor gave a token without {}", quoted(&missing)))
            .hint("grant the app these scopes, or ask for fewer"))
    }
}

impl Tokens {
    pub(crate) fn new(grant: Grant) -> Tokens {
        Tokens {
            grant,
            discovery: None,
            user: |_| None,
            checks_scopes: false,
            lifetime: None,
            client: None,
            state: Mutex::default(),
        }
    }

    fn owner<'o>(&'o self, http: &'o Http) -> TokenOwner<'o> {
        self.client.as_deref().map_or(TokenOwner::Account(http.0.runtime.account()), TokenOwner::Client)
    }

    /// The token to send, fetched if need be. `refused` is one that the vendor has just answered 401 to.
    pub(crate) async fn ready(&self, http: &Http, call: &Call, refused: Option<&Ready>) -> Result<Ready> {
        let usable = Usable { now: now(http), refused: refused.map(|refused| refused.token.clone()) };
        let known = self.state.try_lock().ok().and_then(|state| state.current.clone());
        if let Some(token) = known.filter(|token| usable.judge(token)) {
            return Ready::new(token);
        }
        let left = call.time_left(http.0.runtime.shared.clock.monotonic());
        let fetching = fetch_apart(http.clone(), usable);
        let fetched = async {
            match left {
                Some(left) => tokio::time::timeout(left, fetching)
                    .await
                    .map_err(|_| Error::new(ErrorKind::Timeout, "the call's deadline has passed"))?,
                None => fetching.await,
            }
            .map_err(|error| Error::unexpected("fetching the token was cut off").caused_by(error))?
        };
        let fetched = call.cancellation.run_until_cancelled(fetched).await;
        fetched.ok_or_else(|| Error::new(ErrorKind::Timeout, "the call was cancelled"))?
    }

    /// One fetch for all who wait.
    async fn current(&self, http: &Http, usable: Usable) -> Result<Ready> {
        let mut state = self.state.lock().await;
        let token = match state.current.clone().filter(|token| usable.judge(token)) {
            Some(token) => token,
            None => Arc::new(self.renew(http, &mut state, &usable).await?),
        };
        state.current = Some(token.clone());
        Ready::new(token)
    }

    /// Takes the token from the store, or fetches one under the store's lease and commits it.
    async fn renew(&self, http: &Http, state: &mut State, usable: &Usable) -> Result<StoredToken> {
        let shared = &http.0.runtime.shared;
        let owner = self.owner(http);
        for _ in 0..LEASE_POLLS {
            let stored = shared.credentials.load(owner).await?;
            if let Some(token) = stored.filter(|token| usable.judge(token)) {
                return Ok(token);
            }
            let Some(fence) = shared.credentials.lease(owner).await? else {
                shared.clock.sleep(LEASE_POLL).await;
                continue;
            };
            let renewed = self.renew_leased(http, state, usable, fence).await;
            if renewed.is_err() {
                // what went wrong before is what matters; a lease that is not given back ends by itself
                let _ = shared.credentials.release(owner, fence).await;
            }
            return renewed;
        }
        Err(Error::new(ErrorKind::Timeout, "another process is fetching this account's token and does not finish"))
    }

    /// With the lease: nobody else fetches now.
    async fn renew_leased(&self, http: &Http, state: &mut State, usable: &Usable, fence: u64) -> Result<StoredToken> {
        let credentials = &http.0.runtime.shared.credentials;
        let owner = self.owner(http);
        // somebody may have fetched one between the look and the lease; a refresh token is good for one use
        let stored = credentials.load(owner).await?;
        if let Some(token) = stored.as_ref().filter(|token| usable.judge(token)) {
            credentials.release(owner, fence).await?;
            return Ok(token.clone());
        }
        let kept = state.uncommitted.take().filter(|kept| kept.follows(stored.as_ref()));
        let before = stored.as_ref().and_then(|token| token.refresh_token.clone());
        let token = match kept {
            Some(kept) if usable.judge(&kept.token) => kept.token,
            Some(kept) => match self.fetch(http, Some(kept.token.clone())).await {
                Ok(token) => token,
                Err(error) => {
                    state.uncommitted = Some(kept);
                    return Err(error);
                }
            },
            None => self.fetch(http, stored).await?,
        };
        if let Err(error) = credentials.commit(owner, fence, &token).await {
            state.uncommitted = Some(Uncommitted { before, token });
            return Err(error);
        }
        Ok(token)
    }

    async fn fetch(&self, http: &Http, stored: Option<StoredToken>) -> Result<StoredToken> {
        let mut form: Vec<(String, String)> = Vec::new();
        let mut field = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        let mut authorization = None;
        // A refresh token may be used once; a repeat of a request that may have been carried out would burn it.
        let mut repeat = Repeat::Idempotent;
        let before = stored.and_then(|token| token.refresh_token);
        let mut written = Encoding::Form;
        let url = match &self.grant {
            Grant::ClientCredentials { url, grant_type, encoding, client_id, client, scope, extra } => {
                written = *encoding;
                if !grant_type.is_empty() {
                    field("grant_type", grant_type);
                }
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
            Grant::Password { url, client_id, client, scope, username, password } => {
                field("grant_type", "password");
                field("username", username);
                field("password", password.expose());
                if let Some(scope) = scope {
                    field("scope", scope);
                }
                authorization = client.prove(client_id, url, http, &mut field)?;
                url
            }
            Grant::JwtBearer { url, issuer, subject, audience, private_key, key_id } => {
                field("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
                let claims = Claims::new(issuer, subject, audience, now(http));
                field("assertion", &sign(&claims, private_key, key_id.as_deref())?);
                url
            }
        };
        let body = match written {
            Encoding::Form => Body::Form(form),
            Encoding::Json => Body::Json(as_object(form)?),
        };
        let prepared = Prepared::to_token_address(url.clone(), Method::POST, body, authorization, repeat);
        // with time of its own: the call that happens to be first must not cut it off for the others, and the lease must
        // not end before it
        let answer = http.exchange(&Call::new().deadline(TOKEN_TIME), &prepared).await.map_err(explain)?;
        let granted: Granted = answer.json()?;
        if granted.token_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("dpop")) {
            return Err(dpop());
        }
        if self.checks_scopes {
            self.grant.check_scopes(granted.scope.as_deref())?;
        }
        let lifetime = granted.expires_in.as_ref().and_then(seconds);
        let lifetime = lifetime.map(SignedDuration::from_secs).or(self.lifetime.and_then(|time| time.try_into().ok()));
        let base_url = self.discovery.and_then(|discovery| (discovery.read)(&answer));
        Ok(StoredToken {
            base_url,
            user: (self.user)(&answer),
            access_token: granted.access_token.into(),
            refresh_token: granted.refresh_token.map(Secret::from).or(before),
            expires_at: lifetime.and_then(|lifetime| now(http).checked_add(lifetime).ok()),
        })
    }
}

/// Fetches a token in a task of its own: one that the vendor gave is stored, even where the caller has gone by then. A
/// rotated refresh token would be lost otherwise.
fn fetch_apart(http: Http, usable: Usable) -> JoinHandle<Result<Ready>> {
    tokio::spawn(async move {
        match &http.0.auth {
            Auth::Token(tokens) => tokens.current(&http, usable).await,
            Auth::Header(..) => Err(Error::unexpected("no token")),
        }
    })
}

fn as_object(fields: Vec<(String, String)>) -> Result<Vec<u8>> {
    let object: serde_json::Map<String, serde_json::Value> =
        fields.into_iter().map(|(name, value)| (name, value.into())).collect();
    serde_json::to_vec(&object).map_err(|error| Error::config("the token request cannot be written").caused_by(error))
}

fn now(http: &Http) -> Timestamp {
    http.0.runtime.shared.clock.now()
}

/// RFC 6749 §5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
    scope: Option<String>,
}

/// Some vendors write the number as a text.
fn seconds(value: &serde_json::Value) -> Option<i64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    number.is_finite().then_some(number as i64)
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

/// Reads the error body of RFC 6749 §5.2: `{"error": …, "error_description": …}`.
pub(crate) fn oauth_fault(answer: &Answer) -> Option<Fault> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
        error_description: Option<String>,
    }
    let refusal: Refusal = serde_json::from_slice(&answer.body).ok()?;
    let kind = (answer.status < 429 && refusal.error != "invalid_scope").then_some(ErrorKind::Authentication);
    Some(Fault { code: Some(refusal.error), message: refusal.error_description, kind, ..Fault::default() })
}

/// What a token address says that answers errors in the vendor's words: without valid credentials there is no
/// permission to lack.
pub(crate) fn refused_token(answer: &Answer, said: Option<Fault>) -> Option<Fault> {
    let refused = matches!(answer.status, 401 | 403).then_some(ErrorKind::Authentication);
    said.map(|fault| Fault { kind: fault.kind.or(refused), ..fault })
}

/// Says what to do about a refused token request.
fn explain(error: Error) -> Error {
    // whatever became of the token, the request that wants it was not sent
    let error = error.with_outcome(Outcome::NotDone);
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
