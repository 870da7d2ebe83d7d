//! Listening, TLS, what is done now and then, and ending gracefully.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::Request;
use axum::middleware::AddExtension;
use axum::{Extension, ServiceExt};
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper::body::Incoming;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tower::Layer;
use tower::util::MapRequestLayer;
use userdir::Registry;
use userdir::runtime::RuntimeBuilder;
use userdir_store::Store;

use crate::config::ServerConfig;
use crate::journal::Writer;
use crate::metrics::Metrics;
use crate::state::AppState;
use crate::{app, health, unified};

/// A server that listens.
pub struct Server {
    state: AppState,
    writer: Writer,
    config: ServerConfig,
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
    tls: Option<RustlsConfig>,
    address: SocketAddr,
}

/// Bytes of the head of a request.
const HEAD_BYTES: usize = 128 << 10;
/// Bytes of a vendor's answer: many may be under way at once.
const VENDOR_BYTES: usize = 32 << 20;
/// How often numbers are taken in.
const UPKEEP: Duration = Duration::from_secs(5);
/// Upkeeps between two sweeps of the store.
const SWEEP: u32 = 24;

impl Server {
    /// Takes the address and reads the certificate. Nothing is answered yet.
    ///
    /// # Errors
    /// Where the address cannot be had, or the certificate cannot be read.
    pub async fn bind(
        store: Arc<dyn Store>,
        registry: Registry,
        runtime: RuntimeBuilder,
        config: ServerConfig,
    ) -> io::Result<Server> {
        let metrics = Arc::new(Metrics::default());
        let bounds = userdir::runtime::Limits {
            body_bytes: VENDOR_BYTES,
            items_bytes: unified::list::MOST_BYTES,
            ..Default::default()
        };
        let runtime =
            runtime.limits(bounds).meter(metrics.clone()).cursor_key(*store.derived_key("cursor").expose_secret());
        let runtime = runtime.build().map_err(io::Error::other)?;
        let tls = match &config.tls {
            Some(tls) => Some(RustlsConfig::from_pem_file(&tls.certificate, &tls.key).await.map_err(|error| {
                let (certificate, key) = (tls.certificate.display(), tls.key.display());
                io::Error::new(
                    error.kind(),
                    format!("cannot use the certificate {certificate} with the key {key}: {error}"),
                )
            })?),
            None => None,
        };
        let (state, writer) = AppState::new(store, registry, runtime, config.limits, metrics);
        let listener = listen(config.listen)?;
        let metrics_listener = config.metrics_listen.map(listen).transpose()?;
        let address = listener.local_addr()?;
        Ok(Server { state, writer, config, listener, metrics_listener, tls, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http`, or `https` where it speaks TLS itself.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Where the numbers are answered without a token.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// What the handlers share.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Answers until `stop` is done, then finishes what is under way.
    ///
    /// # Errors
    /// Where the listener fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let state = self.state;
        let grace = self.config.grace;
        let handle = Handle::new();
        let deadline = Arc::new(OnceLock::new());
        let stopping = tokio::spawn({
            let (handle, deadline) = (handle.clone(), deadline.clone());
            async move {
                stop.await;
                let _ = deadline.set(Instant::now() + grace);
                tracing::info!("no more requests are taken; those under way are finished");
                handle.graceful_shutdown(Some(grace));
            }
        });
        let written = tokio::spawn(self.writer.run(state.stopping().clone().cancelled_owned()));
        let upkeep = tokio::spawn(now_and_then(state.clone()));
        let numbers = self.metrics_listener.map(|listener| serve_metrics(listener, state.clone())).transpose()?;

        let service = MapRequestLayer::new(app::collapse_slashes::<Incoming>).layer(app::router(state.clone()));
        let service = ServiceExt::<Request<Incoming>>::into_make_service(service);
        let acceptor = Bounded::new(self.config.limits.connections);
        let server = bounded(axum_server::from_tcp(self.listener)?, self.config.limits.head_time).handle(handle);
        let served = match self.tls {
            Some(tls) => server.acceptor(RustlsAcceptor::new(tls).acceptor(acceptor)).serve(service).await,
            None => server.acceptor(acceptor).serve(service).await,
        };
        stopping.abort();
        // writes whose clients went away are finished all the same; reads that nobody waits for are not
        state.tasks().close();
        let deadline = deadline.get().copied().unwrap_or_else(|| Instant::now() + grace);
        let finished = tokio::time::timeout_at(deadline, state.tasks().wait()).await;
        if finished.is_err() {
            tracing::warn!(tasks = state.tasks().len(), "the time to finish is over; what is under way breaks off");
        }
        state.stopping().cancel();
        for task in [Some(upkeep), numbers].into_iter().flatten() {
            task.abort();
        }
        let _ = written.await;
        served
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The bounds of a connection: how long it may say nothing, and how large the head of a request may be.
fn bounded(mut server: axum_server::Server<SocketAddr>, head_time: Duration) -> axum_server::Server<SocketAddr> {
    let http = server.http_builder();
    http.http1().header_read_timeout(head_time).max_buf_size(HEAD_BYTES);
    http.http2()
        .max_header_list_size(HEAD_BYTES as u32)
        .max_concurrent_streams(256)
        .keep_alive_interval(head_time)
        .keep_alive_timeout(head_time);
    // until the first request it is not known which of the two it is
    server.first_request_timeout(head_time)
}

/// Takes so many connections at once and closes further ones, so that silent ones cannot use up what the process has.
#[derive(Clone)]
struct Bounded(Arc<Semaphore>);

impl Bounded {
    fn new(connections: usize) -> Bounded {
        Bounded(Arc::new(Semaphore::new(connections)))
    }
}

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = TcpStream;
    /// The place is given back with the connection's service.
    type Service = AddExtension<S, Arc<OwnedSemaphorePermit>>;
    type Future = std::future::Ready<io::Result<(TcpStream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let place = self.0.clone().try_acquire_owned().map_err(|_| io::Error::other("too many connections"));
        let taken = place.and_then(|place| {
            stream.set_nodelay(true)?;
            Ok((stream, Extension(Arc::new(place)).layer(service)))
        });
        std::future::ready(taken)
    }
}

/// Connections at once that ask for numbers alone.
const SCRAPERS: usize = 64;

fn serve_metrics(listener: TcpListener, state: AppState) -> io::Result<JoinHandle<()>> {
    let head_time = state.limits().head_time;
    let service = health::metrics_alone(state).into_make_service();
    let server = bounded(axum_server::from_tcp(listener)?, head_time).acceptor(Bounded::new(SCRAPERS));
    Ok(tokio::spawn(async move {
        if let Err(error) = server.serve(service).await {
            tracing::error!(%error, "the numbers are no longer served");
        }
    }))
}

/// What is done now and then: numbers, limits, and what has had its time in the store.
async fn now_and_then(state: AppState) {
    let mut ticks = tokio::time::interval(UPKEEP);
    let mut count = 0;
    loop {
        ticks.tick().await;
        state.metrics().upkeep();
        if count % SWEEP == 0 {
            state.limiter().tidy();
            if let Err(error) = state.store().sweep().await {
                tracing::warn!(%error, "the store cannot be swept");
            }
        }
        count = (count + 1) % SWEEP;
    }
}
