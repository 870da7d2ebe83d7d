//! What an account is connected with: its settings and secrets, and the store as the place where fetched tokens are kept.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use hmac::Mac;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use userdir_core::runtime::TOKEN_TIME;
use userdir_core::{CredentialStore, Error, ErrorKind, Result, Settings, StoredToken, TokenOwner};
use uuid::Uuid;

use crate::seal::hmac;
use crate::{Account, Fence, Store, StoreError, TRIALS, hex};

/// How long a fetch and keeping what it brought may take before another process may try.
const LEASE: Duration = TOKEN_TIME.saturating_add(Duration::from_secs(30));

/// Keeps the tokens of one account in the store, and those of the clients that several accounts are connected as.
pub struct StoreCredentials {
    store: Arc<dyn Store>,
    /// For the account's own token.
    own: Place,
    /// Names this process to the others.
    holder: String,
}

/// Where a token is kept.
#[derive(Clone)]
struct Place {
    account: Uuid,
    slot: String,
    /// Stands for the settings that it is got with.
    settings: String,
}

/// A token as it is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Stands for the settings that it was got with.
    settings: String,
}

impl StoreCredentials {
    /// For an account as it is connected with these settings.
    pub fn new(store: Arc<dyn Store>, account: Uuid, settings: &Settings) -> StoreCredentials {
        let key = store.derived_key(SLOTS);
        let (slot, settings) = (slot(key.expose_secret(), settings), all(key.expose_secret(), settings));
        StoreCredentials { store, own: Place { account, slot, settings }, holder: Uuid::new_v4().to_string() }
    }

    /// For a connection that is tried out before it has an account. What it gets goes to the account that is created with
    /// the same secrets.
    pub fn of_trial(store: Arc<dyn Store>, settings: &Settings) -> StoreCredentials {
        StoreCredentials::new(store, TRIALS, settings)
    }
}

/// An account, by name or UUID, with its settings and secrets as they belong together.
///
/// # Errors
/// Those of the store.
pub async fn open(store: &dyn Store, name_or_id: &str) -> Result<(Account, Settings), StoreError> {
    let (account, secrets) = store.open_account(name_or_id).await?;
    let plain = account.settings.iter().fold(Settings::new(), |settings, (key, value)| settings.set(key, value));
    Ok((account, with_secrets(plain, &secrets)))
}

/// Settings, and these secrets.
pub(crate) fn with_secrets(settings: Settings, secrets: &BTreeMap<String, SecretString>) -> Settings {
    secrets.iter().fold(settings, |all, (key, value)| all.secret(key, value.expose_secret()))
}

/// What the key of slots is derived for.
const SLOTS: &str = "token slots";

/// The name under which a token of these secrets is kept.
pub fn slot_of(store: &dyn Store, settings: &Settings) -> String {
    slot(store.derived_key(SLOTS).expose_secret(), settings)
}

/// The slot is a keyed hash of the secrets: new credentials never pick up a token of old ones, and a change of anything
/// else leaves a rotated refresh token where it is found. The name tells nothing.
fn slot(key: &[u8; 32], settings: &Settings) -> String {
    format!(
        "oauth-{}",
        keyed(key, settings.secrets().iter().map(|(key, value)| ("secret", key.as_str(), value.expose())))
    )
}

/// A keyed hash of all settings and secrets.
fn all(key: &[u8; 32], settings: &Settings) -> String {
    let plain = settings.plain().iter().map(|(key, value)| ("set", key.as_str(), value.as_str()));
    keyed(key, plain.chain(settings.secrets().iter().map(|(key, value)| ("secret", key.as_str(), value.expose()))))
}

fn keyed<'s>(key: &[u8; 32], settings: impl Iterator<Item = (&'static str, &'s str, &'s str)>) -> String {
    let mut mac = hmac(key);
    for (kind, key, value) in settings {
        // lengths keep two neighbours from being read as one
        mac.update(format!("{kind} {} {key} {} ", key.len(), value.len()).as_bytes());
        mac.update(value.as_bytes());
    }
    hex(&mac.finalize().into_bytes()).chars().take(32).collect()
}

/// The store's words, as an error of a call.
fn of_store(error: StoreError) -> Error {
    Error::new(ErrorKind::Unavailable, format!("the token of this account cannot be kept: {error}")).caused_by(error)
}

impl StoreCredentials {
    /// What a client's token is got with stands in its digest.
    fn place(&self, owner: TokenOwner<'_>) -> Place {
        let TokenOwner::Client(digest) = owner else { return self.own.clone() };
        let key = self.store.derived_key(SLOTS);
        let slot = format!("client-{}", keyed(key.expose_secret(), [("client", "", digest)].into_iter()));
        Place { account: TRIALS, slot, settings: String::new() }
    }
}

#[async_trait]
impl CredentialStore for StoreCredentials {
    async fn load(&self, owner: TokenOwner<'_>) -> Result<Option<StoredToken>> {
        let place = self.place(owner);
        let Some(kept) = self.store.load_token(place.account, &place.slot).await.map_err(of_store)? else {
            return Ok(None);
        };
        // one that cannot be read is as good as none: a new one is fetched
        let sealed: Option<Sealed> = serde_json::from_str(kept.token.expose_secret()).ok();
        Ok(sealed.map(|sealed| StoredToken {
            access_token: sealed.access_token.into(),
            refresh_token: sealed.refresh_token.map(Into::into),
            // one that was got with other settings may be for another place: it is over, its refresh token is not
            expires_at: if sealed.settings == place.settings { sealed.expires_at } else { Some(Timestamp::UNIX_EPOCH) },
            base_url: sealed.base_url,
            user: sealed.user,
        }))
    }

    async fn lease(&self, owner: TokenOwner<'_>) -> Result<Option<u64>> {
        let place = self.place(owner);
        let fence = self.store.lease_token(place.account, &place.slot, &self.holder, LEASE).await.map_err(of_store)?;
        Ok(fence.and_then(|fence| u64::try_from(fence.get()).ok()))
    }

    async fn commit(&self, owner: TokenOwner<'_>, fence: u64, token: &StoredToken) -> Result<()> {
        let place = self.place(owner);
        let sealed = Sealed {
            access_token: token.access_token.expose().to_owned(),
            refresh_token: token.refresh_token.as_ref().map(|token| token.expose().to_owned()),
            expires_at: token.expires_at,
            base_url: token.base_url.clone(),
            user: token.user.clone(),
            settings: place.settings,
        };
        let text = serde_json::to_string(&sealed)
            .map(SecretString::from)
            .map_err(|error| Error::unexpected("the token cannot be written as JSON").caused_by(error))?;
        let fence = Fence::new(i64::try_from(fence).unwrap_or(i64::MAX));
        let done = self.store.commit_token(place.account, &place.slot, fence, text, token.expires_at).await;
        done.map_err(of_store)
    }

    async fn release(&self, owner: TokenOwner<'_>, fence: u64) -> Result<()> {
        let fence = Fence::new(i64::try_from(fence).unwrap_or(i64::MAX));
        let place = self.place(owner);
        self.store.release_token(place.account, &place.slot, fence).await.map_err(of_store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeySource, NewAccount, open_sqlite};

    /// An account's credentials know which it is.
    const ANY: TokenOwner<'_> = TokenOwner::Account("");

    #[test]
    fn new_credentials_have_a_slot_of_their_own() {
        let settings = |token: &str| Settings::new().set("base_url", "https://a.example").secret("api_token", token);
        let key = [7; 32];
        assert_eq!(slot(&key, &settings("a")), slot(&key, &settings("a")));
        assert_eq!(slot(&key, &settings("a")), slot(&key, &settings("a").set("base_url", "https://b.example")));
        assert_ne!(slot(&key, &settings("a")), slot(&key, &settings("b")));
        assert_ne!(slot(&key, &settings("a")), slot(&[8; 32], &settings("a")));
    }

    #[tokio::test]
    async fn a_token_of_other_settings_is_over_and_its_refresh_token_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(open_sqlite(folder.path(), KeySource::File).await.unwrap());
        let account = store.create_account(NewAccount::new("a", "okta", "t")).await.unwrap();
        let with = |tenant: &str, secret: &str| {
            let settings = Settings::new().set("tenant", tenant).secret("client_secret", secret);
            StoreCredentials::new(store.clone(), account.id, &settings)
        };
        let token = StoredToken {
            access_token: "at".into(),
            refresh_token: Some("rt".into()),
            expires_at: None,
            base_url: None,
            user: None,
        };
        let fence = with("one", "s").lease(ANY).await.unwrap().unwrap();
        with("one", "s").commit(ANY, fence, &token).await.unwrap();
        assert_eq!(with("one", "s").load(ANY).await.unwrap().unwrap().expires_at, None);
        let other = with("two", "s").load(ANY).await.unwrap().unwrap();
        assert_eq!(other.refresh_token.unwrap().expose(), "rt");
        assert!(other.expires_at.is_some_and(|end| end < Timestamp::now()));
        assert!(with("one", "t").load(ANY).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_token_comes_back_and_a_lease_can_be_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(open_sqlite(folder.path(), KeySource::File).await.unwrap());
        let account = store.create_account(NewAccount::new("a", "okta", "t")).await.unwrap();
        let settings = Settings::new().secret("client_secret", "s");
        let one = StoreCredentials::new(store.clone(), account.id, &settings);
        let other = StoreCredentials::new(store, account.id, &settings);

        let fence = one.lease(ANY).await.unwrap().unwrap();
        assert_eq!(other.lease(ANY).await.unwrap(), None);
        one.release(ANY, fence).await.unwrap();
        let fence = other.lease(ANY).await.unwrap().unwrap();
        let token = StoredToken {
            access_token: "at".into(),
            refresh_token: Some("rt".into()),
            expires_at: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            base_url: Some("https://api.example.com".into()),
            user: Some("u1".into()),
        };
        other.commit(ANY, fence, &token).await.unwrap();
        let loaded = one.load(ANY).await.unwrap().unwrap();
        assert_eq!(loaded.access_token.expose(), "at");
        assert_eq!(loaded.refresh_token.unwrap().expose(), "rt");
        assert_eq!(loaded.expires_at, token.expires_at);
        assert_eq!((loaded.base_url, loaded.user), (token.base_url, token.user));
    }
}
