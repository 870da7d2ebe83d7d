//! Listening, TLS, and ending gracefully.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::ServiceExt;
use axum::http::Request;
use axum_server::Handle;
use hyper::body::Incoming;
use tower::Layer;
use tower::util::MapRequestLayer;
use userdir::{Registry, Runtime};
use userdir_store::Store;

use crate::app;
use crate::config::ServerConfig;
use crate::state::AppState;

/// A server that listens.
pub struct Server {
    state: AppState,
    config: ServerConfig,
    listener: TcpListener,
    address: SocketAddr,
}

/// Longest time a client may take for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(30);

impl Server {
    /// Takes the address. Nothing is answered yet.
    ///
    /// # Errors
    /// Where the address cannot be had.
    pub fn bind(
        store: Arc<dyn Store>,
        registry: Registry,
        runtime: Runtime,
        config: ServerConfig,
    ) -> io::Result<Server> {
        let listener = TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Server { state: AppState::new(store, registry, runtime, config.limits), config, listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        let handle = Handle::new();
        tokio::spawn({
            let (handle, state, grace) = (handle.clone(), self.state.clone(), self.config.grace);
            async move {
                stop.await;
                state.stopping().cancel();
                handle.graceful_shutdown(Some(grace));
            }
        });
        let router = app::router(self.state.clone());
        let service = MapRequestLayer::new(app::collapse_slashes::<Incoming>).layer(router);
        let service = ServiceExt::<Request<Incoming>>::into_make_service(service);
        let mut server = axum_server::from_tcp(self.listener)?.handle(handle);
        server.http_builder().http1().header_read_timeout(HEAD_TIME);
        server.serve(service).await?;
        // what clients no longer wait for is finished all the same
        self.state.tasks().close();
        let _ = tokio::time::timeout(self.config.grace, self.state.tasks().wait()).await;
        Ok(())
    }
}
