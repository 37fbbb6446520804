//! How much work a check may be.
//!
//! The validator cannot be interrupted, and some schemas make it do exponential work: each level of a tree is
//! checked against two alternatives, each of which checks the level below against two. Every look that the
//! validator takes at the data therefore costs steps ([`charge`]). When the steps are used up, the validator
//! is left by unwinding, which it bears because it keeps no state between checks. [`super::cost`] bounds what
//! it can do without a look at the data.
//!
//! The same call watches the depth of the stack: the validator recurses, and a stack that overflows ends the
//! process.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

/// Maximum bytes of stack that a check may use. Threads of the runtime have 2 MiB.
const STACK_BYTES_MAX: usize = 1024 * 1024;

/// How many steps pass between two looks at the clock: some tens of microseconds.
const STEPS_PER_TICK: u64 = 4_096;

/// The limits of one check.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub(super) steps: u64,
    /// How many errors the validator may collect. It keeps all of them until the check ends.
    pub(super) errors: u32,
    /// When the check ends at the latest, if it has such a limit.
    pub(super) deadline: Option<Instant>,
}

/// The check was more work than its budget allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exceeded;

/// What is left of the budget of the check that this thread runs.
struct Meter {
    steps: Cell<u64>,
    errors: Cell<u32>,
    /// The address at which the stack began; 0 if no check runs.
    stack: Cell<usize>,
    deadline: Cell<Option<Instant>>,
}

thread_local! {
    static METER: Meter = const {
        Meter {
            steps: Cell::new(u64::MAX),
            errors: Cell::new(u32::MAX),
            stack: Cell::new(0),
            deadline: Cell::new(None),
        }
    };
}

impl Meter {
    fn set(&self, (steps, errors, stack, deadline): Left) {
        self.steps.set(steps);
        self.errors.set(errors);
        self.stack.set(stack);
        self.deadline.set(deadline);
    }

    fn left(&self) -> Left {
        (
            self.steps.get(),
            self.errors.get(),
            self.stack.get(),
            self.deadline.get(),
        )
    }
}

/// Steps, errors, the beginning of the stack, and the deadline.
type Left = (u64, u32, usize, Option<Instant>);

/// No check runs: everything is allowed.
const UNLIMITED: Left = (u64::MAX, u32::MAX, 0, None);

/// Runs a check within a budget. The check must not leave anything half done when it is left by unwinding.
pub(super) fn within<T>(budget: Budget, check: impl FnOnce() -> T) -> Result<T, Exceeded> {
    let here = 0u8;
    let outer = METER.with(|meter| {
        let outer = meter.left();
        meter.set((budget.steps, budget.errors, address(&here), budget.deadline));
        Restored(outer)
    });
    let result = catch_unwind(AssertUnwindSafe(check));
    drop(outer);
    result.map_err(|panic| match panic.downcast::<Exceeded>() {
        Ok(exceeded) => *exceeded,
        Err(panic) => resume_unwind(panic),
    })
}

/// Restores the budget of an outer check.
struct Restored(Left);

impl Drop for Restored {
    fn drop(&mut self) {
        METER.with(|meter| meter.set(self.0));
    }
}

/// Takes steps from the budget. Does nothing outside of a check.
#[inline]
pub(super) fn charge(steps: u64) {
    METER.with(|meter| {
        let here = 0u8;
        let before = meter.steps.get();
        let stack = meter.stack.get();
        match before.checked_sub(steps) {
            _ if stack == 0 => {}
            Some(left) if stack.abs_diff(address(&here)) <= STACK_BYTES_MAX => {
                meter.steps.set(left);
                if left / STEPS_PER_TICK != before / STEPS_PER_TICK {
                    look_at_clock(meter);
                }
            }
            _ => exceed(meter),
        }
    });
}

/// Takes an error from the budget.
pub(super) fn charge_error() {
    METER.with(|meter| match meter.errors.get().checked_sub(1) {
        _ if meter.stack.get() == 0 => {}
        Some(left) => meter.errors.set(left),
        None => exceed(meter),
    });
}

#[cold]
fn look_at_clock(meter: &Meter) {
    if meter
        .deadline
        .get()
        .is_some_and(|deadline| deadline <= Instant::now())
    {
        exceed(meter);
    }
}

/// Leaves the check, without the message of a panic. What is dropped on the way costs nothing.
#[cold]
fn exceed(meter: &Meter) -> ! {
    meter.set(UNLIMITED);
    resume_unwind(Box::new(Exceeded))
}

fn address(local: &u8) -> usize {
    std::ptr::from_ref(local).addr()
}

/// The price of a number of this many bytes as an exact decimal: two allocations and its digits.
pub(super) const fn of_decimal(bytes: usize) -> u64 {
    4 + of_bytes(bytes)
}

/// The price of a division of a number of this many bytes: each digit is a step, and its power of ten takes
/// some more.
pub(super) const fn of_division(bytes: usize) -> u64 {
    128 + bytes as u64
}

/// The price of work on a text of this many bytes.
pub(super) const fn of_bytes(bytes: usize) -> u64 {
    1 + bytes as u64 / 32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn steps(steps: u64) -> Budget {
        Budget {
            steps,
            errors: 0,
            deadline: None,
        }
    }

    #[test]
    fn a_check_ends_when_its_steps_are_used_up() {
        assert_eq!(within(steps(3), || (0..3).for_each(|_| charge(1))), Ok(()));
        assert_eq!(within(steps(3), || (0..4).for_each(|_| charge(1))), Err(Exceeded));
        assert_eq!(within(steps(3), || charge(4)), Err(Exceeded));
        charge(u64::MAX);
    }

    #[test]
    fn a_check_ends_when_it_has_too_many_errors() {
        let budget = Budget {
            errors: 2,
            ..steps(1)
        };
        assert_eq!(within(budget, || (0..2).for_each(|_| charge_error())), Ok(()));
        assert_eq!(
            within(budget, || (0..3).for_each(|_| charge_error())),
            Err(Exceeded)
        );
        charge_error();
    }

    #[test]
    fn an_inner_budget_leaves_the_outer_one_alone() {
        let outer = within(steps(2), || {
            charge(1);
            assert_eq!(within(steps(1), || charge(2)), Err(Exceeded));
            charge(1);
        });
        assert_eq!(outer, Ok(()));
    }

    #[test]
    fn a_check_ends_at_its_deadline() {
        let began = Instant::now();
        let budget = Budget {
            steps: u64::MAX,
            errors: 0,
            deadline: Some(began + Duration::from_millis(5)),
        };
        let endless = within(budget, || -> () {
            loop {
                charge(1);
            }
        });
        assert_eq!(endless, Err(Exceeded));
        assert!(began.elapsed() >= Duration::from_millis(5));
    }

    #[test]
    fn a_check_ends_before_the_stack_overflows() {
        #[expect(unconditional_recursion, reason = "the budget ends it")]
        fn deeper(bytes: [u8; 256]) -> u8 {
            charge(1);
            deeper(bytes).wrapping_add(std::hint::black_box(bytes)[0])
        }
        assert_eq!(within(steps(u64::MAX), || deeper([1; 256])), Err(Exceeded));
    }

    #[test]
    fn another_panic_goes_on() {
        let panicked = catch_unwind(|| within(steps(1), || resume_unwind(Box::new("a defect"))));
        assert!(panicked.is_err());
    }
}
