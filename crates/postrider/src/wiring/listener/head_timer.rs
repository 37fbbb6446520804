//! The bound on how long a connection may be silent, or slow, before a request's head is complete.
//!
//! hyper asks its timer for a new sleep before each head, and drops it once the head is there, mostly at once. A sleep
//! of tokio's for each would be put into the runtime's wheel and taken out again for each request, under a lock that
//! all connections share. Here a connection has one such sleep, which is not taken out: it is left to go off, at most
//! once per bound, and is then put where the latest wait wants it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// hyper's timer on one connection. All of its waits have to be polled by the connection's task, as they share the
/// one sleep that wakes it.
#[derive(Clone)]
pub struct HeadTimer(Arc<Mutex<Pin<Box<tokio::time::Sleep>>>>);

impl HeadTimer {
    /// A timer whose waits take about `usual`.
    pub fn new(usual: Duration) -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(usual)))))
    }

    /// A wait from now on.
    pub fn wait(&self, duration: Duration) -> Wait {
        self.wait_until(self.now() + duration)
    }

    fn wait_until(&self, deadline: Instant) -> Wait {
        Wait {
            timer: self.clone(),
            deadline: deadline.into(),
        }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(self.wait(duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(self.wait_until(deadline))
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

/// Ends at its deadline.
pub struct Wait {
    timer: HeadTimer,
    deadline: tokio::time::Instant,
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut sleep = self.timer.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It may go off early, for a wait that is over; it must never go off late.
        if sleep.deadline() > self.deadline {
            sleep.as_mut().reset(self.deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if sleep.deadline() >= self.deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(self.deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(600);

    async fn assert_takes_its_time(wait: Wait) {
        let started = Instant::now();
        wait.await;
        assert!(started.elapsed() >= SHORT);
    }

    #[tokio::test]
    async fn a_wait_takes_its_whole_time_whatever_was_waited_for_before() {
        let timer = HeadTimer::new(SHORT);
        let at_once = async {};
        tokio::select! {
            biased;
            () = timer.wait(SHORT) => panic!("it went off early"),
            () = at_once => {}
        }
        assert_takes_its_time(timer.wait(SHORT)).await;
        // The shared sleep has gone off, and has to start again.
        assert_takes_its_time(timer.wait(SHORT)).await;
    }

    #[tokio::test]
    async fn the_shorter_of_two_waits_ends_in_its_time_beside_the_longer() {
        let timer = HeadTimer::new(LONG);
        for _ in 0..2 {
            tokio::select! {
                biased;
                () = timer.wait(LONG) => panic!("it went off early"),
                () = assert_takes_its_time(timer.wait(SHORT)) => {}
            }
            tokio::select! {
                biased;
                () = assert_takes_its_time(timer.wait(SHORT)) => {}
                () = timer.wait(LONG) => panic!("it went off early"),
            }
        }
    }
}
