//! What a call has shown of an account, kept with it: credentials that the vendor refuses, rights that are missing, and
//! that all is well again.

use jiff::Timestamp;
use userdir::action::Action;
use userdir_store::{Account, AccountChange, AccountStatus, ForbiddenError, StoreError};

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
    keep(state, account, change(account, asked, works, problem, Timestamp::now())).await;
}

/// The same of a call that was made to prove the credentials: what is new and is not taken is wrong.
pub async fn note_proof(state: &AppState, account: &Account, asked: Asked<'_>, problem: &Problem) {
    let noted = change(account, asked, false, Some(problem), Timestamp::now());
    let change = if account.status == AccountStatus::Connecting && problem.is_wrong_at_vendor() {
        let noted = noted.unwrap_or_default();
        Some(noted.status(AccountStatus::ValidationError).last_error(Some(problem.message().to_owned())))
    } else {
        noted
    };
    keep(state, account, change).await;
}

/// What a call has shown is of the account as it was when the call began.
async fn keep(state: &AppState, account: &Account, change: Option<AccountChange>) {
    let Some(change) = change else { return };
    match state.store().update_account(&account.id.to_string(), change.of_revision(account.revision)).await {
        Ok(_) | Err(StoreError::AccountChanged { .. }) => {}
        Err(error) => tracing::warn!(%error, account = %account.id, "how the connection stands cannot be kept"),
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

#[cfg(test)]
mod tests {
    use userdir::error::VendorAnswer;
    use userdir::{Error, ErrorKind};
    use userdir_store::{KeySource, NewAccount, Store, open_sqlite};

    use super::*;

    const LIST: Asked<'static> = Asked { resource: "users", method: "list" };

    fn by_vendor(kind: ErrorKind, status: u16) -> Problem {
        let vendor = VendorAnswer {
            status,
            headers: Vec::new(),
            rate: Default::default(),
            body: Vec::new(),
            code: None,
            message: Some("no".into()),
            request_id: None,
        };
        Error::new(kind, "refused").from_vendor(vendor).into()
    }

    #[tokio::test]
    async fn only_what_is_new_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = open_sqlite(folder.path(), KeySource::File).await.unwrap();
        let mut account = store.create_account(NewAccount::new("a", "okta", "t")).await.unwrap();
        let now = Timestamp::now();
        let healed = change(&account, LIST, true, None, now).unwrap();
        assert_eq!(healed.status, Some(AccountStatus::Active), "the first call that works");
        assert!(change(&account, LIST, false, None, now).is_none(), "nothing was asked of the vendor");

        let refused = by_vendor(ErrorKind::Authentication, 401);
        let broken = change(&account, LIST, false, Some(&refused), now).unwrap();
        assert_eq!((broken.status, broken.last_error), (Some(AccountStatus::NeedsReauth), Some(Some("no".into()))));
        (account.status, account.last_error) = (AccountStatus::NeedsReauth, Some("no".into()));
        assert!(change(&account, LIST, false, Some(&refused), now).is_none());
        let own = Problem::from(Error::new(ErrorKind::Authentication, "a token of ours"));
        assert!(change(&account, LIST, false, Some(&own), now).is_none(), "the vendor did not say it");

        let forbidden = by_vendor(ErrorKind::Permission, 403);
        let told = change(&account, LIST, false, Some(&forbidden), now).unwrap();
        assert_eq!(told.status, None, "a missing right is no broken connection");
        account.last_forbidden_error = told.last_forbidden_error.unwrap();
        assert!(change(&account, LIST, false, Some(&forbidden), now).is_none());
        let other = Asked { resource: "groups", method: "list" };
        assert!(change(&account, other, false, Some(&forbidden), now).is_some());
    }
}
