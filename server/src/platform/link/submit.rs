//! Tries the credentials out, uses the token up, and keeps the account.

use std::collections::BTreeMap;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;
use userdir::Settings;
use userdir_store::{Account, AccountChange, AccountStatus, Deed, Link, LinkTarget, StoreError, credentials};

use super::form::Form;
use super::{Attempt, answer, ended, find, page, see_other};
use crate::body;
use crate::platform::paths::Named;
use crate::platform::{audit, connect, integrations};
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::state::AppState;

/// Largest form: keys in PEM and little else.
const LARGEST: usize = 256 << 10;

pub async fn submit(
    State(state): State<AppState>,
    Extension(request): Extension<RequestId>,
    Named(secret): Named<String>,
    body: Body,
) -> Response {
    let attempt = match find(&state, &secret).await {
        Ok(attempt) => attempt,
        Err(page) => return page,
    };
    if let Err(problem) = state.limiter().link(&secret) {
        let mut page = answer(problem.status(), None, page::notice(page::Notice::TooOften));
        page.headers_mut()
            .extend(problem.into_response().headers().get(RETRY_AFTER).cloned().map(|wait| (RETRY_AFTER, wait)));
        return page;
    }
    let given: BTreeMap<String, String> = match body::read(body, LARGEST).await {
        Ok(bytes) => form_urlencoded::parse(&bytes).into_owned().collect(),
        Err(problem) => return problem.into_response(),
    };
    let named = attempt.remembered.integration.as_ref().or_else(|| given.get("integration"));
    let Some(registration) = named.and_then(|named| integrations::find(&state, named).ok()) else {
        let redirect = attempt.redirect();
        let page = page::choose(state.registry().providers(), redirect.as_ref());
        return answer(StatusCode::UNPROCESSABLE_ENTITY, redirect.as_ref(), page);
    };
    let method = given.get("method").map(String::as_str);
    let mut form = match Form::of(&state, &attempt, registration.definition, method).await {
        Ok(form) => form,
        Err(problem) => return problem.into_response(),
    };
    let tried = match form.read(&given) {
        Ok(settings) => try_out(&state, &attempt, &form, settings).await,
        Err(missing) => Err(missing),
    };
    let settings = match tried {
        Ok(settings) => settings,
        Err(faults) => {
            let page = page::form(&form, &faults);
            return answer(StatusCode::UNPROCESSABLE_ENTITY, attempt.redirect().as_ref(), page);
        }
    };
    let redirect = attempt.redirect();
    // begun, it is finished although the person goes away: the token is used up by then
    match state.finish(connected(state.clone(), secret, attempt, form, settings, request)).await {
        Err(problem) => problem.into_response(),
        Ok(Err(page)) => page,
        Ok(Ok(account)) => match redirect {
            Some(mut to) => {
                to.query_pairs_mut().append_pair("integrated_account_id", &account.id.to_string());
                see_other(&to)
            }
            None => answer(StatusCode::OK, None, page::notice(page::Notice::Connected)),
        },
    }
}

/// Uses the token up and keeps the account; of all who got this far with one token, on any replica, one goes on.
async fn connected(
    state: AppState,
    secret: String,
    attempt: Attempt,
    form: Form,
    settings: Settings,
    request: RequestId,
) -> Result<Account, Response> {
    match state.store().redeem_link_token(&secret).await {
        Ok(Link::Open(_)) => {}
        Ok(other) => return Err(ended(&other)),
        Err(error) => return Err(Problem::from(error).into_response()),
    }
    let kept = keep(&state, &attempt, &form, &settings, &request).await;
    kept.map_err(IntoResponse::into_response)
}

/// Asks the vendor whether it takes the credentials. What is wrong comes back in words without any secret.
async fn try_out(
    state: &AppState,
    attempt: &Attempt,
    form: &Form,
    settings: Settings,
) -> Result<Settings, Vec<String>> {
    // without the hints, which are for whoever runs the server
    let in_words = |problem: Problem| vec![problem.message().to_owned()];
    let definition = form.definition;
    connect::scheme(definition, &settings, Some(form.scheme.name)).map_err(in_words)?;
    let account = match attempt.token.target {
        LinkTarget::Reconnect { account } => Some(account),
        LinkTarget::NewAccount { .. } => None,
    };
    let directory = connect::trial(state, definition, &settings, account).map_err(in_words)?;
    match directory.check(&state.call()).await {
        Ok(()) => Ok(settings),
        // our own words, which hold none of the vendor's
        Err(error) => Err(vec![error.message().to_owned()]),
    }
}

async fn keep(
    state: &AppState,
    attempt: &Attempt,
    form: &Form,
    settings: &Settings,
    request: &RequestId,
) -> Result<Account, Problem> {
    let active = AccountChange::default()
        .status(AccountStatus::Active)
        .last_error(None)
        .authentication_method(Some(form.scheme.name.to_owned()));
    match &attempt.token.target {
        LinkTarget::Reconnect { account } => {
            let active = active.audited(audit::by_link(request, "link/reconnect"));
            replace(state, &account.to_string(), settings, active).await
        }
        LinkTarget::NewAccount { tenant_id } => {
            let account = create(state, tenant_id, form, settings, audit::by_link(request, "link/connect")).await?;
            Ok(state.store().update_account(&account.id.to_string(), active).await?)
        }
    }
}

async fn create(
    state: &AppState,
    tenant: &str,
    form: &Form,
    settings: &Settings,
    deed: Deed,
) -> Result<Account, Problem> {
    loop {
        let name = connect::default_name(form.definition);
        let new = connect::new_account(&name, form.definition, tenant, form.scheme.name, settings);
        match state.store().create_account(new.audited(deed.clone())).await {
            Err(StoreError::NameTaken { .. }) => {}
            created => return Ok(created?),
        }
    }
}

/// Puts the new settings and secrets in place of all that are there, whoever changes them at the same time.
async fn replace(
    state: &AppState,
    account: &str,
    settings: &Settings,
    active: AccountChange,
) -> Result<Account, Problem> {
    loop {
        let (account, old) = credentials::open(state.store().as_ref(), account).await?;
        let mut change = active.clone().of_revision(account.revision);
        for key in old.plain().keys().filter(|key| !settings.has(key)) {
            change = change.unset(key);
        }
        for key in old.secrets().keys().filter(|key| !settings.has(key)) {
            change = change.unset_secret(key);
        }
        change = settings.plain().iter().fold(change, |change, (key, value)| change.set(key, value));
        change = settings.secrets().iter().fold(change, |change, (key, value)| change.secret(key, value.expose()));
        match state.store().update_account(&account.id.to_string(), change).await {
            Err(StoreError::AccountChanged { .. }) => {}
            changed => return Ok(changed?),
        }
    }
}
