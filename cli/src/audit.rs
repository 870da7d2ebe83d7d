//! `userdir audit`: what was done through userdir, and whether the record of it is whole.

use std::path::Path;

use serde_json::{Value, json};
use userdir_store::{AuditQuery, ChainReport, Deed, Store, StoreError};
use uuid::Uuid;

pub use userdir_store::STORE_CHAIN;

use crate::args::{Audit, Format};
use crate::errors::{Failure, Result, usage};
use crate::output;
use crate::session::Session;

/// Who does what is done from the command line.
pub const ACTOR: &str = "cli";

/// How the chain of what concerns no account is named.
const STORE: &str = "store";

/// Columns of the list.
const COLUMNS: &[&str] =
    &["sequence", "at", "kind", "actor", "action", "targets", "effect", "vendor_status", "vendor_request_ids"];

/// Columns of a check.
const CHAINS: &[&str] = &["account", "rows", "open", "fault", "head"];

/// Runs one of the commands.
///
/// # Errors
/// Wrong usage, the store's, or a chain that does not hold.
pub async fn run(session: &Session, command: &Audit) -> Result<()> {
    match command {
        Audit::List { account, limit, before } => list(session, account.as_deref(), *limit, *before).await,
        Audit::Verify { account, since } => verify(session, account.as_deref(), since.as_deref()).await,
    }
}

/// What the audit says of a change that is made from the command line.
pub fn deed(action: &str) -> Deed {
    Deed::new(ACTOR, action)
}

async fn list(session: &Session, account: Option<&str>, limit: u32, before: Option<i64>) -> Result<()> {
    let store = session.store().await?;
    let mut query = AuditQuery::new(chain(session, store.as_ref(), account).await?).limit(limit);
    query.before = before;
    let page = store.audit(&query).await?;
    let rows: Vec<Value> = page.rows.iter().map(|row| json!(row)).collect();
    output::records(session.format, COLUMNS, &rows)?;
    if let (Some(next), Format::Table) = (page.next, session.format) {
        eprintln!("there are older ones: --before {next}");
    }
    Ok(())
}

async fn verify(session: &Session, account: Option<&str>, since: Option<&Path>) -> Result<()> {
    let earlier = since.map(earlier).transpose()?.unwrap_or_default();
    let store = session.store().await?;
    let only = match account {
        Some(_) => Some(chain(session, store.as_ref(), account).await?),
        None => None,
    };
    let report = store.verify_audit_since(only, &earlier).await?;
    if session.format == Format::Table {
        let rows = report.chains.iter().map(|chain| {
            let fault = chain.fault.as_ref().map(|fault| format!("row {}: {}", fault.sequence, fault.what));
            json!({
                "account": if chain.account == STORE_CHAIN { STORE.to_owned() } else { chain.account.to_string() },
                "rows": chain.rows,
                "open": chain.open.len(),
                "fault": fault,
                "head": chain.head.as_ref().map(|head| head.chars().take(16).collect::<String>()),
            })
        });
        output::records(session.format, CHAINS, &rows.collect::<Vec<_>>())?;
    } else {
        let chains: Vec<Value> = report.chains.iter().map(|chain| json!(chain)).collect();
        output::records(session.format, CHAINS, &chains)?;
    }
    let broken = report.chains.iter().filter(|chain| chain.fault.is_some()).count();
    if broken > 0 {
        return Err(Failure::Store(StoreError::AuditBroken { chains: broken }));
    }
    if session.format == Format::Table {
        eprintln!("every row is as it was written");
    }
    Ok(())
}

/// What an earlier check printed.
fn earlier(path: &Path) -> Result<Vec<ChainReport>> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| usage(format!("--since: cannot read `{name}`: {error}")))?;
    let printed = "it must hold what `userdir audit verify --format json` printed";
    serde_json::from_str(&text).map_err(|error| usage(format!("--since: `{name}`: {error}; {printed}")))
}

/// A chain by the name or id of its account. An id needs no account: the audit outlives it.
async fn chain(session: &Session, store: &dyn Store, account: Option<&str>) -> Result<Uuid> {
    match account {
        Some(STORE) if store.account(STORE).await.is_err() => Ok(STORE_CHAIN),
        Some(name) => match Uuid::try_parse(name) {
            Ok(id) => Ok(id),
            Err(_) => Ok(store.account(name).await?.id),
        },
        None => Ok(session.account(store, None).await?.id),
    }
}
