//! The vendor's side: a mock server, a raw listener for faults below HTTP, a clock that does not wait, a token store.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use userdir_core::runtime::{Limits, RuntimeBuilder};
use userdir_core::{
    Clock, CredentialStore, Directory, Error, Registry, Result, Runtime, Settings, StoredToken, TokenOwner, async_trait,
};
use wiremock::{MockServer, Request, ResponseTemplate};

/// A clock whose sleeps take no time and are noted.
#[derive(Default)]
pub struct TestClock {
    now: Mutex<Duration>,
    sleeps: Mutex<Vec<Duration>>,
}

impl TestClock {
    pub fn sleeps(&self) -> Vec<Duration> {
        self.sleeps.lock().unwrap().clone()
    }

    pub fn advance(&self, time: Duration) {
        *self.now.lock().unwrap() += time;
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::constant(1_800_000_000, 0) + *self.now.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    async fn sleep(&self, pause: Duration) {
        self.sleeps.lock().unwrap().push(pause);
        self.advance(pause);
        tokio::task::yield_now().await;
    }
}

/// A connected provider and the vendor behind it.
pub struct World {
    pub server: MockServer,
    pub clock: Arc<TestClock>,
    pub directory: Directory,
}

pub fn registry() -> Registry {
    Registry::collect(&[], &["okta", "acme"])
}

/// Bounds with which a fault shows soon.
pub fn limits() -> Limits {
    Limits { request_timeout: Duration::from_secs(1), connect_timeout: Duration::from_secs(1), ..Limits::default() }
}

pub fn builder(clock: &Arc<TestClock>) -> RuntimeBuilder {
    Runtime::builder()
        .clock(clock.clone())
        .random(|| 0.0)
        .allow_private_networks(true)
        .limits(limits())
        .cursor_key([7; 32])
        .account("test")
}

pub fn settings(base: &str) -> Settings {
    Settings::new().set("base_url", base).secret("token", "canary-token")
}

impl World {
    pub async fn new() -> World {
        World::of("acme", |settings| settings).await
    }

    pub async fn paging(how: &str) -> World {
        World::of("acme", |settings| settings.set("paging", how)).await
    }

    pub async fn of(slug: &str, change: impl FnOnce(Settings) -> Settings) -> World {
        World::built(slug, change, |builder| builder).await
    }

    pub async fn built(
        slug: &str,
        change: impl FnOnce(Settings) -> Settings,
        build: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder,
    ) -> World {
        // wiremock blocks when it is dropped; with the task's budget used up it would block for ever
        tokio::task::yield_now().await;
        let server = MockServer::start().await;
        let clock = Arc::new(TestClock::default());
        let runtime = build(builder(&clock)).build().unwrap();
        let directory = registry().connect_with(slug, change(settings(&server.uri())), &runtime).unwrap();
        World { server, clock, directory }
    }

    /// Answers by a function of method, path with query, and the number of such requests before.
    pub async fn serve(&self, answer: impl Fn(&str, &str, usize) -> ResponseTemplate + Send + Sync + 'static) {
        let seen: Mutex<Vec<String>> = Mutex::default();
        let respond = move |request: &Request| {
            let path = target(request);
            let line = format!("{} {path}", request.method);
            let mut seen = seen.lock().unwrap();
            let before = seen.iter().filter(|known| **known == line).count();
            seen.push(line);
            answer(request.method.as_str(), &path, before)
        };
        wiremock::Mock::given(wiremock::matchers::any()).respond_with(respond).mount(&self.server).await;
    }

    pub async fn requests(&self) -> Vec<Request> {
        let requests = self.server.received_requests().await.unwrap();
        tokio::task::yield_now().await;
        requests
    }

    /// `METHOD path?query` of each request.
    pub async fn lines(&self) -> Vec<String> {
        self.requests().await.iter().map(|request| format!("{} {}", request.method, target(request))).collect()
    }

    /// The lines of requests that are no reads.
    pub async fn writes(&self) -> Vec<String> {
        self.lines().await.into_iter().filter(|line| !line.starts_with("GET")).collect()
    }
}

pub fn target(request: &Request) -> String {
    match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    }
}

pub fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub fn status(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

/// Users `u<from>` to `u<to>`.
pub fn users(numbers: impl IntoIterator<Item = u32>) -> Vec<Value> {
    numbers
        .into_iter()
        .map(|n| json!({ "id": format!("u{n}"), "name": format!("User {n}"), "status": "active" }))
        .collect()
}

/// Value of a query parameter.
pub fn param(path: &str, name: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// Whether this is the child process in which a test runs alone, with these variables set; runs it where it is not.
pub fn alone(test: &str, variables: &[(&str, &str)]) -> bool {
    const CHILD: &str = "USERDIR_TEST_ALONE";
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let proxies = ["NO_PROXY", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"];
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test]).env(CHILD, "1");
    for name in proxies {
        child.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = child.envs(variables.iter().copied()).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}

/// What the raw listener does with a connection.
#[derive(Clone)]
pub enum Act {
    /// Writes these bytes and closes.
    Say(Vec<u8>),
    /// Closes without a word.
    Close,
    /// Says nothing for long.
    Hang,
    /// Writes these bytes and then nothing for long.
    Stall(Vec<u8>),
    /// Writes a head without length and then bytes without end.
    Endless,
}

pub fn say(text: impl Into<String>) -> Act {
    Act::Say(text.into().into_bytes())
}

pub fn json_answer(body: &str) -> Act {
    say(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()))
}

/// A listener that plays one act a connection, the last one for ever.
pub struct Raw {
    pub uri: String,
    pub requests: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    pub async fn start(acts: Vec<Act>) -> Raw {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, acts) = (seen.clone(), acts.clone());
                tokio::spawn(async move { play(stream, &seen, &acts).await });
            }
        });
        Raw { uri, requests }
    }

    pub fn count(&self, method: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|request| request.starts_with(method)).count()
    }

    /// Connected with so much time for a request that only something else can end it.
    pub fn patient(&self) -> Directory {
        let limits = Limits { request_timeout: Duration::from_secs(15), ..limits() };
        let runtime = builder(&Arc::default()).limits(limits).build().unwrap();
        registry().connect_with("acme", settings(&self.uri), &runtime).unwrap()
    }

    pub fn directory(&self, slug: &str) -> (Directory, Arc<TestClock>) {
        let clock = Arc::new(TestClock::default());
        let runtime = builder(&clock).build().unwrap();
        (registry().connect_with(slug, settings(&self.uri), &runtime).unwrap(), clock)
    }
}

async fn play(mut stream: TcpStream, seen: &Mutex<Vec<String>>, acts: &[Act]) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => request.extend_from_slice(&buffer[..n]),
            _ => return,
        }
        let text = String::from_utf8_lossy(&request);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0usize) {
                break;
            }
        }
    }
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(String::from_utf8_lossy(&request).into_owned());
        seen.len() - 1
    };
    match acts.get(number).or(acts.last()) {
        Some(Act::Say(bytes)) => {
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
        Some(Act::Stall(bytes)) => {
            let _ = stream.write_all(bytes).await;
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        Some(Act::Hang) => tokio::time::sleep(Duration::from_secs(20)).await,
        Some(Act::Endless) => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b' '; 65536]).await.is_ok() {}
        }
        Some(Act::Close) | None => {}
    }
}

/// A token store that notes what is asked of it.
#[derive(Default)]
pub struct TestStore {
    pub token: Mutex<Option<StoredToken>>,
    pub log: Mutex<Vec<String>>,
    pub commit_fails: AtomicBool,
    pub release_fails: AtomicBool,
    /// Leases that are refused before one is given.
    pub held: AtomicU32,
    /// Put into the store when a lease is given or refused: another process was faster.
    pub other: Mutex<Option<StoredToken>>,
}

pub fn stored(access: &str, refresh: Option<&str>) -> StoredToken {
    StoredToken {
        access_token: access.into(),
        refresh_token: refresh.map(Into::into),
        expires_at: None,
        base_url: None,
        user: None,
    }
}

impl TestStore {
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }
}

#[async_trait]
impl CredentialStore for TestStore {
    async fn load(&self, _: TokenOwner<'_>) -> Result<Option<StoredToken>> {
        Ok(self.token.lock().unwrap().clone())
    }

    async fn lease(&self, _: TokenOwner<'_>) -> Result<Option<u64>> {
        if let Some(token) = self.other.lock().unwrap().take() {
            *self.token.lock().unwrap() = Some(token);
        }
        if self.held.load(Ordering::SeqCst) > 0 {
            self.held.fetch_sub(1, Ordering::SeqCst);
            return Ok(None);
        }
        self.note("lease");
        Ok(Some(1))
    }

    async fn commit(&self, _: TokenOwner<'_>, _: u64, token: &StoredToken) -> Result<()> {
        if self.commit_fails.load(Ordering::SeqCst) {
            return Err(Error::config("the store is full"));
        }
        self.note(format!("commit {}", token.access_token.expose()));
        *self.token.lock().unwrap() = Some(token.clone());
        Ok(())
    }

    async fn release(&self, _: TokenOwner<'_>, _: u64) -> Result<()> {
        self.note("release");
        match self.release_fails.load(Ordering::SeqCst) {
            true => Err(Error::config("the store is gone")),
            false => Ok(()),
        }
    }
}
