//! The health of actions.

use postrider_model::health::ActionHealth;
use postrider_model::{ActionId, Timestamp};

use super::{Columns, Reader, time};

/// A row of `action_health`, without its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionHealthRow {
    /// The action.
    pub action: [u8; 16],
    /// Its automation.
    pub automation: [u8; 16],
    /// When the first delivery failed for good, if none has succeeded since.
    pub failing_since: Option<i64>,
    /// Whether the last announcement said that the action is failing.
    pub is_announced: bool,
    /// When the last announcement said so.
    pub announced_at: Option<i64>,
    /// When Postrider switched the action off.
    pub disabled_at: Option<i64>,
}

impl ActionHealthRow {
    super::columns!(
        "h": "action_id", "automation_id", "failing_since", "is_announced", "announced_at", "disabled_at"
    );

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            action: row.id()?,
            automation: row.id()?,
            failing_since: row.number_opt()?,
            is_announced: row.flag()?,
            announced_at: row.number_opt()?,
            disabled_at: row.number_opt()?,
        })
    }

    /// The action, and its health.
    pub fn open(self) -> (ActionId, ActionHealth) {
        let health = ActionHealth {
            failing_since: self.failing_since.map(time),
            is_announced: self.is_announced,
            announced_at: self.announced_at.map(time),
            disabled_at: self.disabled_at.map(time),
        };
        (ActionId::from_bytes(self.action), health)
    }

    /// The row with this health.
    pub fn with(self, health: ActionHealth) -> Self {
        Self {
            failing_since: health.failing_since.map(Timestamp::unix_ms),
            is_announced: health.is_announced,
            announced_at: health.announced_at.map(Timestamp::unix_ms),
            disabled_at: health.disabled_at.map(Timestamp::unix_ms),
            ..self
        }
    }
}
