//! Bounds on the number of lines, so that neither a flood of requests nor a broken disk fills the log, and
//! writing it costs little.
//!
//! Lines of a kind with a setting share a bound: one for warnings and errors, one for the rest, so that many
//! successes hide no failure. Every other place in the code that logs has a bound of its own. Lines of the
//! levels debug and trace have none there: who asks for them wants all of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use metrics::{Counter, counter, describe_counter};
use parking_lot::Mutex;
use tracing::callsite::Identifier;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_subscriber::layer;

use crate::config::log_lines::LogLines;

/// Lines a second of each place in the code that logs, beside the kinds that have a setting. The start and a
/// takeover repeat some lines; an error that repeats more often says nothing new.
const OTHERS_PER_S: u32 = 20;

const LEFT_OUT: &str = "postrider_log_lines_left_out_total";

/// All bounds of a log.
pub(super) struct Bounds {
    began: Instant,
    kinds: [Kind; 4],
    others: Mutex<HashMap<Identifier, Place>>,
    others_left_out: OnceCounter,
}

/// A kind of lines with a setting.
pub(super) struct Kind {
    name: &'static str,
    /// The target of its lines.
    target: &'static str,
    lines: LogLines,
    urgent: Budget,
    plain: Budget,
    left_out: AtomicU64,
    counter: OnceCounter,
}

/// A place in the code that logs.
struct Place {
    budget: Budget,
    left_out: u64,
    target: String,
    line: Option<u32>,
}

/// The lines of the current second.
#[derive(Default)]
struct Budget(AtomicU64);

/// The counter of a kind. The log starts before the recorder, so the counter is created late.
struct OnceCounter {
    kind: &'static str,
    counter: std::sync::OnceLock<Counter>,
}

impl Bounds {
    pub(super) fn new(kinds: [Kind; 4]) -> Self {
        Self {
            began: Instant::now(),
            kinds,
            others: Mutex::default(),
            others_left_out: OnceCounter::new("other"),
        }
    }

    /// Registers the metrics.
    pub(super) fn meter(&self) {
        describe_counter!(
            LEFT_OUT,
            "Lines that were left out of the log because there were too many in a second, by kind"
        );
        for kind in &self.kinds {
            kind.counter.get();
        }
        self.others_left_out.get();
    }

    /// Logs how many lines were left out since the last call.
    pub(super) fn report(&self) {
        for kind in &self.kinds {
            let left_out = kind.left_out.swap(0, Ordering::Relaxed);
            if left_out > 0 {
                tracing::warn!(
                    kind = kind.name,
                    left_out,
                    most_per_s = kind.lines.per_s,
                    "lines were left out of the log"
                );
            }
        }
        // Outside of the lock, which each line takes.
        let places: Vec<_> = {
            let mut others = self.others.lock();
            let left_out = others.values_mut().filter(|place| place.left_out > 0);
            let taken = left_out.map(|place| {
                (
                    place.target.clone(),
                    place.line,
                    std::mem::take(&mut place.left_out),
                )
            });
            taken.collect()
        };
        for (part, line, left_out) in places {
            tracing::warn!(
                kind = "other",
                part,
                line,
                left_out,
                most_per_s = OTHERS_PER_S,
                "lines were left out of the log"
            );
        }
    }

    fn kind(&self, metadata: &Metadata<'_>) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.target == metadata.target())
    }

    /// Whether this line is written.
    fn admits(&self, metadata: &Metadata<'_>, second: u64) -> bool {
        match self.kind(metadata) {
            Some(kind) => kind.admits(*metadata.level(), second),
            None => self.admits_other(metadata, second),
        }
    }

    fn admits_other(&self, metadata: &Metadata<'_>, second: u64) -> bool {
        if *metadata.level() > Level::INFO {
            return true;
        }
        let mut others = self.others.lock();
        let place = others.entry(metadata.callsite()).or_insert_with(|| Place {
            budget: Budget::default(),
            left_out: 0,
            target: metadata.target().to_owned(),
            line: metadata.line(),
        });
        let admits = place.budget.take(second, OTHERS_PER_S);
        if !admits {
            place.left_out += 1;
            self.others_left_out.get().increment(1);
        }
        admits
    }

    fn second(&self) -> u64 {
        self.began.elapsed().as_secs()
    }
}

impl Kind {
    pub(super) fn new(name: &'static str, target: &'static str, lines: LogLines) -> Self {
        Self {
            name,
            target,
            lines,
            urgent: Budget::default(),
            plain: Budget::default(),
            left_out: AtomicU64::new(0),
            counter: OnceCounter::new(name),
        }
    }

    fn admits(&self, level: Level, second: u64) -> bool {
        if level > self.lines.level {
            return false;
        }
        let budget = if level <= Level::WARN {
            &self.urgent
        } else {
            &self.plain
        };
        let admits = budget.take(second, self.lines.per_s);
        if !admits {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            self.counter.get().increment(1);
        }
        admits
    }
}

impl Budget {
    /// Takes one of the `most` lines of this second. False if they are used up.
    fn take(&self, second: u64, most: u32) -> bool {
        let take = |held: u64| match (held >> 32 == second, held & u64::from(u32::MAX)) {
            (false, _) => Some(second << 32 | 1),
            (true, used) if used < u64::from(most) => Some(held + 1),
            (true, _) => None,
        };
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }
}

impl OnceCounter {
    const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            counter: std::sync::OnceLock::new(),
        }
    }

    fn get(&self) -> &Counter {
        self.counter
            .get_or_init(|| counter!(LEFT_OUT, "kind" => self.kind))
    }
}

/// The bounds as a filter of a layer.
pub(super) struct Filter(pub(super) Arc<Bounds>);

impl<S> layer::Filter<S> for Filter {
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if !metadata.is_event() {
            return Interest::always();
        }
        match self.0.kind(metadata) {
            Some(kind) if *metadata.level() > kind.lines.level => Interest::never(),
            None if *metadata.level() > Level::INFO => Interest::always(),
            _ => Interest::sometimes(),
        }
    }

    /// Called once for each event, before its fields are evaluated: what is left out costs next to nothing.
    fn enabled(&self, metadata: &Metadata<'_>, _: &layer::Context<'_, S>) -> bool {
        metadata.is_span() || self.0.admits(metadata, self.0.second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Kind {
        Kind::new("request", "t", text.parse().unwrap())
    }

    #[test]
    fn successes_beyond_the_bound_are_left_out_and_counted_but_hide_no_failure() {
        let kind = kind("info,2/s");
        let admitted = |level, second| (0..5).filter(|_| kind.admits(level, second)).count();
        assert_eq!(admitted(Level::INFO, 7), 2);
        assert_eq!(admitted(Level::WARN, 7), 2);
        assert_eq!(admitted(Level::INFO, 8), 2);
        assert_eq!(kind.left_out.load(Ordering::Relaxed), 9);
    }

    #[test]
    fn lines_below_the_level_are_neither_written_nor_counted() {
        let kind = kind("warn");
        assert!(!kind.admits(Level::INFO, 0) && kind.admits(Level::ERROR, 0));
        assert_eq!(kind.left_out.load(Ordering::Relaxed), 0);
        assert!(!Kind::new("audit", "t", LogLines::OFF).admits(Level::ERROR, 0));
    }
}
