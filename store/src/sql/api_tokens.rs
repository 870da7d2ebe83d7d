//! The statements on API tokens.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::db::{Row, Tx, values};
use super::{SqlStore, audit, keys};
use crate::account::check_name;
use crate::{ApiToken, CreatedApiToken, Deed, NewApiToken, STORE_CHAIN, Scope, StoreError, secret_value, time};

/// How old the last noted use must be before the next one is noted.
const NOTE_EVERY: Duration = Duration::from_secs(60);

pub(super) async fn create(store: &SqlStore, new: NewApiToken) -> Result<CreatedApiToken, StoreError> {
    let prepared = prepare(new)?;
    let mut tx = store.write("making an API token").await?;
    let created = insert(store, &mut tx, prepared).await?;
    tx.commit().await?;
    Ok(created)
}

pub(super) async fn create_first(store: &SqlStore, new: NewApiToken) -> Result<Option<CreatedApiToken>, StoreError> {
    let prepared = prepare(new)?;
    let mut tx = store.write("making the first API token").await?;
    keys::alone(&mut tx).await?;
    if tx.one("SELECT count(*) AS n FROM api_tokens", vec![]).await?.int("n")? > 0 {
        return Ok(None);
    }
    let created = insert(store, &mut tx, prepared).await?;
    tx.commit().await?;
    Ok(Some(created))
}

pub(super) async fn find(store: &SqlStore, secret: &str) -> Result<Option<ApiToken>, StoreError> {
    let Some(hash) = secret_value::looked_for(secret) else {
        return Ok(None);
    };
    let mut tx = store.read("looking for an API token").await?;
    let row = tx.first("SELECT * FROM api_tokens WHERE hash = $1", values![hash]).await?;
    drop(tx);
    let now = time::kept(Timestamp::now());
    let Some(token) = row.map(|row| from_row(&row)).transpose()?.filter(|token| token.is_live(now)) else {
        return Ok(None);
    };
    let noted = now - NOTE_EVERY;
    if token.last_used_at.is_none_or(|at| at <= noted) {
        // that a use could not be noted must not keep anybody out
        if let Err(error) = note_use(store, token.id, now, noted).await {
            tracing::warn!(token = %token.id, %error, "the use of an API token was not noted");
        }
    }
    Ok(Some(token))
}

async fn note_use(store: &SqlStore, id: Uuid, now: Timestamp, noted: Timestamp) -> Result<(), StoreError> {
    let mut tx = store.write("noting the use of an API token").await?;
    let sql = "UPDATE api_tokens SET last_used_at = $1 \
               WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)";
    tx.execute(sql, values![now, id, noted]).await?;
    tx.commit().await
}

pub(super) async fn list(store: &SqlStore) -> Result<Vec<ApiToken>, StoreError> {
    let mut tx = store.read("listing API tokens").await?;
    let rows = tx.all("SELECT * FROM api_tokens ORDER BY created_at DESC, id", vec![]).await?;
    rows.iter().map(from_row).collect()
}

pub(super) async fn get(store: &SqlStore, name_or_id: &str) -> Result<ApiToken, StoreError> {
    by_name_or_id(&mut store.read("reading an API token").await?, name_or_id).await
}

pub(super) async fn revoke(store: &SqlStore, name_or_id: &str, deed: Option<&Deed>) -> Result<ApiToken, StoreError> {
    let mut tx = store.write("revoking an API token").await?;
    let mut token = by_name_or_id(&mut tx, name_or_id).await?;
    if token.revoked_at.is_none() {
        let now = tx.now().await?;
        let sql = "UPDATE api_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
        if tx.execute(sql, values![now, token.id]).await? == 1 {
            audit::note(store, &mut tx, deed, STORE_CHAIN, Some(token.id)).await?;
        }
        tx.commit().await?;
        token.revoked_at = Some(now);
    }
    Ok(token)
}

pub(super) async fn count(store: &SqlStore) -> Result<u64, StoreError> {
    let mut tx = store.read("counting API tokens").await?;
    let sql = "SELECT count(*) AS n FROM api_tokens \
               WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1)";
    let n = tx.one(sql, values![Timestamp::now()]).await?.int("n")?;
    Ok(n.unsigned_abs())
}

async fn by_name_or_id(tx: &mut Tx, name_or_id: &str) -> Result<ApiToken, StoreError> {
    let row = match Uuid::try_parse(name_or_id) {
        Ok(id) => tx.first("SELECT * FROM api_tokens WHERE id = $1", values![id]).await?,
        Err(_) => {
            let sql = "SELECT * FROM api_tokens WHERE name = $1 \
                       ORDER BY CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, created_at DESC LIMIT 1";
            tx.first(sql, values![name_or_id]).await?
        }
    };
    let row = row.ok_or_else(|| StoreError::NotFound { what: "token", name: name_or_id.to_owned() })?;
    from_row(&row)
}

/// A token that is checked, with its value and the hash of it.
struct Prepared {
    new: NewApiToken,
    secret: SecretString,
    hash: [u8; 32],
}

fn prepare(mut new: NewApiToken) -> Result<Prepared, StoreError> {
    check_name("token", &new.name)?;
    let (secret, hash) = match new.secret.take() {
        Some(secret) => {
            secret_value::check_given(&secret)?;
            let hash = secret_value::hash(secret.expose_secret());
            (secret, hash)
        }
        None => secret_value::generate("ud_")?,
    };
    Ok(Prepared { new, secret, hash })
}

async fn insert(store: &SqlStore, tx: &mut Tx, prepared: Prepared) -> Result<CreatedApiToken, StoreError> {
    let Prepared { new, secret, hash } = prepared;
    let token = ApiToken {
        id: Uuid::new_v4(),
        name: new.name,
        scope: new.scope,
        accounts: new.accounts,
        created_at: tx.now().await?,
        expires_at: new.expires_at.map(time::kept),
        last_used_at: None,
        revoked_at: None,
    };
    let accounts =
        token.accounts.as_ref().map(|ids| serde_json::Value::from_iter(ids.iter().map(Uuid::to_string)).to_string());
    tx.execute(
        "INSERT INTO api_tokens (id, name, hash, scope, accounts, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        values![token.id, &token.name, hash, token.scope.as_str(), &accounts, token.created_at, token.expires_at],
    )
    .await
    .map_err(|error| error.or_name_taken("token", &token.name))?;
    audit::note(store, tx, new.deed.as_ref(), STORE_CHAIN, Some(token.id)).await?;
    Ok(CreatedApiToken { token, secret })
}

fn from_row(row: &Row) -> Result<ApiToken, StoreError> {
    Ok(ApiToken {
        id: row.id("id")?,
        name: row.text("name")?,
        scope: row.text("scope")?.parse::<Scope>().map_err(|error| row.unreadable("scope", error))?,
        accounts: row.json_or_none::<BTreeSet<Uuid>>("accounts")?,
        created_at: row.time("created_at")?,
        expires_at: row.time_or_none("expires_at")?,
        last_used_at: row.time_or_none("last_used_at")?,
        revoked_at: row.time_or_none("revoked_at")?,
    })
}
