//! Grants: portal links and sessions of the console.

use std::sync::Arc;

use postrider_model::{AccountId, ApiKeyId, Grant, GrantId, GrantKind, Permissions, Person, Scope, Theme};

use super::{Columns, Reader, from_code, time};
use crate::encoding::Damaged;

/// A row of `grants`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// Its id.
    pub id: [u8; 16],
    /// The SHA-256 of its token.
    pub sha256: Vec<u8>,
    /// [`GrantKind::code`].
    pub kind: i16,
    /// The account that it gives access to; `None` for all.
    pub account: Option<[u8; 16]>,
    /// [`Permissions::code`].
    pub permissions: i16,
    /// [`Theme::code`]; `None` means the visitor's own theme.
    pub theme: Option<i16>,
    /// The API key that it came from, if any.
    pub api_key: Option<[u8; 16]>,
    /// The portal link that began the session, if any.
    pub link: Option<[u8; 16]>,
    /// When it was created.
    pub created_at: i64,
    /// When it expires.
    pub expires_at: i64,
    /// The issuer of the person's identity; `None`, like the next three, if no person signed in.
    pub person_issuer: Option<String>,
    /// The provider's id for the person.
    pub person_subject: Option<String>,
    /// The person's name.
    pub person_name: Option<String>,
    /// The person's e-mail address, if the provider gives one.
    pub person_email: Option<String>,
}

impl GrantRow {
    super::columns!(
        "g": "id",
        "sha256",
        "kind",
        "account_id",
        "permissions",
        "theme",
        "api_key_id",
        "link_id",
        "created_at",
        "expires_at",
        "person_issuer",
        "person_subject",
        "person_name",
        "person_email",
    );

    /// The row that a store keeps for a grant.
    pub fn of(grant: &Grant) -> Self {
        let person = grant.person.as_deref();
        Self {
            id: *grant.id.as_bytes(),
            sha256: grant.sha256.to_vec(),
            kind: grant.kind.code().into(),
            account: grant.scope.account().map(|id| *id.as_bytes()),
            permissions: grant.permissions.code().into(),
            theme: grant.theme.map(|theme| theme.code().into()),
            api_key: grant.api_key.map(|id| *id.as_bytes()),
            link: grant.link.map(|id| *id.as_bytes()),
            created_at: grant.created_at.unix_ms(),
            expires_at: grant.expires_at.unix_ms(),
            person_issuer: person.map(|person| person.issuer.clone()),
            person_subject: person.map(|person| person.subject.clone()),
            person_name: person.map(|person| person.name.clone()),
            person_email: person.and_then(|person| person.email.clone()),
        }
    }

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            sha256: row.bytes()?,
            kind: row.number()?,
            account: row.id_opt()?,
            permissions: row.number()?,
            theme: row.number_opt()?,
            api_key: row.id_opt()?,
            link: row.id_opt()?,
            created_at: row.number()?,
            expires_at: row.number()?,
            person_issuer: row.text_opt()?,
            person_subject: row.text_opt()?,
            person_name: row.text_opt()?,
            person_email: row.text_opt()?,
        })
    }
}

impl TryFrom<GrantRow> for Grant {
    type Error = Damaged;

    fn try_from(row: GrantRow) -> Result<Self, Damaged> {
        let theme = row.theme.map(|code| from_code(code, Theme::from_code));
        let person = match (row.person_issuer, row.person_subject, row.person_name) {
            (Some(issuer), Some(subject), Some(name)) => Some(Arc::new(Person {
                issuer,
                subject,
                name,
                email: row.person_email,
            })),
            (None, None, None) => None,
            _ => return Err(Damaged("the person of a grant")),
        };
        Ok(Self {
            id: GrantId::from_bytes(row.id),
            sha256: row
                .sha256
                .try_into()
                .map_err(|_| Damaged("the hash of a grant"))?,
            kind: from_code(row.kind, GrantKind::from_code)?,
            scope: Scope::of(row.account.map(AccountId::from_bytes)),
            permissions: from_code(row.permissions, Permissions::from_code)?,
            theme: theme.transpose()?,
            api_key: row.api_key.map(ApiKeyId::from_bytes),
            link: row.link.map(GrantId::from_bytes),
            person,
            created_at: time(row.created_at),
            expires_at: time(row.expires_at),
        })
    }
}
