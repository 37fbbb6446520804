//! The catalogue of event types.

use postrider_model::EventType;

use super::{Columns, Reader, time};
use crate::encoding::Damaged;

/// A row of `event_types`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTypeRow {
    /// The row's number; list cursors contain it.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its description for users; may hold U+0000.
    pub description: String,
    /// JSON.
    pub example: Option<String>,
    /// JSON.
    pub schema: Option<String>,
    /// Whether customers see it.
    pub visible: bool,
    /// When it was added.
    pub created_at: i64,
    /// When it was last updated.
    pub updated_at: i64,
    /// Whether it is deleted.
    pub deleted: bool,
}

impl EventTypeRow {
    super::columns!(
        "t": "number",
        "name",
        "description",
        "example",
        "schema",
        "visible",
        "created_at",
        "updated_at",
        "deleted",
    );

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            number: row.number()?,
            name: row.text()?,
            description: row.text()?,
            example: row.text_opt()?,
            schema: row.text_opt()?,
            visible: row.flag()?,
            created_at: row.number()?,
            updated_at: row.number()?,
            deleted: row.flag()?,
        })
    }
}

impl TryFrom<EventTypeRow> for EventType {
    type Error = Damaged;

    fn try_from(row: EventTypeRow) -> Result<Self, Damaged> {
        Ok(Self {
            name: row.name.parse().map_err(|_| Damaged("an event type"))?,
            description: row.description,
            example: row.example,
            schema: row.schema,
            visible: row.visible,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}
