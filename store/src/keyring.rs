//! The generations of the master key that a process can use.
//!
//! A process is started with one of them. While the master key is being changed, and for a while afterwards, the database
//! holds the next generation sealed by the one before (`handover`), so that a process with the old key can follow; and,
//! until nothing is wrapped by it any more, the one before sealed by the next (`previous`), so that a process with the new
//! key can read what is not wrapped anew yet. Either way it knows the root key, which no change touches.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::seal::{RootKey, Wrapping};
use crate::{MasterKey, StoreError};

/// One generation as the database has it.
pub(crate) struct Generation {
    pub(crate) key_id: i64,
    pub(crate) check: Vec<u8>,
    pub(crate) handover: Option<Vec<u8>>,
    pub(crate) previous: Option<Vec<u8>>,
}

/// Which generation wraps now, and the root key as wrapped by it.
pub(crate) struct Ring {
    pub(crate) key_id: i64,
    pub(crate) root: Vec<u8>,
}

/// What this process can open.
pub(crate) struct Keyring {
    held: RwLock<BTreeMap<i64, Arc<Wrapping>>>,
    pub(crate) root: RootKey,
    /// How errors call the database.
    database: String,
}

impl Keyring {
    /// The first key of a new database, and what to keep of it.
    pub(crate) fn first(master: &MasterKey, key_id: i64, database: String) -> Result<(Keyring, Ring), StoreError> {
        let wrapping = Wrapping::new(master, key_id);
        let root = RootKey::random()?;
        let ring = Ring { key_id, root: wrapping.wrap_root(&root)? };
        let held = RwLock::new(BTreeMap::from([(key_id, Arc::new(wrapping))]));
        Ok((Keyring { held, root, database }, ring))
    }

    /// The key that a process was started with, and what it leads to. A key that fits no generation is wrong; one that
    /// fits and leads nowhere is retired.
    pub(crate) fn open(
        master: &MasterKey,
        generations: &[Generation],
        ring: &Ring,
        database: String,
    ) -> Result<Keyring, StoreError> {
        let own = generations.iter().map(|generation| (Wrapping::new(master, generation.key_id), generation));
        let Some((own, _)) = own.into_iter().find(|(own, generation)| own.fits(&generation.check)) else {
            return Err(StoreError::WrongKey { database });
        };
        let own_id = own.key_id;
        let mut held = BTreeMap::from([(own_id, Arc::new(own))]);
        follow(&mut held, generations);
        let Some(current) = held.get(&ring.key_id) else {
            return Err(StoreError::KeyRetired { database });
        };
        if own_id != ring.key_id {
            tracing::warn!(
                "{database} has a new master key, and this process was started with an old one; start it with the new one"
            );
        }
        let Ok(root) = current.root(&ring.root) else {
            return Err(StoreError::damaged("the store itself", "the root key"));
        };
        Ok(Keyring { held: RwLock::new(held), root, database })
    }

    /// One generation, if it is held already.
    pub(crate) fn get(&self, key_id: i64) -> Option<Arc<Wrapping>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).get(&key_id).cloned()
    }

    /// Takes in what the database now leads to, and gives this generation.
    pub(crate) fn learn(&self, generations: &[Generation], wanted: i64) -> Result<Arc<Wrapping>, StoreError> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        follow(&mut held, generations);
        held.get(&wanted).cloned().ok_or_else(|| StoreError::KeyRetired { database: self.database.clone() })
    }

    /// Takes in a generation that this process has made.
    pub(crate) fn add(&self, wrapping: Arc<Wrapping>) {
        self.held.write().unwrap_or_else(PoisonError::into_inner).insert(wrapping.key_id, wrapping);
    }
}

/// Goes from neighbour to neighbour until nothing new is reached.
fn follow(held: &mut BTreeMap<i64, Arc<Wrapping>>, generations: &[Generation]) {
    loop {
        let before = held.len();
        for generation in generations {
            let (this, last) = (generation.key_id, generation.key_id - 1);
            let reached = match (held.get(&this), held.get(&last)) {
                (None, Some(last)) => generation.handover.as_ref().and_then(|sealed| last.next(sealed).ok()),
                (Some(this), None) => generation.previous.as_ref().and_then(|sealed| this.previous(sealed).ok()),
                _ => None,
            };
            if let Some(reached) = reached {
                held.insert(reached.key_id, Arc::new(reached));
            }
        }
        if held.len() == before {
            return;
        }
    }
}
