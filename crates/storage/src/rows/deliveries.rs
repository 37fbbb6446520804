//! Deliveries.
//!
//! The columns `status`, `owner` and `state_at` together hold a row's state. `state_at` is one time whose
//! meaning depends on the other two: when the next attempt is due (waiting), when it was due (owned), or
//! since when the status holds (settled).

use postrider_model::delivery::{BodySpec, Progress};
use postrider_model::{
    AccountId, ActionId, AutomationId, Delivery, DeliveryId, DeliveryStatus, EventId, Outcome,
};

use super::{Columns, Reader, from_code, time};
use crate::encoding::{Damaged, event};

/// A row of `deliveries`, without the columns that link it to its event and its attempts: each store has its
/// own way to find those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its id.
    pub id: [u8; 16],
    /// The owning account.
    pub account: [u8; 16],
    /// The automation that was triggered.
    pub automation: [u8; 16],
    /// The action that carries it out.
    pub action: [u8; 16],
    /// [`BodySpec::code`].
    pub body: i32,
    /// The session that owns it. A copy leaves it out, because the owning session no longer exists.
    pub owner: Option<i64>,
    /// Pending: when the next attempt is due; settled: since when.
    pub state_at: i64,
    /// The status code of the last response.
    pub last_status_code: Option<i16>,
    /// [`Outcome::code`] of the last attempt.
    pub last_outcome: Option<i16>,
    /// Its status and counters.
    pub progress: ProgressRow,
}

/// The status and counters of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgressRow {
    /// [`DeliveryStatus::code`].
    pub status: i16,
    /// Attempts counted, resends included.
    pub attempts: i32,
    /// How many of them were resends.
    pub resends: i32,
    /// The status before the pending resend.
    pub resend_of: Option<i16>,
}

impl ProgressRow {
    super::columns!("d": "status", "attempts", "resends", "resend_of");

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            status: row.number()?,
            attempts: row.number()?,
            resends: row.number()?,
            resend_of: row.number_opt()?,
        })
    }
}

impl TryFrom<ProgressRow> for Progress {
    type Error = Damaged;

    fn try_from(row: ProgressRow) -> Result<Self, Damaged> {
        let count = |count: i32| u32::try_from(count).map_err(|_| Damaged("a count"));
        let status = |code| from_code(code, DeliveryStatus::from_code);
        Ok(Self {
            status: status(row.status)?,
            attempts: count(row.attempts)?,
            resends: count(row.resends)?,
            resend_of: row.resend_of.map(status).transpose()?,
        })
    }
}

impl DeliveryRow {
    super::columns!(
        "d": "id", "account_id", "automation_id", "action_id", "body", "owner", "state_at", "last_status_code",
        "last_outcome", "status", "attempts", "resends", "resend_of",
    );

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            account: row.id()?,
            automation: row.id()?,
            action: row.id()?,
            body: row.number()?,
            owner: row.number_opt()?,
            state_at: row.number()?,
            last_status_code: row.number_opt()?,
            last_outcome: row.number_opt()?,
            progress: ProgressRow::read(row)?,
        })
    }
}

/// The columns of an event's row that a delivery needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventOfDelivery {
    /// The event's id.
    pub id: [u8; 16],
    /// Its type.
    pub event_type: String,
    /// When it was accepted.
    pub created_at: i64,
    /// See [`crate::encoding::event`].
    pub flags: i16,
}

impl EventOfDelivery {
    super::columns!("e": "id", "type", "created_at", "flags");

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            event_type: row.text()?,
            created_at: row.number()?,
            flags: row.number()?,
        })
    }
}

/// How many columns [`read`] reads.
pub const COUNT: usize = DeliveryRow::COUNT + EventOfDelivery::COUNT;

/// A delivery, with what decisions about it need of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfEvent {
    /// The delivery.
    pub delivery: Delivery,
    /// The flags of its event.
    pub event: event::Flags,
}

/// Reads a delivery: [`DeliveryRow::COLUMNS`], then [`EventOfDelivery::COLUMNS`].
pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<OfEvent, C::Error> {
    let (delivery, event) = (DeliveryRow::read(row)?, EventOfDelivery::read(row)?);
    Ok(OfEvent {
        delivery: delivery_of(&delivery, &event)?,
        event: event::from_flags(event.flags.into())?,
    })
}

fn delivery_of(row: &DeliveryRow, event: &EventOfDelivery) -> Result<Delivery, Damaged> {
    let progress = Progress::try_from(row.progress)?;
    let state_at = time(row.state_at);
    let pending = progress.status == DeliveryStatus::Pending;
    Ok(Delivery {
        id: DeliveryId::from_bytes(row.id),
        account: AccountId::from_bytes(row.account),
        event: EventId::from_bytes(event.id),
        event_type: event.event_type.parse().map_err(|_| Damaged("an event type"))?,
        automation: AutomationId::from_bytes(row.automation),
        action: ActionId::from_bytes(row.action),
        body: body(row.body)?,
        progress,
        next_attempt_at: (pending && row.owner.is_none()).then_some(state_at),
        created_at: time(event.created_at),
        settled_at: (!pending).then_some(state_at),
        last_status_code: row.last_status_code.map(status_code).transpose()?,
        last_outcome: row
            .last_outcome
            .map(|code| from_code(code, Outcome::from_code))
            .transpose()?,
    })
}

/// Decodes how the body of a delivery is rendered.
///
/// # Errors
/// [`Damaged`] if [`BodySpec::code`] never returns this number.
pub fn body(code: i32) -> Result<BodySpec, Damaged> {
    let body = u32::try_from(code).ok().and_then(BodySpec::from_code);
    body.ok_or(Damaged("a delivery's body"))
}

/// Decodes the status code of a response.
pub(super) fn status_code(code: i16) -> Result<u16, Damaged> {
    u16::try_from(code).map_err(|_| Damaged("a status code"))
}
