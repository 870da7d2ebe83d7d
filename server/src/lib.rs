//! The wire API over HTTP: unified routes over every connected account, and the platform routes around them.
//!
//! How to read this crate:
//!
//! | file | holds |
//! |---|---|
//! | `config.rs` | [`ServerConfig`]: what an operator may choose |
//! | `serve.rs` | [`Server`]: listening, TLS, ending gracefully |
//! | `app.rs` | the router and its layers, outermost first |
//! | `state.rs` | [`AppState`]: the store, the registry, connected directories |
//! | `auth.rs` | who asks ([`auth::Principal`]) and what that allows |
//! | `problem.rs` | every error as the wire has it ([`problem::Problem`]) |
//! | `query/`, `body.rs` | what a request says, in all spellings that clients have |
//! | `params.rs` | the parameters with a meaning of their own |
//! | `unified/` | the unified routes, made from the table of actions |
//! | `writes/` | what every write goes through: audit, `Idempotency-Key`, unknown outcomes |
//! | `platform/` | accounts, tokens, integrations, link page, proxy, logs, documents |
//! | `limits.rs`, `journal.rs`, `metrics.rs`, `trace.rs`, `health.rs`, `request_id.rs` | operation |
//!
//! The order of checks on every route: who asks (401), may they (403), which account (404), can the provider do it (501), is the request
//! right (400), and only then the vendor.

pub mod answer;
pub mod app;
pub mod auth;
pub mod body;
pub mod config;

pub mod deadline;
pub mod docs;
pub mod health;
pub mod journal;
pub mod limits;
pub mod meta;
pub mod metrics;
pub mod openapi;
pub mod params;
pub mod platform;
pub mod problem;
pub mod proxy;
pub mod query;
pub mod request_id;
pub mod serve;
pub mod state;
pub mod trace;
pub mod unified;
mod vendor_headers;
pub mod writes;

pub use config::ServerConfig;
pub use serve::Server;
pub use state::AppState;
