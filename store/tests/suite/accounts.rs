//! Cases on accounts.

use secrecy::ExposeSecret;
use userdir_store::{
    AccountChange, AccountFilter, AccountStatus, ForbiddenError, NewAccount, Store, StoreError, TimeRange,
};
use uuid::Uuid;

use super::{Lab, okta};

async fn names(store: &dyn Store, filter: AccountFilter) -> Vec<String> {
    store.accounts(&filter).await.unwrap().into_iter().map(|a| a.name).collect()
}

pub async fn create_and_get(lab: &dyn Lab) {
    let store = lab.open().await;
    let new = okta("okta-prod").authentication_method("api_key");
    let account = store.create_account(new).await.unwrap();
    assert_eq!(account.name, "okta-prod");
    assert_eq!(account.integration, "okta");
    assert_eq!(account.tenant_id, "acme");
    assert_eq!(account.authentication_method.as_deref(), Some("api_key"));
    assert_eq!(account.status, AccountStatus::Connecting);
    assert_eq!(account.settings["base_url"], "https://acme.okta.com");
    assert_eq!(account.secret_keys, ["api_token", "private_key"]);
    assert_eq!(account.revision, 1);
    assert_eq!(account.last_error, None);
    assert_eq!(account.created_at, account.updated_at);
    assert_eq!(store.account("okta-prod").await.unwrap(), account);
    assert_eq!(store.account(&account.id.to_string()).await.unwrap(), account);
    let upper = account.id.to_string().to_uppercase();
    assert_eq!(store.account(&upper).await.unwrap(), account);
}

pub async fn create_refuses_bad_names(lab: &dyn Lab) {
    let store = lab.open().await;
    store.create_account(okta("good")).await.unwrap();
    let (uuid, long) = (Uuid::new_v4().to_string(), "x".repeat(201));
    for bad in ["", " ", " padded", "two\nlines", uuid.as_str(), long.as_str()] {
        let error = store.create_account(okta(bad)).await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidName { .. }), "{bad:?}: {error}");
        let error = store.update_account("good", AccountChange::default().name(bad)).await;
        assert!(matches!(error, Err(StoreError::InvalidName { .. })), "{bad:?}");
    }
    assert_eq!(names(&*store, AccountFilter::default()).await, ["good"]);
}

pub async fn name_taken(lab: &dyn Lab) {
    let store = lab.open().await;
    let first = store.create_account(okta("a")).await.unwrap();
    let error = store.create_account(okta("a")).await.unwrap_err();
    assert!(matches!(&error, StoreError::NameTaken { name, .. } if name == "a"), "{error}");
    store.create_account(okta("b")).await.unwrap();
    let change = AccountChange::default().name("a").secret("api_token", "stolen");
    let error = store.update_account("b", change).await.unwrap_err();
    assert!(matches!(error, StoreError::NameTaken { .. }), "{error}");
    // what was refused left nothing behind
    let b = store.account("b").await.unwrap();
    assert_eq!(b.revision, 1);
    assert_eq!(store.secrets(b.id).await.unwrap()["api_token"].expose_secret(), "token-1");
    assert_eq!(store.account("a").await.unwrap(), first);
}

pub async fn concurrent_creates_of_one_name(lab: &dyn Lab) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = lab.open().await;
        tasks.spawn(async move { store.create_account(okta("same")).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    for error in results.into_iter().filter_map(Result::err) {
        assert!(matches!(error, StoreError::NameTaken { .. }), "{error}");
    }
    assert_eq!(names(&*lab.open().await, AccountFilter::default()).await, ["same"]);
}

pub async fn list_and_filter(lab: &dyn Lab) {
    let store = lab.open().await;
    assert!(names(&*store, AccountFilter::default()).await.is_empty());
    for (name, integration, tenant) in [("c", "okta", "acme"), ("a", "scim", "acme"), ("b", "okta", "other")] {
        store.create_account(NewAccount::new(name, integration, tenant)).await.unwrap();
    }
    let all = AccountFilter::default();
    assert_eq!(names(&*store, all.clone()).await, ["a", "b", "c"]);
    assert_eq!(names(&*store, all.clone().integration("okta")).await, ["b", "c"]);
    assert_eq!(names(&*store, all.clone().tenant_id("acme")).await, ["a", "c"]);
    assert_eq!(names(&*store, all.clone().tenant_id("acme").integration("okta")).await, ["c"]);
    assert!(names(&*store, all.integration("nobody's")).await.is_empty());
}

pub async fn filter_by_everything(lab: &dyn Lab) {
    let store = lab.open().await;
    let a = store.create_account(okta("a")).await.unwrap();
    let b = store.create_account(okta("b").sandbox()).await.unwrap();
    let c = store.create_account(okta("c")).await.unwrap();
    store.update_account("a", AccountChange::default().status(AccountStatus::Active)).await.unwrap();
    let all = AccountFilter::default();
    assert_eq!(names(&*store, all.clone().name("b")).await, ["b"]);
    assert_eq!(names(&*store, all.clone().status(AccountStatus::Active)).await, ["a"]);
    let mut several = all.clone();
    several.name = Some(["a", "c", "\"]}", "d\0"].map(str::to_owned).to_vec());
    assert_eq!(names(&*store, several.clone()).await, ["a", "c"]);
    several.status = Some(vec![AccountStatus::Connecting, AccountStatus::Active]);
    several.tenant_id = Some(vec!["acme".into()]);
    assert_eq!(names(&*store, several.clone()).await, ["a", "c"]);
    several.integration = Some(Vec::new());
    assert!(names(&*store, several).await.is_empty(), "one of none");
    assert_eq!(names(&*store, all.clone().is_sandbox(true)).await, ["b"]);
    assert_eq!(names(&*store, all.clone().is_sandbox(false)).await, ["a", "c"]);
    let created = |range| all.clone().created_at(range);
    let at = Some(b.created_at);
    assert_eq!(names(&*store, created(TimeRange { gt: at, ..Default::default() })).await, ["c"]);
    assert_eq!(names(&*store, created(TimeRange { gte: at, ..Default::default() })).await, ["b", "c"]);
    assert_eq!(names(&*store, created(TimeRange { lt: at, ..Default::default() })).await, ["a"]);
    assert_eq!(names(&*store, created(TimeRange { lte: at, ..Default::default() })).await, ["a", "b"]);
    let between = TimeRange { gt: Some(a.created_at), lt: Some(c.created_at), ..Default::default() };
    assert_eq!(names(&*store, created(between)).await, ["b"]);
    let updated = TimeRange { gt: Some(c.updated_at), ..Default::default() };
    assert_eq!(names(&*store, all.updated_at(updated)).await, ["a"]);
    // what no column can hold is found nowhere, and breaks nothing
    assert!(names(&*store, AccountFilter::default().tenant_id("a\0b")).await.is_empty());
}

pub async fn pages(lab: &dyn Lab) {
    let store = lab.open().await;
    for i in 0..5 {
        store.create_account(okta(&format!("z{}", 5 - i))).await.unwrap();
    }
    let all = AccountFilter::default().integration("okta");
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = store.accounts_page(&all, 2, cursor.as_deref()).await.unwrap();
        seen.extend(page.accounts.into_iter().map(|account| account.name));
        // a new name does not move an account
        store.update_account("z3", AccountChange::default().name("z3")).await.unwrap();
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["z5", "z4", "z3", "z2", "z1"], "the oldest first");
    let whole = store.accounts_page(&all, 5, None).await.unwrap();
    assert_eq!((whole.accounts.len(), whole.next_cursor), (5, None));
    for bad in ["", "x", "not a cursor", "MTIz"] {
        let error = store.accounts_page(&all, 2, Some(bad)).await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidCursor), "{error}");
    }
}

pub async fn change_and_remove(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("a").authentication_method("api_key").set("region", "eu")).await.unwrap();
    let forbidden = ForbiddenError {
        resource: "users".into(),
        method: "list".into(),
        missing_scopes: vec!["okta.users.read".into()],
        occurred_at: account.created_at,
    };
    let change = AccountChange::default()
        .authentication_method(Some("oauth2".into()))
        .is_sandbox(true)
        .last_forbidden_error(Some(forbidden.clone()))
        .unset("base_url")
        .unset("not there")
        .unset_secret("private_key")
        .unset_secret("api_token")
        .secret("api_token", "token-2");
    let after = store.update_account("a", change).await.unwrap();
    assert_eq!(after.authentication_method.as_deref(), Some("oauth2"));
    assert!(after.is_sandbox);
    assert_eq!(after.last_forbidden_error, Some(forbidden));
    assert_eq!(after.settings.keys().collect::<Vec<_>>(), ["region"]);
    assert_eq!(after.secret_keys, ["api_token"]);
    assert_eq!(store.account("a").await.unwrap(), after);
    let secrets = store.secrets(account.id).await.unwrap();
    assert_eq!(secrets.keys().collect::<Vec<_>>(), ["api_token"]);
    assert_eq!(secrets["api_token"].expose_secret(), "token-2");

    let change = AccountChange::default().authentication_method(None).is_sandbox(false).last_forbidden_error(None);
    let cleared = store.update_account("a", change.unset_secret("api_token")).await.unwrap();
    assert_eq!((cleared.authentication_method, cleared.is_sandbox, cleared.last_forbidden_error), (None, false, None));
    assert!(cleared.secret_keys.is_empty() && store.account("a").await.unwrap().secret_keys.is_empty());
}

pub async fn update_merges(lab: &dyn Lab) {
    let store = lab.open().await;
    let before = store.create_account(okta("a").set("region", "eu")).await.unwrap();
    let change = AccountChange::default()
        .tenant_id("other")
        .status(AccountStatus::NeedsReauth)
        .last_error(Some("401 from the vendor".into()))
        .set("region", "us")
        .set("page_size", "50");
    let after = store.update_account("a", change).await.unwrap();
    assert_eq!(after.id, before.id);
    assert_eq!(after.tenant_id, "other");
    assert_eq!(after.status, AccountStatus::NeedsReauth);
    assert_eq!(after.last_error.as_deref(), Some("401 from the vendor"));
    assert_eq!(after.settings["region"], "us");
    assert_eq!(after.settings["page_size"], "50");
    assert_eq!(after.settings["base_url"], "https://acme.okta.com");
    assert_eq!(after.secret_keys, before.secret_keys);
    assert_eq!(after.revision, 2);
    assert_eq!(after.created_at, before.created_at);
    assert!(after.updated_at > before.updated_at);
    assert_eq!(store.account("a").await.unwrap(), after);

    let cleared = AccountChange::default().last_error(None);
    let after = store.update_account(&after.id.to_string(), cleared).await.unwrap();
    assert_eq!((after.last_error, after.revision), (None, 3));
    assert_eq!(after.status, AccountStatus::NeedsReauth);
}

pub async fn rename(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("old")).await.unwrap();
    let renamed = store.update_account("old", AccountChange::default().name("new")).await.unwrap();
    assert_eq!((renamed.id, renamed.name.as_str()), (account.id, "new"));
    assert!(matches!(store.account("old").await, Err(StoreError::NotFound { .. })));
    assert_eq!(store.account("new").await.unwrap(), renamed);
    assert_eq!(store.secrets(account.id).await.unwrap().len(), 2);
    store.create_account(okta("old")).await.unwrap();
    store.update_account("new", AccountChange::default().name("new")).await.unwrap();
}

pub async fn empty_change(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("a")).await.unwrap();
    assert_eq!(store.update_account("a", AccountChange::default()).await.unwrap(), account);
    let error = store.update_account("nobody", AccountChange::default()).await;
    assert!(matches!(error, Err(StoreError::NotFound { .. })));
}

pub async fn concurrent_updates_all_count(lab: &dyn Lab) {
    let store = lab.open().await;
    store.create_account(NewAccount::new("a", "okta", "acme")).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..16 {
        let store = lab.open().await;
        let change = AccountChange::default().set(format!("k{i}"), "v").secret(format!("s{i}"), "v");
        tasks.spawn(async move { store.update_account("a", change).await.unwrap().revision });
    }
    let mut revisions = tasks.join_all().await;
    revisions.sort();
    assert_eq!(revisions, (2..18).collect::<Vec<_>>());
    let account = store.account("a").await.unwrap();
    assert_eq!((account.settings.len(), account.secret_keys.len()), (16, 16));
}

pub async fn remove(lab: &dyn Lab) {
    let store = lab.open().await;
    let gone = store.create_account(okta("a")).await.unwrap();
    let by_id = store.create_account(okta("b")).await.unwrap();
    store.create_account(okta("c")).await.unwrap();
    store.remove_account("a", None).await.unwrap();
    store.remove_account(&by_id.id.to_string(), None).await.unwrap();
    assert!(matches!(store.account("a").await, Err(StoreError::NotFound { .. })));
    assert!(matches!(store.secrets(gone.id).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(store.remove_account("a", None).await, Err(StoreError::NotFound { .. })));
    assert_eq!(names(&*store, AccountFilter::default()).await, ["c"]);
    // the name is free again, for an account that has nothing of the old one
    let new = store.create_account(NewAccount::new("a", "scim", "acme")).await.unwrap();
    assert_ne!(new.id, gone.id);
    assert!(store.secrets(new.id).await.unwrap().is_empty());
}

pub async fn not_found(lab: &dyn Lab) {
    let store = lab.open().await;
    let id = Uuid::new_v4();
    for key in ["nobody", &id.to_string(), "", "' OR 1=1 --", "nul\0"] {
        let error = store.account(key).await.unwrap_err();
        assert!(matches!(&error, StoreError::NotFound { name, .. } if name == key), "{error}");
    }
    assert!(matches!(store.secrets(id).await, Err(StoreError::NotFound { .. })));
}

pub async fn open_words(lab: &dyn Lab) {
    let store = lab.open().await;
    store.create_account(okta("a")).await.unwrap();
    let words = ["connecting", "active", "needs_reauth", "validation_error", "post_install_error", "blocked"];
    for word in words {
        let change = AccountChange::default().status(word.into());
        store.update_account("a", change).await.unwrap();
        assert_eq!(store.account("a").await.unwrap().status.as_str(), word);
    }
}

pub async fn ready(lab: &dyn Lab) {
    lab.open().await.ready().await.unwrap();
}

/// Of several who change what they have looked at, one does.
pub async fn a_change_of_another_revision(lab: &dyn Lab) {
    let (store, other) = (lab.open().await, lab.open().await);
    let account = store.create_account(okta("a")).await.unwrap();
    let change = |value: &str| AccountChange::default().set("x", value).of_revision(account.revision);
    let (one, two) = tokio::join!(store.update_account("a", change("1")), other.update_account("a", change("2")));
    let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
    assert!(matches!(lost, Err(StoreError::AccountChanged { .. })), "{lost:?}");
    assert_eq!(store.account("a").await.unwrap(), won.unwrap());
}
