//! The platform routes: accounts, integrations, environments, tokens, link tokens and their page, the log.
//!
//! | file | holds |
//! |---|---|
//! | `accounts/` | `/integrated-account` |
//! | `connect.rs` | from a request's `context` to settings, and trying them out |
//! | `standing.rs` | what a call has shown of an account, kept with it |
//! | `integrations.rs`, `environments.rs`, `tokens.rs`, `log.rs` | the routes of that name |
//! | `link/` | `/link-token`, and the page that takes credentials |
//! | `audit.rs` | what the audit says of a change of the platform's own things |
//! | `bodies.rs`, `lists.rs`, `paths.rs` | what these routes share |

pub mod accounts;
pub mod audit;
pub mod bodies;
pub mod connect;
pub mod environments;
pub mod integrations;
pub mod link;
pub mod lists;
pub mod log;
pub mod paths;
pub mod standing;
pub mod tokens;

use axum::Router;

use crate::state::AppState;

/// All platform routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .merge(accounts::routes())
        .merge(integrations::routes())
        .merge(environments::routes())
        .merge(tokens::routes())
        .merge(link::routes())
        .merge(log::routes())
        .merge(crate::proxy::routes())
        .merge(crate::meta::routes())
        .merge(crate::openapi::routes())
        .merge(crate::docs::routes())
}
