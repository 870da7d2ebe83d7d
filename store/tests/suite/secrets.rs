//! Cases on secrets and keys.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretBox, SecretString};
use userdir_store::{AccountChange, NewAccount, StoreError};

use super::{Lab, okta};

fn shown(secrets: &BTreeMap<String, SecretString>) -> Vec<(&str, &str)> {
    secrets.iter().map(|(k, v)| (k.as_str(), v.expose_secret())).collect()
}

pub async fn secrets_round_trip(lab: &dyn Lab) {
    let store = lab.open().await;
    let pem = "-----BEGIN PRIVATE KEY-----\n\u{e4}\u{1f511}\0\n";
    let new = NewAccount::new("a", "okta", "acme").secret("pem", pem).secret("empty", "");
    let account = store.create_account(new).await.unwrap();
    assert_eq!(account.secret_keys, ["empty", "pem"]);
    assert_eq!(shown(&store.secrets(account.id).await.unwrap()), [("empty", ""), ("pem", pem)]);
    let long = "x".repeat(100_000);
    let change = AccountChange::default().secret("long", long.as_str());
    store.update_account("a", change).await.unwrap();
    assert_eq!(store.secrets(account.id).await.unwrap()["long"].expose_secret(), long);
}

pub async fn secret_merge_keeps_others(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("a")).await.unwrap();
    let other = store.create_account(okta("b")).await.unwrap();
    let change = AccountChange::default().secret("api_token", "token-2").secret("added", "new");
    let after = store.update_account("a", change).await.unwrap();
    assert_eq!(after.revision, 2);
    assert_eq!(after.secret_keys, ["added", "api_token", "private_key"]);
    assert_eq!(store.account("a").await.unwrap(), after);
    let secrets = store.secrets(account.id).await.unwrap();
    assert_eq!(shown(&secrets), [("added", "new"), ("api_token", "token-2"), ("private_key", "key-1")]);
    let untouched = store.secrets(other.id).await.unwrap();
    assert_eq!(shown(&untouched), [("api_token", "token-1"), ("private_key", "key-1")]);
}

pub async fn reopen_keeps_all(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("a")).await.unwrap();
    drop(store);
    let store = lab.open().await;
    assert_eq!(store.account("a").await.unwrap(), account);
    let secrets = store.secrets(account.id).await.unwrap();
    assert_eq!(shown(&secrets), [("api_token", "token-1"), ("private_key", "key-1")]);
}

pub async fn derived_keys(lab: &dyn Lab) {
    let (one, two) = (lab.open().await, lab.open().await);
    let same = |a: SecretBox<[u8; 32]>, b: SecretBox<[u8; 32]>| a.expose_secret() == b.expose_secret();
    assert!(same(one.derived_key("cursors"), two.derived_key("cursors")));
    assert!(!same(one.derived_key("cursors"), one.derived_key("audit")));
}

/// Settings and secrets that are changed together are seen together.
pub async fn opened_in_one_state(lab: &dyn Lab) {
    let (store, other) = (lab.open().await, lab.open().await);
    let account = store.create_account(okta("a").set("base_url", "https://0.example").secret("api_token", "0")).await;
    let id = account.unwrap().id.to_string();
    const LAST: i64 = 60;
    let changing = async {
        for n in 1..LAST {
            let change = AccountChange::default().set("base_url", format!("https://{n}.example"));
            other.update_account(&id, change.secret("api_token", n.to_string())).await.unwrap();
        }
    };
    let reading = async {
        let mut revisions = std::collections::BTreeSet::new();
        while !revisions.contains(&LAST) {
            let (account, secrets) = store.open_account("a").await.unwrap();
            let token = secrets["api_token"].expose_secret();
            assert_eq!(account.settings["base_url"], format!("https://{token}.example"));
            assert_eq!(account.revision, token.parse::<i64>().unwrap() + 1);
            revisions.insert(account.revision);
        }
        revisions.len()
    };
    let ((), seen) = tokio::join!(changing, reading);
    assert!(seen > 2, "nothing changed meanwhile");
    assert!(matches!(store.open_account("nobody").await, Err(StoreError::NotFound { .. })));
}
