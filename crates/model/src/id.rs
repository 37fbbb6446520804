//! Ids: a type prefix and a UUIDv7, written as a TypeID (`evt_01h455vb4pex5vsknk084sn02q`).
//!
//! Source: TypeID specification 0.3 and RFC 9562 section 5.7.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use type_safe_id::{StaticType, TypeSafeId};
use uuid::Uuid;

use crate::time::Timestamp;

/// A string that is not a TypeID of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that starts with `{expected}_` followed by 26 characters")]
pub struct IdError {
    /// The prefix that was expected, without the underscore.
    pub expected: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $tag:ident, $prefix:literal) => {
        #[derive(Default)]
        struct $tag;
        impl StaticType for $tag {
            const TYPE: &'static str = $prefix;
        }

        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of every such id, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id whose UUID has these 16 bytes, in network order.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes of the id's UUID, in network order: what a store keeps.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The UUID as a number. Within a process, later ids have greater numbers.
            pub const fn as_u128(&self) -> u128 {
                self.0.as_u128()
            }

            /// The id with this number.
            pub const fn from_u128(value: u128) -> Self {
                Self(Uuid::from_u128(value))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&TypeSafeId::<$tag>::from_uuid(self.0), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse::<TypeSafeId<$tag>>()
                    .map(|id| Self(id.uuid()))
                    .map_err(|_| IdError { expected: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// One customer of the company that runs Postrider.
    AccountId, AccountTag, "acct"
);
id!(
    /// A signing key of an account.
    SigningKeyId, SigningKeyTag, "key"
);
id!(
    /// Something that happened in an account.
    EventId, EventTag, "evt"
);
id!(
    /// A trigger and its actions.
    AutomationId, AutomationTag, "auto"
);
id!(
    /// One action of an automation.
    ActionId, ActionTag, "act"
);
id!(
    /// One event to be carried out by one action.
    DeliveryId, DeliveryTag, "dlv"
);
id!(
    /// A key for the API.
    ApiKeyId, ApiKeyTag, "apikey"
);
id!(
    /// A portal link or a session of the console.
    GrantId, GrantTag, "grant"
);
id!(
    /// An entry of the audit trail.
    AuditId, AuditTag, "aud"
);
id!(
    /// How to authenticate at a receiver.
    ConnectionId, ConnectionTag, "conn"
);

impl AuditId {
    /// When it was generated, to the millisecond.
    pub const fn time(&self) -> Timestamp {
        // 48 bits of time are never negative.
        Timestamp::from_unix_ms((self.as_u128() >> 80) as i64)
    }

    /// The smallest id of this time: all ids that were generated earlier are smaller.
    pub fn first_at(time: Timestamp) -> Self {
        let ms = time.unix_ms().clamp(0, (1 << 48) - 1).unsigned_abs();
        Self::from_u128(u128::from(ms) << 80)
    }
}

/// Generates UUIDv7 ids that never repeat and never go backwards within the process.
///
/// The 74 bits after the time hold 12 bits of sub-millisecond sequence, then 46 random bits that stay the
/// same for the life of the generator, then 16 bits that number the members of a block. Two processes collide
/// only if they share the millisecond, the sequence and the 46 random bits.
#[derive(Debug)]
pub struct IdGenerator {
    /// The last ticket handed out: milliseconds shifted left by 12, plus the sequence within that
    /// millisecond.
    last: AtomicU64,
    /// 46 random bits of this process.
    node: u64,
}

/// Number of consecutive ids in one block, which numbers the deliveries of one event.
pub const BLOCK_IDS_MAX: usize = 1 << 16;

impl IdGenerator {
    /// Creates a generator. `entropy` must be random: it alone keeps two processes apart.
    pub fn new(entropy: u64) -> Self {
        Self {
            last: AtomicU64::new(0),
            node: entropy & ((1 << 46) - 1),
        }
    }

    /// Reserves a block of [`BLOCK_IDS_MAX`] consecutive ids and returns the first.
    ///
    /// The others are `first + 1`, `first + 2`, …: a store finds the deliveries of an event as a range of its
    /// primary key, without a separate index.
    pub fn next_block(&self, now: Timestamp) -> u128 {
        let floor = (now.unix_ms().max(0).cast_unsigned()) << 12;
        let ticket = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(floor.max(last + 1))
            })
            .map_or(floor, |last| floor.max(last + 1));
        let (ms, sequence) = (u128::from(ticket >> 12), u128::from(ticket & 0xfff));
        // RFC 9562, figure 11: 48 bits of time, version 7, 12 bits, variant 0b10, 62 bits.
        (ms << 80) | (7 << 76) | (sequence << 64) | (0b10 << 62) | (u128::from(self.node) << 16)
    }
}

macro_rules! next {
    ($($method:ident -> $id:ident),* $(,)?) => {
        impl IdGenerator {
            $(
                /// A fresh id of this kind.
                pub fn $method(&self, now: Timestamp) -> $id {
                    $id::from_u128(self.next_block(now))
                }
            )*
        }
    };
}
next!(
    account -> AccountId,
    signing_key -> SigningKeyId,
    event -> EventId,
    automation -> AutomationId,
    action -> ActionId,
    api_key -> ApiKeyId,
    grant -> GrantId,
    audit -> AuditId,
    connection -> ConnectionId,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_as_typeids_and_back() {
        let id: EventId = "evt_01h455vb4pex5vsknk084sn02q".parse().unwrap();
        assert_eq!(id.to_string(), "evt_01h455vb4pex5vsknk084sn02q");
        assert_eq!(EventId::from_bytes(*id.as_bytes()), id);
    }

    #[test]
    fn invalid_ids_and_ids_of_another_kind_are_refused() {
        for text in [
            "",
            "evt",
            "evt_",
            "acct_01h455vb4pex5vsknk084sn02q",
            "evt_01h455vb4pex5vsknk084sn02",
            "evt_81h455vb4pex5vsknk084sn02q",
            "evt_01H455VB4PEX5VSKNK084SN02Q",
            "evt_01h455vb4pex5vsknk084sn02u",
        ] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
    }

    #[test]
    fn ids_are_version_7_grow_and_never_repeat_even_when_the_clock_steps_back() {
        let generator = IdGenerator::new(u64::MAX);
        let mut last = 0;
        for ms in [
            1_700_000_000_000,
            1_700_000_000_000,
            1_700_000_000_005,
            1_600_000_000_000,
        ] {
            for _ in 0..5_000 {
                let block = generator.next_block(Timestamp::from_unix_ms(ms));
                assert!(block >= last + BLOCK_IDS_MAX as u128 || last == 0);
                let uuid = Uuid::from_u128(block);
                assert_eq!(
                    (uuid.get_version_num(), uuid.get_variant()),
                    (7, uuid::Variant::RFC4122)
                );
                last = block;
            }
        }
    }
}
