//! What can go wrong, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use userdir_core::ErrorKind;

/// Why the store did not do what was asked. Holds no secret in any form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nothing goes by that name or id.
    #[error("there is no {what} {name:?}; `userdir {what}s list` shows those there are")]
    NotFound {
        /// The kind of thing, such as `account`.
        what: &'static str,
        /// What was asked for.
        name: String,
    },

    /// Another account or token has that name.
    #[error("another {what} is named {name:?} already; choose another name")]
    NameTaken {
        /// The kind of thing: `account` or `token`.
        what: &'static str,
        /// The name.
        name: String,
    },

    /// The account is not as it was when the change was made up.
    #[error("the account {name:?} was changed by somebody else meanwhile; look at it again and repeat the change")]
    AccountChanged {
        /// The account.
        name: String,
    },

    /// The name could not be used everywhere such a thing is named.
    #[error("the {what} cannot be named {name:?}: {reason}; choose another name")]
    InvalidName {
        /// The kind of thing: `account` or `token`.
        what: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// Not one of the scopes.
    #[error("there is no scope {word:?}; the scopes are `read`, `write` and `admin`")]
    UnknownScope {
        /// What was given.
        word: String,
    },

    /// What was given as the value of a token cannot be one.
    #[error("the value given for the API token cannot be one: {reason}")]
    InvalidSecret {
        /// What is wrong with it.
        reason: &'static str,
    },

    /// What was given as the address of a database is none.
    #[error(
        "the database URL cannot be used: {reason}. Write it as postgres://USER@HOST:5432/DATABASE, and add \
         ?sslmode=verify-full where the network is not your own"
    )]
    InvalidUrl {
        /// What is wrong with it, without any of its words: it may hold a password.
        reason: String,
    },

    /// A key that is made at the first start would be lost with the machine it was made on.
    #[error(
        "a PostgreSQL store needs its master key from outside; give the same one to every process, through \
         USERDIR_MASTER_KEY or --master-key-file. `openssl rand -base64 32` makes one for a new, empty store"
    )]
    KeyNotGiven,

    /// This kind of database is copied by its own tools.
    #[error(
        "a PostgreSQL store is copied and restored with `pg_dump` and `pg_restore`; secrets stay sealed in the copy"
    )]
    CopyElsewhere,

    /// A backup is a new file.
    #[error("{} is there already; give the name of a file that is not", path.display())]
    FileExists {
        /// Which file.
        path: PathBuf,
    },

    /// What was given as a cursor is none of this list.
    #[error("the cursor is not one of this list; start again without it")]
    InvalidCursor,

    /// The key is not the one the database was made with.
    #[error(
        "the master key is not the one that {database} was made with; nothing was read or changed. Start again with \
         the right key: the `master.key` that belongs to it, or the value that USERDIR_MASTER_KEY or \
         --master-key-file had when the database was made"
    )]
    WrongKey {
        /// Which database.
        database: String,
    },

    /// The key was the right one once.
    #[error(
        "the master key of {database} was changed, and this one no longer opens it; nothing was read or changed. Start \
         again with the new key; where `userdir keys rotate` was interrupted, run it again to finish it"
    )]
    KeyRetired {
        /// Which database.
        database: String,
    },

    /// Another change of the master key has not come to its end.
    #[error(
        "the master key is being changed to another new key already; finish that first, with that key, by running the \
         same command again"
    )]
    RotationUnderway,

    /// The new master key is an old one.
    #[error("the new master key was in use before; make a fresh one, such as with `openssl rand -base64 32`")]
    KeyUsedBefore,

    /// There is a database but no key file. A new key could not open it, so none is made.
    #[error(
        "{} exists, but its key file {} does not; without the key its secrets cannot be opened, and no new key was \
         made. Put the key file back, or give the key through USERDIR_MASTER_KEY or --master-key-file",
        database.display(), path.display()
    )]
    KeyFileMissing {
        /// Where the key file should be.
        path: PathBuf,
        /// The database that needs it.
        database: PathBuf,
    },

    /// What was given as a master key is none.
    #[error(
        "{origin} does not hold a master key: expected 32 bytes as base64 (44 characters), such as \
         `openssl rand -base64 32` makes for a new, empty store"
    )]
    InvalidKey {
        /// Where it came from.
        origin: String,
    },

    /// Everybody on the machine may read or change the key file.
    #[error(
        "the key file {} may be read or changed by everybody on this machine; take that away with `chmod 600 {}` and start again",
        path.display(), path.display()
    )]
    KeyFileExposed {
        /// The key file.
        path: PathBuf,
    },

    /// A later version of the program has changed the database.
    #[error(
        "the database has version {database}, this program knows up to {program}; nothing was changed. Use the newer \
         program, or restore a backup made by this version"
    )]
    TooNew {
        /// The version of the database.
        database: i64,
        /// The latest version this program knows.
        program: i64,
    },

    /// Something stored for an account is not as this program wrote it.
    #[error(
        "{what} of account {account:?} does not open: it was changed from outside, or belongs to another account. \
         Restore a backup, or remove the account and add it again"
    )]
    Damaged {
        /// The account, by name or id.
        account: String,
        /// What of it.
        what: String,
    },

    /// A later lease exists, so this commit came from a holder that was overtaken. The later holder's token counts.
    #[error("the lease {fence} of token {slot:?} was overtaken by a later one; load the token anew")]
    LeaseLost {
        /// The slot.
        slot: String,
        /// The outdated fence.
        fence: crate::Fence,
    },

    /// Rows of the audit were changed, removed or cut off from outside.
    #[error(
        "the audit does not hold: {chains} of its chains have been tampered with or damaged. Compare it with a backup to \
         see what is missing"
    )]
    AuditBroken {
        /// How many.
        chains: usize,
    },

    /// Another run with the same idempotency key was begun after this one had run out of time.
    #[error("this run was overtaken by another one with the same idempotency key; nothing more may be sent")]
    RunOvertaken,

    /// A value could not be sealed, so nothing was stored.
    #[error("the operating system gave no random bytes to seal with; nothing was stored. Try again")]
    NotSealed,

    /// The database did not do its part.
    #[error(
        "the database failed while {doing}: {source}. Check that it can be reached and that its disk has room, then try \
         again"
    )]
    Database {
        /// What was under way.
        doing: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },

    /// The database could not be brought to this program's version.
    #[error(
        "the database could not be brought up to date: {source}. Nothing was changed; restore a backup, or report this"
    )]
    Migration {
        /// What went wrong.
        source: sqlx::migrate::MigrateError,
    },

    /// A file or folder could not be used.
    #[error("cannot {doing} {}: {source}. Check that it exists and that this user may use it", path.display())]
    Io {
        /// What was under way.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// SQLite: busy or locked, whatever the extended code says besides. PostgreSQL: a lock that was waited for too long, a
/// deadlock or conflict that was undone, no more connections, starting or stopping.
fn is_busy_code(code: &str) -> bool {
    let of_sqlite = |code: i64| matches!(code & 0xff, 5 | 6);
    let of_postgres = ["55P03", "40P01", "40001", "53300", "57P03"];
    of_postgres.contains(&code) || code.len() < 5 && code.parse().is_ok_and(of_sqlite)
}

impl StoreError {
    /// Whether the database could not be had in time: nothing was changed, and the same may work a moment later.
    pub fn is_busy(&self) -> bool {
        let Self::Database { source, .. } = self else { return false };
        match source {
            sqlx::Error::PoolTimedOut => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| is_busy_code(&code)),
            _ => false,
        }
    }

    /// As the error of a vendor write that must not leave, since what it is about cannot be kept.
    pub fn before_a_write(self) -> userdir_core::Error {
        let message = format!("nothing was sent, because it cannot be kept in the store: {self}");
        userdir_core::Error::new(ErrorKind::Unavailable, message).caused_by(self)
    }

    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    pub(crate) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }

    pub(crate) fn damaged(account: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damaged { account: account.into(), what: what.into() }
    }

    /// A value that must be unique is there already.
    pub(crate) fn or_name_taken(self, what: &'static str, name: &str) -> Self {
        match &self {
            Self::Database { source: sqlx::Error::Database(error), .. } if error.is_unique_violation() => {
                Self::NameTaken { what, name: name.to_owned() }
            }
            _ => self,
        }
    }

    /// What a row belongs to is not there.
    pub(crate) fn or_no_account(self, account: uuid::Uuid) -> Self {
        match &self {
            Self::Database { source: sqlx::Error::Database(error), .. } if error.is_foreign_key_violation() => {
                Self::no_account(account)
            }
            _ => self,
        }
    }

    pub(crate) fn no_account(name_or_id: impl ToString) -> Self {
        Self::NotFound { what: "account", name: name_or_id.to_string() }
    }
}
