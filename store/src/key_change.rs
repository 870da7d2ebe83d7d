//! Changing the master key where it stands in a file of the data folder: the file changes with the database.
//!
//! The new key is written to `master.key.next` before anything else, and becomes `master.key` after the database has
//! taken it. Broken off anywhere between, one of the two files opens the store, and the same command goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::data_dir::{DataDir, KeySource, blocking};
use crate::key::sync_folder;
use crate::{MasterKey, Rotation, Store, StoreError, open_sqlite};

/// A change of the key in a data folder that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFileChange {
    /// What became of the database.
    pub rotation: Rotation,
    /// Where the old key now is: backups that were made with it need it.
    pub old_key: PathBuf,
}

/// Makes a new key and changes the store in a data folder to it; see [`Store::rotate_master_key`].
pub async fn rotate_key_file(data_dir: &Path, handover: Duration) -> Result<KeyFileChange, StoreError> {
    let path = data_dir.to_owned();
    let (dir, next, key) = blocking(data_dir, move || {
        let dir = DataDir::open(path)?;
        let database = dir.database();
        fs::metadata(&database).map_err(StoreError::io("open the database", &database))?;
        let next = dir.next_key_file();
        let key = MasterKey::load_or_create(&next)?;
        Ok((dir, next, key))
    })
    .await?;
    // an earlier run may have come as far as the database
    let store = match open_sqlite(data_dir, KeySource::FilePath(next)).await {
        Err(StoreError::WrongKey { .. }) => open_sqlite(data_dir, KeySource::File).await?,
        opened => opened?,
    };
    let rotation = store.rotate_master_key(&key, handover).await?;
    store.close().await;
    let generation = rotation.key_id - 1;
    let old_key = blocking(data_dir, move || put_in_place(&dir, generation)).await?;
    Ok(KeyFileChange { rotation, old_key })
}

/// Keeps the old key under another name and lets the next one take its place; at no moment is there no `master.key`.
fn put_in_place(dir: &DataDir, generation: i64) -> Result<PathBuf, StoreError> {
    let _lock = dir.lock()?;
    let (key, next) = (dir.key_file(), dir.next_key_file());
    let old = dir.path().join(format!("master.key.{generation}"));
    match fs::hard_link(&key, &old) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        linked => linked.map_err(StoreError::io("keep the old key in", &old))?,
    }
    fs::rename(&next, &key).map_err(StoreError::io("put the new key into", &key))?;
    sync_folder(dir.path()).map_err(StoreError::io("save the new key in", dir.path()))?;
    Ok(old)
}
