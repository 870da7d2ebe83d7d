//! What every handler shares.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;
use userdir::{Call, Directory, Registry, Runtime, Settings};
use userdir_store::{Account, Store};
use uuid::Uuid;

use crate::auth::Principal;
use crate::config::Limits;
use crate::deadline;
use crate::journal::{Journal, Writer};
use crate::limits::{Limiter, Permit};
use crate::metrics::Metrics;
use crate::problem::Problem;
use userdir_store::credentials::{self, StoreCredentials};

/// How long a connected directory that nobody asks is kept, with the secrets in it.
const IDLE: Duration = Duration::from_secs(60 * 60);

/// Writes under way that are told apart.
const TURNS: u64 = 10_000;

/// How long it counts that the store has answered, or has not.
const READY: Duration = Duration::from_secs(1);

/// What every handler shares. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    registry: Registry,
    runtime: Runtime,
    limits: Limits,
    limiter: Limiter,
    metrics: Arc<Metrics>,
    journal: Journal,
    /// Connected directories by account and revision: rebuilding one for each request would lose tokens.
    directories: Cache<(Uuid, i64), Directory>,
    /// The turns of writes that are the same, by account and fingerprint.
    turns: Cache<(Uuid, String), Arc<Mutex<()>>>,
    /// Whether the store answered, and when it was asked.
    ready: Mutex<Option<(Instant, bool)>>,
    tasks: TaskTracker,
    stopping: CancellationToken,
    /// Names this process to the others on the same store.
    holder: String,
}

impl AppState {
    /// Around a store, the providers, and the runtime that all accounts share; with the writer of the request log, to be
    /// run beside.
    pub fn new(
        store: Arc<dyn Store>,
        registry: Registry,
        runtime: Runtime,
        limits: Limits,
        metrics: Arc<Metrics>,
    ) -> (AppState, Writer) {
        let (journal, writer) = Journal::new(store.clone(), metrics.clone());
        let inner = Inner {
            store,
            registry,
            runtime,
            limiter: Limiter::new(&limits),
            directories: Cache::builder().max_capacity(limits.directories).time_to_idle(IDLE).build(),
            limits,
            metrics,
            journal,
            turns: Cache::builder().max_capacity(TURNS).time_to_idle(IDLE).build(),
            ready: Mutex::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            holder: Uuid::new_v4().to_string(),
        };
        (AppState(Arc::new(inner)), writer)
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// Whether the store answers. It is asked once in a while, however many want to know: that needs no token.
    pub async fn is_ready(&self) -> bool {
        let mut ready = self.0.ready.lock().await;
        if let Some((asked, answered)) = *ready
            && asked.elapsed() < READY
        {
            return answered;
        }
        let answered = self.store().ready().await;
        if let Err(error) = &answered {
            tracing::warn!(%error, "the store does not answer");
        }
        *ready = Some((Instant::now(), answered.is_ok()));
        answered.is_ok()
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

    /// The limits at work.
    pub fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    /// The numbers.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The log of requests.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// Work that must be finished although its client went away: writes above all.
    pub fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Does work that must be finished although its client went away, and waits for it.
    ///
    /// # Errors
    /// 500 where it broke off.
    pub async fn finish<F>(&self, work: F) -> Result<F::Output, Problem>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let done = self.tasks().spawn(work.instrument(tracing::Span::current())).await;
        done.map_err(|error| {
            tracing::error!(%error, "what had to be finished broke off");
            Problem::internal()
        })
    }

    /// Cancelled once the server's time to finish is over: reads that are still under way end.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// Names this process to the others on the same store.
    pub fn holder(&self) -> &str {
        &self.0.holder
    }

    /// Waits until no other request here is at this write.
    pub async fn turn(&self, account: Uuid, fingerprint: &str) -> OwnedMutexGuard<()> {
        let key = (account, fingerprint.to_owned());
        self.0.turns.get_with(key, async { Arc::default() }).await.lock_owned().await
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

    /// Counts a call to an account and waits for its turn.
    ///
    /// # Errors
    /// 429.
    pub async fn enter(&self, account: &Account) -> Result<Permit, Problem> {
        self.limiter().account(account.id, deadline::left(self.limits().request_time)).await
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
        // it may have changed since it was read: what is connected is kept by the revision that it is of
        let (account, settings) = credentials::open(self.store().as_ref(), &account.id.to_string()).await?;
        let key = (account.id, account.revision);
        let made = self.0.directories.try_get_with(key, async { self.connect_anew(&account, settings) }).await;
        made.map_err(|problem: Arc<Problem>| Problem::clone(&problem))
    }

    fn connect_anew(&self, account: &Account, settings: Settings) -> Result<Directory, Problem> {
        let credentials = StoreCredentials::new(self.store().clone(), account.id, &settings);
        let runtime = self.runtime().for_account(account.id.to_string()).with_credentials(Arc::new(credentials));
        Ok(self.registry().connect_with(&account.integration, settings, &runtime)?)
    }

    /// A call with the time a request has.
    pub fn call(&self) -> Call {
        self.bound(Call::new())
    }

    /// A call that only plans, with the time a request has.
    pub fn plan(&self) -> Call {
        self.bound(Call::plan())
    }

    fn bound(&self, call: Call) -> Call {
        call.deadline(deadline::left(self.limits().request_time)).cancelled_by(self.stopping().child_token())
    }
}

#[cfg(test)]
mod tests {
    use userdir_store::{AccountChange, KeySource, NewAccount, open_sqlite};

    use super::*;

    #[tokio::test]
    async fn a_directory_is_kept_for_its_revision_and_not_too_many_are() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(open_sqlite(folder.path(), KeySource::File).await.unwrap());
        let limits = Limits { directories: 2, ..Limits::default() };
        let runtime = Runtime::builder().build().unwrap();
        let (state, _writer) =
            AppState::new(store.clone(), Registry::compiled_in(), runtime, limits, Arc::new(Metrics::default()));
        let kept = async || {
            state.0.directories.run_pending_tasks().await;
            state.0.directories.entry_count()
        };
        let new = |name: &str| {
            NewAccount::new(name, "okta", "t").set("base_url", "https://a.okta.com").secret("api_token", "t")
        };
        let account = store.create_account(new("a")).await.unwrap();
        for _ in 0..3 {
            state.connect(&account).await.unwrap();
        }
        assert_eq!(kept().await, 1);
        let change = AccountChange::default().set("base_url", "https://b.okta.com");
        let changed = store.update_account("a", change).await.unwrap();
        state.connect(&changed).await.unwrap();
        assert_eq!(kept().await, 2, "what was connected with the old settings does not serve the new ones");
        for name in ["b", "c", "d"] {
            state.connect(&store.create_account(new(name)).await.unwrap()).await.unwrap();
        }
        assert!(kept().await <= 2);
    }
}
