//! The store, statement by statement: one text for SQLite and PostgreSQL.
//!
//! A method of [`Store`] is one transaction. On SQLite it has the database to itself; on PostgreSQL it locks the row that
//! decides (`FOR UPDATE`) before it looks, so that two replicas see one state after the other. `db.rs` has what differs.

mod accounts;
mod api_tokens;
mod audit;
pub(crate) mod db;
mod idempotency;
mod keys;
mod leases;
mod request_log;
mod short_tokens;
mod sweep;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{SecretBox, SecretString};
use sqlx::migrate::{Migrate, Migrator};
use uuid::Uuid;

use crate::keyring::Keyring;
use crate::*;
use db::{Inner, Pool, Tx};

/// Accounts and all that belongs to them, in SQLite or PostgreSQL. Made by [`open_sqlite`] and `open_postgres`.
pub struct SqlStore {
    pub(crate) pool: Pool,
    pub(crate) keys: Keyring,
}

impl SqlStore {
    /// Brings the database up to date and checks the key: in one transaction, so that what is refused is left as it was.
    pub(crate) async fn prepare(pool: Pool, master: &MasterKey, database: String) -> Result<Self, StoreError> {
        let mut tx = pool.write("opening the database").await?;
        let is_new = match &mut tx.inner {
            Inner::Sqlite(tx) => migrate(&mut **tx, &sqlite::MIGRATIONS).await?,
            #[cfg(feature = "postgres")]
            Inner::Postgres(tx) => {
                postgres::wait_for_others(tx).await?;
                migrate(&mut **tx, &postgres::MIGRATIONS).await?
            }
        };
        let keys = keys::open(&mut tx, master, is_new, database).await?;
        let store = Self { pool, keys };
        if is_new {
            audit::begin(&store, &mut tx).await?;
        }
        tx.commit().await?;
        Ok(store)
    }

    /// Waits for what is under way and closes the database; SQLite folds its side files back into `userdir.db`.
    pub async fn close(self) {
        self.pool.close().await;
    }

    async fn write(&self, doing: &'static str) -> Result<Tx, StoreError> {
        self.pool.write(doing).await
    }

    async fn read(&self, doing: &'static str) -> Result<Tx, StoreError> {
        self.pool.read(doing).await
    }
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqlStore(…)")
    }
}

/// Brings the database up to this program's version; tells whether it was new. One that a newer program has changed is
/// refused.
pub(crate) async fn migrate<C: Migrate>(db: &mut C, migrations: &Migrator) -> Result<bool, StoreError> {
    let failed = |source| StoreError::Migration { source };
    db.ensure_migrations_table(&migrations.table_name).await.map_err(failed)?;
    let applied = db.list_applied_migrations(&migrations.table_name).await.map_err(failed)?;
    let found = applied.iter().map(|applied| applied.version).max();
    let program = migrations.iter().map(|migration| migration.version).max().unwrap_or_default();
    match found {
        Some(database) if database > program => return Err(StoreError::TooNew { database, program }),
        _ => migrations.run_direct(None, db, false).await.map_err(failed)?,
    }
    Ok(found.is_none())
}

#[async_trait]
impl Store for SqlStore {
    async fn create_account(&self, new: NewAccount) -> Result<Account, StoreError> {
        accounts::create(self, new).await
    }

    async fn account(&self, name_or_id: &str) -> Result<Account, StoreError> {
        accounts::get(self, name_or_id).await
    }

    async fn accounts(&self, filter: &AccountFilter) -> Result<Vec<Account>, StoreError> {
        accounts::list(self, filter).await
    }

    async fn accounts_page(
        &self,
        filter: &AccountFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<AccountPage, StoreError> {
        accounts::page(self, filter, limit, cursor).await
    }

    async fn update_account(&self, name_or_id: &str, change: AccountChange) -> Result<Account, StoreError> {
        accounts::update(self, name_or_id, change).await
    }

    async fn remove_account(&self, name_or_id: &str, deed: Option<&Deed>) -> Result<(), StoreError> {
        accounts::remove(self, name_or_id, deed).await
    }

    async fn open_account(&self, name_or_id: &str) -> Result<(Account, BTreeMap<String, SecretString>), StoreError> {
        accounts::open(self, name_or_id).await
    }

    async fn secrets(&self, account: Uuid) -> Result<BTreeMap<String, SecretString>, StoreError> {
        accounts::secrets(self, account).await
    }

    async fn load_token(&self, account: Uuid, slot: &str) -> Result<Option<StoredToken>, StoreError> {
        leases::load(self, account, slot).await
    }

    async fn lease_token(
        &self,
        account: Uuid,
        slot: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Fence>, StoreError> {
        leases::lease(self, account, slot, holder, ttl).await
    }

    async fn commit_token(
        &self,
        account: Uuid,
        slot: &str,
        fence: Fence,
        token: SecretString,
        expires_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        leases::commit(self, account, slot, fence, token, expires_at).await
    }

    async fn release_token(&self, account: Uuid, slot: &str, fence: Fence) -> Result<(), StoreError> {
        leases::release(self, account, slot, fence).await
    }

    async fn create_api_token(&self, new: NewApiToken) -> Result<CreatedApiToken, StoreError> {
        api_tokens::create(self, new).await
    }

    async fn create_first_api_token(&self, new: NewApiToken) -> Result<Option<CreatedApiToken>, StoreError> {
        api_tokens::create_first(self, new).await
    }

    async fn find_api_token(&self, secret: &str) -> Result<Option<ApiToken>, StoreError> {
        api_tokens::find(self, secret).await
    }

    async fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        api_tokens::list(self).await
    }

    async fn api_token(&self, name_or_id: &str) -> Result<ApiToken, StoreError> {
        api_tokens::get(self, name_or_id).await
    }

    async fn revoke_api_token(&self, name_or_id: &str, deed: Option<&Deed>) -> Result<ApiToken, StoreError> {
        api_tokens::revoke(self, name_or_id, deed).await
    }

    async fn count_api_tokens(&self) -> Result<u64, StoreError> {
        api_tokens::count(self).await
    }

    async fn create_account_token(
        &self,
        account: Uuid,
        issued_by: Option<Uuid>,
        deed: Option<&Deed>,
    ) -> Result<IssuedToken, StoreError> {
        short_tokens::create_for_account(self, account, issued_by, deed).await
    }

    async fn find_account_token(&self, secret: &str) -> Result<Option<AccountToken>, StoreError> {
        short_tokens::find_for_account(self, secret).await
    }

    async fn create_link_token(&self, new: NewLinkToken) -> Result<IssuedToken, StoreError> {
        short_tokens::create_link(self, new).await
    }

    async fn link_token(&self, secret: &str) -> Result<Link, StoreError> {
        short_tokens::link(self, secret).await
    }

    async fn redeem_link_token(&self, secret: &str) -> Result<Link, StoreError> {
        short_tokens::redeem_link(self, secret).await
    }

    async fn append_audit(&self, row: NewAuditRow) -> Result<i64, StoreError> {
        audit::append(self, row).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError> {
        audit::page(self, query).await
    }

    async fn audited_accounts(&self) -> Result<Vec<Uuid>, StoreError> {
        audit::accounts(self).await
    }

    async fn verify_audit_since(
        &self,
        account: Option<Uuid>,
        earlier: &[ChainReport],
    ) -> Result<AuditReport, StoreError> {
        audit::verify(self, account, earlier).await
    }

    async fn begin_idempotent(
        &self,
        scope: &IdempotencyScope,
        body_hash: [u8; 32],
        holder: &str,
        ttl: Duration,
    ) -> Result<Begun, StoreError> {
        idempotency::begin(self, scope, body_hash, holder, ttl).await
    }

    async fn mark_sent(&self, ticket: &IdempotencyTicket) -> Result<(), StoreError> {
        idempotency::mark_sent(self, ticket).await
    }

    async fn finish_idempotent(&self, ticket: &IdempotencyTicket, answer: &StoredAnswer) -> Result<(), StoreError> {
        idempotency::finish(self, ticket, answer).await
    }

    async fn release_idempotent(&self, ticket: &IdempotencyTicket) -> Result<(), StoreError> {
        idempotency::release(self, ticket).await
    }

    async fn mark_unknown(&self, ticket: &IdempotencyTicket) -> Result<(), StoreError> {
        idempotency::mark_unknown(self, ticket).await
    }

    async fn note_unknown(&self, account: Uuid, fingerprint: &str) -> Result<(), StoreError> {
        idempotency::note_unknown(self, account, fingerprint).await
    }

    async fn unknown_within(
        &self,
        account: Uuid,
        fingerprint: &str,
        within: Duration,
    ) -> Result<Option<Timestamp>, StoreError> {
        idempotency::unknown_within(self, account, fingerprint, within).await
    }

    async fn settle_unknown(&self, account: Uuid, fingerprint: &str) -> Result<(), StoreError> {
        idempotency::settle_unknown(self, account, fingerprint).await
    }

    async fn append_log(&self, entries: &[LogEntry]) -> Result<(), StoreError> {
        request_log::append(self, entries).await
    }

    async fn log(&self, filter: &LogFilter) -> Result<LogPage, StoreError> {
        request_log::page(self, filter).await
    }

    async fn rotate_master_key(&self, new: &MasterKey, handover: Duration) -> Result<Rotation, StoreError> {
        keys::rotate(self, new, handover).await
    }

    fn derived_key(&self, purpose: &str) -> SecretBox<[u8; 32]> {
        self.keys.root.for_others(purpose)
    }

    async fn sweep(&self) -> Result<Swept, StoreError> {
        sweep::sweep(self).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        keys::follow(self).await
    }
}
