//! `/docs`: the OpenAPI document as a page. Written on the server, with no script and nothing from elsewhere.

pub mod page;
pub mod style;

use std::sync::LazyLock;

use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::openapi;
use crate::state::AppState;

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/docs", get(docs))
}

/// The page is the same for everybody, as long as the program runs.
static PAGE: LazyLock<String> = LazyLock::new(|| page::document(openapi::document()));

async fn docs() -> Response {
    protected(PAGE.as_str().to_owned())
}

/// A page that may load nothing but its own style.
pub fn protected(page: String) -> Response {
    let mut response = Html(page).into_response();
    let policy = format!(
        "default-src 'none'; style-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        style::SOURCE.as_str()
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
