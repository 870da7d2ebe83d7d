//! Accounts in one SQLite file.
//!
//! Whatever writes runs in a transaction that takes SQLite's write lock at its start: it reads and writes one state, and
//! two processes wait for each other and do not fail half-way. `accounts.rs` and `tokens.rs` hold the statements.

mod accounts;
mod backup;
mod tokens;

pub use backup::restore_sqlite;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{SecretBox, SecretString};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};
use uuid::Uuid;

use crate::data_dir::{DataDir, blocking};
use crate::key::{create_private, sync_folder};
use crate::seal::Wrapping;
use crate::*;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(10);

/// SQLite has one writer at a time; a few connections let readers go on beside it.
const CONNECTIONS: u32 = 4;

/// The store of one machine: `userdir.db` in a [`DataDir`].
pub struct SqliteStore {
    pool: SqlitePool,
    master: MasterKey,
    wrapping: Wrapping,
}

impl SqliteStore {
    /// Opens the database with its key; makes it where it is not there, and brings an older one up to date.
    ///
    /// [`open_sqlite`](crate::open_sqlite) finds the key as well, and is what programs want.
    pub async fn open(data_dir: &DataDir, key: MasterKey) -> Result<Self, StoreError> {
        let dir = data_dir.clone();
        let lock = blocking(data_dir.path(), move || dir.lock()).await?;
        Self::open_locked(data_dir, key, lock).await
    }

    /// The lock is held until the database is ready for others.
    pub(crate) async fn open_locked(data_dir: &DataDir, master: MasterKey, _lock: File) -> Result<Self, StoreError> {
        let path = data_dir.database();
        // SQLite would create the file with the mode the umask leaves; its side files follow the mode of this one
        match create_private(&path).and_then(|_| sync_folder(data_dir.path())) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(StoreError::io("create the database", &path)(error));
            }
            _ => {}
        }
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: what was answered as done is still there after a power cut
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            // what is deleted is overwritten, sealed or not
            .pragma("secure_delete", "ON");
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_with(options)
            .await
            .map_err(StoreError::database("opening"))?;

        let wrapping = prepare(&pool, &master, || path.display().to_string()).await?;
        Ok(Self { pool, master, wrapping })
    }

    /// Waits for what is under way and closes the database, which folds its side files back into `userdir.db`.
    pub async fn close(self) {
        self.pool.close().await;
    }

    /// A transaction that writes.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        begin(&self.pool).await
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteStore(…)")
    }
}

async fn begin(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, StoreError> {
    pool.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::database("starting a change"))
}

async fn commit(tx: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
    tx.commit().await.map_err(StoreError::database("saving a change"))
}

/// Refuses a newer database and a wrong key, and brings an older database up to date: in one transaction, so that what
/// is refused is left as it was.
async fn prepare(pool: &SqlitePool, master: &MasterKey, database: impl Fn() -> String) -> Result<Wrapping, StoreError> {
    let mut tx = begin(pool).await?;
    let version = version(&mut tx).await?;
    let program = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or_default();
    if let Some(database) = version.filter(|database| *database > program) {
        return Err(StoreError::TooNew { database, program });
    }
    MIGRATIONS.run_direct(None, &mut *tx, false).await.map_err(|source| StoreError::Migration { source })?;

    let newest: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT key_id, sealed_check FROM master_keys ORDER BY key_id DESC LIMIT 1")
            .fetch_optional(&mut *tx)
            .await
            .map_err(StoreError::database("checking the key"))?;
    let wrapping = match (newest, version) {
        (Some((key_id, check)), _) => {
            let wrapping = Wrapping::new(master, key_id);
            if !wrapping.fits(&check) {
                return Err(StoreError::WrongKey { database: database() });
            }
            wrapping
        }
        // without the check no key can be shown to be the right one
        (None, Some(_)) => {
            return Err(StoreError::WrongKey { database: database() });
        }
        (None, None) => first_key(&mut tx, master).await?,
    };
    commit(tx).await?;
    Ok(wrapping)
}

/// Which migration the database stands at; none where it is new.
async fn version(db: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
    let doing = "reading its version";
    let there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations')",
    )
    .fetch_one(&mut *db)
    .await
    .map_err(StoreError::database(doing))?;
    if !there {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(db)
        .await
        .map_err(StoreError::database(doing))
}

async fn first_key(db: &mut SqliteConnection, master: &MasterKey) -> Result<Wrapping, StoreError> {
    let wrapping = Wrapping::new(master, 1);
    sqlx::query("INSERT INTO master_keys (key_id, sealed_check, created_at) VALUES (?, ?, ?)")
        .bind(wrapping.key_id)
        .bind(wrapping.check()?)
        .bind(Timestamp::now().to_string())
        .execute(db)
        .await
        .map_err(StoreError::database("keeping the key check"))?;
    Ok(wrapping)
}

#[async_trait]
impl Store for SqliteStore {
    async fn create_account(&self, new: NewAccount) -> Result<Account, StoreError> {
        accounts::create(self, new).await
    }

    async fn account(&self, name_or_id: &str) -> Result<Account, StoreError> {
        accounts::get(self, name_or_id).await
    }

    async fn accounts(&self, filter: &AccountFilter) -> Result<Vec<Account>, StoreError> {
        accounts::list(self, filter).await
    }

    async fn update_account(&self, name_or_id: &str, change: AccountChange) -> Result<Account, StoreError> {
        accounts::update(self, name_or_id, change).await
    }

    async fn remove_account(&self, name_or_id: &str) -> Result<(), StoreError> {
        accounts::remove(self, name_or_id).await
    }

    async fn secrets(&self, account: Uuid) -> Result<BTreeMap<String, SecretString>, StoreError> {
        accounts::secrets(self, account).await
    }

    async fn load_token(&self, account: Uuid, slot: &str) -> Result<Option<StoredToken>, StoreError> {
        tokens::load(self, account, slot).await
    }

    async fn lease_token(
        &self,
        account: Uuid,
        slot: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Fence>, StoreError> {
        tokens::lease(self, account, slot, holder, ttl).await
    }

    async fn commit_token(
        &self,
        account: Uuid,
        slot: &str,
        fence: Fence,
        token: SecretString,
        expires_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        tokens::commit_token(self, account, slot, fence, token, expires_at).await
    }

    async fn accounts_page(
        &self,
        _filter: &AccountFilter,
        _limit: u32,
        _cursor: Option<&str>,
    ) -> Result<AccountPage, StoreError> {
        Err(not_yet())
    }

    async fn release_token(&self, _account: Uuid, _slot: &str, _fence: Fence) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn create_api_token(&self, _new: NewApiToken) -> Result<CreatedApiToken, StoreError> {
        Err(not_yet())
    }

    async fn create_first_api_token(&self, _new: NewApiToken) -> Result<Option<CreatedApiToken>, StoreError> {
        Err(not_yet())
    }

    async fn find_api_token(&self, _secret: &str) -> Result<Option<ApiToken>, StoreError> {
        Err(not_yet())
    }

    async fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        Err(not_yet())
    }

    async fn api_token(&self, _name_or_id: &str) -> Result<ApiToken, StoreError> {
        Err(not_yet())
    }

    async fn revoke_api_token(&self, _name_or_id: &str) -> Result<ApiToken, StoreError> {
        Err(not_yet())
    }

    async fn count_api_tokens(&self) -> Result<u64, StoreError> {
        Err(not_yet())
    }

    async fn create_account_token(&self, _account: Uuid, _issued_by: Option<Uuid>) -> Result<IssuedToken, StoreError> {
        Err(not_yet())
    }

    async fn find_account_token(&self, _secret: &str) -> Result<Option<AccountToken>, StoreError> {
        Err(not_yet())
    }

    async fn create_link_token(&self, _new: NewLinkToken) -> Result<IssuedToken, StoreError> {
        Err(not_yet())
    }

    async fn link_token(&self, _secret: &str) -> Result<Link, StoreError> {
        Err(not_yet())
    }

    async fn redeem_link_token(&self, _secret: &str) -> Result<Link, StoreError> {
        Err(not_yet())
    }

    async fn append_audit(&self, _row: NewAuditRow) -> Result<i64, StoreError> {
        Err(not_yet())
    }

    async fn audit(&self, _query: &AuditQuery) -> Result<AuditPage, StoreError> {
        Err(not_yet())
    }

    async fn audited_accounts(&self) -> Result<Vec<Uuid>, StoreError> {
        Err(not_yet())
    }

    async fn verify_audit(&self, _account: Option<Uuid>) -> Result<AuditReport, StoreError> {
        Err(not_yet())
    }

    async fn begin_idempotent(
        &self,
        _scope: &IdempotencyScope,
        _body_hash: [u8; 32],
        _holder: &str,
        _ttl: Duration,
    ) -> Result<Begun, StoreError> {
        Err(not_yet())
    }

    async fn mark_sent(&self, _ticket: &IdempotencyTicket) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn finish_idempotent(&self, _ticket: &IdempotencyTicket, _answer: &StoredAnswer) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn release_idempotent(&self, _ticket: &IdempotencyTicket) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn mark_unknown(&self, _ticket: &IdempotencyTicket) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn note_unknown(&self, _account: Uuid, _fingerprint: &str) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn unknown_within(
        &self,
        _account: Uuid,
        _fingerprint: &str,
        _within: Duration,
    ) -> Result<Option<Timestamp>, StoreError> {
        Err(not_yet())
    }

    async fn settle_unknown(&self, _account: Uuid, _fingerprint: &str) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn append_log(&self, _entries: &[LogEntry]) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn log(&self, _filter: &LogFilter) -> Result<LogPage, StoreError> {
        Err(not_yet())
    }

    async fn rotate_master_key(&self, _new: &MasterKey, _handover: Duration) -> Result<Rotation, StoreError> {
        Err(not_yet())
    }

    async fn sweep(&self) -> Result<Swept, StoreError> {
        Err(not_yet())
    }

    fn derived_key(&self, purpose: &str) -> SecretBox<[u8; 32]> {
        self.master.derive(purpose)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1 FROM master_keys")
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(StoreError::database("answering"))
    }
}

fn not_yet() -> StoreError {
    StoreError::Database { doing: "a step to come", source: sqlx::Error::WorkerCrashed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_is_set_up_to_last() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::open_sqlite(folder.path(), Default::default()).await.unwrap();
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(store.pool.acquire().await.unwrap());
        }
        for db in &mut connections {
            let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut **db).await.unwrap();
            assert_eq!(mode, "wal");
            for (pragma, value) in [
                ("PRAGMA synchronous", 2),
                ("PRAGMA foreign_keys", 1),
                ("PRAGMA secure_delete", 1),
                ("PRAGMA busy_timeout", 10_000),
            ] {
                let is: i64 = sqlx::query_scalar(pragma).fetch_one(&mut **db).await.unwrap();
                assert_eq!(is, value, "{pragma}");
            }
        }
    }
}
