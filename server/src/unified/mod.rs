//! The unified routes, made from the table of actions.
//!
//! `input.rs` reads what an action is given, `list.rs`, `stream.rs`, `get.rs` and `write.rs` run it, `shape.rs` and
//! `exchanges.rs` put the answer into the form that is asked for.

mod exchanges;
mod get;
mod input;
mod list;
pub mod shape;
mod stream;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Map, Value};
use userdir::schema::Resource;
use userdir::{Action, ActionKind, Directory};
use userdir_store::Account;

use self::exchanges::Heads;
use crate::app::Served;
use crate::auth::{Caller, Principal};
use crate::body;
use crate::limits::Permit;
use crate::params::Common;
use crate::platform::standing::{self, Asked};
use crate::problem::Problem;
use crate::query::Query;
use crate::request_id::RequestId;
use crate::state::AppState;

/// Names the account, in the query or the body.
const ACCOUNT: &str = "integrated_account_id";

/// All unified routes.
pub fn routes() -> Router<AppState> {
    let of_resource = get(resource).post(resource).patch(resource).delete(resource);
    let of_item = get(item).post(item).patch(item).delete(item);
    Router::new()
        .route("/unified/user-directory/{resource}", of_resource)
        .route("/unified/user-directory/{resource}/{id}", of_item)
}

async fn resource(
    State(state): State<AppState>,
    Caller(principal): Caller,
    path: Result<Path<String>, PathRejection>,
    query: Query,
    request: Request,
) -> Response {
    let run = async {
        let Path(resource) = path.map_err(wrong_path)?;
        let method = match *request.method() {
            Method::POST => "create",
            Method::PATCH => "update",
            Method::DELETE => "delete",
            _ => "list",
        };
        answer(state, principal, find(&resource, method)?, None, query, request).await
    };
    run.await.unwrap_or_else(IntoResponse::into_response)
}

async fn item(
    State(state): State<AppState>,
    Caller(principal): Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Query,
    request: Request,
) -> Response {
    let run = async {
        let Path((resource, last)) = path.map_err(wrong_path)?;
        let (method, id) = match *request.method() {
            Method::POST => (last.as_str(), None),
            Method::PATCH => ("update", Some(last.clone())),
            Method::DELETE => ("delete", Some(last.clone())),
            _ => ("get", Some(last.clone())),
        };
        let action = find(&resource, method)?;
        // `POST users/create` and its like are no routes: these methods have their own
        if id.is_none() && (action.info().verb != "POST" || action.info().method == "create") {
            return Err(no_method(&resource, method));
        }
        answer(state, principal, action, id, query, request).await
    };
    run.await.unwrap_or_else(IntoResponse::into_response)
}

fn wrong_path(rejection: PathRejection) -> Problem {
    Problem::bad_request(format!("the path cannot be read: {}", rejection.body_text()))
}

fn find(resource: &str, method: &str) -> Result<Action, Problem> {
    if let Some(action) = Action::find(resource, method) {
        return Ok(action);
    }
    match resource.parse::<Resource>() {
        Ok(_) => Err(no_method(resource, method)),
        Err(_) => {
            let known: Vec<&str> = Resource::ALL.iter().map(|resource| resource.as_str()).collect();
            Err(Problem::not_found(format!("there is no resource `{resource}`"))
                .hint(format!("the resources are {}", known.join(", "))))
        }
    }
}

fn no_method(resource: &str, method: &str) -> Problem {
    let of_resource = resource.parse::<Resource>().map(Resource::as_str).unwrap_or_default();
    let known: Vec<&str> = Action::ALL
        .iter()
        .map(|action| action.info())
        .filter(|info| info.resource == of_resource)
        .map(|info| info.method)
        .collect();
    Problem::not_found(format!("`{resource}` has no method `{method}`"))
        .hint(format!("its methods are {}", known.join(", ")))
}

/// A request on its way: whose, to which account, and what it says.
struct Ask {
    state: AppState,
    principal: Principal,
    account: Account,
    directory: Directory,
    action: Action,
    /// The id of the path.
    id: Option<String>,
    common: Common,
    /// What of the query belongs to the action.
    query: Query,
    request_id: String,
    headers: axum::http::HeaderMap,
    body: Bytes,
    /// What the vendor's answers say besides their bodies.
    heads: Arc<Heads>,
    /// The account's place; given back when the request is done.
    _permit: Permit,
}

/// The order of checks: account, what the provider can do, and then what is asked.
async fn answer(
    state: AppState,
    principal: Principal,
    action: Action,
    id: Option<String>,
    mut query: Query,
    request: Request,
) -> Result<Response, Problem> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let (parts, body) = request.into_parts();
    let body = if is_read {
        drop(body);
        Bytes::new()
    } else {
        read_body(body, &state).await?
    };
    let named = query.text(ACCOUNT)?;
    let in_body = account_in_body(&parts.headers, &body)?;
    let account = state.account(&principal, named.as_deref().or(in_body.as_deref())).await?;
    if in_body.is_some_and(|named| !account.is_called(&named)) {
        return Err(Problem::bad_request(format!("`{ACCOUNT}` in the body differs from the one in the query"))
            .hint("name the account once"));
    }
    let served = Served::new(&account, "unified", action.info().resource, action.info().method);
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let heads = Arc::new(Heads::default());
    let result = async {
        let _permit = state.enter(&account).await?;
        let directory = state.connect(&account).await?;
        directory.supported(action)?;
        let common = Common::take(&mut query)?;
        let (state, account, headers, heads) = (state.clone(), account.clone(), parts.headers, heads.clone());
        let ask = Ask {
            state,
            principal,
            account,
            directory,
            action,
            id,
            common,
            query,
            request_id,
            headers,
            body,
            heads,
            _permit,
        };
        match action.info().kind {
            ActionKind::List => list::list(ask).await,
            ActionKind::Get => get::get(ask).await,
            ActionKind::Write => write::write(ask).await,
        }
    }
    .await;
    standing::note(&state, &account, Asked::action(action), heads.credentials_work(), result.as_ref().err()).await;
    let mut response = result.unwrap_or_else(IntoResponse::into_response);
    served.put(&mut response);
    Ok(response)
}

async fn read_body(body: Body, state: &AppState) -> Result<Bytes, Problem> {
    body::read(body, state.limits().body_bytes).await
}

/// The account that the body names. What is wrong with the body otherwise is told later.
fn account_in_body(headers: &axum::http::HeaderMap, body: &[u8]) -> Result<Option<String>, Problem> {
    match body::members(headers, body).ok().and_then(|mut members| members.remove(ACCOUNT)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(named)) => Ok(Some(named).filter(|named| !named.is_empty())),
        Some(_) => Err(Problem::bad_request(format!("`{ACCOUNT}` must be a text"))),
    }
}

impl Ask {
    /// Members of the body that belong to the action.
    fn body_members(&self) -> Result<Map<String, Value>, Problem> {
        let mut members = body::members(&self.headers, &self.body)?;
        members.remove(ACCOUNT);
        Ok(members)
    }
}
