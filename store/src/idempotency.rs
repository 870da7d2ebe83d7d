//! One run per `Idempotency-Key`, on any number of replicas, through crashes.
//!
//! A run is *begun* under a lease, *marked as sent* before its first vendor write leaves, and *finished* with its answer,
//! or *released* where the vendor changed nothing. A lease that ran out before anything was sent can be taken over; after
//! that nobody knows what became of it: the run reads as unknown, and is never repeated silently.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How long an answer, or the fact that the outcome is unknown, is kept.
pub const IDEMPOTENCY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// What an `Idempotency-Key` holds for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyScope {
    /// The account.
    pub account: Uuid,
    /// Method and path of the request, spelled in one way.
    pub path: String,
    /// The key that the client sent.
    pub key: String,
}

impl IdempotencyScope {
    /// A hash that stands for the scope: keys are the client's own words and are kept nowhere.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.account.as_bytes());
        for part in [&self.path, &self.key] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

/// The right to finish a run.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyTicket {
    pub(crate) account: Uuid,
    pub(crate) scope: [u8; 32],
    /// A new one each time the key is begun: an old ticket never fits a later run.
    pub(crate) run: Uuid,
}

impl fmt::Debug for IdempotencyTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyTicket").field("account", &self.account).field("run", &self.run).finish()
    }
}

/// What [`begin_idempotent`](crate::Store::begin_idempotent) says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Run it: nobody else does.
    Started(IdempotencyTicket),
    /// It ran: this was the answer.
    Replay(StoredAnswer),
    /// It runs now, under somebody else's lease.
    InFlight,
    /// The key was used with another body.
    DifferentBody,
    /// It was sent to the vendor, and what became of it is unknown. Read the vendor; with the ticket the answer can then
    /// be stored.
    Unknown(IdempotencyTicket),
}

/// An answer as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers to give again.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl fmt::Debug for StoredAnswer {
    /// Without headers and body: they hold other people's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}
