//! The little that the statements need of a database, over SQLite and PostgreSQL alike.
//!
//! Both take `$1`, `ON CONFLICT` and `RETURNING`, so one text serves. Where rows are locked, it ends with ` FOR UPDATE`
//! or ` FOR SHARE`; SQLite knows neither and needs neither, since a transaction that writes has the whole database. Where
//! a column may be one of several texts, it has ` = ANY (($1))`, which is written anew for SQLite.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _, Sqlite, Transaction};
#[cfg(feature = "postgres")]
use sqlx::{
    Postgres,
    postgres::{PgArguments, PgPool, PgRow},
};
use uuid::Uuid;

use crate::{StoreError, time};

/// Connections to the database.
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(PgPool),
}

impl Pool {
    /// A transaction that writes; `doing` says for what, if it fails.
    pub(crate) async fn write(&self, doing: &'static str) -> Result<Tx, StoreError> {
        let begun = match self {
            // takes the write lock now: no two transactions read one state and then wait for each other
            Self::Sqlite(pool) => pool.begin_with("BEGIN IMMEDIATE").await.map(Inner::Sqlite),
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await.map(Inner::Postgres),
        };
        Ok(Tx { inner: begun.map_err(StoreError::database(doing))?, doing })
    }

    /// A transaction that reads one state, whatever others write meanwhile.
    pub(crate) async fn read(&self, doing: &'static str) -> Result<Tx, StoreError> {
        let begun = match self {
            Self::Sqlite(pool) => pool.begin().await.map(Inner::Sqlite),
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => {
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(Inner::Postgres)
            }
        };
        Ok(Tx { inner: begun.map_err(StoreError::database(doing))?, doing })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction. Dropped without [`Tx::commit`], it leaves nothing behind.
pub(crate) struct Tx {
    pub(crate) inner: Inner,
    pub(crate) doing: &'static str,
}

pub(crate) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Runs a statement and tells how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        let done = match &mut self.inner {
            Inner::Sqlite(tx) => for_sqlite(sql, values).execute(&mut **tx).await.map(|done| done.rows_affected()),
            #[cfg(feature = "postgres")]
            Inner::Postgres(tx) => for_postgres(sql, values).execute(&mut **tx).await.map(|done| done.rows_affected()),
        };
        done.map_err(StoreError::database(self.doing))
    }

    /// The rows of a query.
    pub(crate) async fn all(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let doing = self.doing;
        let row = |inner| Row { inner, doing };
        let rows = match &mut self.inner {
            Inner::Sqlite(tx) => {
                let rows = for_sqlite(sql, values).fetch_all(&mut **tx).await;
                rows.map(|rows| rows.into_iter().map(InnerRow::Sqlite).map(row).collect())
            }
            #[cfg(feature = "postgres")]
            Inner::Postgres(tx) => {
                let rows = for_postgres(sql, values).fetch_all(&mut **tx).await;
                rows.map(|rows| rows.into_iter().map(InnerRow::Postgres).map(row).collect())
            }
        };
        rows.map_err(StoreError::database(doing))
    }

    /// The first row of a query, if any.
    pub(crate) async fn first(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// The first row of a query that always has one.
    pub(crate) async fn one(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Row, StoreError> {
        let missing = StoreError::database(self.doing);
        self.first(sql, values).await?.ok_or_else(|| missing(sqlx::Error::RowNotFound))
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let done = match self.inner {
            Inner::Sqlite(tx) => tx.commit().await,
            #[cfg(feature = "postgres")]
            Inner::Postgres(tx) => tx.commit().await,
        };
        done.map_err(StoreError::database(self.doing))
    }

    /// The time by one clock for all who share the database: leases must not depend on whose clock runs ahead.
    ///
    /// Asked for after a lock was had: waiting for it must not shorten anybody's lease.
    pub(crate) async fn now(&mut self) -> Result<Timestamp, StoreError> {
        match &self.inner {
            Inner::Sqlite(_) => Ok(time::kept(Timestamp::now())),
            #[cfg(feature = "postgres")]
            Inner::Postgres(_) => {
                let micros = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now";
                let micros = self.one(micros, vec![]).await?.int("now")?;
                Ok(Timestamp::from_microsecond(micros).unwrap_or_else(|_| time::kept(Timestamp::now())))
            }
        }
    }
}

/// SQLite takes ` FOR UPDATE` for an error, and has its arrays as JSON.
fn for_sqlite(sql: &'static str, values: Vec<Value>) -> Query<'static, Sqlite, SqliteArguments> {
    let sql = sql.strip_suffix(" FOR UPDATE").or_else(|| sql.strip_suffix(" FOR SHARE")).unwrap_or(sql);
    // text of ours put for text of ours
    let sql = AssertSqlSafe(sql.replace("= ANY ((", "IN (SELECT value FROM json_each("));
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Texts(texts) => query.bind(texts.map(|texts| Json::from(texts).to_string())),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

#[cfg(feature = "postgres")]
fn for_postgres(sql: &'static str, values: Vec<Value>) -> Query<'static, Postgres, PgArguments> {
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Texts(texts) => query.bind(texts),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}

/// A value to bind; none is NULL.
#[derive(Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Texts(Option<Vec<String>>),
    Int(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

/// Text as it can be kept: PostgreSQL has no place for the character 0.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// What a column may be, for ` = ANY (($1))`.
pub(crate) fn texts<T>(several: &Option<Vec<T>>, text: impl Fn(&T) -> String) -> Value {
    Value::Texts(several.as_ref().map(|several| several.iter().map(|one| clean(&text(one))).collect()))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(clean(text)))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl<T: AsRef<str>> From<&Option<T>> for Value {
    fn from(text: &Option<T>) -> Self {
        Self::Text(text.as_ref().map(|text| clean(text.as_ref())))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::from(&text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Int(Some(i64::from(flag)))
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Self::Text(Some(id.to_string()))
    }
}

impl From<Option<Uuid>> for Value {
    fn from(id: Option<Uuid>) -> Self {
        Self::Text(id.map(|id| id.to_string()))
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Text(Some(time::to_text(at)))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Text(at.map(time::to_text))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl From<Option<Vec<u8>>> for Value {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<[u8; 32]> for Value {
    fn from(bytes: [u8; 32]) -> Self {
        Self::Bytes(Some(bytes.to_vec()))
    }
}

/// The values of a statement, in the order of `$1`, `$2`, …
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::db::Value::from($value)),*] };
}
pub(crate) use values;

/// One row of an answer.
pub(crate) struct Row {
    inner: InnerRow,
    doing: &'static str,
}

enum InnerRow {
    Sqlite(SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(PgRow),
}

/// A column, as whatever the method answers.
macro_rules! get {
    ($row:expr, $column:expr) => {
        match &$row.inner {
            InnerRow::Sqlite(row) => row.try_get($column),
            #[cfg(feature = "postgres")]
            InnerRow::Postgres(row) => row.try_get($column),
        }
        .map_err(StoreError::database($row.doing))
    };
}

impl Row {
    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        get!(self, column)
    }

    pub(crate) fn text_or_none(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        get!(self, column)
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        get!(self, column)
    }

    pub(crate) fn int_or_none(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        get!(self, column)
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        get!(self, column)
    }

    pub(crate) fn bytes_or_none(&self, column: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        get!(self, column)
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        let text = self.text(column)?;
        text.parse().map_err(|error| self.unreadable(column, error))
    }

    pub(crate) fn time_or_none(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let text = self.text_or_none(column)?;
        text.map(|text| text.parse().map_err(|error| self.unreadable(column, error))).transpose()
    }

    pub(crate) fn id(&self, column: &'static str) -> Result<Uuid, StoreError> {
        let text = self.text(column)?;
        text.parse().map_err(|error| self.unreadable(column, error))
    }

    pub(crate) fn id_or_none(&self, column: &'static str) -> Result<Option<Uuid>, StoreError> {
        let text = self.text_or_none(column)?;
        text.map(|text| text.parse().map_err(|error| self.unreadable(column, error))).transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|error| self.unreadable(column, error))
    }

    pub(crate) fn json_or_none<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let text = self.text_or_none(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| self.unreadable(column, error))).transpose()
    }

    /// A column that holds what this program did not write.
    pub(crate) fn unreadable(
        &self,
        column: &'static str,
        why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> StoreError {
        StoreError::Database {
            doing: self.doing,
            source: sqlx::Error::ColumnDecode { index: column.to_owned(), source: why.into() },
        }
    }
}
