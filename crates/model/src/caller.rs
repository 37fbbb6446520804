//! Callers: who sends a request, and what they may do.

use crate::id::{AccountId, ApiKeyId, GrantId};

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
        /// The session.
        id: GrantId,
        /// The API key that the session began with, or that created the link it began with. The session ends
        /// with the key.
        api_key: Option<ApiKeyId>,
    },
}

/// The accounts that exist for a caller. The caller gets "not found" for any other account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All accounts, and what belongs to no account.
    All,
    /// One account.
    Account(AccountId),
}

impl Scope {
    /// The only account that exists for the caller; `None` if all do.
    pub const fn account(self) -> Option<AccountId> {
        match self {
            Self::All => None,
            Self::Account(account) => Some(account),
        }
    }

    /// The scope of this one account, or of all.
    pub fn of(account: Option<AccountId>) -> Self {
        account.map_or(Self::All, Self::Account)
    }

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
    /// Automations, tests, signing keys, portal links and the audit trail of an account. Includes
    /// [`Self::Resend`].
    Manage = 2,
    /// Accounts, event types, API keys, sessions, the audit trail and the system.
    Admin = 3,
    /// Resends and replays.
    Resend = 4,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 5] = [
        Self::EventsWrite,
        Self::Read,
        Self::Manage,
        Self::Admin,
        Self::Resend,
    ];

    /// The permission's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventsWrite => "events:write",
            Self::Read => "read",
            Self::Manage => "manage",
            Self::Admin => "admin",
            Self::Resend => "resend",
        }
    }

    /// The permission of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.as_str() == name)
    }
}

/// A set of permissions. [`Permission::Manage`] includes [`Permission::Resend`]; no other permission includes
/// another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
            if matches!(permission, Permission::Manage) {
                bits |= permission_bit(Permission::Resend);
            }
            rest = others;
        }
        Self(bits)
    }

    /// Whether the set contains this permission.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission_bit(permission) != 0
    }

    /// Whether the set contains every permission of `others`.
    pub const fn contains_all(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The permissions in the order of [`Permission::ALL`], without those that another one includes.
    pub fn named(self) -> impl Iterator<Item = Permission> {
        let is_included =
            move |permission| permission == Permission::Resend && self.contains(Permission::Manage);
        Permission::ALL
            .into_iter()
            .filter(move |permission| self.contains(*permission) && !is_included(*permission))
    }

    /// The number that a store keeps: a bit for each permission.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The set that a store keeps as this number; `None` if it has a bit of no permission.
    pub fn from_code(code: u8) -> Option<Self> {
        (code & !Self::ALL.0 == 0).then_some(Self(code))
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
            let expected = [Permission::Read, Permission::Manage, Permission::Resend].contains(&permission);
            assert_eq!(manager.contains(permission), expected, "{permission:?}");
            assert_eq!(Permission::from_name(permission.as_str()), Some(permission));
        }
        assert_eq!(Permission::from_name("root"), None);
    }

    #[test]
    fn a_set_survives_a_round_trip_and_names_what_was_given() {
        for bits in 0..=u8::MAX {
            let read = Permissions::from_code(bits);
            assert_eq!(read.map(Permissions::code), (bits < 32).then_some(bits));
        }
        let named: Vec<_> = Permissions::of(&[Permission::Manage]).named().collect();
        assert_eq!(named, [Permission::Manage]);
        let named: Vec<_> = Permissions::of(&[Permission::Resend]).named().collect();
        assert_eq!(named, [Permission::Resend]);
        assert!(Permissions::ALL.contains_all(Permissions::of(&[Permission::Admin])));
        assert!(!Permissions::of(&[Permission::Manage]).contains_all(Permissions::of(&[Permission::Read])));
    }

    #[test]
    fn an_account_scope_includes_only_that_account() {
        let (own, other) = (AccountId::from_u128(1), AccountId::from_u128(2));
        assert!(Scope::All.includes(own) && Scope::Account(own).includes(own));
        assert!(!Scope::Account(own).includes(other));
    }
}
