//! What a route requires of its caller.

use postrider_model::{Caller, Permission, Scope};

/// What a route requires. The route declares it, and it is checked before the handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing: everyone may call the route, even without a key or session.
    Public,
    /// A caller with this permission. The handler limits what it shows and changes to the caller's scope.
    Permission(Permission),
    /// A caller with this permission whose scope is all accounts, because the route concerns the
    /// installation.
    Installation(Permission),
}

/// Why a caller may not call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// The request names no caller, or one that does not exist.
    Unknown,
    /// The caller lacks this permission.
    Lacking(Permission),
    /// The caller is limited to one account.
    OneAccount,
}

impl Requirement {
    /// Whether `caller` meets the requirement.
    pub fn check(self, caller: Option<&Caller>) -> Result<(), Denied> {
        let (Self::Permission(needed) | Self::Installation(needed)) = self else {
            return Ok(());
        };
        let caller = caller.ok_or(Denied::Unknown)?;
        if !caller.permissions.contains(needed) {
            return Err(Denied::Lacking(needed));
        }
        match (self, caller.scope) {
            (Self::Installation(_), Scope::Account(_)) => Err(Denied::OneAccount),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::{AccountId, ApiKeyId, Permissions, Who};

    use super::*;

    #[test]
    fn only_a_caller_with_the_permission_meets_the_requirement() {
        let reader = Caller {
            who: Who::ApiKey(ApiKeyId::from_u128(1)),
            scope: Scope::All,
            permissions: Permissions::of(&[Permission::Read]),
        };
        let read = Requirement::Permission(Permission::Read);
        let admin = Requirement::Permission(Permission::Admin);
        assert_eq!(Requirement::Public.check(None), Ok(()));
        assert_eq!(read.check(None), Err(Denied::Unknown));
        assert_eq!(read.check(Some(&reader)), Ok(()));
        assert_eq!(
            admin.check(Some(&reader)),
            Err(Denied::Lacking(Permission::Admin))
        );
    }

    #[test]
    fn a_caller_of_one_account_does_not_reach_the_installation() {
        let everywhere = Caller {
            who: Who::ApiKey(ApiKeyId::from_u128(1)),
            scope: Scope::All,
            permissions: Permissions::ALL,
        };
        let in_account = Caller {
            scope: Scope::Account(AccountId::from_u128(1)),
            ..everywhere
        };
        let read = Requirement::Installation(Permission::Read);
        assert_eq!(read.check(Some(&everywhere)), Ok(()));
        assert_eq!(read.check(Some(&in_account)), Err(Denied::OneAccount));
        assert_eq!(read.check(None), Err(Denied::Unknown));
        let in_scope = Requirement::Permission(Permission::Read);
        assert_eq!(in_scope.check(Some(&in_account)), Ok(()));
    }
}
