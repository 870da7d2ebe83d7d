//! Cases on API tokens.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use userdir_store::{NewApiToken, Scope, Store, StoreError};

use super::{Lab, okta};

async fn finds(store: &dyn Store, secret: &str) -> Option<String> {
    store.find_api_token(secret).await.unwrap().map(|token| token.name)
}

pub async fn made_and_found(lab: &dyn Lab) {
    let store = lab.open().await;
    let created = store.create_api_token(NewApiToken::new("ci", Scope::Write)).await.unwrap();
    let secret = created.secret.expose_secret();
    assert!(secret.starts_with("ud_") && secret.len() == 46, "{secret}");
    let token = &created.token;
    assert_eq!((token.name.as_str(), token.scope, &token.accounts), ("ci", Scope::Write, &None));
    assert_eq!((token.expires_at, token.last_used_at, token.revoked_at), (None, None, None));
    assert_eq!(store.api_token("ci").await.unwrap(), created.token);
    assert_eq!(store.api_token(&token.id.to_string()).await.unwrap(), created.token);
    assert_eq!(finds(&*lab.open().await, secret).await.as_deref(), Some("ci"));
    let longer = format!("{secret}x");
    let huge = "x".repeat(1 << 20);
    for wrong in ["", "ud_", &secret[..45], &longer, &secret.to_uppercase(), "nul\0", &huge] {
        assert_eq!(finds(&*store, wrong).await, None);
    }
    assert_eq!(store.count_api_tokens().await.unwrap(), 1);
    let error = store.create_api_token(NewApiToken::new("ci", Scope::Read)).await.unwrap_err();
    assert!(matches!(&error, StoreError::NameTaken { what: "token", name } if name == "ci"), "{error}");
    for bad in ["", " x", "\n", &uuid::Uuid::new_v4().to_string()] {
        let error = store.create_api_token(NewApiToken::new(bad, Scope::Read)).await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidName { what: "token", .. }), "{error}");
    }
}

pub async fn the_value_is_kept_nowhere(lab: &dyn Lab) {
    let store = lab.open().await;
    let created = store.create_api_token(NewApiToken::new("a", Scope::Read)).await.unwrap();
    let secret = created.secret.expose_secret();
    assert!(!format!("{created:?} {:?}", store.api_tokens().await.unwrap()).contains(secret));
    // whoever copies the hash out of the database has no token
    lab.run("UPDATE api_tokens SET name = 'changed'").await;
    assert_eq!(finds(&*store, secret).await.as_deref(), Some("changed"));
}

pub async fn a_value_that_was_given(lab: &dyn Lab) {
    let store = lab.open().await;
    let new = || NewApiToken::new("bootstrap", Scope::Admin).secret("chosen-by-the-operator-0123456789");
    let created = store.create_api_token(new()).await.unwrap();
    assert_eq!(created.secret.expose_secret(), "chosen-by-the-operator-0123456789");
    assert_eq!(finds(&*store, "chosen-by-the-operator-0123456789").await.as_deref(), Some("bootstrap"));
    for bad in ["", "shorter-than-can-be", &"two words ".repeat(9), &"\u{e4}".repeat(40), &"x".repeat(5000)] {
        let error = store.create_api_token(NewApiToken::new("x", Scope::Read).secret(bad)).await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidSecret { .. }), "{error}");
        assert!(bad.is_empty() || !format!("{error} {error:?}").contains(bad));
    }
}

pub async fn the_first_is_made_once(lab: &dyn Lab) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = lab.open().await;
        tasks.spawn(
            async move { store.create_first_api_token(NewApiToken::new("bootstrap", Scope::Admin)).await.unwrap() },
        );
    }
    let made: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(made.len(), 1);
    let store = lab.open().await;
    assert_eq!(store.api_tokens().await.unwrap().len(), 1);
    // not even after it is revoked: that would open what somebody closed
    store.revoke_api_token("bootstrap", None).await.unwrap();
    let again = store.create_first_api_token(NewApiToken::new("again", Scope::Admin)).await.unwrap();
    assert!(again.is_none());
}

pub async fn revoked(lab: &dyn Lab) {
    let (one, two) = (lab.open().await, lab.open().await);
    let created = one.create_api_token(NewApiToken::new("a", Scope::Read)).await.unwrap();
    let secret = created.secret.expose_secret();
    assert!(finds(&*two, secret).await.is_some());
    let revoked = one.revoke_api_token("a", None).await.unwrap();
    assert!(revoked.revoked_at.is_some());
    assert_eq!(finds(&*two, secret).await, None, "at once, on every replica");
    let again = one.revoke_api_token(&created.token.id.to_string(), None).await.unwrap();
    assert_eq!(again.revoked_at, revoked.revoked_at, "the first time counts");
    assert_eq!(one.count_api_tokens().await.unwrap(), 0);
    assert_eq!(one.api_tokens().await.unwrap().len(), 1, "still listed");
    let error = one.revoke_api_token("nobody's", None).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "token", .. }), "{error}");
}

pub async fn expired(lab: &dyn Lab) {
    let store = lab.open().await;
    let soon = Timestamp::now() + SignedDuration::from_millis(300);
    let created = store.create_api_token(NewApiToken::new("a", Scope::Read).expires_at(soon)).await.unwrap();
    let secret = created.secret.expose_secret();
    assert!(finds(&*store, secret).await.is_some());
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(finds(&*store, secret).await, None);
    assert_eq!(store.count_api_tokens().await.unwrap(), 0);
}

pub async fn use_is_noted(lab: &dyn Lab) {
    let store = lab.open().await;
    let secret = store.create_api_token(NewApiToken::new("a", Scope::Read)).await.unwrap().secret;
    finds(&*store, secret.expose_secret()).await.unwrap();
    let first = store.api_token("a").await.unwrap().last_used_at.unwrap();
    finds(&*store, secret.expose_secret()).await.unwrap();
    assert_eq!(store.api_token("a").await.unwrap().last_used_at, Some(first), "once a minute");
    lab.run("UPDATE api_tokens SET last_used_at = '2026-01-01T00:00:00.000000Z'").await;
    finds(&*store, secret.expose_secret()).await.unwrap();
    assert!(store.api_token("a").await.unwrap().last_used_at >= Some(first));
}

pub async fn names_are_free_again(lab: &dyn Lab) {
    let store = lab.open().await;
    let old = store.create_api_token(NewApiToken::new("ci", Scope::Read)).await.unwrap();
    store.revoke_api_token("ci", None).await.unwrap();
    let new = store.create_api_token(NewApiToken::new("ci", Scope::Write)).await.unwrap();
    assert_eq!(store.api_token("ci").await.unwrap().id, new.token.id, "the one that works");
    assert_eq!(finds(&*store, old.secret.expose_secret()).await, None);
    let listed = store.api_tokens().await.unwrap();
    assert_eq!(listed.iter().map(|token| token.id).collect::<Vec<_>>(), [new.token.id, old.token.id]);
}

pub async fn bound_to_accounts(lab: &dyn Lab) {
    let store: Arc<dyn Store> = Arc::from(lab.open().await);
    let a = store.create_account(okta("a")).await.unwrap().id;
    let b = store.create_account(okta("b")).await.unwrap().id;
    let bound = store.create_api_token(NewApiToken::new("a", Scope::Read).accounts([a])).await.unwrap();
    let token = store.find_api_token(bound.secret.expose_secret()).await.unwrap().unwrap();
    assert!(token.reaches(a) && !token.reaches(b));
    let none = store.create_api_token(NewApiToken::new("none", Scope::Read).accounts([])).await.unwrap();
    assert!(!store.api_token("none").await.unwrap().reaches(a), "an empty list is not all: {none:?}");
    assert!(Scope::Admin.allows(Scope::Read) && Scope::Write.allows(Scope::Write) && !Scope::Read.allows(Scope::Write));
    assert!("root".parse::<Scope>().is_err());
}
