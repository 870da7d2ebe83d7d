//! The statements on the audit.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use uuid::Uuid;

use super::db::{Row, Tx, clean, values};
use super::{SqlStore, idempotency};
use crate::audit::chain::{ChainKey, Columns, Head, START};
use crate::audit::{NEW_CHAIN, NEW_STORE, Verifier};
use crate::{
    AUDIT_PAGE, AuditKind, AuditPage, AuditQuery, AuditReport, AuditRow, ChainFault, ChainReport, Deed, NewAuditRow,
    STORE_CHAIN, StoreError, time,
};

/// Rows that are checked at a time: memory does not grow with the audit.
const BATCH: i64 = 500;

/// Begins the audit of a new store.
pub(super) async fn begin(store: &SqlStore, tx: &mut Tx) -> Result<(), StoreError> {
    add(store, tx, NewAuditRow::new(STORE_CHAIN, AuditKind::Outcome, "store", NEW_STORE)).await.map(drop)
}

pub(super) async fn append(store: &SqlStore, row: NewAuditRow) -> Result<i64, StoreError> {
    let mut tx = store.write("appending to the audit").await?;
    // before the head is locked, in the order of whoever removes an account
    match (&row.write, row.kind) {
        (Some(write), AuditKind::Intended) => idempotency::note(&mut tx, row.account, write).await?,
        (Some(write), AuditKind::Outcome) => idempotency::settle(&mut tx, row.account, write).await?,
        (None, _) => {}
    }
    let sequence = add(store, &mut tx, row).await?;
    tx.commit().await?;
    Ok(sequence)
}

/// Appends what a change is on record as, in the change's own transaction. Whatever else it locks it has locked before:
/// heads are the last that anybody waits for.
pub(super) async fn note(
    store: &SqlStore,
    tx: &mut Tx,
    deed: Option<&Deed>,
    chain: Uuid,
    target: Option<Uuid>,
) -> Result<(), StoreError> {
    match deed {
        Some(deed) => add(store, tx, deed.row(chain, target)).await.map(drop),
        None => Ok(()),
    }
}

async fn add(store: &SqlStore, tx: &mut Tx, row: NewAuditRow) -> Result<i64, StoreError> {
    let account = row.account;
    let sequence = add_to_chain(store, tx, row).await?;
    if sequence == 1 && account != STORE_CHAIN {
        // so that a chain that is taken away as a whole is missed
        let note = NewAuditRow::new(STORE_CHAIN, AuditKind::Outcome, "store", NEW_CHAIN).targets([account.to_string()]);
        add_to_chain(store, tx, note).await?;
    }
    Ok(sequence)
}

/// Locks the head of this one chain, and nothing else.
async fn add_to_chain(store: &SqlStore, tx: &mut Tx, row: NewAuditRow) -> Result<i64, StoreError> {
    let account = row.account;
    let key = ChainKey::new(store.keys.root.for_audit(account));
    let started = tx
        .execute(
            "INSERT INTO audit_heads (account_id, sequence, last_mac, mac) VALUES ($1, 0, $2, $3) \
             ON CONFLICT (account_id) DO NOTHING",
            values![account, START, key.head(account, 0, &START)],
        )
        .await?;
    let head = locked_head(tx, account).await?;
    if !head.holds(&key, account) || (started == 1 && has_rows(tx, account).await?) {
        return Err(StoreError::damaged(account, "the head of the audit"));
    }
    let sequence = head.sequence + 1;
    let columns = Columns {
        account,
        sequence,
        at: time::to_text(tx.now().await?),
        kind: row.kind.as_str().to_owned(),
        actor: clean(&row.actor),
        action: clean(&row.action),
        targets: Json::from(row.targets).to_string(),
        intended: row.intended,
        effect: row.effect.as_deref().map(clean),
        vendor_status: row.vendor_status.map(i64::from),
        vendor_request_ids: Json::from(row.vendor_request_ids).to_string(),
        idempotency_key: row.idempotency_key.map(|hash| crate::hex(&hash)),
        request_id: row.request_id.as_deref().map(clean),
        details: Json::Object(row.details).to_string(),
    };
    let mac = key.row(&head.last_mac, &columns);
    tx.execute(
        "INSERT INTO audit_rows (account_id, sequence, at, kind, actor, action, targets, intended, effect, \
         vendor_status, vendor_request_ids, idempotency_key, request_id, details, mac) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        values![
            account,
            sequence,
            columns.at,
            columns.kind,
            columns.actor,
            columns.action,
            columns.targets,
            columns.intended,
            &columns.effect,
            columns.vendor_status,
            columns.vendor_request_ids,
            &columns.idempotency_key,
            &columns.request_id,
            columns.details,
            mac,
        ],
    )
    .await?;
    tx.execute(
        "UPDATE audit_heads SET sequence = $1, last_mac = $2, mac = $3 WHERE account_id = $4",
        values![sequence, mac, key.head(account, sequence, &mac), account],
    )
    .await?;
    Ok(sequence)
}

/// Where the chain ends, and no one else may append until the transaction ends.
async fn locked_head(tx: &mut Tx, account: Uuid) -> Result<Head, StoreError> {
    let sql = "SELECT sequence, last_mac, mac FROM audit_heads WHERE account_id = $1 FOR UPDATE";
    to_head(&tx.one(sql, values![account]).await?)
}

fn to_head(row: &Row) -> Result<Head, StoreError> {
    Ok(Head { sequence: row.int("sequence")?, last_mac: row.bytes("last_mac")?, mac: row.bytes("mac")? })
}

async fn has_rows(tx: &mut Tx, account: Uuid) -> Result<bool, StoreError> {
    let sql = "SELECT sequence FROM audit_rows WHERE account_id = $1 LIMIT 1";
    Ok(tx.first(sql, values![account]).await?.is_some())
}

pub(super) async fn page(store: &SqlStore, query: &AuditQuery) -> Result<AuditPage, StoreError> {
    let limit = query.limit.unwrap_or(AUDIT_PAGE).min(AUDIT_PAGE) as usize;
    let mut tx = store.read("reading the audit").await?;
    let rows = tx
        .all(
            "SELECT * FROM audit_rows WHERE account_id = $1 AND ($2 IS NULL OR sequence < $2) \
             AND ($3 IS NULL OR at > $3) AND ($4 IS NULL OR at >= $4) AND ($5 IS NULL OR at < $5) \
             AND ($6 IS NULL OR at <= $6) ORDER BY sequence DESC LIMIT $7",
            values![
                query.account,
                query.before,
                query.at.gt,
                query.at.gte,
                query.at.lt,
                query.at.lte,
                limit as i64 + 1,
            ],
        )
        .await?;
    let is_more = rows.len() > limit;
    let rows: Vec<AuditRow> = rows.iter().take(limit).map(from_row).collect::<Result<_, _>>()?;
    let next = rows.last().filter(|_| is_more).map(|row| row.sequence);
    Ok(AuditPage { rows, next })
}

pub(super) async fn accounts(store: &SqlStore) -> Result<Vec<Uuid>, StoreError> {
    let mut tx = store.read("listing the audit").await?;
    chains(&mut tx).await.map(|chains| chains.into_iter().collect())
}

/// Whatever has a head, or rows without one.
async fn chains(tx: &mut Tx) -> Result<BTreeSet<Uuid>, StoreError> {
    let sql = "SELECT account_id FROM audit_heads UNION SELECT account_id FROM audit_rows";
    tx.all(sql, vec![]).await?.iter().map(|row| row.id("account_id")).collect()
}

pub(super) async fn verify(
    store: &SqlStore,
    account: Option<Uuid>,
    earlier: &[ChainReport],
) -> Result<AuditReport, StoreError> {
    let earlier: BTreeMap<Uuid, &ChainReport> = earlier.iter().map(|report| (report.account, report)).collect();
    // one state: what is appended meanwhile is no fault
    let mut tx = store.read("checking the audit").await?;
    let mut there = chains(&mut tx).await?;
    there.extend(earlier.keys());
    let mut noted = BTreeMap::new();
    let mut chains = Vec::new();
    let known = earlier.get(&STORE_CHAIN).copied();
    let mut report = verify_chain(store, &mut tx, STORE_CHAIN, known, &mut noted).await?;
    if !begins_with_the_store(&mut tx).await? {
        let what = "the store's own chain does not begin with the store: an earlier one was taken away as a whole";
        report.fault = report.fault.or(Some(ChainFault { sequence: 1, what: what.to_owned() }));
    }
    if account.is_none_or(|account| account == STORE_CHAIN) || report.fault.is_some() {
        chains.push(report);
    }
    there.remove(&STORE_CHAIN);
    there.extend(noted.keys());
    for chain in there {
        if account.is_some_and(|account| account != chain) {
            continue;
        }
        let known = earlier.get(&chain).copied();
        let mut report = verify_chain(store, &mut tx, chain, known, &mut BTreeMap::new()).await?;
        let what = match noted.get(&chain) {
            Some(1) => None,
            Some(_) => Some("this chain was begun more than once: an earlier one was taken away as a whole"),
            None => Some("nothing in the store's own chain says that this chain was begun"),
        };
        let fault = what.map(|what| ChainFault { sequence: 1, what: what.to_owned() });
        report.fault = report.fault.or(fault);
        chains.push(report);
    }
    Ok(AuditReport { chains })
}

async fn begins_with_the_store(tx: &mut Tx) -> Result<bool, StoreError> {
    let sql = "SELECT action FROM audit_rows WHERE account_id = $1 AND sequence = 1";
    let first = tx.first(sql, values![STORE_CHAIN]).await?;
    Ok(first.map(|row| row.text("action")).transpose()?.as_deref() == Some(NEW_STORE))
}

async fn verify_chain(
    store: &SqlStore,
    tx: &mut Tx,
    account: Uuid,
    earlier: Option<&ChainReport>,
    noted: &mut BTreeMap<Uuid, usize>,
) -> Result<ChainReport, StoreError> {
    let key = ChainKey::new(store.keys.root.for_audit(account));
    let sql = "SELECT sequence, last_mac, mac FROM audit_heads WHERE account_id = $1";
    let head = tx.first(sql, values![account]).await?.as_ref().map(to_head).transpose()?;
    let mut verifier = Verifier::new(account, key, earlier);
    loop {
        let rows = tx
            .all(
                "SELECT * FROM audit_rows WHERE account_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
                values![account, verifier.sequence(), BATCH],
            )
            .await?;
        for row in &rows {
            let columns = columns(row)?;
            if columns.action == NEW_CHAIN {
                let targets: Vec<Uuid> = serde_json::from_str(&columns.targets).unwrap_or_default();
                targets.into_iter().for_each(|chain| *noted.entry(chain).or_default() += 1);
            }
            verifier.row(&columns, &row.bytes("mac")?);
        }
        if rows.is_empty() || verifier.found_fault() {
            return Ok(verifier.end(head.as_ref()));
        }
    }
}

fn columns(row: &Row) -> Result<Columns, StoreError> {
    Ok(Columns {
        account: row.id("account_id")?,
        sequence: row.int("sequence")?,
        at: row.text("at")?,
        kind: row.text("kind")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        targets: row.text("targets")?,
        intended: row.int_or_none("intended")?,
        effect: row.text_or_none("effect")?,
        vendor_status: row.int_or_none("vendor_status")?,
        vendor_request_ids: row.text("vendor_request_ids")?,
        idempotency_key: row.text_or_none("idempotency_key")?,
        request_id: row.text_or_none("request_id")?,
        details: row.text("details")?,
    })
}

fn from_row(row: &Row) -> Result<AuditRow, StoreError> {
    let kind = match row.text("kind")?.as_str() {
        "intended" => AuditKind::Intended,
        "outcome" => AuditKind::Outcome,
        _ => return Err(row.unreadable("kind", "neither `intended` nor `outcome`")),
    };
    Ok(AuditRow {
        account: row.id("account_id")?,
        sequence: row.int("sequence")?,
        at: row.time("at")?,
        kind,
        actor: row.text("actor")?,
        action: row.text("action")?,
        targets: row.json("targets")?,
        intended: row.int_or_none("intended")?,
        effect: row.text_or_none("effect")?,
        vendor_status: row.int_or_none("vendor_status")?.and_then(|status| u16::try_from(status).ok()),
        vendor_request_ids: row.json("vendor_request_ids")?,
        idempotency_key: row.text_or_none("idempotency_key")?,
        request_id: row.text_or_none("request_id")?,
        details: row.json("details")?,
    })
}
