//! The column `flags` of an event: bits 0 and 1 are its origin's code, bits 2 and 3 say that its `data` is a
//! fixed point of `JSON.stringify` and of `json.dumps`, bit 4 that it was canceled.

use postrider_model::{Event, FixedPoints, Origin};

use super::Damaged;

const ORIGIN_MASK: u8 = 0b0011;

const JS_FIXED_POINT: u8 = 0b0100;

const PYTHON_FIXED_POINT: u8 = 0b1000;

/// Set once the event is canceled. Statements set this bit in stored flags.
pub const CANCELED: u8 = 0b1_0000;

/// What the flags of an event say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags {
    /// Who reported it.
    pub origin: Origin,
    /// The styles that print `data` as it is.
    pub fixed_points: FixedPoints,
    /// Whether it was canceled.
    pub is_canceled: bool,
}

/// Encodes the flags of an event.
pub fn flags(event: &Event) -> u8 {
    let FixedPoints { js, python } = event.fixed_points;
    let bit = |is_set, bit| if is_set { bit } else { 0 };
    event.origin.code()
        | bit(js, JS_FIXED_POINT)
        | bit(python, PYTHON_FIXED_POINT)
        | bit(event.is_canceled, CANCELED)
}

/// Decodes the flags of an event.
///
/// # Errors
/// [`Damaged`] if [`flags`] never returns such a number.
pub fn from_flags(flags: i64) -> Result<Flags, Damaged> {
    let damaged = Damaged("the flags of an event");
    let flags = u8::try_from(flags)
        .ok()
        .filter(|flags| flags & !(ORIGIN_MASK | JS_FIXED_POINT | PYTHON_FIXED_POINT | CANCELED) == 0)
        .ok_or(damaged)?;
    Ok(Flags {
        origin: Origin::from_code(flags & ORIGIN_MASK).ok_or(damaged)?,
        fixed_points: FixedPoints {
            js: flags & JS_FIXED_POINT != 0,
            python: flags & PYTHON_FIXED_POINT != 0,
        },
        is_canceled: flags & CANCELED != 0,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use postrider_model::{AccountId, EventHeaders, EventId, Timestamp};

    use super::*;

    #[test]
    fn flags_survive_their_number() {
        for origin in Origin::ALL {
            for bits in 0..8 {
                let fixed_points = FixedPoints {
                    js: bits & 1 != 0,
                    python: bits & 2 != 0,
                };
                let is_canceled = bits & 4 != 0;
                let event = Event {
                    id: EventId::from_u128(1),
                    account: AccountId::from_u128(2),
                    event_type: "a.b".parse().unwrap(),
                    data: Bytes::from_static(b"{}"),
                    occurred_at: None,
                    created_at: Timestamp::from_unix_ms(3),
                    origin,
                    fixed_points,
                    warning: None,
                    deliveries: 0,
                    deliver_at: None,
                    headers: EventHeaders::default(),
                    trace: None,
                    missed: 0,
                    is_canceled,
                };
                let flags_of = Flags {
                    origin,
                    fixed_points,
                    is_canceled,
                };
                assert_eq!(from_flags(flags(&event).into()), Ok(flags_of));
            }
        }
        for odd in [-1, 3, 7, 32, 256] {
            assert_eq!(from_flags(odd), Err(Damaged("the flags of an event")), "{odd}");
        }
    }
}
