//! Cases on changing the master key.

use std::time::Duration;

use secrecy::ExposeSecret;
use userdir_store::{
    AuditKind, Begun, HANDOVER, IdempotencyScope, MasterKey, NewAuditRow, Store, StoreError, StoredAnswer,
};
use uuid::Uuid;

use super::{KEY_A, Lab, okta};

const KEY_B: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
const KEY_C: &str = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";

fn key(text: &str) -> MasterKey {
    MasterKey::from_base64(text).unwrap()
}

async fn token(store: &dyn Store, account: Uuid) -> String {
    store.secrets(account).await.unwrap()["api_token"].expose_secret().to_owned()
}

fn is_retired<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::KeyRetired { .. }))
}

/// `n` accounts, and a change to `KEY_B` that breaks off when it comes to the account whose id is the first (`min`) or
/// last (`max`).
async fn broken_off(lab: &dyn Lab, n: usize, at: &str) -> Vec<Uuid> {
    let store = lab.open().await;
    let mut accounts = Vec::new();
    for i in 0..n {
        accounts.push(store.create_account(okta(&format!("n{i}"))).await.unwrap().id);
    }
    let there = format!("WHERE id = (SELECT {at}(id) FROM accounts)");
    lab.run("CREATE TABLE saved AS SELECT id, wrapped_key FROM accounts").await;
    lab.run(&format!("UPDATE accounts SET wrapped_key = substr(wrapped_key, 2) {there}")).await;
    let error = store.rotate_master_key(&key(KEY_B), HANDOVER).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    lab.run(&format!(
        "UPDATE accounts SET wrapped_key = (SELECT wrapped_key FROM saved WHERE saved.id = accounts.id) {there}"
    ))
    .await;
    accounts
}

/// Everything can be read with either key.
async fn reads_with_both(lab: &dyn Lab, accounts: &[Uuid]) {
    for key in [KEY_A, KEY_B] {
        let store = lab.open_with(key).await.unwrap();
        for account in accounts {
            assert_eq!(token(&*store, *account).await, "token-1");
        }
    }
}

pub async fn all_can_be_read_with_the_new_key_alone(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("a")).await.unwrap().id;
    for i in 0..120 {
        store.create_account(userdir_store::NewAccount::new(format!("n{i}"), "okta", "acme")).await.unwrap();
    }
    let fence = store.lease_token(account, "t", "x", Duration::from_secs(60)).await.unwrap().unwrap();
    store.commit_token(account, "t", fence, "jwt".into(), None).await.unwrap();
    let scope = IdempotencyScope { account, path: "p".into(), key: "k".into() };
    let Begun::Started(ticket) = store.begin_idempotent(&scope, [0; 32], "x", HANDOVER).await.unwrap() else {
        panic!("starts");
    };
    let answer = StoredAnswer { status: 200, headers: vec![], body: vec![1] };
    store.finish_idempotent(&ticket, &answer).await.unwrap();
    store.append_audit(NewAuditRow::new(account, AuditKind::Outcome, "cli", "x")).await.unwrap();
    let derived = *store.derived_key("cursor").expose_secret();

    let rotation = store.rotate_master_key(&key(KEY_B), Duration::ZERO).await.unwrap();
    assert_eq!((rotation.key_id, rotation.rewrapped, rotation.handover_until), (2, 121, None));
    drop(store);
    let store = lab.open_with(KEY_B).await.unwrap();
    assert_eq!(token(&*store, account).await, "token-1");
    let stored = store.load_token(account, "t").await.unwrap().unwrap();
    assert_eq!((stored.token.expose_secret(), stored.fence), ("jwt", fence));
    let again = store.begin_idempotent(&scope, [0; 32], "x", HANDOVER).await.unwrap();
    assert_eq!(again, Begun::Replay(answer));
    store.append_audit(NewAuditRow::new(account, AuditKind::Outcome, "cli", "y")).await.unwrap();
    assert!(store.verify_audit(None).await.unwrap().holds());
    assert_eq!(*store.derived_key("cursor").expose_secret(), derived, "slots and cursors outlast it");
    assert!(is_retired(lab.open_with(KEY_A).await));
}

pub async fn a_running_process_goes_on(lab: &dyn Lab) {
    let (one, two) = (lab.open().await, lab.open().await);
    let account = one.create_account(okta("a")).await.unwrap().id;
    let rotation = one.rotate_master_key(&key(KEY_B), HANDOVER).await.unwrap();
    assert!(rotation.handover_until.is_some());
    assert_eq!(token(&*two, account).await, "token-1", "a process with the old key");
    let late = two.create_account(okta("b")).await.unwrap().id;
    assert_eq!(token(&*one, late).await, "token-1");
    // a restart with the old key meanwhile
    assert_eq!(token(&*lab.open().await, late).await, "token-1");
    assert_eq!(token(&*lab.open_with(KEY_B).await.unwrap(), late).await, "token-1");
}

pub async fn interrupted_after_the_begin(lab: &dyn Lab) {
    let mut accounts = broken_off(lab, 3, "min").await;
    reads_with_both(lab, &accounts).await;
    let store = lab.open().await;
    // what is made now is made with the new key
    accounts.push(store.create_account(okta("late")).await.unwrap().id);
    reads_with_both(lab, &accounts).await;
    let rotation = store.rotate_master_key(&key(KEY_B), Duration::ZERO).await.unwrap();
    assert_eq!((rotation.key_id, rotation.rewrapped), (2, 3));
    let store = lab.open_with(KEY_B).await.unwrap();
    for account in accounts {
        assert_eq!(token(&*store, account).await, "token-1");
    }
    assert!(is_retired(lab.open_with(KEY_A).await));
}

pub async fn interrupted_half_way(lab: &dyn Lab) {
    let accounts = broken_off(lab, 110, "max").await;
    reads_with_both(lab, &accounts).await;
    let store = lab.open_with(KEY_B).await.unwrap();
    let rotation = store.rotate_master_key(&key(KEY_B), HANDOVER).await.unwrap();
    assert_eq!((rotation.key_id, rotation.rewrapped), (2, 10), "a hundred were done before");
    reads_with_both(lab, &accounts).await;
    // once more changes nothing
    let again = store.rotate_master_key(&key(KEY_B), HANDOVER).await.unwrap();
    assert_eq!((again.key_id, again.rewrapped, again.handover_until), (2, 0, rotation.handover_until));
}

pub async fn another_key_meanwhile_is_refused(lab: &dyn Lab) {
    broken_off(lab, 1, "min").await;
    let error = lab.open().await.rotate_master_key(&key(KEY_C), HANDOVER).await.unwrap_err();
    assert!(matches!(error, StoreError::RotationUnderway), "{error}");
    let error = lab.open_with(KEY_B).await.unwrap().rotate_master_key(&key(KEY_A), HANDOVER).await.unwrap_err();
    assert!(matches!(error, StoreError::RotationUnderway), "{error}");
}

pub async fn an_old_key_does_not_come_back(lab: &dyn Lab) {
    let store = lab.open().await;
    store.rotate_master_key(&key(KEY_B), HANDOVER).await.unwrap();
    let error = store.rotate_master_key(&key(KEY_A), HANDOVER).await.unwrap_err();
    assert!(matches!(error, StoreError::KeyUsedBefore), "{error}");
}

pub async fn handover_ends(lab: &dyn Lab) {
    let (one, idle, swept) = (lab.open().await, lab.open().await, lab.open().await);
    let account = one.create_account(okta("a")).await.unwrap().id;
    one.rotate_master_key(&key(KEY_B), HANDOVER).await.unwrap();
    assert_eq!(swept.sweep().await.unwrap().handovers, 0);
    lab.run("UPDATE master_keys SET handover_until = '2026-01-01T00:00:00.000000Z' WHERE key_id = 2").await;
    assert_eq!(swept.sweep().await.unwrap().handovers, 1);
    assert_eq!(token(&*swept, account).await, "token-1", "it learnt the new key from its sweep");
    assert!(is_retired(idle.secrets(account).await), "one that slept through it is told so");
    assert!(is_retired(idle.create_account(okta("b")).await));
    assert!(is_retired(lab.open_with(KEY_A).await));
}

pub async fn twice(lab: &dyn Lab) {
    let (one, idle) = (lab.open().await, lab.open().await);
    let account = one.create_account(okta("a")).await.unwrap().id;
    one.rotate_master_key(&key(KEY_B), HANDOVER).await.unwrap();
    let rotation = one.rotate_master_key(&key(KEY_C), HANDOVER).await.unwrap();
    assert_eq!((rotation.key_id, rotation.rewrapped), (3, 1));
    assert_eq!(token(&*idle, account).await, "token-1", "from the first to the third");
    for key in [KEY_A, KEY_B, KEY_C] {
        assert_eq!(token(&*lab.open_with(key).await.unwrap(), account).await, "token-1");
    }
}

pub async fn accounts_made_meanwhile(lab: &dyn Lab) {
    for i in 0..30 {
        lab.open().await.create_account(okta(&format!("before {i}"))).await.unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..4 {
        let store = lab.open().await;
        tasks.spawn(async move {
            for i in 0..10 {
                store.create_account(okta(&format!("{worker}-{i}"))).await.unwrap();
            }
        });
    }
    let store = lab.open().await;
    store.rotate_master_key(&key(KEY_B), HANDOVER).await.unwrap();
    tasks.join_all().await;
    // even with the old key gone for good
    lab.run("UPDATE master_keys SET handover = NULL, previous = NULL").await;
    let store = lab.open_with(KEY_B).await.unwrap();
    let accounts = store.accounts(&Default::default()).await.unwrap();
    assert_eq!(accounts.len(), 70);
    for account in accounts {
        assert_eq!(token(&*store, account.id).await, "token-1");
    }
}

pub async fn a_wrong_key_is_still_wrong(lab: &dyn Lab) {
    broken_off(lab, 1, "min").await;
    let error = lab.open_with(KEY_C).await.err().unwrap();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
    lab.open_with(KEY_B).await.unwrap().rotate_master_key(&key(KEY_B), Duration::ZERO).await.unwrap();
    let error = lab.open_with(KEY_C).await.err().unwrap();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
}
