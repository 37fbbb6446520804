//! What a route requires of its caller.

use postrider_model::{Caller, Permission};

/// What a route requires. The route declares it, and it is checked before the handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing: everyone may call the route, even without a key or session.
    Public,
    /// A caller with this permission.
    Permission(Permission),
}

/// Why a caller may not call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// The request names no caller, or one that does not exist.
    Unknown,
    /// The caller lacks this permission.
    Lacking(Permission),
}

impl Requirement {
    /// Whether `caller` meets the requirement.
    pub fn check(self, caller: Option<&Caller>) -> Result<(), Denied> {
        match (self, caller) {
            (Self::Public, _) => Ok(()),
            (Self::Permission(_), None) => Err(Denied::Unknown),
            (Self::Permission(needed), Some(caller)) if caller.permissions.contains(needed) => Ok(()),
            (Self::Permission(needed), Some(_)) => Err(Denied::Lacking(needed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::{Permissions, Scope, Who};

    use super::*;

    #[test]
    fn only_a_caller_with_the_permission_meets_the_requirement() {
        let reader = Caller {
            who: Who::Session { api_key: None },
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
}
