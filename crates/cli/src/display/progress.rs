//! The progress of long work, on standard error: a bar on a terminal, otherwise a line every few seconds.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use super::Paint;

/// How often the bar is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// How often a line is printed.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The bar's length, in characters.
const BAR_WIDTH: u64 = 16;

/// Work whose total is known.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    done_before: u64,
    begun: Instant,
    shown: Option<Instant>,
    is_terminal: bool,
    paint: Paint,
}

impl Progress {
    /// Begins with `done` of `total` already done by an earlier run; `what` names the unit.
    pub fn begin(what: &'static str, total: u64, done: u64) -> Self {
        let stderr = std::io::stderr();
        Self {
            what,
            total,
            done,
            done_before: done,
            begun: Instant::now(),
            shown: None,
            is_terminal: stderr.is_terminal(),
            paint: Paint::for_stream(&stderr),
        }
    }

    /// Counts `count` more units as done.
    pub fn advance(&mut self, count: u64) {
        self.done += count;
        let every = if self.is_terminal { DRAW_EVERY } else { LINE_EVERY };
        // The first line waits until there is a rate to show; the bar appears at once.
        let last = self.shown.or_else(|| (!self.is_terminal).then_some(self.begun));
        if last.is_none_or(|last| last.elapsed() >= every) {
            self.show();
        }
    }

    /// Prints a line above the bar.
    pub fn say(&mut self, line: &str) {
        if self.is_terminal {
            say("\r\u{1b}[K");
            self.shown = None;
        }
        say(&format!("{line}\n"));
    }

    /// Shows the final state, after the work or its failure.
    pub fn end(mut self) {
        self.show();
        if self.is_terminal {
            say("\n");
        }
    }

    fn show(&mut self) {
        self.shown = Some(Instant::now());
        let state = self.state(self.begun.elapsed());
        if self.is_terminal {
            // Returns to the start of the line and clears the rest. Line wrap is off meanwhile, because the
            // next update would not overwrite a second line.
            say(&format!("\r\u{1b}[?7l{}  {state}\u{1b}[K\u{1b}[?7h", self.bar()));
        } else {
            say(&format!("{state}\n"));
        }
    }

    fn bar(&self) -> String {
        let full = (self.done * BAR_WIDTH)
            .checked_div(self.total)
            .unwrap_or(BAR_WIDTH);
        let full = full.min(BAR_WIDTH);
        let done = "█".repeat(usize::try_from(full).unwrap_or_default());
        let left = "░".repeat(usize::try_from(BAR_WIDTH - full).unwrap_or_default());
        self.paint.green(&done) + &self.paint.dim(&left)
    }

    /// `12,345 of 30,000 events, 41 %, 21,300/s, 2 s left`.
    fn state(&self, elapsed: Duration) -> String {
        let percent = (self.done * 100).checked_div(self.total).unwrap_or(100);
        let mut text = format!(
            "{} of {} {}, {percent} %",
            grouped(self.done),
            grouped(self.total),
            self.what
        );
        let rate = (self.done - self.done_before) as f64 / elapsed.as_secs_f64().max(0.001);
        if rate >= 1.0 {
            // Writing to a string cannot fail.
            let _ = write!(text, ", {}/s", grouped(rate as u64));
            let left = self.total.saturating_sub(self.done) as f64 / rate;
            if left >= 1.0 {
                let _ = write!(text, ", {} left", span(left as u64));
            }
        }
        text
    }
}

/// A number with commas between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length of time in its two largest units.
fn span(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

/// Writes to standard error. Ignores errors: the work continues even if nobody reads standard error.
fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_of_an_earlier_run_counts_toward_the_total_but_not_the_rate() {
        let mut progress = Progress::begin("events", 30_000, 10_000);
        assert_eq!(progress.state(Duration::ZERO), "10,000 of 30,000 events, 33 %");
        progress.done = 12_000;
        assert_eq!(
            progress.state(Duration::from_secs(1)),
            "12,000 of 30,000 events, 40 %, 2,000/s, 9 s left"
        );
        progress.done = 30_000;
        let text = progress.state(Duration::from_secs(2));
        assert_eq!(text, "30,000 of 30,000 events, 100 %, 10,000/s");
    }

    #[test]
    fn an_empty_total_is_complete() {
        let progress = Progress::begin("events", 0, 0);
        assert_eq!(progress.state(Duration::ZERO), "0 of 0 events, 100 %");
        assert!(progress.bar().contains('█') && !progress.bar().contains('░'));
    }

    #[test]
    fn numbers_and_spans_are_readable() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
        assert_eq!(span(59), "59 s");
        assert_eq!(span(61), "1 min 01 s");
        assert_eq!(span(7_380), "2 h 03 min");
    }
}
