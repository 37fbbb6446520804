//! A store with the contents that nearly every test needs, and the verbs as tests call them: for one item at
//! a time.

use std::sync::Arc;

use bytes::Bytes;
use postrider_model::{
    Account, AccountId, ActionId, Attempt, Automation, AutomationId, Delivery, DeliveryId, DeliveryStatus,
    Event, EventHeaders, FixedPoints, IdGenerator, Origin, SigningKey, Timestamp,
};

use super::build::*;
use postrider_storage::{
    Appended, Claim, ClaimRequest, DeliveryKey, Finished, FirstAttempt, NewDelivery, NewEvent, Recorded,
    SaveAccount, SaveAutomation, SessionId, Store, StoreResult,
};

/// A store that contains an account, an automation with three actions, and a live session.
pub struct Scene {
    /// The store under test.
    pub store: Arc<dyn Store>,
    /// Generates ids.
    pub ids: IdGenerator,
    /// The account of appended events, unless a test says otherwise.
    pub account: AccountId,
    /// The account's only automation.
    pub automation: AutomationId,
    /// That automation's actions.
    pub actions: Vec<ActionId>,
    /// A session that lives at least until another one is opened.
    pub session: SessionId,
}

impl Scene {
    /// Creates the scene in an empty store.
    pub async fn new(store: Arc<dyn Store>) -> Self {
        Self::new_at(store, 0).await
    }

    /// Creates a scene with ids generated `s` seconds after the base, in a store that may contain earlier
    /// ones.
    pub async fn new_at(store: Arc<dyn Store>, s: i64) -> Self {
        let ids = IdGenerator::new(SEED);
        let account = create_account(&*store, new_account(&ids, s), new_key(&ids, s)).await;
        let automation = create_automation(&*store, account.id, new_automation(&ids, s, 3)).await;
        let session = open_session(&*store).await;
        Self {
            store,
            account: account.id,
            automation: automation.id,
            actions: automation.actions.iter().map(|action| action.id).collect(),
            session,
            ids,
        }
    }

    /// Adds an account with an automation of one action.
    pub async fn another_account(&self, s: i64) -> (AccountId, Automation) {
        let account = create_account(&*self.store, new_account(&self.ids, s), new_key(&self.ids, s)).await;
        let automation = create_automation(&*self.store, account.id, new_automation(&self.ids, s, 1)).await;
        (account.id, automation)
    }

    /// An event without deliveries, accepted `s` seconds after the base, with data unique to that second.
    pub fn event(&self, s: i64) -> NewEvent {
        NewEvent {
            event: Event {
                id: self.ids.event(at(s)),
                account: self.account,
                event_type: event_type("proposal.accepted"),
                data: Bytes::from(format!(r#"{{"second":{s}}}"#)),
                occurred_at: None,
                created_at: at(s),
                origin: Origin::Producer,
                fixed_points: FixedPoints::default(),
                warning: None,
                deliveries: 0,
                deliver_at: None,
                headers: EventHeaders::default(),
                trace: None,
                missed: 0,
                is_canceled: false,
            },
            id_is_callers: false,
            idempotency_key: None,
            adds_event_type: true,
            held_back: Vec::new(),
            deliveries: Vec::new(),
        }
    }

    /// An event with one delivery for each of these actions of the scene's automation.
    pub fn event_for(&self, s: i64, actions: &[ActionId], first_attempt: FirstAttempt) -> NewEvent {
        self.with_deliveries(self.event(s), self.automation, actions, first_attempt)
    }

    /// Adds one delivery for each of these actions to an event.
    pub fn with_deliveries(
        &self,
        mut event: NewEvent,
        automation: AutomationId,
        actions: &[ActionId],
        first_attempt: FirstAttempt,
    ) -> NewEvent {
        let first = self.ids.next_block(event.event.created_at);
        event.deliveries = (first..)
            .zip(actions)
            .map(|(id, action)| NewDelivery {
                id: DeliveryId::from_u128(id),
                automation,
                action: *action,
                body: BODY,
                first_attempt,
            })
            .collect();
        event.event.deliveries = u32::try_from(actions.len()).expect("few actions");
        event
    }

    /// An event with one delivery, owned by the appending session.
    pub fn owned(&self, s: i64) -> NewEvent {
        self.event_for(s, &self.actions[..1], FirstAttempt::Owned)
    }

    /// An event with one waiting delivery.
    pub fn waiting(&self, s: i64) -> NewEvent {
        self.event_for(s, &self.actions[..1], FirstAttempt::Waiting)
    }

    /// Appends events in the scene's session.
    pub async fn append(&self, events: Vec<NewEvent>) -> Vec<Appended> {
        append(&*self.store, self.session, events)
            .await
            .expect("appended")
    }

    /// Appends one event, which must be new.
    pub async fn append_new(&self, event: &NewEvent) {
        assert_eq!(self.append(vec![event.clone()]).await, [Appended::Stored]);
    }

    /// Appends one event with one owned delivery, and returns the delivery's key.
    pub async fn append_owned(&self, s: i64) -> DeliveryKey {
        let event = self.owned(s);
        self.append_new(&event).await;
        key_of(&event, 0)
    }

    /// Appends one event with one waiting delivery, and returns the delivery's key.
    pub async fn append_waiting(&self, s: i64) -> DeliveryKey {
        let event = self.waiting(s);
        self.append_new(&event).await;
        key_of(&event, 0)
    }

    /// Appends one event with one delivery in this status (pending: waiting), and returns the delivery's key.
    pub async fn append_in_status(&self, s: i64, status: DeliveryStatus) -> DeliveryKey {
        if status == DeliveryStatus::Pending {
            return self.append_waiting(s).await;
        }
        let key = self.append_owned(s).await;
        self.settle(key, self.actions[0], s, status).await;
        key
    }

    /// Settles a delivery that the scene's session owns and that has no attempts.
    pub async fn settle(&self, key: DeliveryKey, action: ActionId, s: i64, status: DeliveryStatus) {
        let recorded = self.finish(settled(key, action, s, status)).await;
        assert_eq!(recorded, Recorded::Applied);
    }

    /// Claims up to `room` deliveries in the scene's session.
    pub async fn claim(&self, action: ActionId, room: usize, now: Timestamp) -> Claim {
        claim(&*self.store, self.session, action, room, now).await
    }

    /// Records one report in the scene's session.
    pub async fn finish(&self, finished: Finished) -> Recorded {
        finish(&*self.store, self.session, finished).await
    }

    /// The delivery, which must exist.
    pub async fn delivery(&self, key: DeliveryKey) -> Delivery {
        let delivery = self.store.delivery(key).await.expect("delivery");
        delivery.expect("the delivery is there")
    }

    /// The delivery's attempts.
    pub async fn attempts(&self, key: DeliveryKey) -> Vec<Attempt> {
        let record = self.store.record(key).await.expect("record");
        record.map(|record| record.attempts).unwrap_or_default()
    }
}

/// Opens a session with a lease that outlives every test.
pub async fn open_session(store: &dyn Store) -> SessionId {
    store.open_session(LONG_LEASE, at(0)).await.expect("open_session")
}

/// Claims deliveries whatever the size of their data.
pub async fn claim(
    store: &dyn Store,
    session: SessionId,
    action: ActionId,
    room: usize,
    now: Timestamp,
) -> Claim {
    let request = ClaimRequest {
        action,
        since: ALL_TIME,
        room,
        room_bytes: usize::MAX,
    };
    let mut claims = store.claim(session, vec![request], now).await.expect("claim");
    claims.pop().unwrap_or_default()
}

/// Stores events, in a call of [`postrider_storage::WorkStore::advance`] without reports.
pub async fn append(
    store: &dyn Store,
    session: SessionId,
    events: Vec<NewEvent>,
) -> StoreResult<Vec<Appended>> {
    let advanced = store.advance(session, events.into(), [].into()).await;
    assert_eq!(advanced.recorded, Ok(vec![]), "no report, no result");
    advanced.appended
}

/// Records one report.
pub async fn finish(store: &dyn Store, session: SessionId, finished: Finished) -> Recorded {
    let recorded = finish_all(store, session, vec![finished]).await;
    let recorded = recorded.expect("recorded");
    assert_eq!(recorded.len(), 1, "one answer for one delivery");
    recorded[0]
}

/// Records reports, in a call of [`postrider_storage::WorkStore::advance`] without events.
pub async fn finish_all(
    store: &dyn Store,
    session: SessionId,
    finished: Vec<Finished>,
) -> StoreResult<Vec<Recorded>> {
    let advanced = store.advance(session, [].into(), finished.into()).await;
    assert_eq!(advanced.appended, Ok(vec![]), "no event, no result");
    advanced.recorded
}

/// Adds an account, which must be new.
pub async fn create_account(store: &dyn Store, account: Account, key: SigningKey) -> Account {
    match store
        .create_account(account, key, audit())
        .await
        .expect("create_account")
    {
        SaveAccount::Saved(account) => account,
        other => panic!("a new account was not saved: {other:?}"),
    }
}

/// Adds an automation, which must be new.
pub async fn create_automation(store: &dyn Store, account: AccountId, automation: Automation) -> Automation {
    let saved = store.create_automation(account, automation, audit()).await;
    match saved.expect("create_automation") {
        SaveAutomation::Saved(automation) => automation,
        other => panic!("a new automation was not saved: {other:?}"),
    }
}
