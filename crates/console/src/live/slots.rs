//! The slots for live parts: how many there are, and whose stream gives way to a new one.
//!
//! A new stream always begins, because a person looks at the newest page. Beyond a bound, an old stream
//! ends: the oldest of the same session, or the oldest of the account that has the most streams. So the many
//! windows of one account do not keep others out.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use postrider_web::body_budget::Owner;
use tokio::sync::Notify;

/// Most streams on one node. Each costs a read of the store every two seconds, and three a second while there
/// is news.
const STREAMS_MAX: usize = 512;

/// Most streams of one session. Only visible pages have one.
const STREAMS_PER_SESSION: usize = 8;

/// Most streams of the customers of one account.
const STREAMS_PER_ACCOUNT: usize = 64;

/// The slots of this node.
#[derive(Debug, Default)]
pub struct LiveSlots(Arc<Mutex<Streams>>);

#[derive(Debug, Default)]
struct Streams {
    next_id: u64,
    /// In the order in which they began.
    open: Vec<Stream>,
}

#[derive(Debug)]
struct Stream {
    id: u64,
    session: String,
    owner: Owner,
    superseded: Arc<Notify>,
}

/// The slot of a stream, free again once dropped.
#[derive(Debug)]
pub struct LiveSlot {
    id: u64,
    slots: Arc<Mutex<Streams>>,
    superseded: Arc<Notify>,
}

impl LiveSlots {
    /// A slot for a stream of this session, which is the owner's: an account's, or the operator's.
    pub fn take(&self, session: &str, owner: Owner) -> LiveSlot {
        let superseded = Arc::new(Notify::new());
        let mut streams = self.0.lock();
        streams.make_room(session, owner);
        let id = streams.next_id;
        streams.next_id += 1;
        streams.open.push(Stream {
            id,
            session: session.to_owned(),
            owner,
            superseded: Arc::clone(&superseded),
        });
        LiveSlot {
            id,
            slots: Arc::clone(&self.0),
            superseded,
        }
    }
}

impl Streams {
    fn make_room(&mut self, session: &str, owner: Owner) {
        let is_of_session = |stream: &Stream| stream.session == session;
        let is_of_owner = |stream: &Stream| stream.owner == owner;
        let is_customers = matches!(owner, Owner::Account(_));
        if self.count(is_of_session) >= STREAMS_PER_SESSION {
            self.end_oldest(is_of_session);
        } else if is_customers && self.count(is_of_owner) >= STREAMS_PER_ACCOUNT {
            let largest = self.largest(is_of_owner, |stream| stream.session.clone());
            self.end_oldest(|stream| stream.owner == owner && largest.as_ref() == Some(&stream.session));
        } else if self.open.len() >= STREAMS_MAX {
            let largest = self.largest(|_| true, |stream| stream.owner);
            self.end_oldest(|stream| largest == Some(stream.owner));
        }
    }

    fn count(&self, which: impl Fn(&Stream) -> bool) -> usize {
        self.open.iter().filter(|stream| which(stream)).count()
    }

    /// Of these streams, the key that most have.
    fn largest<K: Eq + std::hash::Hash + Clone>(
        &self,
        which: impl Fn(&Stream) -> bool,
        key: impl Fn(&Stream) -> K,
    ) -> Option<K> {
        let mut counts: HashMap<K, usize> = HashMap::new();
        for stream in self.open.iter().filter(|stream| which(stream)) {
            *counts.entry(key(stream)).or_default() += 1;
        }
        let largest = counts.into_iter().max_by_key(|(_, count)| *count);
        largest.map(|(key, _)| key)
    }

    fn end_oldest(&mut self, which: impl Fn(&Stream) -> bool) {
        if let Some(at) = self.open.iter().position(which) {
            self.open.remove(at).superseded.notify_one();
        }
    }
}

impl LiveSlot {
    /// Ends when a newer stream has taken the slot.
    pub async fn superseded(&self) {
        self.superseded.notified().await;
    }
}

impl Drop for LiveSlot {
    fn drop(&mut self) {
        self.slots.lock().open.retain(|stream| stream.id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use postrider_model::AccountId;

    use super::*;

    fn account(n: u128) -> Owner {
        Owner::Account(AccountId::from_u128(n))
    }

    fn is_superseded(slot: &LiveSlot) -> bool {
        slot.superseded().now_or_never().is_some()
    }

    #[test]
    fn the_oldest_stream_of_a_session_gives_way() {
        let slots = LiveSlots::default();
        let mine: Vec<_> = (0..8).map(|_| slots.take("mine", account(1))).collect();
        let other = slots.take("other", account(1));
        assert!(!mine.iter().chain([&other]).any(is_superseded));
        let newest = slots.take("mine", account(1));
        assert!(is_superseded(&mine[0]) && !mine[1..].iter().chain([&other, &newest]).any(is_superseded));
        drop((mine, newest));
        assert_eq!(slots.0.lock().open.len(), 1);
    }

    #[test]
    fn an_account_has_a_share_and_its_largest_session_gives_way() {
        let slots = LiveSlots::default();
        let large: Vec<_> = (0..8).map(|_| slots.take("large", account(1))).collect();
        let small: Vec<_> = (0..56).map(|n| slots.take(&n.to_string(), account(1))).collect();
        let operators: Vec<_> = (0..100)
            .map(|n| slots.take(&format!("o{n}"), Owner::Operator))
            .collect();
        let newest = slots.take("newest", account(1));
        assert!(is_superseded(&large[0]));
        let others = large[1..].iter().chain(&small).chain(&operators).chain([&newest]);
        assert!(!others.into_iter().any(is_superseded));
    }

    #[test]
    fn on_a_full_node_whoever_has_the_most_gives_way() {
        let slots = LiveSlots::default();
        let operators: Vec<_> = (0..500)
            .map(|n| slots.take(&n.to_string(), Owner::Operator))
            .collect();
        let customers: Vec<_> = (0..12).map(|n| slots.take(&n.to_string(), account(n))).collect();
        let newest = slots.take("newest", account(99));
        assert!(is_superseded(&operators[0]) && !is_superseded(&newest));
        assert!(!customers.iter().any(is_superseded));
        assert_eq!(slots.0.lock().open.len(), STREAMS_MAX);
    }
}
