//! Lanes under random calls. The module's invariants hold after each call, and once the faults have ended,
//! every delivery that waits in the store is fetched and sent, without another rescan of the store.

use std::collections::HashSet;

use postrider_storage::ClaimRequest;
use proptest::prelude::*;

use super::*;

const ACTIONS: u128 = 3;
const BYTES: usize = 8;

/// One call, or something that happens around the lanes. An index picks one of the items that exist.
#[derive(Debug, Clone, Copy)]
enum Step {
    Accept(u128),
    Stored(usize),
    NotStored(usize),
    Start,
    End(usize, Lesson),
    Postpone(usize, Lesson),
    Record { index: usize, retry_in_ms: Option<u64> },
    AskForClaims,
    ClaimComes { index: usize, failed: bool },
    HoldBack,
    Resume,
    SessionDies,
    TimePasses(u64),
}

/// A receiver asked for a pause.
fn pause() -> Lesson {
    let advice = Advice {
        rate_limited: true,
        retry_after: Some(Duration::from_secs(5)),
        ..Advice::default()
    };
    Lesson::of(Outcome::BadStatus, advice, T).unwrap()
}

fn step() -> impl Strategy<Value = Step> {
    let lesson = prop_oneof![Just(more()), Just(less()), Just(silence()), Just(pause())];
    let some = 0..100_usize;
    prop_oneof![
        12 => (0..ACTIONS).prop_map(Step::Accept),
        8 => some.clone().prop_map(Step::Stored),
        1 => some.clone().prop_map(Step::NotStored),
        8 => Just(Step::Start),
        6 => (some.clone(), lesson).prop_map(|(index, lesson)| Step::End(index, lesson)),
        1 => some.clone().prop_map(|index| Step::Postpone(index, Lesson::postponed())),
        1 => some.clone().prop_map(|index| Step::Postpone(index, Lesson::crowded())),
        5 => (some.clone(), prop::option::of(0..20_000_u64))
            .prop_map(|(index, retry_in_ms)| Step::Record { index, retry_in_ms }),
        6 => Just(Step::AskForClaims),
        5 => (some, prop::bool::weighted(0.3))
            .prop_map(|(index, failed)| Step::ClaimComes { index, failed }),
        1 => Just(Step::HoldBack),
        1 => Just(Step::Resume),
        1 => Just(Step::SessionDies),
        3 => (0..15_000_u64).prop_map(Step::TimePasses),
    ]
}

/// The account of an action: the first action has one of its own.
fn account_of(action: ActionId) -> AccountId {
    AccountId::from_u128(1 + u128::from(action.as_u128() > 0))
}

/// A delivery, the session that owns it, and whether the session is still alive.
struct Owned {
    ready: Ready,
    alive: bool,
}

/// The lanes, and a model of the store around them.
struct World {
    lanes: Lanes,
    now: Timestamp,
    session: SessionId,
    created: u128,
    /// Deliveries that wait in the store: their actions and due times.
    waiting: Vec<(ActionId, Timestamp)>,
    reserved: Vec<ActionId>,
    /// Queued deliveries of the living session, by action.
    queued: Vec<ActionId>,
    under_way: Vec<Owned>,
    finished: Vec<Owned>,
    claims: Vec<(ClaimRequest, SessionId)>,
}

impl World {
    fn new(window: usize, window_bytes: usize, in_flight: usize) -> Self {
        let window = Window::new(window, window_bytes);
        Self {
            lanes: Lanes::new(window, in_flight, Duration::from_secs(60)),
            now: at(0),
            session: SESSION,
            created: 0,
            waiting: Vec::new(),
            reserved: Vec::new(),
            queued: Vec::new(),
            under_way: Vec::new(),
            finished: Vec::new(),
            claims: Vec::new(),
        }
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Accept(n) => self.accept(action(n)),
            Step::Stored(index) => self.stored(index),
            Step::NotStored(index) => {
                if let Some(action) = pick(&mut self.reserved, index) {
                    self.lanes.release(action, BYTES);
                }
            }
            Step::Start => self.start(),
            Step::End(index, lesson) => self.end(index, lesson),
            Step::Postpone(index, lesson) => self.postpone(index, lesson),
            Step::Record { index, retry_in_ms } => self.record(index, retry_in_ms),
            Step::AskForClaims => {
                let requests = self.lanes.take_claims(self.now, 2);
                let session = self.session;
                self.claims
                    .extend(requests.into_iter().map(|request| (request, session)));
            }
            Step::ClaimComes { index, failed } => self.claim_comes(index, failed),
            Step::HoldBack => self.lanes.hold_back(),
            Step::Resume => {
                self.lanes.resume();
            }
            Step::SessionDies => self.session_dies(),
            Step::TimePasses(ms) => self.now = self.now.after(Duration::from_millis(ms)),
        }
        self.check();
    }

    fn accept(&mut self, action: ActionId) {
        match self.lanes.reserve(account_of(action), action, BYTES, self.now) {
            FirstAttempt::Owned => self.reserved.push(action),
            FirstAttempt::Waiting => self.wait(action, self.now),
        }
    }

    /// The monotonic time; the wall clock of this world takes no steps.
    fn monotonic(&self) -> Duration {
        self.now.since(at(0))
    }

    fn wait(&mut self, action: ActionId, due: Timestamp) {
        self.waiting.push((action, due));
        self.lanes.waits(account_of(action), action, due, self.now);
    }

    fn ready(&mut self, action: ActionId) -> Ready {
        self.created += 1;
        let session = self.session;
        Ready {
            session,
            at: self.monotonic(),
            ..ready_of(account_of(action), action, self.created)
        }
    }

    fn stored(&mut self, index: usize) {
        if let Some(action) = pick(&mut self.reserved, index) {
            let ready = self.ready(action);
            self.queued.push(action);
            self.lanes.enqueue(ready);
        }
    }

    fn start(&mut self) {
        if let Some(ready) = self.lanes.take_ready(self.monotonic()) {
            let alive = ready.session == self.session;
            let action = ready.delivery.action;
            if alive {
                let index = self.queued.iter().position(|queued| *queued == action);
                self.queued.remove(index.unwrap());
            }
            self.under_way.push(Owned { ready, alive });
        }
    }

    fn end(&mut self, index: usize, lesson: Lesson) {
        if let Some(owned) = pick(&mut self.under_way, index) {
            let now = self.monotonic();
            self.lanes
                .attempt_ended(owned.ready.delivery.action, owned.ready.at, Some(lesson), now);
            self.finished.push(owned);
        }
    }

    fn postpone(&mut self, index: usize, lesson: Lesson) {
        if let Some(Owned { ready, alive }) = pick(&mut self.under_way, index) {
            if alive {
                self.queued.push(ready.delivery.action);
            }
            self.lanes.postpone(ready, lesson, self.monotonic());
        }
    }

    fn record(&mut self, index: usize, retry_in_ms: Option<u64>) {
        if let Some(Owned { ready, alive }) = pick(&mut self.finished, index) {
            let action = ready.delivery.action;
            self.lanes.release(action, ready.bytes());
            if let (true, Some(ms)) = (alive, retry_in_ms) {
                self.wait(action, self.now.after(Duration::from_millis(ms)));
            }
        }
    }

    /// Ends a claim as the store does: returns due deliveries, up to the claim's room, or none to a dead
    /// session.
    fn claim_comes(&mut self, index: usize, failed: bool) {
        let Some((request, session)) = pick(&mut self.claims, index) else {
            return;
        };
        if failed {
            let retry_at = self.now.after(Duration::from_secs(1));
            let now = self.monotonic();
            self.lanes.claimed(request.action, None, session, retry_at, now);
            return;
        }
        let mut claim = Claim::default();
        if session == self.session {
            let room = request.room.min(request.room_bytes.div_ceil(BYTES));
            while claim.deliveries.len() < room {
                let is_due = |(action, due): &(ActionId, Timestamp)| {
                    *action == request.action && *due >= request.since && *due <= self.now
                };
                let Some(index) = self.waiting.iter().position(is_due) else {
                    break;
                };
                self.waiting.remove(index);
                claim.deliveries.push(self.ready(request.action).delivery);
                self.queued.push(request.action);
            }
            let others = self
                .waiting
                .iter()
                .filter(|(action, due)| *action == request.action && *due >= request.since);
            claim.next_due = others.map(|(_, due)| *due).min();
        }
        let now = self.monotonic();
        self.lanes
            .claimed(request.action, Some(claim), session, self.now, now);
    }

    /// The session's deliveries wait again, due now, and the node rescans the store once.
    fn session_dies(&mut self) {
        self.lanes.hold_back();
        self.lanes.forget_queued();
        self.check();
        self.session = SessionId(self.session.0 + 1);
        self.lanes.resume();
        let mut due_again: Vec<ActionId> = std::mem::take(&mut self.queued);
        for owned in self.under_way.iter_mut().chain(&mut self.finished) {
            if std::mem::take(&mut owned.alive) {
                due_again.push(owned.ready.delivery.action);
            }
        }
        let now = self.now;
        self.waiting
            .extend(due_again.into_iter().map(|action| (action, now)));
        for (action, due) in self.waiting.clone() {
            self.lanes.waits(account_of(action), action, due, now);
        }
    }

    /// Runs without faults until nothing waits, for 100 minutes at most.
    fn recover(&mut self) {
        self.lanes.resume();
        for _ in 0..3_000 {
            while !self.reserved.is_empty() {
                self.run(Step::Stored(0));
            }
            while !self.claims.is_empty() {
                self.run(Step::ClaimComes {
                    index: 0,
                    failed: false,
                });
            }
            let under_way = self.under_way.len();
            self.run(Step::Start);
            if self.under_way.len() == under_way {
                if self.lanes.count() == 0 && self.waiting.is_empty() {
                    return;
                }
                self.run(Step::AskForClaims);
                self.run(Step::TimePasses(2_000));
            }
            while !self.under_way.is_empty() {
                self.run(Step::End(0, more()));
            }
            while !self.finished.is_empty() {
                self.run(Step::Record {
                    index: 0,
                    retry_in_ms: None,
                });
            }
        }
        panic!("{} still wait: {:#?}", self.waiting.len(), self.lanes);
    }

    /// The invariants of [`crate::lanes`].
    fn check(&self) {
        let lanes = &self.lanes;
        let held: usize = lanes.lanes.values().map(Lane::held).sum();
        assert_eq!(held, lanes.window.held());
        let in_flight: u32 = lanes.lanes.values().map(|lane| lane.in_flight).sum();
        assert_eq!(in_flight as usize, lanes.in_flight);
        let silent: usize = lanes.lanes.values().map(Lane::in_flight_giving_way).sum();
        assert_eq!(silent, lanes.in_flight_giving_way);
        self.check_turns();
        let (mut alarms, mut timers) = (Vec::new(), Vec::new());
        for (action, lane) in &lanes.lanes {
            assert!(!lane.is_idle() || lane.timer.is_some(), "an idle lane is kept");
            let waits = lane.in_turn || lane.timer.is_some() || lane.in_flight > 0;
            assert!(lane.queue.is_empty() || waits || lane.is_parked);
            assert_eq!(lane.is_parked, lanes.parked.contains(action));
            alarms.extend(lane.alarm().map(|at| (at, *action)));
            timers.extend(lane.timer.map(|at| (at, *action)));
        }
        alarms.sort();
        timers.sort();
        assert_eq!((alarms, timers), (lanes.alarms.all(), lanes.timers.all()));
        let awaits_claim = lanes.lanes.iter().filter(|(_, lane)| lane.awaits_claim());
        let mut awaits_claim: Vec<ActionId> = awaits_claim.map(|(action, _)| *action).collect();
        let mut in_turn = lanes.claims.all();
        awaits_claim.sort();
        in_turn.sort();
        assert_eq!(awaits_claim, in_turn);
        // More can be in flight than there are slots: lanes begin to give way while their requests are.
        let free = (lanes.slots().for_giving_way()).saturating_sub(lanes.in_flight_giving_way);
        assert!(
            lanes.parked.is_empty() || free == 0 || !lanes.turn.is_empty(),
            "parked beside free slots"
        );
    }

    fn check_turns(&self) {
        let lanes = &self.lanes;
        let accounts: HashSet<AccountId> = lanes.turn.iter().copied().collect();
        assert_eq!(
            accounts.len(),
            lanes.turn.len(),
            "an account is in the turn twice"
        );
        let mut turn = HashSet::new();
        for (account, of_account) in &lanes.accounts {
            assert_eq!(of_account.in_turn, accounts.contains(account));
            assert!(of_account.lanes.is_empty() || of_account.in_turn || of_account.in_flight > 0);
            turn.extend(of_account.lanes.iter().copied());
        }
        let queued: usize = lanes
            .accounts
            .values()
            .map(|of_account| of_account.lanes.len())
            .sum();
        assert_eq!(turn.len(), queued, "a lane is in the turn twice");
        let in_flight: usize = lanes
            .accounts
            .values()
            .map(|of_account| of_account.in_flight)
            .sum();
        assert_eq!(in_flight, lanes.in_flight);
        for (action, lane) in &lanes.lanes {
            assert_eq!(lane.in_turn, turn.contains(action));
        }
    }
}

fn pick<T>(from: &mut Vec<T>, index: usize) -> Option<T> {
    (!from.is_empty()).then(|| from.remove(index % from.len()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn after_any_fault_all_stored_work_is_eventually_claimed(
        window in 1..40_usize,
        window_bytes in 16..300_usize,
        in_flight in 1..20_usize,
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut world = World::new(window, window_bytes, in_flight);
        for step in steps {
            world.run(step);
        }
        world.recover();
    }
}
