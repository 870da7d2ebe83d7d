//! Cases on opening a store, and on what somebody with the database in hand cannot do.

use futures_util::future::join_all;
use secrecy::ExposeSecret;
use userdir_store::StoreError;

use super::{Lab, okta};

const KEY_B: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

pub async fn first_starts_at_once(lab: &dyn Lab) {
    let stores = join_all((0..8).map(|_| lab.open())).await;
    let mut ids = Vec::new();
    for (i, store) in stores.iter().enumerate() {
        ids.push(store.create_account(okta(&format!("a{i}"))).await.unwrap().id);
    }
    let keys = stores.iter().map(|store| *store.derived_key("x").expose_secret());
    assert!(keys.into_iter().all(|key| key == *stores[0].derived_key("x").expose_secret()), "one root key");
    for id in ids {
        assert_eq!(stores[7].secrets(id).await.unwrap()["api_token"].expose_secret(), "token-1");
    }
}

pub async fn a_wrong_key_is_refused(lab: &dyn Lab) {
    let id = lab.open().await.create_account(okta("a")).await.unwrap().id;
    let error = lab.open_with(KEY_B).await.err().unwrap();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
    assert_eq!(lab.open().await.secrets(id).await.unwrap().len(), 2, "nothing was changed");
    // without the check no key can be shown to be the right one
    lab.run("DELETE FROM accounts").await;
    lab.run("DELETE FROM key_ring").await;
    lab.run("DELETE FROM master_keys").await;
    let error = lab.open_with(KEY_B).await.err().unwrap();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
}

pub async fn a_newer_database_is_refused(lab: &dyn Lab) {
    drop(lab.open().await);
    lab.run(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', true, '', 0)",
    )
    .await;
    let error = lab.open_with(super::KEY_A).await.err().unwrap();
    assert!(matches!(error, StoreError::TooNew { database: 9999, .. }), "{error}");
}

pub async fn values_do_not_open_elsewhere(lab: &dyn Lab) {
    let store = lab.open().await;
    let a = store.create_account(okta("a")).await.unwrap().id;
    let b = store.create_account(okta("b")).await.unwrap().id;
    let from_a = format!("(SELECT sealed FROM account_secrets WHERE account_id = '{a}' AND name = 'api_token')");
    lab.run(&format!("UPDATE account_secrets SET sealed = {from_a} WHERE account_id = '{b}' AND name = 'api_token'"))
        .await;
    let error = store.secrets(b).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    lab.run(&format!("UPDATE account_secrets SET sealed = {from_a} WHERE account_id = '{a}'")).await;
    assert!(matches!(store.secrets(a).await, Err(StoreError::Damaged { .. })), "under another name");
    let key = format!("(SELECT wrapped_key FROM accounts WHERE id = '{a}')");
    lab.run(&format!("UPDATE accounts SET wrapped_key = {key} WHERE id = '{b}'")).await;
    assert!(matches!(store.secrets(b).await, Err(StoreError::Damaged { .. })), "with the data key of another account");
}
