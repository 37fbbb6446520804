//! The metrics of the engine. Each handle is created once, because looking one up by its labels costs as much
//! as a signature. All of them exist from the start, so that a query finds 0 rather than nothing.
//!
//! No metric has a label whose values grow with accounts, actions or receivers. To add one: a field here with
//! its help, and a line in `docs/operating/metrics.md`; a test compares the two.

use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};
use postrider_model::delivery::Next;
use postrider_model::{DeliveryStatus, Outcome, Timestamp};
use postrider_storage::{Change, Finished, NewEvent};

use crate::observe::{RecordedResult, RecordedResults};

/// Handles of the metrics recorder that was installed when they were created.
pub(crate) struct Meters {
    /// Events accepted.
    pub(crate) accepted: Counter,
    /// Events deleted after the retention.
    pub(crate) pruned: Counter,
    attempts: [Counter; Outcome::ALL.len()],
    attempt_seconds: Histogram,
    /// Deliveries by the status that they reached; the first, pending, stays 0 and is not registered.
    settled: [Counter; DeliveryStatus::ALL.len()],
    delivery_seconds: Histogram,
    commit_seconds: Histogram,
    commit_deliveries: Histogram,
    /// Results that changed nothing, because another session owned the delivery by then.
    pub(crate) late_results: Counter,
    /// Sessions of this node that died before it stopped.
    pub(crate) sessions_lost: Counter,
    /// Takeovers of the deliveries of dead sessions, and those deliveries.
    takeovers: Counter,
    taken_over: Counter,
    /// What the node saw when it last looked at the whole installation.
    pub(crate) installation: InstallationMeters,
}

/// The gauges of the whole installation, which every node sets.
pub(crate) struct InstallationMeters {
    /// Pending deliveries.
    pub(crate) pending: Gauge,
    /// For how long the longest-due delivery has been due, in seconds.
    pub(crate) oldest_due_seconds: Gauge,
    /// Actions that are failing.
    pub(crate) failing: Gauge,
    /// Actions that Postrider switched off.
    pub(crate) disabled: Gauge,
    /// Live sessions.
    pub(crate) nodes: Gauge,
}

impl Meters {
    pub(crate) fn new() -> Self {
        describe();
        let settled = |status: DeliveryStatus| match status {
            DeliveryStatus::Pending => Counter::noop(),
            status => counter!("postrider_deliveries_settled_total", "status" => status.as_str()),
        };
        Self {
            accepted: counter!("postrider_events_accepted_total"),
            pruned: counter!("postrider_events_pruned_total"),
            attempts: Outcome::ALL
                .map(|outcome| counter!("postrider_attempts_total", "outcome" => outcome.as_str())),
            attempt_seconds: histogram!("postrider_attempt_duration_seconds"),
            settled: DeliveryStatus::ALL.map(settled),
            delivery_seconds: histogram!("postrider_delivery_duration_seconds"),
            commit_seconds: histogram!("postrider_commit_duration_seconds"),
            commit_deliveries: histogram!("postrider_commit_deliveries"),
            late_results: counter!("postrider_late_results_total"),
            sessions_lost: counter!("postrider_sessions_lost_total"),
            takeovers: counter!("postrider_takeovers_total"),
            taken_over: counter!("postrider_deliveries_taken_over_total"),
            installation: InstallationMeters {
                pending: gauge!("postrider_backlog_deliveries"),
                oldest_due_seconds: gauge!("postrider_backlog_oldest_due_seconds"),
                failing: gauge!("postrider_unhealthy_actions", "health" => "failing"),
                disabled: gauge!("postrider_unhealthy_actions", "health" => "disabled"),
                nodes: gauge!("postrider_nodes"),
            },
        }
    }

    pub(crate) fn attempt(&self, outcome: Outcome, took: Duration) {
        self.attempts[usize::from(outcome.code())].increment(1);
        self.attempt_seconds.record(took);
    }

    /// A commit of these events and results, which took so long.
    pub(crate) fn committed(&self, events: &[NewEvent], finished: &[Finished], took: Duration) {
        let created: usize = events.iter().map(|new| new.deliveries.len()).sum();
        self.commit_seconds.record(took);
        // Exact: a commit has a few thousand deliveries at most.
        self.commit_deliveries.record((created + finished.len()) as f64);
    }

    /// Counts the deliveries that these results settled.
    pub(crate) fn count_results(&self, results: RecordedResults<'_>) {
        let mut settled = [0; DeliveryStatus::ALL.len()];
        for result in results.iter() {
            if let Some(status) = settled_as(result.finished) {
                settled[usize::from(status.code())] += 1;
            }
            if let Some(latency) = latency_of(&result) {
                self.delivery_seconds.record(latency);
            }
        }
        for (counter, count) in self.settled.iter().zip(settled) {
            if count > 0 {
                counter.increment(count);
            }
        }
    }

    /// Counts deliveries that were canceled on request.
    pub(crate) fn canceled(&self, count: usize) {
        self.settled[usize::from(DeliveryStatus::Canceled.code())].increment(count as u64);
    }

    /// Counts a takeover of so many deliveries.
    pub(crate) fn took_over(&self, deliveries: usize) {
        self.takeovers.increment(1);
        self.taken_over.increment(deliveries as u64);
    }
}

/// The status that a result settles its delivery with; `None` if a retry follows.
fn settled_as(finished: &Finished) -> Option<DeliveryStatus> {
    match &finished.change {
        Change::Attempted {
            next: Next::Settle(_),
            progress,
            ..
        } => Some(progress.status),
        Change::Attempted { .. } => None,
        Change::Canceled { status, .. } => Some(*status),
    }
}

/// The time from the acceptance of the event, or its `deliver_at`, to the end of the attempt that succeeded.
/// `None` for resends of settled deliveries, for missed events, and for tests: their events are old, or the
/// operator waits for them.
fn latency_of(result: &RecordedResult<'_>) -> Option<Duration> {
    let Change::Attempted { attempt, .. } = &result.finished.change else {
        return None;
    };
    let on_its_way = matches!(result.resend_of, None | Some(DeliveryStatus::Pending));
    let event = result.event;
    let counts = attempt.outcome == Outcome::Succeeded
        && on_its_way
        && !event.is_test()
        && !event.has_missed(result.finished.key.delivery);
    let ended: Timestamp = attempt.started_at.after(attempt.duration);
    counts.then(|| ended.since(event.due_at()))
}

fn describe() {
    describe_counter!(
        "postrider_events_accepted_total",
        "Events stored, without repetitions"
    );
    describe_counter!(
        "postrider_events_pruned_total",
        "Events deleted because their retention was over"
    );
    describe_counter!("postrider_attempts_total", "Attempts made, by outcome");
    describe_histogram!(
        "postrider_attempt_duration_seconds",
        Unit::Seconds,
        "Time that an attempt takes, without waits for resources of this server"
    );
    describe_counter!(
        "postrider_deliveries_settled_total",
        "Deliveries that became succeeded, failed or canceled; a resend counts again"
    );
    describe_histogram!(
        "postrider_delivery_duration_seconds",
        Unit::Seconds,
        "Time from the acceptance of an event, or its deliver_at, to the success of a delivery, retries included"
    );
    describe_histogram!(
        "postrider_commit_duration_seconds",
        Unit::Seconds,
        "Time until a commit of events and results is on disk"
    );
    describe_histogram!(
        "postrider_commit_deliveries",
        "Deliveries that a commit creates, plus results that it records"
    );
    describe_counter!(
        "postrider_late_results_total",
        "Results that changed nothing, because another node owned the delivery by then, or it was canceled"
    );
    describe_of_cluster();
}

fn describe_of_cluster() {
    describe_counter!(
        "postrider_sessions_lost_total",
        "Sessions of this node that other nodes declared dead"
    );
    describe_counter!(
        "postrider_takeovers_total",
        "Times that this node took over deliveries of a dead session"
    );
    describe_counter!(
        "postrider_deliveries_taken_over_total",
        "Deliveries that this node took over from dead sessions"
    );
    describe_gauge!(
        "postrider_backlog_deliveries",
        "Pending deliveries of the installation, counted up to a bound"
    );
    describe_gauge!(
        "postrider_backlog_oldest_due_seconds",
        Unit::Seconds,
        "For how long the longest-due delivery of the installation has been due; 0 if none is due"
    );
    describe_gauge!(
        "postrider_unhealthy_actions",
        "Actions of the installation that are failing, or that Postrider switched off, counted up to a bound"
    );
    describe_gauge!("postrider_nodes", "Nodes of the installation with a live session");
}
