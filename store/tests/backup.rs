//! Copies of the database, and back again.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod support;

use std::fs;

use secrecy::ExposeSecret;
use support::{CANARY, new, open};
use userdir_store::{KeySource, Store, StoreError, open_sqlite, restore_sqlite};

#[tokio::test]
async fn what_is_copied_comes_back_with_its_key() {
    let (old, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(&old).await;
    let account = store.create_account(new("a")).await.unwrap();
    let copy = old.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    assert!(!fs::read(&copy).unwrap().windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
    let again = store.backup(&copy).await.unwrap_err();
    assert!(matches!(again, StoreError::FileExists { .. }), "a backup is not overwritten: {again}");

    // without the key nothing is restored, and no new key is made
    let error = restore_sqlite(fresh.path(), &copy, KeySource::File).await.unwrap_err();
    assert!(matches!(&error, StoreError::KeyFileMissing { database, .. } if *database == copy), "{error}");
    assert!(!fresh.path().join("userdir.db").exists() && !fresh.path().join("master.key").exists());

    fs::copy(old.path().join("master.key"), fresh.path().join("master.key")).unwrap();
    let restored = restore_sqlite(fresh.path(), &copy, KeySource::File).await.unwrap();
    assert_eq!(restored.account("a").await.unwrap(), account);
    let secrets = restored.secrets(account.id).await.unwrap();
    assert!(secrets.values().any(|secret| secret.expose_secret() == CANARY));
    restored.close().await;

    // a database that is there is not replaced
    assert!(restore_sqlite(fresh.path(), &copy, KeySource::File).await.is_err());
    assert!(open_sqlite(fresh.path(), KeySource::File).await.is_ok());
}

#[tokio::test]
async fn a_wrong_key_or_a_file_that_is_no_database_leaves_the_folder_as_it_was() {
    let (old, fresh) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(&old).await;
    let copy = old.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    fs::write(fresh.path().join("master.key"), "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(fresh.path().join("master.key"), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let error = restore_sqlite(fresh.path(), &copy, KeySource::File).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
    assert!(!fresh.path().join("userdir.db").exists());

    let rubbish = old.path().join("rubbish");
    fs::write(&rubbish, "no database at all, but long enough to be looked at by whoever reads it").unwrap();
    assert!(restore_sqlite(fresh.path(), &rubbish, KeySource::File).await.is_err());
    assert!(!fresh.path().join("userdir.db").exists());
}
