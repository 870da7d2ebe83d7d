//! Opening the one SQLite file of a data folder.

mod backup;

pub use backup::restore_sqlite;

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::data_dir::{DataDir, KeySource, blocking};
use crate::key::{create_private, sync_folder};
use crate::sql::SqlStore;
use crate::sql::db::Pool;
use crate::{MasterKey, StoreError};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a statement waits for another process that writes.
const BUSY: Duration = Duration::from_secs(10);

/// SQLite has one writer at a time; a few connections let readers go on beside it.
const CONNECTIONS: u32 = 4;

/// Opens the store in a data folder; makes folder, key and database where this is the first start.
pub async fn open_sqlite(data_dir: &Path, key: KeySource) -> Result<SqlStore, StoreError> {
    let path = data_dir.to_owned();
    let (dir, key, lock) = blocking(data_dir, move || {
        let dir = DataDir::open(path)?;
        let lock = dir.lock()?;
        let key = dir.master_key(&key)?;
        Ok((dir, key, lock))
    })
    .await?;
    open_locked(&dir, key, lock).await
}

/// Opens the database with its key; makes it where it is not there, and brings an older one up to date. The lock is held
/// until the database is ready for others.
async fn open_locked(data_dir: &DataDir, master: MasterKey, _lock: File) -> Result<SqlStore, StoreError> {
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
    SqlStore::prepare(Pool::Sqlite(pool), &master, path.display().to_string()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_is_set_up_to_last() {
        let folder = tempfile::tempdir().unwrap();
        let store = open_sqlite(folder.path(), Default::default()).await.unwrap();
        let Pool::Sqlite(pool) = &store.pool else { panic!("not SQLite") };
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(pool.acquire().await.unwrap());
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
