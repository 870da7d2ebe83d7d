//! Holds back what may have been carried out already, and marks the run of a key as sent before anything leaves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::OwnedMutexGuard;
use userdir::action::Shows;
use userdir::observer::{Observer, Verdict, WriteOutcome, WriteStep};
use userdir::{Error, ErrorKind, Outcome, Result, async_trait};
use userdir_store::{Begun, IDEMPOTENCY_LIFE, IdempotencyTicket, StoreError};

use super::Write;
use crate::deadline;

/// Seconds after which a search shows what was created, where the vendor shows it at all.
const INDEXED: i64 = 60;

/// Watches what a write sends to the vendor. It comes before the audit, which has only what is really about to leave.
pub(super) struct Guard {
    write: Arc<Write>,
    ticket: Mutex<Option<IdempotencyTicket>>,
    /// An earlier run of the same key was sent, and what became of it is not known.
    unclear: AtomicBool,
    /// Marks of what the vendor said yes to.
    accepted: Mutex<Vec<String>>,
    /// Held from before a write to the next one of the call, or to its end: by then it is known what became of it.
    turn: tokio::sync::Mutex<Option<OwnedMutexGuard<()>>>,
}

impl Guard {
    pub fn new(write: Arc<Write>, ticket: Option<IdempotencyTicket>, unclear: bool) -> Guard {
        Guard {
            write,
            ticket: Mutex::new(ticket),
            unclear: AtomicBool::new(unclear),
            accepted: Mutex::default(),
            turn: Default::default(),
        }
    }

    /// Whether the outcome of an earlier run of the same key is still not known.
    pub fn is_unclear(&self) -> bool {
        self.unclear.load(Ordering::Relaxed)
    }

    /// Keeps what the vendor said yes to and does not show: it must not be sent again because reading does not show it.
    pub async fn note_accepted(&self) {
        let accepted = std::mem::take(&mut *self.accepted.lock().unwrap_or_else(PoisonError::into_inner));
        let (store, account) = (self.write.state.store(), self.write.account.id);
        for mark in accepted {
            if let Err(error) = store.note_unknown(account, &mark).await {
                tracing::error!(%error, %account, action = self.write.action, "that a write was accepted cannot be kept");
            }
        }
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
        let (write, store) = (&self.write, self.write.state.store());
        let noted =
            async |mark: &str| store.unknown_within(write.account.id, mark, IDEMPOTENCY_LIFE).await.map_err(of_store);
        let (accepted, noted) = (noted(&accepted(step)).await?, noted(&step.fingerprint).await?);
        if accepted.is_none() && noted.is_none() && !self.is_unclear() {
            return Ok(());
        }
        if write.send_again {
            return self.begin_anew(step).await;
        }
        if accepted.is_some() {
            return Err(unknown("the vendor accepted the same write before, and does not show it"));
        }
        let shows = match &write.confirm {
            Some(confirm) => confirm().await?,
            None => Shows::Unknown,
        };
        let is_fresh = noted.is_some_and(|noted| Timestamp::now().as_second() - noted.as_second() < INDEXED);
        if shows == Shows::No && !(write.creates && is_fresh) {
            return self.begin_anew(step).await;
        }
        Err(unknown("the same write was sent before, and nothing shows what became of it"))
    }

    /// Takes the key for a run of its own, where it is still with the one whose outcome is not known: of several that come
    /// to the same end, one may send.
    async fn begin_anew(&self, step: &WriteStep) -> Result<()> {
        let (write, store) = (&self.write, self.write.state.store());
        let (Some(key), Some(old), true) = (&write.key, self.ticket(), self.is_unclear()) else { return Ok(()) };
        // should this process end here, the next one knows by this that it has to look first
        store.note_unknown(write.account.id, &step.fingerprint).await.map_err(of_store)?;
        store.release_idempotent(&old).await.map_err(of_store)?;
        match key.begin_once(&write.state, write.account.id).await.map_err(of_store)? {
            Begun::Started(ticket) => {
                *self.ticket.lock().unwrap_or_else(PoisonError::into_inner) = Some(ticket);
                self.unclear.store(false, Ordering::Relaxed);
                Ok(())
            }
            _ => Err(unknown("another request with the same `Idempotency-Key` is at it")),
        }
    }
}

/// Under which a write is noted that the vendor said yes to.
fn accepted(step: &WriteStep) -> String {
    format!("accepted:{}", step.fingerprint)
}

fn unknown(message: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, message).with_outcome(Outcome::Unknown)
}

fn of_store(error: StoreError) -> Error {
    Error::new(ErrorKind::Unavailable, format!("nothing was sent, because it cannot be kept in the store: {error}"))
        .caused_by(error)
}

#[async_trait]
impl Observer for Guard {
    async fn before_write(&self, step: &WriteStep) -> Result<Verdict> {
        self.take_turn(step).await?;
        self.look_first(step).await?;
        if let Some(ticket) = self.ticket() {
            self.write.state.store().mark_sent(&ticket).await.map_err(of_store)?;
        }
        Ok(Verdict::Send)
    }

    async fn after_write(&self, step: &WriteStep, outcome: WriteOutcome<'_>) {
        if !matches!(outcome, WriteOutcome::Sent { .. }) {
            return;
        }
        // this answer says what became of it
        let account = self.write.account.id;
        if let Err(error) = self.write.state.store().settle_unknown(account, &accepted(step)).await {
            tracing::warn!(%error, %account, action = self.write.action, "that the outcome of a write is known cannot be kept");
        }
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).push(accepted(step));
    }
}
