//! Prints the demo: a line for each event, request and attempt.

use std::time::Duration;

use postrider_engine::SystemClock;
use postrider_figures::RecordedAttempt;
use postrider_model::delivery::Next;
use postrider_model::{Attempt, Clock, DeliveryStatus, Outcome};

use super::demo::Sample;
use super::receiver::Receipt;
use postrider_cli::Failure;
use postrider_cli::display::{Paint, Screen, counted, printable};

/// Prints events, receipts and attempts, and counts the attempts.
pub(super) struct Narrator {
    screen: Screen,
    clock: SystemClock,
    attempts: u64,
    succeeded: u64,
    failed: u64,
}

impl Narrator {
    /// A narrator on standard output.
    pub(super) fn new() -> Self {
        Self {
            screen: Screen::new(),
            clock: SystemClock::new(),
            attempts: 0,
            succeeded: 0,
            failed: 0,
        }
    }

    /// Reports an accepted event.
    pub(super) fn event(&self, sample: &Sample) -> Result<(), Failure> {
        let paint = self.screen.paint();
        self.line(
            &sample.id,
            &paint.cyan("event"),
            &format!("accepted and on disk: {}", sample.story),
        )
    }

    /// Reports a request at the receiver.
    pub(super) fn receipt(&self, receipt: &Receipt) -> Result<(), Failure> {
        let text = receipt_in_words(receipt, self.screen.paint());
        let paint = self.screen.paint();
        self.line(&receipt.event, &paint.dim("receiver"), &text)
    }

    /// Reports an attempt that has ended and is recorded.
    pub(super) fn attempt(&mut self, recorded: &RecordedAttempt) -> Result<(), Failure> {
        self.attempts += 1;
        match recorded.next {
            Next::Settle(DeliveryStatus::Succeeded) => self.succeeded += 1,
            Next::Settle(_) => self.failed += 1,
            Next::Retry(_) => {}
        }
        let text = attempt_in_words(&recorded.attempt, &recorded.next, self.screen.paint());
        let what = format!("attempt {}", recorded.attempt.number);
        self.line(&recorded.event.id.to_string(), &what, &text)
    }

    /// Reports attempts that ended faster than they could be printed.
    pub(super) fn missed(&self, count: u64) -> Result<(), Failure> {
        self.screen
            .print(&self.screen.paint().dim(&format!("… {count} more attempts")))
    }

    /// Prints the totals at the end.
    pub(super) fn summary(&self) -> Result<(), Failure> {
        let Self {
            attempts,
            succeeded,
            failed,
            ..
        } = self;
        let attempts = counted(*attempts, "attempt", "attempts");
        let succeeded = counted(*succeeded, "delivery", "deliveries");
        self.screen
            .print(&format!("\n{attempts}: {succeeded} succeeded, {failed} failed."))
    }

    /// Prints a line with the time of printing: lines come from several tasks, and a column needs one clock.
    fn line(&self, event: &str, what: &str, text: &str) -> Result<(), Failure> {
        let paint = self.screen.paint();
        let time = self.clock.wall().to_string();
        let time = paint.dim(time.get(11..23).unwrap_or_default());
        let padding = " ".repeat(COLUMN.saturating_sub(visible(what)));
        self.screen
            .print(&format!("{time}  {}  {what}{padding} {text}", printable(event)))
    }
}

/// Width of the column with the subject of a line.
const COLUMN: usize = 10;

/// The width of a text without the escape sequences of its colour.
fn visible(text: &str) -> usize {
    let mut in_escape = false;
    text.chars()
        .filter(|character| {
            let was_in_escape = in_escape;
            in_escape = if in_escape {
                *character != 'm'
            } else {
                *character == '\u{1b}'
            };
            !was_in_escape && *character != '\u{1b}'
        })
        .count()
}

fn receipt_in_words(receipt: &Receipt, paint: Paint) -> String {
    match (&receipt.hex, &receipt.standard) {
        (Ok(()), Ok(())) if receipt.status.is_success() => {
            format!(
                "{}, responds {}",
                paint.green("both signatures verified"),
                receipt.status.as_u16()
            )
        }
        (Ok(()), Ok(())) => {
            format!(
                "{}, responds {} on purpose",
                paint.green("both signatures verified"),
                receipt.status.as_u16()
            )
        }
        (hex, standard) => {
            let faults: Vec<String> = [("Postrider-Signature", hex), ("webhook-signature", standard)]
                .into_iter()
                .filter_map(|(name, result)| Some(format!("{name}: {}", result.as_ref().err()?)))
                .collect();
            format!(
                "{} ({}), responds {}",
                paint.red("not verified"),
                faults.join("; "),
                receipt.status.as_u16()
            )
        }
    }
}

fn attempt_in_words(attempt: &Attempt, next: &Next, paint: Paint) -> String {
    let outcome = match (attempt.outcome, attempt.exchange.status_code()) {
        (Outcome::Succeeded, Some(status)) => paint.green(&format!("HTTP {status}")),
        (_, Some(status)) => paint.red(&format!("HTTP {status}")),
        (outcome, None) => paint.red(outcome.as_str()),
    };
    let next = match next {
        Next::Settle(DeliveryStatus::Succeeded) => paint.green("succeeded"),
        Next::Settle(status) => paint.red(&format!("{}, no retry left", status.as_str())),
        Next::Retry(at) => {
            let wait = at.since(attempt.started_at.after(attempt.duration));
            paint.yellow(&format!("retry in {}", rounded(wait)))
        }
    };
    let reason = attempt
        .error
        .as_deref()
        .map(|error| format!(" ({})", printable(error)))
        .unwrap_or_default();
    format!("{outcome}{reason} in {} ms, {next}", attempt.duration.as_millis())
}

/// A delay to the second, like the schedule; below a second, to the millisecond.
fn rounded(wait: Duration) -> String {
    match wait.as_millis() {
        ms @ ..1_000 => format!("{ms} ms"),
        ms => format!("{} s", (ms + 500) / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use postrider_model::{Exchange, HttpExchange, HttpRequest, HttpResponse, Timestamp};

    use super::*;

    fn attempt(outcome: Outcome, status_code: Option<u16>) -> Attempt {
        Attempt {
            number: 1,
            started_at: Timestamp::from_unix_ms(0),
            duration: Duration::from_millis(7),
            outcome,
            error: status_code.is_none().then(|| "connection refused".to_owned()),
            exchange: Exchange::Http(HttpExchange {
                request: HttpRequest {
                    url: String::new(),
                    headers: vec![],
                },
                response: status_code.map(|status| HttpResponse {
                    status,
                    headers: vec![],
                    body: Bytes::new(),
                    truncated: false,
                }),
            }),
        }
    }

    #[test]
    fn an_attempt_line_shows_the_response_and_the_next_step() {
        let retry = Next::Retry(Timestamp::from_unix_ms(10_007));
        let text = |attempt, next| attempt_in_words(&attempt, &next, Paint::PLAIN);
        assert_eq!(
            text(attempt(Outcome::BadStatus, Some(500)), retry),
            "HTTP 500 in 7 ms, retry in 10 s"
        );
        assert_eq!(
            text(
                attempt(Outcome::Succeeded, Some(200)),
                Next::Settle(DeliveryStatus::Succeeded)
            ),
            "HTTP 200 in 7 ms, succeeded"
        );
        assert_eq!(
            text(
                attempt(Outcome::ConnectError, None),
                Next::Settle(DeliveryStatus::Failed)
            ),
            "connect_error (connection refused) in 7 ms, failed, no retry left"
        );
    }

    #[test]
    fn colours_have_no_width() {
        assert_eq!(visible("\u{1b}[36mevent\u{1b}[0m"), 5);
    }
}
