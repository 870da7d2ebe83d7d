//! A server on a store of its own, a vendor, an account, and a token.

use std::net::SocketAddr;
use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use userdir::Runtime;
use userdir_server::config::Limits;
use userdir_server::{Server, ServerConfig};
use userdir_store::{
    Account, AccountChange, AccountStatus, KeySource, NewAccount, NewApiToken, Scope, Store, open_sqlite,
};

use crate::client::{self, Answer};
use crate::vendor::{SECRET, Vendor};

/// The parts, running.
pub struct World {
    pub address: SocketAddr,
    pub vendor: Vendor,
    pub store: Arc<dyn Store>,
    pub metrics: Option<SocketAddr>,
    pub account: Account,
    /// Of an administrator.
    pub token: String,
    pub folder: Arc<tempfile::TempDir>,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<std::io::Result<()>>>,
}

impl World {
    pub async fn new() -> World {
        World::with(5, |_| {}).await
    }

    /// With so many users at the vendor, and other limits.
    pub async fn with(users: usize, change: impl FnOnce(&mut ServerConfig)) -> World {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        World::on(folder, Vendor::start(users).await, change).await
    }

    /// On a store that may be there already.
    pub async fn on(folder: Arc<tempfile::TempDir>, vendor: Vendor, change: impl FnOnce(&mut ServerConfig)) -> World {
        let store: Arc<dyn Store> = Arc::new(open_sqlite(folder.path(), KeySource::File).await.unwrap());
        let account = match store.account("okta-test").await {
            Ok(account) => account,
            Err(_) => connect(store.as_ref(), "okta-test", vendor.base()).await,
        };
        let made = store
            .create_api_token(NewApiToken::new(format!("admin-{}", uuid::Uuid::new_v4().simple()), Scope::Admin))
            .await
            .unwrap();
        let mut config = ServerConfig::default();
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.limits = unhurried();
        change(&mut config);
        let registry = userdir::Registry::compiled_in();
        let runtime = Runtime::builder().allow_private_networks(true).random(|| 0.0);
        let server = Server::bind(store.clone(), registry, runtime, config).await.unwrap();
        let (address, metrics) = (server.address(), server.metrics_address());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async move { drop(stopped.await) }));
        World {
            address,
            vendor,
            store,
            metrics,
            account,
            token: made.secret.expose_secret().to_owned(),
            folder,
            stop: Some(stop),
            running: Some(running),
        }
    }

    /// Tells the server to stop and waits for its end.
    pub async fn stop(&mut self) {
        drop(self.stop.take());
        self.running.take().unwrap().await.unwrap().unwrap();
    }

    pub async fn token(&self, scope: Scope) -> String {
        let name = format!("{scope}-{}", uuid::Uuid::new_v4().simple());
        self.store.create_api_token(NewApiToken::new(name, scope)).await.unwrap().secret.expose_secret().to_owned()
    }

    /// Sends bytes as they are.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> Answer {
        client::send(self.address, bytes.as_ref()).await
    }

    /// Sends a request with the administrator's token; `{account}` in the target stands for the account's parameter.
    pub async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.as_token(&self.token, method, target, headers, body).await
    }

    pub async fn as_token(
        &self,
        token: &str,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.raw(self.request(token, method, target, headers, body)).await
    }

    pub fn request(&self, token: &str, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let target = target.replace("{account}", &format!("integrated_account_id={}", self.account.id));
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        if !token.is_empty() {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            head += &format!("content-length: {}\r\n", body.len());
        }
        [head.as_bytes(), b"\r\n", body].concat()
    }

    pub async fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], b"").await
    }

    pub async fn post(&self, target: &str, body: &Value) -> Answer {
        self.send("POST", target, &[("content-type", "application/json")], body.to_string().as_bytes()).await
    }
}

/// An account at this vendor.
pub async fn connect(store: &dyn Store, name: &str, base: &str) -> Account {
    let new = NewAccount::new(name, "okta", "acme").set("base_url", base).secret("api_token", SECRET);
    store.create_account(new).await.unwrap();
    store.update_account(name, AccountChange::default().status(AccountStatus::Active)).await.unwrap()
}

/// Limits that no test meets by accident.
pub fn unhurried() -> Limits {
    let mut limits = Limits::default();
    limits.token_rate = None;
    limits.account_rate = None;
    limits
}
