//! The audit trail.

use postrider_model::{AccountId, Actor, ActorKind, AuditAction, AuditEntry, AuditId, Target};

use super::{Columns, Reader};
use crate::encoding::Damaged;

/// A row of `audit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id, which begins with its time.
    pub id: [u8; 16],
    /// The account, which need not exist any more.
    pub account: Option<[u8; 16]>,
    /// [`AuditAction::as_str`].
    pub action: String,
    /// [`ActorKind::as_str`].
    pub actor_kind: String,
    /// The actor's id.
    pub actor_id: Option<String>,
    /// The actor's name at the time.
    pub actor_name: Option<String>,
    /// Whether the actor acted for the installation.
    pub actor_is_staff: bool,
    /// The target's id.
    pub target_id: Option<String>,
    /// The target's name at the time.
    pub target_name: Option<String>,
    /// JSON.
    pub details: Option<String>,
    /// The address of the client.
    pub client: Option<String>,
    /// The id of the request.
    pub request_id: Option<String>,
}

impl AuditRow {
    super::columns!(
        "u": "id",
        "account_id",
        "action",
        "actor_kind",
        "actor_id",
        "actor_name",
        "actor_is_staff",
        "target_id",
        "target_name",
        "details",
        "client",
        "request_id",
    );

    /// The row that a store keeps for an entry.
    pub fn of(entry: &AuditEntry) -> Self {
        Self {
            id: *entry.id.as_bytes(),
            account: entry.account.map(|id| *id.as_bytes()),
            action: entry.action.as_str().to_owned(),
            actor_kind: entry.actor.kind.as_str().to_owned(),
            actor_id: entry.actor.id.clone(),
            actor_name: entry.actor.name.clone(),
            actor_is_staff: entry.actor.is_staff,
            target_id: entry.target.id.clone(),
            target_name: entry.target.name.clone(),
            details: entry.details.clone(),
            client: entry.client.map(|address| address.to_string()),
            request_id: entry.request_id.clone(),
        }
    }

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            account: row.id_opt()?,
            action: row.text()?,
            actor_kind: row.text()?,
            actor_id: row.text_opt()?,
            actor_name: row.text_opt()?,
            actor_is_staff: row.flag()?,
            target_id: row.text_opt()?,
            target_name: row.text_opt()?,
            details: row.text_opt()?,
            client: row.text_opt()?,
            request_id: row.text_opt()?,
        })
    }
}

impl TryFrom<AuditRow> for AuditEntry {
    type Error = Damaged;

    fn try_from(row: AuditRow) -> Result<Self, Damaged> {
        let client = row.client.map(|address| address.parse()).transpose();
        Ok(Self {
            id: AuditId::from_bytes(row.id),
            account: row.account.map(AccountId::from_bytes),
            // While nodes of two versions run, the older ones read what the newer ones wrote.
            action: AuditAction::from_name(&row.action).unwrap_or(AuditAction::Unknown),
            actor: Actor {
                kind: ActorKind::from_name(&row.actor_kind).ok_or(Damaged("a kind of actor"))?,
                id: row.actor_id,
                name: row.actor_name,
                is_staff: row.actor_is_staff,
            },
            target: Target {
                id: row.target_id,
                name: row.target_name,
            },
            details: row.details,
            client: client.map_err(|_| Damaged("an address"))?,
            request_id: row.request_id,
        })
    }
}
