//! Every error as the wire has it: three members always, and what the vendor said where it was the vendor.

use std::borrow::Cow;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use userdir::definition::{ActionFacts, Place};
use userdir::error::VendorAnswer;
use userdir::{Details, Error, ErrorKind, Outcome, RetryState};
use userdir_store::StoreError;

use crate::vendor_headers;

/// An error on its way to the client.
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    status: StatusCode,
    kind: ErrorKind,
    message: Cow<'static, str>,
    details: Map<String, Value>,
    insight: Map<String, Value>,
    /// The vendor's body, where the vendor said it.
    raw_response: Option<Value>,
    headers: HeaderMap,
    /// Whether a write may have been carried out.
    outcome: Outcome,
    /// The vendor refused the account's credentials.
    needs_reauth: bool,
    /// The vendor does not allow it: the scopes it wants, where they are known.
    missing_scopes: Option<Vec<String>>,
}

impl Problem {
    /// An error of our own. `message` says what happened, in lower case, without a full stop.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Problem {
        Problem(Box::new(Inner {
            status,
            kind: ErrorKind::from_status(status.as_u16()),
            message: message.into(),
            details: Map::new(),
            insight: Map::new(),
            raw_response: None,
            headers: HeaderMap::new(),
            outcome: Outcome::NotDone,
            needs_reauth: false,
            missing_scopes: None,
        }))
    }

    /// 400: the request is wrong.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401: the token is missing, wrong, revoked or expired.
    pub fn unauthorized(message: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, message)
            .hint("send `Authorization: Bearer TOKEN`; an administrator makes one with `userdir tokens create`")
            .header(HeaderName::from_static("www-authenticate"), "Bearer")
    }

    /// 403: the token is right and does not allow it.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, message)
    }

    /// 404: there is no such thing, or this token may not see it.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, message)
    }

    /// 429, with the pause to make.
    pub fn too_many(message: impl Into<Cow<'static, str>>, pause: Duration) -> Problem {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(pause)
    }

    /// 500: our own failure. What it was stands in the log, not in the answer.
    pub fn internal() -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed; its log says why")
            .hint("give the administrator the `x-request-id` of this answer")
    }

    /// 500: a write may have been carried out. No status that clients answer by sending it again at once.
    pub fn unknown(message: impl Into<Cow<'static, str>>) -> Problem {
        let mut problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, message);
        problem.0.outcome = Outcome::Unknown;
        problem.hint(LOOK_FIRST).detail("outcome", json!("unknown"))
    }

    /// 503: the server cannot serve now, and may a moment later. Nothing was done: clients send it again by themselves.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, message).retry_after(Duration::from_secs(1))
    }

    /// The same where a part was done before: no status that clients answer by sending it all again.
    #[must_use]
    pub fn after_a_part(mut self) -> Problem {
        if self.0.status == StatusCode::SERVICE_UNAVAILABLE {
            self.0.status = StatusCode::INTERNAL_SERVER_ERROR;
        }
        self
    }

    /// 404 of an account.
    pub fn no_account(named: &str) -> Problem {
        Problem::not_found(format!("there is no account `{named}`"))
            .hint("give the id or name of an account; `GET /integrated-account` lists those there are")
    }

    /// 400: no account is named.
    pub fn missing_account() -> Problem {
        Problem::bad_request("`integrated_account_id` is missing")
            .insight("missing_required_query_parameters", MISSING_QUERY, json!(["integrated_account_id"]))
            .hint("name the account in the query, by its id or name")
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<Cow<'static, str>>) -> Problem {
        self.detail("hint", json!(hint.into()))
    }

    /// Adds a member to `details`.
    #[must_use]
    pub fn detail(mut self, name: &str, value: Value) -> Problem {
        self.0.details.insert(name.to_owned(), value);
        self
    }

    /// Adds a member to `truto_error_insight`.
    #[must_use]
    pub fn insight(mut self, name: &str, description: &str, value: Value) -> Problem {
        let mut insight = json!({"description": description});
        if let (Some(insight), false) = (insight.as_object_mut(), value.is_null()) {
            insight.insert("value".to_owned(), value);
        }
        self.0.insight.insert(name.to_owned(), insight);
        self
    }

    /// Adds what the method needs in one of two places, as a hint whatever went wrong.
    #[must_use]
    pub fn conditions(self, facts: Option<&ActionFacts>) -> Problem {
        let either = || facts.iter().flat_map(|facts| facts.required).filter(|member| member.place == Place::Both);
        if either().next().is_none() {
            return self;
        }
        let rules = |other: &str| -> Value {
            let rule = format!("required unless the {other} has it");
            either().map(|member| (member.name.to_owned(), json!(rule))).collect::<Map<_, _>>().into()
        };
        self.insight("conditionally_required_query_parameters", "what each query parameter hangs on", rules("body"))
            .insight("conditionally_required_body_fields", "what each body field hangs on", rules("query"))
    }

    /// As the vendor's own API has errors: without what is known of unified methods, but for rights that are missing.
    #[must_use]
    pub fn of_proxy(mut self) -> Problem {
        self.0.insight.retain(|name, _| name == "forbidden_error");
        self
    }

    /// Adds a header; one that cannot stand there is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Problem {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.0.headers.insert(name, value);
        }
        self
    }

    /// Says how long to wait: whole seconds, since clients cannot read a date.
    #[must_use]
    pub fn retry_after(self, pause: Duration) -> Problem {
        self.header(RETRY_AFTER, &vendor_headers::whole_seconds(pause).max(1).to_string())
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether a write may have been carried out.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// The error as the audit knows it: of this kind, with this outcome.
    pub(crate) fn cause(&self) -> Error {
        Error::new(self.0.kind, self.0.message.clone()).with_outcome(self.0.outcome)
    }

    /// Whether the vendor does not take what it was asked, and it is neither its limits nor trouble on the way.
    pub fn is_wrong_at_vendor(&self) -> bool {
        use ErrorKind::{Authentication, RateLimited, Unavailable};
        self.0.raw_response.is_some() && !matches!(self.0.kind, Authentication | RateLimited | Unavailable)
    }

    /// Whether the vendor refused the account's credentials.
    pub fn needs_reauth(&self) -> bool {
        self.0.needs_reauth
    }

    /// The scopes that the vendor wants, where it did not allow something; empty where they are not known.
    pub fn missing_scopes(&self) -> Option<&[String]> {
        self.0.missing_scopes.as_deref()
    }

    /// The body.
    pub fn body(&self) -> Value {
        let it = &self.0;
        let mut body = json!({
            "statusCode": it.status.as_u16(),
            "error": it.status.canonical_reason().unwrap_or("Error"),
            "message": it.message,
        });
        let Some(members) = body.as_object_mut() else { return body };
        if !it.details.is_empty() {
            members.insert("details".into(), Value::Object(it.details.clone()));
        }
        if let Some(raw) = &it.raw_response {
            members.insert("truto_is_remote_error".into(), Value::Bool(true));
            members.insert("raw_response".into(), raw.clone());
        }
        if !it.insight.is_empty() {
            members.insert("truto_error_insight".into(), Value::Object(it.insight.clone()));
        }
        body
    }

    /// Marks it as the vendor's.
    fn by_vendor(mut self, vendor: &VendorAnswer) -> Problem {
        let raw = serde_json::from_slice(&vendor.body);
        self.0.raw_response = Some(raw.unwrap_or_else(|_| json!(String::from_utf8_lossy(&vendor.body))));
        for (name, value) in vendor_headers::forwarded(&vendor.headers, &vendor.rate) {
            self.0.headers.insert(name, value);
        }
        let told = json!({"status": vendor.status, "code": vendor.code, "request_id": vendor.request_id});
        self.detail("vendor", told).insight("remote_error", "the vendor answered with an error", Value::Null)
    }
}

const MISSING_QUERY: &str = "required query parameters that the request left out";
const MISSING_BODY: &str = "required body fields that the request left out";

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0.status, self.0.headers.clone(), Json(self.body())).into_response()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match &error {
            StoreError::NotFound { what: "account", name } => Problem::no_account(name),
            StoreError::NotFound { what, name } => Problem::not_found(format!("there is no {what} `{name}`")),
            StoreError::NameTaken { .. } | StoreError::AccountChanged { .. } => {
                Problem::new(StatusCode::CONFLICT, error.to_string())
            }
            StoreError::InvalidName { .. }
            | StoreError::UnknownScope { .. }
            | StoreError::InvalidSecret { .. }
            | StoreError::InvalidCursor => Problem::bad_request(error.to_string()),
            _ if error.is_busy() => {
                tracing::warn!(%error, "the store is busy");
                Problem::unavailable("the store is busy; try again in a moment")
            }
            _ => {
                tracing::error!(%error, "the store failed");
                Problem::internal()
            }
        }
    }
}

/// Whether an error of the library is one of a store that is busy.
fn is_of_a_busy_store(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<StoreError>());
    source.is_some_and(StoreError::is_busy)
}

/// The status of an error of the library.
fn status(error: &Error) -> StatusCode {
    // clients send 409, 502, 503 and 504 again by themselves: what may have been done must not read as one of them
    if error.outcome() == Outcome::Unknown {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    match error.vendor().map(|vendor| vendor.status) {
        Some(status @ 400..=499) => StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
        Some(500..) => StatusCode::BAD_GATEWAY,
        _ => match error.kind() {
            ErrorKind::Config | ErrorKind::InvalidRequest => StatusCode::BAD_REQUEST,
            ErrorKind::Authentication => StatusCode::UNAUTHORIZED,
            ErrorKind::Permission | ErrorKind::Refused => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::NotSupported => StatusCode::NOT_IMPLEMENTED,
            ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ErrorKind::Transport | ErrorKind::UnexpectedResponse | ErrorKind::Incomplete => StatusCode::BAD_GATEWAY,
            ErrorKind::Unavailable if error.vendor().is_some() => StatusCode::BAD_GATEWAY,
            ErrorKind::Unavailable if is_of_a_busy_store(error) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}

/// What to do about a write whose outcome is unknown.
const LOOK_FIRST: &str = "repeat the same request: it reads first and sends nothing twice. Where reading cannot tell, look in the vendor's \
    own console, and if it was not done, repeat it with the header `x-userdir-send-again: true`";

/// The wait where a limit is used up and nobody says for how long.
const PAUSE: Duration = Duration::from_secs(5);

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        let said = error.vendor().and_then(|vendor| vendor.message.clone()).filter(|said| !said.is_empty());
        let message = said.unwrap_or_else(|| error.message().to_owned());
        let mut problem = Problem::new(status(&error), message).detail("kind", json!(error.kind()));
        let unknown = error.outcome() == Outcome::Unknown;
        problem.0.outcome = error.outcome();
        problem.0.kind = error.kind();
        problem.0.needs_reauth = error.kind() == ErrorKind::Authentication && error.vendor().is_some();
        for (name, value) in [
            ("provider", error.provider().map(|provider| json!(provider))),
            ("action", error.action().map(|action| json!(action))),
            ("target", error.target().filter(|target| !target.is_empty()).map(|target| json!(target))),
            ("hint", if unknown { Some(json!(LOOK_FIRST)) } else { error.next_step().map(|hint| json!(hint)) }),
            ("outcome", unknown.then(|| json!("unknown"))),
        ] {
            if let Some(value) = value {
                problem = problem.detail(name, value);
            }
        }
        if let Some(vendor) = error.vendor() {
            problem = problem.by_vendor(vendor).detail("reason", json!(error.message()));
        }
        problem = match error.details() {
            Details::Missing { query, body } => [
                ("missing_required_query_parameters", MISSING_QUERY, query),
                ("missing_required_body_fields", MISSING_BODY, body),
            ]
            .into_iter()
            .filter(|(.., names)| !names.is_empty())
            .fold(problem, |problem, (name, words, names)| problem.insight(name, words, json!(names))),
            Details::List { delivered, expected, at } => {
                problem.detail("list", json!({"delivered": delivered, "expected": expected, "page": at}))
            }
            Details::Steps { done, failed } => {
                problem.detail("steps", json!(done.iter().chain(failed).collect::<Vec<_>>()))
            }
            _ => problem,
        };
        match error.kind() {
            ErrorKind::Permission if error.vendor().is_some() => {
                let scopes: &[String] = match error.details() {
                    Details::Scopes(scopes) => scopes,
                    _ => &[],
                };
                problem.0.missing_scopes = Some(scopes.to_vec());
                problem.insight("forbidden_error", "the credentials may not do this", json!({"missing_scopes": scopes}))
            }
            ErrorKind::RateLimited => {
                let asked = match error.retry() {
                    RetryState::Later(pause) => pause,
                    _ => error.vendor().and_then(|vendor| vendor.rate.pause()),
                };
                problem
                    .insight("rate_limit_error", "the vendor's rate limit is used up", Value::Null)
                    .retry_after(asked.unwrap_or(PAUSE))
            }
            ErrorKind::Unavailable if problem.0.status == StatusCode::SERVICE_UNAVAILABLE => {
                problem.retry_after(Duration::from_secs(1))
            }
            _ => problem,
        }
    }
}
