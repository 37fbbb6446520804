//! Which disturbance struck what, and when: it may excuse a repeated or a late delivery.

use std::ops::Range;
use std::time::{Duration, Instant};

/// How long before a disturbance a delivery may be received whose result then stays unrecorded: results are
/// written in batches, and a batch waits for the disk. On a busy machine that takes far less than two
/// seconds.
const UNRECORDED_MAX: Duration = Duration::from_secs(2);

/// How long after a disturbance it may still have an effect: a frozen node was about to send a request, a
/// killed node had sent one, or results are postponed before the next try.
const AFTERMATH_MAX: Duration = Duration::from_secs(3);

/// If a disturbance of any node begins this close to the due time of a retry, it may delay the retry: that
/// node may have claimed it.
const CLAIM_MAX: Duration = Duration::from_secs(2);

/// What a disturbance strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// One node, by its index.
    Node(usize),
    /// The database, and with it all nodes.
    Database,
}

/// One disturbance.
#[derive(Debug, Clone)]
pub struct Disturbance {
    /// The index of its round.
    pub round: usize,
    /// What it struck.
    pub whom: Whom,
    /// From its start until the nodes are ready again.
    pub span: Range<Instant>,
}

/// A retry that is due.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// The node whose attempt failed.
    pub failed_by: usize,
    /// When it failed.
    pub failed_at: Instant,
    /// The node that sent the retry. It may have just restarted, with everything still to read.
    pub sent_by: usize,
    /// When the retry was due.
    pub at: Instant,
}

impl Disturbance {
    /// Whether it may have slowed down a response of this node.
    pub fn may_hold_up(&self, node: usize, span: &Range<Instant>) -> bool {
        self.strikes(node) && self.overlaps(&(span.start - AFTERMATH_MAX..span.end))
    }

    fn strikes(&self, node: usize) -> bool {
        self.whom == Whom::Database || self.whom == Whom::Node(node)
    }

    fn overlaps(&self, span: &Range<Instant>) -> bool {
        self.span.start < span.end && span.start < self.span.end
    }

    /// Whether this node may have failed to record a request that it sent and that was received at `at`.
    pub fn may_lose(&self, node: usize, at: Instant) -> bool {
        let span = self.span.start - UNRECORDED_MAX..self.span.end + AFTERMATH_MAX;
        self.strikes(node) && span.contains(&at)
    }

    /// Whether it may have delayed this retry.
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

/// The disturbance that explains why a delivery was sent by `node`, received at `first`, and received again
/// at `second`.
pub fn cause_of_repeat(
    disturbances: &[Disturbance],
    node: usize,
    first: Instant,
    second: Instant,
) -> Option<&Disturbance> {
    let explains = |found: &&Disturbance| found.may_lose(node, first) && found.span.start < second;
    disturbances.iter().rev().find(explains)
}

/// Whether no disturbance can have delayed this retry.
pub fn is_untouched(disturbances: &[Disturbance], retry: &Due) -> bool {
    !disturbances.iter().any(|found| found.may_delay(retry))
}
