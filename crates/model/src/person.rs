//! People of the operator's staff, as an identity provider knows them, and their roles.

use std::fmt;

use crate::caller::{Permission, Permissions};
use crate::name::shown_name;

/// Longest subject, in bytes (OpenID Connect Core 1.0, section 2).
pub const SUBJECT_BYTES_MAX: usize = 255;

/// A person, as an identity provider describes them at sign-in.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The provider's issuer identifier, a URL. Together with the subject, it identifies the person.
    pub issuer: String,
    /// The provider's id for the person, at most [`SUBJECT_BYTES_MAX`] bytes. The provider never gives it to
    /// another person.
    pub subject: String,
    /// The name to show, as [`shown_name`] returns it. Does not identify the person, who may
    /// have chosen it.
    pub name: String,
    /// The e-mail address to show, as [`shown_name`] returns it, if the provider says that it is the
    /// person's. Does not identify the person either: an address can pass to somebody else.
    pub email: Option<String>,
}

impl Person {
    /// A person whose provider gave these texts. Shows the first name that can be shown, or else the subject.
    /// `email`: an address that the provider has verified.
    pub fn new<'a>(
        issuer: String,
        subject: String,
        names: impl IntoIterator<Item = &'a str>,
        email: Option<&str>,
    ) -> Self {
        let name = names.into_iter().find_map(shown_name);
        let name = name.or_else(|| shown_name(&subject));
        Self {
            name: name.unwrap_or_else(|| "?".to_owned()),
            email: email.and_then(shown_name),
            issuer,
            subject,
        }
    }
}

/// Without name and address, which logs need not hold.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person({:?} of {:?})", self.subject, self.issuer)
    }
}

/// What a person of the staff may do, in all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads, resends and replays.
    Support,
    /// Everything.
    Admin,
}

impl Role {
    /// Every role, the one that may do least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Support, Self::Admin];

    /// The role's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Support => "support",
            Self::Admin => "admin",
        }
    }

    /// The permissions of the role.
    pub const fn permissions(self) -> Permissions {
        match self {
            Self::Viewer => Permissions::of(&[Permission::Read]),
            Self::Support => Permissions::of(&[Permission::Read, Permission::Resend]),
            Self::Admin => Permissions::ALL,
        }
    }

    /// The role with these permissions.
    pub fn of_permissions(permissions: Permissions) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.permissions() == permissions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_its_permissions_and_no_other() {
        for role in Role::ALL {
            assert_eq!(Role::of_permissions(role.permissions()), Some(role));
        }
        assert!(!Role::Viewer.permissions().contains(Permission::Resend));
        assert!(!Role::Support.permissions().contains(Permission::Manage));
        assert_eq!(
            Role::of_permissions(Permissions::of(&[Permission::Read, Permission::Manage])),
            None
        );
    }

    #[test]
    fn a_person_is_shown_by_the_first_name_that_can_be_shown_and_never_printed() {
        let person = |names: &[&str], email| {
            let (issuer, subject) = ("https://id.example".to_owned(), "u1".to_owned());
            Person::new(issuer, subject, names.iter().copied(), email)
        };
        let ada = person(&["\u{202e}", " Ada\u{202e} Lovelace\n"], Some("ada@example.com"));
        assert_eq!(
            (ada.name.as_str(), ada.email.as_deref()),
            ("Ada Lovelace", Some("ada@example.com"))
        );
        assert_eq!(person(&[], None).name, "u1");
        assert_eq!(format!("{ada:?}"), r#"Person("u1" of "https://id.example")"#);
    }
}
