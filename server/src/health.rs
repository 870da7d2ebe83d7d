//! Whether the process lives and the store answers.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::auth::Principal;
use crate::problem::Problem;
use crate::state::AppState;

/// `/healthz`, `/readyz` and `/ping`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/readyz", get(ready))
        .route("/ping", get(|_: Principal| async { Json(json!({"message": "pong"})) }))
}

async fn ready(State(state): State<AppState>) -> Response {
    match state.store().ready().await {
        Ok(()) => Json(json!({"status": "ok"})).into_response(),
        Err(error) => {
            tracing::warn!(%error, "the store does not answer");
            Problem::unavailable("the store does not answer").into_response()
        }
    }
}
