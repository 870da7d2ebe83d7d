//! Own limits: requests under way, and requests in a time.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// Requests under way in all: one too many is told to come back, so that those under way can end.
pub async fn in_flight(State(slots): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    match slots.try_acquire() {
        Ok(_held) => next.run(request).await,
        Err(_) => Problem::too_many("the server is busy", Duration::from_secs(1)).into_response(),
    }
}
