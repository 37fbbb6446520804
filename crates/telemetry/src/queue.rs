//! What waits to be exported.

use std::sync::OnceLock;

use ::metrics::{Counter, counter, describe_counter};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::Signal;

/// Most items of a signal that wait: a few seconds of traces at full load. An item takes about 1 KiB.
pub const QUEUE_MAX: usize = 8_192;

/// Items of one request to the collector. Collectors accept at least 4 MiB.
pub const BATCH_MAX: usize = 1_024;

/// The counter of what was dropped.
const DROPPED: &str = "postrider_otlp_dropped_total";

/// A bounded queue. Adding to it never waits.
pub struct Queue<T> {
    signal: Signal,
    items: Mutex<Vec<T>>,
    has_batch: Notify,
    /// The first lines are logged before a recorder is installed.
    dropped: OnceLock<Counter>,
}

impl<T> Queue<T> {
    /// An empty queue of this signal.
    pub fn new(signal: Signal) -> Self {
        Self {
            signal,
            items: Mutex::default(),
            has_batch: Notify::new(),
            dropped: OnceLock::new(),
        }
    }

    /// The signal of the items.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Registers the metric, once the recorder is installed.
    pub fn meter(&self) {
        self.dropped.get_or_init(|| meter(self.signal));
    }

    /// Adds items, and drops those that do not fit.
    pub fn add(&self, added: impl IntoIterator<Item = T>) {
        let mut dropped = 0;
        let waiting = {
            let mut items = self.items.lock();
            for item in added {
                if items.len() < QUEUE_MAX {
                    items.push(item);
                } else {
                    dropped += 1;
                }
            }
            items.len()
        };
        if dropped > 0 {
            self.count_dropped(dropped);
        }
        if waiting >= BATCH_MAX {
            self.has_batch.notify_one();
        }
    }

    /// Takes the oldest items, at most [`BATCH_MAX`].
    pub fn take(&self) -> Vec<T> {
        let mut items = self.items.lock();
        let count = items.len().min(BATCH_MAX);
        items.drain(..count).collect()
    }

    /// Waits until there is a whole batch.
    pub async fn has_batch(&self) {
        self.has_batch.notified().await;
    }

    /// Counts items that were lost.
    pub fn count_dropped(&self, count: usize) {
        if let Some(counter) = self.dropped.get() {
            counter.increment(count as u64);
        }
    }
}

/// The counter of what was dropped of a signal.
pub(crate) fn meter(signal: Signal) -> Counter {
    describe_counter!(
        DROPPED,
        "Spans, data points and lines of the log that were not exported over OTLP, by signal"
    );
    counter!(DROPPED, "signal" => signal.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_is_dropped_and_the_oldest_leave_first() {
        let queue = Queue::new(Signal::Traces);
        queue.add(0..QUEUE_MAX + 10);
        queue.has_batch().await;
        let mut seen = 0;
        loop {
            let batch = queue.take();
            if batch.is_empty() {
                break;
            }
            assert_eq!(batch, (seen..seen + BATCH_MAX).collect::<Vec<_>>());
            seen += batch.len();
        }
        assert_eq!(seen, QUEUE_MAX);
    }
}
