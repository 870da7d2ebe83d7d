//! What every handler shares.

use std::sync::Arc;

use moka::future::Cache;
use secrecy::ExposeSecret;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use userdir::{Call, Directory, Registry, Runtime, Settings};
use userdir_store::{Account, Store};
use uuid::Uuid;

use crate::auth::Principal;
use crate::config::Limits;
use crate::credentials::StoreCredentials;
use crate::problem::Problem;

/// What every handler shares. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    registry: Registry,
    runtime: Runtime,
    limits: Limits,
    /// Connected directories by account and revision: rebuilding one for each request would lose tokens.
    directories: Cache<(Uuid, i64), Directory>,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl AppState {
    /// Around a store, the providers, and the runtime that all accounts share.
    pub fn new(store: Arc<dyn Store>, registry: Registry, runtime: Runtime, limits: Limits) -> AppState {
        AppState(Arc::new(Inner {
            store,
            registry,
            runtime,
            directories: Cache::new(limits.directories),
            limits,
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }))
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// The providers compiled in.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// What all connections run on.
    pub fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    /// The bounds of requests.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Work that must be finished although its client went away: writes above all.
    pub fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Cancelled once the server stops.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// The account that is named, by name or id, where this principal may see it.
    ///
    /// # Errors
    /// 400 where none is named, 404 where there is none that this principal may see.
    pub async fn account(&self, principal: &Principal, named: Option<&str>) -> Result<Account, Problem> {
        let named = principal.names(named)?;
        let account = self.store().account(&named).await?;
        principal.sees(account.id).then_some(account).ok_or_else(|| Problem::no_account(&named))
    }

    /// The connected directory of an account. Sends nothing.
    ///
    /// # Errors
    /// Those of the store, wrong settings, or a refusal of the egress guard.
    pub async fn connect(&self, account: &Account) -> Result<Directory, Problem> {
        let key = (account.id, account.revision);
        if let Some(directory) = self.0.directories.get(&key).await {
            return Ok(directory);
        }
        let made = self.0.directories.try_get_with(key, self.connect_anew(account)).await;
        made.map_err(|problem: Arc<Problem>| Problem::clone(&problem))
    }

    async fn connect_anew(&self, account: &Account) -> Result<Directory, Problem> {
        let settings = settings(self.store().as_ref(), account).await?;
        let credentials = StoreCredentials::new(self.store().clone(), account.id, &settings);
        let runtime = self.runtime().for_account(account.id.to_string()).with_credentials(Arc::new(credentials));
        Ok(self.registry().connect_with(&account.integration, settings, &runtime)?)
    }

    /// A call with the time a request has.
    pub fn call(&self) -> Call {
        Call::new().deadline(self.limits().request_time)
    }
}

/// Settings and secrets of a stored account.
///
/// # Errors
/// Those of the store.
pub async fn settings(store: &dyn Store, account: &Account) -> Result<Settings, userdir_store::StoreError> {
    let plain = account.settings.iter().fold(Settings::new(), |settings, (key, value)| settings.set(key, value));
    let secrets = store.secrets(account.id).await?;
    Ok(secrets.iter().fold(plain, |settings, (key, value)| settings.secret(key, value.expose_secret())))
}
