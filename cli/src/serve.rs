//! `userdir serve`: the server on this machine's store.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use secrecy::ExposeSecret;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};
use userdir::Error;
use userdir_server::{Server, ServerConfig, config::Tls};
use userdir_store::{NewApiToken, Scope, Store, StoreError};

use crate::args::Globals;
use crate::audit;
use crate::errors::{Result, usage};
use crate::session::Session;

/// How the server runs.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070")]
    listen: SocketAddr,

    /// Address to answer /metrics on without a token; else it needs an administrator's.
    #[arg(long, value_name = "ADDR")]
    metrics_listen: Option<SocketAddr>,

    /// How the log on stderr is written.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,

    /// Certificate and its chain (PEM), to speak TLS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// Key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Requests in ten seconds with one token, as many at once where it was quiet; 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = 500, help_heading = "Limits")]
    token_rate: u32,

    /// Requests in ten seconds to one account, as many at once where it was quiet; 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = 50, help_heading = "Limits")]
    account_rate: u32,

    /// Requests under way at once.
    #[arg(long, value_name = "N", default_value_t = 2048, help_heading = "Limits")]
    in_flight: u32,

    /// Requests of one account under way at once; as many again may wait.
    #[arg(long, value_name = "N", default_value_t = 32, help_heading = "Limits")]
    account_in_flight: u32,

    /// Largest body of a request.
    #[arg(long, value_name = "MIB", default_value_t = 8, help_heading = "Limits")]
    body_limit: u16,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Holds the value of the first administrator's token.
const BOOTSTRAP: &str = "USERDIR_BOOTSTRAP_TOKEN";
/// What is logged where nothing else is asked for.
const FILTER: &str = "info,sqlx=warn,hyper=warn";

/// Serves until it is told to stop.
///
/// # Errors
/// Those of the store; an address that cannot be had; a certificate that cannot be read.
pub async fn run(session: &Session, serve: &Serve) -> Result<()> {
    let _logging = logging(session.globals(), serve.log_format)?;
    let store = session.store_or_new().await?;
    first_token(store.as_ref()).await?;
    let server = Server::bind(store, session.registry.clone(), session.runtime()?, serve.config(session.globals()));
    let server = server.await.map_err(|error| Error::config(error.to_string()))?;
    if let Some(address) = server.metrics_address() {
        eprintln!("metrics on http://{address}/metrics");
    }
    let stop = told_to_stop();
    eprintln!("listening on {}://{}", server.scheme(), server.address());
    Ok(server.run(stop).await?)
}

impl Serve {
    fn config(&self, globals: &Globals) -> ServerConfig {
        let mut config = ServerConfig::default();
        config.listen = self.listen;
        config.metrics_listen = self.metrics_listen;
        let files = self.tls_cert.clone().zip(self.tls_key.clone());
        config.tls = files.map(|(certificate, key)| Tls { certificate, key });
        config.limits.token_rate = NonZeroU32::new(self.token_rate);
        config.limits.account_rate = NonZeroU32::new(self.account_rate);
        config.limits.in_flight = self.in_flight.max(1) as usize;
        config.limits.account_in_flight = self.account_in_flight.max(1) as usize;
        config.limits.body_bytes = usize::from(self.body_limit.max(1)) << 20;
        if let Some(seconds) = globals.timeout {
            config.limits.request_time = Duration::from_secs(seconds);
        }
        config
    }
}

/// Makes the first token where there has never been one.
async fn first_token(store: &dyn Store) -> Result<()> {
    let given = std::env::var(BOOTSTRAP).ok().filter(|value| !value.trim().is_empty());
    let new = NewApiToken::new("first", Scope::Admin).audited(audit::deed("api-token/create"));
    match given {
        Some(value) => {
            store.create_first_api_token(new.secret(value.trim())).await.map_err(|error| match error {
                StoreError::InvalidSecret { reason } => usage(format!("{BOOTSTRAP} cannot be used: {reason}")),
                error => error.into(),
            })?;
        }
        None => {
            if let Some(made) = store.create_first_api_token(new).await? {
                eprintln!(
                    "the first token, for administrators; it is shown this once: {}",
                    made.secret.expose_secret()
                );
            }
        }
    }
    Ok(())
}

/// Done at ctrl-c or SIGTERM, which counts from now on and not only once this is waited for. A second ctrl-c ends everything
/// at once.
pub fn told_to_stop() -> impl Future<Output = ()> + Send + 'static {
    let terminated = terminated();
    async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated => {}
        }
        eprintln!("stopping; what is under way is finished (ctrl-c once more ends at once)");
        tokio::spawn(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        });
    }
}

#[cfg(unix)]
fn terminated() -> impl Future<Output = ()> + Send + 'static {
    let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async {
        match signal {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

/// The log of a server is always on.
fn logging(globals: &Globals, format: LogFormat) -> Result<Logging> {
    let filter = match (&globals.log, globals.verbose) {
        (Some(filter), _) => filter.clone(),
        (None, 0) => FILTER.to_owned(),
        (None, 1) => format!("{FILTER},userdir_server=debug,userdir_core=debug"),
        (None, _) => format!("{FILTER},userdir_server=trace,userdir_core=trace"),
    };
    let filter = EnvFilter::try_new(&filter).map_err(|error| usage(format!("--log `{filter}`: {error}")))?;
    let lines = match format {
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).json();
            layer.flatten_event(true).with_current_span(true).with_span_list(true).boxed()
        }
        LogFormat::Text => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            tracing_subscriber::fmt::layer()
                .with_writer(io::stderr)
                .with_ansi(io::stderr().is_terminal() && !plain)
                .boxed()
        }
    };
    let log = tracing_subscriber::registry().with(filter).with(lines);
    #[cfg(feature = "otel")]
    {
        let started = userdir_server::trace::start();
        let started = started.map_err(|error| Error::config(format!("traces cannot be sent: {error}")))?;
        let (layer, traces) = started.unzip();
        log.with(layer).init();
        Ok(Logging { _traces: traces })
    }
    #[cfg(not(feature = "otel"))]
    {
        log.init();
        Ok(Logging {})
    }
}

/// Ends what the log began, when it is dropped.
struct Logging {
    #[cfg(feature = "otel")]
    _traces: Option<userdir_server::trace::Traces>,
}
