//! The statements on the log of requests.

use uuid::Uuid;

use super::SqlStore;
use super::db::{Row, texts, values};
use crate::{LOG_PAGE, LogEntry, LogFilter, LogPage, StoreError, cursor};

pub(super) async fn append(store: &SqlStore, entries: &[LogEntry]) -> Result<(), StoreError> {
    let mut tx = store.write("writing the log").await?;
    for entry in entries {
        tx.execute(
            "INSERT INTO request_log (at, account_id, tenant_id, integration, request_type, resource, method, \
             http_method, status, duration_ms, result_count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            values![
                entry.timestamp,
                entry.account,
                &entry.tenant_id,
                &entry.integration,
                &entry.request_type,
                &entry.resource,
                &entry.method,
                &entry.http_method,
                i64::from(entry.status),
                signed(entry.duration_ms),
                entry.result_count.map(signed),
            ],
        )
        .await?;
    }
    tx.commit().await
}

pub(super) async fn page(store: &SqlStore, filter: &LogFilter) -> Result<LogPage, StoreError> {
    let limit = filter.limit.unwrap_or(LOG_PAGE).min(LOG_PAGE);
    let (at, id) = filter.cursor.as_deref().map(cursor::read).transpose()?.unzip();
    let id: Option<i64> = id.map(|id| id.parse()).transpose().map_err(|_| StoreError::InvalidCursor)?;
    let range = filter.created_at;
    let mut tx = store.read("reading the log").await?;
    let rows = tx
        .all(
            "SELECT * FROM request_log WHERE ($1 IS NULL OR account_id = ANY (($1))) \
             AND ($2 IS NULL OR tenant_id = ANY (($2))) AND ($3 IS NULL OR integration = ANY (($3))) AND ($4 IS NULL OR at > $4) AND ($5 IS NULL OR at >= $5) \
             AND ($6 IS NULL OR at < $6) AND ($7 IS NULL OR at <= $7) \
             AND ($8 IS NULL OR at < $8 OR (at = $8 AND id < $9)) ORDER BY at DESC, id DESC LIMIT $10",
            values![
                texts(&filter.account, Uuid::to_string),
                texts(&filter.tenant_id, String::clone),
                texts(&filter.integration, String::clone),
                range.gt,
                range.gte,
                range.lt,
                range.lte,
                at,
                id,
                i64::from(limit) + 1,
            ],
        )
        .await?;
    let is_more = rows.len() > limit as usize;
    let last = rows.get((limit as usize).saturating_sub(1)).filter(|_| is_more);
    let next_cursor =
        last.map(|row| Ok::<_, StoreError>(cursor::after(row.time("at")?, row.int("id")?))).transpose()?;
    let entries = rows.iter().take(limit as usize).map(from_row).collect::<Result<_, _>>()?;
    Ok(LogPage { entries, next_cursor })
}

fn from_row(row: &Row) -> Result<LogEntry, StoreError> {
    Ok(LogEntry {
        timestamp: row.time("at")?,
        account: row.id("account_id")?,
        tenant_id: row.text("tenant_id")?,
        integration: row.text("integration")?,
        request_type: row.text("request_type")?,
        resource: row.text("resource")?,
        method: row.text("method")?,
        http_method: row.text("http_method")?,
        status: u16::try_from(row.int("status")?).unwrap_or_default(),
        duration_ms: row.int("duration_ms")?.unsigned_abs(),
        result_count: row.int_or_none("result_count")?.map(i64::unsigned_abs),
    })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
