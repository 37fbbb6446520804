//! Which events an action has missed, and the ids of deliveries that are added to an event.

use postrider_model::{AccountId, ActionId, EventId, EventTypeName, Origin, Timestamp};
use ring::digest::{SHA256, digest};

use crate::encoding::event::Flags;
use crate::missed::MissedFilter;

/// Most deliveries of one event, those included that were added to it: as many as it can have from its
/// acceptance, and as many again. Then it counts as missed by no action any more.
pub const DELIVERIES_MAX: usize = 2 * postrider_model::automation::DELIVERIES_PER_EVENT_MAX;

/// Whether actions can have missed an event of this kind. Tests and operational events are of their moment.
pub fn may_be_missed(flags: Flags) -> bool {
    flags.origin == Origin::Producer && !flags.is_canceled
}

/// Whether the filter asks for events of this type.
pub fn is_of_type(filter: &MissedFilter, event_type: &EventTypeName) -> bool {
    let wanted = filter.event_type.as_ref();
    wanted.is_none_or(|wanted| wanted == event_type)
        && filter.patterns.iter().any(|pattern| pattern.matches(event_type))
}

/// The actions of `actions` for which an event with `count` deliveries lacks one. `has` are those of
/// `actions` for which it has one; others among them do not matter.
pub fn lacking(actions: &[ActionId], has: &[ActionId], count: u32) -> Vec<ActionId> {
    let lacking = actions.iter().filter(|action| !has.contains(action));
    let lacking: Vec<ActionId> = lacking.copied().collect();
    if count as usize + lacking.len() > DELIVERIES_MAX {
        return Vec::new();
    }
    lacking
}

/// The id of the first delivery that is added to an event without deliveries: the same whoever adds it.
///
/// It has the time of the event, so that it is where the event's deliveries would be. Bits of a hash stand
/// for those that a generator of ids would have chosen ([`postrider_model::IdGenerator`]): 58 of them, so
/// that it is no id of another event that was accepted within the same millisecond. It ends in 1, because
/// an event is the first of its block.
pub fn first_id(account: AccountId, event: EventId, created_at: Timestamp) -> u128 {
    let hash = digest(&SHA256, &[*account.as_bytes(), *event.as_bytes()].concat());
    let mut bits = [0; 16];
    bits.copy_from_slice(&hash.as_ref()[..16]);
    let bits = u128::from_be_bytes(bits);
    let time = crate::rules::ids::first_at(created_at.unix_ms());
    let (sequence, node) = (bits & 0xfff, (bits >> 12) & ((1 << 46) - 1));
    // RFC 9562, figure 11.
    time | (7 << 76) | (sequence << 64) | (0b10 << 62) | (node << 16) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_lacks_what_it_has_no_delivery_for() {
        let action = ActionId::from_u128;
        let (one, two, three) = (action(1), action(2), action(3));
        assert_eq!(lacking(&[one, two], &[two, three], 2), [one]);
        assert_eq!(lacking(&[two], &[two], 1), []);
        let full = u32::try_from(DELIVERIES_MAX).unwrap();
        assert_eq!(lacking(&[one], &[], full - 1), [one]);
        assert_eq!(lacking(&[one], &[], full), [], "the event is full");
        assert_eq!(lacking(&[one, two], &[], full - 1), [], "both do not fit");
    }

    #[test]
    fn the_first_id_is_a_uuid_of_the_events_time_and_its_own() {
        let (account, event) = (AccountId::from_u128(1), EventId::from_u128(2));
        let at = Timestamp::from_unix_ms(1_768_435_200_123);
        let id = first_id(account, event, at);
        assert_eq!(id, first_id(account, event, at));
        assert_eq!(id >> 80, 1_768_435_200_123);
        assert_eq!((id >> 76) & 0xf, 7);
        assert_eq!((id >> 62) & 0b11, 0b10);
        assert_eq!(id & 0xffff, 1);
        assert_eq!(
            id, 2_137_906_973_744_654_253_816_774_279_643_201_537,
            "on every node, whatever it was built with"
        );
        assert_ne!(id, first_id(AccountId::from_u128(3), event, at));
        assert_ne!(id, first_id(account, EventId::from_u128(3), at));
    }
}
