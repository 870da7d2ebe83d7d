//! `userdir backup` and `userdir restore`.

use std::path::Path;

use userdir_store::{AccountFilter, Store, StoreError, restore_sqlite};

use crate::errors::Result;
use crate::output;
use crate::session::Session;

/// Copies the database to a new file.
///
/// # Errors
/// Those of the store.
pub async fn backup(session: &Session, to: &Path) -> Result<()> {
    // a mistyped folder must not make a new store
    session.store().await?;
    let store = session.open().await?;
    store.backup(to).await?;
    let accounts = store.accounts(&AccountFilter::default()).await?.len();
    eprintln!("keep the master key elsewhere: without it the secrets in the copy cannot be opened");
    output::line(&serde_json::json!({ "backup": to, "accounts": accounts }).to_string())
}

/// Puts a copy into an empty data folder.
///
/// # Errors
/// Those of the store.
pub async fn restore(session: &Session, from: &Path) -> Result<()> {
    if session.database_url().is_some() {
        return Err(StoreError::CopyElsewhere.into());
    }
    let store = restore_sqlite(session.data_dir(), from, session.key_source()).await?;
    let accounts = store.accounts(&AccountFilter::default()).await?.len();
    output::line(&serde_json::json!({ "restored": from, "accounts": accounts }).to_string())
}
