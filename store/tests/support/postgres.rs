//! A schema of its own in the PostgreSQL that tests were given, dropped at the end.

use std::io::Write;
use std::sync::Once;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

/// Where one test runs.
pub struct Schema {
    /// Leads into the schema.
    pub url: String,
    name: String,
}

impl Schema {
    /// None, and one line on stderr, where no server was given.
    pub async fn new() -> Option<Schema> {
        let Some(server) = std::env::var("USERDIR_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty()) else {
            static TOLD: Once = Once::new();
            let line = "left out: the store on PostgreSQL, since USERDIR_TEST_POSTGRES_URL is not set\n";
            // not through a macro, whose words the test runner keeps to itself
            TOLD.call_once(|| std::io::stderr().write_all(line.as_bytes()).unwrap());
            return None;
        };
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let join = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{join}options[search_path]={name}");
        let schema = Schema { url, name };
        schema.run(&format!("CREATE SCHEMA {}", schema.name)).await;
        Some(schema)
    }

    /// Runs statements, past the store.
    pub async fn run(&self, sql: &str) {
        let mut db = PgConnection::connect(&self.url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
    }

    /// Drops it with all that is in it. One whose test failed goes with the server.
    pub async fn end(&self) {
        self.run(&format!("SET client_min_messages = warning; DROP SCHEMA {} CASCADE", self.name)).await;
    }
}
