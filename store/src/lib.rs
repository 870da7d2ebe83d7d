//! Where accounts live: their settings in the clear, their secrets and tokens sealed, on the operator's own disk.
//!
//! An *account* is one connection to one vendor: which provider, for which tenant, with which settings and secrets.
//! Beside accounts the store keeps API tokens, the audit, and what replicas have to agree on. Everything goes through one
//! trait, [`Store`]. There is one implementation, [`SqlStore`], over SQLite for a single machine ([`open_sqlite`]) and
//! over PostgreSQL for several (`open_postgres`, feature `postgres`).
//!
//! # How to read this crate
//!
//! | file | holds |
//! |---|---|
//! | `store.rs` | [`Store`]: what can be asked, and what holds then |
//! | `account.rs`, `lease.rs`, `api_token.rs`, `short_token.rs`, `audit/`, `idempotency.rs`, `request_log.rs`, `rotation.rs` | the things it keeps |
//! | `error.rs` | [`StoreError`]: what happened and what to do next |
//! | `key.rs` | [`MasterKey`] and its file |
//! | `seal.rs`, `keyring.rs` | the one place that encrypts; the generations of the master key |
//! | `sql/` | every statement, once, for both databases; `sql/db.rs` has what differs |
//! | `sqlite/`, `postgres/` | opening each of them |
//! | `data_dir.rs`, `key_change.rs` | [`DataDir`], which ties key file and SQLite file together; a new key file |
//! | `credentials.rs`, `audit_observer.rs`, `earlier_writes.rs` | the store as core sees it: token keeper, witness of every vendor write, and memory of those whose outcome is unknown |
//! | `tests/suite/` | the contract that every store must pass |
//!
//! # What is protected, and how
//!
//! A master key of 32 bytes stands outside the database. Each account has a random data key of its own, wrapped by the
//! master key; secrets, vendor tokens and stored answers are sealed with that data key (XChaCha20-Poly1305). Each sealed
//! value is bound to the account and the name it stands under, so a row moved elsewhere does not open. Our own tokens are
//! kept as hashes. Whoever copies the database without the key learns names, settings and the names of secrets, never a
//! value. A database refuses a wrong key before anything is read or written.
//!
//! The audit is a chain of MACs for each account ([`NewAuditRow`]). Whoever can write to the database but has no key can
//! damage it, and cannot change, move or add a row unseen. What no chain can show is that it was put back to an older state
//! of its own: whoever saved its head, one row, before a deed can cut off the rows since and put that head back. For that,
//! keep what [`Store::verify_audit`] gives somewhere else, and hold a later check against it
//! ([`Store::verify_audit_since`]).
//!
//! # Changing the master key
//!
//! [`Store::rotate_master_key`] adds a *generation*: the next key. From its first step on the new generation wraps; the
//! data keys of all accounts are then wrapped anew, some at a time, while others go on reading and writing. Nothing that
//! is sealed is sealed again, since data keys stay. Interrupted anywhere, the same call goes on from there. Meanwhile, and
//! for a day after it ([`HANDOVER`]), the database holds the new generation's wrapping key sealed by the old one, so that
//! processes with the old key follow; then that is removed, and the old key opens nothing any more
//! ([`StoreError::KeyRetired`]). Keys that must outlast it (audit chains, cursors, names of token slots) are derived from
//! a random root key, which is wrapped as the data keys are.
//!
//! # Example
//!
//! ```
//! use userdir_store::{AccountChange, AccountStatus, KeySource, NewAccount, Store, open_sqlite};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let data_dir = folder.path().join("userdir-data");
//! let store = open_sqlite(&data_dir, KeySource::File).await?;
//!
//! let new = NewAccount::new("okta-prod", "okta", "acme")
//!     .set("base_url", "https://acme.okta.com")
//!     .secret("api_token", "00abc");
//! let account = store.create_account(new).await?;
//! assert_eq!(account.secret_keys, ["api_token"]);
//!
//! let change = AccountChange::default().status(AccountStatus::Active);
//! let account = store.update_account("okta-prod", change).await?;
//! assert_eq!(account.revision, 2);
//! # Ok(())
//! # }
//! ```

mod account;
mod api_token;
mod audit;
mod audit_observer;
pub mod credentials;
mod cursor;
mod data_dir;
mod earlier_writes;
mod error;
mod idempotency;
mod key;
mod key_change;
mod keyring;
mod lease;
#[cfg(feature = "postgres")]
mod postgres;
mod request_log;
mod rotation;
mod seal;
mod secret_value;
mod short_token;
mod sql;
mod sqlite;
mod store;
mod time;

pub use account::{Account, AccountChange, AccountFilter, AccountPage, AccountStatus, ForbiddenError, NewAccount};
pub use api_token::{ApiToken, CreatedApiToken, NewApiToken, Scope};
pub use audit::{
    AUDIT_PAGE, AuditKind, AuditPage, AuditQuery, AuditReport, AuditRow, ChainFault, ChainReport, Deed, NewAuditRow,
    STORE_CHAIN,
};
pub use audit_observer::{AuditContext, AuditObserver, target_ids, without_address};
pub use data_dir::{DataDir, KeySource};
pub use earlier_writes::EarlierWrites;
pub use error::StoreError;
pub use idempotency::{Begun, IDEMPOTENCY_LIFE, IdempotencyScope, IdempotencyTicket, StoredAnswer};
pub use key::MasterKey;
pub use key_change::{KeyFileChange, rotate_key_file};
pub use lease::{Fence, StoredToken, TRIAL_LIFE, TRIALS};
#[cfg(feature = "postgres")]
pub use postgres::open_postgres;
pub use request_log::{LOG_DAYS, LOG_PAGE, LogEntry, LogFilter, LogPage};
pub use rotation::{HANDOVER, Rotation, Swept};
pub use short_token::{
    ACCOUNT_TOKEN_LIFE, AccountToken, IssuedToken, LINK_TOKEN_LIFE, Link, LinkTarget, LinkToken, NewLinkToken,
};
pub use sql::SqlStore;
pub use sqlite::{open_sqlite, restore_sqlite};
pub use store::Store;
pub use time::TimeRange;

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
