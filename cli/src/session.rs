//! What commands share: the store, the runtime, the account, and the call.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use userdir::runtime::RuntimeBuilder;
use userdir::{Call, Directory, Registry, Runtime, Settings};
use userdir_store::credentials::{self, StoreCredentials};
use userdir_store::{Account, AccountFilter, KeySource, SqlStore, Store, open_postgres, open_sqlite};

use crate::args::{Format, Globals};
use crate::errors::{Failure, Result, usage};

/// One run of the program.
pub struct Session {
    /// The providers compiled in.
    pub registry: Registry,
    /// How to print.
    pub format: Format,
    globals: Globals,
    /// There from the first call on: until then ctrl-c ends the program as usual, prompts above all.
    cancellation: OnceLock<CancellationToken>,
}

impl Session {
    /// With these flags.
    pub fn new(globals: Globals, format: Format) -> Session {
        Session { registry: Registry::compiled_in(), format, globals, cancellation: OnceLock::new() }
    }

    /// Where the master key comes from.
    pub fn key_source(&self) -> KeySource {
        match (&self.globals.master_key_file, std::env::var("USERDIR_MASTER_KEY")) {
            (Some(path), _) => KeySource::FilePath(path.clone()),
            (None, Ok(key)) if !key.trim().is_empty() => KeySource::Base64(SecretString::from(key)),
            _ => KeySource::File,
        }
    }

    /// The store as it is: PostgreSQL where a URL names one, else the data folder.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(&self) -> Result<SqlStore> {
        Ok(match self.database_url() {
            Some(url) => open_postgres(url, self.key_source()).await?,
            None => open_sqlite(self.data_dir(), self.key_source()).await?,
        })
    }

    /// The store, made where it is not there.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn store_or_new(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(self.open().await?))
    }

    /// The store, where there is one: a mistyped folder must not make a new one.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn store_if_there(&self) -> Result<Option<Arc<dyn Store>>> {
        if self.has_store() { self.store_or_new().await.map(Some) } else { Ok(None) }
    }

    /// Whether there is a store already.
    pub fn has_store(&self) -> bool {
        let database = self.globals.data_dir.join("userdir.db");
        self.database_url().is_some() || database.try_exists().unwrap_or(true)
    }

    /// The store.
    ///
    /// # Errors
    /// Wrong usage where there is none yet.
    pub async fn store(&self) -> Result<Arc<dyn Store>> {
        self.store_if_there().await?.ok_or_else(|| self.no_store())
    }

    /// That there is none.
    pub fn no_store(&self) -> Failure {
        let dir = self.globals.data_dir.display();
        usage(format!("there are no accounts in `{dir}` yet"))
            .hint("connect one with `userdir accounts add PROVIDER --name NAME`, or give another `--data-dir`")
    }

    /// The URL of a PostgreSQL, where one is given.
    pub fn database_url(&self) -> Option<&str> {
        self.globals.database_url.as_deref().filter(|url| !url.trim().is_empty())
    }

    /// The account of this name or id; the only one, where none is named.
    ///
    /// # Errors
    /// Wrong usage that lists the accounts there are.
    pub async fn account(&self, store: &dyn Store, named: Option<&str>) -> Result<Account> {
        if let Some(name) = named {
            return Ok(store.account(name).await?);
        }
        let accounts = store.accounts(&AccountFilter::default()).await?;
        match accounts.as_slice() {
            [] => {
                Err(usage("there are no accounts yet")
                    .hint("connect one with `userdir accounts add PROVIDER --name NAME`"))
            }
            [only] => {
                // programs expect nothing on stderr but an error
                if self.format == Format::Table {
                    eprintln!("using account `{}`, the only one", only.name);
                }
                Ok(only.clone())
            }
            several => {
                let names: Vec<String> = several.iter().map(|account| format!("`{}`", account.name)).collect();
                Err(usage("`--account` is missing").hint(format!("choose one of {}", names.join(", "))))
            }
        }
    }

    /// Connects an account. Sends nothing.
    ///
    /// # Errors
    /// Wrong settings, or a refusal of the egress guard.
    pub async fn connect(&self, store: Arc<dyn Store>, account: &Account) -> Result<Directory> {
        let (account, settings) = credentials::open(store.as_ref(), &account.id.to_string()).await?;
        self.connect_with(store, &account, settings)
    }

    /// Connects an account with settings that are not stored yet; tokens are kept with the account all the same. Sends
    /// nothing.
    ///
    /// # Errors
    /// Wrong settings, or a refusal of the egress guard.
    pub fn connect_with(&self, store: Arc<dyn Store>, account: &Account, settings: Settings) -> Result<Directory> {
        let credentials = StoreCredentials::new(store.clone(), account.id, &settings);
        let runtime = self
            .runtime()?
            .account(account.id.to_string())
            .cursor_key(*store.derived_key("cursor").expose_secret())
            .credentials(Arc::new(credentials))
            .build()?;
        Ok(self.registry.connect_with(&account.integration, settings, &runtime)?)
    }

    /// Connects with the settings of an account that is not there yet, and with the place where its tokens are kept until it
    /// is. Sends nothing.
    ///
    /// # Errors
    /// Wrong settings, or a refusal of the egress guard.
    pub fn connect_new(
        &self,
        store: Arc<dyn Store>,
        slug: &str,
        settings: Settings,
    ) -> Result<(Directory, Arc<StoreCredentials>)> {
        let tokens = Arc::new(StoreCredentials::of_trial(store, &settings));
        let runtime = self.runtime()?.account(NEW).credentials(tokens.clone()).build()?;
        Ok((self.registry.connect_with(slug, settings, &runtime)?, tokens))
    }

    /// What connections run on, by the flags.
    ///
    /// # Errors
    /// A certificate file that cannot be read.
    pub fn runtime(&self) -> Result<RuntimeBuilder> {
        let builder = Runtime::builder().allow_private_networks(self.globals.allow_private_networks).system_proxy(true);
        Ok(match &self.globals.ca_file {
            Some(path) => builder.ca_file(path)?,
            None => builder,
        })
    }

    /// A call that ends with ctrl-c and with `--timeout`.
    pub fn call(&self) -> Call {
        self.bound(Call::new())
    }

    /// A call that only plans.
    pub fn plan(&self) -> Call {
        self.bound(Call::plan())
    }

    fn bound(&self, call: Call) -> Call {
        let token = self.cancellation.get_or_init(|| {
            let token = CancellationToken::new();
            tokio::spawn(on_ctrl_c(token.clone()));
            token
        });
        let call = call.cancelled_by(token.clone());
        match self.globals.timeout {
            Some(seconds) => call.deadline(Duration::from_secs(seconds)),
            None => call,
        }
    }

    /// The flags that every command takes.
    pub fn globals(&self) -> &Globals {
        &self.globals
    }

    /// The folder with the accounts.
    pub fn data_dir(&self) -> &Path {
        &self.globals.data_dir
    }
}

/// The account of [`Session::connect_new`], as its tokens know it.
pub const NEW: &str = "new";

/// The first ctrl-c ends reads at once and waits for a write that has left; the second ends everything.
async fn on_ctrl_c(cancellation: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        cancellation.cancel();
        eprintln!("stopping; what has left is waited for (ctrl-c once more ends at once)");
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(130);
    }
}
