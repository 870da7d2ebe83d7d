//! The audit: what was about to be done at a vendor, and what came of it.
//!
//! Each account has a chain of its own: every row carries a MAC over itself and the MAC before it, and a head row, with a
//! MAC too, says where the chain ends. So a row that was changed, moved, removed or cut off shows, unless the head of an
//! older state was saved and put back too; against that, heads are noted elsewhere ([`ChainReport::head`]). Appends to
//! different accounts never wait for each other. Rows outlive their account. What concerns no account stands in the chain
//! of [`STORE_CHAIN`], which also notes each new chain, so that one cannot be taken away as a whole.

pub(crate) mod chain;
mod verify;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::TimeRange;
pub(crate) use verify::Verifier;

/// The first action of all: the store was made. It is what is missed where the audit was taken away as a whole.
pub(crate) const NEW_STORE: &str = "store/create";
/// The action that notes a new chain.
pub(crate) const NEW_CHAIN: &str = "audit/begin";

/// The chain of what concerns no account.
pub const STORE_CHAIN: Uuid = Uuid::nil();

/// The most rows that one page holds.
pub const AUDIT_PAGE: u32 = 1000;

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// Something is about to be done. Without a later outcome nobody knows whether it was.
    Intended,
    /// What came of it.
    Outcome,
}

impl AuditKind {
    /// The word, as stored and as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Outcome => "outcome",
        }
    }
}

/// A row to append. Ids, never names or addresses of people.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewAuditRow {
    /// The account, or [`STORE_CHAIN`].
    pub account: Uuid,
    /// What the row is about.
    pub kind: AuditKind,
    /// Who does it: `token:<id>`, or `cli`.
    pub actor: String,
    /// What is done, such as `users/deactivate`.
    pub action: String,
    /// Ids of the users, groups, roles and so on that it is about.
    pub targets: Vec<String>,
    /// Of an outcome: the `intended` row it belongs to.
    pub intended: Option<i64>,
    /// Of an outcome: `sent`, `refused`, `not_sent`, `unknown` for one vendor write; `applied`, `already`, `pending`,
    /// `failed`, `unknown` for the action as a whole.
    pub effect: Option<String>,
    /// The status the vendor answered.
    pub vendor_status: Option<u16>,
    /// The vendor's ids of the exchanges.
    pub vendor_request_ids: Vec<String>,
    /// A hash of the `Idempotency-Key`, where one was given.
    pub idempotency_key: Option<[u8; 32]>,
    /// The id of the request to the server.
    pub request_id: Option<String>,
    /// Whatever else is worth keeping.
    pub details: Map<String, Value>,
    /// Fingerprint of the vendor write: with an `intended` row it is noted as one whose outcome is unknown, and with an
    /// outcome it no longer is. See [`Store::unknown_within`](crate::Store::unknown_within). Not a part of the row.
    pub write: Option<String>,
}

impl NewAuditRow {
    /// A row without anything that may be missing.
    pub fn new(account: Uuid, kind: AuditKind, actor: impl Into<String>, action: impl Into<String>) -> Self {
        Self {
            account,
            kind,
            actor: actor.into(),
            action: action.into(),
            targets: Vec::new(),
            intended: None,
            effect: None,
            vendor_status: None,
            vendor_request_ids: Vec::new(),
            idempotency_key: None,
            request_id: None,
            details: Map::new(),
            write: None,
        }
    }

    /// About these ids.
    pub fn targets(mut self, targets: impl IntoIterator<Item = String>) -> Self {
        self.targets = targets.into_iter().collect();
        self
    }

    /// With this effect.
    pub fn effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = Some(effect.into());
        self
    }

    /// The outcome of this row.
    pub fn of(mut self, intended: i64) -> Self {
        self.intended = Some(intended);
        self
    }

    /// With this detail.
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// Who changes something of the store's own and why: the audit has a row of it, appended with the change or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deed {
    /// Who does it: `token:<id>`, `link`, or `cli`.
    pub actor: String,
    /// What is done, such as `integrated-account/update`.
    pub action: String,
    /// The id of the request to the server.
    pub request_id: Option<String>,
}

impl Deed {
    /// Done by somebody.
    pub fn new(actor: impl Into<String>, action: impl Into<String>) -> Self {
        Self { actor: actor.into(), action: action.into(), request_id: None }
    }

    /// By a request to the server.
    pub fn request(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Its row, in the chain of what it concerns.
    pub(crate) fn row(&self, chain: Uuid, target: Option<Uuid>) -> NewAuditRow {
        let mut row = NewAuditRow::new(chain, AuditKind::Outcome, &self.actor, &self.action).effect("applied");
        row.targets = target.iter().map(Uuid::to_string).collect();
        row.request_id.clone_from(&self.request_id);
        row
    }
}

/// A row as it stands. Members as in [`NewAuditRow`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditRow {
    /// The account, or [`STORE_CHAIN`].
    pub account: Uuid,
    /// Place in the chain, from 1, without gaps.
    pub sequence: i64,
    /// When it was appended.
    pub at: Timestamp,
    /// What the row is about.
    pub kind: AuditKind,
    /// Who does it.
    pub actor: String,
    /// What is done.
    pub action: String,
    /// Whom it is about.
    pub targets: Vec<String>,
    /// The `intended` row of an outcome.
    pub intended: Option<i64>,
    /// What was done.
    pub effect: Option<String>,
    /// The vendor's status.
    pub vendor_status: Option<u16>,
    /// The vendor's ids.
    pub vendor_request_ids: Vec<String>,
    /// A hash of the `Idempotency-Key`, in hex.
    pub idempotency_key: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// Whatever else was worth keeping.
    pub details: Map<String, Value>,
}

/// Which rows to list.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuditQuery {
    /// Whose.
    pub account: Uuid,
    /// Only appended then.
    pub at: TimeRange,
    /// Only rows before this one: where an earlier page stopped.
    pub before: Option<i64>,
    /// At most this many, [`AUDIT_PAGE`] at most and by default.
    pub limit: Option<u32>,
}

impl AuditQuery {
    /// All rows of an account.
    pub fn new(account: Uuid) -> Self {
        Self { account, at: TimeRange::default(), before: None, limit: None }
    }

    /// Only appended then.
    pub fn at(mut self, range: TimeRange) -> Self {
        self.at = range;
        self
    }

    /// Goes on where an earlier page stopped.
    pub fn before(mut self, sequence: i64) -> Self {
        self.before = Some(sequence);
        self
    }

    /// At most this many.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// One page of an account's audit, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// The rows.
    pub rows: Vec<AuditRow>,
    /// What to give as `before` for the next page; none on the last.
    pub next: Option<i64>,
}

/// What a check of chains found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// One for each chain that was checked.
    pub chains: Vec<ChainReport>,
}

impl AuditReport {
    /// Whether every chain holds.
    pub fn holds(&self) -> bool {
        self.chains.iter().all(|chain| chain.fault.is_none())
    }
}

/// What a check of one chain found. Kept elsewhere, it is what a later check holds the chain against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainReport {
    /// Whose.
    pub account: Uuid,
    /// How many rows there are.
    pub rows: i64,
    /// The MAC of the last row, in hex.
    pub head: Option<String>,
    /// Rows of what was intended and has no outcome: under way, or broken off.
    pub open: Vec<i64>,
    /// The first thing that is wrong.
    pub fault: Option<ChainFault>,
}

/// The first thing that is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainFault {
    /// At which row.
    pub sequence: i64,
    /// What.
    pub what: String,
}
