//! The faults of a draft, in the order in which they were found.

use super::{Problem, ProfileFault};

#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<ProfileFault>);

impl Faults {
    pub(super) fn add(&mut self, at: &str, problem: impl Into<Problem>) {
        self.0.push(ProfileFault {
            at: at.to_owned(),
            problem: problem.into(),
        });
    }

    /// The value, or a fault.
    pub(super) fn check<T>(&mut self, at: &str, result: Result<T, impl Into<Problem>>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problem) => {
                self.add(at, problem);
                None
            }
        }
    }
}
