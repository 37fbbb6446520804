//! Runs attempts: one task for each request under way, which continues with the next delivery while there is
//! one.

use std::sync::Arc;
use std::time::Duration;

use postrider_model::ActionId;
use postrider_storage::Change;

use crate::attempt::{self, AttemptResult, Turn};
use crate::engine::Engine;
use crate::lanes::Ready;
use crate::pace::Lesson;

impl Engine {
    /// Starts all deliveries that may start now.
    pub(crate) fn start_ready(self: &Arc<Self>) {
        loop {
            let Some(ready) = self.next_ready() else { return };
            let attempts = run(Arc::clone(self), ready);
            // Boxed, because tokio allocates what it holds itself on a boundary of 128 bytes, for which the
            // allocator is slower, and copies it when the task ends.
            tokio::spawn(Box::pin(self.supervision().watch("attempt", attempts)));
        }
    }
}

impl Engine {
    /// Frees the room of a delivery that this session does not own any more. Returns the next one to start.
    fn let_go(
        &self,
        action: ActionId,
        started: Duration,
        bytes: usize,
        lesson: Option<Lesson>,
    ) -> Option<Ready> {
        self.lanes().release(action, bytes);
        let (ready, _) = self.next_after(action, started, lesson);
        self.attempt_left();
        ready
    }
}

async fn run(engine: Arc<Engine>, first: Ready) {
    let mut halted = engine.halted();
    let Some(results) = engine.results() else { return };
    let mut next = Some(first);
    while let Some(ready) = next.take() {
        let (action, started, bytes) = (ready.delivery.action, ready.at, ready.bytes());
        let turn = tokio::select! {
            biased;
            turn = attempt::carry_out(&engine, ready) => turn,
            // The grace period of a stop is over: the delivery is returned to the store with the session.
            _ = halted.changed() => return,
        };
        let result = match turn {
            Turn::Ended(result) => *result,
            Turn::Limited(ready, limit) => {
                engine.lanes().give_back(ready, limit, engine.clock().monotonic());
                engine.attempt_left();
                next = engine.next_ready();
                continue;
            }
            Turn::Postponed(ready, lesson) => {
                engine.lanes().postpone(ready, lesson, engine.clock().monotonic());
                engine.attempt_left();
                next = engine.next_ready();
                continue;
            }
            Turn::Lost => {
                next = engine.let_go(action, started, bytes, None);
                continue;
            }
            Turn::Canceled => {
                next = engine.let_go(action, started, bytes, Some(Lesson::canceled()));
                continue;
            }
        };
        let lesson = lesson(&result);
        // This waits while the queue of results is full, so that fewer attempts start.
        if results.send(result).await.is_err() {
            engine
                .lanes()
                .attempt_ended(action, started, lesson, engine.clock().monotonic());
            engine.attempt_left();
            return;
        }
        let (ready, more) = engine.next_after(action, started, lesson);
        engine.attempt_left();
        next = ready;
        if more {
            engine.start_ready();
        }
    }
}

/// What the attempt says about its receiver; `None` if no attempt was made.
fn lesson(result: &AttemptResult) -> Option<Lesson> {
    match &result.finished.change {
        Change::Attempted { attempt, .. } => Lesson::of(attempt.outcome, result.advice, attempt.duration),
        Change::Canceled { .. } => None,
    }
}
