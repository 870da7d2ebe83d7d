//! What an operator may choose.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

/// How the server runs. The defaults are those of the wire contract.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where to answer `/metrics` without a token; none answers it on the main address to administrators.
    pub metrics_listen: Option<SocketAddr>,
    /// Certificate chain and key as PEM files, to speak TLS itself.
    pub tls: Option<Tls>,
    /// Bounds of requests.
    pub limits: Limits,
    /// How long requests under way may take to end once the server is told to stop.
    pub grace: Duration,
}

/// Where the certificate is.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate and its chain, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

/// Bounds of requests. All hold for one process.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Largest body of a request, in bytes.
    pub body_bytes: usize,
    /// Most name and value pairs in a query.
    pub query_pairs: usize,
    /// Deepest brackets in a query.
    pub query_depth: usize,
    /// Longest time of a request, a stream's items aside.
    pub request_time: Duration,
    /// Longest time that a client may take for the head of a request, and a connection may say nothing.
    pub head_time: Duration,
    /// Connections at once; further ones are closed.
    pub connections: usize,
    /// Requests under way at once.
    pub in_flight: usize,
    /// Requests of one account under way at once; as many again may wait.
    pub account_in_flight: usize,
    /// Requests in ten seconds with one API token, as many at once where it was quiet; none for no limit.
    pub token_rate: Option<NonZeroU32>,
    /// Requests in ten seconds to one account, as many at once where it was quiet; none for no limit.
    pub account_rate: Option<NonZeroU32>,
    /// Connected directories that are kept.
    pub directories: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 8 << 20,
            query_pairs: 1_000,
            query_depth: 8,
            request_time: Duration::from_secs(100),
            head_time: Duration::from_secs(30),
            connections: 8_192,
            in_flight: 2_048,
            account_in_flight: 32,
            token_rate: NonZeroU32::new(500),
            account_rate: NonZeroU32::new(50),
            directories: 1_024,
        }
    }
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 7070)),
            metrics_listen: None,
            tls: None,
            limits: Limits::default(),
            grace: Duration::from_secs(30),
        }
    }
}
