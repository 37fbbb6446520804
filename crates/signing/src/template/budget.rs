//! What a rendering may cost, beside the fuel of `minijinja`: everything that is ours, such as filters,
//! comparisons and the reading of `data`.
//!
//! A step is about 100 ns of our own work: a visited member, a comparison, or 32 bytes of copied text. A
//! round of a loop takes four. Every allocation is paid for before it is made. So whatever a customer writes,
//! and whatever a producer sends, a rendering ends.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Maximum steps of a rendering: about 20 ms of a processor. A message that lists 100 items with ten fields
/// each takes a fifteenth of them.
pub(super) const STEPS_MAX: usize = 200_000;
/// Maximum bytes that our filters, lists and copies of data allocate in a rendering; fuel bounds minijinja's
/// own at 3 MiB. That is 16 times the longest output. Bytes that were freed again count too.
pub(super) const ALLOCATED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of text that are copied, compared or searched in one step.
const COPIED_PER_STEP: usize = 32;
/// Bytes of text that are read character by character in one step.
const READ_PER_STEP: usize = 8;

/// Why a rendering ends early.
#[derive(Debug, Clone)]
pub(super) struct Stop(pub(super) Cow<'static, str>);

pub(super) fn stop<T>(reason: impl Into<Cow<'static, str>>) -> Result<T, Stop> {
    Err(Stop(reason.into()))
}

/// What is left to spend.
#[derive(Debug)]
pub(super) struct Budget {
    steps: AtomicUsize,
    bytes: AtomicUsize,
    exceeded: OnceLock<&'static str>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            steps: AtomicUsize::new(STEPS_MAX),
            bytes: AtomicUsize::new(ALLOCATED_BYTES_MAX),
            exceeded: OnceLock::new(),
        }
    }

    /// Which bound was exceeded, if one was. `minijinja` may drop an error that a value holds.
    pub(super) fn check(&self) -> Result<(), Stop> {
        self.exceeded.get().map_or(Ok(()), |reason| stop(*reason))
    }

    #[cold]
    fn exceed(&self, reason: &'static str) -> Result<(), Stop> {
        self.steps.store(0, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
        stop(*self.exceeded.get_or_init(|| reason))
    }

    #[inline]
    pub(super) fn steps(&self, count: usize) -> Result<(), Stop> {
        match self.steps.load(Ordering::Relaxed).checked_sub(count) {
            Some(left) => {
                self.steps.store(left, Ordering::Relaxed);
                Ok(())
            }
            None => self.exceed("the template takes too long with this event"),
        }
    }

    /// Pays for copying, comparing or searching `bytes` bytes of text.
    #[inline]
    pub(super) fn work(&self, bytes: usize) -> Result<(), Stop> {
        self.steps(bytes / COPIED_PER_STEP)
    }

    /// Pays for reading `bytes` bytes of text character by character.
    #[inline]
    pub(super) fn reading(&self, bytes: usize) -> Result<(), Stop> {
        self.steps(bytes / READ_PER_STEP)
    }

    /// Pays for an allocation.
    pub(super) fn bytes(&self, count: usize) -> Result<(), Stop> {
        match self.bytes.load(Ordering::Relaxed).checked_sub(count) {
            Some(left) => {
                self.bytes.store(left, Ordering::Relaxed);
                self.work(count)
            }
            None => self.exceed("the template takes too much memory with this event"),
        }
    }
}

/// A text that grows within the budget.
pub(super) struct Builder<'b> {
    text: String,
    budget: &'b Budget,
}

impl<'b> Builder<'b> {
    pub(super) fn new(budget: &'b Budget) -> Self {
        Self {
            text: String::new(),
            budget,
        }
    }

    pub(super) fn push(&mut self, text: &str) -> Result<(), Stop> {
        self.budget.bytes(text.len())?;
        self.text.push_str(text);
        Ok(())
    }

    pub(super) fn push_char(&mut self, character: char) -> Result<(), Stop> {
        self.push(character.encode_utf8(&mut [0; 4]))
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
