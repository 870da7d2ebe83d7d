//! Where accounts live: their settings in the clear, their secrets and tokens sealed, on the operator's own disk.
//!
//! An *account* is one connection to one vendor: which provider, for which tenant, with which settings and secrets.
//! Everything that keeps accounts goes through one trait, [`Store`]; [`SqliteStore`] is the one for a single machine.
//!
//! # How to read this crate
//!
//! | file | holds |
//! |---|---|
//! | `account.rs` | [`Account`] and what creates and changes one |
//! | `store.rs` | [`Store`], the token state and its leases |
//! | `error.rs` | [`StoreError`]: what happened and what to do next |
//! | `key.rs` | [`MasterKey`] and its file |
//! | `seal.rs` | the one place that encrypts |
//! | `data_dir.rs` | [`DataDir`], and [`open_sqlite`] which ties key and database together |
//! | `sqlite/` | the SQLite store, statement by statement |
//! | `tests/suite/` | the contract that every store must pass |
//!
//! # What is protected, and how
//!
//! A master key of 32 bytes stands outside the database. Each account has a random data key of its own, wrapped by the
//! master key; secrets and tokens are sealed with that data key (XChaCha20-Poly1305). Each sealed value is bound to the
//! account and the name it stands under, so a row moved elsewhere does not open. Whoever copies the database without
//! the key learns names, settings and the names of secrets, never a value. A database refuses a wrong key before
//! anything is read or written.
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
mod data_dir;
mod error;
mod idempotency;
mod key;
mod lease;
mod request_log;
mod rotation;
mod seal;
mod short_token;
mod sqlite;
mod store;
mod time;

pub use account::{Account, AccountChange, AccountFilter, AccountPage, AccountStatus, ForbiddenError, NewAccount};
pub use api_token::{ApiToken, CreatedApiToken, NewApiToken, Scope};
pub use audit::{
    AUDIT_PAGE, AuditKind, AuditPage, AuditQuery, AuditReport, AuditRow, ChainFault, ChainReport, NewAuditRow,
    STORE_CHAIN,
};
pub use data_dir::{DataDir, KeySource, open_sqlite};
pub use error::StoreError;
pub use idempotency::{Begun, IDEMPOTENCY_LIFE, IdempotencyScope, IdempotencyTicket, StoredAnswer};
pub use key::MasterKey;
pub use lease::{Fence, StoredToken};
pub use request_log::{LOG_DAYS, LOG_PAGE, LogEntry, LogFilter, LogPage};
pub use rotation::{HANDOVER, Rotation, Swept};
pub use short_token::{
    ACCOUNT_TOKEN_LIFE, AccountToken, IssuedToken, LINK_TOKEN_LIFE, Link, LinkTarget, LinkToken, NewLinkToken,
};
pub use sqlite::{SqliteStore, restore_sqlite};
pub use store::Store;
pub use time::TimeRange;
