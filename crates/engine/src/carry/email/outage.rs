//! An outage of the mail server: while it lasts, one message at a time finds out whether it is over, after
//! pauses that grow.
//!
//! An outage does not hide for ever: the mailer logs it, and after [`WAIT_MAX`] attempts count, so that
//! deliveries fail by their schedule.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::Clock;

/// The pause after the first failure. Each message that asks in vain doubles it.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause: how much later than the end of an outage e-mails go out, at most.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How long deliveries wait without spending an attempt. Mail servers, too, try for four to five days before
/// they give up (RFC 5321 section 4.5.4.1).
const WAIT_MAX: Duration = Duration::from_secs(4 * 24 * 3_600);

/// Whether the mail server takes messages.
pub(super) struct Outage {
    clock: Arc<dyn Clock>,
    state: Mutex<Option<State>>,
}

/// An outage.
struct State {
    began: Duration,
    /// When the next message may ask.
    next: Duration,
    /// The pause after it.
    pause: Duration,
}

/// How long an outage has lasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// Deliveries wait for its end.
    Recently,
    /// For more than [`WAIT_MAX`].
    Days,
}

impl Outage {
    /// No outage.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::new(None),
        }
    }

    /// Whether a message may be sent now. During an outage, one of each pause may.
    pub(super) fn may_ask(&self) -> bool {
        let now = self.clock.monotonic();
        let mut state = self.state.lock();
        match state.as_mut() {
            None => true,
            Some(state) if now >= state.next => {
                state.next = now + state.pause;
                state.pause = (state.pause * 2).min(PAUSE_MAX);
                true
            }
            Some(_) => false,
        }
    }

    /// A message could not be sent. Returns since when that is so.
    pub(super) fn failed(&self) -> Since {
        let now = self.clock.monotonic();
        let mut state = self.state.lock();
        let outage = state.get_or_insert(State {
            began: now,
            next: now + PAUSE_MIN,
            pause: PAUSE_MIN * 2,
        });
        match now.saturating_sub(outage.began) > WAIT_MAX {
            true => Since::Days,
            false => Since::Recently,
        }
    }

    /// The mail server takes messages.
    pub(super) fn ended(&self) {
        if self.state.lock().take().is_some() {
            tracing::info!("the mail server accepts e-mail again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use postrider_model::Timestamp;

    use super::*;

    /// A clock that a test sets, in seconds.
    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_ms(0)
        }

        fn wall(&self) -> Timestamp {
            self.now()
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn during_an_outage_one_message_asks_after_pauses_that_grow_to_half_a_minute() {
        let hand = Arc::new(Hand::default());
        let outage = Outage::new(Arc::clone(&hand) as Arc<dyn Clock>);
        assert!(outage.may_ask());
        assert_eq!(outage.failed(), Since::Recently);
        let mut asked_at = Vec::new();
        for now_s in 0..150 {
            hand.0.store(now_s, Ordering::Relaxed);
            while outage.may_ask() {
                asked_at.push(now_s);
                outage.failed();
            }
        }
        assert_eq!(asked_at, [1, 3, 7, 15, 31, 61, 91, 121]);
        outage.ended();
        assert!(outage.may_ask() && outage.may_ask());
    }

    #[test]
    fn attempts_count_once_an_outage_has_lasted_for_four_days() {
        let hand = Arc::new(Hand::default());
        let outage = Outage::new(Arc::clone(&hand) as Arc<dyn Clock>);
        outage.failed();
        hand.0.store(4 * 24 * 3_600, Ordering::Relaxed);
        assert_eq!(outage.failed(), Since::Recently);
        hand.0.fetch_add(1, Ordering::Relaxed);
        assert_eq!(outage.failed(), Since::Days);
        outage.ended();
        assert_eq!(outage.failed(), Since::Recently, "the next outage is another one");
    }
}
