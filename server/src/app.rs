//! The router and its layers, outermost first: slashes, request id and log, panics, requests under way.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use crate::problem::Problem;
use crate::request_id::{REQUEST_ID, RequestId};
use crate::state::AppState;
use crate::{health, limits, platform, unified};

/// The router with everything in it, ready to be served behind [`collapse_slashes`].
pub fn router(state: AppState) -> Router {
    let slots = Arc::new(Semaphore::new(state.limits().in_flight));
    Router::new()
        .merge(unified::routes())
        .merge(platform::routes())
        .merge(health::routes())
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(slots, limits::in_flight))
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a handler panicked");
            Problem::internal().into_response()
        }))
        .layer(from_fn(watch))
        .with_state(state)
}

async fn unknown(uri: Uri) -> Problem {
    Problem::not_found(format!("there is no `{}` here", uri.path())).hint("`/openapi.json` lists what there is")
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("`{}` does not take {method}", uri.path()))
}

/// Gives each request its id, and tells of it in the log: its route and never its address, which may name a person.
async fn watch(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id = %id.0, method = %request.method(), route);
    let header = id.header();
    request.extensions_mut().insert(id);
    let started = std::time::Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(header) = header {
        response.headers_mut().insert(REQUEST_ID, header);
    }
    let status = response.status().as_u16();
    span.in_scope(|| tracing::info!(status, ms = started.elapsed().as_millis() as u64, "answered"));
    response
}

/// Takes repeated slashes for one: clients glue base address and path together.
pub fn collapse_slashes<B>(mut request: axum::http::Request<B>) -> axum::http::Request<B> {
    let Cow::Owned(path) = single_slashes(request.uri().path()) else { return request };
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
