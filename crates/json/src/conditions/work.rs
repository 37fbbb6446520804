//! The bound on the work of evaluating conditions.
//!
//! Work is counted in steps, not in time, so that the same conditions on the same data always come to the
//! same verdict. A step is what looking at one value takes: 1 to 3 ns.

/// Maximum steps of one set of conditions on one payload, about 10 ms. Fifty rows that each look at every
/// value of 256 KiB of usual JSON take half of it; only conditions and data that are built to be slow take
/// more.
pub const WORK_MAX: usize = 3_000_000;

/// Steps that are left of those that may be taken.
#[derive(Debug)]
pub(super) struct Work {
    max: usize,
    left: usize,
}

/// All steps are spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfWork;

impl Work {
    /// At most so many steps, and at most [`WORK_MAX`].
    pub(super) fn up_to(steps: usize) -> Self {
        let max = steps.min(WORK_MAX);
        Self { max, left: max }
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
        self.max - self.left
    }
}
