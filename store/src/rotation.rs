//! What comes of changing the master key, and of tidying up.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

/// How long processes that hold the old key can follow to the new one, unless something else is asked for.
pub const HANDOVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A change of the master key that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// The generation that the new key is.
    pub key_id: i64,
    /// How many accounts' data keys this run wrapped anew; an earlier run that broke off may have done others.
    pub rewrapped: u64,
    /// Until when the old key still opens the store; none where it no longer does.
    pub handover_until: Option<Timestamp>,
}

/// How many rows a sweep removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Account tokens whose time was over.
    pub account_tokens: u64,
    /// Link tokens whose time was over, used or not.
    pub link_tokens: u64,
    /// Vendor tokens of connections that were tried out a week ago and came to nothing.
    pub trials: u64,
    /// Stored answers and unknown outcomes older than a day.
    pub idempotent: u64,
    /// Noted writes of unknown outcome older than a day.
    pub unknown_writes: u64,
    /// Log entries older than a month.
    pub log_entries: u64,
    /// Old master keys that no longer open the store.
    pub handovers: u64,
}
