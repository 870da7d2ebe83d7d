//! Watches what a write sends to the vendor.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use userdir::action::Shows;
use userdir::observer::{Observer, Verdict, WriteOutcome, WriteStep};
use userdir::{Error, ErrorKind, Outcome, Result, async_trait};
use userdir_store::{AuditKind, Begun, IDEMPOTENCY_LIFE, IdempotencyTicket, StoreError};

use super::Write;

/// Time after which a search shows what was created, where the vendor shows it at all.
const INDEXED: i64 = 60;

/// Watches what a write sends to the vendor: before each request the audit says that it is about to leave, afterwards
/// what came of it.
pub(super) struct Witness {
    write: Arc<Write>,
    ticket: Mutex<Option<IdempotencyTicket>>,
    /// An earlier run of the same key was sent, and what became of it is not known.
    unclear: AtomicBool,
    asked: AtomicBool,
    /// The audit's rows of what is under way, by step.
    intended: Mutex<HashMap<u32, i64>>,
    request_ids: Mutex<Vec<String>>,
}

impl Witness {
    pub fn new(write: Arc<Write>, ticket: Option<IdempotencyTicket>, unclear: bool) -> Witness {
        Witness {
            write,
            ticket: Mutex::new(ticket),
            unclear: AtomicBool::new(unclear),
            asked: AtomicBool::new(false),
            intended: Mutex::default(),
            request_ids: Mutex::default(),
        }
    }

    /// Whether anything was about to be sent.
    pub fn has_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Whether the outcome of an earlier run of the same key is still not known.
    pub fn is_unclear(&self) -> bool {
        self.unclear.load(Ordering::Relaxed)
    }

    /// The right to end the run.
    pub fn ticket(&self) -> Option<IdempotencyTicket> {
        self.ticket.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The vendor's ids of the exchanges.
    pub fn request_ids(&self) -> Vec<String> {
        self.request_ids.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Holds a request back that may have been carried out already, unless reading shows that it was not.
    async fn look_first(&self, step: &WriteStep) -> Result<()> {
        let (write, store) = (&self.write, self.write.state.store());
        let noted =
            store.unknown_within(write.account.id, &step.fingerprint, IDEMPOTENCY_LIFE).await.map_err(of_store)?;
        if noted.is_none() && !self.is_unclear() {
            return Ok(());
        }
        if write.send_again {
            return self.begin_anew(step).await;
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

    async fn keep(&self, step: &WriteStep, outcome: WriteOutcome<'_>) -> std::result::Result<(), StoreError> {
        let (write, store) = (&self.write, self.write.state.store());
        let intended = self.intended.lock().unwrap_or_else(PoisonError::into_inner).remove(&step.step);
        let (effect, status, request_id) = match outcome {
            WriteOutcome::Sent { status, request_id } => ("sent", Some(status), request_id),
            WriteOutcome::NotSent(error) => ("not_sent", error.vendor().map(|v| v.status), request_id(error)),
            WriteOutcome::Unknown(error) => ("unknown", error.vendor().map(|v| v.status), request_id(error)),
        };
        let ids: Vec<String> = request_id.map(str::to_owned).into_iter().collect();
        self.request_ids.lock().unwrap_or_else(PoisonError::into_inner).extend(ids.iter().cloned());
        match effect {
            "unknown" => store.note_unknown(write.account.id, &step.fingerprint).await?,
            "sent" => store.settle_unknown(write.account.id, &step.fingerprint).await?,
            _ => {}
        }
        let mut row = write.row(AuditKind::Outcome).effect(effect);
        (row.intended, row.vendor_status, row.vendor_request_ids) = (intended, status, ids);
        store.append_audit(row).await.map(drop)
    }
}

fn unknown(message: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, message).with_outcome(Outcome::Unknown)
}

fn request_id(error: &Error) -> Option<&str> {
    error.vendor().and_then(|vendor| vendor.request_id.as_deref())
}

/// The address without what stands behind its `?`, which may be about a person.
fn path_of(url: &str) -> &str {
    url.split_once('?').map_or(url, |(path, _)| path)
}

fn of_store(error: StoreError) -> Error {
    Error::new(ErrorKind::Unavailable, format!("nothing was sent, because it cannot be kept in the store: {error}"))
        .caused_by(error)
}

#[async_trait]
impl Observer for Witness {
    async fn before_write(&self, step: &WriteStep) -> Result<Verdict> {
        self.look_first(step).await?;
        let (write, store) = (&self.write, self.write.state.store());
        let row = write
            .row(AuditKind::Intended)
            .detail("step", step.step)
            .detail("method", step.method.as_str())
            .detail("url", path_of(&step.url))
            .detail("fingerprint", step.fingerprint.as_str());
        let sequence = store.append_audit(row).await.map_err(of_store)?;
        self.intended.lock().unwrap_or_else(PoisonError::into_inner).insert(step.step, sequence);
        if let Some(ticket) = self.ticket() {
            store.mark_sent(&ticket).await.map_err(of_store)?;
        }
        self.asked.store(true, Ordering::Relaxed);
        Ok(Verdict::Send)
    }

    async fn after_write(&self, step: &WriteStep, outcome: WriteOutcome<'_>) {
        if let Err(error) = self.keep(step, outcome).await {
            tracing::error!(%error, account = %self.write.account.id, action = self.write.action, step = step.step, "what became of a write cannot be kept");
        }
    }
}
