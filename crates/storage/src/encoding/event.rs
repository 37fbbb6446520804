//! The column `flags` of an event: bits 0 and 1 are its origin's code, bit 2 says that its `data` is a fixed
//! point of `JSON.stringify`.

use postrider_model::{Event, Origin};

use super::Damaged;

const ORIGIN_MASK: u8 = 0b011;

const JS_FIXED_POINT: u8 = 0b100;

/// Encodes the flags of an event.
pub fn flags(event: &Event) -> u8 {
    event.origin.code() | if event.js_fixed_point { JS_FIXED_POINT } else { 0 }
}

/// Decodes the origin, and whether `data` is a fixed point of `JSON.stringify`.
///
/// # Errors
/// [`Damaged`] if [`flags`] never returns such a number.
pub fn from_flags(flags: i64) -> Result<(Origin, bool), Damaged> {
    let damaged = Damaged("the flags of an event");
    let flags = u8::try_from(flags)
        .ok()
        .filter(|flags| flags & !(ORIGIN_MASK | JS_FIXED_POINT) == 0)
        .ok_or(damaged)?;
    let origin = Origin::from_code(flags & ORIGIN_MASK).ok_or(damaged)?;
    Ok((origin, flags & JS_FIXED_POINT != 0))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use postrider_model::{AccountId, EventId, Timestamp};

    use super::*;

    #[test]
    fn flags_survive_their_number() {
        for origin in Origin::ALL {
            for js_fixed_point in [false, true] {
                let event = Event {
                    id: EventId::from_u128(1),
                    account: AccountId::from_u128(2),
                    event_type: "a.b".parse().unwrap(),
                    data: Bytes::from_static(b"{}"),
                    occurred_at: None,
                    created_at: Timestamp::from_unix_ms(3),
                    origin,
                    js_fixed_point,
                    warning: None,
                    deliveries: 0,
                };
                assert_eq!(from_flags(flags(&event).into()), Ok((origin, js_fixed_point)));
            }
        }
        for odd in [-1, 3, 7, 8, 256] {
            assert_eq!(from_flags(odd), Err(Damaged("the flags of an event")), "{odd}");
        }
    }
}
