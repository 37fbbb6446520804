//! What was done to whom, and when: what may excuse that something was sent twice, or late.

use std::ops::Range;
use std::time::{Duration, Instant};

/// How long before a disturbance a delivery can have been received whose result it kept off the record:
/// results are written in batches, and a batch waits for the disk. Two seconds are far more than that takes
/// on a busy machine.
const UNRECORDED_MAX: Duration = Duration::from_secs(2);

/// How long after a disturbance it can still show: a request that a node was about to send when it was
/// frozen, or had sent when it was killed; results that are put off before they are tried again.
const AFTERMATH_MAX: Duration = Duration::from_secs(3);

/// How close to the moment at which a retry is due the beginning of any node's disturbance takes it along:
/// that node may have claimed it.
const CLAIM_MAX: Duration = Duration::from_secs(2);

/// Whom it struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// One node, by its place.
    Node(usize),
    /// The database, and with it everybody.
    Database,
}

/// One disturbance.
#[derive(Debug, Clone)]
pub struct Disturbance {
    /// The round it belongs to.
    pub round: usize,
    /// Whom it struck.
    pub whom: Whom,
    /// From its beginning until all is well again.
    pub span: Range<Instant>,
}

/// A retry, by its schedule.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// The node whose attempt failed.
    pub failed_by: usize,
    /// When that was.
    pub failed_at: Instant,
    /// The node that made the next attempt: it may have just come back, with everything still to be read.
    pub sent_by: usize,
    /// When that was due.
    pub at: Instant,
}

impl Disturbance {
    /// Whether this node may have been slow to answer because of it.
    pub fn may_hold_up(&self, node: usize, span: &Range<Instant>) -> bool {
        self.strikes(node) && self.overlaps(&(span.start - AFTERMATH_MAX..span.end))
    }

    fn strikes(&self, node: usize) -> bool {
        self.whom == Whom::Database || self.whom == Whom::Node(node)
    }

    fn overlaps(&self, span: &Range<Instant>) -> bool {
        self.span.start < span.end && span.start < self.span.end
    }

    /// Whether a request that this node sent, received at `at`, may have gone unrecorded by it.
    pub fn may_lose(&self, node: usize, at: Instant) -> bool {
        let span = self.span.start - UNRECORDED_MAX..self.span.end + AFTERMATH_MAX;
        self.strikes(node) && span.contains(&at)
    }

    /// Whether it may have put off this retry.
    fn may_delay(&self, retry: &Due) -> bool {
        let due = retry.at;
        let strikes_first = self.strikes(retry.failed_by)
            && self.overlaps(&(retry.failed_at - AFTERMATH_MAX..due + CLAIM_MAX));
        let strikes_second =
            self.strikes(retry.sent_by) && self.overlaps(&(due - AFTERMATH_MAX..due + CLAIM_MAX));
        let strikes_claimer = (due - CLAIM_MAX..due + CLAIM_MAX).contains(&self.span.start);
        strikes_first || strikes_second || strikes_claimer
    }
}

/// The disturbance that explains why a delivery was sent by `node`, received at `first`, and again at
/// `second`.
pub fn cause_of_repeat(
    disturbances: &[Disturbance],
    node: usize,
    first: Instant,
    second: Instant,
) -> Option<&Disturbance> {
    let explains = |found: &&Disturbance| found.may_lose(node, first) && found.span.start < second;
    disturbances.iter().rev().find(explains)
}

/// Whether no disturbance can have put off this retry.
pub fn is_untouched(disturbances: &[Disturbance], retry: &Due) -> bool {
    !disturbances.iter().any(|found| found.may_delay(retry))
}
