//! The column `flags` of an event: bits 0 and 1 are its origin's code, bits 2 and 3 say that its `data` is a
//! fixed point of `JSON.stringify` and of `json.dumps`.

use postrider_model::{Event, FixedPoints, Origin};

use super::Damaged;

const ORIGIN_MASK: u8 = 0b0011;

const JS_FIXED_POINT: u8 = 0b0100;

const PYTHON_FIXED_POINT: u8 = 0b1000;

/// Encodes the flags of an event.
pub fn flags(event: &Event) -> u8 {
    let FixedPoints { js, python } = event.fixed_points;
    event.origin.code() | if js { JS_FIXED_POINT } else { 0 } | if python { PYTHON_FIXED_POINT } else { 0 }
}

/// Decodes the origin, and the styles that print `data` as it is.
///
/// # Errors
/// [`Damaged`] if [`flags`] never returns such a number.
pub fn from_flags(flags: i64) -> Result<(Origin, FixedPoints), Damaged> {
    let damaged = Damaged("the flags of an event");
    let flags = u8::try_from(flags)
        .ok()
        .filter(|flags| flags & !(ORIGIN_MASK | JS_FIXED_POINT | PYTHON_FIXED_POINT) == 0)
        .ok_or(damaged)?;
    let origin = Origin::from_code(flags & ORIGIN_MASK).ok_or(damaged)?;
    let fixed_points = FixedPoints {
        js: flags & JS_FIXED_POINT != 0,
        python: flags & PYTHON_FIXED_POINT != 0,
    };
    Ok((origin, fixed_points))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use postrider_model::{AccountId, EventId, Timestamp};

    use super::*;

    #[test]
    fn flags_survive_their_number() {
        for origin in Origin::ALL {
            for (js, python) in [(false, false), (true, false), (false, true), (true, true)] {
                let fixed_points = FixedPoints { js, python };
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
                };
                assert_eq!(from_flags(flags(&event).into()), Ok((origin, fixed_points)));
            }
        }
        for odd in [-1, 3, 7, 16, 256] {
            assert_eq!(from_flags(odd), Err(Damaged("the flags of an event")), "{odd}");
        }
    }
}
