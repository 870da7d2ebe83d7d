//! What the server adds to a `users get`: the library's call, and the same call over loopback HTTP, against the same
//! vendor, turn by turn; then 32 clients at once, and the processor time that a request takes.
//!
//! Vendor, client and server are one process, so the processor time of a request is that of all three. What the server
//! itself takes is at most the difference to the library's line, which has the vendor too.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::task::JoinSet;
use userdir::{Action, Call, Directory, Registry, Runtime, Settings};
use userdir_server::{Server, ServerConfig};
use userdir_stand_in::{Answer, Handler, Received, StandIn, async_trait};
use userdir_store::{KeySource, NewAccount, NewApiToken, Scope, Store, open_sqlite};

/// Calls of each sort whose time is taken, after the warm-up.
const CALLS: usize = 3_000;
const WARM_UP: usize = 300;
/// Clients at once, and the requests of each.
const CLIENTS: usize = 32;
const REQUESTS: usize = 200;
const USER: &str = "00u000001NGTSWTBKOLG";
const SECRET: &str = "loopback-token";
/// Fields that cost a vendor request each.
const FURTHER: &[&str] = &["roles", "groups", "licenses", "is_2fa_enabled", "organizations"];

/// An Okta with one user, answered from memory.
struct Vendor(Bytes);

#[async_trait]
impl Handler for Vendor {
    async fn handle(&self, request: Received) -> Answer {
        let path: Vec<&str> = request.path.split('/').skip(3).collect();
        match path[..] {
            ["users", USER] => Answer::json(200, self.0.clone()),
            ["users", USER, "roles" | "groups" | "appLinks" | "factors"] => Answer::json(200, "[]"),
            ["org"] => Answer::json(200, r#"{"id":"00o1","companyName":"Acme"}"#),
            _ => Answer::json(404, r#"{"errorCode":"E0000007","errorSummary":"Not found"}"#),
        }
    }
}

/// The two ways to the same user, in the same words.
#[derive(Clone)]
struct Ways {
    library: Directory,
    client: reqwest::Client,
    url: String,
    token: String,
    left_out: &'static [&'static str],
}

impl Ways {
    async fn library(self) -> Result<()> {
        let call = Call::new().without_fields(self.left_out.iter().map(ToString::to_string));
        let user = self.library.call_json(&call, Action::GetUser, json!({ "id": USER })).await?;
        ensure!(user.value.get().contains(USER), "the library gave another user");
        Ok(())
    }

    async fn server(self) -> Result<()> {
        let url = format!("{}&truto_exclude_fields={}", self.url, self.left_out.join(","));
        let answer = self.client.get(url).bearer_auth(&self.token).send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        ensure!(status.is_success() && body.contains(USER), "the server answered {status}: {body}");
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    // lines as `userdir serve` logs them, with nobody to read them
    tracing_subscriber::fmt().with_env_filter("info,sqlx=warn,hyper=warn").with_writer(std::io::sink).init();
    let vendor = StandIn::serve(Arc::new(Vendor(Bytes::from(userdir_bench::user(1))))).await?;
    let folder = tempfile::tempdir()?;
    let (address, token) = serve(&vendor.base_url(), folder.path()).await?;
    for (what, left_out) in [("the user alone: 1 vendor request", FURTHER), ("the whole user: 6 vendor requests", &[])]
    {
        let ways = Ways {
            library: connect(&vendor.base_url())?,
            client: reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?,
            url: format!("http://{address}/unified/user-directory/users/{USER}?integrated_account_id=bench"),
            token: token.clone(),
            left_out,
        };
        println!("{what}");
        one_at_a_time(&ways).await?;
        let library = many_at_once("library", &ways, Ways::library).await?;
        let server = many_at_once("server", &ways, Ways::server).await?;
        println!("  added processor time   {:6.0} us a request", micros(server.saturating_sub(library)));
    }
    Ok(())
}

/// Connects as the library's users do.
fn connect(vendor: &str) -> Result<Directory> {
    let runtime = Runtime::builder().allow_private_networks(true).build()?;
    let settings = Settings::new().set("base_url", vendor).secret("api_token", SECRET);
    Ok(Registry::compiled_in().connect_with("okta", settings, &runtime)?)
}

/// Starts a server on a new store, with one account; gives its address and a token.
async fn serve(vendor: &str, folder: &Path) -> Result<(SocketAddr, String)> {
    let store: Arc<dyn Store> = Arc::new(open_sqlite(folder, KeySource::File).await?);
    let account = NewAccount::new("bench", "okta", "acme").set("base_url", vendor).secret("api_token", SECRET);
    store.create_account(account).await?;
    let token = store.create_api_token(NewApiToken::new("bench", Scope::Read)).await?;
    let mut config = ServerConfig::default();
    config.listen.set_port(0);
    (config.limits.token_rate, config.limits.account_rate) = (None, None);
    let runtime = Runtime::builder().allow_private_networks(true);
    let server = Server::bind(store, Registry::compiled_in(), runtime, config).await?;
    let address = server.address();
    tokio::spawn(server.run(std::future::pending()));
    Ok((address, token.secret.expose_secret().to_owned()))
}

/// The time of single calls, turn by turn, so that what else the machine does meets both.
async fn one_at_a_time(ways: &Ways) -> Result<()> {
    let (mut library, mut server) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    for _ in 0..WARM_UP {
        ways.clone().library().await?;
        ways.clone().server().await?;
    }
    for _ in 0..CALLS {
        library.push(timed(ways.clone().library()).await?);
        server.push(timed(ways.clone().server()).await?);
    }
    library.sort_unstable();
    server.sort_unstable();
    println!("  one at a time          library    server     added   ratio");
    for (name, of_1000) in [("p50", 500), ("p99", 990)] {
        let at = |times: &[Duration]| times.get(CALLS * of_1000 / 1_000).copied().unwrap_or_default();
        let (library, server) = (at(&library), at(&server));
        let (added, ratio) = (micros(server) - micros(library), micros(server) / micros(library));
        println!("  {name:<20} {:7.0} us {:6.0} us {added:6.0} us  {ratio:5.2} x", micros(library), micros(server));
    }
    Ok(())
}

/// Sends from 32 clients; gives the processor time of a call.
async fn many_at_once<F>(name: &str, ways: &Ways, call: fn(Ways) -> F) -> Result<Duration>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let (began, used_before) = (Instant::now(), processor_time()?);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let ways = ways.clone();
        clients.spawn(async move {
            for _ in 0..REQUESTS {
                call(ways.clone()).await?;
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let calls = (CLIENTS * REQUESTS) as f64;
    let (took, used) = (began.elapsed(), processor_time()?.saturating_sub(used_before));
    println!(
        "  {CLIENTS} clients, {name:<10} {:7.0} a second, {:6.0} a second and core",
        calls / took.as_secs_f64(),
        calls / used.as_secs_f64()
    );
    Ok(used.div_f64(calls))
}

async fn timed(call: impl Future<Output = Result<()>>) -> Result<Duration> {
    let began = Instant::now();
    call.await?;
    Ok(began.elapsed())
}

/// What this process has used of the processors, in user and kernel mode: `utime` and `stime` of proc(5), in ticks that
/// Linux counts a hundred of a second.
fn processor_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("processor time is read as Linux has it")?;
    // the name of the program may hold spaces and stands in brackets
    let (_, fields) = stat.rsplit_once(')').context("no name in /proc/self/stat")?;
    let ticks: Vec<u64> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
