//! Runs the contract of `suite/` on every store there is: on SQLite always, on PostgreSQL where
//! `USERDIR_TEST_POSTGRES_URL` names one (see `.ci/postgres`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

#[cfg(feature = "postgres")]
#[path = "support/postgres.rs"]
mod postgres_server;
mod suite;

mod sqlite {
    use async_trait::async_trait;
    use secrecy::SecretString;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
    use tempfile::TempDir;
    use userdir_store::{KeySource, Store, StoreError, open_sqlite};

    use super::suite::Lab;

    struct Sqlite(TempDir);

    #[async_trait]
    impl Lab for Sqlite {
        async fn open_with(&self, key: &str) -> Result<Box<dyn Store>, StoreError> {
            let key = KeySource::Base64(SecretString::from(key));
            Ok(Box::new(open_sqlite(self.0.path(), key).await?))
        }

        async fn run(&self, sql: &str) {
            let options = SqliteConnectOptions::new().filename(self.0.path().join("userdir.db"));
            let mut db = options.connect().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
            db.close().await.unwrap();
        }
    }

    async fn lab() -> Option<Sqlite> {
        Some(Sqlite(tempfile::tempdir().unwrap()))
    }

    crate::store_contract!(super::lab());
}

#[cfg(feature = "postgres")]
mod postgres {
    use async_trait::async_trait;
    use secrecy::SecretString;
    use userdir_store::{KeySource, Store, StoreError, open_postgres};

    use super::postgres_server::Schema;
    use super::suite::Lab;

    #[async_trait]
    impl Lab for Schema {
        async fn open_with(&self, key: &str) -> Result<Box<dyn Store>, StoreError> {
            Ok(Box::new(open_postgres(&self.url, KeySource::Base64(SecretString::from(key))).await?))
        }

        async fn run(&self, sql: &str) {
            Schema::run(self, sql).await;
        }

        async fn end(&self) {
            Schema::end(self).await;
        }
    }

    /// What SQLite, with its one writer, cannot promise.
    #[tokio::test]
    async fn an_append_waits_for_its_own_chain_alone() {
        use sqlx::{AssertSqlSafe, Connection, PgConnection};
        use std::time::Duration;
        use tokio::time::timeout;
        use userdir_store::{AuditKind, NewAuditRow};
        use uuid::Uuid;

        let Some(schema) = Schema::new().await else { return };
        let store = schema.open().await;
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        let row = |account| NewAuditRow::new(account, AuditKind::Outcome, "cli", "x");
        for account in [a, b] {
            store.append_audit(row(account)).await.unwrap();
        }
        let mut other = PgConnection::connect(&schema.url).await.unwrap();
        let mut held = other.begin().await.unwrap();
        let lock = AssertSqlSafe(format!("SELECT * FROM audit_heads WHERE account_id = '{a}' FOR UPDATE"));
        sqlx::query(lock).execute(&mut *held).await.unwrap();
        timeout(Duration::from_secs(5), store.append_audit(row(b))).await.expect("waits for another chain").unwrap();
        let waits = timeout(Duration::from_millis(200), store.append_audit(row(a))).await;
        assert!(waits.is_err(), "its own chain is locked");
        held.rollback().await.unwrap();
        assert_eq!(store.append_audit(row(a)).await.unwrap(), 2, "what was given up left nothing behind");
        assert!(store.verify_audit(None).await.unwrap().holds());
        schema.end().await;
    }

    crate::store_contract!(crate::postgres_server::Schema::new());
}
