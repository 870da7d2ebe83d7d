//! The statements on tokens for one account and on link tokens.

use secrecy::SecretString;
use uuid::Uuid;

use super::db::{Row, Tx, values};
use super::leases::later;
use super::{SqlStore, audit};
use crate::{
    ACCOUNT_TOKEN_LIFE, AccountToken, Deed, IssuedToken, LINK_TOKEN_LIFE, Link, LinkTarget, LinkToken, NewLinkToken,
    STORE_CHAIN, StoreError, secret_value,
};

pub(super) async fn create_for_account(
    store: &SqlStore,
    account: Uuid,
    issued_by: Option<Uuid>,
    deed: Option<&Deed>,
) -> Result<IssuedToken, StoreError> {
    let (secret, hash) = secret_value::generate("uda_")?;
    let mut tx = store.write("making an account token").await?;
    let now = tx.now().await?;
    let expires_at = later(now, ACCOUNT_TOKEN_LIFE);
    tx.execute(
        "INSERT INTO access_tokens (hash, account_id, issued_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        values![hash, account, issued_by, now, expires_at],
    )
    .await
    .map_err(|error| error.or_no_account(account))?;
    audit::note(store, &mut tx, deed, account, Some(account)).await?;
    tx.commit().await?;
    Ok(IssuedToken { secret, expires_at })
}

pub(super) async fn find_for_account(store: &SqlStore, secret: &str) -> Result<Option<AccountToken>, StoreError> {
    let Some(hash) = secret_value::looked_for(secret) else {
        return Ok(None);
    };
    let mut tx = store.read("looking for an account token").await?;
    let now = tx.now().await?;
    // it ends with the API token that asked for it
    let sql = "SELECT a.* FROM access_tokens a LEFT JOIN api_tokens t ON t.id = a.issued_by \
               WHERE a.hash = $1 AND a.expires_at > $2 AND (a.issued_by IS NULL OR \
               (t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)))";
    let row = tx.first(sql, values![hash, now]).await?;
    row.map(|row| {
        Ok(AccountToken {
            account: row.id("account_id")?,
            issued_by: row.id_or_none("issued_by")?,
            created_at: row.time("created_at")?,
            expires_at: row.time("expires_at")?,
        })
    })
    .transpose()
}

pub(super) async fn create_link(store: &SqlStore, new: NewLinkToken) -> Result<IssuedToken, StoreError> {
    let (secret, hash): (SecretString, _) = secret_value::generate("udl_")?;
    let payload = store.keys.root.seal_link(&hash, new.payload.to_string().as_bytes())?;
    let (account, tenant_id) = match new.target {
        LinkTarget::NewAccount { tenant_id } => (None, Some(tenant_id)),
        LinkTarget::Reconnect { account } => (Some(account), None),
    };
    let mut tx = store.write("making a link token").await?;
    let now = tx.now().await?;
    let expires_at = later(now, LINK_TOKEN_LIFE);
    tx.execute(
        "INSERT INTO link_tokens (hash, account_id, tenant_id, payload, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        values![hash, account, &tenant_id, payload, now, expires_at],
    )
    .await
    .map_err(|error| error.or_no_account(account.unwrap_or_default()))?;
    audit::note(store, &mut tx, new.deed.as_ref(), account.unwrap_or(STORE_CHAIN), account).await?;
    tx.commit().await?;
    Ok(IssuedToken { secret, expires_at })
}

pub(super) async fn link(store: &SqlStore, secret: &str) -> Result<Link, StoreError> {
    let Some(hash) = secret_value::looked_for(secret) else {
        return Ok(Link::Unknown);
    };
    let mut tx = store.read("reading a link token").await?;
    let row = tx.first("SELECT * FROM link_tokens WHERE hash = $1", values![hash]).await?;
    stand(store, &mut tx, &hash, row).await
}

pub(super) async fn redeem_link(store: &SqlStore, secret: &str) -> Result<Link, StoreError> {
    let Some(hash) = secret_value::looked_for(secret) else {
        return Ok(Link::Unknown);
    };
    let mut tx = store.write("using a link token").await?;
    let row = tx.first("SELECT * FROM link_tokens WHERE hash = $1 FOR UPDATE", values![hash]).await?;
    let link = stand(store, &mut tx, &hash, row).await?;
    if matches!(link, Link::Open(_)) {
        let now = tx.now().await?;
        // what it remembered is not needed again, and may be secret
        let sql = "UPDATE link_tokens SET redeemed_at = $1, payload = NULL WHERE hash = $2";
        tx.execute(sql, values![now, hash]).await?;
        tx.commit().await?;
    }
    Ok(link)
}

async fn stand(store: &SqlStore, tx: &mut Tx, hash: &[u8; 32], row: Option<Row>) -> Result<Link, StoreError> {
    let Some(row) = row else {
        return Ok(Link::Unknown);
    };
    if row.time_or_none("redeemed_at")?.is_some() {
        return Ok(Link::Used);
    }
    let expires_at = row.time("expires_at")?;
    if expires_at <= tx.now().await? {
        return Ok(Link::Expired);
    }
    let damaged = || StoreError::damaged("a link token", "what it remembered");
    let payload = store.keys.root.open_link(hash, &row.bytes("payload")?).map_err(|_| damaged())?;
    let target = match row.id_or_none("account_id")? {
        Some(account) => LinkTarget::Reconnect { account },
        None => LinkTarget::NewAccount { tenant_id: row.text("tenant_id")? },
    };
    Ok(Link::Open(Box::new(LinkToken {
        target,
        payload: serde_json::from_slice(&payload).map_err(|_| damaged())?,
        created_at: row.time("created_at")?,
        expires_at,
    })))
}
