//! Events.

use bytes::Bytes;
use postrider_model::{AccountId, DeliveryId, Event, EventId, Warning};

use super::{Columns, Reader, time};
use crate::encoding::event::Flags;
use crate::encoding::{self, Damaged};

/// A row of `events`, without the number that orders events with the same time: each store has its own way to
/// find that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// The owning account.
    pub account: [u8; 16],
    /// Its id.
    pub id: [u8; 16],
    /// Its type.
    pub event_type: String,
    /// When it was accepted.
    pub created_at: i64,
    /// When it happened, if the producer said so.
    pub occurred_at: Option<i64>,
    /// See [`crate::encoding::event`].
    pub flags: i16,
    /// The code of its warning.
    pub warning_code: Option<String>,
    /// The place in `data` that the warning points to; may hold U+0000.
    pub warning_pointer: Option<String>,
    /// The id of its first delivery; the ids of the others follow consecutively.
    pub first_delivery: Option<[u8; 16]>,
    /// How many deliveries it had when it was accepted.
    pub delivery_count: i32,
    /// How many deliveries were added since; their ids follow.
    pub missed_count: Option<i32>,
    /// When its first attempts are due, if the producer said so.
    pub deliver_at: Option<i64>,
    /// Its headers and its trace; see [`crate::encoding::event_headers`].
    pub headers: Option<Vec<u8>>,
    /// The bytes that the producer sent.
    pub data: Vec<u8>,
}

impl EventRow {
    super::columns!(
        "e": "account_id", "id", "type", "created_at", "occurred_at", "flags", "warning_code", "warning_pointer",
        "first_delivery_id", "delivery_count", "missed_count", "deliver_at", "headers", "data",
    );

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            account: row.id()?,
            id: row.id()?,
            event_type: row.text()?,
            created_at: row.number()?,
            occurred_at: row.number_opt()?,
            flags: row.number()?,
            warning_code: row.text_opt()?,
            warning_pointer: row.text_opt()?,
            first_delivery: row.id_opt()?,
            delivery_count: row.number()?,
            missed_count: row.number_opt()?,
            deliver_at: row.number_opt()?,
            headers: row.bytes_opt()?,
            data: row.bytes()?,
        })
    }

    /// [`Event::bytes`].
    ///
    /// # Errors
    /// [`Damaged`] if the headers are.
    pub fn bytes(&self) -> Result<usize, Damaged> {
        let (headers, _) = encoding::event_headers::decode(self.headers.as_deref())?;
        Ok(self.data.len() + headers.bytes())
    }

    /// How many deliveries it has.
    pub const fn deliveries(&self) -> i32 {
        match self.missed_count {
            Some(missed) => self.delivery_count.saturating_add(missed),
            None => self.delivery_count,
        }
    }

    /// The id of its first delivery, if it has any delivery.
    pub fn first_delivery(&self) -> Option<DeliveryId> {
        self.first_delivery.map(DeliveryId::from_bytes)
    }
}

impl TryFrom<EventRow> for Event {
    type Error = Damaged;

    fn try_from(row: EventRow) -> Result<Self, Damaged> {
        let Flags {
            origin,
            fixed_points,
            is_canceled,
        } = encoding::event::from_flags(row.flags.into())?;
        let warning = match (row.warning_code, row.warning_pointer) {
            (Some(code), Some(pointer)) => Some(Warning { code, pointer }),
            (None, _) => None,
            (Some(_), None) => return Err(Damaged("a warning's pointer")),
        };
        let (headers, trace) = encoding::event_headers::decode(row.headers.as_deref())?;
        Ok(Self {
            id: EventId::from_bytes(row.id),
            account: AccountId::from_bytes(row.account),
            event_type: row.event_type.parse().map_err(|_| Damaged("an event type"))?,
            data: Bytes::from(row.data),
            occurred_at: row.occurred_at.map(time),
            created_at: time(row.created_at),
            origin,
            fixed_points,
            warning,
            deliveries: count(row.delivery_count)?,
            deliver_at: row.deliver_at.map(time),
            headers,
            trace,
            missed: row.missed_count.map_or(Ok(0), count)?,
            is_canceled,
        })
    }
}

fn count(count: i32) -> Result<u32, Damaged> {
    u32::try_from(count).map_err(|_| Damaged("a count"))
}
