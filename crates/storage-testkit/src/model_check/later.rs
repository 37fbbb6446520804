//! The steps of the check that add deliveries to events, and that cancel events.

use postrider_model::delivery::Progress;
use postrider_model::{ActionId, Delivery, DeliveryId, DeliveryStatus, Event};
use postrider_storage::{EventCanceled, MissedDelivery, NewMissed, rules};

use super::super::build::*;
use super::Check;
use super::model::Tracked;

/// The deliveries of an event, by id.
fn of<'a>(check: &'a Check, event: &Event) -> Vec<&'a Tracked> {
    let deliveries = check.model.deliveries.values();
    deliveries
        .filter(|tracked| tracked.delivery.event == event.id)
        .collect()
}

/// A random event, by its place.
fn any(check: &mut Check) -> Option<usize> {
    let count = check.model.events.len();
    (count > 0).then(|| check.rng.usize(0..count))
}

/// Adds deliveries for random actions to a random event.
pub async fn add_missed(check: &mut Check) {
    let Some(index) = any(check) else { return };
    let event = check.model.events[index].0.clone();
    let wanted: Vec<ActionId> = check
        .actions
        .iter()
        .copied()
        .filter(|_| check.rng.bool())
        .collect();
    let has: Vec<_> = of(check, &event).iter().map(|it| it.delivery.action).collect();
    let lacks: Vec<_> = match event.is_canceled {
        true => Vec::new(),
        false => wanted
            .iter()
            .copied()
            .filter(|action| !has.contains(action))
            .collect(),
    };
    let first = of(check, &event).first().map(|it| it.delivery.id.as_u128());
    let first = first.unwrap_or_else(|| rules::missed::first_id(event.account, event.id, event.created_at));
    let delivery = |action: &ActionId| MissedDelivery {
        automation: check.scene.automation,
        action: *action,
        body: BODY,
    };
    let new = NewMissed {
        event: event.id,
        created_at: event.created_at,
        deliveries: wanted.iter().map(delivery).collect(),
    };
    let now = check.now();
    let added = check
        .scene
        .store
        .add_missed(event.account, vec![new], now, Some(audit()))
        .await;
    assert_eq!(added, Ok(usize::from(!lacks.is_empty())));
    for (id, action) in (first + has.len() as u128..).zip(&lacks) {
        let delivery = Delivery {
            id: DeliveryId::from_u128(id),
            account: event.account,
            event: event.id,
            event_type: event.event_type.clone(),
            automation: check.scene.automation,
            action: *action,
            body: BODY,
            progress: Progress::new(),
            next_attempt_at: Some(event.deliver_at.map_or(now, |at| at.max(now))),
            created_at: event.created_at,
            settled_at: None,
            last_status_code: None,
            last_outcome: None,
        };
        check
            .model
            .deliveries
            .insert(delivery.id, Tracked::new(delivery, None));
    }
    check.model.events[index].0.missed += u32::try_from(lacks.len()).expect("few actions");
    check.compare_all().await;
}

/// Cancels a random event.
pub async fn cancel_event(check: &mut Check) {
    let Some(index) = any(check) else { return };
    let event = check.model.events[index].0.clone();
    let was_attempted = |it: &&Tracked| it.owner.is_some() || !it.attempts.is_empty();
    let is_refused = of(check, &event).iter().any(was_attempted);
    let now = check.now();
    let canceled = check
        .scene
        .store
        .cancel_event(event.account, event.id, now, audit())
        .await;
    if is_refused {
        assert_eq!(canceled, Ok(EventCanceled::Attempted));
        check.compare_all().await;
        return;
    }
    let mut expected = 0;
    for tracked in check.model.deliveries.values_mut() {
        let delivery = &mut tracked.delivery;
        if delivery.event == event.id && delivery.progress.status == DeliveryStatus::Pending {
            delivery.progress.status = delivery.progress.status_when_canceled();
            delivery.progress.resend_of = None;
            delivery.next_attempt_at = None;
            delivery.settled_at = Some(now);
            expected += 1;
        }
    }
    match canceled {
        Ok(EventCanceled::Done(deliveries)) => assert_eq!(deliveries.len(), expected),
        other => panic!("not canceled: {other:?}"),
    }
    check.model.events[index].0.is_canceled = true;
    check.compare_all().await;
}
