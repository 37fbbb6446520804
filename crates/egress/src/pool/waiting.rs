//! Requests that wait for a stream of one origin, or to learn its protocol. Tenants take turns.

use std::collections::{HashMap, VecDeque};

use tokio::sync::oneshot;

use super::turn::Turn;

/// The requests that wait, by tenant.
#[derive(Default)]
pub(super) struct Waiting {
    /// Each tenant with requests, the next one first.
    order: VecDeque<u128>,
    requests: HashMap<u128, VecDeque<oneshot::Sender<Turn>>>,
    len: usize,
}

impl Waiting {
    /// How many requests wait, including those given up since the last [`Self::forget_given_up`].
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds a request of a tenant.
    pub(super) fn add(&mut self, tenant: u128) -> oneshot::Receiver<Turn> {
        let (sender, turn) = oneshot::channel();
        let requests = self.requests.entry(tenant).or_default();
        if requests.is_empty() {
            self.order.push_back(tenant);
        }
        requests.push_back(sender);
        self.len += 1;
        turn
    }

    /// Whether a request waits. Forgets those given up before the next one.
    pub(super) fn has_next(&mut self) -> bool {
        while let Some(tenant) = self.order.front() {
            let requests = self.requests.entry(*tenant).or_default();
            while requests.front().is_some_and(oneshot::Sender::is_closed) {
                requests.pop_front();
                self.len -= 1;
            }
            if !requests.is_empty() {
                return true;
            }
            self.requests.remove(tenant);
            self.order.pop_front();
        }
        false
    }

    /// Takes the next request.
    pub(super) fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let tenant = self.order.pop_front()?;
        let requests = self.requests.get_mut(&tenant)?;
        let next = requests.pop_front();
        self.len -= usize::from(next.is_some());
        if requests.is_empty() {
            self.requests.remove(&tenant);
        } else {
            self.order.push_back(tenant);
        }
        next
    }

    /// Forgets all requests that were given up.
    pub(super) fn forget_given_up(&mut self) {
        let requests = &mut self.requests;
        requests
            .values_mut()
            .for_each(|requests| requests.retain(|it| !it.is_closed()));
        requests.retain(|_, requests| !requests.is_empty());
        self.order.retain(|tenant| requests.contains_key(tenant));
        self.len = requests.values().map(VecDeque::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_take_turns_and_requests_that_were_given_up_take_none() {
        let mut waiting = Waiting::default();
        let turns: Vec<_> = [1, 1, 1, 1, 2, 3, 3]
            .into_iter()
            .map(|tenant| (tenant, waiting.add(tenant)))
            .collect();
        // The first request of the first tenant, and the only one of the second, are given up.
        let mut turns: Vec<_> = turns
            .into_iter()
            .enumerate()
            .filter_map(|(index, turn)| (index != 0 && index != 4).then_some(turn))
            .collect();
        let mut order = Vec::new();
        while waiting.has_next() {
            drop(waiting.next());
            // Its sender was dropped, so that its receiver is closed.
            let served = turns
                .iter_mut()
                .position(|(_, turn)| matches!(turn.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
            order.push(turns.remove(served.unwrap()).0);
        }
        assert_eq!(order, [1, 3, 1, 3, 1]);
        assert_eq!(waiting.len(), 0);
        assert!(waiting.order.is_empty() && waiting.requests.is_empty());
    }

    #[test]
    fn requests_that_were_given_up_are_forgotten() {
        let mut waiting = Waiting::default();
        let kept = waiting.add(1);
        drop((waiting.add(1), waiting.add(2)));
        assert_eq!(waiting.len(), 3);
        waiting.forget_given_up();
        assert_eq!(waiting.len(), 1);
        assert!(waiting.has_next() && waiting.next().is_some() && !waiting.has_next());
        drop(kept);
    }
}
