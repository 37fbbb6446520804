//! Whether an event was accepted before.

use postrider_json::{UniqueMembers, Value};
use postrider_model::Event;

use crate::events::{Appended, NewEvent};

/// The result for a new event whose id or idempotency key belongs to `stored`.
///
/// The two are the same event ([`Appended::Known`]) if type, `data`, `occurred_at`, `deliver_at` and
/// headers agree, and the id too if the producer chose it. `data` agrees if it is the same JSON value:
/// white space, the order of members and the spelling of numbers do not count, because a producer that
/// repeats a request may serialise it anew. Otherwise the id or the key was used for another event
/// ([`Appended::Conflict`]).
pub fn repeated(new: &NewEvent, stored: &Event) -> Appended {
    let same = new.event.event_type == stored.event_type
        && is_same_value(&new.event.data, &stored.data)
        && new.event.occurred_at == stored.occurred_at
        && new.event.deliver_at == stored.deliver_at
        && new.event.headers == stored.headers
        && (!new.id_is_callers || new.event.id == stored.id);
    if same {
        Appended::known(stored.clone())
    } else {
        Appended::Conflict
    }
}

fn is_same_value(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    // Values that lose nothing as a tree. Others, such as those with duplicate names, are the same only with
    // the same bytes.
    let whole = |data| -> Option<Value<'_>> {
        let text = std::str::from_utf8(data).ok()?;
        serde_json::from_str::<UniqueMembers>(text).ok()?;
        Value::read(text).ok()
    };
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one.canonical() == other.canonical(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use postrider_model::{EventHeaders, IdGenerator, Timestamp};

    use super::*;
    use crate::rules::test_values;

    fn new_event(ids: &IdGenerator, id_is_callers: bool) -> NewEvent {
        let at = Timestamp::from_unix_ms(1_000);
        NewEvent {
            event: Event {
                id: ids.event(at),
                account: ids.account(at),
                ..test_values::event()
            },
            id_is_callers,
            idempotency_key: Some("key".to_owned()),
            adds_event_type: false,
            held_back: Vec::new(),
            deliveries: Vec::new(),
        }
    }

    #[test]
    fn an_id_counts_only_where_the_producer_chose_it() {
        let ids = IdGenerator::new(1);
        let stored = new_event(&ids, false).event;
        for (id_is_callers, known) in [(false, true), (true, false)] {
            let again = NewEvent {
                event: Event {
                    id: ids.event(stored.created_at),
                    ..stored.clone()
                },
                ..new_event(&ids, id_is_callers)
            };
            assert_eq!(
                repeated(&again, &stored) == Appended::known(stored.clone()),
                known
            );
        }
    }

    #[test]
    fn the_data_the_type_the_times_and_the_headers_of_an_event_count() {
        let ids = IdGenerator::new(1);
        let new = new_event(&ids, true);
        assert_eq!(repeated(&new, &new.event), Appended::known(new.event.clone()));
        let other_data = Event {
            data: Bytes::from_static(b"[]"),
            ..new.event.clone()
        };
        let other_type = Event {
            event_type: "proposal.declined".parse().unwrap(),
            ..new.event.clone()
        };
        let other_time = Event {
            occurred_at: Some(new.event.created_at),
            ..new.event.clone()
        };
        let later = Event {
            deliver_at: Some(new.event.created_at),
            ..new.event.clone()
        };
        let other_headers = Event {
            headers: EventHeaders::new(vec![("X-Tenant".to_owned(), "1".to_owned())]),
            ..new.event.clone()
        };
        for stored in [other_data, other_type, other_time, later, other_headers] {
            assert_eq!(repeated(&new, &stored), Appended::Conflict);
        }
    }

    #[test]
    fn data_is_compared_as_a_json_value() {
        let ids = IdGenerator::new(1);
        let of = |data: &'static str| {
            let mut new = new_event(&ids, true);
            new.event.data = Bytes::from_static(data.as_bytes());
            new
        };
        for (one, other, is_same) in [
            (
                r#"{"a":1,"b":[true,null]}"#,
                "{ \"b\": [true,\n null], \"a\": 1.0 }",
                true,
            ),
            (r#"{"a":"é"}"#, r#"{"a":"\u00e9"}"#, true),
            ("8202522731445525542", "8202522731445525543", false),
            ("1250.50", "12505e-1", true),
            (r#"["a","b"]"#, r#"["b","a"]"#, false),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#, false),
            (r#"{"a":1,"a":2}"#, r#"{"a":1, "a":2}"#, false),
            (r#""\ud800""#, r#""\ufffd""#, false),
        ] {
            let (mut new, stored) = (of(one), of(other).event);
            new.event.id = stored.id;
            let is_known = repeated(&new, &stored) == Appended::known(stored);
            assert_eq!(is_known, is_same, "{one} {other}");
        }
    }

    #[test]
    fn what_acceptance_adds_does_not_count() {
        let new = new_event(&IdGenerator::new(1), true);
        let stored = Event {
            created_at: Timestamp::from_unix_ms(9_000),
            deliveries: 7,
            missed: 2,
            is_canceled: true,
            ..new.event.clone()
        };
        assert_eq!(repeated(&new, &stored), Appended::known(stored.clone()));
    }
}
