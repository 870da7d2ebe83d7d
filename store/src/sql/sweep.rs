//! The statements that remove what has had its time, some rows at a time: nobody waits long for a sweep.

use std::time::Duration;

use super::db::{Value, values};
use super::{SqlStore, keys};
use crate::{IDEMPOTENCY_LIFE, LOG_DAYS, StoreError, Swept, TRIAL_LIFE};

/// Rows removed in one transaction.
const BATCH: u64 = 2_000;

pub(super) async fn sweep(store: &SqlStore) -> Result<Swept, StoreError> {
    keys::follow(store).await?;
    Ok(Swept {
        account_tokens: remove(
            store,
            "DELETE FROM access_tokens WHERE hash IN \
             (SELECT hash FROM access_tokens WHERE expires_at <= $1 LIMIT $2)",
            Duration::ZERO,
        )
        .await?,
        link_tokens: remove(
            store,
            "DELETE FROM link_tokens WHERE hash IN (SELECT hash FROM link_tokens WHERE expires_at <= $1 LIMIT $2)",
            Duration::ZERO,
        )
        .await?,
        trials: remove(
            store,
            "DELETE FROM account_tokens WHERE owner IS NULL AND slot IN \
             (SELECT slot FROM account_tokens WHERE owner IS NULL AND lease_until <= $1 LIMIT $2)",
            TRIAL_LIFE,
        )
        .await?,
        idempotent: remove(
            store,
            "DELETE FROM idempotent_runs WHERE scope IN \
             (SELECT scope FROM idempotent_runs WHERE expires_at <= $1 LIMIT $2)",
            Duration::ZERO,
        )
        .await?,
        unknown_writes: remove(
            store,
            "DELETE FROM unknown_writes WHERE (account_id, fingerprint) IN \
             (SELECT account_id, fingerprint FROM unknown_writes WHERE noted_at <= $1 LIMIT $2)",
            IDEMPOTENCY_LIFE,
        )
        .await?,
        log_entries: remove(
            store,
            "DELETE FROM request_log WHERE id IN (SELECT id FROM request_log WHERE at <= $1 ORDER BY at LIMIT $2)",
            Duration::from_secs(LOG_DAYS.unsigned_abs() * 24 * 60 * 60),
        )
        .await?,
        handovers: keys::end_handovers(&store.pool).await?,
    })
}

/// Runs a statement until nothing of this age or older is left.
async fn remove(store: &SqlStore, sql: &'static str, age: Duration) -> Result<u64, StoreError> {
    let mut removed = 0;
    loop {
        let mut tx = store.write("tidying up").await?;
        let before = tx.now().await?.checked_sub(age).unwrap_or_default();
        let values: Vec<Value> = values![before, BATCH as i64];
        let now_removed = tx.execute(sql, values).await?;
        tx.commit().await?;
        removed += now_removed;
        if now_removed < BATCH {
            return Ok(removed);
        }
    }
}
