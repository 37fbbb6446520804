//! A net for panics: one defect in a handler must not cost the client its connection.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that returns a panic as its result.
#[derive(Debug)]
pub struct Caught<F>(pub F);

/// The message of a panic, for the log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a handler panicked: {0}")]
pub struct Panicked(String);

impl<F: Future + Unpin> Future for Caught<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A future that has panicked is not polled again, so no code sees its half-finished state.
        match std::panic::catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.0).poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(Panicked(message(&*panic)))),
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("?").to_owned()
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_the_result() {
        let fine = pin!(async { 7 });
        assert_eq!(Caught(fine).await, Ok(7));
        let broken = pin!(async { panic!("a defect at {}", 7) });
        let caught: Result<(), _> = Caught(broken).await;
        assert_eq!(
            caught.unwrap_err().to_string(),
            "a handler panicked: a defect at 7"
        );
    }
}
