//! The faults of a draft, each with its pointer.

use super::{ConfigureError, codes};

/// The maximum number of faults reported for one draft: enough to correct it, and a bound on the response.
pub const FAULTS_MAX: usize = 100;

/// A single fault of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer (RFC 6901) into the resource as the API shows it.
    pub pointer: String,
    /// The kind of fault, stable across versions: one of [`super::codes`], or of
    /// [`postrider_egress::DestinationError::code`].
    pub code: &'static str,
    /// An explanation for people. Do not parse it.
    pub detail: String,
}

/// Collects the faults of a draft, so that its author sees all of them at once. Faults after the first
/// [`FAULTS_MAX`] are dropped.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault.
    pub(super) fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.push(Fault {
            pointer: pointer.into(),
            code,
            detail: detail.into(),
        });
    }

    /// Adds a fault.
    pub(super) fn push(&mut self, fault: Fault) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(fault);
        }
    }

    /// The value of a parsed text. Adds a fault if the text could not be parsed.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        pointer: &str,
        parsed: Result<T, E>,
    ) -> Option<T> {
        parsed
            .map_err(|error| self.add(pointer, codes::INVALID_VALUE, error.to_string()))
            .ok()
    }

    /// The faults, if there are any.
    pub(super) fn into_result(self) -> Result<(), Vec<Fault>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    /// Returns the checked draft, or the faults. A `checked` of `None` needs a fault that gives the reason.
    pub(super) fn into_checked<T>(self, checked: Option<T>) -> Result<T, ConfigureError> {
        debug_assert!(
            checked.is_some() || !self.0.is_empty(),
            "a draft is refused without a fault"
        );
        match checked {
            Some(checked) if self.0.is_empty() => Ok(checked),
            _ => Err(ConfigureError::Faults(self.0)),
        }
    }
}

impl From<Faults> for ConfigureError {
    fn from(faults: Faults) -> Self {
        Self::Faults(faults.0)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Pointer and code of each fault that a check finds.
    pub(crate) fn faults_of(check: impl FnOnce(&mut Faults)) -> Vec<(String, &'static str)> {
        let mut faults = Faults::default();
        check(&mut faults);
        let pointer_and_code = |fault: Fault| (fault.pointer, fault.code);
        faults.0.into_iter().map(pointer_and_code).collect()
    }

    #[test]
    fn no_more_faults_than_the_bound_are_reported() {
        let found = faults_of(|faults| (0..1_000).for_each(|n| faults.add(format!("/{n}"), "x", "x")));
        assert_eq!((found.len(), &*found[99].0), (FAULTS_MAX, "/99"));
    }
}
