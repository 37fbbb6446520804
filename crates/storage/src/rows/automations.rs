//! Automations. Their actions are part of the row, as JSON.

use postrider_model::{Automation, AutomationId};

use super::{Columns, Reader, schedule, time};
use crate::encoding::{self, Damaged};

/// A row of `automations`, without its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomationRow {
    /// Its id.
    pub id: [u8; 16],
    /// Its name.
    pub name: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// JSON; see [`crate::encoding::automation`].
    pub trigger: String,
    /// JSON; see [`crate::encoding::automation`].
    pub actions: String,
    /// JSON; see [`crate::encoding::schedule`].
    pub retry_delays: Option<String>,
    /// When it was created.
    pub created_at: i64,
    /// When it was last updated.
    pub updated_at: i64,
    /// Incremented by each update.
    pub version: i64,
}

impl AutomationRow {
    super::columns!(
        "u": "id", "name", "enabled", "trigger", "actions", "retry_delays", "created_at", "updated_at", "version",
    );

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            name: row.text()?,
            enabled: row.flag()?,
            trigger: row.text()?,
            actions: row.text()?,
            retry_delays: row.text_opt()?,
            created_at: row.number()?,
            updated_at: row.number()?,
            version: row.number()?,
        })
    }
}

impl TryFrom<AutomationRow> for Automation {
    type Error = Damaged;

    fn try_from(row: AutomationRow) -> Result<Self, Damaged> {
        Ok(Self {
            id: AutomationId::from_bytes(row.id),
            name: row.name,
            enabled: row.enabled,
            trigger: encoding::automation::trigger(&row.trigger)?,
            actions: encoding::automation::actions(&row.actions)?,
            retry_delays: schedule(row.retry_delays.as_deref())?,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            version: row.version,
        })
    }
}
