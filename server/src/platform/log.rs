//! `/log`: what was asked through the unified, proxy and custom routes, without any personal data.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use userdir_store::{LOG_DAYS, LOG_PAGE, LogEntry, LogFilter};

use super::lists::{self, PlatformList};
use crate::auth::{Admin, Reach};
use crate::problem::Problem;
use crate::query::Query;
use crate::state::AppState;

/// The only type of log that is kept.
const LOG_TYPE: &str = "unified_proxy_api";

/// An answered request.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
pub struct LogLine(#[schemars(with = "LogSchema")] LogEntry);

/// An answered request.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct LogSchema {
    /// When it was answered.
    timestamp: userdir::schema::DateTime,
    /// The account.
    integrated_account_id: String,
    /// Its tenant then.
    tenant_id: String,
    /// Slug of its provider.
    integration: String,
    /// `unified`, `proxy` or `custom`.
    request_type: String,
    /// Such as `users`.
    resource: String,
    /// Such as `list`.
    method: String,
    /// Such as `GET`.
    http_method: String,
    /// Status of the answer.
    http_status_code: u16,
    /// Milliseconds it took.
    duration: u64,
    /// Items in the answer, where it was a list.
    result_count: Option<u64>,
}

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new().route("/log", get(list))
}

async fn list(
    State(state): State<AppState>,
    Admin(principal): Admin,
    mut query: Query,
) -> Result<Json<PlatformList<LogLine>>, Problem> {
    if let Some(other) = query.text("log_type")?.filter(|word| word != LOG_TYPE) {
        return Err(Problem::bad_request(format!("`log_type` is `{other}`; what is kept is `{LOG_TYPE}`")));
    }
    let limit = lists::limit(&mut query, LOG_PAGE)?;
    let span = lists::range(&mut query, "created_at")?;
    let oldest = Timestamp::now() - SignedDuration::from_hours(LOG_DAYS * 24);
    if span.gt.or(span.gte).is_some_and(|start| start < oldest) {
        return Err(Problem::bad_request(format!("the log goes back {LOG_DAYS} days; ask for a later `created_at`")));
    }
    let mut filter = LogFilter::default().created_at(span).limit(limit);
    filter.cursor = query.text("next_cursor")?;
    let mut filters = match query.take("log_type_filter") {
        None => Default::default(),
        Some(Value::Object(filters)) => filters,
        Some(_) => {
            return Err(Problem::bad_request("`log_type_filter` takes brackets: `log_type_filter[tenant_id]=…`"));
        }
    };
    for name in ["integrated_account_id", "tenant_id", "integration"] {
        if let Some(value) = query.take(name) {
            filters.insert(name.to_owned(), value);
        }
    }
    for (name, value) in filters {
        let words = lists::words(&name, value)?;
        match name.as_str() {
            "integrated_account_id" => {
                let mut accounts = Vec::new();
                for named in &words {
                    accounts.push(state.account(&principal, Some(named)).await?.id);
                }
                filter.account = Some(accounts);
            }
            "tenant_id" => filter.tenant_id = Some(words),
            "integration" => filter.integration = Some(words),
            other => {
                let known = "`integrated_account_id`, `tenant_id`, `integration`";
                return Err(Problem::bad_request(format!("there is no `log_type_filter[{other}]`; there are {known}")));
            }
        }
    }
    lists::nothing_left(&query, &["log_type", "created_at", "limit", "next_cursor", "log_type_filter"])?;
    if filter.account.is_none() && !matches!(principal.reach, Reach::All) {
        return Err(Problem::bad_request("this token reaches certain accounts: name one with `integrated_account_id`"));
    }
    let page = state.store().log(&filter).await?;
    Ok(Json(PlatformList {
        result: page.entries.into_iter().map(LogLine).collect(),
        next_cursor: page.next_cursor,
        limit,
    }))
}
