//! The unified routes, made from the table of actions.
//!
//! `input.rs` reads what an action is given, `list.rs`, `stream.rs`, `get.rs` and `write.rs` run it, `shape.rs` and
//! `exchanges.rs` put the answer into the form that is asked for.

mod exchanges;
mod get;
mod input;
pub mod list;
pub mod shape;
mod stream;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Map, Value};
use userdir::schema::Resource;
use userdir::{Action, ActionKind, Directory};
use userdir_store::Account;

use self::exchanges::Heads;
use crate::app::{About, Served};
use crate::auth::{Caller, Principal};
use crate::body::{self, Later};
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
    headers: HeaderMap,
    given: Given,
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
    let named = query.text(ACCOUNT)?;
    let (mut body, mut given) = (Later::new((!is_read).then_some(body)), Given::default());
    // a body is read before the account has a place only where it must be, since it says which, or where it takes no room
    let (is_small, is_needed) = (body.is_small(), !principal.is_about_one(named.as_deref()));
    let _place = (is_needed && !is_small).then(|| state.limiter().large_body()).transpose()?;
    if is_needed || is_small {
        given.read(&mut body, &parts.headers, &state).await?;
    }
    let account = state.account(&principal, named.as_deref().or(given.account()?)).await?;
    About::of(&parts.extensions).is(Served::new(&account, "unified", action.info().resource, action.info().method));
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let heads = Arc::new(Heads::default());
    let result = async {
        let _permit = state.enter(&account).await?;
        let directory = state.connect(&account).await?;
        directory.supported(action)?;
        given.read(&mut body, &parts.headers, &state).await?;
        if given.account()?.is_some_and(|named| !account.is_called(named)) {
            return Err(Problem::bad_request(format!("`{ACCOUNT}` in the body differs from the one in the query"))
                .hint("name the account once"));
        }
        let common = Common::take(&mut query)?;
        let ask = Ask {
            state: state.clone(),
            principal,
            account: account.clone(),
            directory,
            action,
            id,
            common,
            query,
            request_id,
            headers: parts.headers,
            given,
            heads: heads.clone(),
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
    let facts = state.registry().get(&account.integration).ok().and_then(|known| known.definition.facts(action));
    result.map_err(|problem| problem.conditions(facts))
}

/// What the body of a request says, read and parsed once.
#[derive(Default)]
struct Given {
    bytes: Bytes,
    /// None until it is read.
    members: Option<Result<Map<String, Value>, Problem>>,
}

impl Given {
    async fn read(&mut self, body: &mut Later, headers: &HeaderMap, state: &AppState) -> Result<(), Problem> {
        if self.members.is_none() {
            body.read(&mut self.bytes, state.limits().body_bytes).await?;
            self.members = Some(body::members(headers, &self.bytes));
        }
        Ok(())
    }

    /// The account that it names; none where it is not read yet. What is wrong with it otherwise is told later.
    fn account(&self) -> Result<Option<&str>, Problem> {
        match self.members.as_ref().and_then(|members| members.as_ref().ok()?.get(ACCOUNT)) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(named)) => Ok(Some(named.as_str()).filter(|named| !named.is_empty())),
            Some(_) => Err(Problem::bad_request(format!("`{ACCOUNT}` must be a text"))),
        }
    }

    /// The members that belong to the action. They are taken out, and the bytes they were read from are let go.
    fn take_members(&mut self) -> Result<Map<String, Value>, Problem> {
        self.bytes = Bytes::new();
        let mut members = self.members.take().unwrap_or_else(|| Ok(Map::new()))?;
        members.remove(ACCOUNT);
        Ok(members)
    }
}
