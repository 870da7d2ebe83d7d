//! The statements on accounts and their secrets.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::Value as Json;
use userdir_core::Settings;
use uuid::Uuid;

use super::db::{Row, Tx, Value, texts, values};
use super::{SqlStore, audit, keys, leases};
use crate::account::check_name;
use crate::seal::DataKey;
use crate::{
    Account, AccountChange, AccountFilter, AccountPage, AccountStatus, Deed, NewAccount, StoreError, credentials,
    cursor,
};

/// Parts the names of secrets in one column; no name holds it.
const SEPARATOR: &str = "\u{1f}";

/// Every account is read by this, whatever it is looked for by. `$1` is the separator.
macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT a.*, (SELECT string_agg(s.name, $1 ORDER BY s.name) FROM account_secrets s \
             WHERE s.account_id = a.id) AS secret_keys FROM accounts a ",
            $rest
        )
    };
}

/// What [`AccountFilter`] says, as `$2` to `$14`.
macro_rules! filter {
    () => {
        "WHERE ($2 IS NULL OR a.integration = ANY (($2))) AND ($3 IS NULL OR a.tenant_id = ANY (($3))) \
         AND ($4 IS NULL OR a.name = ANY (($4))) AND ($5 IS NULL OR a.status = ANY (($5))) AND ($6 IS NULL OR a.is_sandbox = $6) \
         AND ($7 IS NULL OR a.created_at > $7) AND ($8 IS NULL OR a.created_at >= $8) \
         AND ($9 IS NULL OR a.created_at < $9) AND ($10 IS NULL OR a.created_at <= $10) \
         AND ($11 IS NULL OR a.updated_at > $11) AND ($12 IS NULL OR a.updated_at >= $12) \
         AND ($13 IS NULL OR a.updated_at < $13) AND ($14 IS NULL OR a.updated_at <= $14) "
    };
}

pub(super) async fn create(store: &SqlStore, new: NewAccount) -> Result<Account, StoreError> {
    check_name("account", &new.name)?;
    let id = Uuid::new_v4();
    let mut tx = store.write("creating an account").await?;
    let wrapping = keys::current(store, &mut tx).await?;
    let (data_key, wrapped) = wrapping.new_data_key(id)?;
    let now = tx.now().await?;
    let account = Account {
        id,
        name: new.name,
        integration: new.integration,
        tenant_id: new.tenant_id,
        authentication_method: new.authentication_method,
        status: AccountStatus::Connecting,
        is_sandbox: new.is_sandbox,
        settings: new.settings,
        secret_keys: new.secrets.keys().cloned().collect(),
        revision: 1,
        last_error: None,
        last_forbidden_error: None,
        created_at: now,
        updated_at: now,
    };
    tx.execute(
        "INSERT INTO accounts (id, name, integration, tenant_id, authentication_method, status, is_sandbox, settings, \
         revision, created_at, updated_at, wrapped_key, key_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        values![
            id,
            &account.name,
            &account.integration,
            &account.tenant_id,
            &account.authentication_method,
            account.status.as_str(),
            account.is_sandbox,
            to_json(&account.settings),
            account.revision,
            now,
            now,
            wrapped,
            wrapping.key_id,
        ],
    )
    .await
    .map_err(|error| error.or_name_taken("account", &account.name))?;
    put_secrets(&mut tx, id, &data_key, &new.secrets).await?;
    let slot = credentials::slot_of(store, &credentials::with_secrets(Settings::new(), &new.secrets));
    leases::adopt(store, &mut tx, id, &data_key, &slot).await?;
    audit::note(store, &mut tx, new.deed.as_ref(), id, Some(id)).await?;
    tx.commit().await?;
    Ok(account)
}

pub(super) async fn get(store: &SqlStore, name_or_id: &str) -> Result<Account, StoreError> {
    find(&mut store.read("reading an account").await?, name_or_id).await
}

pub(super) async fn list(store: &SqlStore, filter: &AccountFilter) -> Result<Vec<Account>, StoreError> {
    let mut tx = store.read("listing accounts").await?;
    let rows = tx.all(select!(concat!(filter!(), "ORDER BY a.name")), filter_values(filter)).await?;
    rows.iter().map(from_row).collect()
}

pub(super) async fn page(
    store: &SqlStore,
    filter: &AccountFilter,
    limit: u32,
    cursor: Option<&str>,
) -> Result<AccountPage, StoreError> {
    let (at, id) = cursor.map(cursor::read).transpose()?.unzip();
    let mut values = filter_values(filter);
    // one more than wanted tells whether there is a next page
    values.extend(values![at, &id, i64::from(limit) + 1]);
    let mut tx = store.read("listing accounts").await?;
    let sql = select!(concat!(
        filter!(),
        "AND ($15 IS NULL OR a.created_at > $15 OR (a.created_at = $15 AND a.id > $16)) \
         ORDER BY a.created_at, a.id LIMIT $17"
    ));
    let rows = tx.all(sql, values).await?;
    let mut accounts = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
    let is_more = accounts.len() > limit as usize;
    accounts.truncate(limit as usize);
    let next_cursor = accounts.last().filter(|_| is_more).map(|last| cursor::after(last.created_at, last.id));
    Ok(AccountPage { accounts, next_cursor })
}

pub(super) async fn update(store: &SqlStore, name_or_id: &str, change: AccountChange) -> Result<Account, StoreError> {
    if let Some(name) = &change.name {
        check_name("account", name)?;
    }
    let mut tx = store.write("saving an account").await?;
    let mut account = lock(&mut tx, name_or_id).await?;
    if change.of_revision.is_some_and(|revision| revision != account.revision) {
        return Err(StoreError::AccountChanged { name: account.name });
    }
    if change.is_empty() {
        return Ok(account);
    }

    for name in change.removed_secrets.iter().filter(|name| !change.secrets.contains_key(*name)) {
        let sql = "DELETE FROM account_secrets WHERE account_id = $1 AND name = $2";
        tx.execute(sql, values![account.id, name]).await?;
        account.secret_keys.retain(|key| key != name);
    }
    if !change.secrets.is_empty() {
        let data_key = data_key(store, &mut tx, account.id).await?;
        put_secrets(&mut tx, account.id, &data_key, &change.secrets).await?;
        account.secret_keys.extend(change.secrets.into_keys());
        account.secret_keys.sort();
        account.secret_keys.dedup();
    }
    account.name = change.name.unwrap_or(account.name);
    account.tenant_id = change.tenant_id.unwrap_or(account.tenant_id);
    account.authentication_method = change.authentication_method.unwrap_or(account.authentication_method);
    account.status = change.status.unwrap_or(account.status);
    account.is_sandbox = change.is_sandbox.unwrap_or(account.is_sandbox);
    account.last_error = change.last_error.unwrap_or(account.last_error);
    account.last_forbidden_error = change.last_forbidden_error.unwrap_or(account.last_forbidden_error);
    account.settings.retain(|key, _| !change.removed_settings.contains(key));
    account.settings.extend(change.settings);
    account.revision += 1;
    account.updated_at = tx.now().await?;

    let forbidden = account.last_forbidden_error.as_ref().map(serde_json::to_string).transpose();
    tx.execute(
        "UPDATE accounts SET name = $1, tenant_id = $2, authentication_method = $3, status = $4, is_sandbox = $5, \
         settings = $6, last_error = $7, last_forbidden_error = $8, revision = $9, updated_at = $10 WHERE id = $11",
        values![
            &account.name,
            &account.tenant_id,
            &account.authentication_method,
            account.status.as_str(),
            account.is_sandbox,
            to_json(&account.settings),
            &account.last_error,
            &forbidden.unwrap_or_default(),
            account.revision,
            account.updated_at,
            account.id,
        ],
    )
    .await
    .map_err(|error| error.or_name_taken("account", &account.name))?;
    audit::note(store, &mut tx, change.deed.as_ref(), account.id, Some(account.id)).await?;
    tx.commit().await?;
    Ok(account)
}

pub(super) async fn remove(store: &SqlStore, name_or_id: &str, deed: Option<&Deed>) -> Result<(), StoreError> {
    let mut tx = store.write("removing an account").await?;
    let account = lock(&mut tx, name_or_id).await?;
    tx.execute("DELETE FROM accounts WHERE id = $1", values![account.id]).await?;
    audit::note(store, &mut tx, deed, account.id, Some(account.id)).await?;
    tx.commit().await
}

pub(super) async fn open(
    store: &SqlStore,
    name_or_id: &str,
) -> Result<(Account, BTreeMap<String, SecretString>), StoreError> {
    let mut tx = store.read("reading an account and its secrets").await?;
    let account = find(&mut tx, name_or_id).await?;
    let secrets = open_secrets(store, &mut tx, account.id).await?;
    Ok((account, secrets))
}

pub(super) async fn secrets(store: &SqlStore, account: Uuid) -> Result<BTreeMap<String, SecretString>, StoreError> {
    open_secrets(store, &mut store.read("reading secrets").await?, account).await
}

/// In one transaction, so that key and secrets are of one state.
async fn open_secrets(
    store: &SqlStore,
    tx: &mut Tx,
    account: Uuid,
) -> Result<BTreeMap<String, SecretString>, StoreError> {
    let data_key = data_key(store, tx, account).await?;
    let rows = tx.all("SELECT name, sealed FROM account_secrets WHERE account_id = $1", values![account]).await?;
    rows.iter()
        .map(|row| {
            let name = row.text("name")?;
            match data_key.open_secret(&name, &row.bytes("sealed")?) {
                Ok(value) => Ok((name, value)),
                Err(_) => Err(StoreError::damaged(account, format!("the secret {name:?}"))),
            }
        })
        .collect()
}

/// The data key of an account, opened.
pub(super) async fn data_key(store: &SqlStore, tx: &mut Tx, account: Uuid) -> Result<DataKey, StoreError> {
    let row = tx.first("SELECT wrapped_key, key_id FROM accounts WHERE id = $1", values![account]).await?;
    let row = row.ok_or_else(|| StoreError::no_account(account))?;
    let wrapping = keys::wrapping(store, tx, row.int("key_id")?).await?;
    let data_key = wrapping.data_key(account, &row.bytes("wrapped_key")?);
    data_key.map_err(|_| StoreError::damaged(account, "the data key"))
}

async fn find(tx: &mut Tx, name_or_id: &str) -> Result<Account, StoreError> {
    // no name reads as a UUID, see `check_name`
    let row = match Uuid::try_parse(name_or_id) {
        Ok(id) => tx.first(select!("WHERE a.id = $2"), values![SEPARATOR, id]).await?,
        Err(_) => tx.first(select!("WHERE a.name = $2"), values![SEPARATOR, name_or_id]).await?,
    };
    from_row(&row.ok_or_else(|| StoreError::no_account(name_or_id))?)
}

/// The account as it is now and stays until the transaction ends.
async fn lock(tx: &mut Tx, name_or_id: &str) -> Result<Account, StoreError> {
    let row = match Uuid::try_parse(name_or_id) {
        Ok(id) => tx.first("SELECT id FROM accounts WHERE id = $1 FOR UPDATE", values![id]).await?,
        Err(_) => tx.first("SELECT id FROM accounts WHERE name = $1 FOR UPDATE", values![name_or_id]).await?,
    };
    let id = row.ok_or_else(|| StoreError::no_account(name_or_id))?.text("id")?;
    find(tx, &id).await
}

async fn put_secrets(
    tx: &mut Tx,
    account: Uuid,
    data_key: &DataKey,
    secrets: &BTreeMap<String, SecretString>,
) -> Result<(), StoreError> {
    for (name, value) in secrets {
        tx.execute(
            "INSERT INTO account_secrets (account_id, name, sealed) VALUES ($1, $2, $3) \
             ON CONFLICT (account_id, name) DO UPDATE SET sealed = excluded.sealed",
            values![account, name, data_key.seal_secret(name, value)?],
        )
        .await?;
    }
    Ok(())
}

fn filter_values(filter: &AccountFilter) -> Vec<Value> {
    let AccountFilter { integration, tenant_id, name, status, is_sandbox, created_at, updated_at } = filter;
    let mut values = values![
        SEPARATOR,
        texts(integration, String::clone),
        texts(tenant_id, String::clone),
        texts(name, String::clone),
        texts(status, |status| status.as_str().to_owned()),
        is_sandbox.map(i64::from),
    ];
    for range in [created_at, updated_at] {
        values.extend(values![range.gt, range.gte, range.lt, range.lte]);
    }
    values
}

fn from_row(row: &Row) -> Result<Account, StoreError> {
    let secret_keys = row.text_or_none("secret_keys")?;
    Ok(Account {
        id: row.id("id")?,
        name: row.text("name")?,
        integration: row.text("integration")?,
        tenant_id: row.text("tenant_id")?,
        authentication_method: row.text_or_none("authentication_method")?,
        status: AccountStatus::from(row.text("status")?.as_str()),
        is_sandbox: row.flag("is_sandbox")?,
        settings: row.json("settings")?,
        secret_keys: secret_keys.iter().flat_map(|keys| keys.split(SEPARATOR)).map(str::to_owned).collect(),
        revision: row.int("revision")?,
        last_error: row.text_or_none("last_error")?,
        last_forbidden_error: row.json_or_none("last_forbidden_error")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

fn to_json(settings: &BTreeMap<String, String>) -> String {
    let members = settings.iter().map(|(key, value)| (key.clone(), Json::from(value.as_str())));
    Json::Object(members.collect()).to_string()
}
