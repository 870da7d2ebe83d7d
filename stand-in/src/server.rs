//! A small HTTP/1.1 server on a free port of loopback.

use std::{io, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::wire::Wire;

/// Answers requests: from a script ([`play`](crate::play)), or from state of its own.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    async fn handle(&self, request: Received) -> Answer;

    /// Whether the next connection is taken; one that is not is reset before anything of it is read.
    fn admits(&self) -> bool {
        true
    }
}

/// A request as it came, its body read to the end.
#[derive(Clone, Debug)]
pub struct Received {
    /// HTTP method.
    pub method: String,
    /// Path, percent-encoded as sent.
    pub path: String,
    /// Query, percent-decoded, in the order sent; a `+` stays a `+`.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Received {
    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; none where it is empty or something else.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    async fn read(request: Request<Incoming>) -> Option<Received> {
        let (head, body) = request.into_parts();
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pairs = head.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Some(Received {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: query.map(|(name, value)| (decoded(name), decoded(value))).collect(),
            headers: head.headers,
            body: body.collect().await.ok()?.to_bytes(),
        })
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers; a name may stand there more than once.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
    /// What goes wrong on its way.
    pub breaks: Option<Break>,
}

/// What goes wrong below HTTP on an answer's way: see [`Answer::broken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The connection is reset; nothing of the answer is sent.
    Reset,
    /// Half of the body is sent, then the connection is closed.
    CutBody,
    /// The body is sent in chunks; the second half and the last chunk are missing.
    CutChunk,
    /// Half of the body is sent without saying how long it is, then the connection is closed as if that were all.
    CutWithoutLength,
    /// The head is sent and half of the body, and then nothing more.
    Stall,
}

impl Answer {
    /// No body.
    pub fn empty(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), body: Bytes::new(), breaks: None }
    }

    /// The same, delivered so.
    #[must_use]
    pub fn broken(self, breaks: Break) -> Answer {
        Answer { breaks: Some(breaks), ..self }
    }

    /// This body, as JSON.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Answer {
        Answer { body: body.into(), ..Answer::empty(status) }.header(CONTENT_TYPE.as_str(), "application/json")
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Answer {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            // what cannot be a header is left out: the client then misses it, which is what the fixture would show
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// A free port of loopback, for what must know its address before it can answer.
#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Takes one.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn take() -> io::Result<Port> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        Ok(Port { listener, address })
    }

    /// Its address, without a slash at the end.
    pub fn base_url(&self) -> String {
        base_of(self.address)
    }

    /// Serves from a handler.
    pub fn serve(self, handler: Arc<dyn Handler>) -> StandIn {
        StandIn { address: self.address, accepting: tokio::spawn(accept(self.listener, handler)) }
    }
}

/// A running server. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl StandIn {
    /// Serves from a handler.
    ///
    /// # Errors
    /// Where there is no free port.
    pub async fn serve(handler: Arc<dyn Handler>) -> io::Result<StandIn> {
        Ok(Port::take().await?.serve(handler))
    }

    /// Its address, without a slash at the end.
    pub fn base_url(&self) -> String {
        base_of(self.address)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // the task owns the connections, so that they end with it
        self.accepting.abort();
    }
}

fn base_of(address: SocketAddr) -> String {
    format!("http://{address}")
}

async fn accept(listener: TcpListener, handler: Arc<dyn Handler>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        if !handler.admits() {
            let _ = stream.set_zero_linger();
            continue;
        }
        // a client that pipelines small requests must not wait for delayed acknowledgements
        let _ = stream.set_nodelay(true);
        let Ok((stream, wire)) = Wire::beside(stream) else { continue };
        let handler = handler.clone();
        connections.spawn(async move {
            let service = service_fn(|request| async {
                let answer = match Received::read(request).await {
                    Some(received) => handler.handle(received).await,
                    None => Answer::empty(400),
                };
                match answer.breaks {
                    None => Ok(answer.into_response()),
                    Some(breaks) => Err(wire.deliver(&answer, breaks).await),
                }
            });
            // a client that leaves in the middle is no matter of ours
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}
