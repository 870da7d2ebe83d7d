//! What a call has shown of an account, kept with it: credentials that the vendor refuses, scopes that are missing, and
//! that all is well again.

use std::time::Duration;

use jiff::Timestamp;
use userdir::action::Action;
use userdir::{Details, Error, ErrorKind};
use userdir_store::{Account, AccountChange, AccountStatus, ForbiddenError};

use crate::problem::Problem;
use crate::state::AppState;

/// The same refusal is noted again after this time: each note makes the account's connection anew.
const AGAIN: Duration = Duration::from_secs(60);

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

/// Keeps what a call has shown. A store that cannot take it now is no reason to fail the call.
pub async fn note(state: &AppState, account: &Account, asked: Asked<'_>, answered: Result<(), &Error>) {
    let Some(change) = change(account, asked, answered, Timestamp::now()) else { return };
    if let Err(error) = state.store().update_account(&account.id.to_string(), change).await {
        tracing::warn!(account = %account.id, %error, "what a call has shown of the account could not be kept");
    }
}

/// What there is to keep; none where the account has it already.
fn change(account: &Account, asked: Asked<'_>, answered: Result<(), &Error>, now: Timestamp) -> Option<AccountChange> {
    match answered {
        Ok(()) => {
            let is_well = account.status == AccountStatus::Active && account.last_error.is_none();
            let may_heal = matches!(
                account.status,
                AccountStatus::Active | AccountStatus::Connecting | AccountStatus::NeedsReauth | AccountStatus::ValidationError
            );
            (may_heal && !is_well).then(|| AccountChange::default().status(AccountStatus::Active).last_error(None))
        }
        Err(error) if error.vendor().is_none() => None,
        Err(error) => match error.kind() {
            ErrorKind::Authentication => {
                let text = error.to_string();
                let is_known = account.status == AccountStatus::NeedsReauth && account.last_error.as_ref() == Some(&text);
                (!is_known)
                    .then(|| AccountChange::default().status(AccountStatus::NeedsReauth).last_error(Some(text)))
            }
            ErrorKind::Permission => {
                let missing_scopes = match error.details() {
                    Details::Scopes(scopes) => scopes.clone(),
                    _ => Vec::new(),
                };
                let is_known = account.last_forbidden_error.as_ref().is_some_and(|known| {
                    known.resource == asked.resource
                        && known.method == asked.method
                        && now.duration_since(known.occurred_at).unsigned_abs() < AGAIN
                });
                let told = ForbiddenError {
                    resource: asked.resource.to_owned(),
                    method: asked.method.to_owned(),
                    missing_scopes,
                    occurred_at: now,
                };
                (!is_known).then(|| AccountChange::default().last_forbidden_error(Some(told)))
            }
            _ => None,
        },
    }
}

/// Refuses a write to an account that may only be tried out on.
///
/// # Errors
/// 405.
pub fn may_write(account: &Account) -> Result<(), Problem> {
    if !account.is_sandbox {
        return Ok(());
    }
    Err(Problem::new(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        format!("`{}` is a sandbox account: nothing is written through it", account.name),
    )
    .hint("`truto_dry_run=true` shows what would be sent"))
}
