//! Holds back a write that may have been carried out already.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use userdir_core::action::Shows;
use userdir_core::observer::{Observer, Verdict, WriteOutcome, WriteStep};
use userdir_core::{Action, Call, Directory, Error, ErrorKind, Outcome, Result};
use uuid::Uuid;

use crate::{IDEMPOTENCY_LIFE, Store, StoreError};

/// Seconds after which a search shows what was created, where the vendor shows it at all.
const INDEXED: i64 = 60;
/// Time that a confirming read has.
const READING: Duration = Duration::from_secs(30);

/// Reads the vendor and tells whether the effect of a write is there.
type Confirm = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Shows>> + Send>> + Send + Sync>;

/// Watches one call for writes that the store has noted as sent, with an outcome that nobody knows: by an earlier process
/// that ended, or by a vendor that did not answer. Such a write leaves only where reading shows that it was not carried
/// out, or where somebody says to have looked.
///
/// It comes before the [`AuditObserver`](crate::AuditObserver) of the call, which notes what is about to leave.
pub struct EarlierWrites {
    store: Arc<dyn Store>,
    account: Uuid,
    confirm: Option<Confirm>,
    /// It makes something new: a search just after may not show it yet.
    creates: bool,
    send_again: bool,
    /// Marks of what the vendor said yes to.
    accepted: Mutex<Vec<String>>,
}

impl EarlierWrites {
    /// For a call whose effect no reading shows.
    pub fn unread(store: Arc<dyn Store>, account: Uuid) -> Self {
        Self { store, account, confirm: None, creates: false, send_again: false, accepted: Mutex::default() }
    }

    /// For an action with this input, whose effect its confirming read shows.
    pub fn of_action(
        store: Arc<dyn Store>,
        account: Uuid,
        directory: &Directory,
        action: Action,
        input: &Value,
    ) -> Self {
        let (directory, input) = (directory.clone(), input.clone());
        let confirm: Confirm = Box::new(move || {
            let (directory, input) = (directory.clone(), input.clone());
            Box::pin(async move { directory.confirm_json(&Call::new().deadline(READING), action, input).await })
        });
        let creates = action.info().method == "create";
        Self { confirm: Some(confirm), creates, ..Self::unread(store, account) }
    }

    /// Send it all the same: somebody has looked.
    #[must_use]
    pub fn send_again(self, send_again: bool) -> Self {
        Self { send_again, ..self }
    }

    /// Whether one like it was sent before, and may leave again; `is_unclear` says that it was, whatever is noted.
    ///
    /// # Errors
    /// With [`Outcome::Unknown`] where nothing shows that it was not carried out; those of the store.
    pub async fn look(&self, step: &WriteStep, is_unclear: bool) -> Result<bool> {
        let (accepted, noted) = (self.noted(&accepted(step)).await?, self.noted(&step.fingerprint).await?);
        if accepted.is_none() && noted.is_none() && !is_unclear {
            return Ok(false);
        }
        if self.send_again {
            return Ok(true);
        }
        if accepted.is_some() {
            return Err(unknown("the vendor accepted the same write before, and does not show it"));
        }
        let shows = match &self.confirm {
            Some(confirm) => confirm().await?,
            None => Shows::Unknown,
        };
        let is_fresh = noted.is_some_and(|noted| Timestamp::now().as_second() - noted.as_second() < INDEXED);
        if shows == Shows::No && !(self.creates && is_fresh) {
            return Ok(true);
        }
        Err(unknown("the same write was sent before, and nothing shows what became of it"))
    }

    async fn noted(&self, mark: &str) -> Result<Option<Timestamp>> {
        self.store.unknown_within(self.account, mark, IDEMPOTENCY_LIFE).await.map_err(StoreError::before_a_write)
    }

    /// Keeps what the vendor said yes to and does not show: it must not be sent again because reading does not show it.
    pub async fn note_accepted(&self) {
        let accepted = std::mem::take(&mut *self.accepted.lock().unwrap_or_else(PoisonError::into_inner));
        for mark in accepted {
            if let Err(error) = self.store.note_unknown(self.account, &mark).await {
                tracing::error!(%error, account = %self.account, "that a write was accepted cannot be kept");
            }
        }
    }
}

#[async_trait]
impl Observer for EarlierWrites {
    async fn before_write(&self, step: &WriteStep) -> Result<Verdict> {
        self.look(step, false).await.map(|_| Verdict::Send)
    }

    async fn after_write(&self, step: &WriteStep, outcome: WriteOutcome<'_>) {
        if !matches!(outcome, WriteOutcome::Sent { .. }) {
            return;
        }
        // this answer says what became of it
        if let Err(error) = self.store.settle_unknown(self.account, &accepted(step)).await {
            tracing::warn!(%error, account = %self.account, "that the outcome of a write is known cannot be kept");
        }
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).push(accepted(step));
    }
}

/// Under which a write is noted that the vendor said yes to.
fn accepted(step: &WriteStep) -> String {
    format!("accepted:{}", step.fingerprint)
}

fn unknown(message: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, message).with_outcome(Outcome::Unknown)
}
