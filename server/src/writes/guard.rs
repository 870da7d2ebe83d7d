//! Holds back what may have been carried out already, and marks the run of a key as sent before anything leaves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;
use userdir::observer::{Observer, Verdict, WriteOutcome, WriteStep};
use userdir::{Error, ErrorKind, Outcome, Result, async_trait};
use userdir_store::{Begun, IdempotencyTicket, StoreError};

use super::Write;
use crate::deadline;

/// Watches what a write sends to the vendor. It comes before the audit, which has only what is really about to leave.
pub(super) struct Guard {
    write: Arc<Write>,
    ticket: Mutex<Option<IdempotencyTicket>>,
    /// An earlier run of the same key was sent, and what became of it is not known.
    unclear: AtomicBool,
    /// Held from before a write to the next one of the call, or to its end: by then it is known what became of it.
    turn: tokio::sync::Mutex<Option<OwnedMutexGuard<()>>>,
}

impl Guard {
    pub fn new(write: Arc<Write>, ticket: Option<IdempotencyTicket>, unclear: bool) -> Guard {
        Guard { write, ticket: Mutex::new(ticket), unclear: AtomicBool::new(unclear), turn: Default::default() }
    }

    /// Whether the outcome of an earlier run of the same key is still not known.
    pub fn is_unclear(&self) -> bool {
        self.unclear.load(Ordering::Relaxed)
    }

    /// The right to end the run.
    pub fn ticket(&self) -> Option<IdempotencyTicket> {
        self.ticket.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for the same write of another request here: it is noted too, and not unknown.
    async fn take_turn(&self, step: &WriteStep) -> Result<()> {
        let mut turn = self.turn.lock().await;
        // never two at a time, so that no two wait for each other
        *turn = None;
        let state = &self.write.state;
        let next = state.turn(self.write.account.id, &step.fingerprint);
        let next = tokio::time::timeout(deadline::left(state.limits().request_time), next).await;
        let late = || Error::new(ErrorKind::Timeout, "another request is still at the same write; nothing was sent");
        *turn = Some(next.map_err(|_| late())?);
        Ok(())
    }

    /// Holds a request back that may have been carried out already, unless reading shows that it was not.
    async fn look_first(&self, step: &WriteStep) -> Result<()> {
        if self.write.earlier.look(step, self.is_unclear()).await? {
            self.begin_anew(step).await?;
        }
        Ok(())
    }

    /// Takes the key for a run of its own, where it is still with the one whose outcome is not known: of several that come
    /// to the same end, one may send.
    async fn begin_anew(&self, step: &WriteStep) -> Result<()> {
        let (write, store) = (&self.write, self.write.state.store());
        let (Some(key), Some(old), true) = (&write.key, self.ticket(), self.is_unclear()) else { return Ok(()) };
        // should this process end here, the next one knows by this that it has to look first
        store.note_unknown(write.account.id, &step.fingerprint).await.map_err(StoreError::before_a_write)?;
        store.release_idempotent(&old).await.map_err(StoreError::before_a_write)?;
        match key.begin_once(&write.state, write.account.id).await.map_err(StoreError::before_a_write)? {
            Begun::Started(ticket) => {
                *self.ticket.lock().unwrap_or_else(PoisonError::into_inner) = Some(ticket);
                self.unclear.store(false, Ordering::Relaxed);
                Ok(())
            }
            _ => {
                let message = "another request with the same `Idempotency-Key` is at it";
                Err(Error::new(ErrorKind::Unavailable, message).with_outcome(Outcome::Unknown))
            }
        }
    }
}

#[async_trait]
impl Observer for Guard {
    async fn before_write(&self, step: &WriteStep) -> Result<Verdict> {
        self.take_turn(step).await?;
        self.look_first(step).await?;
        if let Some(ticket) = self.ticket() {
            self.write.state.store().mark_sent(&ticket).await.map_err(StoreError::before_a_write)?;
        }
        Ok(Verdict::Send)
    }

    async fn after_write(&self, step: &WriteStep, outcome: WriteOutcome<'_>) {
        self.write.earlier.after_write(step, outcome).await;
    }
}
