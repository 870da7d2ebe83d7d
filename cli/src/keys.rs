//! `userdir keys`: the key that everything secret hangs on.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use userdir_store::{AuditKind, KeySource, MasterKey, NewAuditRow, Rotation, Store, rotate_key_file};

use crate::args::{Format, Keys};
use crate::audit::{ACTOR, STORE_CHAIN};
use crate::errors::{Result, usage};
use crate::output;
use crate::session::Session;

/// Runs one of the commands.
///
/// # Errors
/// Wrong usage, or the store's.
pub async fn run(session: &Session, command: &Keys) -> Result<()> {
    match command {
        Keys::Rotate { new_key_file, handover } => {
            let handover = Duration::from_secs(u64::from(*handover) * 60 * 60);
            match (session.key_source(), new_key_file) {
                (KeySource::File, None) => in_data_folder(session, handover).await,
                (KeySource::File, Some(_)) => Err(usage("the key stands in the data folder; a new one is made there")
                    .hint("leave `--new-key-file` out")),
                (_, Some(path)) => from_outside(session, path, handover).await,
                (_, None) => Err(usage("`--new-key-file` is missing").hint(
                    "the key comes from outside: make a new one with `openssl rand -base64 32` and name its file",
                )),
            }
        }
    }
}

/// The key file of the data folder changes with the database.
async fn in_data_folder(session: &Session, handover: Duration) -> Result<()> {
    // not opened yet: where an earlier run broke off, `master.key` may not open it
    if !session.has_store() {
        return Err(session.no_store());
    }
    let change = rotate_key_file(session.data_dir(), handover).await?;
    note(session.store().await?.as_ref(), &change.rotation).await?;
    if session.format == Format::Table {
        eprintln!("backups made before need the old key, which is in {}", change.old_key.display());
    }
    tell(session, &change.rotation, "processes that run go on; what starts takes the new key from `master.key`")
}

/// The operator has the new key, and gives it to every process.
async fn from_outside(session: &Session, path: &Path, handover: Duration) -> Result<()> {
    let new = MasterKey::load(path)?;
    let store = session.store().await?;
    let rotation = store.rotate_master_key(&new, handover).await?;
    note(store.as_ref(), &rotation).await?;
    tell(session, &rotation, "now give the new key to every process that starts; keep the old one for older backups")
}

async fn note(store: &dyn Store, rotation: &Rotation) -> Result<()> {
    let row = NewAuditRow::new(STORE_CHAIN, AuditKind::Outcome, ACTOR, "keys/rotate").effect("applied");
    store.append_audit(row.targets([rotation.key_id.to_string()])).await?;
    Ok(())
}

fn tell(session: &Session, rotation: &Rotation, next: &str) -> Result<()> {
    if session.format != Format::Table {
        return output::line(&json!(rotation).to_string());
    }
    let old = match rotation.handover_until {
        Some(until) => format!("the old key works until {until:.0}"),
        None => "the old key opens nothing any more".to_owned(),
    };
    output::line(&format!("the master key is changed (generation {}); {old}\n{next}", rotation.key_id))
}
