//! The unified routes, made from the table of actions.

use axum::Router;

use crate::state::AppState;

/// All unified routes.
pub fn routes() -> Router<AppState> {
    Router::new()
}
