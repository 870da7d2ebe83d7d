//! Proves and renews an account's credentials, and gives out tokens for one account.

use axum::extract::State;
use axum::{Extension, Json};
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use userdir::definition::{Definition, SettingKind};
use userdir_store::Account;

use super::object::{AccountObject, AccountPatch};
use crate::auth::Admin;
use crate::body::JsonBody;
use crate::platform::paths::Named;
use crate::platform::standing::{self, Asked};
use crate::platform::{audit, bodies};
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::state::AppState;

/// That it was done.
#[derive(Serialize, JsonSchema)]
pub struct Success {
    /// Always true: what failed is an error.
    pub success: bool,
}

impl Success {
    /// It was done.
    pub const YES: Success = Success { success: true };
}

/// That the vendor takes the credentials.
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// Always true: what failed is an error.
    pub ok: bool,
}

/// Which account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdBody {
    /// Its id or name.
    pub id: String,
}

/// For which account to make a token.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountTokenBody {
    /// Its id or name.
    pub integrated_account_id: String,
}

/// A token for one account: it reaches `/unified`, `/proxy`, `/custom` and `/integrated-account/me`, for 15 minutes.
#[derive(Serialize, JsonSchema)]
pub struct AccountTokenObject {
    /// Its value.
    pub integrated_account_token: String,
    /// When it ends.
    #[schemars(with = "userdir::schema::DateTime")]
    pub expires_at: String,
}

pub async fn token(
    State(state): State<AppState>,
    Admin(principal): Admin,
    Extension(request): Extension<RequestId>,
    JsonBody(members): JsonBody,
) -> Result<Json<AccountTokenObject>, Problem> {
    let body: AccountTokenBody = bodies::parse(members)?;
    let account = state.account(&principal, Some(&body.integrated_account_id)).await?;
    let deed = audit::deed(&principal, &request, "integrated-account/token");
    let issued = state.store().create_account_token(account.id, principal.token, Some(&deed)).await?;
    Ok(Json(AccountTokenObject {
        integrated_account_token: issued.secret.expose_secret().to_owned(),
        expires_at: issued.expires_at.to_string(),
    }))
}

/// `PATCH /{id}/credentials`: what proves who one is, and nothing else. In `context`, or as it is.
pub async fn change(
    State(state): State<AppState>,
    Admin(principal): Admin,
    Extension(request): Extension<RequestId>,
    Named(named): Named<String>,
    JsonBody(members): JsonBody,
) -> Result<Json<AccountObject>, Problem> {
    let account = state.account(&principal, Some(&named)).await?;
    let definition = state.registry().get(&account.integration)?.definition;
    let context = match members.get("context") {
        Some(Value::Object(context)) if members.len() == 1 => context.clone(),
        _ => members,
    };
    only_credentials(definition, &context)?;
    let patch = AccountPatch { context, ..AccountPatch::default() };
    let deed = audit::deed(&principal, &request, "integrated-account/credentials");
    Ok(Json(super::crud::apply(&state, &account, patch, deed).await?.into()))
}

fn only_credentials(definition: &Definition, context: &Map<String, Value>) -> Result<(), Problem> {
    if context.is_empty() {
        return Err(Problem::bad_request("no credentials are given")
            .hint("give them by the keys of the integration's definition"));
    }
    let is_credential = |key: &str| {
        let setting = definition.setting(key);
        setting.is_some_and(|setting| {
            setting.kind == SettingKind::Secret
                || !matches!(setting.kind, SettingKind::Url { .. })
                    && definition.schemes.iter().any(|scheme| scheme.needs.contains(&key))
        })
    };
    match context.keys().find(|key| !is_credential(key)) {
        None => Ok(()),
        Some(key) => Err(Problem::bad_request(format!("`{key}` is no credential of {}", definition.slug))
            .hint("settings are changed with `PATCH /integrated-account/{id}`")),
    }
}

pub async fn check(
    State(state): State<AppState>,
    Admin(principal): Admin,
    Named(named): Named<String>,
) -> Result<Json<Checked>, Problem> {
    let account = state.account(&principal, Some(&named)).await?;
    prove(&state, &account, false).await?;
    Ok(Json(Checked { ok: true }))
}

pub async fn refresh(
    State(state): State<AppState>,
    Admin(principal): Admin,
    JsonBody(members): JsonBody,
) -> Result<Json<Success>, Problem> {
    let body: IdBody = bodies::parse(members)?;
    let account = state.account(&principal, Some(&body.id)).await?;
    prove(&state, &account, true).await?;
    Ok(Json(Success::YES))
}

/// No provider has anything to do after its account is connected: what is left is to prove that it is.
pub async fn post_install(
    State(state): State<AppState>,
    Admin(principal): Admin,
    JsonBody(members): JsonBody,
) -> Result<Json<Success>, Problem> {
    let body: IdBody = bodies::parse(members)?;
    let account = state.account(&principal, Some(&body.id)).await?;
    prove(&state, &account, false).await?;
    Ok(Json(Success::YES))
}

/// Makes the vendor's check call, with a new token where that is asked for and the account has one, and keeps what it
/// shows.
async fn prove(state: &AppState, account: &Account, renew: bool) -> Result<(), Problem> {
    let _permit = state.enter(account).await?;
    let directory = state.connect(account).await?;
    let call = state.call();
    let proved = async {
        if renew {
            directory.renew_credentials(&call).await?;
        }
        directory.check(&call).await
    };
    let proved = proved.await;
    let asked = Asked { resource: "integrated-account", method: "check" };
    match proved.map_err(Problem::from) {
        Ok(()) => {
            standing::note(state, account, asked, true, None).await;
            Ok(())
        }
        Err(problem) => {
            standing::note_proof(state, account, asked, &problem).await;
            Err(problem)
        }
    }
}
