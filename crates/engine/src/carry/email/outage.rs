//! An outage of the mail server: while it lasts, a message now and then finds out whether it is over, after
//! pauses that grow. A server that keeps silent lets each such message wait for its timeout, so that several
//! may ask at a time.
//!
//! An outage does not hide for ever: the mailer logs it, a gauge shows it, and the attempts of deliveries
//! that have waited for [`WAIT_MAX`] count, so that they fail by their schedule. What counts is the age of
//! the event, which outlives restarts, and not that of the outage, which one success would end.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use postrider_model::{Clock, Timestamp};

use crate::carry::Job;

/// The gauge that shows an outage: 0 or 1.
const GAUGE: &str = "postrider_mail_server_out_of_reach";

/// The pause after the first failure. Each message that asks in vain doubles it.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause: how much later than the end of an outage e-mails go out, at most.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How long deliveries wait without spending an attempt. Mail servers, too, try for four to five days before
/// they give up (RFC 5321 section 4.5.4.1).
const WAIT_MAX: Duration = Duration::from_secs(4 * 24 * 3_600);

/// How long an outage lasts before attempts count: longer than the restart of a mail server.
const LONG: Duration = Duration::from_secs(10 * 60);

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

/// Whether the attempts of a delivery count, even if the mail server takes no message: its event was due
/// [`WAIT_MAX`] ago. The same for deliveries that were added to the event later, and for resends.
pub(super) fn is_overdue(job: &Job<'_>, now: Timestamp) -> bool {
    now >= job.event.due_at().after(WAIT_MAX)
}

impl Outage {
    /// No outage.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        metrics::describe_gauge!(
            GAUGE,
            "1 while the mail server is out of reach or takes no e-mail, otherwise 0"
        );
        metrics::gauge!(GAUGE).set(0);
        Self {
            clock,
            state: Mutex::new(None),
        }
    }

    /// Whether no message may be sent now. Unlike [`Self::may_ask`], this changes nothing.
    pub(super) fn is_closed(&self) -> bool {
        let now = self.clock.monotonic();
        self.state.lock().as_ref().is_some_and(|state| now < state.next)
    }

    /// Whether the outage has lasted for [`LONG`].
    pub(super) fn is_long(&self) -> bool {
        let now = self.clock.monotonic();
        self.state
            .lock()
            .as_ref()
            .is_some_and(|state| now >= state.began + LONG)
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

    /// A message could not be sent.
    pub(super) fn failed(&self) {
        let now = self.clock.monotonic();
        let mut state = self.state.lock();
        if state.is_none() {
            metrics::gauge!(GAUGE).set(1);
            *state = Some(State {
                began: now,
                next: now + PAUSE_MIN,
                pause: PAUSE_MIN * 2,
            });
        }
    }

    /// The mail server takes messages.
    pub(super) fn ended(&self) {
        if self.state.lock().take().is_some() {
            metrics::gauge!(GAUGE).set(0);
            tracing::info!("the mail server accepts e-mail again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carry::email::hand::Hand;

    #[test]
    fn during_an_outage_one_message_asks_after_pauses_that_grow_to_half_a_minute() {
        let hand = Arc::new(Hand::default());
        let outage = Outage::new(Arc::clone(&hand) as Arc<dyn Clock>);
        assert!(!outage.is_closed() && outage.may_ask());
        outage.failed();
        let mut asked_at = Vec::new();
        for now_s in 0..150 {
            hand.set_s(now_s);
            while !outage.is_closed() {
                assert!(outage.may_ask());
                asked_at.push(now_s);
                outage.failed();
            }
        }
        assert_eq!(asked_at, [1, 3, 7, 15, 31, 61, 91, 121]);
        assert!(!outage.is_long());
        hand.set_s(LONG.as_secs());
        assert!(outage.is_long());
        outage.ended();
        assert!(outage.may_ask() && outage.may_ask() && !outage.is_long());
    }
}
