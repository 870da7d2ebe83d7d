//! `/proxy/{path}` and `/custom/{path}`: the vendor's own API, on the account's own origin, with its authentication added.
//!
//! `/proxy` starts where the vendor's resources stand (`users` of Okta is `api/v1/users`) and answers a list in the
//! envelope, one vendor page at a time; `/custom` starts at the account's address and wraps JSON as
//! `{result, next_cursor, prev_cursor}`. Everything else comes as the vendor sent it, its refusals in the form of all
//! errors. Writes go the way of unified ones: audited, once for an `Idempotency-Key`, finished although the client went
//! away. `ask.rs` reads the request, `answer.rs` makes the answer.

mod answer;
mod ask;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use userdir::http::{Found, FreeGet};
use userdir::{Call, Directory};
use userdir_store::{Account, EarlierWrites};

use self::ask::Ask;
use crate::answer::Answer;
use crate::app::{About, Count, Served};
use crate::auth::{Caller, Principal};
use crate::platform::standing::{self, Asked};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{Done, Write};

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/proxy`.
    Proxy,
    /// `/custom`.
    Custom,
}

impl Kind {
    /// As in the path, and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Proxy => "proxy",
            Kind::Custom => "custom",
        }
    }
}

/// The routes.
pub fn routes() -> Router<AppState> {
    fn all<H, T>(handler: H) -> MethodRouter<AppState>
    where
        H: axum::handler::Handler<T, AppState> + Clone,
        T: 'static,
    {
        get(handler.clone()).post(handler.clone()).put(handler.clone()).patch(handler.clone()).delete(handler)
    }
    let proxy = |state, caller, request| pass(Kind::Proxy, state, caller, request);
    let custom = |state, caller, request| pass(Kind::Custom, state, caller, request);
    Router::new().route("/proxy/{*path}", all(proxy)).route("/custom/{*path}", all(custom))
}

async fn pass(kind: Kind, State(state): State<AppState>, Caller(principal): Caller, request: Request) -> Response {
    run(kind, state, principal, request).await.unwrap_or_else(|problem| problem.of_proxy().into_response())
}

async fn run(kind: Kind, state: AppState, principal: Principal, request: Request) -> Result<Response, Problem> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let about = About::of(request.extensions());
    let (mut ask, mut body) = Ask::new(kind, request, &state)?;
    if body.is_small() {
        ask.read(&mut body, &state).await?;
    }
    let account = state.account(&principal, ask.account.take().as_deref()).await?;
    let (resource, verb) = (ask.resource(), ask.verb());
    about.is(Served::new(&account, kind.as_str(), &resource, verb));
    let result = async {
        ask.enter(&state, &account).await?;
        let directory = state.connect(&account).await?;
        ask.read(&mut body, &state).await?;
        ask.check()?;
        if ask.skip_api_call {
            Ok((Answer::json("null"), None))
        } else if is_read {
            read(&ask, &state, &directory).await
        } else {
            write(ask, &state, principal, &account, directory).await
        }
    }
    .await;
    let problem = result.as_ref().err();
    standing::note(&state, &account, Asked { resource: &resource, method: verb }, result.is_ok(), problem).await;
    let (answer, count) = result?;
    let mut response = answer.into_response();
    if let Some(count) = count {
        response.extensions_mut().insert(Count(count));
    }
    Ok(response)
}

/// An answer, and how many items it has where it is a list.
type Answered = (Answer, Option<u64>);

async fn read(ask: &Ask, state: &AppState, directory: &Directory) -> Result<Answered, Problem> {
    let path = ask.path(directory)?;
    let call = state.call();
    if ask.method == Method::HEAD {
        let request = ask.query.iter().fold(directory.http().free(Method::HEAD, &path), |request, (name, value)| {
            request.query(name.clone(), value.clone())
        });
        return Ok((answer::of_vendor(request.read(&call).await?), None));
    }
    let paging = directory.resources().paging;
    let (limit, query) = ask.paged(&paging);
    let get = FreeGet { path: &path, query: &query, limit, cursor: ask.cursor.as_deref() };
    Ok(match (directory.http().find(&call, get, &paging).await?, ask.kind) {
        (Found::List { items, next_cursor, answer }, Kind::Proxy) => {
            let count = items.len() as u64;
            (answer::list(&items, next_cursor.as_deref(), &answer), Some(count))
        }
        (Found::List { next_cursor, answer, .. }, Kind::Custom) => {
            (answer::custom(answer, next_cursor.as_deref()), None)
        }
        (Found::Other(answer), Kind::Proxy) => (answer::of_vendor(answer), None),
        (Found::Other(answer), Kind::Custom) => (answer::custom(answer, None), None),
    })
}

async fn write(
    ask: Ask,
    state: &AppState,
    principal: Principal,
    account: &Account,
    directory: Directory,
) -> Result<Answered, Problem> {
    let call = if ask.dry_run { state.plan() } else { state.call() };
    let write = Write {
        state: state.clone(),
        principal,
        account: account.clone(),
        action: format!("{}/{}", ask.kind.as_str(), ask.resource()),
        targets: ask.target().into_iter().collect(),
        request_id: ask.request_id.clone(),
        key: ask.key()?,
        // nothing is known of what it does, so nothing that is read can show that it was not done
        earlier: EarlierWrites::unread(state.store().clone(), account.id).send_again(ask.send_again),
    };
    let answer = write.run(call, move |call| act(Arc::new(ask), call, directory)).await?;
    Ok((answer, None))
}

async fn act(ask: Arc<Ask>, call: Call, directory: Directory) -> Result<Done, Problem> {
    let mut request = directory.http().free(ask.method.clone(), &ask.path(&directory)?);
    for (name, value) in &ask.query {
        request = request.query(name.clone(), value.clone());
    }
    let answered = ask.with_body(request).write(&call).await?;
    let answer = match answered {
        None => answer::plan(&call),
        Some(answer) if ask.kind == Kind::Custom => answer::written(answer::custom(answer, None)),
        Some(answer) => answer::written(answer::of_vendor(answer)),
    };
    Ok(Done { answer, effect: None, targets: Vec::new() })
}
