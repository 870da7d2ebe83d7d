//! What a connection runs on: HTTP client, clock, randomness, token store. Shared by many accounts, each with its own
//! [`Runtime::for_account`].

use std::{
    collections::HashMap,
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::http::egress::{Egress, GuardedResolver};
use crate::http::rate::Pacer;
use crate::http::root_cause;
use crate::settings::{Secret, Settings};

/// Time as the library sees it, so that tests need not wait.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, pause: Duration);
}

/// The machine's own clock.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> SystemClock {
        SystemClock(Instant::now())
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

/// A token as it is kept between calls.
#[derive(Clone, Debug)]
pub struct StoredToken {
    /// For the `Authorization` header.
    pub access_token: Secret,
    /// For the next one, where the vendor gives one.
    pub refresh_token: Option<Secret>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Where the API is, for vendors that say so with the token.
    pub base_url: Option<String>,
    /// Id of the user whose it is, for vendors that say so with the token.
    pub user: Option<String>,
}

/// Longest time that fetching a token takes, however slow the vendor is: a limit of so many a minute can be waited out.
pub const TOKEN_TIME: Duration = Duration::from_secs(90);

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenOwner<'o> {
    /// An account, by its name in the [`Runtime`].
    Account(&'o str),
    /// All accounts that are connected as one client, by a digest of its credentials: for vendors where a new token ends
    /// the one before.
    Client(&'o str),
}

impl fmt::Display for TokenOwner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenOwner::Account(name) => write!(f, "account {name}"),
            TokenOwner::Client(digest) => write!(f, "client {digest}"),
        }
    }
}

/// Where tokens are kept, so that replicas and restarts share them.
///
/// A rotated refresh token is committed before the access token that came with it is used; the fencing number of the
/// lease keeps a slow holder from overwriting a newer one.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// The token of an owner, if there is one.
    async fn load(&self, owner: TokenOwner<'_>) -> Result<Option<StoredToken>>;

    /// Asks for the right to fetch a new one; none while somebody else has it. It must last longer than [`TOKEN_TIME`]:
    /// two who fetch at once would spend the same refresh token.
    async fn lease(&self, owner: TokenOwner<'_>) -> Result<Option<u64>>;

    /// Stores the new token and gives the lease back; refuses a fencing number that is no longer the newest.
    async fn commit(&self, owner: TokenOwner<'_>, fence: u64, token: &StoredToken) -> Result<()>;

    /// Gives the lease back without a token, after a failed fetch.
    async fn release(&self, owner: TokenOwner<'_>, fence: u64) -> Result<()>;
}

/// Keeps tokens in this process.
#[derive(Debug, Default)]
pub struct MemoryCredentials {
    tokens: Mutex<HashMap<String, StoredToken>>,
    /// Until when who has asked for it may fetch.
    leases: Mutex<HashMap<String, Instant>>,
}

/// How long a fetch may take before another may try.
const LEASE: Duration = TOKEN_TIME.saturating_add(Duration::from_secs(30));

impl MemoryCredentials {
    fn end_lease(&self, owner: TokenOwner<'_>) {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner).remove(&owner.to_string());
    }
}

#[async_trait]
impl CredentialStore for MemoryCredentials {
    async fn load(&self, owner: TokenOwner<'_>) -> Result<Option<StoredToken>> {
        Ok(self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(&owner.to_string()).cloned())
    }

    // of an account one connection fetches at a time; of a client several may
    async fn lease(&self, owner: TokenOwner<'_>) -> Result<Option<u64>> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if leases.get(&owner.to_string()).is_some_and(|until| *until > now) {
            return Ok(None);
        }
        leases.insert(owner.to_string(), now + LEASE);
        Ok(Some(0))
    }

    async fn commit(&self, owner: TokenOwner<'_>, _fence: u64, token: &StoredToken) -> Result<()> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(owner.to_string(), token.clone());
        self.end_lease(owner);
        Ok(())
    }

    async fn release(&self, owner: TokenOwner<'_>, _fence: u64) -> Result<()> {
        self.end_lease(owner);
        Ok(())
    }
}

/// Is told what the HTTP layer does, for metrics: how often and how long, and never of whom.
pub trait Meter: Send + Sync {
    /// A request was answered with this status, or had no answer; `took` is from sending to the last byte.
    fn request(&self, _provider: &'static str, _status: Option<u16>, _took: Duration) {}

    /// A request waits this long, because the vendor's window is used up.
    fn wait(&self, _provider: &'static str, _pause: Duration) {}

    /// A request is sent again after this failure and pause.
    fn retry(&self, _provider: &'static str, _after: ErrorKind, _pause: Duration) {}
}

/// Nobody is told.
struct Unmetered;

impl Meter for Unmetered {}

/// What connections run on. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
    pub(crate) account: Arc<str>,
}

#[derive(Clone)]
pub(crate) struct Shared {
    pub client: reqwest::Client,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Fn() -> f64 + Send + Sync>,
    pub credentials: Arc<dyn CredentialStore>,
    pub meter: Arc<dyn Meter>,
    pub egress: Egress,
    pub cursor_key: [u8; 32],
    pub limits: Limits,
    /// Pacing by account, so that two connections of one account do not overrun it together.
    pub pacers: Arc<Mutex<HashMap<Arc<str>, Arc<Pacer>>>>,
}

/// The account of a runtime that nobody gave a name.
const UNNAMED: &str = "default";
/// Pacers kept before those of closed connections are dropped.
const PACERS: usize = 1024;

/// Bounds of a single vendor request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest time from sending to the last byte of the answer.
    pub request_timeout: Duration,
    /// Longest time to get a connection.
    pub connect_timeout: Duration,
    /// Largest body that is read, after decompression.
    pub body_bytes: usize,
    /// Largest text that the items of one limited list may have together, as JSON.
    pub items_bytes: usize,
    /// Longest single wait that a rate limit may cost before the call gives up with `RateLimited`.
    pub patience: Duration,
    /// Requests sent for one read at most.
    pub attempts: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            request_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            body_bytes: 64 << 20,
            items_bytes: 256 << 20,
            patience: Duration::from_secs(120),
            attempts: 5,
        }
    }
}

impl Runtime {
    /// With the machine's clock, tokens in memory, https and public addresses only.
    ///
    /// # Errors
    /// `Config` where the machine's certificates cannot be read.
    pub fn new() -> Result<Runtime> {
        Runtime::builder().build()
    }

    /// To choose otherwise.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    /// The same, for another account: tokens, pacing and cursors are its own.
    #[must_use]
    pub fn for_account(&self, account: impl Into<Arc<str>>) -> Runtime {
        Runtime { shared: self.shared.clone(), account: account.into() }
    }

    /// The same, with another place for tokens: what is kept for one account may hang on its settings.
    #[must_use]
    pub fn with_credentials(&self, credentials: Arc<dyn CredentialStore>) -> Runtime {
        let shared = Shared { credentials, ..Shared::clone(&self.shared) };
        Runtime { shared: Arc::new(shared), account: self.account.clone() }
    }

    /// Under a name of its own where nobody gave the account one: two connections that share a runtime must never share
    /// a token. The name is made of what is not secret, so it stays the same.
    pub(crate) fn named_after(&self, slug: &str, settings: &Settings) -> Runtime {
        if &*self.account != UNNAMED {
            return self.clone();
        }
        let plain = settings.plain().iter().flat_map(|(key, value)| [key.as_str(), value]);
        let digest: String = digest(plain).chars().take(16).collect();
        self.for_account(format!("{UNNAMED}:{slug}:{digest}"))
    }

    /// The account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The pacer of this account.
    pub(crate) fn pacer(&self) -> Arc<Pacer> {
        let mut pacers = self.shared.pacers.lock().unwrap_or_else(PoisonError::into_inner);
        if pacers.len() >= PACERS {
            pacers.retain(|_, pacer| Arc::strong_count(pacer) > 1);
        }
        pacers.entry(self.account.clone()).or_default().clone()
    }
}

/// A digest of texts, each with its length, so that no two neighbours read as one. In hexadecimal.
pub(crate) fn digest<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Chooses the parts of a [`Runtime`].
#[must_use]
pub struct RuntimeBuilder {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Fn() -> f64 + Send + Sync>,
    credentials: Arc<dyn CredentialStore>,
    meter: Arc<dyn Meter>,
    allow_private: bool,
    system_proxy: bool,
    ca: Vec<reqwest::Certificate>,
    no_tls: bool,
    cursor_key: Option<[u8; 32]>,
    limits: Limits,
    user_agent: String,
    account: Arc<str>,
}

impl Default for RuntimeBuilder {
    fn default() -> RuntimeBuilder {
        RuntimeBuilder {
            clock: Arc::new(SystemClock::default()),
            random: Arc::new(unit_random),
            credentials: Arc::new(MemoryCredentials::default()),
            meter: Arc::new(Unmetered),
            allow_private: false,
            system_proxy: false,
            ca: Vec::new(),
            no_tls: false,
            cursor_key: None,
            limits: Limits::default(),
            user_agent: concat!("userdir/", env!("CARGO_PKG_VERSION")).to_owned(),
            account: UNNAMED.into(),
        }
    }
}

impl RuntimeBuilder {
    /// Another clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Another source of jitter: numbers from 0 up to 1.
    pub fn random(mut self, random: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// Another place for tokens.
    pub fn credentials(mut self, credentials: Arc<dyn CredentialStore>) -> Self {
        self.credentials = credentials;
        self
    }

    /// Tells this of every request, wait and retry.
    pub fn meter(mut self, meter: Arc<dyn Meter>) -> Self {
        self.meter = meter;
        self
    }

    /// Vendor addresses may be http, and may point to loopback and private networks.
    pub fn allow_private_networks(mut self, allow: bool) -> Self {
        self.allow_private = allow;
        self
    }

    /// Takes `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` from the environment. The egress guard then checks names and
    /// literal addresses before they are handed to the proxy; it cannot see what the proxy resolves them to.
    pub fn system_proxy(mut self, on: bool) -> Self {
        self.system_proxy = on;
        self
    }

    /// Trusts nobody's certificate, so that only plain HTTP works: for stand-ins on loopback. Reading the machine's own
    /// certificates takes longer than most calls.
    pub fn without_tls(mut self) -> Self {
        self.no_tls = true;
        self
    }

    /// Trusts the certificates of a PEM file besides the machine's own.
    ///
    /// # Errors
    /// `Config` where the file cannot be read or holds no certificate.
    pub fn ca_file(mut self, path: &Path) -> Result<Self> {
        let wrong = |what: String| Error::config(format!("`--ca-file {}`: {what}", path.display()));
        let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.to_string()))?;
        if certificates.is_empty() {
            return Err(wrong("holds no certificate; give it as PEM".into()));
        }
        // tried out now, so that the error names the file
        install_crypto();
        let trial = certificates
            .iter()
            .cloned()
            .fold(reqwest::Client::builder(), |client, certificate| client.add_root_certificate(certificate));
        trial.build().map_err(|error| wrong(format!("holds what is no certificate: {}", root_cause(&error))))?;
        self.ca.extend(certificates);
        Ok(self)
    }

    /// The key that cursors are authenticated with. Without one cursors end with the process.
    pub fn cursor_key(mut self, key: [u8; 32]) -> Self {
        self.cursor_key = Some(key);
        self
    }

    /// Other bounds.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The account the runtime is for; see [`Runtime::for_account`].
    pub fn account(mut self, account: impl Into<Arc<str>>) -> Self {
        self.account = account.into();
        self
    }

    /// Builds it.
    ///
    /// # Errors
    /// `Config` where TLS cannot be set up.
    pub fn build(self) -> Result<Runtime> {
        install_crypto();
        let egress = Egress::new(self.allow_private);
        let proxies = if self.system_proxy { crate::http::egress::system_proxies() } else { Vec::new() };
        let mut client = reqwest::Client::builder()
            .user_agent(self.user_agent)
            .connect_timeout(self.limits.connect_timeout)
            .redirect(crate::http::egress::redirects())
            .tcp_nodelay(true)
            .dns_resolver(Arc::new(GuardedResolver::new(egress, proxies)));
        if !self.system_proxy {
            client = client.no_proxy();
        }
        if self.no_tls {
            client = client.tls_certs_only([]);
        }
        for certificate in self.ca {
            client = client.add_root_certificate(certificate);
        }
        let client = client
            .build()
            .map_err(|error| Error::config(format!("TLS cannot be set up: {}", root_cause(&error))).caused_by(error))?;
        let cursor_key = match self.cursor_key {
            Some(key) => key,
            None => random_key()?,
        };
        let shared = Shared {
            client,
            clock: self.clock,
            random: self.random,
            credentials: self.credentials,
            meter: self.meter,
            egress,
            cursor_key,
            limits: self.limits,
            pacers: Arc::default(),
        };
        Ok(Runtime { shared: Arc::new(shared), account: self.account })
    }
}

/// Sets the TLS stack of this process, where nobody has: for other libraries that speak HTTPS, too.
pub fn install_crypto() {
    // A second call answers that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// 32 random bytes of the operating system.
fn random_key() -> Result<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| Error::config(format!("the system gives no random bytes: {error}")))?;
    Ok(key)
}

/// A number from 0 up to 1, for jitter. Where the system has no random bytes, no jitter.
fn unit_random() -> f64 {
    getrandom::u32().map_or(0.0, |bits| f64::from(bits) / (f64::from(u32::MAX) + 1.0))
}
