//! An account as the wire has it, and the bodies of its routes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use userdir_store::{Account, ForbiddenError};
use uuid::Uuid;

use crate::platform::environments::ENVIRONMENT;
use crate::platform::integrations::{IntegrationName, environment_integration_id};

/// An account. Its secrets are left out; `secret_keys` names those it has.
#[derive(Serialize, JsonSchema)]
pub struct AccountObject {
    /// Given by the server, never used twice.
    #[schemars(with = "String")]
    pub id: Uuid,
    /// Unique name; it is taken wherever an id is.
    pub name: String,
    /// Whom it belongs to, in the caller's own words.
    pub tenant_id: String,
    /// The only environment.
    #[schemars(with = "String")]
    pub environment_id: Uuid,
    /// Made of the integration's slug.
    #[schemars(with = "String")]
    pub environment_integration_id: Uuid,
    /// `connecting`, `active`, `needs_reauth`, `validation_error` or `post_install_error`.
    pub status: String,
    /// Nothing is written through a sandbox account.
    pub is_sandbox: bool,
    /// How it authenticates.
    pub authentication_method: Option<String>,
    /// Its setting `region`, where its provider has one.
    pub region: Option<String>,
    /// Its settings, by the keys of its provider's definition.
    pub context: Map<String, Value>,
    /// Names of the secrets that it has.
    pub secret_keys: Vec<String>,
    /// Settings kept elsewhere; there are none.
    pub object_store_context_fields: Vec<String>,
    /// Its provider.
    pub integration: IntegrationName,
    /// The last thing that went wrong with its credentials.
    pub last_error: Option<String>,
    /// The last time the vendor did not allow something.
    pub last_forbidden_error: Option<ForbiddenObject>,
    /// Mappings of its own; there are none.
    pub unified_model_override: Map<String, Value>,
    /// When it was created.
    #[schemars(with = "userdir::schema::DateTime")]
    pub created_at: String,
    /// When it was last changed.
    #[schemars(with = "userdir::schema::DateTime")]
    pub updated_at: String,
}

/// What the vendor did not allow.
#[derive(Serialize, JsonSchema)]
pub struct ForbiddenObject {
    /// Such as `users`.
    pub resource: String,
    /// Such as `list`.
    pub method: String,
    /// The vendor's scopes that are missing, where that is known.
    pub missing_scopes: Vec<String>,
    /// When.
    #[schemars(with = "userdir::schema::DateTime")]
    pub occurred_at: String,
}

impl From<ForbiddenError> for ForbiddenObject {
    fn from(error: ForbiddenError) -> ForbiddenObject {
        ForbiddenObject {
            resource: error.resource,
            method: error.method,
            missing_scopes: error.missing_scopes,
            occurred_at: error.occurred_at.to_string(),
        }
    }
}

impl From<Account> for AccountObject {
    fn from(account: Account) -> AccountObject {
        AccountObject {
            id: account.id,
            name: account.name,
            tenant_id: account.tenant_id,
            environment_id: *ENVIRONMENT,
            environment_integration_id: environment_integration_id(&account.integration),
            status: account.status.as_str().to_owned(),
            is_sandbox: account.is_sandbox,
            authentication_method: account.authentication_method,
            region: account.settings.get("region").cloned(),
            context: account.settings.into_iter().map(|(key, value)| (key, Value::String(value))).collect(),
            secret_keys: account.secret_keys,
            object_store_context_fields: Vec::new(),
            integration: IntegrationName::of(&account.integration),
            last_error: account.last_error,
            last_forbidden_error: account.last_forbidden_error.map(ForbiddenObject::from),
            unified_model_override: Map::new(),
            created_at: account.created_at.to_string(),
            updated_at: account.updated_at.to_string(),
        }
    }
}

/// What it takes to create an account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountBody {
    /// Slug of the integration, such as `okta`. Give it, or `environment_integration_id`.
    pub integration: Option<String>,
    /// Id of the environment integration.
    #[schemars(with = "Option<String>")]
    pub environment_integration_id: Option<Uuid>,
    /// Whom it belongs to, in the caller's own words.
    pub tenant_id: Option<String>,
    /// Unique name; made from the integration where it is left out.
    pub name: Option<String>,
    /// One of the integration's ways to authenticate; the first whose settings are all given is taken otherwise.
    pub authentication_method: Option<String>,
    /// Settings and secrets, by the keys of the integration's definition.
    #[serde(default)]
    pub context: Map<String, Value>,
    /// The setting `region`, where the integration has one; `wnam`, `enam`, `apac` and `eu` mean nothing here.
    pub region: Option<String>,
    /// Whether nothing may be written through it.
    #[serde(default)]
    pub is_sandbox: bool,
}

/// A change of an account. What is left out stays as it is.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    /// A new name.
    pub name: Option<String>,
    /// A new tenant.
    pub tenant_id: Option<String>,
    /// Another way to authenticate.
    pub authentication_method: Option<String>,
    /// Settings and secrets to add or replace; null takes one away, the others stay.
    #[serde(default)]
    pub context: Map<String, Value>,
    /// The setting `region`, where the integration has one.
    pub region: Option<String>,
    /// Whether nothing may be written through it.
    pub is_sandbox: Option<bool>,
}

/// What an account token may change of its account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MePatch {
    /// Settings and secrets to add or replace, addresses aside.
    #[serde(default)]
    pub context: Map<String, Value>,
}

/// Which accounts to delete.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkDeleteBody {
    /// Their ids or names.
    #[serde(alias = "integrated_account_ids")]
    pub ids: Vec<String>,
}
