//! What someone with the database in hand can and cannot do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod support;

use std::fs;
use std::time::Duration;

use support::{CANARY, KEY_A, new, open, run};
use userdir_store::{AccountChange, Fence, KeySource, MasterKey, Store, StoreError};

fn is_damaged<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Damaged { .. }))
}

#[tokio::test]
async fn a_changed_row_does_not_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let account = store.create_account(new("a")).await.unwrap();
    run(&dir, "UPDATE account_secrets SET sealed = substr(sealed, 1, length(sealed) - 1)").await;
    let error = store.secrets(account.id).await.unwrap_err();
    assert!(error.to_string().contains("api_token"), "{error}");
    assert!(is_damaged::<()>(Err(error)));
    run(&dir, "UPDATE accounts SET wrapped_key = x'01'").await;
    assert!(is_damaged(store.secrets(account.id).await));
    let change = AccountChange::default().secret("api_token", "new");
    assert!(is_damaged(store.update_account("a", change).await));
}

#[tokio::test]
async fn rows_swapped_between_accounts_do_not_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let a = store.create_account(new("a")).await.unwrap().id;
    let b = store.create_account(new("b")).await.unwrap().id;
    for id in [a, b] {
        let fence = store.lease_token(id, "access", "x", Duration::from_secs(9)).await.unwrap();
        store.commit_token(id, "access", fence.unwrap(), CANARY.into(), None).await.unwrap();
    }
    // through a copy: an UPDATE that reads its own table sees the rows that it has already changed
    let swap_secrets = "CREATE TEMP TABLE old AS SELECT * FROM account_secrets; \
                        UPDATE account_secrets AS s SET sealed = \
                        (SELECT sealed FROM old WHERE old.account_id <> s.account_id)";
    let swap_tokens = "CREATE TEMP TABLE old AS SELECT * FROM account_tokens; \
                       UPDATE account_tokens AS s SET sealed = \
                       (SELECT sealed FROM old WHERE old.account_id <> s.account_id)";
    let swap_keys = "CREATE TEMP TABLE old AS SELECT * FROM accounts; \
                     UPDATE accounts AS s SET wrapped_key = \
                     (SELECT wrapped_key FROM old WHERE old.id <> s.id)";

    let secrets_open = async || store.secrets(a).await.is_ok() || store.secrets(b).await.is_ok();
    let tokens_open =
        async || store.load_token(a, "access").await.is_ok() || store.load_token(b, "access").await.is_ok();
    run(&dir, swap_secrets).await;
    assert!(!secrets_open().await, "secrets alone");
    run(&dir, swap_keys).await;
    assert!(!secrets_open().await, "secrets with their data keys");
    run(&dir, swap_tokens).await;
    assert!(!tokens_open().await, "tokens with their data keys");
    run(&dir, swap_keys).await;
    assert!(!tokens_open().await, "tokens alone");
    assert!(is_damaged(store.secrets(a).await));
    assert!(is_damaged(store.load_token(b, "access").await));

    // all in its own place again: what closed them was the place alone
    run(&dir, swap_secrets).await;
    run(&dir, swap_tokens).await;
    assert!(store.secrets(a).await.is_ok() && store.secrets(b).await.is_ok());
    assert!(store.load_token(a, "access").await.is_ok());
    assert!(store.load_token(b, "access").await.is_ok());
}

#[tokio::test]
async fn a_canary_is_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let mut said = String::new();
    let mut say = |text: String| said.push_str(&text);

    say(format!("{:?}", new("a")));
    let account = store.create_account(new("a")).await.unwrap();
    say(format!("{account:?}"));
    let change = AccountChange::default().secret("private_key", CANARY);
    say(format!("{change:?}"));
    store.update_account("a", change).await.unwrap();
    let fence = store.lease_token(account.id, "t", "x", Duration::from_secs(9)).await.unwrap();
    let fence = fence.unwrap();
    store.commit_token(account.id, "t", fence, CANARY.into(), None).await.unwrap();
    say(format!("{:?}", store.load_token(account.id, "t").await.unwrap()));
    say(format!("{:?}", store.secrets(account.id).await.unwrap()));
    say(format!("{store:?} {:?}", KeySource::Base64(KEY_A.into())));
    let key = MasterKey::from_base64(KEY_A).unwrap();
    say(format!("{key:?} {:?}", store.derived_key("x")));
    let old = Fence::new(fence.get() - 1);
    for error in [
        store.create_account(new("a")).await.unwrap_err(),
        store.commit_token(account.id, "t", old, CANARY.into(), None).await.unwrap_err(),
        MasterKey::from_base64(CANARY).unwrap_err(),
    ] {
        say(format!("{error} {error:?}"));
    }
    assert!(!said.contains(CANARY) && !said.contains(KEY_A), "{said}");

    let key = fs::read_to_string(dir.path().join("master.key")).unwrap();
    let nowhere = |when: &str| {
        for file in fs::read_dir(dir.path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let holds = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(!holds(CANARY), "{when}: {path:?}");
            assert!(path.ends_with("master.key") || !holds(key.trim()), "{when}: {path:?}");
        }
    };
    nowhere("open");
    store.close().await;
    nowhere("closed");
}
