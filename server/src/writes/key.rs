//! The `Idempotency-Key`: the same key at the same moment runs once, on any replica.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use userdir_store::{IdempotencyScope, IdempotencyTicket, StoreError, StoredAnswer};
use uuid::Uuid;

use crate::answer::Answer;
use crate::deadline;
use crate::problem::Problem;
use crate::state::AppState;

/// The header.
const HEADER: &str = "idempotency-key";
/// Longest key.
const LONGEST: usize = 255;
/// Time a run may take beyond the request's own.
const SLACK: Duration = Duration::from_secs(60);
/// The first pause between two looks at a run that is under way, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(500));
/// Largest answer that is kept whole.
const LARGEST: usize = 1 << 20;

/// A key, and what it holds for.
#[derive(Clone, Debug)]
pub struct Key {
    key: String,
    /// Method and path, spelled in one way.
    path: String,
    /// Stands for what is asked.
    body_hash: [u8; 32],
}

/// How a run begins.
#[derive(Default)]
pub(super) struct Begun {
    /// The right to end it.
    pub ticket: Option<IdempotencyTicket>,
    /// The answer that was given before.
    pub replay: Option<StoredAnswer>,
    /// An earlier run was sent, and what became of it is not known.
    pub unclear: bool,
}

impl Key {
    /// The key of a request.
    ///
    /// # Errors
    /// 400 where it cannot be one.
    pub fn of(headers: &HeaderMap, path: impl Into<String>, body_hash: [u8; 32]) -> Result<Option<Key>, Problem> {
        let Some(value) = headers.get(HEADER) else { return Ok(None) };
        match value.to_str().map(str::trim) {
            Ok(key) if !key.is_empty() && key.len() <= LONGEST => {
                Ok(Some(Key { key: key.to_owned(), path: path.into(), body_hash }))
            }
            _ => Err(Problem::bad_request(format!("the `Idempotency-Key` must be 1 to {LONGEST} visible characters"))),
        }
    }

    /// A hash of the key, for the audit.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.key).into()
    }

    /// Begins a run, or waits for the one that is under way.
    pub(super) async fn begin(&self, state: &AppState, account: Uuid) -> Result<Begun, Problem> {
        let deadline = Instant::now() + deadline::left(state.limits().request_time);
        let mut pause = PAUSES.0;
        loop {
            return match self.begin_once(state, account).await? {
                userdir_store::Begun::Started(ticket) => Ok(Begun { ticket: Some(ticket), ..Begun::default() }),
                userdir_store::Begun::Unknown(ticket) => {
                    Ok(Begun { ticket: Some(ticket), unclear: true, ..Begun::default() })
                }
                userdir_store::Begun::Replay(answer) => Ok(Begun { replay: Some(answer), ..Begun::default() }),
                userdir_store::Begun::DifferentBody => {
                    let message = "the `Idempotency-Key` was used for another request to this account and path";
                    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message)
                        .hint("take a new key for a new request"))
                }
                userdir_store::Begun::InFlight if Instant::now() + pause < deadline => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                    continue;
                }
                userdir_store::Begun::InFlight => {
                    let message = "a request with this `Idempotency-Key` is still under way";
                    Err(Problem::new(StatusCode::CONFLICT, message).retry_after(Duration::from_secs(5)))
                }
            };
        }
    }
}

impl Key {
    /// Begins a run, or tells how the one that is there stands.
    pub(super) async fn begin_once(&self, state: &AppState, account: Uuid) -> Result<userdir_store::Begun, StoreError> {
        let scope = IdempotencyScope { account, path: self.path.clone(), key: self.key.clone() };
        let time = state.limits().request_time + SLACK;
        state.store().begin_idempotent(&scope, self.body_hash, state.holder(), time).await
    }
}

/// An answer as it is kept; of one that is too large what it says of the effect.
pub(super) fn kept(answer: &Answer) -> StoredAnswer {
    let mut kept = StoredAnswer::from(answer);
    if kept.body.len() > LARGEST {
        kept.body = br#"{"userdir":{"notes":["it was done; the first answer was too large to be kept"]}}"#.to_vec();
    }
    kept
}

/// A hash of values, whatever the order of their members, and of bytes.
pub fn body_hash<'v>(values: impl IntoIterator<Item = &'v Value>, bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for value in values {
        add(&mut hash, value);
    }
    hash.update(bytes);
    hash.finalize().into()
}

fn add(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            hash.update([b'{']);
            hash.update((members.len() as u64).to_be_bytes());
            for (name, value) in members {
                add(hash, &Value::String(name.clone()));
                add(hash, value);
            }
        }
        Value::Array(items) => {
            hash.update([b'[']);
            hash.update((items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| add(hash, item));
        }
        value => {
            let text = value.to_string();
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_members_does_not_matter_and_nothing_else_is_the_same() {
        let hash = |text: &str| body_hash([&serde_json::from_str(text).unwrap()], b"");
        assert_eq!(hash(r#"{"a":1,"b":{"c":[1,2]}}"#), hash(r#"{"b":{"c":[1,2]},"a":1}"#));
        for (a, b) in [("[1,2]", "[2,1]"), (r#"["a","b"]"#, r#"["ab"]"#), ("{}", "[]"), (r#""1""#, "1")] {
            assert_ne!(hash(a), hash(b));
        }
        assert_ne!(body_hash([&json!("a"), &json!("b")], b""), body_hash([&json!("ab")], b""));
        assert_ne!(body_hash([&json!("a")], b"x"), body_hash([&json!("a")], b""));
    }
}
