//! A node's way to the store: it fails, delays and loses calls, and ends with the node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use postrider_model::delivery::Next;
use postrider_model::*;
use postrider_storage::*;
use tokio::time::{Instant, sleep, sleep_until};

use crate::book::{Book, Life};
use crate::plan::{How, Outage};
use crate::rng::Rng;
use crate::shared::Shared;

/// How long a call that hangs takes to fail.
const HANG_MAX: Duration = Duration::from_secs(10);

/// How late a late call takes effect at most.
const LATE_MS_MAX: u64 = 4_000;

/// The link of one life of a node.
pub struct Link {
    pub life: Life,
    shared: Arc<Shared>,
    book: Arc<Mutex<Book>>,
    rng: Mutex<Rng>,
    outage: Mutex<Option<(Instant, Outage)>>,
    /// Calls until the node dies, and whether it dies after the call took effect.
    crash: Mutex<Option<(u64, bool)>>,
    is_dead: AtomicBool,
    /// Power failures before this life.
    power_failures: u64,
}

/// What happens to one call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Refused,
    ResponseLost,
    Hang(Instant),
    Late(Duration),
}

impl Link {
    pub fn new(life: Life, seed: u64, shared: Arc<Shared>, book: Arc<Mutex<Book>>) -> Self {
        Self {
            life,
            power_failures: shared.power_failures(),
            shared,
            book,
            rng: Mutex::new(Rng::new(seed, 100 + life as u64)),
            outage: Mutex::default(),
            crash: Mutex::default(),
            is_dead: AtomicBool::new(false),
        }
    }

    pub fn is_dead(&self) -> bool {
        if self.shared.power_failures() > self.power_failures {
            self.die();
        }
        self.is_dead.load(Ordering::Relaxed)
    }

    /// The node dies now.
    pub fn die(&self) {
        if !self.is_dead.swap(true, Ordering::Relaxed) {
            let mut book = self.book.lock();
            book.deaths += 1;
            book.disturbed(Instant::now());
        }
    }

    /// The node dies after so many more steps of its work.
    pub fn die_later(&self, calls: u64, after: bool) {
        self.crash.lock().get_or_insert((calls, after));
    }

    /// The power fails at a later operation of the disk.
    pub fn lose_power_later(&self, operations: u64) {
        match &self.shared.disk {
            Some(disk) => disk.power_failure_after(operations),
            None => self.die_later(operations, true),
        }
    }

    pub fn fail(&self, outage: Option<Outage>) {
        let until = |outage: Outage| (Instant::now() + outage.lasts, outage);
        *self.outage.lock() = outage.map(until);
    }

    /// A point at which the node may die. A dead node never goes on.
    pub async fn point(&self, after: bool) {
        let dies = match &mut *self.crash.lock() {
            Some((0, when)) => *when == after,
            Some((calls, _)) => {
                *calls -= u64::from(!after);
                false
            }
            None => false,
        };
        if dies {
            self.die();
        }
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    fn fault(&self, verb: &str) -> Fault {
        let mut outage = self.outage.lock();
        let Some((until, now)) = &*outage else {
            return Fault::None;
        };
        if *until <= Instant::now() {
            *outage = None;
            return Fault::None;
        }
        let mut rng = self.rng.lock();
        let concerns = now.only.is_empty() || now.only.contains(&verb);
        if !concerns || !rng.percent(now.percent) {
            return Fault::None;
        }
        match now.how {
            How::Disk(_) if self.shared.disk.is_some() => Fault::None,
            How::Refused | How::Disk(_) => Fault::Refused,
            // A store finds out whether a session got deliveries before it reports an error, so that none is
            // owned by a session that does not know of it.
            How::ResponseLost if matches!(verb, "append" | "claim") => Fault::Refused,
            How::ResponseLost => Fault::ResponseLost,
            How::Hang => Fault::Hang((*until).min(Instant::now() + HANG_MAX)),
            How::Late => Fault::Late(Duration::from_millis(rng.below(LATE_MS_MAX))),
        }
    }

    async fn call<T>(&self, verb: &str, operation: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
        self.point(false).await;
        let fault = self.fault(verb);
        self.travel(fault).await?;
        let result = operation.await;
        self.point(true).await;
        match fault {
            Fault::ResponseLost => Err(lost()),
            _ => result,
        }
    }

    async fn travel(&self, fault: Fault) -> StoreResult<()> {
        match fault {
            Fault::Refused => return Err(lost()),
            Fault::Hang(until) => {
                sleep_until(until).await;
                return Err(lost());
            }
            Fault::Late(by) => sleep(by).await,
            Fault::None | Fault::ResponseLost => {
                let latency = self.rng.lock().below(2);
                sleep(Duration::from_millis(latency)).await;
            }
        }
        // The node may have died on the way.
        match self.is_dead() {
            true => std::future::pending().await,
            false => Ok(()),
        }
    }

    fn note(&self, finished: &[Finished], recorded: &[Recorded]) {
        let mut book = self.book.lock();
        for (item, recorded) in finished.iter().zip(recorded) {
            let disables = matches!(
                item.change,
                Change::Attempted {
                    disables: Some(_),
                    ..
                }
            );
            if disables && *recorded == Recorded::Applied {
                let mut changes = self.shared.changes.lock();
                changes.push(Changed::Account(item.key.account));
            }
            if let Change::Attempted { attempt, next, .. } = &item.change
                && *recorded == Recorded::Applied
                && attempt.outcome == Outcome::Succeeded
                && *next == Next::Settle(DeliveryStatus::Succeeded)
            {
                book.succeeded(item.key.delivery.to_string(), self.life);
            }
        }
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable("simulated".to_owned())
}

/// Passes the verbs of a trait on. Those with `=> change` tell the other nodes where they take effect.
macro_rules! verbs {
    ($trait:ident { $($name:ident($($argument:ident: $type:ty),*) -> $result:ty $(=> $change:expr)?;)* }
     $($own:tt)*) => {
        #[async_trait]
        impl $trait for Link {
            $(async fn $name(&self, $($argument: $type),*) -> StoreResult<$result> {
                let change: Option<Changed> = None$(.or(Some($change)))?;
                let operation = async {
                    let result = self.shared.store().$name($($argument),*).await;
                    if let (Ok(_), Some(change)) = (&result, change) {
                        self.shared.changes.lock().push(change);
                    }
                    result
                };
                self.call(stringify!($name), operation).await
            })*
            $($own)*
        }
    };
}

mod others;

verbs!(AccountStore {
    create_account(account: Account, key: SigningKey, audit: AuditEntry) -> SaveAccount;
    account(account: &AccountRef) -> Option<Account>;
    accounts(page: PageRequest) -> Page<Account>;
    update_account(account: Account, audit: AuditEntry) -> SaveAccount => Changed::Account(account.id);
    delete_account(account: AccountId, version: Option<i64>, audit: AuditEntry) -> DeleteObject => Changed::Account(account);
    signing_keys(account: AccountId) -> Option<Vec<SigningKey>>;
    rotate_signing_key(account: AccountId, key: SigningKey, overlap_until: Timestamp, announced: Vec<NewEvent>,
        audit: AuditEntry) -> bool => Changed::Account(account);
    account_config(account: AccountId) -> Option<AccountConfig>;
});

verbs!(AuditStore {
    note_audit(entries: Vec<AuditEntry>) -> ();
    audit(filter: &AuditFilter, page: PageRequest) -> Page<AuditEntry>;
    prune_audit(before: Timestamp, limit: usize) -> usize;
});

verbs!(AutomationStore {
    create_automation(account: AccountId, automation: Automation, audit: AuditEntry) -> SaveAutomation
        => Changed::Account(account);
    automation(account: AccountId, id: AutomationId) -> Option<Automation>;
    automation_of_uid(account: AccountId, uid: &str) -> Option<Automation>;
    automations(account: AccountId, page: PageRequest) -> Page<Automation>;
    update_automation(account: AccountId, automation: Automation, announced: Vec<NewEvent>, audit: AuditEntry)
        -> SaveAutomation => Changed::Account(account);
    delete_automation(account: AccountId, id: AutomationId, version: Option<i64>, audit: AuditEntry) -> DeleteObject
        => Changed::Account(account);
});

verbs!(DeliveryStore {
    claim(session: SessionId, requests: Vec<ClaimRequest>, now: Timestamp) -> Vec<Claim>;
    waiting_lanes(since: Timestamp, after: Option<ActionId>, limit: usize) -> Vec<WaitingLane>;
    due_ahead(now: Timestamp, after: Option<DueAhead>, limit: usize) -> Vec<DueAhead>;
    bring_forward(earlier: Vec<DueEarlier>) -> usize;
    resend(key: DeliveryKey, now: Timestamp, audit: AuditEntry) -> Resent;
    replay_step(account: AccountId, filter: &DeliveryFilter, actions: &[ActionId], after: Option<Position>,
        now: Timestamp, audit: Option<AuditEntry>) -> ReplayStep;
    count_step(account: AccountId, filter: &DeliveryFilter, actions: &[ActionId], after: Option<Position>,
        now: Timestamp) -> CountStep;
    cancel_step(account: AccountId, filter: &DeliveryFilter, after: Option<Position>, now: Timestamp,
        audit: Option<AuditEntry>) -> CancelStep => Changed::Account(account);
    count_cancel_step(account: AccountId, filter: &DeliveryFilter, after: Option<Position>, now: Timestamp)
        -> CountStep;
    delivery(key: DeliveryKey) -> Option<Delivery>;
    record(key: DeliveryKey) -> Option<DeliveryRecord>;
    deliveries(account: AccountId, filter: &DeliveryFilter, page: PageRequest) -> Page<Delivery>;
    deliveries_of_all(filter: &DeliveryFilter, page: PageRequest) -> Page<Delivery>;
});

verbs!(EventStore {
    event(account: AccountId, id: EventId) -> Option<Event>;
    beginnings(account: AccountId, events: &[(EventId, Timestamp)], bytes: usize) -> Vec<Option<Vec<u8>>>;
    known_events(events: Vec<NewEvent>) -> Vec<Option<Appended>>;
    cancel_event(account: AccountId, id: EventId, now: Timestamp, audit: AuditEntry) -> EventCanceled;
    events(account: AccountId, filter: &EventFilter, page: PageRequest) -> Page<Event>;
});

verbs!(RateLimitStore {
    reserve_slots(requests: Vec<ReserveSlots>, now: Timestamp) -> Vec<Option<Duration>>;
});

verbs!(RetentionStore {
    clock(wall: Timestamp) -> StoreClock;
    confirm_time(at: Timestamp) -> ();
    prune(before: Timestamp, limit: usize) -> Pruned;
});

verbs!(SearchStore { find(sought: &Sought, within: Option<AccountId>) -> Vec<Found>; });

verbs!(SecretStore {
    sealed_values() -> SealedValues;
    reseal(skip: u64) -> Resealed;
});

verbs!(SessionStore {
    open_session(lease: Duration, now: Timestamp) -> SessionId;
    close_session(session: SessionId, now: Timestamp) -> () => Changed::Sessions;
    sessions(now: Timestamp) -> Vec<LiveSession>;
    check() -> ();
}
    async fn renew_session(&self, session: SessionId, now: Timestamp) -> StoreResult<bool> {
        let operation = async {
            let renewed = self.shared.store().renew_session(session, now).await;
            if renewed == Ok(false) {
                self.book.lock().deaths += 1;
                self.shared.changes.lock().push(Changed::Sessions);
            }
            renewed
        };
        self.call("renew_session", operation).await
    }

    async fn reclaim(&self, now: Timestamp, limit: usize) -> StoreResult<usize> {
        let operation = async {
            let reclaimed = self.shared.store().reclaim(now, limit).await;
            if reclaimed.as_ref().is_ok_and(|count| *count > 0) {
                self.book.lock().deaths += 1;
                self.shared.changes.lock().push(Changed::Sessions);
            }
            reclaimed
        };
        self.call("reclaim", operation).await
    }
);

verbs!(ChangeStore {}
    fn is_shared(&self) -> bool {
        self.shared.store().is_shared()
    }

    async fn changes(&self, since: Option<ChangeMark>) -> StoreResult<Changes> {
        let operation = async {
            let changes = self.shared.changes.lock();
            let seen = i64::try_from(changes.len()).expect("there are few changes");
            let mark = ChangeMark { seen, looked_at_ms: 0 };
            let known = since.map_or(seen, |since| since.seen);
            let known = usize::try_from(known).expect("marks count from 0");
            Ok(Changes {
                mark,
                changed: Some(changes[known..].to_vec()),
            })
        };
        self.call("changes", operation).await
    }

    async fn changed(&self) {
        std::future::pending().await
    }
);

#[async_trait]
impl WorkStore for Link {
    async fn advance_in_turn(
        &self,
        session: SessionId,
        events: Arc<[NewEvent]>,
        finished: Arc<[Finished]>,
        turn: Turn,
    ) -> Advanced {
        self.point(false).await;
        // The halves fail independently.
        let of_half = |half: &str, is_empty: bool| match is_empty {
            true => Fault::None,
            false => self.fault(half),
        };
        let append = of_half("append", events.is_empty());
        let record = of_half("record", finished.is_empty());
        let (appends, records) = (self.travel(append).await, self.travel(record).await);
        let half = |travelled: &StoreResult<()>| travelled.is_ok();
        let events = if half(&appends) { events } else { Arc::default() };
        let reports = if half(&records) {
            Arc::clone(&finished)
        } else {
            Arc::default()
        };
        let store = self.shared.store();
        let advanced = store.advance_in_turn(session, events, reports, turn).await;
        if let (Ok(()), Ok(recorded)) = (&records, &advanced.recorded) {
            self.note(&finished, recorded);
        }
        self.point(true).await;
        let seen = |fault| {
            if fault == Fault::ResponseLost {
                Err(lost())
            } else {
                Ok(())
            }
        };
        Advanced {
            appended: appends.and(seen(append)).and(advanced.appended),
            recorded: records.and(seen(record)).and(advanced.recorded),
        }
    }
}
