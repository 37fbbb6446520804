//! Deliveries.
//!
//! A row's state is `status`, `owner` and one time, `state_at`, whose meaning follows from the other two:
//! when the next attempt is due (waiting), when it was (owned), since when the status holds (settled).

use postrider_model::delivery::{BodySpec, Progress};
use postrider_model::{
    AccountId, ActionId, AutomationId, Delivery, DeliveryId, DeliveryStatus, EventId, Outcome,
};

use super::{Columns, Reader, from_code, time};
use crate::encoding::Damaged;

/// A row of `deliveries`, without what leads to its event and to its attempts: each store finds those in its
/// own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its id.
    pub id: [u8; 16],
    /// Whose it is.
    pub account: [u8; 16],
    /// Of which automation.
    pub automation: [u8; 16],
    /// By which action.
    pub action: [u8; 16],
    /// [`BodySpec::code`].
    pub body: i32,
    /// The session that owns it. A copy leaves it out: whoever had the delivery is gone.
    pub owner: Option<i64>,
    /// Pending: when it is due; settled: since when.
    pub state_at: i64,
    /// The status code of the last response.
    pub last_status_code: Option<i16>,
    /// What came of its last attempt.
    pub last_outcome: Option<i16>,
    /// How far it is.
    pub progress: ProgressRow,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgressRow {
    /// [`DeliveryStatus::code`].
    pub status: i16,
    /// Attempts that count.
    pub attempts: i32,
    /// How often it was resent.
    pub resends: i32,
    /// The status before the resend that is pending.
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

/// What a delivery takes from its event's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventOfDelivery {
    /// The event's id.
    pub id: [u8; 16],
    /// Its type.
    pub event_type: String,
    /// When it was accepted.
    pub created_at: i64,
}

impl EventOfDelivery {
    super::columns!("e": "id", "type", "created_at");

    /// Reads [`Self::COLUMNS`].
    pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Self, C::Error> {
        Ok(Self {
            id: row.id()?,
            event_type: row.text()?,
            created_at: row.number()?,
        })
    }
}

/// How many columns [`read`] takes.
pub const COUNT: usize = DeliveryRow::COUNT + EventOfDelivery::COUNT;

/// Reads a delivery: [`DeliveryRow::COLUMNS`], then [`EventOfDelivery::COLUMNS`].
pub fn read<C: Columns>(row: &mut Reader<'_, C>) -> Result<Delivery, C::Error> {
    let (delivery, event) = (DeliveryRow::read(row)?, EventOfDelivery::read(row)?);
    Ok(delivery_of(&delivery, &event)?)
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

/// How the body of a delivery is rendered, from the code that its row keeps.
///
/// # Errors
/// [`Damaged`] where [`BodySpec::code`] gives no such number.
pub fn body(code: i32) -> Result<BodySpec, Damaged> {
    let body = u32::try_from(code).ok().and_then(BodySpec::from_code);
    body.ok_or(Damaged("a delivery's body"))
}

/// The status code of a response, as a row keeps it.
pub(super) fn status_code(code: i16) -> Result<u16, Damaged> {
    u16::try_from(code).map_err(|_| Damaged("a status code"))
}
