//! The one place that encrypts: XChaCha20-Poly1305, a fresh random nonce each time.
//!
//! A sealed value is `version (1 byte) ‖ nonce (24) ‖ ciphertext and tag`. Its associated data names what it is and where
//! it stands (account, name), so that it opens nowhere else. Nothing here knows a database: every store seals alike.
//!
//! ```text
//! master key, outside the database, generation 1, 2, …
//!  └ wrapping key, derived from it
//!     ├ root key, random, one for each store: keys that outlast a change of the master key are derived from it
//!     │  ├ of each audit chain    ├ of the payloads of link tokens    └ of purposes outside the store
//!     └ data key, random, one for each account
//!        └ secrets, vendor tokens, stored answers
//! ```
//!
//! So a change of the master key wraps the root key and the data keys anew, and nothing else; see `keyring.rs`.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{MasterKey, StoreError, TRIALS};

/// The form of sealed values. A later one gets another number, and both can be read.
const VERSION: u8 = 1;

/// What the key check holds. No secret: what counts is whether it opens.
const CHECK: &[u8] = b"userdir key check";

/// The value did not open: another key, another place, or changed bytes. Which one cannot be known.
#[derive(Debug, PartialEq)]
pub(crate) struct DoesNotOpen;

/// Where a sealed value stands. It opens in that place alone.
#[derive(Clone, Copy)]
enum Place<'a> {
    KeyCheck { key_id: i64 },
    DataKey { account: Uuid, key_id: i64 },
    Secret { account: Uuid, name: &'a str },
    Token { account: Uuid, slot: &'a str },
    Answer { account: Uuid, scope: &'a [u8; 32] },
    Link { hash: &'a [u8; 32] },
    Root { key_id: i64 },
    Handover { to: i64 },
    Previous { of: i64 },
}

impl Place<'_> {
    /// Fixed-length parts first and at most one free text, at the end: no two places give the same bytes.
    fn associated_data(self) -> Vec<u8> {
        let (kind, account, rest): (&[u8], _, &[u8]) = match &self {
            Self::KeyCheck { key_id } => (b"check", Uuid::nil(), &key_id.to_be_bytes()),
            Self::DataKey { account, key_id } => (b"dkey_", *account, &key_id.to_be_bytes()),
            Self::Secret { account, name } => (b"secrt", *account, name.as_bytes()),
            Self::Token { account, slot } => (b"token", *account, slot.as_bytes()),
            Self::Answer { account, scope } => (b"answr", *account, *scope),
            Self::Link { hash } => (b"link_", Uuid::nil(), *hash),
            Self::Root { key_id } => (b"root_", Uuid::nil(), &key_id.to_be_bytes()),
            Self::Handover { to } => (b"hando", Uuid::nil(), &to.to_be_bytes()),
            Self::Previous { of } => (b"previ", Uuid::nil(), &of.to_be_bytes()),
        };
        [b"userdir/v1/", kind, account.as_bytes(), rest].concat()
    }
}

/// One encryption key, wiped when dropped.
pub(crate) struct Key(SecretBox<[u8; 32]>);

impl Key {
    pub(crate) fn new(bytes: SecretBox<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    fn random() -> Result<Self, StoreError> {
        let mut bytes = SecretBox::new(Box::new([0; 32]));
        fill_random(bytes.expose_secret_mut())?;
        Ok(Self(bytes))
    }

    /// A key for one purpose: HMAC-SHA-256 over a label that no two uses share. It tells nothing of this one or others.
    pub(crate) fn derive(&self, whose: &str, purpose: &[u8]) -> SecretBox<[u8; 32]> {
        let mac = hmac(self.0.expose_secret())
            .chain_update(b"userdir/v1\0")
            .chain_update(whose)
            .chain_update(b"\0")
            .chain_update(purpose);
        SecretBox::new(Box::new(mac.finalize().into_bytes().into()))
    }

    /// The key inside an opened value.
    fn unwrapped(plain: &[u8]) -> Result<Self, DoesNotOpen> {
        let bytes = <[u8; 32]>::try_from(plain).map(Zeroizing::new).map_err(|_| DoesNotOpen)?;
        Ok(Self(SecretBox::new(Box::new(*bytes))))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.expose_secret().into())
    }

    fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; 24];
        fill_random(&mut nonce)?;
        let payload = Payload { msg: plain, aad: &place.associated_data() };
        // fails only for values beyond 256 GiB
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| StoreError::NotSealed)?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let (&version, rest) = sealed.split_first().ok_or(DoesNotOpen)?;
        let (nonce, sealed) = rest.split_first_chunk::<24>().ok_or(DoesNotOpen)?;
        if version != VERSION {
            return Err(DoesNotOpen);
        }
        let payload = Payload { msg: sealed, aad: &place.associated_data() };
        let plain = self.cipher().decrypt(&XNonce::from(*nonce), payload);
        plain.map(Zeroizing::new).map_err(|_| DoesNotOpen)
    }
}

/// One generation of the master key, as a store uses it.
pub(crate) struct Wrapping {
    key: Key,
    pub(crate) key_id: i64,
}

impl Wrapping {
    pub(crate) fn new(master: &MasterKey, key_id: i64) -> Self {
        Self { key: master.wrapping_key(), key_id }
    }

    /// What to keep, so that a wrong key is known later.
    pub(crate) fn check(&self) -> Result<Vec<u8>, StoreError> {
        self.key.seal(Place::KeyCheck { key_id: self.key_id }, CHECK)
    }

    /// Whether this is the key that `sealed_check` was made with.
    pub(crate) fn fits(&self, sealed_check: &[u8]) -> bool {
        let opened = self.key.open(Place::KeyCheck { key_id: self.key_id }, sealed_check);
        opened.is_ok_and(|plain| *plain == CHECK)
    }

    /// The next generation, sealed for those who hold this one.
    pub(crate) fn hand_over(&self, next: &Wrapping) -> Result<Vec<u8>, StoreError> {
        self.key.seal(Place::Handover { to: next.key_id }, next.key.0.expose_secret())
    }

    /// The next generation, from what [`Wrapping::hand_over`] made.
    pub(crate) fn next(&self, sealed: &[u8]) -> Result<Wrapping, DoesNotOpen> {
        let key_id = self.key_id + 1;
        let key = Key::unwrapped(&self.key.open(Place::Handover { to: key_id }, sealed)?)?;
        Ok(Wrapping { key, key_id })
    }

    /// The generation before, sealed for those who hold this one.
    pub(crate) fn keep_previous(&self, previous: &Wrapping) -> Result<Vec<u8>, StoreError> {
        self.key.seal(Place::Previous { of: self.key_id }, previous.key.0.expose_secret())
    }

    /// The generation before, from what [`Wrapping::keep_previous`] made.
    pub(crate) fn previous(&self, sealed: &[u8]) -> Result<Wrapping, DoesNotOpen> {
        let key = Key::unwrapped(&self.key.open(Place::Previous { of: self.key_id }, sealed)?)?;
        Ok(Wrapping { key, key_id: self.key_id - 1 })
    }

    /// A new data key for an account, and its wrapped form to keep.
    pub(crate) fn new_data_key(&self, account: Uuid) -> Result<(DataKey, Vec<u8>), StoreError> {
        let data_key = DataKey { account, key: Key::random()? };
        let wrapped = self.wrap(&data_key)?;
        Ok((data_key, wrapped))
    }

    /// A data key in its wrapped form.
    pub(crate) fn wrap(&self, data_key: &DataKey) -> Result<Vec<u8>, StoreError> {
        let place = Place::DataKey { account: data_key.account, key_id: self.key_id };
        self.key.seal(place, data_key.key.0.expose_secret())
    }

    /// The data key of an account, from its wrapped form.
    pub(crate) fn data_key(&self, account: Uuid, wrapped: &[u8]) -> Result<DataKey, DoesNotOpen> {
        let plain = self.key.open(Place::DataKey { account, key_id: self.key_id }, wrapped)?;
        Ok(DataKey { account, key: Key::unwrapped(&plain)? })
    }

    /// The root key in its wrapped form.
    pub(crate) fn wrap_root(&self, root: &RootKey) -> Result<Vec<u8>, StoreError> {
        self.key.seal(Place::Root { key_id: self.key_id }, root.0.0.expose_secret())
    }

    /// The root key, from its wrapped form.
    pub(crate) fn root(&self, wrapped: &[u8]) -> Result<RootKey, DoesNotOpen> {
        let plain = self.key.open(Place::Root { key_id: self.key_id }, wrapped)?;
        Ok(RootKey(Key::unwrapped(&plain)?))
    }
}

/// The key from which stem those that outlast a change of the master key.
pub(crate) struct RootKey(Key);

impl RootKey {
    pub(crate) fn random() -> Result<Self, StoreError> {
        Key::random().map(Self)
    }

    /// For a purpose outside the store.
    pub(crate) fn for_others(&self, purpose: &str) -> SecretBox<[u8; 32]> {
        self.0.derive("for others", purpose.as_bytes())
    }

    /// For the audit chain of an account.
    pub(crate) fn for_audit(&self, account: Uuid) -> SecretBox<[u8; 32]> {
        self.0.derive("audit", account.as_bytes())
    }

    /// Seals what a link token remembers; `hash` is that of its value.
    pub(crate) fn seal_link(&self, hash: &[u8; 32], payload: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.links().seal(Place::Link { hash }, payload)
    }

    pub(crate) fn open_link(&self, hash: &[u8; 32], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        self.links().open(Place::Link { hash }, sealed)
    }

    /// For the tokens of connections that have no account yet.
    pub(crate) fn for_trials(&self) -> DataKey {
        DataKey { account: TRIALS, key: Key(self.0.derive("trials", b"")) }
    }

    fn links(&self) -> Key {
        Key(self.0.derive("links", b""))
    }
}

/// HMAC-SHA-256 under a key of 32 bytes.
pub(crate) fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC pads a short key with zeros to one block; done here, since then no length can be wrong
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    <Hmac<Sha256> as KeyInit>::new((&*block).into())
}

/// The key of one account's secrets and tokens.
pub(crate) struct DataKey {
    account: Uuid,
    key: Key,
}

impl DataKey {
    pub(crate) fn seal_secret(&self, name: &str, value: &SecretString) -> Result<Vec<u8>, StoreError> {
        self.key.seal(self.secret(name), value.expose_secret().as_bytes())
    }

    pub(crate) fn open_secret(&self, name: &str, sealed: &[u8]) -> Result<SecretString, DoesNotOpen> {
        text(self.key.open(self.secret(name), sealed)?)
    }

    pub(crate) fn seal_token(&self, slot: &str, value: &SecretString) -> Result<Vec<u8>, StoreError> {
        self.key.seal(self.token(slot), value.expose_secret().as_bytes())
    }

    pub(crate) fn open_token(&self, slot: &str, sealed: &[u8]) -> Result<SecretString, DoesNotOpen> {
        text(self.key.open(self.token(slot), sealed)?)
    }

    pub(crate) fn seal_answer(&self, scope: &[u8; 32], answer: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.key.seal(Place::Answer { account: self.account, scope }, answer)
    }

    pub(crate) fn open_answer(&self, scope: &[u8; 32], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        self.key.open(Place::Answer { account: self.account, scope }, sealed)
    }

    fn secret<'a>(&self, name: &'a str) -> Place<'a> {
        Place::Secret { account: self.account, name }
    }

    fn token<'a>(&self, slot: &'a str) -> Place<'a> {
        Place::Token { account: self.account, slot }
    }
}

/// Copied from a slice, so that no buffer is resized on the way and leaves the text behind.
fn text(plain: Zeroizing<Vec<u8>>) -> Result<SecretString, DoesNotOpen> {
    std::str::from_utf8(&plain).map(SecretString::from).map_err(|_| DoesNotOpen)
}

/// Random bytes from the operating system.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), StoreError> {
    getrandom::fill(bytes).map_err(|_| StoreError::NotSealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapping(byte: u8) -> Wrapping {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode([byte; 32]);
        Wrapping::new(&MasterKey::from_base64(&text).unwrap(), 1)
    }

    #[test]
    fn opens_what_it_sealed() {
        let account = Uuid::new_v4();
        let (key, wrapped) = wrapping(1).new_data_key(account).unwrap();
        let sealed = key.seal_secret("api_token", &"s3cret".into()).unwrap();
        let again = wrapping(1).data_key(account, &wrapped).unwrap();
        assert_eq!(again.open_secret("api_token", &sealed).unwrap().expose_secret(), "s3cret");
    }

    #[test]
    fn never_seals_alike_twice() {
        let (key, _) = wrapping(1).new_data_key(Uuid::new_v4()).unwrap();
        let seal = || key.seal_secret("k", &"v".into()).unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_wrong_master_key_opens_nothing() {
        let account = Uuid::new_v4();
        let (_, wrapped) = wrapping(1).new_data_key(account).unwrap();
        assert!(wrapping(2).data_key(account, &wrapped).is_err());
        assert!(!wrapping(2).fits(&wrapping(1).check().unwrap()));
        assert!(wrapping(1).fits(&wrapping(1).check().unwrap()));
    }

    #[test]
    fn opens_in_its_own_place_alone() {
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        let (key, wrapped) = wrapping(1).new_data_key(a).unwrap();
        let sealed = key.seal_secret("k", &"v".into()).unwrap();
        assert!(key.open_secret("other", &sealed).is_err(), "another name");
        assert!(key.open_token("k", &sealed).is_err(), "another kind");
        assert!(wrapping(1).data_key(b, &wrapped).is_err(), "another account");
        let moved = DataKey { account: b, key: key.key };
        assert!(moved.open_secret("k", &sealed).is_err(), "another account, same data key");
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let (key, _) = wrapping(1).new_data_key(Uuid::new_v4()).unwrap();
        let sealed = key.seal_secret("k", &"value".into()).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open_secret("k", &changed).is_err(), "byte {at}");
            assert!(key.open_secret("k", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn keys_of_different_purposes_differ() {
        let master = MasterKey::from_base64("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        let root = RootKey(Key::new(SecretBox::new(Box::new([0; 32]))));
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        let keys = [
            *root.for_others("cursors").expose_secret(),
            *root.for_others("audit").expose_secret(),
            *root.for_audit(a).expose_secret(),
            *root.for_audit(b).expose_secret(),
            *root.links().0.expose_secret(),
            *root.for_trials().key.0.expose_secret(),
            *master.wrapping_key().0.expose_secret(),
            [0; 32],
        ];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys.iter().skip(i + 1).all(|b| a != b), "key {i}");
        }
    }

    #[test]
    fn a_generation_opens_its_neighbours_alone() {
        let (one, two) = (wrapping(1), Wrapping { key_id: 2, ..wrapping(2) });
        let (handed, kept) = (one.hand_over(&two).unwrap(), two.keep_previous(&one).unwrap());
        assert!(one.next(&handed).unwrap().fits(&two.check().unwrap()));
        assert!(two.previous(&kept).unwrap().fits(&one.check().unwrap()));
        assert!(two.next(&handed).is_err() && one.previous(&kept).is_err());
        let three = Wrapping { key_id: 3, ..wrapping(3) };
        assert!(three.next(&handed).is_err() && three.previous(&kept).is_err());
    }
}
