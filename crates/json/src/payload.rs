//! An event's `data`, read once.

use std::sync::OnceLock;

use crate::error::JsonError;
use crate::inspect::{Inspection, inspect};
use crate::outline::Outline;
use crate::value::Value;

/// An event's `data`: the text, and the result of inspecting it.
///
/// Acceptance reads a payload once. Code that later needs to know something about `data` asks the payload, so
/// that no two parts of the program read the same text by different rules.
#[derive(Debug)]
pub struct Payload<'a> {
    text: &'a str,
    inspection: Inspection,
    /// Built when conditions are first evaluated; they all share it.
    outline: OnceLock<Option<Outline<'a>>>,
}

/// Why bytes cannot be a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// The bytes are not exactly one JSON value, or the value is nested too deeply.
    #[error(transparent)]
    Json(#[from] JsonError),
}

impl<'a> Payload<'a> {
    /// Reads `data`.
    ///
    /// # Errors
    /// Bytes that are not UTF-8, and the errors of [`inspect`].
    pub fn read(data: &'a [u8]) -> Result<Self, PayloadError> {
        let text = std::str::from_utf8(data).map_err(|_| PayloadError::NotUtf8)?;
        let inspection = inspect(text)?;
        Ok(Self {
            text,
            inspection,
            outline: OnceLock::new(),
        })
    }

    /// Reads `data` that was accepted and stored. What cannot be read counts as `null`.
    pub fn of_stored(data: &'a [u8]) -> Self {
        Self::read(data).unwrap_or_else(|_| Self::read(b"null").expect("`null` is JSON"))
    }

    /// The text, unchanged.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// What re-serialising the text would do to it.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// The inspection alone.
    pub fn into_inspection(self) -> Inspection {
        self.inspection
    }

    /// The text as a tree. Each call builds a new tree, because most events need none.
    pub fn value(&self) -> Value<'a> {
        // `read` has accepted the text by the same rules.
        Value::read(self.text).unwrap_or(Value::Null)
    }

    /// The text's values, to look a few of them up; `None` if they are too many.
    pub(crate) fn outline(&self) -> Option<&Outline<'a>> {
        let outline = self.outline.get_or_init(|| {
            // Two members of one name are a loss.
            Outline::read(self.text, self.inspection.loss.is_none())
        });
        outline.as_ref()
    }
}
