//! Master keys: their text, their ids, and the ring.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postrider_model::{Entropy, hex};
use ring::hkdf::{HKDF_SHA256, Prk};
use ring::{digest, hkdf};

/// The prefix of every master key.
pub const MASTER_KEY_PREFIX: &str = "pmk_";

/// Bytes of a master key.
const KEY_BYTES: usize = 32;

/// Most keys in a ring. Each rotation leaves one more until the operator removes those that seal nothing.
pub const MASTER_KEYS_MAX: usize = 100;

/// The id of a master key: the first 8 bytes of a hash of it. It tells keys apart and reveals nothing of
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; Self::BYTES]);

impl KeyId {
    /// Bytes of an id.
    pub const BYTES: usize = 8;

    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes, as sealed values hold them.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

/// Sixteen hexadecimal digits.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// A master key. `Debug` prints its id alone.
#[derive(Clone)]
pub struct MasterKey {
    id: KeyId,
    bytes: [u8; KEY_BYTES],
    derivation: Prk,
}

impl MasterKey {
    /// The key with these bytes, which must be random.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        let hash = digest::digest(
            &digest::SHA256,
            &[b"postrider master key".as_slice(), &bytes].concat(),
        );
        let mut id = [0; KeyId::BYTES];
        id.copy_from_slice(&hash.as_ref()[..KeyId::BYTES]);
        Self {
            id: KeyId(id),
            bytes,
            derivation: hkdf::Salt::new(HKDF_SHA256, &[]).extract(&bytes),
        }
    }

    /// A new random key.
    pub fn generate(entropy: &Entropy) -> Self {
        Self::from_bytes(entropy.bytes())
    }

    /// Its id.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The text of the key: `pmk_` and base64url. The caller is responsible for where it goes.
    pub fn expose(&self) -> String {
        format!("{MASTER_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(self.bytes))
    }

    /// What the keys of contexts are derived from.
    pub(super) const fn derivation(&self) -> &Prk {
        &self.derivation
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

/// A text that is not a master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `pmk_` and the base64url of 32 bytes (43 characters)")]
pub struct NotAMasterKey;

impl FromStr for MasterKey {
    type Err = NotAMasterKey;

    fn from_str(text: &str) -> Result<Self, NotAMasterKey> {
        let encoded = text.strip_prefix(MASTER_KEY_PREFIX).ok_or(NotAMasterKey)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| NotAMasterKey)?;
        let bytes = <[u8; KEY_BYTES]>::try_from(bytes).map_err(|_| NotAMasterKey)?;
        // Nobody draws such bytes; somebody has typed them as a placeholder.
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(NotAMasterKey);
        }
        Ok(Self::from_bytes(bytes))
    }
}

/// Why a text holds no ring of master keys. No error repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeysError {
    /// It holds no key.
    #[error("there is no key; {NotAMasterKey}, one key a line")]
    Empty,
    /// A line is not a key.
    #[error("line {line}: {NotAMasterKey}")]
    Malformed {
        /// The line, from 1.
        line: usize,
    },
    /// There are too many keys.
    #[error("there are more than {MASTER_KEYS_MAX} keys; remove those that seal nothing any more")]
    TooMany,
}

/// A ring of master keys: the first seals, all of them open. Never empty.
#[derive(Debug, Clone)]
pub struct MasterKeys(Vec<MasterKey>);

impl MasterKeys {
    /// A ring of one key.
    pub fn only(key: MasterKey) -> Self {
        Self(vec![key])
    }

    /// Reads keys from a text with one key a line; the first seals. Ignores blank lines, and lines that begin
    /// with `#`.
    ///
    /// # Errors
    /// See [`MasterKeysError`].
    pub fn parse(text: &str) -> Result<Self, MasterKeysError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key: MasterKey = line
                .parse()
                .map_err(|_| MasterKeysError::Malformed { line: index + 1 })?;
            if keys.iter().all(|other| other.id != key.id) {
                keys.push(key);
            }
        }
        match keys.len() {
            0 => Err(MasterKeysError::Empty),
            1..=MASTER_KEYS_MAX => Ok(Self(keys)),
            _ => Err(MasterKeysError::TooMany),
        }
    }

    /// The key that seals.
    pub(super) fn first(&self) -> &MasterKey {
        &self.0[0]
    }

    /// The key with this id.
    pub(super) fn by_id(&self, id: KeyId) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The ids, the first key's first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.0.iter().map(MasterKey::id).collect()
    }

    /// Makes `key` the one that seals.
    pub(super) fn put_first(&mut self, key: MasterKey) {
        self.0.retain(|other| other.id != key.id);
        self.0.insert(0, key);
    }
}
