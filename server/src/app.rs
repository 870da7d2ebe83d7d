//! The router and its layers, outermost first: slashes, request id with log and numbers, panics, requests under way.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{Extensions, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument, Span};
use userdir_store::{Account, LogEntry};

use crate::metrics::Answered;
use crate::problem::Problem;
use crate::request_id::{REQUEST_ID, RequestId};
use crate::state::AppState;
use crate::{deadline, health, platform, trace, unified};

/// The router with everything in it, ready to be served behind [`collapse_slashes`].
pub fn router(state: AppState) -> Router {
    Router::new()
        .merge(unified::routes())
        .merge(platform::routes())
        .merge(health::routes())
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), bound))
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a handler panicked");
            Problem::internal().into_response()
        }))
        .layer(from_fn_with_state(state.clone(), watch))
        .with_state(state)
}

async fn unknown(uri: Uri) -> Problem {
    Problem::not_found(format!("there is no `{}` here", uri.path()))
        .hint("`/openapi.json` lists what there is; a `/` inside an id is written `%2F`")
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("`{}` does not take {method}", uri.path()))
}

/// Time for reading the request and for what the vendor's own deadline does not cover.
const SLACK: Duration = Duration::from_secs(30);

/// Holds the number of requests under way and the time of each down. What answers the health of the process is let in
/// always.
async fn bound(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if health::is_open(request.uri().path()) {
        return next.run(request).await;
    }
    let _place = match state.limiter().enter() {
        Ok(place) => place,
        Err(problem) => return problem.into_response(),
    };
    let time = state.limits().request_time + SLACK;
    let request = deadline::within(Instant::now() + state.limits().request_time, next.run(request));
    match tokio::time::timeout(time, request).await {
        Ok(response) => response,
        Err(_) => {
            let message = format!("the request took longer than {} seconds", time.as_secs());
            Problem::new(StatusCode::GATEWAY_TIMEOUT, message).into_response()
        }
    }
}

/// What a request was about, for the log and the numbers.
#[derive(Clone, Debug)]
pub struct Served {
    account: uuid::Uuid,
    tenant_id: String,
    integration: String,
    request_type: &'static str,
    resource: String,
    method: String,
}

/// Where a handler says what its request is about, as soon as it knows.
#[derive(Clone, Debug, Default)]
pub struct About(Arc<OnceLock<Served>>);

impl About {
    /// Of a request.
    pub fn of(extensions: &Extensions) -> About {
        extensions.get::<About>().cloned().unwrap_or_default()
    }

    /// It is about this.
    pub fn is(&self, served: Served) {
        // a request is about one thing, and the first to say which knows
        let _ = self.0.set(served);
    }
}

/// Items in an answer. Handlers put it into their response.
#[derive(Clone, Copy, Debug)]
pub struct Count(pub u64);

impl Served {
    /// A call to an account: `unified`, `proxy` or `custom`, and which resource and method.
    pub fn new(account: &Account, request_type: &'static str, resource: &str, method: &str) -> Served {
        Served {
            account: account.id,
            tenant_id: account.tenant_id.clone(),
            integration: account.integration.clone(),
            request_type,
            resource: resource.to_owned(),
            method: method.to_owned(),
        }
    }

    /// The action; the paths of proxy and custom calls are the callers' own and no labels.
    fn action(&self) -> String {
        match self.request_type {
            "unified" => format!("{}/{}", self.resource, self.method),
            other => other.to_owned(),
        }
    }
}

/// Gives each request its id, and tells of it in the log and the numbers.
async fn watch(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = known(request.method());
    let span = tracing::info_span!("request", id = %id.0, method, route);
    trace::adopt(&span, request.headers());
    let header = id.header();
    let about = About::default();
    request.extensions_mut().insert(id);
    request.extensions_mut().insert(about.clone());
    let mut watch = Watch::new(state, span.clone(), route, method, about);
    let mut response = next.run(request).instrument(span).await;
    watch.status = response.status().as_u16();
    watch.count = response.extensions_mut().remove::<Count>().map(|count| count.0);
    drop(watch);
    if let Some(header) = header {
        response.headers_mut().insert(REQUEST_ID, header);
    }
    response
}

/// The status of a request whose client went away before it was answered, as others write it.
const GONE: u16 = 499;

/// Counts a request, and tells of it at its end, also where its client went away: its route and never its address, which may
/// name a person.
struct Watch {
    state: AppState,
    span: Span,
    route: String,
    method: &'static str,
    about: About,
    started: Instant,
    status: u16,
    count: Option<u64>,
}

impl Watch {
    fn new(state: AppState, span: Span, route: String, method: &'static str, about: About) -> Watch {
        state.metrics().in_flight(1.0);
        Watch { state, span, route, method, about, started: Instant::now(), status: GONE, count: None }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let (state, status, count, took) = (&self.state, self.status, self.count, self.started.elapsed());
        let served = self.about.0.get();
        let (provider, action) = served.map(|it| (it.integration.as_str(), it.action())).unwrap_or_default();
        state.metrics().in_flight(-1.0);
        self.span.in_scope(|| {
            let account = served.map(|served| tracing::field::display(served.account));
            tracing::info!(status, ms = millis(took), account, provider, action, count, "answered");
        });
        let (route, method) = (self.route.as_str(), self.method);
        state.metrics().answered(Answered { route, method, provider, action: &action, status, took });
        if let Some(served) = served {
            state.journal().add(LogEntry {
                timestamp: jiff::Timestamp::now(),
                account: served.account,
                tenant_id: served.tenant_id.clone(),
                integration: served.integration.clone(),
                request_type: served.request_type.to_owned(),
                resource: served.resource.clone(),
                method: served.method.clone(),
                http_method: method.to_owned(),
                status,
                duration_ms: millis(took),
                result_count: count,
            });
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A method as a label: there are few.
fn known(method: &Method) -> &'static str {
    const METHODS: [&str; 7] = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"];
    METHODS.into_iter().find(|known| method.as_str() == *known).unwrap_or("other")
}

/// The path as the client sent it, where its slashes were collapsed.
#[derive(Clone, Debug)]
pub struct RawPath(pub String);

/// Takes repeated slashes for one: clients glue base address and path together.
pub fn collapse_slashes<B>(mut request: axum::http::Request<B>) -> axum::http::Request<B> {
    let Cow::Owned(path) = single_slashes(request.uri().path()) else { return request };
    let raw = RawPath(request.uri().path().to_owned());
    request.extensions_mut().insert(raw);
    let mut parts = request.uri().clone().into_parts();
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    parts.path_and_query = PathAndQuery::try_from(format!("{path}{query}")).ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

fn single_slashes(path: &str) -> Cow<'_, str> {
    let ends = path.len() > 1 && path.ends_with('/');
    if !path.contains("//") && !ends {
        return Cow::Borrowed(path);
    }
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let path = segments.fold(String::with_capacity(path.len()), |path, segment| path + "/" + segment);
    Cow::Owned(if path.is_empty() { "/".to_owned() } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_collapse() {
        for (path, expected) in [
            ("/", "/"),
            ("//", "/"),
            ("/a/b", "/a/b"),
            ("//unified///user-directory/users/", "/unified/user-directory/users"),
            ("/a/b%2F%2Fc", "/a/b%2F%2Fc"),
        ] {
            assert_eq!(single_slashes(path), expected, "{path}");
        }
    }
}
