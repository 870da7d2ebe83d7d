//! Cases on tokens for one account and on link tokens.

use secrecy::ExposeSecret;
use serde_json::json;
use userdir_store::{ACCOUNT_TOKEN_LIFE, Link, LinkTarget, NewApiToken, NewLinkToken, Scope, StoreError};
use uuid::Uuid;

use super::{Lab, okta};

pub async fn for_one_account(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("a")).await.unwrap().id;
    let issued = store.create_account_token(account, None, None).await.unwrap();
    let secret = issued.secret.expose_secret();
    assert!(secret.starts_with("uda_"), "{secret}");
    let found = lab.open().await.find_account_token(secret).await.unwrap().unwrap();
    assert_eq!((found.account, found.issued_by, found.expires_at), (account, None, issued.expires_at));
    assert_eq!(found.created_at.duration_until(found.expires_at).unsigned_abs(), ACCOUNT_TOKEN_LIFE);
    assert!(store.find_account_token("uda_other").await.unwrap().is_none());
    assert!(store.find_api_token(secret).await.unwrap().is_none(), "not an API token");
    let error = store.create_account_token(Uuid::new_v4(), None, None).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "account", .. }), "{error}");
    store.remove_account("a", None).await.unwrap();
    assert!(store.find_account_token(secret).await.unwrap().is_none(), "gone with the account");
}

pub async fn ends_with_its_issuer(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("a")).await.unwrap().id;
    let issuer = store.create_api_token(NewApiToken::new("ci", Scope::Write)).await.unwrap().token.id;
    let secret = store.create_account_token(account, Some(issuer), None).await.unwrap().secret;
    let found = store.find_account_token(secret.expose_secret()).await.unwrap().unwrap();
    assert_eq!(found.issued_by, Some(issuer));
    store.revoke_api_token("ci", None).await.unwrap();
    assert!(store.find_account_token(secret.expose_secret()).await.unwrap().is_none());
}

pub async fn account_token_expires(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("a")).await.unwrap().id;
    let secret = store.create_account_token(account, None, None).await.unwrap().secret;
    lab.run("UPDATE access_tokens SET expires_at = '2026-01-01T00:00:00.000000Z'").await;
    assert!(store.find_account_token(secret.expose_secret()).await.unwrap().is_none());
}

pub async fn link_is_used_once(lab: &dyn Lab) {
    let store = lab.open().await;
    let payload = json!({"redirect_uri": "https://app.example.com", "scopes": ["a"]});
    let issued = store.create_link_token(NewLinkToken::tenant("acme").payload(payload.clone())).await.unwrap();
    let secret = issued.secret.expose_secret();
    assert!(secret.starts_with("udl_"), "{secret}");
    for _ in 0..2 {
        let Link::Open(link) = store.link_token(secret).await.unwrap() else { panic!("looking uses nothing up") };
        assert_eq!(link.target, LinkTarget::NewAccount { tenant_id: "acme".into() });
        assert_eq!((&link.payload, link.expires_at), (&payload, issued.expires_at));
    }
    let Link::Open(link) = store.redeem_link_token(secret).await.unwrap() else { panic!("the first use") };
    assert_eq!(link.payload, payload);
    assert_eq!(store.redeem_link_token(secret).await.unwrap(), Link::Used);
    assert_eq!(store.link_token(secret).await.unwrap(), Link::Used);
    assert_eq!(store.link_token("udl_other").await.unwrap(), Link::Unknown);
    assert_eq!(store.redeem_link_token("").await.unwrap(), Link::Unknown);

    let account = store.create_account(okta("a")).await.unwrap().id;
    let secret = store.create_link_token(NewLinkToken::reconnect(account)).await.unwrap().secret;
    let Link::Open(link) = store.redeem_link_token(secret.expose_secret()).await.unwrap() else { panic!("reconnect") };
    assert_eq!(link.target, LinkTarget::Reconnect { account });
    let error = store.create_link_token(NewLinkToken::reconnect(Uuid::new_v4())).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "account", .. }), "{error}");
}

pub async fn link_is_used_once_across_replicas(lab: &dyn Lab) {
    let secret = lab.open().await.create_link_token(NewLinkToken::tenant("acme")).await.unwrap().secret;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (store, secret) = (lab.open().await, secret.clone());
        tasks.spawn(async move { store.redeem_link_token(secret.expose_secret()).await.unwrap() });
    }
    let links = tasks.join_all().await;
    assert_eq!(links.iter().filter(|link| matches!(link, Link::Open(_))).count(), 1);
    assert_eq!(links.iter().filter(|link| **link == Link::Used).count(), 31);
}

pub async fn link_expires(lab: &dyn Lab) {
    let store = lab.open().await;
    let secret = store.create_link_token(NewLinkToken::tenant("acme")).await.unwrap().secret;
    lab.run("UPDATE link_tokens SET expires_at = '2026-01-01T00:00:00.000000Z'").await;
    assert_eq!(store.link_token(secret.expose_secret()).await.unwrap(), Link::Expired);
    assert_eq!(store.redeem_link_token(secret.expose_secret()).await.unwrap(), Link::Expired);
}

pub async fn link_payload_is_sealed(lab: &dyn Lab) {
    let store = lab.open().await;
    let link = |secret: &str| NewLinkToken::tenant("acme").payload(json!({"api_token": secret}));
    let one = store.create_link_token(link("canary-1")).await.unwrap();
    let two = store.create_link_token(link("canary-2")).await.unwrap();
    let shown = format!("{:?} {one:?}", store.link_token(one.secret.expose_secret()).await.unwrap());
    assert!(!shown.contains("canary"), "{shown}");
    // in another token's place it does not open
    lab.run("UPDATE link_tokens SET payload = (SELECT payload FROM link_tokens ORDER BY hash LIMIT 1)").await;
    let opened = [one, two].map(|token| token.secret);
    let mut opens = 0;
    for secret in &opened {
        opens += usize::from(store.link_token(secret.expose_secret()).await.is_ok());
    }
    assert_eq!(opens, 1);
}

pub async fn swept(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("a")).await.unwrap().id;
    let keep = store.create_account_token(account, None, None).await.unwrap().secret;
    store.create_link_token(NewLinkToken::tenant("acme")).await.unwrap();
    assert_eq!(store.sweep().await.unwrap(), Default::default(), "nothing has had its time");
    lab.run("UPDATE link_tokens SET expires_at = '2026-01-01T00:00:00.000000Z'").await;
    store.create_account_token(account, None, None).await.unwrap();
    lab.run(
        "UPDATE access_tokens SET expires_at = '2026-01-01T00:00:00.000000Z' \
         WHERE created_at = (SELECT max(created_at) FROM access_tokens)",
    )
    .await;
    let swept = store.sweep().await.unwrap();
    assert_eq!((swept.link_tokens, swept.account_tokens), (1, 1));
    assert!(store.find_account_token(keep.expose_secret()).await.unwrap().is_some());
}
