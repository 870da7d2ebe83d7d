//! The statements on tokens and their leases.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::{SqliteStore, accounts, commit};
use crate::{Fence, StoreError, StoredToken};

/// One row as it stands.
#[derive(sqlx::FromRow)]
struct Slot {
    fence: i64,
    lease_holder: Option<String>,
    lease_until: Option<String>,
    sealed: Option<Vec<u8>>,
    expires_at: Option<String>,
}

pub(super) async fn load(store: &SqliteStore, account: Uuid, slot: &str) -> Result<Option<StoredToken>, StoreError> {
    let mut tx = store.pool.begin().await.map_err(StoreError::database("reading a token"))?;
    let data_key = accounts::data_key(&mut tx, &store.wrapping, account).await?;
    let Some(row) = find(&mut tx, account, slot).await? else {
        return Ok(None);
    };
    let Some(sealed) = row.sealed else {
        return Ok(None);
    };
    let token = data_key.open_token(slot, &sealed).map_err(|_| damaged(account, slot))?;
    let expires_at = time(account, slot, row.expires_at)?;
    Ok(Some(StoredToken { token, expires_at, fence: Fence::new(row.fence) }))
}

pub(super) async fn lease(
    store: &SqliteStore,
    account: Uuid,
    slot: &str,
    holder: &str,
    ttl: Duration,
) -> Result<Option<Fence>, StoreError> {
    let mut tx = store.begin().await?;
    // asked after the write lock was had: waiting for it must not shorten anybody's lease
    let now = Timestamp::now();
    let row = find(&mut tx, account, slot).await?;
    let mut last = 0;
    if let Some(row) = row {
        let until = time(account, slot, row.lease_until)?;
        let of_another = row.lease_holder.is_some_and(|other| other != holder);
        if of_another && until.is_some_and(|until| until > now) {
            return Ok(None);
        }
        last = row.fence;
    }
    let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
    let until = now.checked_add(ttl).unwrap_or(Timestamp::MAX);
    sqlx::query(
        "INSERT INTO account_tokens (account_id, slot, fence, lease_holder, lease_until) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (account_id, slot) DO UPDATE SET fence = excluded.fence, lease_holder = excluded.lease_holder, \
         lease_until = excluded.lease_until",
    )
    .bind(account.to_string())
    .bind(slot)
    .bind(last + 1)
    .bind(holder)
    .bind(until.to_string())
    .execute(&mut *tx)
    .await
    .map_err(|error| match &error {
        sqlx::Error::Database(e) if e.is_foreign_key_violation() => StoreError::no_account(account),
        _ => StoreError::Database { doing: "leasing a token", source: error },
    })?;
    commit(tx).await?;
    Ok(Some(Fence::new(last + 1)))
}

pub(super) async fn commit_token(
    store: &SqliteStore,
    account: Uuid,
    slot: &str,
    fence: Fence,
    token: SecretString,
    expires_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let data_key = accounts::data_key(&mut tx, &store.wrapping, account).await?;
    let done = sqlx::query(
        "UPDATE account_tokens SET sealed = ?, expires_at = ?, lease_holder = NULL, lease_until = NULL \
         WHERE account_id = ? AND slot = ? AND fence = ?",
    )
    .bind(data_key.seal_token(slot, &token)?)
    .bind(expires_at.map(|t| t.to_string()))
    .bind(account.to_string())
    .bind(slot)
    .bind(fence.get())
    .execute(&mut *tx)
    .await
    .map_err(StoreError::database("keeping a token"))?;
    if done.rows_affected() == 0 {
        return Err(StoreError::LeaseLost { slot: slot.to_owned(), fence });
    }
    commit(tx).await
}

async fn find(db: &mut SqliteConnection, account: Uuid, slot: &str) -> Result<Option<Slot>, StoreError> {
    sqlx::query_as(
        "SELECT fence, lease_holder, lease_until, sealed, expires_at FROM account_tokens \
         WHERE account_id = ? AND slot = ?",
    )
    .bind(account.to_string())
    .bind(slot)
    .fetch_optional(db)
    .await
    .map_err(StoreError::database("reading a token"))
}

fn time(account: Uuid, slot: &str, text: Option<String>) -> Result<Option<Timestamp>, StoreError> {
    text.map(|text| text.parse().map_err(|_| damaged(account, slot))).transpose()
}

fn damaged(account: Uuid, slot: &str) -> StoreError {
    StoreError::damaged(account, format!("the token {slot:?}"))
}
