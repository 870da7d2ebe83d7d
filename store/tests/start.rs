//! What a start makes, and what it refuses.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod support;

use std::fs;
use std::path::Path;

use secrecy::ExposeSecret;
use support::{CANARY, KEY_A, new, open, run};
use userdir_store::{DataDir, KeySource, MasterKey, Store, StoreError, open_sqlite};

const KEY_B: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("a/userdir-data");
    let store = open_sqlite(&dir, KeySource::File).await.unwrap();
    store.create_account(new("a")).await.unwrap();
    assert_eq!(mode(&dir), 0o700);
    let mut names = Vec::new();
    for file in fs::read_dir(&dir).unwrap() {
        let file = file.unwrap();
        assert_eq!(mode(&file.path()), 0o600, "{:?}", file.path());
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    let expected = ["master.key", "userdir.db", "userdir.db-shm", "userdir.db-wal", "userdir.lock"];
    assert_eq!(names, expected, "and nothing temporary is left");
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_file_open_to_everybody_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(&dir).await.close().await;
    let key = dir.path().join("master.key");
    for bad in [0o644, 0o604, 0o602] {
        set_mode(&key, bad);
        let error = open_sqlite(dir.path(), KeySource::File).await.unwrap_err();
        assert!(matches!(error, StoreError::KeyFileExposed { .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"));
    }
    // a group may read it: that is how orchestrators mount secrets
    set_mode(&key, 0o440);
    open(&dir).await;
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let a = || KeySource::Base64(KEY_A.into());
    let store = open_sqlite(dir.path(), a()).await.unwrap();
    let account = store.create_account(new("a")).await.unwrap();
    store.close().await;
    let error = open_sqlite(dir.path(), KeySource::Base64(KEY_B.into())).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
    assert!(error.to_string().contains("USERDIR_MASTER_KEY"));
    assert!(error.to_string().contains("userdir.db"));
    // the right one still works, and no key file has appeared
    let store = open_sqlite(dir.path(), a()).await.unwrap();
    assert_eq!(store.secrets(account.id).await.unwrap()["api_token"].expose_secret(), CANARY);
    assert!(!dir.path().join("master.key").exists());
    store.close().await;

    run(&dir, "PRAGMA foreign_keys = OFF; DELETE FROM master_keys").await;
    let error = open_sqlite(dir.path(), a()).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { .. }), "no check, no proof: {error}");
}

#[tokio::test]
async fn a_database_without_its_key_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(&dir).await.close().await;
    let (key, aside) = (dir.path().join("master.key"), dir.path().join("aside"));
    fs::rename(&key, &aside).unwrap();
    for source in [KeySource::File, KeySource::FilePath(dir.path().join("mistyped"))] {
        let error = open_sqlite(dir.path(), source).await.unwrap_err();
        assert!(matches!(error, StoreError::KeyFileMissing { .. }), "{error}");
        assert!(!key.exists(), "no new key was made");
    }
    open_sqlite(dir.path(), KeySource::FilePath(aside)).await.unwrap();
}

#[tokio::test]
async fn a_named_key_file_is_never_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mistyped");
    let error = open_sqlite(dir.path(), KeySource::FilePath(path.clone())).await.unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(error.to_string().contains("mistyped"));
    assert!(!path.exists() && !dir.path().join("userdir.db").exists());
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    open(&dir).await.close().await;
    run(
        &dir,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', true, x'00', 0)",
    )
    .await;
    let before = fs::read(dir.path().join("userdir.db")).unwrap();
    let error = open_sqlite(dir.path(), KeySource::File).await.unwrap_err();
    assert!(matches!(error, StoreError::TooNew { database: 9999, program: 3 }), "{error}");
    assert_eq!(fs::read(dir.path().join("userdir.db")).unwrap(), before);
}

#[test]
fn what_is_no_key_is_refused_and_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("master.key");
    let short = &KEY_A[..40];
    for bad in ["", "not base64!", short, &format!("{KEY_A}{KEY_A}"), &"A".repeat(5000)] {
        fs::write(&file, bad).unwrap();
        #[cfg(unix)]
        set_mode(&file, 0o600);
        for result in [MasterKey::from_base64(bad), MasterKey::load(&file)] {
            let error = result.unwrap_err();
            assert!(matches!(error, StoreError::InvalidKey { .. }), "{bad:?}");
            assert!(bad.is_empty() || !format!("{error} {error:?}").contains(bad));
        }
        assert!(MasterKey::load_or_create(&file).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), bad, "never replaced");
    }
    fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(matches!(MasterKey::load(&file), Err(StoreError::InvalidKey { .. })));
    assert!(MasterKey::from_base64(&format!(" {KEY_A}\n")).is_ok());
}

#[tokio::test]
async fn first_starts_at_once_make_one_key_and_one_database() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..8 {
        let path = path.clone();
        tasks.spawn(async move {
            let store = open_sqlite(&path, KeySource::File).await.unwrap();
            store.create_account(new(&format!("a{i}"))).await.unwrap().id
        });
    }
    let ids = tasks.join_all().await;
    let store = open_sqlite(&path, KeySource::default()).await.unwrap();
    for id in ids {
        assert_eq!(store.secrets(id).await.unwrap()["api_token"].expose_secret(), CANARY);
    }
}

#[tokio::test]
async fn keys_made_at_once_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    let files: Vec<String> = std::thread::scope(|scope| {
        let make = || {
            MasterKey::load_or_create(&path).unwrap();
            fs::read_to_string(&path).unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(files.iter().all(|file| file == &files[0]), "the file never changed");
}

#[tokio::test]
async fn a_start_cut_off_early_goes_on_at_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::open(dir.path()).unwrap();
    MasterKey::load_or_create(&data.key_file()).unwrap();
    // killed after the file was made and before anything was in it
    fs::write(data.database(), []).unwrap();
    open(&dir).await.close().await;
    open(&dir).await.ready().await.unwrap();
}

/// As the first version of the store left it.
#[tokio::test]
async fn an_older_database_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let id = store.create_account(new("a")).await.unwrap().id;
    store.close().await;
    run(
        &dir,
        "DROP TABLE request_log; DROP TABLE unknown_writes; DROP TABLE idempotent_runs; DROP TABLE audit_rows; \
         DROP TABLE audit_heads; DROP TABLE link_tokens; DROP TABLE access_tokens; DROP TABLE api_tokens; \
         DROP TABLE key_ring; DROP INDEX accounts_by_age; ALTER TABLE master_keys DROP COLUMN handover; \
         ALTER TABLE master_keys DROP COLUMN handover_until; ALTER TABLE master_keys DROP COLUMN previous; \
         ALTER TABLE accounts DROP COLUMN is_sandbox; ALTER TABLE accounts DROP COLUMN last_forbidden_error; \
         UPDATE accounts SET created_at = '2026-01-02T03:04:05Z', updated_at = '2026-01-02T03:04:05.123456789Z'; \
         DELETE FROM _sqlx_migrations WHERE version > 1",
    )
    .await;
    let error = open_sqlite(dir.path(), KeySource::Base64(KEY_B.into())).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
    let store = open(&dir).await;
    let account = store.account("a").await.unwrap();
    assert_eq!(account.created_at.to_string(), "2026-01-02T03:04:05Z");
    assert_eq!(account.updated_at.to_string(), "2026-01-02T03:04:05.123456Z");
    assert_eq!(store.secrets(id).await.unwrap()["api_token"].expose_secret(), CANARY);
    let page = store.accounts_page(&Default::default(), 10, None).await.unwrap();
    assert_eq!(page.accounts, [account]);
}
