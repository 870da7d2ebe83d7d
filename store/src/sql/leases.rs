//! The statements on tokens that vendors gave, and on their leases.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use uuid::Uuid;

use super::db::{Tx, values};
use super::{SqlStore, accounts};
use crate::seal::DataKey;
use crate::{Fence, StoreError, StoredToken, TRIALS};

async fn data_key(store: &SqlStore, tx: &mut Tx, account: Uuid) -> Result<DataKey, StoreError> {
    match account {
        TRIALS => Ok(store.keys.root.for_trials()),
        account => accounts::data_key(store, tx, account).await,
    }
}

pub(super) async fn load(store: &SqlStore, account: Uuid, slot: &str) -> Result<Option<StoredToken>, StoreError> {
    let mut tx = store.read("reading a token").await?;
    let data_key = data_key(store, &mut tx, account).await?;
    let sql = "SELECT fence, sealed, expires_at FROM account_tokens WHERE account_id = $1 AND slot = $2";
    let Some(row) = tx.first(sql, values![account, slot]).await? else {
        return Ok(None);
    };
    let Some(sealed) = row.bytes_or_none("sealed")? else {
        return Ok(None);
    };
    let token = data_key.open_token(slot, &sealed);
    let token = token.map_err(|_| StoreError::damaged(account, format!("the token {slot:?}")))?;
    let (expires_at, fence) = (row.time_or_none("expires_at")?, Fence::new(row.int("fence")?));
    Ok(Some(StoredToken { token, expires_at, fence }))
}

pub(super) async fn lease(
    store: &SqlStore,
    account: Uuid,
    slot: &str,
    holder: &str,
    ttl: Duration,
) -> Result<Option<Fence>, StoreError> {
    let mut tx = store.write("leasing a token").await?;
    let sql = "INSERT INTO account_tokens (account_id, slot, fence) VALUES ($1, $2, 0) \
               ON CONFLICT (account_id, slot) DO NOTHING";
    tx.execute(sql, values![account, slot]).await.map_err(|error| error.or_no_account(account))?;
    let sql = "SELECT fence, lease_holder, lease_until FROM account_tokens \
               WHERE account_id = $1 AND slot = $2 FOR UPDATE";
    let row = tx.one(sql, values![account, slot]).await?;
    let now = tx.now().await?;
    let of_another = row.text_or_none("lease_holder")?.is_some_and(|other| other != holder);
    if of_another && row.time_or_none("lease_until")?.is_some_and(|until| until > now) {
        return Ok(None);
    }
    let fence = row.int("fence")? + 1;
    tx.execute(
        "UPDATE account_tokens SET fence = $1, lease_holder = $2, lease_until = $3 \
         WHERE account_id = $4 AND slot = $5",
        values![fence, holder, later(now, ttl), account, slot],
    )
    .await?;
    tx.commit().await?;
    Ok(Some(Fence::new(fence)))
}

pub(super) async fn commit(
    store: &SqlStore,
    account: Uuid,
    slot: &str,
    fence: Fence,
    token: SecretString,
    expires_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let mut tx = store.write("keeping a token").await?;
    let data_key = data_key(store, &mut tx, account).await?;
    let sql = "UPDATE account_tokens SET sealed = $1, expires_at = $2, lease_holder = NULL \
               WHERE account_id = $3 AND slot = $4 AND fence = $5";
    let sealed = data_key.seal_token(slot, &token)?;
    if tx.execute(sql, values![sealed, expires_at, account, slot, fence.get()]).await? == 0 {
        return Err(StoreError::LeaseLost { slot: slot.to_owned(), fence });
    }
    tx.commit().await
}

pub(super) async fn release(store: &SqlStore, account: Uuid, slot: &str, fence: Fence) -> Result<(), StoreError> {
    let mut tx = store.write("giving a lease back").await?;
    let sql = "UPDATE account_tokens SET lease_holder = NULL \
               WHERE account_id = $1 AND slot = $2 AND fence = $3";
    tx.execute(sql, values![account, slot, fence.get()]).await?;
    tx.commit().await
}

/// Hands a token that a try has got to the account that comes of it: there and gone here, or neither.
pub(super) async fn adopt(
    store: &SqlStore,
    tx: &mut Tx,
    account: Uuid,
    data_key: &DataKey,
    slot: &str,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM account_tokens WHERE account_id = $1 AND slot = $2 RETURNING fence, sealed, expires_at";
    let Some(row) = tx.first(sql, values![TRIALS, slot]).await? else {
        return Ok(());
    };
    let Some(sealed) = row.bytes_or_none("sealed")? else {
        return Ok(());
    };
    let token = store.keys.root.for_trials().open_token(slot, &sealed);
    let token = token.map_err(|_| StoreError::damaged(TRIALS, format!("the token {slot:?}")))?;
    let sealed = data_key.seal_token(slot, &token)?;
    let sql = "INSERT INTO account_tokens (account_id, slot, fence, sealed, expires_at) VALUES ($1, $2, $3, $4, $5)";
    let (fence, expires_at) = (row.int("fence")?, row.time_or_none("expires_at")?);
    tx.execute(sql, values![account, slot, fence, sealed, expires_at]).await.map(drop)
}

/// The end of a time that starts now.
pub(super) fn later(now: Timestamp, time: Duration) -> Timestamp {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}
