//! The folder that holds the state of one machine, and the rule that ties its key and its database together.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::{MasterKey, StoreError};

/// A folder with `userdir.db` and `master.key`.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// Opens the folder; makes it, for its owner alone, where it is not there.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(StoreError::io("create the data folder", &path))?;
        Ok(Self { path })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the database is, or will be.
    pub fn database(&self) -> PathBuf {
        self.path.join("userdir.db")
    }

    /// Where the master key is, or will be, unless it comes from elsewhere.
    pub fn key_file(&self) -> PathBuf {
        self.path.join("master.key")
    }

    /// Where a new master key stands while the store is being changed to it.
    pub fn next_key_file(&self) -> PathBuf {
        self.path.join("master.key.next")
    }

    /// Waits until no other process is opening this folder: a key, a database and its migrations are made by one alone.
    /// Held until the file is dropped; a killed process lets go by itself.
    pub(crate) fn lock(&self) -> Result<File, StoreError> {
        let path = self.path.join("userdir.lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(StoreError::io("open the lock file", &path))?;
        file.lock().map_err(StoreError::io("lock", &path))?;
        Ok(file)
    }

    /// The master key. A new one is made only for a new store: beside a database it could open nothing, and would hide
    /// that the right one is missing.
    pub(crate) fn master_key(&self, source: &KeySource) -> Result<MasterKey, StoreError> {
        let (path, may_create) = match source {
            KeySource::Base64(text) => return MasterKey::from_base64(text.expose_secret()),
            KeySource::FilePath(path) => (path.clone(), false),
            KeySource::File => (self.key_file(), true),
        };
        let database = self.database();
        let exists = |path: &Path| path.try_exists().map_err(StoreError::io("look for", path));
        if exists(&database)? && !exists(&path)? {
            Err(StoreError::KeyFileMissing { path, database })
        } else if may_create {
            MasterKey::load_or_create(&path)
        } else {
            MasterKey::load(&path)
        }
    }
}

/// Where the master key comes from.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum KeySource {
    /// `master.key` in the data folder, made at the first start.
    #[default]
    File,
    /// A file that the operator provides. It must exist: a path that is mistyped or not mounted makes no new key.
    FilePath(PathBuf),
    /// The key itself, as from `USERDIR_MASTER_KEY`.
    Base64(SecretString),
}

/// Runs what waits for files on a thread where that stops nobody else.
pub(crate) async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::io("open", path)(error.into()))?
}
