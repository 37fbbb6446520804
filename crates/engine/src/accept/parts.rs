//! Stores the events of one request in parts, each small enough to share a step with other accounts.
//!
//! A request may bring a thousand events with hundreds of deliveries each. As one step, it would delay
//! everybody else's events by seconds. Its deliveries are therefore made part by part, as the parts before
//! are stored, and the request gets one response at the end.

use std::collections::VecDeque;

use postrider_model::{AccountId, Timestamp};
use postrider_storage::NewEvent;
use tokio::sync::oneshot;

use super::{AcceptError, Accepted, Rejection};
use crate::engine::Engine;
use crate::work::append::{AppendJob, Reply, cost_of};
use crate::work::queue::JOB_COST_MAX;

/// Parts of one request that wait or are being stored: as much as fills a step.
const PARTS_WAITING_MAX: usize = 8;

/// The events of one request.
pub(super) struct Parts<'a> {
    engine: &'a Engine,
    account: AccountId,
    now: Timestamp,
    /// The part that is being filled, and what it costs to store.
    events: Vec<NewEvent>,
    cost: usize,
    /// Parts without results yet: the number of their events, and where the results arrive.
    submitted: VecDeque<(usize, Result<oneshot::Receiver<Reply>, AcceptError>)>,
    results: Vec<Result<Accepted, Rejection>>,
    /// Whether a part was submitted, and whether one was stored.
    is_begun: bool,
    is_stored: bool,
    /// Why a part was not stored. Nothing is submitted after that.
    failure: Option<AcceptError>,
}

impl<'a> Parts<'a> {
    /// No events yet; `events` of them are expected.
    pub(super) fn new(engine: &'a Engine, account: AccountId, events: usize) -> Self {
        Self {
            engine,
            account,
            now: engine.clock().now(),
            events: Vec::with_capacity(events.min(JOB_COST_MAX)),
            cost: 0,
            submitted: VecDeque::new(),
            results: Vec::with_capacity(events),
            is_begun: false,
            is_stored: false,
            failure: None,
        }
    }

    /// When the events of the current part are accepted.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Adds an event. Waits while earlier parts are being stored.
    pub(super) async fn add(&mut self, event: NewEvent) {
        let cost = cost_of(&event);
        if !self.events.is_empty() && self.cost + cost > JOB_COST_MAX {
            self.submit_in_turn().await;
        }
        self.cost += cost;
        self.events.push(event);
    }

    /// Waits for what the next event needs. What was added before does not wait: it is submitted now.
    pub(super) async fn wait_for<T>(&mut self, awaited: impl Future<Output = T>) -> T {
        if !self.events.is_empty() {
            self.submit_in_turn().await;
        }
        let result = awaited.await;
        self.now = self.engine.clock().now();
        result
    }

    /// Waits until all parts are stored. Returns a result for each event, in order. Fails if the store took
    /// none of them.
    pub(super) async fn finish(mut self) -> Result<Vec<Result<Accepted, Rejection>>, AcceptError> {
        if !self.events.is_empty() {
            self.submit();
        }
        while !self.submitted.is_empty() {
            self.await_oldest().await;
        }
        match self.failure {
            Some(failure) if !self.is_stored => Err(failure),
            _ => Ok(self.results),
        }
    }

    /// Submits the part, and waits while too many are being stored.
    async fn submit_in_turn(&mut self) {
        self.submit();
        while self.submitted.len() >= PARTS_WAITING_MAX {
            self.await_oldest().await;
        }
    }

    fn submit(&mut self) {
        let events = std::mem::take(&mut self.events);
        let count = events.len();
        let response = match &self.failure {
            Some(failure) => Err(failure.clone()),
            None => {
                let (reply, response) = oneshot::channel();
                let job = AppendJob {
                    account: self.account,
                    events,
                    now: self.now,
                    reply,
                };
                let pushed = self.engine.appends().push(job, self.is_begun);
                pushed.map(|()| response)
            }
        };
        self.is_begun = true;
        self.submitted.push_back((count, response));
        self.cost = 0;
        self.now = self.engine.clock().now();
    }

    async fn await_oldest(&mut self) {
        let Some((count, response)) = self.submitted.pop_front() else {
            return;
        };
        let reply = match response {
            Ok(response) => match response.await {
                Ok(reply) => reply.map_err(AcceptError::Store),
                Err(_) => Err(AcceptError::Stopping),
            },
            Err(error) => Err(error),
        };
        match reply {
            Ok(results) => {
                self.is_stored = true;
                self.results.extend(results);
            }
            Err(failure) => {
                let rejection = Rejection::NotStored(failure.clone());
                self.results.extend((0..count).map(|_| Err(rejection.clone())));
                self.failure.get_or_insert(failure);
            }
        }
    }
}
