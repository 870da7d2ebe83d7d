//! The platform routes: accounts, integrations, tokens, link tokens and their page, proxy and custom, logs, documents.

use axum::Router;

use crate::state::AppState;

/// All platform routes.
pub fn routes() -> Router<AppState> {
    Router::new()
}
