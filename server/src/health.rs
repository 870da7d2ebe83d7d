//! Whether the process lives and the store answers, and the numbers.

use crate::auth::{Admin, Principal};
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

/// `/healthz`, `/readyz`, `/metrics` and `/ping`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/ping", get(|_: Principal| async { Json(json!({"message": "pong"})) }))
}

/// Whether a path answers how the process is, which it must where it is busiest.
pub fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// `/metrics` without a token, for a listener of its own.
pub fn metrics_alone(state: AppState) -> Router {
    let numbers = |State(state): State<AppState>| async move { numbers(&state) };
    Router::new().route("/metrics", get(numbers)).with_state(state)
}

async fn metrics(State(state): State<AppState>, _: Admin) -> Result<Response, Problem> {
    Ok(numbers(&state))
}

fn numbers(state: &AppState) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics().render()).into_response()
}

async fn ready(State(state): State<AppState>) -> Response {
    match state.is_ready().await {
        true => Json(json!({"status": "ok"})).into_response(),
        false => Problem::unavailable("the store does not answer").into_response(),
    }
}
