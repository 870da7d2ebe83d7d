//! What an account can be asked: its own connection may lack what its vendor has.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::auth::Principal;
use crate::meta;
use crate::platform::integrations::Chosen;
use crate::platform::lists;
use crate::platform::paths::Named;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::AppState;

/// Tools for agents.
#[derive(Serialize, JsonSchema)]
pub struct Tools {
    /// One for each method.
    pub result: Vec<meta::Tool>,
}

pub async fn tools(
    State(state): State<AppState>,
    principal: Principal,
    Named(named): Named<String>,
    mut query: Query,
) -> Result<Json<Tools>, Problem> {
    let account = state.account(&principal, Some(&named)).await?;
    let (methods, tags) = (query.words("methods")?, query.words("tags")?);
    lists::nothing_left(&query, &["methods", "tags"])?;
    let directory = state.connect(&account).await?;
    Ok(Json(Tools { result: meta::tools(directory.definition(), directory.actions(), &methods, &tags) }))
}

pub async fn capabilities(
    State(state): State<AppState>,
    principal: Principal,
    Named(named): Named<String>,
    query: Query,
) -> Result<Json<meta::Capabilities>, Problem> {
    let account = state.account(&principal, Some(&named)).await?;
    let chosen = Chosen::of(query)?;
    let directory = state.connect(&account).await?;
    let mut capabilities = chosen.capabilities(directory.definition(), directory.actions());
    capabilities.account =
        Some(meta::AccountCapability { status: account.status.as_str().to_owned(), is_blocked: false });
    Ok(Json(capabilities))
}
