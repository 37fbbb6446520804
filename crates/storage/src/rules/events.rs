//! Whether an event was accepted before.

use postrider_model::Event;

use crate::events::{Appended, NewEvent};

/// The result for a new event whose id or idempotency key belongs to `stored`.
///
/// The two are the same event ([`Appended::Known`]) if type, `data` bytes and `occurred_at` agree, and the id
/// too if the producer chose it. Otherwise the id or the key was used for another event
/// ([`Appended::Conflict`]).
pub fn repeated(new: &NewEvent, stored: &Event) -> Appended {
    let same = new.event.event_type == stored.event_type
        && new.event.data == stored.data
        && new.event.occurred_at == stored.occurred_at
        && (!new.id_is_callers || new.event.id == stored.id);
    if same {
        Appended::Known(stored.clone())
    } else {
        Appended::Conflict
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use postrider_model::{FixedPoints, IdGenerator, Origin, Timestamp};

    use super::*;

    fn new_event(ids: &IdGenerator, id_is_callers: bool) -> NewEvent {
        let at = Timestamp::from_unix_ms(1_000);
        NewEvent {
            event: Event {
                id: ids.event(at),
                account: ids.account(at),
                event_type: "proposal.accepted".parse().unwrap(),
                data: Bytes::from_static(b"{}"),
                occurred_at: None,
                created_at: at,
                origin: Origin::Producer,
                fixed_points: FixedPoints::default(),
                warning: None,
                deliveries: 0,
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
                repeated(&again, &stored) == Appended::Known(stored.clone()),
                known
            );
        }
    }

    #[test]
    fn the_bytes_the_type_and_the_time_of_an_event_count() {
        let ids = IdGenerator::new(1);
        let new = new_event(&ids, true);
        assert_eq!(repeated(&new, &new.event), Appended::Known(new.event.clone()));
        let other_data = Event {
            data: Bytes::from_static(b"{ }"),
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
        for stored in [other_data, other_type, other_time] {
            assert_eq!(repeated(&new, &stored), Appended::Conflict);
        }
    }

    #[test]
    fn what_acceptance_adds_does_not_count() {
        let new = new_event(&IdGenerator::new(1), true);
        let stored = Event {
            created_at: Timestamp::from_unix_ms(9_000),
            deliveries: 7,
            ..new.event.clone()
        };
        assert_eq!(repeated(&new, &stored), Appended::Known(stored.clone()));
    }
}
