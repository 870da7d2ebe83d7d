//! Lists, creates, changes and deletes accounts.

use axum::extract::State;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use userdir::Registration;
use userdir::definition::{Definition, SettingKind};
use userdir_store::{Account, AccountFilter, AccountStatus, Deed, StoreError, credentials};
use uuid::Uuid;

use super::object::{AccountObject, AccountPatch, BulkDeleteBody, MePatch, NewAccountBody};
use crate::auth::{Admin, Principal, Reach};
use crate::body::JsonBody;
use crate::platform::lists::{self, PlatformList};
use crate::platform::paths::Named;
use crate::platform::{audit, bodies, connect, integrations};
use crate::problem::Problem;
use crate::query::Query;
use crate::request_id::RequestId;
use crate::state::AppState;

/// The id of what was deleted.
#[derive(Serialize, JsonSchema)]
pub struct IdObject {
    /// Id.
    #[schemars(with = "String")]
    pub id: Uuid,
}

/// Filters of the list.
const FILTERS: &[&str] = &[
    "tenant_id",
    "is_sandbox",
    "status",
    "name",
    "integration.name",
    "environment_integration_id",
    "created_at",
    "updated_at",
    "limit",
    "next_cursor",
];

pub async fn list(
    State(state): State<AppState>,
    Admin(principal): Admin,
    mut query: Query,
) -> Result<Json<PlatformList<AccountObject>>, Problem> {
    let limit = lists::limit(&mut query, lists::LIMIT)?;
    let mut cursor = query.text("next_cursor")?;
    let filter = filter(&state, &mut query)?;
    lists::nothing_left(&query, FILTERS)?;
    loop {
        let page = state.store().accounts_page(&filter, limit, cursor.as_deref()).await?;
        let seen = page.accounts.into_iter().filter(|account| principal.sees(account.id));
        let result: Vec<AccountObject> = seen.map(AccountObject::from).collect();
        // no empty page with a cursor: some clients stop there
        if !result.is_empty() || page.next_cursor.is_none() {
            return Ok(Json(PlatformList { result, next_cursor: page.next_cursor, limit }));
        }
        cursor = page.next_cursor;
    }
}

/// The filter of a query.
fn filter(state: &AppState, query: &mut Query) -> Result<AccountFilter, Problem> {
    let mut filter = AccountFilter::default();
    filter.tenant_id = lists::texts(query, "tenant_id")?;
    filter.name = lists::texts(query, "name")?;
    let statuses = lists::texts(query, "status")?;
    filter.status = statuses.map(|words| words.iter().map(|word| AccountStatus::from(word.as_str())).collect());
    filter.created_at = lists::range(query, "created_at")?;
    filter.updated_at = lists::range(query, "updated_at")?;
    filter.is_sandbox = match lists::texts(query, "is_sandbox")?.unwrap_or_default().as_slice() {
        [] => None,
        [word] if word == "true" => Some(true),
        [word] if word == "false" => Some(false),
        _ => return Err(Problem::bad_request("`is_sandbox` must be `true` or `false`")),
    };
    let slug = |known: &Registration| known.definition.slug.to_owned();
    // an alias is as good; a slug that is not compiled in may still have accounts
    let named = |named: String| state.registry().get(&named).map_or(named, slug);
    let named = lists::texts(query, "integration.name")?.map(|names| names.into_iter().map(named).collect::<Vec<_>>());
    let by_id = lists::texts(query, "environment_integration_id")?.map(|ids| {
        let known = ids.iter().filter_map(|id| integrations::find_installed(state, id).ok());
        known.map(slug).collect::<Vec<_>>()
    });
    filter.integration = match (named, by_id) {
        (Some(named), Some(by_id)) => Some(named.into_iter().filter(|slug| by_id.contains(slug)).collect()),
        (named, by_id) => named.or(by_id),
    };
    Ok(filter)
}

pub async fn create(
    State(state): State<AppState>,
    Admin(principal): Admin,
    Extension(request): Extension<RequestId>,
    JsonBody(members): JsonBody,
) -> Result<Json<AccountObject>, Problem> {
    if !matches!(principal.reach, Reach::All) {
        return Err(Problem::forbidden("this token reaches certain accounts and cannot create others")
            .hint("use a token that is not bound to accounts"));
    }
    let body: NewAccountBody = bodies::parse(members)?;
    let (registration, tenant) = match (chosen(&state, &body)?, body.tenant_id.as_deref().filter(|id| !id.is_empty())) {
        (Some(registration), Some(tenant)) => (registration, tenant),
        (integration, tenant) => {
            let absent = [(integration.is_none(), "integration"), (tenant.is_none(), "tenant_id")];
            let names: Vec<&str> = absent.into_iter().filter(|(absent, _)| *absent).map(|(_, name)| name).collect();
            return Err(bodies::missing(&names));
        }
    };
    let definition = registration.definition;
    let context = connect::read(definition, with_region(definition, body.context, body.region)?)?;
    let scheme = connect::scheme(definition, &context.given, body.authentication_method.as_deref())?;
    connect::trial(&state, definition, &context.given, None)?;
    let method = body.authentication_method.as_deref().unwrap_or(scheme.name);
    let deed = audit::deed(&principal, &request, "integrated-account/create");
    loop {
        let name = body.name.clone().unwrap_or_else(|| connect::default_name(definition));
        let new = connect::new_account(&name, definition, tenant, method, &context.given).audited(deed.clone());
        let new = if body.is_sandbox { new.sandbox() } else { new };
        match state.store().create_account(new).await {
            // a name of our own making that happens to be there: the next one is another
            Err(StoreError::NameTaken { .. }) if body.name.is_none() => {}
            created => return Ok(Json(created?.into())),
        }
    }
}

/// The provider that a body names.
fn chosen(state: &AppState, body: &NewAccountBody) -> Result<Option<&'static Registration>, Problem> {
    let wrong = |problem: Problem| Problem::bad_request(problem.message().to_owned());
    let named = body.integration.as_deref().map(|named| integrations::find(state, named)).transpose().map_err(wrong)?;
    let by_id = body.environment_integration_id.map(|id| integrations::find_installed(state, &id.to_string()));
    let by_id = by_id.transpose().map_err(wrong)?;
    match (named, by_id) {
        (Some(named), Some(by_id)) if named.definition.slug != by_id.definition.slug => Err(Problem::bad_request(
            "`integration` and `environment_integration_id` name two integrations; give one of them",
        )),
        (named, by_id) => Ok(named.or(by_id)),
    }
}

/// Regions of the hosted service, which say where it keeps its data. This server keeps it where it stands.
const REGIONS: &[&str] = &["wnam", "enam", "apac", "eu"];

/// Puts `region` among the settings, where there is such a setting.
fn with_region(
    definition: &Definition,
    mut context: Map<String, Value>,
    region: Option<String>,
) -> Result<Map<String, Value>, Problem> {
    let Some(region) = region else { return Ok(context) };
    if definition.setting("region").is_some() {
        context.entry("region").or_insert(Value::String(region));
    } else if !REGIONS.contains(&region.as_str()) {
        return Err(Problem::bad_request(format!("{} has no setting `region`; leave it out", definition.slug)));
    }
    Ok(context)
}

pub async fn one(
    State(state): State<AppState>,
    Admin(principal): Admin,
    Named(named): Named<String>,
) -> Result<Json<AccountObject>, Problem> {
    Ok(Json(state.account(&principal, Some(&named)).await?.into()))
}

pub async fn change(
    State(state): State<AppState>,
    Admin(principal): Admin,
    Extension(request): Extension<RequestId>,
    Named(named): Named<String>,
    JsonBody(members): JsonBody,
) -> Result<Json<AccountObject>, Problem> {
    let account = state.account(&principal, Some(&named)).await?;
    let patch: AccountPatch = bodies::parse(members)?;
    let deed = audit::deed(&principal, &request, "integrated-account/update");
    Ok(Json(apply(&state, &account, patch, deed).await?.into()))
}

/// Times that a change is made up anew because the account was changed meanwhile.
const TRIES: usize = 5;

/// Changes an account: what it is connected with must be complete and right afterwards, whoever changes it at the same time.
pub(super) async fn apply(
    state: &AppState,
    account: &Account,
    patch: AccountPatch,
    deed: Deed,
) -> Result<Account, Problem> {
    let (store, id) = (state.store(), account.id.to_string());
    let definition = state.registry().get(&account.integration)?.definition;
    let context = connect::read(definition, with_region(definition, patch.context, patch.region)?)?;
    if patch.tenant_id.as_deref() == Some("") {
        return Err(Problem::bad_request("`tenant_id` is empty"));
    }
    let mut tries = 0;
    loop {
        let (account, stored) = credentials::open(store.as_ref(), &id).await?;
        let mut change = connect::change(&context).of_revision(account.revision).audited(deed.clone());
        change.name = patch.name.clone().filter(|name| *name != account.name);
        change.tenant_id.clone_from(&patch.tenant_id);
        change.is_sandbox = patch.is_sandbox;
        if !context.is_empty() || patch.authentication_method.is_some() {
            let settings = connect::merged(&stored, &context);
            let scheme = connect::scheme(definition, &settings, patch.authentication_method.as_deref())?;
            connect::trial(state, definition, &settings, Some(account.id))?;
            let method = patch.authentication_method.clone().unwrap_or_else(|| scheme.name.to_owned());
            change = change.authentication_method(Some(method)).status(AccountStatus::Connecting).last_error(None);
        }
        tries += 1;
        match store.update_account(&id, change).await {
            Err(StoreError::AccountChanged { .. }) if tries < TRIES => {}
            changed => return Ok(changed?),
        }
    }
}

pub async fn delete(
    State(state): State<AppState>,
    Admin(principal): Admin,
    Extension(request): Extension<RequestId>,
    Named(named): Named<String>,
) -> Result<Json<IdObject>, Problem> {
    let account = state.account(&principal, Some(&named)).await?;
    remove(&state, &principal, &request, &account).await?;
    Ok(Json(IdObject { id: account.id }))
}

async fn remove(state: &AppState, who: &Principal, request: &RequestId, account: &Account) -> Result<(), Problem> {
    let deed = audit::deed(who, request, "integrated-account/delete");
    Ok(state.store().remove_account(&account.id.to_string(), Some(&deed)).await?)
}

pub async fn bulk_delete(
    State(state): State<AppState>,
    Admin(principal): Admin,
    Extension(request): Extension<RequestId>,
    JsonBody(members): JsonBody,
) -> Result<Json<super::Success>, Problem> {
    let body: BulkDeleteBody = bodies::parse(members)?;
    if body.ids.is_empty() {
        return Err(bodies::missing(&["ids"]));
    }
    // all are found before any is deleted: one that was mistyped stops the rest
    let mut accounts: Vec<Account> = Vec::new();
    for named in &body.ids {
        let account = state.account(&principal, Some(named)).await?;
        if !accounts.iter().any(|other| other.id == account.id) {
            accounts.push(account);
        }
    }
    let shared = state.clone();
    let all = async move {
        for account in &accounts {
            remove(&shared, &principal, &request, account).await?;
        }
        Ok(Json(super::Success::YES))
    };
    // once the first is deleted, the others are too
    state.finish(all).await?
}

/// The account of an account token.
async fn own(state: &AppState, principal: &Principal) -> Result<Account, Problem> {
    if !matches!(principal.reach, Reach::Account(_)) {
        return Err(Problem::bad_request("only an account token has an account of its own")
            .hint("name the account: `/integrated-account/{id}`"));
    }
    state.account(principal, None).await
}

pub async fn me(State(state): State<AppState>, principal: Principal) -> Result<Json<AccountObject>, Problem> {
    Ok(Json(own(&state, &principal).await?.into()))
}

pub async fn change_me(
    State(state): State<AppState>,
    principal: Principal,
    Extension(request): Extension<RequestId>,
    JsonBody(members): JsonBody,
) -> Result<Json<AccountObject>, Problem> {
    let account = own(&state, &principal).await?;
    let patch: MePatch = bodies::parse(members)?;
    let definition = state.registry().get(&account.integration)?.definition;
    // the secrets that stay would go to the new address
    let moved = patch
        .context
        .keys()
        .find(|key| definition.setting(key).is_some_and(|setting| matches!(setting.kind, SettingKind::Url { .. })));
    if let Some(key) = moved {
        return Err(Problem::forbidden(format!("an account token cannot change the address `{key}`"))
            .hint("change it with a token of the scope `admin`"));
    }
    let patch = AccountPatch { context: patch.context, ..AccountPatch::default() };
    let deed = audit::deed(&principal, &request, "integrated-account/update");
    Ok(Json(apply(&state, &account, patch, deed).await?.into()))
}
