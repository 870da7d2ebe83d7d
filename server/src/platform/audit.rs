//! A row in the audit for each change of the platform's own things. Vendor writes have rows of their own.

use userdir_store::{AuditKind, NewAuditRow};
use uuid::Uuid;

use crate::auth::Principal;
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::state::AppState;

/// Notes what was done to an account, and by whom.
///
/// # Errors
/// Those of the store: what was done and is not on record is told as a failure.
pub async fn note(
    state: &AppState,
    who: &Principal,
    request: &RequestId,
    account: Uuid,
    action: &str,
) -> Result<(), Problem> {
    append(state, who.actor(), request, account, action).await
}

/// The same, done through the page of a link token.
///
/// # Errors
/// As [`note`].
pub async fn note_link(state: &AppState, request: &RequestId, account: Uuid, action: &str) -> Result<(), Problem> {
    append(state, "link".to_owned(), request, account, action).await
}

async fn append(
    state: &AppState,
    actor: String,
    request: &RequestId,
    account: Uuid,
    action: &str,
) -> Result<(), Problem> {
    let mut row = NewAuditRow::new(account, AuditKind::Outcome, actor, action).effect("applied");
    row.request_id = Some(request.0.clone());
    state.store().append_audit(row).await?;
    Ok(())
}
