//! `userdir tokens`: who may call the server.

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use userdir_store::{ApiToken, NewApiToken, Scope};

use crate::args::{Format, Tokens};
use crate::audit;
use crate::errors::{Result, usage};
use crate::output;
use crate::session::Session;

/// Columns of the list.
const COLUMNS: &[&str] = &["name", "scope", "status", "accounts", "created_at", "expires_at", "last_used_at", "id"];

/// Runs one of the commands.
///
/// # Errors
/// Wrong usage, or the store's.
pub async fn run(session: &Session, command: &Tokens) -> Result<()> {
    match command {
        Tokens::Create { name, scope, accounts, expires_in, expires_at } => {
            let ends = match (expires_in, expires_at) {
                (Some(days), _) => Some(Timestamp::now() + SignedDuration::from_hours(24 * i64::from(*days))),
                (None, at) => *at,
            };
            create(session, name, *scope, accounts, ends).await
        }
        Tokens::List => list(session).await,
        Tokens::Revoke { token } => revoke(session, token).await,
    }
}

async fn create(
    session: &Session,
    name: &str,
    scope: Scope,
    accounts: &[String],
    expires_at: Option<Timestamp>,
) -> Result<()> {
    if expires_at.is_some_and(|end| end <= Timestamp::now()) {
        return Err(usage("`--expires-at` is in the past"));
    }
    let store = session.store_or_new().await?;
    let mut new = NewApiToken::new(name, scope);
    if !accounts.is_empty() {
        let mut ids = Vec::new();
        for account in accounts {
            ids.push(store.account(account).await?.id);
        }
        new = new.accounts(ids);
    }
    new.expires_at = expires_at;
    let created = store.create_api_token(new.audited(audit::deed("api-token/create"))).await?;
    let secret = created.secret.expose_secret();
    if session.format == Format::Table {
        eprintln!("token `{name}` ({scope}) made; its value is shown this once, the store keeps a hash of it");
        return output::line(secret);
    }
    let mut value = shown(&created.token);
    if let Value::Object(members) = &mut value {
        members.insert("token".to_owned(), secret.into());
    }
    output::object(session.format, &["name", "scope", "id", "token"], &value.to_string())
}

async fn list(session: &Session) -> Result<()> {
    let tokens = match session.store_if_there().await? {
        Some(store) => store.api_tokens().await?,
        None => Vec::new(),
    };
    if tokens.is_empty() && session.format == Format::Table {
        eprintln!("there are no API tokens yet");
        eprintln!("hint: make one with `userdir tokens create --name NAME`");
        return Ok(());
    }
    let values: Vec<Value> = tokens.iter().map(shown).collect();
    output::records(session.format, COLUMNS, &values)
}

async fn revoke(session: &Session, name: &str) -> Result<()> {
    let store = session.store().await?;
    let token = store.revoke_api_token(name, Some(&audit::deed("api-token/revoke"))).await?;
    if session.format == Format::Table {
        return output::line(&format!("token `{}` revoked: no server takes it any more", token.name));
    }
    output::object(session.format, COLUMNS, &shown(&token).to_string())
}

/// A token, and whether it works.
fn shown(token: &ApiToken) -> Value {
    let status = match token {
        _ if token.is_live(Timestamp::now()) => "active",
        ApiToken { revoked_at: Some(_), .. } => "revoked",
        _ => "expired",
    };
    let mut value = json!(token);
    if let Value::Object(members) = &mut value {
        members.insert("status".to_owned(), status.into());
    }
    value
}
