//! Sealing of secrets at rest: what it protects, and how.
//!
//! A secret that Postrider needs in the clear, such as a signing key, cannot be hashed. The store therefore
//! keeps it *sealed*: encrypted and authenticated under a master key that is not in the database. Somebody
//! who reads the database, a backup or a dump learns no secret without the master key. Somebody who writes to
//! the database cannot make a sealed value count for another row or account.
//!
//! A sealed value is `version (1 byte) | id of the master key (8) | nonce (12) | ciphertext and tag`. It is
//! sealed with ChaCha20-Poly1305 (RFC 8439) under a key that HKDF-SHA256 (RFC 5869) derives from the master
//! key for the value's [`Context`]. A value that was moved to another row opens under another key, and so
//! does not open. Each derived key seals the successive values of one row. Their random nonces of 96 bits
//! collide with a probability below 2^-32 up to 2^32 values (NIST SP 800-38D, section 8.3), which no row
//! reaches; the number of rows does not count.
//!
//! Values are sealed where a value of the model becomes a row ([`crate::rows`]), once for both stores, and
//! opened where a row becomes a value. Memory holds them in the clear: delivering opens nothing.
//!
//! **Rotation.** [`MasterKeys`] is a ring: the first key seals, all of them open. What another key than the
//! first sealed is sealed again in the background ([`crate::SecretStore::reseal`]).
//!
//! To add a sealed column: add a variant to [`What`], a `bytes` column for it, its sealing and opening in
//! `rows/<area>.rs`, an index on its key id, and the column to the statements in `secrets.rs` of each store.
//! A further secret of an automation needs no column: add it to [`crate::encoding::automation::Secrets`].
//!
//! This module must never read a file or a variable: the process passes the keys in.

mod master_key;

pub use master_key::{KeyId, MASTER_KEY_PREFIX, MASTER_KEYS_MAX, MasterKey, MasterKeys, MasterKeysError};

use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use postrider_model::{AccountId, Entropy};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::encoding::Damaged;

/// The only version of the format so far.
const VERSION: u8 = 1;

/// Bytes before the ciphertext.
const HEADER_BYTES: usize = 1 + KeyId::BYTES + NONCE_LEN;

/// Which column a sealed value is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The secret of a signing key.
    SigningKey,
    /// The secrets of an automation's actions.
    AutomationSecrets,
    /// The probe that ties a store to its master key.
    Probe,
    /// A person's sign-in under way, which is in a cookie and in no column.
    SignIn,
    /// The secret of a connection.
    Connection,
    /// A response that is kept for repetitions of its request.
    Response,
}

impl What {
    /// The name in the derivation of keys. It must never change.
    const fn name(self) -> &'static str {
        match self {
            Self::SigningKey => "signing_key",
            Self::AutomationSecrets => "automation_secrets",
            Self::Probe => "probe",
            Self::SignIn => "sign_in",
            Self::Connection => "connection",
            Self::Response => "response",
        }
    }
}

/// What a sealed value is, and in which row of which account. It opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    what: What,
    account: [u8; 16],
    row: [u8; 16],
}

impl Context {
    /// The context of a value in the row with this id.
    pub const fn new(what: What, account: AccountId, row: [u8; 16]) -> Self {
        Self {
            what,
            account: *account.as_bytes(),
            row,
        }
    }

    /// The context of the probe.
    pub const PROBE: Self = Self::of_installation(What::Probe, [0; 16]);

    /// The context of a value that belongs to no account.
    pub const fn of_installation(what: What, row: [u8; 16]) -> Self {
        Self {
            what,
            account: [0; 16],
            row,
        }
    }

    /// An unambiguous form, because only the name has a variable length.
    fn bytes(&self) -> Vec<u8> {
        let name = self.what.name().as_bytes();
        [b"postrider sealed value\0", name, b"\0", &self.account, &self.row].concat()
    }
}

/// Why a sealed value did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// The key that sealed it is not in the ring.
    #[error("a secret in the store needs master key {0}, which was not given")]
    UnknownKey(KeyId),
    /// It is damaged, or was moved here from another row.
    #[error("a sealed secret in the store is damaged, or was moved from another row")]
    Broken,
}

/// Why a row with sealed values could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It holds a value that no store writes.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// A sealed value did not open.
    #[error(transparent)]
    Unopened(#[from] Unopened),
}

/// Seals and opens values. Clones share one ring of keys.
#[derive(Clone)]
pub struct Sealer(Arc<Shared>);

struct Shared {
    keys: RwLock<MasterKeys>,
    entropy: Entropy,
}

impl Sealer {
    /// A sealer with these keys. `entropy` gives the nonces.
    pub fn new(keys: MasterKeys, entropy: Entropy) -> Self {
        let keys = RwLock::new(keys);
        Self(Arc::new(Shared { keys, entropy }))
    }

    /// The ids of the keys, the one that seals first.
    pub fn key_ids(&self) -> Vec<KeyId> {
        self.0.keys.read().ids()
    }

    /// The id of the key that seals.
    pub fn first_key_id(&self) -> KeyId {
        self.0.keys.read().first().id()
    }

    /// From now on seals with `key`, and still opens what the others sealed. The key must be durable already:
    /// what it seals is lost with it.
    pub fn put_first(&self, key: MasterKey) {
        self.0.keys.write().put_first(key);
    }

    /// Seals a value.
    pub fn seal(&self, context: &Context, value: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = self.0.entropy.bytes();
        let context = context.bytes();
        let keys = self.0.keys.read();
        let master = keys.first();
        let mut sealed = Vec::with_capacity(HEADER_BYTES + value.len() + CHACHA20_POLY1305.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(master.id().as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(value);
        let tag = derived(master, &context).seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&context),
            &mut sealed[HEADER_BYTES..],
        );
        let tag = tag.expect("the bounds of all values are far below the cipher's, 256 GiB");
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens a value that was sealed in this context.
    ///
    /// # Errors
    /// See [`Unopened`].
    pub fn open(&self, context: &Context, sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let id = key_id(sealed).ok_or(Unopened::Broken)?;
        let keys = self.0.keys.read();
        let master = keys.by_id(id).ok_or(Unopened::UnknownKey(id))?;
        let (header, ciphertext) = sealed.split_at_checked(HEADER_BYTES).ok_or(Unopened::Broken)?;
        let nonce = header[1 + KeyId::BYTES..]
            .try_into()
            .map_err(|_| Unopened::Broken)?;
        let context = context.bytes();
        let mut ciphertext = ciphertext.to_vec();
        let opened = derived(master, &context).open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&context),
            &mut ciphertext,
        );
        let length = opened.map_err(|_| Unopened::Broken)?.len();
        ciphertext.truncate(length);
        Ok(ciphertext)
    }

    /// Seals a value again under the first key.
    ///
    /// # Errors
    /// See [`Unopened`].
    pub fn reseal(&self, context: &Context, sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        Ok(self.seal(context, &self.open(context, sealed)?))
    }

    /// Checks that these keys, which sealed the values of a store, are all in the ring.
    ///
    /// # Errors
    /// [`MissingKeys`].
    pub fn check(&self, of_store: impl IntoIterator<Item = KeyId>) -> Result<(), MissingKeys> {
        let given = self.key_ids();
        let mut needed: Vec<_> = of_store.into_iter().filter(|id| !given.contains(id)).collect();
        needed.sort_unstable();
        needed.dedup();
        if needed.is_empty() {
            Ok(())
        } else {
            Err(MissingKeys { needed, given })
        }
    }
}

/// Says which keys there are, by their ids.
impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sealer").field(&self.key_ids()).finish()
    }
}

/// A sealer for tests, whose master key everybody knows. It repeats its nonces from one process to the next.
#[cfg(any(test, feature = "testing"))]
pub fn known_sealer() -> Sealer {
    let calls = std::sync::atomic::AtomicU64::new(1);
    let entropy = Entropy::new(move |bytes| {
        let call = calls
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            .to_le_bytes();
        for (byte, value) in bytes.iter_mut().zip(call.into_iter().cycle()) {
            *byte = value;
        }
    });
    Sealer::new(MasterKeys::only(MasterKey::from_bytes([7; 32])), entropy)
}

/// Master keys that a store needs and that were not given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store needs master key {}; given are {}", listed(needed), listed(given))]
pub struct MissingKeys {
    /// The missing keys.
    pub needed: Vec<KeyId>,
    /// The given keys.
    pub given: Vec<KeyId>,
}

/// Ids of keys, for people.
pub fn listed(ids: &[KeyId]) -> String {
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    ids.join(", ")
}

/// The id of the master key that sealed a value; `None` for what is not a sealed value of this version.
///
/// Statements find it at bytes 2 to 9, counted from 1.
pub fn key_id(sealed: &[u8]) -> Option<KeyId> {
    match sealed.split_first() {
        Some((&VERSION, rest)) => rest.first_chunk().map(|id| KeyId::from_bytes(*id)),
        _ => None,
    }
}

/// The key for the values of one context.
fn derived(master: &MasterKey, context: &[u8]) -> LessSafeKey {
    let info = [context];
    let derived = master.derivation().expand(&info, &CHACHA20_POLY1305);
    let derived = derived.expect("the key's length is far below HKDF's bound, 8,160 bytes");
    LessSafeKey::new(UnboundKey::from(derived))
}

#[cfg(test)]
mod tests;
