//! The bound on the work of evaluating conditions.
//!
//! Work is counted in steps, not in time, so that the same conditions on the same data always come to the
//! same verdict. A step is what looking at one value takes: 1 to 3 ns.

/// Maximum steps of one set of conditions on one payload, about 10 ms. Fifty rows that each look at every
/// value of 256 KiB of usual JSON take half of it; only conditions and data that are built to be slow take
/// more.
pub const WORK_MAX: usize = 3_000_000;

/// Steps that are left.
#[derive(Debug)]
pub(super) struct Work {
    left: usize,
}

/// All steps are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfWork;

impl Work {
    pub(super) fn new() -> Self {
        Self { left: WORK_MAX }
    }

    /// No steps at all.
    pub(super) fn none() -> Self {
        Self { left: 0 }
    }

    /// Takes steps before they are done.
    #[inline]
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), OutOfWork> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(OutOfWork)
            }
        }
    }

    pub(super) fn spent(&self) -> usize {
        WORK_MAX - self.left
    }
}
