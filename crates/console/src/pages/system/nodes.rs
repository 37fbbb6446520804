//! The nodes on the store, by their sessions.

use postrider_model::Timestamp;
use postrider_storage::{LiveSession, SessionId};

use crate::view::time;

/// The nodes with a live session, and this node in any case.
pub(super) struct Nodes {
    /// In the order of their start.
    pub rows: Vec<NodeRow>,
    /// Whether this node is alive and no other is.
    pub is_only_this: bool,
}

/// A node.
pub(super) struct NodeRow {
    /// The number of its session.
    pub number: i64,
    /// Whether it is the node that responds.
    pub is_this: bool,
    /// When its lease ends, in words, seen from the time of the page. The words do not follow the clock,
    /// because a node that renewed its lease since then would seem to be dying. `None` if the lease has
    /// ended.
    pub lease_ends: Option<String>,
}

impl Nodes {
    /// The nodes of the live sessions at `now`, seen from the node whose session is `this`.
    pub fn new(live: &[LiveSession], this: SessionId, now: Timestamp) -> Self {
        let row = |session: &LiveSession| NodeRow {
            number: session.id.0,
            is_this: session.id == this,
            lease_ends: Some(time::words(session.alive_until, now)),
        };
        let mut rows: Vec<_> = live.iter().map(row).collect();
        if !rows.iter().any(|row| row.is_this) {
            rows.push(NodeRow {
                number: this.0,
                is_this: true,
                lease_ends: None,
            });
        }
        let is_only_this = matches!(rows.as_slice(), [row] if row.lease_ends.is_some());
        Self { rows, is_only_this }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(live: &[(i64, i64)]) -> (Vec<(i64, bool, Option<String>)>, bool) {
        let live: Vec<_> = live
            .iter()
            .map(|(number, seconds)| LiveSession {
                id: SessionId(*number),
                alive_until: Timestamp::from_unix_ms(seconds * 1000),
            })
            .collect();
        let nodes = Nodes::new(&live, SessionId(7), Timestamp::from_unix_ms(0));
        let rows = nodes.rows.into_iter();
        let rows = rows.map(|row| (row.number, row.is_this, row.lease_ends));
        (rows.collect(), nodes.is_only_this)
    }

    #[test]
    fn this_node_is_marked_among_the_others() {
        let in_words = |words: &str| Some(words.to_owned());
        assert_eq!(seen(&[(7, 25)]), (vec![(7, true, in_words("in 25 s"))], true));
        assert_eq!(
            seen(&[(3, 12), (7, 25)]),
            (
                vec![(3, false, in_words("in 12 s")), (7, true, in_words("in 25 s"))],
                false
            )
        );
    }

    #[test]
    fn this_node_is_shown_even_if_its_lease_has_expired() {
        assert_eq!(seen(&[]), (vec![(7, true, None)], false));
        assert!(!seen(&[(3, 12)]).1);
    }
}
