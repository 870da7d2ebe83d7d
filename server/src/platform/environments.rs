//! `/environment`: there is one, and it is fixed. Whoever needs two runs two servers.

use std::sync::LazyLock;

use axum::routing::get;
use axum::{Json, Router};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::lists::{self, PlatformList};
use crate::auth::Principal;
use crate::platform::paths::Named;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::AppState;

/// The environment.
#[derive(Serialize, JsonSchema)]
pub struct Environment {
    /// Its id, the same on every server.
    #[schemars(with = "String")]
    pub id: Uuid,
    /// Its name.
    pub name: &'static str,
    /// Whether it holds real accounts.
    pub is_default: bool,
}

/// Id of the only environment.
pub static ENVIRONMENT: LazyLock<Uuid> = LazyLock::new(|| stable_id("environment", "default"));

/// An id made of names alone: the same on every server and for ever. A custom UUID of RFC 9562, version 8.
pub fn stable_id(kind: &str, name: &str) -> Uuid {
    let digest = Sha256::digest(format!("userdir {kind} {name}"));
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/environment", get(list)).route("/environment/{id}", get(one))
}

fn environment() -> Environment {
    Environment { id: *ENVIRONMENT, name: "default", is_default: true }
}

async fn list(_: Principal, mut query: Query) -> Result<Json<PlatformList<Environment>>, Problem> {
    page_parameters(&mut query)?;
    Ok(Json(PlatformList::whole(vec![environment()])))
}

async fn one(_: Principal, Named(id): Named<String>) -> Result<Json<Environment>, Problem> {
    let environment = environment();
    if id == environment.name || Uuid::try_parse(&id).is_ok_and(|id| id == environment.id) {
        return Ok(Json(environment));
    }
    Err(Problem::not_found(format!("there is no environment `{id}`")))
}

/// Takes what every list takes, of one that fits on a page, and refuses the rest.
///
/// # Errors
/// 400.
pub fn page_parameters(query: &mut Query) -> Result<(), Problem> {
    lists::limit(query, lists::LIMIT)?;
    if query.text("next_cursor")?.is_some() {
        return Err(Problem::bad_request("the cursor is not one of this list; start again without it"));
    }
    lists::nothing_left(query, &["limit", "next_cursor"])
}
