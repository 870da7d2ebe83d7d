//! The statements on the master key's generations: the check at the start, and the change from one to the next.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::SqlStore;
use super::db::{Pool, Tx, values};
use crate::keyring::{Generation, Keyring, Ring};
use crate::seal::Wrapping;
use crate::{MasterKey, Rotation, StoreError, time};

/// Accounts whose data keys are wrapped anew in one transaction: others wait no longer than that takes.
const BATCH: i64 = 100;

/// The keyring of a process that starts. A new database gets its first key; any other refuses a wrong one.
pub(super) async fn open(
    tx: &mut Tx,
    master: &MasterKey,
    is_new: bool,
    database: String,
) -> Result<Keyring, StoreError> {
    let generations = generations(tx).await?;
    match (ring(tx, Lock::None).await?, generations.first()) {
        (Some(ring), _) => Keyring::open(master, &generations, &ring, database),
        // made before there was a root key
        (None, Some(newest)) => {
            if !Wrapping::new(master, newest.key_id).fits(&newest.check) {
                return Err(StoreError::WrongKey { database });
            }
            let (keyring, ring) = Keyring::first(master, newest.key_id, database)?;
            insert_ring(tx, &ring).await?;
            Ok(keyring)
        }
        // without the check no key can be shown to be the right one
        (None, None) if !is_new => Err(StoreError::WrongKey { database }),
        (None, None) => {
            let (keyring, ring) = Keyring::first(master, 1, database)?;
            let check = Wrapping::new(master, 1).check()?;
            tx.execute(
                "INSERT INTO master_keys (key_id, sealed_check, created_at) VALUES ($1, $2, $3)",
                values![1, check, Timestamp::now()],
            )
            .await?;
            insert_ring(tx, &ring).await?;
            Ok(keyring)
        }
    }
}

/// One generation, looked up in the database where this process does not hold it yet.
pub(super) async fn wrapping(store: &SqlStore, tx: &mut Tx, key_id: i64) -> Result<Arc<Wrapping>, StoreError> {
    match store.keys.get(key_id) {
        Some(wrapping) => Ok(wrapping),
        None => store.keys.learn(&generations(tx).await?, key_id),
    }
}

/// The generation that wraps now. Until the transaction ends, no change of the master key gets past it.
pub(super) async fn current(store: &SqlStore, tx: &mut Tx) -> Result<Arc<Wrapping>, StoreError> {
    let ring = ring(tx, Lock::Share).await?.ok_or_else(no_ring)?;
    wrapping(store, tx, ring.key_id).await
}

/// Looks whether the master key was changed, so that this process holds the new one before the handover ends.
pub(super) async fn follow(store: &SqlStore) -> Result<(), StoreError> {
    let mut tx = store.pool.read("looking for a new key").await?;
    let ring = ring(&mut tx, Lock::None).await?.ok_or_else(no_ring)?;
    wrapping(store, &mut tx, ring.key_id).await.map(drop)
}

/// Ends the handovers whose time is over.
pub(super) async fn end_handovers(pool: &Pool) -> Result<u64, StoreError> {
    let mut tx = pool.write("ending a handover").await?;
    let now = tx.now().await?;
    let sql = "UPDATE master_keys SET handover = NULL WHERE handover IS NOT NULL AND handover_until <= $1";
    let ended = tx.execute(sql, values![now]).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Changes the master key. Each step leaves a state in which everything can be read, and from which this goes on.
pub(super) async fn rotate(store: &SqlStore, new: &MasterKey, handover: Duration) -> Result<Rotation, StoreError> {
    let Begun { next, finished } = begin(store, new).await?;
    if let Some(handover_until) = finished {
        return Ok(Rotation { key_id: next.key_id, rewrapped: 0, handover_until });
    }
    let mut rewrapped = 0;
    loop {
        rewrapped += rewrap(store, &next).await?;
        if let Some(handover_until) = finish(store, &next, handover).await? {
            return Ok(Rotation { key_id: next.key_id, rewrapped, handover_until });
        }
    }
}

/// A change of the master key that has begun.
struct Begun {
    next: Arc<Wrapping>,
    /// It has ended too, long ago: until when the handover lasts.
    finished: Option<Option<Timestamp>>,
}

/// From here on the new generation wraps; the old one only opens.
async fn begin(store: &SqlStore, new: &MasterKey) -> Result<Begun, StoreError> {
    let mut tx = store.pool.write("changing the master key").await?;
    let ring = ring(&mut tx, Lock::Update).await?.ok_or_else(no_ring)?;
    let generations = generations(&mut tx).await?;
    let old = wrapping(store, &mut tx, ring.key_id).await?;
    let current = generations.iter().find(|generation| generation.key_id == ring.key_id);
    let is_underway = current.is_some_and(|current| current.previous.is_some());

    let fits = |generation: &&Generation| Wrapping::new(new, generation.key_id).fits(&generation.check);
    match generations.iter().find(fits) {
        Some(generation) if generation.key_id == ring.key_id => {
            let finished = if is_underway { None } else { Some(handover_until(&mut tx, ring.key_id).await?) };
            return Ok(Begun { next: old, finished });
        }
        _ if is_underway => return Err(StoreError::RotationUnderway),
        Some(_) => return Err(StoreError::KeyUsedBefore),
        None => {}
    }

    let next = Arc::new(Wrapping::new(new, ring.key_id + 1));
    let root = next.wrap_root(&store.keys.root)?;
    tx.execute(
        "INSERT INTO master_keys (key_id, sealed_check, created_at, handover, previous) VALUES ($1, $2, $3, $4, $5)",
        values![next.key_id, next.check()?, Timestamp::now(), old.hand_over(&next)?, next.keep_previous(&old)?],
    )
    .await?;
    tx.execute("UPDATE key_ring SET key_id = $1, root = $2", values![next.key_id, root]).await?;
    tx.commit().await?;
    store.keys.add(next.clone());
    Ok(Begun { next, finished: None })
}

/// Wraps the data keys anew that the old generation wraps, some at a time.
async fn rewrap(store: &SqlStore, next: &Wrapping) -> Result<u64, StoreError> {
    let mut rewrapped = 0;
    loop {
        let mut tx = store.pool.write("wrapping data keys anew").await?;
        let rows = tx
            .all(
                "SELECT id, wrapped_key, key_id FROM accounts WHERE key_id <> $1 ORDER BY id LIMIT $2 FOR UPDATE",
                values![next.key_id, BATCH],
            )
            .await?;
        if rows.is_empty() {
            return Ok(rewrapped);
        }
        for row in rows {
            let account = row.id("id")?;
            let old = wrapping(store, &mut tx, row.int("key_id")?).await?;
            let data_key = old.data_key(account, &row.bytes("wrapped_key")?);
            let data_key = data_key.map_err(|_| StoreError::damaged(account, "the data key"))?;
            tx.execute(
                "UPDATE accounts SET wrapped_key = $1, key_id = $2 WHERE id = $3",
                values![next.wrap(&data_key)?, next.key_id, account],
            )
            .await?;
            rewrapped += 1;
        }
        tx.commit().await?;
    }
}

/// Takes the old generation away, unless something is still wrapped by it. Tells until when the handover lasts.
async fn finish(
    store: &SqlStore,
    next: &Wrapping,
    handover: Duration,
) -> Result<Option<Option<Timestamp>>, StoreError> {
    let mut tx = store.pool.write("ending the change of the master key").await?;
    // whoever was about to wrap something is waited for
    ring(&mut tx, Lock::Update).await?;
    let left = tx.one("SELECT count(*) AS n FROM accounts WHERE key_id <> $1", values![next.key_id]).await?;
    if left.int("n")? > 0 {
        return Ok(None);
    }
    let now = tx.now().await?;
    let handover = SignedDuration::try_from(handover).unwrap_or(SignedDuration::MAX);
    let until = time::kept(now.checked_add(handover).unwrap_or(Timestamp::MAX));
    tx.execute(
        "UPDATE master_keys SET previous = NULL, handover_until = $1 WHERE key_id = $2",
        values![until, next.key_id],
    )
    .await?;
    // of older generations none is left whose time is over, and with no handover not this one either
    let sql = "UPDATE master_keys SET handover = NULL WHERE handover_until <= $1";
    tx.execute(sql, values![now]).await?;
    tx.commit().await?;
    Ok(Some((until > now).then_some(until)))
}

async fn handover_until(tx: &mut Tx, key_id: i64) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT handover_until FROM master_keys WHERE key_id = $1 AND handover IS NOT NULL";
    match tx.first(sql, values![key_id]).await? {
        Some(row) => row.time_or_none("handover_until"),
        None => Ok(None),
    }
}

/// All generations, the newest first.
async fn generations(tx: &mut Tx) -> Result<Vec<Generation>, StoreError> {
    let sql = "SELECT key_id, sealed_check, handover, previous FROM master_keys ORDER BY key_id DESC";
    let rows = tx.all(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            Ok(Generation {
                key_id: row.int("key_id")?,
                check: row.bytes("sealed_check")?,
                handover: row.bytes_or_none("handover")?,
                previous: row.bytes_or_none("previous")?,
            })
        })
        .collect()
}

/// Whether others may read or change the ring meanwhile.
enum Lock {
    None,
    Share,
    Update,
}

async fn ring(tx: &mut Tx, lock: Lock) -> Result<Option<Ring>, StoreError> {
    let sql = match lock {
        Lock::None => "SELECT key_id, root FROM key_ring",
        Lock::Share => "SELECT key_id, root FROM key_ring FOR SHARE",
        Lock::Update => "SELECT key_id, root FROM key_ring FOR UPDATE",
    };
    let row = tx.first(sql, vec![]).await?;
    row.map(|row| Ok(Ring { key_id: row.int("key_id")?, root: row.bytes("root")? })).transpose()
}

async fn insert_ring(tx: &mut Tx, ring: &Ring) -> Result<(), StoreError> {
    let sql = "INSERT INTO key_ring (one, key_id, root) VALUES (1, $1, $2)";
    tx.execute(sql, values![ring.key_id, ring.root.clone()]).await.map(drop)
}

fn no_ring() -> StoreError {
    StoreError::damaged("the store itself", "the key ring")
}

/// Lets one transaction at a time past: what there must be one of in the whole store is made under it.
pub(super) async fn alone(tx: &mut Tx) -> Result<(), StoreError> {
    ring(tx, Lock::Update).await.map(drop)
}
