//! A store in a temporary folder, and the raw database beneath it.

#![allow(dead_code, reason = "each test program uses what it needs")]

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use userdir_store::{KeySource, NewAccount, SqlStore, open_sqlite};

pub const CANARY: &str = "canary-5ecret-value";
pub const KEY_A: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

pub async fn open(dir: &TempDir) -> SqlStore {
    open_sqlite(dir.path(), KeySource::File).await.unwrap()
}

pub async fn raw(dir: &TempDir) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.path().join("userdir.db")).connect().await.unwrap()
}

pub async fn run(dir: &TempDir, sql: &'static str) {
    let mut db = raw(dir).await;
    sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

pub fn new(name: &str) -> NewAccount {
    NewAccount::new(name, "okta", "acme").secret("api_token", CANARY)
}
