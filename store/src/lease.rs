//! Tokens that vendors gave, and the leases under which they are fetched anew.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use uuid::Uuid;

use crate::LINK_TOKEN_LIFE;

/// Stands for the account of tokens that are of none: of connections that are tried out before they have one, since what a
/// try has rotated must be there for the next; and of clients that several accounts are connected as.
pub const TRIALS: Uuid = Uuid::nil();

/// How long a token of a try is kept: as long as a link can be tried again.
pub const TRIAL_LIFE: Duration = LINK_TOKEN_LIFE;

/// The number of a lease: of two, the higher is the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(i64);

impl Fence {
    /// From the number a store keeps.
    pub fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A token as it was committed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredToken {
    /// What the caller committed, as it came.
    pub token: SecretString,
    /// When it expires, where that is known.
    pub expires_at: Option<Timestamp>,
    /// The fence under which the slot now stands: when it has grown, someone else is or was at work.
    pub fence: Fence,
}
