//! `/link-token`, and the page behind it: somebody who has no token of the server gives the credentials of an account.
//!
//! A link token is good for one connection and seven days. The page is made from the provider's definition on the server;
//! it needs no script and nothing from elsewhere. `form.rs` decides what to ask and reads what came, `page.rs` writes the
//! HTML, `submit.rs` tries the credentials out and keeps them.

mod form;
mod page;
mod submit;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use maud::Markup;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use userdir::definition::Setting;
use userdir_store::{Link, LinkTarget, LinkToken, NewLinkToken};

use super::{audit, bodies, connect, integrations};
use crate::auth::{Admin, Reach};
use crate::body::JsonBody;
use crate::platform::paths::Named;
use crate::problem::Problem;
use crate::query::Query;
use crate::request_id::RequestId;
use crate::state::AppState;

/// What it takes to make a link token. Members that say what to restrict the unified model to are taken and mean nothing:
/// there is one model here.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkTokenBody {
    /// Whom a new account will belong to. Give it, or `integrated_account_id`.
    pub tenant_id: Option<String>,
    /// The account to give new credentials, by its id or name. It keeps its id.
    pub integrated_account_id: Option<String>,
    /// Slug of the integration; the page lets choose where it is left out.
    pub integration: Option<String>,
    /// Settings and secrets that the page need not ask for.
    #[serde(default)]
    pub context: Map<String, Value>,
    /// Where the page leads afterwards, `integrated_account_id` added to its query: https, or this very machine.
    pub redirect_uri: Option<String>,
    /// Whether the settings of the account that is reconnected are suggested on the page; they are unless this is false.
    pub persist_previous_context: Option<bool>,
    /// Taken and without meaning.
    pub unified_model_id: Option<Value>,
    /// Taken and without meaning.
    pub environment_unified_model_id: Option<Value>,
    /// Taken and without meaning.
    pub scopes: Option<Vec<String>>,
    /// Taken and without meaning.
    pub region: Option<String>,
    /// Taken and without meaning.
    pub truto_static_gate_id: Option<String>,
}

/// A link token.
#[derive(Serialize, JsonSchema)]
pub struct LinkTokenObject {
    /// Its value.
    pub link_token: String,
    /// Path of its page.
    pub link_path: String,
    /// When it ends.
    #[schemars(with = "userdir::schema::DateTime")]
    pub expires_at: String,
}

/// What the token remembers for its page.
#[derive(Default, Serialize, Deserialize)]
struct Remembered {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    integration: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    context: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    #[serde(default)]
    suggest: bool,
}

/// The routes.
pub fn routes() -> Router<AppState> {
    Router::new().route("/link-token", post(create)).route("/link/{token}", get(show).post(submit::submit))
}

async fn create(
    State(state): State<AppState>,
    Admin(principal): Admin,
    Extension(request): Extension<RequestId>,
    JsonBody(members): JsonBody,
) -> Result<Json<LinkTokenObject>, Problem> {
    let body: LinkTokenBody = bodies::parse(members)?;
    if let Some(address) = &body.redirect_uri {
        redirect(address)?;
    }
    let mut integration = match &body.integration {
        Some(named) => Some(
            integrations::find(&state, named)
                .map_err(|problem| Problem::bad_request(problem.message().to_owned()))?
                .definition,
        ),
        None => None,
    };
    let new = match (&body.tenant_id, &body.integrated_account_id) {
        (Some(_), Some(_)) => {
            return Err(Problem::bad_request(
                "`tenant_id` is for a new account and `integrated_account_id` for one that is there; give one of them",
            ));
        }
        (Some(tenant), None) if !tenant.is_empty() => {
            if !matches!(principal.reach, Reach::All) {
                return Err(Problem::forbidden("this token reaches certain accounts and cannot create others"));
            }
            NewLinkToken::tenant(tenant)
        }
        (None, Some(named)) => {
            let account = state.account(&principal, Some(named)).await?;
            let own = state.registry().get(&account.integration)?.definition;
            if integration.is_some_and(|given| given.slug != own.slug) {
                return Err(Problem::bad_request(format!(
                    "the account is one of `{}`; leave `integration` out",
                    own.slug
                )));
            }
            integration = Some(own);
            NewLinkToken::reconnect(account.id)
        }
        _ => return Err(bodies::missing(&["tenant_id"])),
    };
    match integration {
        Some(definition) => {
            let context = connect::read(definition, body.context.clone())?;
            if let Some(key) = context.given.keys().find(|key| definition.setting(key).is_none()) {
                return Err(Problem::bad_request(format!("`context`: `{key}` is no setting of {}", definition.slug)));
            }
            let asked =
                |setting: &&Setting| setting.required && form::is_address(setting) && !context.given.has(setting.key);
            if let (false, Some(setting)) = (context.given.secrets().is_empty(), definition.settings.iter().find(asked))
            {
                return Err(Problem::bad_request(format!(
                    "`context` holds a secret, so it must hold `{}` too: the page does not ask where to send it",
                    setting.key
                )));
            }
        }
        None if body.context.is_empty() => {}
        None => return Err(Problem::bad_request("`context` needs `integration`, whose settings it names")),
    }
    let remembered = Remembered {
        integration: integration.map(|definition| definition.slug.to_owned()),
        context: body.context,
        redirect_uri: body.redirect_uri,
        suggest: body.persist_previous_context.unwrap_or(true),
    };
    let payload = serde_json::to_value(&remembered).map_err(|_| Problem::internal())?;
    let deed = audit::deed(&principal, &request, "link-token/create");
    let issued = state.store().create_link_token(new.payload(payload).audited(deed)).await?;
    let value = issued.secret.expose_secret();
    Ok(Json(LinkTokenObject {
        link_token: value.to_owned(),
        link_path: format!("/link/{value}"),
        expires_at: issued.expires_at.to_string(),
    }))
}

/// Where a page may lead: to https, or to a program on the person's own machine (RFC 8252).
fn redirect(address: &str) -> Result<Url, Problem> {
    let wrong = |why: &str| Problem::bad_request(format!("`redirect_uri` {why}"));
    let url = Url::parse(address).map_err(|_| wrong("is no address"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name or password"));
    }
    let is_loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(wrong("names no host")),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback => Ok(url),
        _ => Err(wrong("must be https, or http to this very machine")),
    }
}

/// What a page is about: the token, and what it remembers.
struct Attempt {
    token: LinkToken,
    remembered: Remembered,
}

impl Attempt {
    fn redirect(&self) -> Option<Url> {
        self.remembered.redirect_uri.as_deref().and_then(|address| redirect(address).ok())
    }

    fn is_reconnect(&self) -> bool {
        matches!(self.token.target, LinkTarget::Reconnect { .. })
    }
}

/// The token as it stands, or the page that says why it is none.
async fn find(state: &AppState, secret: &str) -> Result<Attempt, Response> {
    match state.store().link_token(secret).await {
        Ok(Link::Open(token)) => {
            let remembered = serde_json::from_value(token.payload.clone()).unwrap_or_default();
            Ok(Attempt { token: *token, remembered })
        }
        Ok(other) => Err(ended(&other)),
        Err(error) => {
            tracing::error!(%error, "the store does not answer");
            Err(answer(StatusCode::SERVICE_UNAVAILABLE, None, page::notice(page::Notice::Busy)))
        }
    }
}

/// The page of a token that cannot be used.
fn ended(link: &Link) -> Response {
    let (status, notice) = match link {
        Link::Used => (StatusCode::GONE, page::Notice::Used),
        Link::Expired => (StatusCode::GONE, page::Notice::Expired),
        Link::Open(_) | Link::Unknown => (StatusCode::NOT_FOUND, page::Notice::Unknown),
    };
    answer(status, None, page::notice(notice))
}

async fn show(State(state): State<AppState>, Named(secret): Named<String>, mut query: Query) -> Response {
    let attempt = match find(&state, &secret).await {
        Ok(attempt) => attempt,
        Err(page) => return page,
    };
    let redirect = attempt.redirect();
    let named = attempt.remembered.integration.clone().or_else(|| query.text("integration").ok().flatten());
    let Some(registration) = named.and_then(|named| integrations::find(&state, &named).ok()) else {
        let page = page::choose(state.registry().providers(), redirect.as_ref());
        return answer(StatusCode::OK, redirect.as_ref(), page);
    };
    let method = query.text("method").ok().flatten();
    let form = match form::Form::of(&state, &attempt, registration.definition, method.as_deref()).await {
        Ok(form) => form,
        Err(problem) => return problem.into_response(),
    };
    answer(StatusCode::OK, redirect.as_ref(), page::form(&form, &[]))
}

/// A page with the headers that keep it to itself.
fn answer(status: StatusCode, redirect: Option<&Url>, page: Markup) -> Response {
    let mut response = (status, Html(page.into_string())).into_response();
    protect(&mut response, redirect);
    response
}

/// Sends the person on.
fn see_other(to: &Url) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(value) = HeaderValue::try_from(to.as_str()) {
        response.headers_mut().insert(LOCATION, value);
    }
    protect(&mut response, Some(to));
    response
}

fn protect(response: &mut Response, redirect: Option<&Url>) {
    // browsers hold a form's redirect to `form-action` too
    let onwards = redirect.map(|url| format!(" {}", url.origin().ascii_serialization())).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src {}; form-action 'self'{onwards}; base-uri 'none'; frame-ancestors 'none'",
        crate::docs::style::SOURCE.as_str()
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    // the address holds the token
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_to_https_or_this_machine() {
        for address in
            ["https://app.example/done?x=1", "http://localhost:3000/cb", "http://127.0.0.1/cb", "http://[::1]:8/cb"]
        {
            assert!(redirect(address).is_ok(), "{address}");
        }
        for address in [
            "http://app.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "/local",
            "ftp://a.example",
            "https://user:pass@app.example",
            "https://user@app.example",
            "http://localhost.evil.example",
            "",
        ] {
            assert!(redirect(address).is_err(), "{address}");
        }
    }
}
