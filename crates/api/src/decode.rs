//! From JSON text to typed values, with a place and plain words for everything that can be wrong.
//!
//! A good text is read once, straight into its type. Only a bad one is read again, to find out where and why.

mod explain;
mod object;

use postrider_json::UniqueMembers;
use serde::Deserialize;

use crate::problem::Problem;

pub use explain::no_such_member;
pub use object::{object, objects, present};

use object::Object;

/// Reads `text`, an object, as a `T`. Duplicate members of structs are refused; what is inside a `RawValue`
/// is not looked into.
pub fn decode<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    read::<Object<T>>(text).map(|object| object.0)
}

/// Reads a control body as a `T`: no duplicate member anywhere, and at most 127 levels deep.
pub fn decode_control<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    check_control(text)?;
    decode(text)
}

/// Refuses what no control body may hold: duplicate members, more than 127 levels.
pub fn check_control(text: &str) -> Result<(), Problem> {
    read::<UniqueMembers>(text).map(|_| ())
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|_| explain::explain::<T>(text))
}
