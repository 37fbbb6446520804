//! Writes comparisons and `~` as calls.
//!
//! The comparisons of `minijinja` are not paid for, and to them a missing field is less than any number. Its
//! `~` writes numbers in another way than the event. So `a < b == c` becomes
//! `__compare(a, "<", b, "==", c)`, and `a ~ b` becomes `__join(a, b)`. The call begins where the first
//! operand does, which is already written when the first operator is read.

use super::expression::Expects;
use super::{TemplateFault, Translator};

/// Operands of comparisons, or of `~`, that become the arguments of one call.
#[derive(Default)]
pub(super) struct Chain {
    /// Where the first operand begins in the output.
    start: usize,
    /// Whether there is an operator already, so that the call has begun.
    is_call: bool,
}

impl Translator<'_> {
    pub(super) fn compare(&mut self, operator: &str) -> Result<Expects, TemplateFault> {
        self.end_joined();
        if let Some(frame) = self.frames.last_mut()
            && !std::mem::replace(&mut frame.comparison.is_call, true)
        {
            self.out.insert_str(frame.comparison.start, " __compare(");
        }
        self.write(&format!(", \"{operator}\","));
        self.begin_joined();
        Ok(Expects::Operand)
    }

    pub(super) fn join(&mut self) -> Result<Expects, TemplateFault> {
        if let Some(frame) = self.frames.last_mut()
            && !std::mem::replace(&mut frame.joined.is_call, true)
        {
            self.out.insert_str(frame.joined.start, " __join(");
        }
        self.write(",");
        Ok(Expects::Operand)
    }

    pub(super) fn is_within_chain(&self) -> bool {
        let frame = self.frames.last();
        frame.is_some_and(|frame| frame.comparison.is_call || frame.joined.is_call)
    }

    pub(super) fn begin_chains(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.comparison.start = self.out.len();
        }
        self.begin_joined();
    }

    pub(super) fn begin_joined(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.joined.start = self.out.len();
        }
    }

    pub(super) fn end_chains(&mut self) {
        self.end_joined();
        if let Some(frame) = self.frames.last_mut()
            && std::mem::take(&mut frame.comparison.is_call)
        {
            self.out.push(')');
        }
    }

    pub(super) fn end_joined(&mut self) {
        if let Some(frame) = self.frames.last_mut()
            && std::mem::take(&mut frame.joined.is_call)
        {
            self.out.push(')');
        }
    }
}
