//! Opening a PostgreSQL database, shared by any number of processes.

use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::Executor;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};

use crate::data_dir::blocking;
use crate::sql::SqlStore;
use crate::sql::db::Pool;
use crate::{KeySource, MasterKey, StoreError};

pub(crate) static MIGRATIONS: Migrator = {
    let mut migrations = sqlx::migrate!("migrations/postgres");
    // ours is the transaction's own: it goes with it, whatever happens
    migrations.locking = false;
    migrations
};

/// Connections that one process keeps at most.
const CONNECTIONS: u32 = 10;

/// How long a request waits for a free connection before it fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// What each connection starts with: whoever waits longer than SQLite would fails likewise, and what was answered as done
/// is on disk, whatever the server is set to.
const SETUP: &str = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; \
                     SELECT set_config('synchronous_commit', 'on', false) \
                     WHERE current_setting('synchronous_commit') = 'off'";

/// The number under which processes that open the database wait for each other.
const OPENING: &str = "SELECT pg_advisory_xact_lock(8243121749286241)";

/// Opens the store in a PostgreSQL database, such as `postgres://userdir@db.example.com/userdir?sslmode=verify-full`.
///
/// The database must exist and belong to the user; tables are made at the first start. The key must come from outside:
/// one that is made here would be on this machine alone.
pub async fn open_postgres(url: &str, key: KeySource) -> Result<SqlStore, StoreError> {
    let master = match key {
        KeySource::Base64(text) => MasterKey::from_base64(text.expose_secret())?,
        KeySource::FilePath(path) => {
            let shown = path.clone();
            blocking(&shown, move || MasterKey::load(&path)).await?
        }
        KeySource::File => return Err(StoreError::KeyNotGiven),
    };
    let options = options(url)?;
    let database = shown(&options);
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SETUP).await.map(drop) }))
        .connect_with(options)
        .await
        .map_err(StoreError::database("connecting"))?;
    SqlStore::prepare(Pool::Postgres(pool), &master, database).await
}

/// What went wrong is told without the URL, which may hold a password.
fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let invalid = |reason: &str| StoreError::InvalidUrl { reason: reason.to_owned() };
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(invalid("it does not start with `postgres://`"));
    }
    let options = PgConnectOptions::from_str(url).map_err(|_| invalid("it cannot be read"))?;
    Ok(options.application_name("userdir"))
}

/// The database as errors call it.
fn shown(options: &PgConnectOptions) -> String {
    let (host, port) = (options.get_host(), options.get_port());
    format!("postgres://{host}:{port}/{}", options.get_database().unwrap_or(options.get_username()))
}

/// Until this transaction ends, nobody else opens the database.
pub(crate) async fn wait_for_others(db: &mut PgConnection) -> Result<(), StoreError> {
    let failed = StoreError::database("waiting for others to open the database");
    db.execute(OPENING).await.map(drop).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_cannot_be_read_is_not_repeated() {
        for bad in ["", "mysql://u:canary@h/d", "postgres://u:canary@h:port/d", "postgres://u:canary@h/d?sslmode=x"] {
            let error = options(bad).unwrap_err();
            assert!(matches!(error, StoreError::InvalidUrl { .. }), "{bad}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_database_is_shown_without_its_password() {
        let options = options("postgres://u:canary@db.example.com/store").unwrap();
        assert_eq!(shown(&options), "postgres://db.example.com:5432/store");
    }

    #[tokio::test]
    async fn no_key_is_made_beside_it() {
        let error = open_postgres("postgres://u@127.0.0.1:1/d", KeySource::File).await.unwrap_err();
        assert!(matches!(error, StoreError::KeyNotGiven), "{error}");
    }
}
