//! The log of requests that the server answered, without any personal data.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::TimeRange;

/// Days that an entry is kept.
pub const LOG_DAYS: i64 = 31;

/// The most entries that one page holds.
pub const LOG_PAGE: u32 = 100;

/// One answered unified, proxy or custom request. Serialised as the wire contract's `/log` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// When it was answered.
    pub timestamp: Timestamp,
    /// The account it used.
    #[serde(rename = "integrated_account_id")]
    pub account: Uuid,
    /// The account's tenant then.
    pub tenant_id: String,
    /// The slug of the account's provider.
    pub integration: String,
    /// `unified`, `proxy` or `custom`.
    pub request_type: String,
    /// Such as `users`.
    pub resource: String,
    /// Such as `list`.
    pub method: String,
    /// Such as `GET`.
    pub http_method: String,
    /// The status of the answer.
    #[serde(rename = "http_status_code")]
    pub status: u16,
    /// How long it took, in milliseconds.
    #[serde(rename = "duration")]
    pub duration_ms: u64,
    /// How many items the answer held, where it was a list.
    pub result_count: Option<u64>,
}

/// Which entries to list. Where several are named, any of them will do.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct LogFilter {
    /// Only of these accounts.
    pub account: Option<Vec<Uuid>>,
    /// Only of these tenants.
    pub tenant_id: Option<Vec<String>>,
    /// Only of these providers.
    pub integration: Option<Vec<String>>,
    /// Only answered then.
    pub created_at: TimeRange,
    /// At most this many, [`LOG_PAGE`] at most and by default.
    pub limit: Option<u32>,
    /// Where an earlier page stopped.
    pub cursor: Option<String>,
}

impl LogFilter {
    /// Only of this account.
    pub fn account(mut self, account: Uuid) -> Self {
        self.account = Some(vec![account]);
        self
    }

    /// Only of this tenant.
    pub fn tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(vec![tenant_id.into()]);
        self
    }

    /// Only of this provider.
    pub fn integration(mut self, slug: impl Into<String>) -> Self {
        self.integration = Some(vec![slug.into()]);
        self
    }

    /// Only answered then.
    pub fn created_at(mut self, range: TimeRange) -> Self {
        self.created_at = range;
        self
    }

    /// At most this many.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Goes on where an earlier page stopped.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}

/// One page of the log, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The entries.
    pub entries: Vec<LogEntry>,
    /// Where the next page starts; none on the last.
    pub next_cursor: Option<String>,
}
