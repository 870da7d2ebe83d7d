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

    crate::store_contract!(crate::postgres_server::Schema::new());
}
