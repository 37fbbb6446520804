//! Cursors: positions in lists as opaque text.
//!
//! A cursor is `cur_` and the base64url of the store's [`Position`] followed by a check: the first bytes of
//! the SHA-256 of list and position. The check is not secret. It detects a cursor that was truncated,
//! invented or taken from another list, which would otherwise return a meaningless page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postrider_model::AccountId;
use postrider_storage::Position;
use sha2::{Digest, Sha256};

const PREFIX: &str = "cur_";
const POSITION_BYTES: usize = 16;
const CHECK_BYTES: usize = 5;

/// The list that a cursor belongs to: its name and its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListId {
    /// The name, as in the path.
    pub name: &'static str,
    /// The account; `None` for a list of the whole installation.
    pub account: Option<AccountId>,
}

impl ListId {
    /// A list of the whole installation.
    pub const fn of_all(name: &'static str) -> Self {
        Self { name, account: None }
    }

    /// A list of an account.
    pub const fn of(account: AccountId, name: &'static str) -> Self {
        Self {
            name,
            account: Some(account),
        }
    }

    fn check(&self, position: Position) -> [u8; CHECK_BYTES] {
        let mut hash = Sha256::new();
        hash.update(self.name);
        hash.update([0]);
        if let Some(account) = &self.account {
            hash.update(account.as_bytes());
        }
        hash.update(position.0.to_be_bytes());
        let hash = hash.finalize();
        std::array::from_fn(|index| hash[index])
    }
}

/// The cursor for this position in this list.
pub fn encode(list: ListId, position: Position) -> String {
    let mut bytes = [0; POSITION_BYTES + CHECK_BYTES];
    bytes[..POSITION_BYTES].copy_from_slice(&position.0.to_be_bytes());
    bytes[POSITION_BYTES..].copy_from_slice(&list.check(position));
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The position of a cursor; `None` if the cursor is not from this list.
pub fn decode(list: ListId, cursor: &str) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor.strip_prefix(PREFIX)?).ok()?;
    let (position, check) = bytes.split_first_chunk::<POSITION_BYTES>()?;
    let position = Position(u128::from_be_bytes(*position));
    (list.check(position) == check).then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: ListId = ListId::of(AccountId::from_u128(7), "events");

    #[test]
    fn a_cursor_decodes_to_its_position() {
        for position in [0, 1, u128::MAX, 42 << 80] {
            let cursor = encode(LIST, Position(position));
            assert_eq!(decode(LIST, &cursor), Some(Position(position)));
            assert_eq!(cursor.len(), 32);
        }
    }

    #[test]
    fn truncated_altered_invented_and_foreign_cursors_are_refused() {
        let cursor = encode(LIST, Position(42));
        for bad in [
            "",
            "cur_",
            "x",
            &cursor[..cursor.len() - 1],
            &cursor.replace('A', "B"),
            &format!("{cursor}A"),
        ] {
            assert_eq!(decode(LIST, bad), None, "{bad}");
        }
        assert_eq!(
            decode(ListId::of(AccountId::from_u128(8), "events"), &cursor),
            None
        );
        assert_eq!(
            decode(ListId::of(AccountId::from_u128(7), "deliveries"), &cursor),
            None
        );
        assert_eq!(decode(ListId::of_all("events"), &cursor), None);
    }
}
