//! Copies of the database, taken while it is in use, and back again.
//!
//! A copy holds what the database holds: names and settings in the clear, secrets sealed. The master key is not in it.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use crate::StoreError;
use crate::data_dir::{DataDir, KeySource, blocking};
use crate::key::{create_private, sync_folder};
use crate::sql::SqlStore;
use crate::sql::db::Pool;

impl SqlStore {
    /// Writes a copy to a file that is not there yet: one state of the database, whatever others write meanwhile.
    /// PostgreSQL is copied by its own tools.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let pool = match &self.pool {
            Pool::Sqlite(pool) => pool,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => return Err(StoreError::CopyElsewhere),
        };
        create_private(to).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => StoreError::FileExists { path: to.to_owned() },
            _ => StoreError::io("create the backup", to)(error),
        })?;
        let copied = sqlx::query("VACUUM INTO ?").bind(to.to_string_lossy().into_owned()).execute(pool).await;
        if let Err(error) = copied {
            // an unfinished copy must not be taken for a backup
            let _ = fs::remove_file(to);
            return Err(StoreError::database("writing the backup")(error));
        }
        let last = |path: &Path| -> io::Result<()> {
            OpenOptions::new().write(true).open(path)?.sync_all()?;
            sync_folder(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))
        };
        last(to).map_err(StoreError::io("save the backup", to))
    }
}

/// Puts a copy into a data folder that has no database yet, and opens it with the key that belongs to it. Where it does
/// not open, the folder is left as it was.
pub async fn restore_sqlite(data_dir: &Path, from: &Path, key: KeySource) -> Result<SqlStore, StoreError> {
    let (path, copy) = (data_dir.to_owned(), from.to_owned());
    let (dir, key, lock) = blocking(data_dir, move || {
        let mut source = fs::File::open(&copy).map_err(StoreError::io("read the backup", &copy))?;
        let dir = DataDir::open(path)?;
        let lock = dir.lock()?;
        let database = dir.database();
        // first the place, so that a key is looked for and never made
        let mut target = create_private(&database).map_err(StoreError::io("restore into", &database))?;
        let restored = dir.master_key(&key).map_err(|error| of_copy(error, &copy)).and_then(|key| {
            io::copy(&mut source, &mut target).map_err(StoreError::io("restore into", &database))?;
            target.sync_all().map_err(StoreError::io("restore into", &database))?;
            Ok(key)
        });
        match restored {
            Ok(key) => Ok((dir, key, lock)),
            Err(error) => {
                let _ = fs::remove_file(&database);
                Err(error)
            }
        }
    })
    .await?;
    match super::open_locked(&dir, key, lock).await {
        Ok(store) => Ok(store),
        Err(error) => {
            for ending in ["", "-wal", "-shm"] {
                let mut file = dir.database().into_os_string();
                file.push(ending);
                let _ = fs::remove_file(file);
            }
            Err(of_copy(error, from))
        }
    }
}

/// Names the copy whose key is missing or another: the database is not there any more.
fn of_copy(error: StoreError, copy: &Path) -> StoreError {
    match error {
        StoreError::KeyFileMissing { path, .. } => StoreError::KeyFileMissing { path, database: copy.to_owned() },
        StoreError::WrongKey { .. } => StoreError::WrongKey { database: copy.display().to_string() },
        other => other,
    }
}
