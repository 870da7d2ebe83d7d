//! `/integrated-account`: the connections to vendors, without their secrets.
//!
//! `object.rs` has an account as the wire has it and the bodies these routes take, `crud.rs` lists, creates, changes and
//! deletes, `credentials.rs` proves and renews, `abilities.rs` tells what an account can be asked.

mod abilities;
mod credentials;
mod crud;
mod object;

use axum::Router;
use axum::routing::{get, patch, post};

pub use abilities::Tools;
pub use credentials::{AccountTokenBody, AccountTokenObject, Checked, IdBody, Success};
pub use crud::IdObject;
pub use object::{AccountObject, AccountPatch, BulkDeleteBody, MePatch, NewAccountBody};

use crate::state::AppState;

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/integrated-account", get(crud::list).post(crud::create))
        .route("/integrated-account/me", get(crud::me).patch(crud::change_me))
        .route("/integrated-account/token", post(credentials::token))
        .route("/integrated-account/refresh-credentials", post(credentials::refresh))
        .route("/integrated-account/run-post-install-actions", post(credentials::post_install))
        .route("/integrated-account/bulk-delete", post(crud::bulk_delete))
        .route("/integrated-account/{id}", get(crud::one).patch(crud::change).delete(crud::delete))
        .route("/integrated-account/{id}/credentials", patch(credentials::change))
        .route("/integrated-account/{id}/check", post(credentials::check))
        .route("/integrated-account/{id}/tools", get(abilities::tools))
        .route("/integrated-account/{id}/capabilities", get(abilities::capabilities))
}
