//! The statements on idempotent runs and on writes whose outcome is unknown.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::db::{Row, Tx, values};
use super::leases::later;
use super::{SqlStore, accounts};
use crate::seal::DataKey;
use crate::{Begun, IDEMPOTENCY_LIFE, IdempotencyScope, IdempotencyTicket, StoreError, StoredAnswer};

/// How often beginning is tried where the row goes away between two looks.
const TRIES: usize = 10;

pub(super) async fn begin(
    store: &SqlStore,
    scope: &IdempotencyScope,
    body_hash: [u8; 32],
    holder: &str,
    ttl: Duration,
) -> Result<Begun, StoreError> {
    let run = Run { account: scope.account, scope: scope.hash(), body_hash, holder, lease: ttl };
    for _ in 0..TRIES {
        let mut tx = store.write("beginning an idempotent run").await?;
        if let Some(begun) = run.begin(store, &mut tx).await? {
            tx.commit().await?;
            return Ok(begun);
        }
    }
    // somebody begins and releases over and over: that is somebody at work
    Ok(Begun::InFlight)
}

/// A run that wants to begin.
struct Run<'a> {
    account: Uuid,
    scope: [u8; 32],
    body_hash: [u8; 32],
    holder: &'a str,
    lease: Duration,
}

impl Run<'_> {
    /// None where the row was there and then was not.
    async fn begin(&self, store: &SqlStore, tx: &mut Tx) -> Result<Option<Begun>, StoreError> {
        let run = Uuid::new_v4();
        let now = tx.now().await?;
        let until = later(now, self.lease);
        // of several at the same moment one inserts; the others wait here for its transaction and then find the row
        let inserted = tx
            .execute(
                "INSERT INTO idempotent_runs (scope, account_id, body_hash, run, state, holder, lease_ms, lease_until, \
                 expires_at) VALUES ($1, $2, $3, $4, 'running', $5, $6, $7, $8) ON CONFLICT (scope) DO NOTHING",
                values![
                    self.scope,
                    self.account,
                    self.body_hash,
                    run,
                    self.holder,
                    self.lease_ms(),
                    until,
                    later(until, IDEMPOTENCY_LIFE),
                ],
            )
            .await
            .map_err(|error| error.or_no_account(self.account))?;
        if inserted == 1 {
            return Ok(Some(Begun::Started(self.ticket(run))));
        }
        let sql = "SELECT * FROM idempotent_runs WHERE scope = $1 FOR UPDATE";
        let Some(row) = tx.first(sql, values![self.scope]).await? else {
            return Ok(None);
        };
        self.judge(store, tx, &row).await.map(Some)
    }

    async fn judge(&self, store: &SqlStore, tx: &mut Tx, row: &Row) -> Result<Begun, StoreError> {
        let now = tx.now().await?;
        let (state, there) = (row.text("state")?, self.ticket(row.id("run")?));
        let is_leased = row.time("lease_until")? > now;
        if row.time("expires_at")? <= now || (state == "running" && !is_leased) {
            return self.take_over(tx).await;
        }
        if row.bytes("body_hash")? != self.body_hash {
            return Ok(Begun::DifferentBody);
        }
        match state.as_str() {
            "done" => {
                let data_key = accounts::data_key(store, tx, self.account).await?;
                let answer = row.bytes_or_none("answer")?.and_then(|sealed| open(&data_key, &self.scope, &sealed));
                let damaged = || StoreError::damaged(self.account, "the answer of an idempotent run");
                Ok(Begun::Replay(answer.ok_or_else(damaged)?))
            }
            "running" | "sent" if is_leased => Ok(Begun::InFlight),
            "sent" => {
                // from here on its holder, should it still live, sends nothing more
                let sql = "UPDATE idempotent_runs SET state = 'unknown', expires_at = $1 WHERE scope = $2";
                tx.execute(sql, values![later(now, IDEMPOTENCY_LIFE), self.scope]).await?;
                Ok(Begun::Unknown(there))
            }
            _ => Ok(Begun::Unknown(there)),
        }
    }

    /// Nothing was sent under the run that is there, or nobody needs to know any more.
    async fn take_over(&self, tx: &mut Tx) -> Result<Begun, StoreError> {
        let run = Uuid::new_v4();
        let until = later(tx.now().await?, self.lease);
        tx.execute(
            "UPDATE idempotent_runs SET body_hash = $1, run = $2, state = 'running', holder = $3, lease_ms = $4, \
             lease_until = $5, answer = NULL, expires_at = $6 WHERE scope = $7",
            values![
                self.body_hash,
                run,
                self.holder,
                self.lease_ms(),
                until,
                later(until, IDEMPOTENCY_LIFE),
                self.scope,
            ],
        )
        .await?;
        Ok(Begun::Started(self.ticket(run)))
    }

    fn lease_ms(&self) -> i64 {
        i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX)
    }

    fn ticket(&self, run: Uuid) -> IdempotencyTicket {
        IdempotencyTicket { account: self.account, scope: self.scope, run }
    }
}

pub(super) async fn mark_sent(store: &SqlStore, ticket: &IdempotencyTicket) -> Result<(), StoreError> {
    let mut tx = store.write("noting that a write is sent").await?;
    let sql = "SELECT lease_ms FROM idempotent_runs WHERE scope = $1 AND run = $2 AND state IN ('running', 'sent') \
               FOR UPDATE";
    let row = tx.first(sql, values![ticket.scope, ticket.run]).await?.ok_or(StoreError::RunOvertaken)?;
    let lease = Duration::from_millis(row.int("lease_ms")?.unsigned_abs());
    let until = later(tx.now().await?, lease);
    tx.execute(
        "UPDATE idempotent_runs SET state = 'sent', lease_until = $1, expires_at = $2 WHERE scope = $3",
        values![until, later(until, IDEMPOTENCY_LIFE), ticket.scope],
    )
    .await?;
    tx.commit().await
}

pub(super) async fn finish(
    store: &SqlStore,
    ticket: &IdempotencyTicket,
    answer: &StoredAnswer,
) -> Result<(), StoreError> {
    let mut tx = store.write("keeping an answer").await?;
    let data_key = accounts::data_key(store, &mut tx, ticket.account).await?;
    let sealed = seal(&data_key, &ticket.scope, answer)?;
    let ends = later(tx.now().await?, IDEMPOTENCY_LIFE);
    let done = tx
        .execute(
            "UPDATE idempotent_runs SET state = 'done', answer = $1, expires_at = $2 \
             WHERE scope = $3 AND run = $4 AND state <> 'done'",
            values![sealed, ends, ticket.scope, ticket.run],
        )
        .await?;
    if done == 0 {
        return settled(&mut tx, ticket).await;
    }
    tx.commit().await
}

/// An answer that is there already stands: both are of the same run.
async fn settled(tx: &mut Tx, ticket: &IdempotencyTicket) -> Result<(), StoreError> {
    let sql = "SELECT state FROM idempotent_runs WHERE scope = $1 AND run = $2";
    match tx.first(sql, values![ticket.scope, ticket.run]).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::RunOvertaken),
    }
}

pub(super) async fn release(store: &SqlStore, ticket: &IdempotencyTicket) -> Result<(), StoreError> {
    let mut tx = store.write("releasing an idempotency key").await?;
    let sql = "DELETE FROM idempotent_runs WHERE scope = $1 AND run = $2 AND state <> 'done'";
    tx.execute(sql, values![ticket.scope, ticket.run]).await?;
    tx.commit().await
}

pub(super) async fn mark_unknown(store: &SqlStore, ticket: &IdempotencyTicket) -> Result<(), StoreError> {
    let mut tx = store.write("noting an unknown outcome").await?;
    let ends = later(tx.now().await?, IDEMPOTENCY_LIFE);
    let sql = "UPDATE idempotent_runs SET state = 'unknown', expires_at = $1 \
               WHERE scope = $2 AND run = $3 AND state <> 'done'";
    if tx.execute(sql, values![ends, ticket.scope, ticket.run]).await? == 0 {
        return settled(&mut tx, ticket).await;
    }
    tx.commit().await
}

pub(super) async fn note_unknown(store: &SqlStore, account: Uuid, fingerprint: &str) -> Result<(), StoreError> {
    let mut tx = store.write("noting an unknown outcome").await?;
    note(&mut tx, account, fingerprint).await?;
    tx.commit().await
}

pub(super) async fn note(tx: &mut Tx, account: Uuid, fingerprint: &str) -> Result<(), StoreError> {
    let now = tx.now().await?;
    let sql = "INSERT INTO unknown_writes (account_id, fingerprint, noted_at) VALUES ($1, $2, $3) \
               ON CONFLICT (account_id, fingerprint) DO UPDATE SET noted_at = excluded.noted_at";
    let noted = tx.execute(sql, values![account, fingerprint, now]).await;
    noted.map(drop).map_err(|error| error.or_no_account(account))
}

pub(super) async fn unknown_within(
    store: &SqlStore,
    account: Uuid,
    fingerprint: &str,
    within: Duration,
) -> Result<Option<Timestamp>, StoreError> {
    let mut tx = store.read("looking for an unknown outcome").await?;
    let sql = "SELECT noted_at FROM unknown_writes WHERE account_id = $1 AND fingerprint = $2";
    let Some(row) = tx.first(sql, values![account, fingerprint]).await? else {
        return Ok(None);
    };
    let noted_at = row.time("noted_at")?;
    Ok((later(noted_at, within) > tx.now().await?).then_some(noted_at))
}

pub(super) async fn settle_unknown(store: &SqlStore, account: Uuid, fingerprint: &str) -> Result<(), StoreError> {
    let mut tx = store.write("settling an unknown outcome").await?;
    settle(&mut tx, account, fingerprint).await?;
    tx.commit().await
}

pub(super) async fn settle(tx: &mut Tx, account: Uuid, fingerprint: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM unknown_writes WHERE account_id = $1 AND fingerprint = $2";
    tx.execute(sql, values![account, fingerprint]).await.map(drop)
}

/// One line of JSON with status and headers, then the body as it is.
fn seal(data_key: &DataKey, scope: &[u8; 32], answer: &StoredAnswer) -> Result<Vec<u8>, StoreError> {
    let head = json!({"status": answer.status, "headers": answer.headers}).to_string();
    data_key.seal_answer(scope, &[head.as_bytes(), b"\n", &answer.body].concat())
}

fn open(data_key: &DataKey, scope: &[u8; 32], sealed: &[u8]) -> Option<StoredAnswer> {
    let plain = data_key.open_answer(scope, sealed).ok()?;
    let end = plain.iter().position(|byte| *byte == b'\n')?;
    let (head, body) = plain.split_at_checked(end)?;
    let head: Json = serde_json::from_slice(head).ok()?;
    let status = head.get("status")?.as_u64()?;
    Some(StoredAnswer {
        status: u16::try_from(status).ok()?,
        headers: serde_json::from_value(head.get("headers")?.clone()).ok()?,
        body: body.get(1..)?.to_vec(),
    })
}
