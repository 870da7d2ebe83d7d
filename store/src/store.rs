//! The one interface to whatever keeps the accounts.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{SecretBox, SecretString};
use uuid::Uuid;

use crate::{Account, AccountChange, AccountFilter, NewAccount, StoreError};

/// Keeps accounts, their secrets and their token state.
///
/// Several processes may use one store at the same time: each method is one transaction, and what it returned as done
/// is on disk. Wherever an account is named by `&str`, its name and its UUID are both taken.
#[async_trait]
pub trait Store: Send + Sync {
    /// Creates an account with status `connecting` and revision 1.
    async fn create_account(&self, new: NewAccount) -> Result<Account, StoreError>;

    /// One account, by name or UUID.
    async fn account(&self, name_or_id: &str) -> Result<Account, StoreError>;

    /// The accounts that pass the filter, sorted by name.
    async fn accounts(&self, filter: &AccountFilter) -> Result<Vec<Account>, StoreError>;

    /// Changes what `change` names, leaves the rest, and raises the revision.
    async fn update_account(&self, name_or_id: &str, change: AccountChange) -> Result<Account, StoreError>;

    /// Removes an account with its secrets and tokens.
    async fn remove_account(&self, name_or_id: &str) -> Result<(), StoreError>;

    /// The secrets of an account, opened.
    async fn secrets(&self, account: Uuid) -> Result<BTreeMap<String, SecretString>, StoreError>;

    /// The token last committed in a slot, if any. It may have expired: the caller judges.
    ///
    /// A slot is one token of an account, such as `access`. What was got with other credentials belongs into another
    /// slot: changing an account's secrets leaves its tokens alone, since a rotated refresh token exists only here.
    async fn load_token(&self, account: Uuid, slot: &str) -> Result<Option<StoredToken>, StoreError>;

    /// Takes the lease of a slot for `ttl`, or answers `None` while another holder has it.
    ///
    /// The holder that has it may take it again, which renews it. Each lease has a higher [`Fence`] than all before it
    /// and outdates them. `holder` must name one party that refreshes one token at a time.
    async fn lease_token(
        &self,
        account: Uuid,
        slot: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Fence>, StoreError>;

    /// Stores a token under the fence of the lease it was got under, and gives the lease back.
    ///
    /// Refused with [`StoreError::LeaseLost`] where a later lease exists. A lease that merely ran out still commits:
    /// nobody else has asked the vendor since, and a rotated refresh token must not be lost.
    async fn commit_token(
        &self,
        account: Uuid,
        slot: &str,
        fence: Fence,
        token: SecretString,
        expires_at: Option<Timestamp>,
    ) -> Result<(), StoreError>;

    /// A key for one purpose outside the store, such as authenticating cursors. The same for every process on this
    /// store, and useless for opening what is sealed.
    fn derived_key(&self, purpose: &str) -> SecretBox<[u8; 32]>;

    /// Whether the store answers.
    async fn ready(&self) -> Result<(), StoreError>;
}

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
