//! Two servers on one store, under 32 clients: on SQLite always, on PostgreSQL where `USERDIR_TEST_POSTGRES_URL` names one.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use secrecy::ExposeSecret;
use userdir::{Registry, Runtime};
use userdir_server::{Server, ServerConfig};
use userdir_store::{AuditQuery, AuditRow, KeySource, NewApiToken, Scope, Store, open_postgres, open_sqlite};

use crate::client::{self, Answer};
use crate::postgres_server::Schema;
use crate::tokens::Rotating;
use crate::vendor::Vendor;
use crate::world::{connect, unhurried};

const CLIENTS: usize = 32;

/// Two servers, and a token for both.
struct Pair {
    stores: [Arc<dyn Store>; 2],
    addresses: [SocketAddr; 2],
    token: String,
    _folder: tempfile::TempDir,
    schema: Option<Schema>,
}

impl Pair {
    /// On PostgreSQL; none where there is none.
    async fn on_postgres() -> Option<Pair> {
        let schema = Schema::new().await?;
        let key = || KeySource::Base64("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".into());
        let open = async || Arc::new(open_postgres(&schema.url, key()).await.unwrap());
        let stores: [Arc<dyn Store>; 2] = [open().await, open().await];
        Some(Pair { schema: Some(schema), ..Pair::on(stores, tempfile::tempdir().unwrap()).await })
    }

    async fn on_sqlite() -> Pair {
        let folder = tempfile::tempdir().unwrap();
        let open = async || Arc::new(open_sqlite(folder.path(), KeySource::File).await.unwrap());
        let stores: [Arc<dyn Store>; 2] = [open().await, open().await];
        Pair::on(stores, folder).await
    }

    async fn on(stores: [Arc<dyn Store>; 2], folder: tempfile::TempDir) -> Pair {
        let made = stores[0].create_api_token(NewApiToken::new("all", Scope::Admin)).await.unwrap();
        let mut addresses = Vec::new();
        for store in &stores {
            let mut config = ServerConfig::default();
            config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
            config.limits = unhurried();
            let runtime = Runtime::builder().allow_private_networks(true).random(|| 0.0);
            let server = Server::bind(store.clone(), Registry::compiled_in(), runtime, config).await.unwrap();
            addresses.push(server.address());
            tokio::spawn(server.run(std::future::pending()));
        }
        let token = made.secret.expose_secret().to_owned();
        Pair { stores, addresses: addresses.try_into().unwrap(), token, _folder: folder, schema: None }
    }

    /// All clients at once, every second one at the other server; each sends what is made of its number.
    async fn all(&self, request: impl Fn(usize) -> (String, String, String)) -> Vec<Answer> {
        let sent = (0..CLIENTS).map(|client| {
            let (line, headers, body) = request(client);
            let head = format!(
                "{line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: close\r\ncontent-length: {}\r\n\
                 {headers}\r\n{body}",
                self.token,
                body.len()
            );
            let address = self.addresses[client % 2];
            tokio::spawn(async move { client::send(address, head.as_bytes()).await })
        });
        join_all(sent).await.into_iter().map(Result::unwrap).collect()
    }

    /// All rows of an account's audit, the oldest first, once the audit as a whole is checked.
    async fn audit(&self, account: uuid::Uuid) -> Vec<AuditRow> {
        assert!(self.stores[1].verify_audit(None).await.unwrap().holds());
        let mut rows = self.stores[0].audit(&AuditQuery::new(account)).await.unwrap().rows;
        rows.reverse();
        rows
    }

    async fn end(self) {
        if let Some(schema) = self.schema {
            schema.end().await;
        }
    }
}

/// A refresh token is good for one use: two who use it end the whole family.
async fn one_token_is_fetched(pair: Pair) {
    let vendor = Rotating::start(Duration::from_millis(300)).await;
    vendor.connect(pair.stores[0].as_ref(), "sf").await;
    let get = |_: usize| ("GET /proxy/limits?integrated_account_id=sf".to_owned(), String::new(), String::new());
    for used in [&["rt0"][..], &["rt0", "rt1"], &["rt0", "rt1", "rt2"]] {
        for answer in pair.all(get).await {
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        assert_eq!(vendor.used(), used);
        // all find out at once that it is over
        vendor.end_token();
    }
    pair.end().await;
}

/// One key is one run, on whichever server; many writes at once lose no row.
async fn a_key_runs_once_and_no_row_is_lost(pair: Pair) {
    let vendor = Vendor::start(CLIENTS + 1).await;
    vendor.slow(Duration::from_millis(20));
    let account = connect(pair.stores[0].as_ref(), "okta", vendor.base()).await;
    let create = "POST /unified/user-directory/users?integrated_account_id=okta";
    let body = r#"{"first_name":"Maya","last_name":"Ortiz","username":"maya@example.com","emails":[{"email":"maya@example.com"}]}"#;
    let answers = pair.all(|_| (create.to_owned(), "idempotency-key: k1\r\n".to_owned(), body.to_owned())).await;
    for answer in &answers {
        assert_eq!((answer.status, answer.json()["id"].as_str()), (200, Some("new1")), "{}", answer.text());
    }
    let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == Some("true")).count();
    assert_eq!((replayed, vendor.writes().len()), (CLIENTS - 1, 1));
    let effects = |rows: &[AuditRow]| -> Vec<String> {
        rows.iter().map(|row| row.effect.clone().unwrap_or("intended".into())).collect()
    };
    assert_eq!(effects(&pair.audit(account.id).await), ["intended", "sent", "applied"]);

    let deactivate = "POST /unified/user-directory/users/deactivate?integrated_account_id=okta";
    let answers = pair
        .all(|client| {
            let id = format!("u{:03}", client + 1);
            (deactivate.to_owned(), format!("x-request-id: {id}\r\n"), format!(r#"{{"user_id":"{id}"}}"#))
        })
        .await;
    for answer in &answers {
        assert_eq!((answer.status, answer.header("x-userdir-effect")), (200, Some("applied")), "{}", answer.text());
    }
    let rows = pair.audit(account.id).await;
    assert!(rows.iter().enumerate().all(|(at, row)| row.sequence == at as i64 + 1));
    let of = |effect: &str| -> BTreeSet<String> {
        let rows = rows.iter().skip(3).filter(|row| row.effect.as_deref().unwrap_or("intended") == effect);
        rows.filter_map(|row| row.request_id.clone()).collect()
    };
    for effect in ["intended", "sent", "applied"] {
        assert_eq!(of(effect).len(), CLIENTS, "{effect}");
    }
    assert_eq!((rows.len(), vendor.writes().len()), (3 + 3 * CLIENTS, 1 + CLIENTS));
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_is_fetched_on_sqlite() {
    one_token_is_fetched(Pair::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_is_fetched_on_postgres() {
    if let Some(pair) = Pair::on_postgres().await {
        one_token_is_fetched(pair).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_runs_once_and_no_row_is_lost_on_sqlite() {
    a_key_runs_once_and_no_row_is_lost(Pair::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_runs_once_and_no_row_is_lost_on_postgres() {
    if let Some(pair) = Pair::on_postgres().await {
        a_key_runs_once_and_no_row_is_lost(pair).await;
    }
}
