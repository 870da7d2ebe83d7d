//! The statements on accounts and their secrets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::{SqliteStore, commit};
use crate::account::check_name;
use crate::seal::{DataKey, Wrapping};
use crate::{Account, AccountChange, AccountFilter, AccountStatus, NewAccount, StoreError};

/// Every account is read by this, whatever it is looked for by.
const SELECT: &str = "SELECT a.*, (SELECT json_group_array(s.name ORDER BY s.name) FROM account_secrets s \
                      WHERE s.account_id = a.id) AS secret_keys FROM accounts a";

pub(super) async fn create(store: &SqliteStore, new: NewAccount) -> Result<Account, StoreError> {
    check_name("account", &new.name)?;
    let id = Uuid::new_v4();
    let now = Timestamp::now();
    let (data_key, wrapped) = store.wrapping.new_data_key(id)?;
    let account = Account {
        id,
        name: new.name,
        integration: new.integration,
        tenant_id: new.tenant_id,
        authentication_method: new.authentication_method,
        status: AccountStatus::Connecting,
        is_sandbox: new.is_sandbox,
        last_forbidden_error: None,
        settings: new.settings,
        secret_keys: new.secrets.keys().cloned().collect(),
        revision: 1,
        last_error: None,
        created_at: now,
        updated_at: now,
    };

    let mut tx = store.begin().await?;
    sqlx::query(
        "INSERT INTO accounts (id, name, integration, tenant_id, authentication_method, status, settings, revision, \
         created_at, updated_at, wrapped_key, key_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id.to_string())
    .bind(&account.name)
    .bind(&account.integration)
    .bind(&account.tenant_id)
    .bind(&account.authentication_method)
    .bind(account.status.as_str())
    .bind(to_json(&account.settings))
    .bind(account.revision)
    .bind(now.to_string())
    .bind(now.to_string())
    .bind(wrapped)
    .bind(store.wrapping.key_id)
    .execute(&mut *tx)
    .await
    .map_err(name_taken(&account.name))?;
    put_secrets(&mut tx, id, &data_key, &new.secrets).await?;
    commit(tx).await?;
    Ok(account)
}

pub(super) async fn get(store: &SqliteStore, name_or_id: &str) -> Result<Account, StoreError> {
    let mut db = store.pool.acquire().await.map_err(StoreError::database("reading an account"))?;
    find(&mut db, name_or_id).await
}

pub(super) async fn list(store: &SqliteStore, filter: &AccountFilter) -> Result<Vec<Account>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "{SELECT} WHERE (?1 IS NULL OR a.integration = ?1) AND (?2 IS NULL OR a.tenant_id = ?2) ORDER BY a.name",
    )))
    .bind(&filter.integration)
    .bind(&filter.tenant_id)
    .fetch_all(&store.pool)
    .await
    .map_err(StoreError::database("listing accounts"))?;
    rows.iter().map(from_row).collect()
}

pub(super) async fn update(
    store: &SqliteStore,
    name_or_id: &str,
    change: AccountChange,
) -> Result<Account, StoreError> {
    if let Some(name) = &change.name {
        check_name("account", name)?;
    }
    let mut tx = store.begin().await?;
    let mut account = find(&mut tx, name_or_id).await?;
    if change.is_empty() {
        return Ok(account);
    }

    if !change.secrets.is_empty() {
        let data_key = data_key(&mut tx, &store.wrapping, account.id).await?;
        put_secrets(&mut tx, account.id, &data_key, &change.secrets).await?;
        account.secret_keys.extend(change.secrets.into_keys());
        account.secret_keys.sort();
        account.secret_keys.dedup();
    }
    account.name = change.name.unwrap_or(account.name);
    account.tenant_id = change.tenant_id.unwrap_or(account.tenant_id);
    account.status = change.status.unwrap_or(account.status);
    account.last_error = change.last_error.unwrap_or(account.last_error);
    account.settings.extend(change.settings);
    account.revision += 1;
    account.updated_at = Timestamp::now();

    sqlx::query(
        "UPDATE accounts SET name = ?, tenant_id = ?, status = ?, settings = ?, last_error = ?, revision = ?, \
         updated_at = ? WHERE id = ?",
    )
    .bind(&account.name)
    .bind(&account.tenant_id)
    .bind(account.status.as_str())
    .bind(to_json(&account.settings))
    .bind(&account.last_error)
    .bind(account.revision)
    .bind(account.updated_at.to_string())
    .bind(account.id.to_string())
    .execute(&mut *tx)
    .await
    .map_err(name_taken(&account.name))?;
    commit(tx).await?;
    Ok(account)
}

pub(super) async fn remove(store: &SqliteStore, name_or_id: &str) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let account = find(&mut tx, name_or_id).await?;
    sqlx::query("DELETE FROM accounts WHERE id = ?")
        .bind(account.id.to_string())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database("removing an account"))?;
    commit(tx).await
}

pub(super) async fn secrets(store: &SqliteStore, account: Uuid) -> Result<BTreeMap<String, SecretString>, StoreError> {
    let doing = "reading secrets";
    // one transaction, so that key and secrets are of one state
    let mut tx = store.pool.begin().await.map_err(StoreError::database(doing))?;
    let data_key = data_key(&mut tx, &store.wrapping, account).await?;
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as("SELECT name, sealed FROM account_secrets WHERE account_id = ?")
        .bind(account.to_string())
        .fetch_all(&mut *tx)
        .await
        .map_err(StoreError::database(doing))?;
    rows.into_iter()
        .map(|(name, sealed)| match data_key.open_secret(&name, &sealed) {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(StoreError::damaged(account, format!("the secret {name:?}"))),
        })
        .collect()
}

/// The data key of an account, opened.
pub(super) async fn data_key(
    db: &mut SqliteConnection,
    wrapping: &Wrapping,
    account: Uuid,
) -> Result<DataKey, StoreError> {
    let wrapped: Option<Vec<u8>> = sqlx::query_scalar("SELECT wrapped_key FROM accounts WHERE id = ?")
        .bind(account.to_string())
        .fetch_optional(db)
        .await
        .map_err(StoreError::database("reading a data key"))?;
    let wrapped = wrapped.ok_or_else(|| StoreError::no_account(account))?;
    wrapping.data_key(account, &wrapped).map_err(|_| StoreError::damaged(account, "the data key"))
}

async fn find(db: &mut SqliteConnection, name_or_id: &str) -> Result<Account, StoreError> {
    // no name reads as a UUID, see `check_name`
    let (column, value) = match Uuid::try_parse(name_or_id) {
        Ok(id) => ("id", id.to_string()),
        Err(_) => ("name", name_or_id.to_owned()),
    };
    let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE a.{column} = ?")))
        .bind(value)
        .fetch_optional(db)
        .await
        .map_err(StoreError::database("reading an account"))?;
    from_row(&row.ok_or_else(|| StoreError::no_account(name_or_id))?)
}

async fn put_secrets(
    db: &mut SqliteConnection,
    account: Uuid,
    data_key: &DataKey,
    secrets: &BTreeMap<String, SecretString>,
) -> Result<(), StoreError> {
    for (name, value) in secrets {
        sqlx::query(
            "INSERT INTO account_secrets (account_id, name, sealed) VALUES (?, ?, ?) \
             ON CONFLICT (account_id, name) DO UPDATE SET sealed = excluded.sealed",
        )
        .bind(account.to_string())
        .bind(name)
        .bind(data_key.seal_secret(name, value)?)
        .execute(&mut *db)
        .await
        .map_err(StoreError::database("keeping a secret"))?;
    }
    Ok(())
}

fn from_row(row: &SqliteRow) -> Result<Account, StoreError> {
    fn get<'r, T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(
        row: &'r SqliteRow,
        column: &'static str,
    ) -> Result<T, StoreError> {
        row.try_get(column).map_err(StoreError::database("reading an account"))
    }
    let name: String = get(row, "name")?;
    let damaged = |what: &str| StoreError::damaged(&name, what);
    let time = |column| get::<&str>(row, column)?.parse::<Timestamp>().map_err(|_| damaged(column));
    Ok(Account {
        id: get::<&str>(row, "id")?.parse().map_err(|_| damaged("the id"))?,
        integration: get(row, "integration")?,
        tenant_id: get(row, "tenant_id")?,
        authentication_method: get(row, "authentication_method")?,
        status: AccountStatus::from(get::<&str>(row, "status")?),
        is_sandbox: false,
        last_forbidden_error: None,
        settings: serde_json::from_str(get(row, "settings")?).map_err(|_| damaged("settings"))?,
        secret_keys: serde_json::from_str(get(row, "secret_keys")?).map_err(|_| damaged("the list of secrets"))?,
        revision: get(row, "revision")?,
        last_error: get(row, "last_error")?,
        created_at: time("created_at")?,
        updated_at: time("updated_at")?,
        name,
    })
}

fn to_json(settings: &BTreeMap<String, String>) -> String {
    let members = settings.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    Value::Object(members.collect()).to_string()
}

/// The name is the only thing of an account that can be taken.
fn name_taken(name: &str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match &error {
        sqlx::Error::Database(e) if e.is_unique_violation() => {
            StoreError::NameTaken { what: "account", name: name.to_owned() }
        }
        _ => StoreError::Database { doing: "saving an account", source: error },
    }
}
