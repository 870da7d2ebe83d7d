//! Cases on tokens, their leases and the fence.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use userdir_core::{CredentialStore, Settings, TokenOwner};
use userdir_store::credentials::StoreCredentials;
use userdir_store::{Fence, Store, StoreError, TRIALS};
use uuid::Uuid;

use super::{Lab, okta};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(20);

async fn account(store: &dyn Store) -> Uuid {
    store.create_account(okta("a")).await.unwrap().id
}

async fn lease(store: &dyn Store, account: Uuid, holder: &str, ttl: Duration) -> Option<Fence> {
    store.lease_token(account, "access", holder, ttl).await.unwrap()
}

async fn commit(store: &dyn Store, account: Uuid, fence: Fence, token: &str) -> Result<(), StoreError> {
    store.commit_token(account, "access", fence, token.into(), None).await
}

async fn token(store: &dyn Store, account: Uuid) -> String {
    let stored = store.load_token(account, "access").await.unwrap().unwrap();
    stored.token.expose_secret().to_owned()
}

async fn ran_out() {
    tokio::time::sleep(SHORT * 2).await;
}

pub async fn none_at_first(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = account(&*store).await;
    assert!(store.load_token(id, "access").await.unwrap().is_none());
    lease(&*store, id, "one", LONG).await.unwrap();
    assert!(store.load_token(id, "access").await.unwrap().is_none(), "leased, not committed");
}

pub async fn commit_and_load(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = account(&*store).await;
    let fence = lease(&*store, id, "one", LONG).await.unwrap();
    let expires: Timestamp = "2030-01-02T03:04:05.678Z".parse().unwrap();
    store.commit_token(id, "access", fence, "jwt".into(), Some(expires)).await.unwrap();
    let stored = store.load_token(id, "access").await.unwrap().unwrap();
    assert_eq!(stored.token.expose_secret(), "jwt");
    assert_eq!(stored.expires_at, Some(expires));
    assert_eq!(stored.fence, fence);
}

pub async fn one_holder(lab: &dyn Lab) {
    let (one, two) = (lab.open().await, lab.open().await);
    let id = account(&*one).await;
    assert!(lease(&*one, id, "one", LONG).await.is_some());
    assert!(lease(&*two, id, "two", LONG).await.is_none());
}

pub async fn concurrent_leases(lab: &dyn Lab) {
    let id = account(&*lab.open().await).await;
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..32 {
        let store = lab.open().await;
        tasks.spawn(async move { lease(&*store, id, &format!("holder {i}"), LONG).await });
    }
    assert_eq!(tasks.join_all().await.into_iter().flatten().count(), 1);
}

pub async fn renewal(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = account(&*store).await;
    let first = lease(&*store, id, "one", SHORT).await.unwrap();
    let second = lease(&*store, id, "one", LONG).await.unwrap();
    assert!(second > first);
    ran_out().await;
    assert!(lease(&*store, id, "two", LONG).await.is_none(), "renewed");
    let error = commit(&*store, id, first, "old").await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
    commit(&*store, id, second, "new").await.unwrap();
}

pub async fn expiry(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = account(&*store).await;
    let first = lease(&*store, id, "one", SHORT).await.unwrap();
    ran_out().await;
    let second = lease(&*store, id, "two", LONG).await.unwrap();
    assert!(second > first);
}

pub async fn an_expired_lease_commits(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = account(&*store).await;
    let fence = lease(&*store, id, "one", SHORT).await.unwrap();
    ran_out().await;
    commit(&*store, id, fence, "late, but the only one").await.unwrap();
    assert_eq!(token(&*store, id).await, "late, but the only one");
}

pub async fn fencing(lab: &dyn Lab) {
    let (one, two) = (lab.open().await, lab.open().await);
    let id = account(&*one).await;
    let slow = lease(&*one, id, "slow", SHORT).await.unwrap();
    ran_out().await;
    let quick = lease(&*two, id, "quick", LONG).await.unwrap();
    let error = commit(&*one, id, slow, "slow").await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
    commit(&*two, id, quick, "quick").await.unwrap();
    assert!(commit(&*one, id, slow, "slow").await.is_err(), "still");
    assert_eq!(token(&*one, id).await, "quick");
    assert!(commit(&*one, id, Fence::new(99), "never leased").await.is_err());
}

pub async fn commit_gives_back(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = account(&*store).await;
    let first = lease(&*store, id, "one", LONG).await.unwrap();
    commit(&*store, id, first, "1").await.unwrap();
    let second = lease(&*store, id, "two", LONG).await.unwrap();
    assert!(second > first);
    assert_eq!(token(&*store, id).await, "1", "a lease keeps the token");
    commit(&*store, id, second, "2").await.unwrap();
    assert_eq!(token(&*store, id).await, "2");
}

pub async fn release_gives_back(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = account(&*store).await;
    let first = lease(&*store, id, "one", LONG).await.unwrap();
    store.release_token(id, "access", first).await.unwrap();
    let second = lease(&*store, id, "two", LONG).await.unwrap();
    assert!(second > first);
    // a release that comes late takes nothing from the next holder
    store.release_token(id, "access", first).await.unwrap();
    assert!(lease(&*store, id, "one", LONG).await.is_none());
    commit(&*store, id, second, "2").await.unwrap();
}

pub async fn slots_are_apart(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = account(&*store).await;
    let fence = lease(&*store, id, "one", LONG).await.unwrap();
    assert!(store.lease_token(id, "refresh", "two", LONG).await.unwrap().is_some());
    commit(&*store, id, fence, "jwt").await.unwrap();
    assert!(store.load_token(id, "refresh").await.unwrap().is_none());
    let other = store.create_account(okta("b")).await.unwrap().id;
    assert!(store.load_token(other, "access").await.unwrap().is_none());
    assert!(lease(&*store, other, "two", LONG).await.is_some());
}

pub async fn fence_survives_reopen(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = account(&*store).await;
    let first = lease(&*store, id, "one", LONG).await.unwrap();
    commit(&*store, id, first, "kept").await.unwrap();
    drop(store);
    let store = lab.open().await;
    assert_eq!(token(&*store, id).await, "kept");
    assert!(lease(&*store, id, "two", LONG).await.unwrap() > first);
}

pub async fn gone_with_the_account(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = account(&*store).await;
    let fence = lease(&*store, id, "one", LONG).await.unwrap();
    store.remove_account("a", None).await.unwrap();
    let not_found = |e: StoreError| assert!(matches!(e, StoreError::NotFound { .. }), "{e}");
    not_found(commit(&*store, id, fence, "late").await.unwrap_err());
    not_found(store.load_token(id, "access").await.unwrap_err());
    not_found(store.lease_token(id, "access", "one", LONG).await.unwrap_err());
}

/// An account's credentials know which it is.
const ANY: TokenOwner<'_> = TokenOwner::Account("");

/// At a vendor where a new token ends the one before.
pub async fn of_a_client(lab: &dyn Lab) {
    let store: Arc<dyn Store> = lab.open().await.into();
    let settings = Settings::new().secret("client_secret", "secret-1");
    let (a, b) = (account(&*store).await, store.create_account(okta("b")).await.unwrap().id);
    let (a, b) =
        (StoreCredentials::new(store.clone(), a, &settings), StoreCredentials::new(store.clone(), b, &settings));
    let client = TokenOwner::Client("digest-1");
    let fence = a.lease(client).await.unwrap().unwrap();
    assert_eq!(b.lease(client).await.unwrap(), None, "one at a time, whatever the account");
    let token = userdir_core::StoredToken {
        access_token: "at".into(),
        refresh_token: None,
        expires_at: None,
        base_url: None,
        user: None,
    };
    a.commit(client, fence, &token).await.unwrap();
    let tried = StoreCredentials::of_trial(lab.open().await.into(), &settings);
    for other in [&b, &tried] {
        assert_eq!(other.load(client).await.unwrap().unwrap().access_token.expose(), "at");
        assert!(other.load(TokenOwner::Client("digest-2")).await.unwrap().is_none());
        assert!(other.load(ANY).await.unwrap().is_none());
    }
    store.create_account(okta("c").secret("client_secret", "secret-1")).await.unwrap();
    assert!(b.load(client).await.unwrap().is_some(), "no account takes it for its own");
}

pub async fn of_a_try(lab: &dyn Lab) {
    let store: Arc<dyn Store> = lab.open().await.into();
    let settings = Settings::new().secret("api_token", "token-1").secret("private_key", "key-1");
    let tried = StoreCredentials::of_trial(store.clone(), &settings);
    let fence = tried.lease(ANY).await.unwrap().unwrap();
    let again = StoreCredentials::of_trial(lab.open().await.into(), &settings);
    assert_eq!(again.lease(ANY).await.unwrap(), None, "one at a time, in any process");
    let token = userdir_core::StoredToken {
        access_token: "at".into(),
        refresh_token: Some("rt".into()),
        expires_at: None,
        base_url: None,
        user: None,
    };
    tried.commit(ANY, fence, &token).await.unwrap();
    assert_eq!(again.load(ANY).await.unwrap().unwrap().refresh_token.unwrap().expose(), "rt");
    let other = StoreCredentials::of_trial(store.clone(), &settings.clone().secret("api_token", "token-2"));
    assert!(other.load(ANY).await.unwrap().is_none(), "other secrets");

    // it goes to the account with these secrets, and to no other
    let with_others = store.create_account(okta("b").secret("api_token", "token-2")).await.unwrap().id;
    let account = store.create_account(okta("a")).await.unwrap().id;
    let of = |account| StoreCredentials::new(store.clone(), account, &settings);
    assert!(of(with_others).load(ANY).await.unwrap().is_none());
    assert_eq!(of(account).load(ANY).await.unwrap().unwrap().refresh_token.unwrap().expose(), "rt");
    assert!(again.load(ANY).await.unwrap().is_none());
    assert!(of(account).lease(ANY).await.unwrap().unwrap() > fence);
}

pub async fn a_try_has_a_week(lab: &dyn Lab) {
    let store = lab.open().await;
    let of_account = lease(&*store, account(&*store).await, "one", LONG).await.unwrap();
    let fence = lease(&*store, TRIALS, "one", LONG).await.unwrap();
    commit(&*store, TRIALS, fence, "1").await.unwrap();
    assert_eq!(store.sweep().await.unwrap().trials, 0);
    lab.run("UPDATE account_tokens SET lease_until = '2026-01-01T00:00:00.000000Z'").await;
    assert_eq!(store.sweep().await.unwrap().trials, 1);
    assert!(store.load_token(TRIALS, "access").await.unwrap().is_none());
    let id = store.account("a").await.unwrap().id;
    commit(&*store, id, of_account, "an account's stays").await.unwrap();
}
