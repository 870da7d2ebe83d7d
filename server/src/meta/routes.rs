//! `GET /unified/user-directory/{resource}/meta/{method}`, the same of one integration, and the model's documentation.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use userdir::Registration;
use userdir::action::Action;

use super::method::Method;
use super::model;
use crate::auth::{Principal, Reach};
use crate::platform::integrations;
use crate::platform::paths::Named;
use crate::problem::Problem;
use crate::query::Query;
use crate::state::AppState;

/// The meta routes.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/unified/user-directory/{resource}/meta/{method}", get(general))
        .route("/unified/user-directory/{resource}/{integration}/meta/{method}", get(of_integration))
        .route("/unified/meta/user-directory/{integration}", get(documentation))
}

/// In general; of an account's integration where one is named, or where the token is an account's.
async fn general(
    State(state): State<AppState>,
    principal: Principal,
    Named((resource, method)): Named<(String, String)>,
    mut query: Query,
) -> Result<Json<Value>, Problem> {
    let action = find(&resource, &method)?;
    let named = query.text("integrated_account_id")?;
    if named.is_none() && !matches!(principal.reach, Reach::Account(_)) {
        let method = Method::general(action);
        return Ok(Json(meta(&method, &format!("/docs#{}", action.info().function))));
    }
    let account = state.account(&principal, named.as_deref()).await?;
    Ok(Json(at(state.registry().get(&account.integration)?, action)?))
}

async fn of_integration(
    State(state): State<AppState>,
    _: Principal,
    Named((resource, integration, method)): Named<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let registration = integrations::find(&state, &integration)?;
    Ok(Json(at(registration, find(&resource, &method)?)?))
}

/// What a method is at one integration.
fn at(registration: &'static Registration, action: Action) -> Result<Value, Problem> {
    let definition = registration.definition;
    if !(registration.actions)().contains(action) {
        return Err(definition.not_supported(action).into());
    }
    let method = Method::of(definition, action);
    let mut body = meta(&method, definition.documentation);
    if let Some(members) = body.as_object_mut() {
        members.insert("response_schema".to_owned(), method.response_schema());
        members.insert("scopes".to_owned(), json!(method.facts().map(|facts| facts.scopes).unwrap_or_default()));
        members.insert("note".to_owned(), json!(method.facts().and_then(|facts| facts.note)));
    }
    Ok(body)
}

/// The members of the contract. Mappings are code here, so there is none to show, and no defaults are sent.
fn meta(method: &Method, documentation: &str) -> Value {
    json!({
        "method": method.action().info().method,
        "schema": method.resource_schema(),
        "documentation_link": documentation,
        "response_mapping": null,
        "query_schema": method.query_schema(),
        "request_body_schema": method.body_schema(),
        "default_query": {},
        "default_body": {},
    })
}

fn find(resource: &str, method: &str) -> Result<Action, Problem> {
    Action::find(resource, method).ok_or_else(|| {
        Problem::not_found(format!("there is no method `{method}` of `{resource}`"))
            .hint("`/openapi.json` lists resources and methods")
    })
}

async fn documentation(
    State(state): State<AppState>,
    _: Principal,
    Named(integration): Named<String>,
    mut query: Query,
) -> Result<Response, Problem> {
    let registration = integrations::find(&state, &integration)?;
    let model = model::Model::of(registration);
    match query.text("format")?.as_deref().unwrap_or("json") {
        "json" => Ok(Json(model.json()).into_response()),
        "md" => {
            Ok((StatusCode::OK, [(CONTENT_TYPE, "text/markdown; charset=utf-8")], model.markdown()).into_response())
        }
        "html" => Ok(crate::docs::protected(crate::docs::page::model(&model))),
        other => Err(Problem::bad_request(format!("`format` is `{other}`; it must be `json`, `md` or `html`"))),
    }
}
