//! The audit as a witness of every vendor write: no write leaves before the audit says that it is about to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use userdir_core::observer::{Observer, Verdict, WriteOutcome, WriteStep};
use userdir_core::{Effect, Error, Outcome};
use uuid::Uuid;

use crate::{AuditKind, IDEMPOTENCY_LIFE, NewAuditRow, Store, StoreError, hex};

/// Whose call it is, as the rows of the audit say it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AuditContext {
    /// The account.
    pub account: Uuid,
    /// Who does it: `token:<id>`, or `cli`.
    pub actor: String,
    /// What is done, such as `users/deactivate`.
    pub action: String,
    /// Whom it is about; see [`target_ids`].
    pub targets: Vec<String>,
    /// A hash of the `Idempotency-Key`, where one was given.
    pub idempotency_key: Option<[u8; 32]>,
    /// The id of the request to the server.
    pub request_id: Option<String>,
}

impl AuditContext {
    /// Of an action with this input.
    pub fn new(account: Uuid, actor: impl Into<String>, action: impl Into<String>, input: &Value) -> Self {
        Self {
            account,
            actor: actor.into(),
            action: action.into(),
            targets: target_ids(input),
            idempotency_key: None,
            request_id: None,
        }
    }

    fn row(&self, kind: AuditKind) -> NewAuditRow {
        let mut row = NewAuditRow::new(self.account, kind, &self.actor, &self.action).targets(self.targets.clone());
        row.idempotency_key = self.idempotency_key;
        row.request_id.clone_from(&self.request_id);
        row
    }
}

/// The ids that an input names: members `id`, `…_id` and `…_ids`, also of objects within it. Nothing else is taken over,
/// since it may be about a person.
pub fn target_ids(input: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(input, &mut found);
    found
}

/// The caller's own word for somebody is no id of the vendor's.
fn is_id(name: &str) -> bool {
    name == "id" || name.ends_with("_id") && name != "external_id"
}

fn add(id: &str, found: &mut Vec<String>) {
    let id = without_address(id);
    if !found.contains(&id) {
        found.push(id);
    }
}

/// An id as the audit has it. Some vendors take a person's address for one: of such a one a hash is kept, by which whoever
/// has the address finds the rows about it.
pub fn without_address(id: &str) -> String {
    let decoded = percent_decode_str(id).decode_utf8_lossy();
    if !decoded.contains('@') {
        return id.to_owned();
    }
    let digest = hex(&Sha256::digest(decoded.as_bytes()));
    format!("sha256:{}", digest.get(..16).unwrap_or(&digest))
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(id) if is_id(name) => add(id, found),
                    Value::Array(ids) if name.ends_with("_ids") => {
                        ids.iter().filter_map(Value::as_str).for_each(|id| add(id, found))
                    }
                    // what is passed on as it is has the vendor's names
                    _ if name == "remote_data" => {}
                    _ => collect(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

/// Appends an `intended` row before each vendor write of a call and an `outcome` row after it. Where the first cannot be
/// appended, nothing is sent. A write whose outcome is unknown is noted as such, see [`Store::unknown_within`]: from before
/// it leaves until its outcome is known, so that the end of this process leaves the note.
///
/// One for each call; [`AuditObserver::finish`] says what came of the call as a whole.
pub struct AuditObserver {
    store: Arc<dyn Store>,
    context: AuditContext,
    seen: Mutex<Seen>,
}

/// What was seen of the call.
#[derive(Default)]
struct Seen {
    /// The `intended` row of each step that is under way, and whether the outcome of one like it was unknown before.
    intended: HashMap<u32, (i64, bool)>,
    /// Steps that were about to be sent.
    steps: usize,
    /// Fingerprints of writes whose outcome is unknown.
    unknown: Vec<String>,
    request_ids: Vec<String>,
    /// Ids that came with the answer.
    found: Vec<String>,
    /// The first failure to append an outcome.
    lost: Option<StoreError>,
}

impl AuditObserver {
    /// For one call.
    pub fn new(store: Arc<dyn Store>, context: AuditContext) -> Self {
        Self { store, context, seen: Mutex::default() }
    }

    /// Ids that came with the answer, such as that of what was created: the last row has them too.
    pub fn found(&self, ids: impl IntoIterator<Item = String>) {
        self.seen().found.extend(ids);
    }

    /// Appends what came of the call as a whole: the effect that reading the vendor has confirmed, or the failure. A
    /// plan, and a call that was refused before anything was to be sent, leave no row.
    ///
    /// # Errors
    /// Those of the store, also of an outcome before: something was done that the audit has only as `intended`.
    pub async fn finish(&self, result: Result<Effect, &Error>) -> Result<(), StoreError> {
        let Seen { steps, unknown, request_ids, found, lost, .. } = std::mem::take(&mut *self.seen());
        let effect = match result {
            Ok(Effect::Planned | Effect::Read) => return Ok(()),
            Ok(effect) => effect.as_str(),
            Err(error) if error.outcome() == Outcome::Unknown => "unknown",
            Err(error) if error.outcome() == Outcome::Partly => "partly",
            Err(_) if steps == 0 => return Ok(()),
            Err(_) => "failed",
        };
        let mut row = self.context.row(AuditKind::Outcome).effect(effect).detail("writes", steps);
        row.vendor_request_ids = request_ids;
        found.iter().for_each(|id| add(id, &mut row.targets));
        if let Err(error) = result {
            row = row.detail("error", error.kind().as_str());
        }
        self.store.append_audit(row).await?;
        if result.is_ok() {
            // reading the vendor has shown what became of them
            for fingerprint in unknown {
                self.store.settle_unknown(self.context.account, &fingerprint).await?;
            }
        }
        lost.map_or(Ok(()), Err)
    }

    /// Whether any vendor write of the call was about to be sent.
    pub fn has_sent(&self) -> bool {
        self.seen().steps > 0
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep(&self, step: &WriteStep, outcome: &WriteOutcome<'_>) -> Result<(), StoreError> {
        let (effect, status, request_id, error) = match outcome {
            WriteOutcome::Sent { status, request_id } => ("sent", Some(*status), *request_id, None),
            WriteOutcome::NotSent(error) => {
                let effect = if error.vendor().is_some() { "refused" } else { "not_sent" };
                (effect, status(error), request_id(error), Some(error.kind()))
            }
            WriteOutcome::Unknown(error) => ("unknown", status(error), request_id(error), Some(error.kind())),
        };
        let (intended, was_unknown) = {
            let mut seen = self.seen();
            seen.request_ids.extend(request_id.map(str::to_owned));
            if effect == "unknown" {
                seen.unknown.push(step.fingerprint.clone());
            }
            seen.intended.remove(&step.step).unzip()
        };
        let mut row = self.context.row(AuditKind::Outcome).effect(effect).detail("step", step.step);
        if let Some(error) = error {
            row = row.detail("error", error.as_str());
        }
        match outcome {
            // how long it takes to show counts from here
            WriteOutcome::Unknown(_) => self.store.note_unknown(self.context.account, &step.fingerprint).await?,
            // that this one was refused says nothing of the one before
            WriteOutcome::NotSent(_) if was_unknown == Some(true) => {}
            WriteOutcome::Sent { .. } | WriteOutcome::NotSent(_) => row.write = Some(step.fingerprint.clone()),
        }
        row.intended = intended;
        row.vendor_status = status;
        row.vendor_request_ids = request_id.map(str::to_owned).into_iter().collect();
        self.store.append_audit(row).await.map(drop)
    }
}

fn status(error: &Error) -> Option<u16> {
    error.vendor().map(|vendor| vendor.status)
}

fn request_id(error: &Error) -> Option<&str> {
    error.vendor().and_then(|vendor| vendor.request_id.as_deref())
}

/// An address on the wire without its query, and without people's addresses in its path.
fn shown(url: &str) -> String {
    let path = url.split_once('?').map_or(url, |(path, _)| path);
    path.split('/').map(without_address).collect::<Vec<_>>().join("/")
}

#[async_trait]
impl Observer for AuditObserver {
    async fn before_write(&self, step: &WriteStep) -> userdir_core::Result<Verdict> {
        let row = self.context.row(AuditKind::Intended);
        let details = [
            ("step", Value::from(step.step)),
            ("method", step.method.as_str().into()),
            ("url", shown(&step.url).into()),
            ("fingerprint", step.fingerprint.as_str().into()),
        ];
        let details = Map::from_iter(details.map(|(name, value)| (name.to_owned(), value)));
        let row = NewAuditRow { details, write: Some(step.fingerprint.clone()), ..row };
        let (store, account) = (&self.store, self.context.account);
        let noted = async {
            let was_unknown = store.unknown_within(account, &step.fingerprint, IDEMPOTENCY_LIFE).await?.is_some();
            Ok((store.append_audit(row).await?, was_unknown))
        };
        let noted = noted.await.map_err(StoreError::before_a_write)?;
        let mut seen = self.seen();
        seen.intended.insert(step.step, noted);
        seen.steps += 1;
        Ok(Verdict::Send)
    }

    async fn after_write(&self, step: &WriteStep, outcome: WriteOutcome<'_>) {
        if let Err(error) = self.keep(step, &outcome).await {
            let (account, action) = (self.context.account, self.context.action.as_str());
            tracing::error!(%account, action, step = step.step, %error, "what became of a write is not in the audit");
            self.seen().lost.get_or_insert(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_ids_are_taken_over() {
        let input = json!({
            "id": "u1", "group_id": "g1", "role_ids": ["r1", "r2"], "roles": [{"id": "r3", "name": "Maya's role"}],
            "name": "Maya Ortiz", "external_id": "maya.ortiz", "emails": [{"email": "maya@example.com"}], "user_id": "u1",
            "remote_data": {"id": "not ours", "boss_id": "x"},
        });
        let mut ids = target_ids(&input);
        ids.sort();
        assert_eq!(ids, ["g1", "r1", "r2", "r3", "u1"]);
        assert!(target_ids(&json!({"name": "Maya"})).is_empty());
        let hash = "sha256:a813d5642c0c2fea";
        assert_eq!(target_ids(&json!({"user_id": "maya@example.com"})), [hash]);
        let url = "https://api.example.com/v1/users/maya%40example.com/groups/g1?email=maya@example.com";
        assert_eq!(shown(url), format!("https://api.example.com/v1/users/{hash}/groups/g1"));
    }
}
