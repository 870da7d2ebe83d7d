//! `/api-token`, to read: tokens are made with `userdir tokens create`, and nobody sees their values again. A token that is
//! bound to accounts sees those that reach no others.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use schemars::JsonSchema;
use serde::Serialize;
use userdir_store::{ApiToken, StoreError};
use uuid::Uuid;

use super::environments::{ENVIRONMENT, page_parameters};
use super::lists::PlatformList;
use crate::auth::Admin;
use crate::platform::paths::Named;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::AppState;

/// An API token, without its value.
#[derive(Serialize, JsonSchema)]
pub struct ApiTokenObject {
    /// Id.
    #[schemars(with = "String")]
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The only environment.
    #[schemars(with = "String")]
    pub environment_id: Uuid,
    /// Who made it; tokens are made on the server's own machine.
    pub created_by: Option<String>,
    /// `read`, `write` or `admin`.
    pub scope: &'static str,
    /// Ids of the accounts that it reaches; null for all.
    #[schemars(with = "Option<Vec<String>>")]
    pub accounts: Option<Vec<Uuid>>,
    /// When it was made.
    #[schemars(with = "userdir::schema::DateTime")]
    pub created_at: String,
    /// When it ends; null for never.
    #[schemars(with = "Option<userdir::schema::DateTime>")]
    pub expires_at: Option<String>,
    /// When it was last used, to the minute.
    #[schemars(with = "Option<userdir::schema::DateTime>")]
    pub last_used_at: Option<String>,
    /// When it was revoked.
    #[schemars(with = "Option<userdir::schema::DateTime>")]
    pub revoked_at: Option<String>,
}

impl From<ApiToken> for ApiTokenObject {
    fn from(token: ApiToken) -> ApiTokenObject {
        ApiTokenObject {
            id: token.id,
            name: token.name,
            environment_id: *ENVIRONMENT,
            created_by: None,
            scope: token.scope.as_str(),
            accounts: token.accounts.map(|accounts| accounts.into_iter().collect()),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|time| time.to_string()),
            last_used_at: token.last_used_at.map(|time| time.to_string()),
            revoked_at: token.revoked_at.map(|time| time.to_string()),
        }
    }
}

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/api-token", get(list)).route("/api-token/{id}", get(one))
}

async fn list(
    State(state): State<AppState>,
    Admin(principal): Admin,
    mut query: Query,
) -> Result<Json<PlatformList<ApiTokenObject>>, Problem> {
    page_parameters(&mut query)?;
    let tokens = state.store().api_tokens().await?;
    let seen = tokens.into_iter().filter(|token| principal.sees_token(token));
    Ok(Json(PlatformList::whole(seen.map(ApiTokenObject::from).collect())))
}

async fn one(
    State(state): State<AppState>,
    Admin(principal): Admin,
    Named(named): Named<String>,
) -> Result<Json<ApiTokenObject>, Problem> {
    let token = state.store().api_token(&named).await?;
    let hidden = || StoreError::NotFound { what: "token", name: named };
    principal.sees_token(&token).then(|| Json(token.into())).ok_or_else(|| hidden().into())
}
