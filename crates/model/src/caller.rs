//! Callers: who sends a request, and what they may do.

use crate::id::{AccountId, ApiKeyId};

/// Who sends a request, in which accounts they may act, and what they may do there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Who it is.
    pub who: Who,
    /// The accounts that exist for this caller.
    pub scope: Scope,
    /// What the caller may do.
    pub permissions: Permissions,
}

/// Who a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A program that sent this API key.
    ApiKey(ApiKeyId),
    /// A person in a session of the console.
    Session {
        /// The API key that the session began with; `None` where a link began it.
        api_key: Option<ApiKeyId>,
    },
}

/// The accounts that exist for a caller. The caller gets "not found" for any other account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All accounts, and what belongs to no account.
    All,
    /// One account.
    Account(AccountId),
}

impl Scope {
    /// Whether the account exists for the caller.
    pub fn includes(self, account: AccountId) -> bool {
        match self {
            Self::All => true,
            Self::Account(own) => own == account,
        }
    }
}

/// Something that a caller may do. Every route requires one, or none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Permission {
    /// Post events.
    EventsWrite = 0,
    /// Lists, records and statistics; no secrets.
    Read = 1,
    /// Automations, tests, resends, replays and signing keys of an account.
    Manage = 2,
    /// Accounts, event types, API keys and the system.
    Admin = 3,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 4] = [Self::EventsWrite, Self::Read, Self::Manage, Self::Admin];

    /// The permission's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventsWrite => "events:write",
            Self::Read => "read",
            Self::Manage => "manage",
            Self::Admin => "admin",
        }
    }

    /// The permission of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.as_str() == name)
    }
}

/// A set of permissions. No permission includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions(u8);

impl Permissions {
    /// All permissions.
    pub const ALL: Self = Self::of(&Permission::ALL);

    /// The set of these permissions.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut rest = permissions;
        while let [permission, others @ ..] = rest {
            bits |= permission_bit(*permission);
            rest = others;
        }
        Self(bits)
    }

    /// Whether the set contains this permission.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission_bit(permission) != 0
    }
}

const fn permission_bit(permission: Permission) -> u8 {
    1 << permission as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_contains_its_members() {
        let reader = Permissions::of(&[Permission::Read]);
        let manager = Permissions::of(&[Permission::Read, Permission::Manage]);
        for permission in Permission::ALL {
            assert!(Permissions::ALL.contains(permission));
            assert_eq!(reader.contains(permission), permission == Permission::Read);
            let expected = [Permission::Read, Permission::Manage].contains(&permission);
            assert_eq!(manager.contains(permission), expected, "{permission:?}");
            assert_eq!(Permission::from_name(permission.as_str()), Some(permission));
        }
        assert_eq!(Permission::from_name("root"), None);
    }

    #[test]
    fn an_account_scope_includes_only_that_account() {
        let (own, other) = (AccountId::from_u128(1), AccountId::from_u128(2));
        assert!(Scope::All.includes(own) && Scope::Account(own).includes(own));
        assert!(!Scope::Account(own).includes(other));
    }
}
