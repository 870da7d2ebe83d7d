//! The master key: where it comes from, and how little of it is ever shown.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecretMut, SecretBox};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::StoreError;
use crate::seal::Key;

/// No key file is longer; what is, was named by mistake and need not be read to its end.
const LONGEST_FILE: u64 = 1024;

/// The key that wraps the data keys of all accounts: 32 random bytes, wiped from memory when dropped.
pub struct MasterKey(Key);

impl MasterKey {
    /// Reads the key file, or makes a new one where there is none. Two processes that do so at once get the same key.
    ///
    /// Only for a store that has no database yet: [`open_sqlite`](crate::open_sqlite) sees to that.
    pub fn load_or_create(path: &Path) -> Result<Self, StoreError> {
        match Self::load(path) {
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            loaded => return loaded,
        }
        let key = Self::generate()?;
        match key.write_new(path) {
            Ok(()) => Ok(key),
            // another process was first: its key counts
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
            Err(error) => Err(StoreError::io("create the key file", path)(error)),
        }
    }

    /// Reads the key file, which must exist.
    pub fn load(path: &Path) -> Result<Self, StoreError> {
        let mut text = Zeroizing::new(String::with_capacity(LONGEST_FILE as usize));
        let file = File::open(path).map_err(StoreError::io("open the key file", path))?;
        refuse_exposed(&file, path)?;
        match (&file).take(LONGEST_FILE).read_to_string(&mut text) {
            Ok(_) => Self::parse(&text, || path.display().to_string()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(StoreError::InvalidKey { origin: path.display().to_string() })
            }
            Err(error) => Err(StoreError::io("read the key file", path)(error)),
        }
    }

    /// From base64 text, as in `USERDIR_MASTER_KEY`. White space around it is let through.
    pub fn from_base64(text: &str) -> Result<Self, StoreError> {
        Self::parse(text, || "the master key that was given".to_owned())
    }

    /// The key that wraps data keys. The master key itself encrypts nothing, so that other keys can stem from it too.
    pub(crate) fn wrapping_key(&self) -> Key {
        Key::new(self.0.derive("of the store", b"wrap data keys"))
    }

    /// A fresh one, in no file yet.
    pub fn generate() -> Result<Self, StoreError> {
        let mut bytes = SecretBox::new(Box::new([0; 32]));
        crate::seal::fill_random(bytes.expose_secret_mut())?;
        Ok(Self(Key::new(bytes)))
    }

    /// The error names where the text came from and nothing of the text: even one wrong character is part of a key.
    fn parse(text: &str, origin: impl FnOnce() -> String) -> Result<Self, StoreError> {
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new).unwrap_or_default();
        match <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new) {
            Ok(bytes) => Ok(Self(Key::new(SecretBox::new(Box::new(*bytes))))),
            Err(_) => Err(StoreError::InvalidKey { origin: origin() }),
        }
    }

    /// Writes under another name first and links the whole file into place: whoever sees the key file sees all of it,
    /// and a file that is there is never replaced.
    pub(crate) fn write_new(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = folder.join(format!(".master.key.{}", Uuid::new_v4()));
        let written = (|| {
            let mut file = create_private(&temporary)?;
            let text = Zeroizing::new(STANDARD.encode(self.0.bytes()));
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::hard_link(&temporary, path)
        })();
        let _ = fs::remove_file(&temporary);
        written?;
        sync_folder(folder)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Creates a file that only its owner may use; fails where one is there.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the names in a folder last through a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// A key that everybody may read is refused. One that a group may read is not: that is how orchestrators mount secrets
/// for a process that is not root.
fn refuse_exposed(file: &File, path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let meta = file.metadata().map_err(StoreError::io("read the mode of the key file", path))?;
        if meta.permissions().mode() & 0o006 != 0 {
            return Err(StoreError::KeyFileExposed { path: path.to_owned() });
        }
    }
    #[cfg(not(unix))]
    let _ = (file, path);
    Ok(())
}
