//! Decodes JSON text into typed values. Each error has a pointer or a position, and a message in plain words.
//!
//! A valid text is read once, straight into its type. Only an invalid one is read again, to find the fault.

mod explain;
mod object;
mod whole;

use postrider_json::UniqueMembers;
use serde::Deserialize;

use crate::problem::Problem;

pub use explain::no_such_member;
pub use object::{object, optional_object, present};
pub use whole::Whole;

use object::Object;

/// Reads `text`, an object, as a `T`. Duplicate members of structs are refused; the contents of a `RawValue`
/// are not checked.
pub fn decode<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    read::<Object<T>>(text).map(|object| object.0)
}

/// Reads `text`, an array, as a `T`. The contents of a `RawValue` are not checked.
pub fn decode_array<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    read(text)
}

/// Reads a control body as a `T`: no duplicate member anywhere, and at most 127 levels deep.
pub fn decode_control<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    check_control(text)?;
    decode(text)
}

/// Refuses duplicate members and more than 127 levels, which no control body may have.
pub fn check_control(text: &str) -> Result<(), Problem> {
    read::<UniqueMembers>(text).map(|_| ())
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|_| explain::explain::<T>(text))
}
