//! What a call has shown of an account, kept with it: credentials that the vendor refuses, rights that are missing, and
//! that all is well again.

use jiff::Timestamp;
use userdir::action::Action;
use userdir_store::{Account, AccountChange, AccountStatus, ForbiddenError};

use crate::problem::Problem;
use crate::state::AppState;

/// Seconds before the same refusal is noted again: each note makes the account's connection anew.
const AGAIN: i64 = 3600;

/// What a call was about, for `last_forbidden_error`.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Such as `users`.
    pub resource: &'a str,
    /// Such as `list`.
    pub method: &'a str,
}

impl Asked<'static> {
    /// An action.
    pub fn action(action: Action) -> Asked<'static> {
        Asked { resource: action.info().resource, method: action.info().method }
    }
}

/// Keeps what a call has shown. `works`: the vendor took the credentials. A store that cannot take it now is no reason to
/// fail the call.
pub async fn note(state: &AppState, account: &Account, asked: Asked<'_>, works: bool, problem: Option<&Problem>) {
    let Some(change) = change(account, asked, works, problem, Timestamp::now()) else { return };
    if let Err(error) = state.store().update_account(&account.id.to_string(), change).await {
        tracing::warn!(%error, account = %account.id, "how the connection stands cannot be kept");
    }
}

/// What there is to keep; none where the account has it already.
fn change(
    account: &Account,
    asked: Asked<'_>,
    works: bool,
    problem: Option<&Problem>,
    now: Timestamp,
) -> Option<AccountChange> {
    if let Some(problem) = problem.filter(|problem| problem.needs_reauth()) {
        let message = problem.message().to_owned();
        let is_known = account.status == AccountStatus::NeedsReauth && account.last_error.as_ref() == Some(&message);
        return (!is_known)
            .then(|| AccountChange::default().status(AccountStatus::NeedsReauth).last_error(Some(message)));
    }
    if let Some(scopes) = problem.and_then(Problem::missing_scopes) {
        let is_known = account.last_forbidden_error.as_ref().is_some_and(|last| {
            last.resource == asked.resource
                && last.method == asked.method
                && now.as_second() - last.occurred_at.as_second() < AGAIN
        });
        let told = ForbiddenError {
            resource: asked.resource.to_owned(),
            method: asked.method.to_owned(),
            missing_scopes: scopes.to_vec(),
            occurred_at: now,
        };
        return (!is_known).then(|| AccountChange::default().last_forbidden_error(Some(told)));
    }
    let may_heal = matches!(
        account.status,
        AccountStatus::Connecting | AccountStatus::NeedsReauth | AccountStatus::ValidationError
    );
    (problem.is_none() && works && may_heal)
        .then(|| AccountChange::default().status(AccountStatus::Active).last_error(None))
}
