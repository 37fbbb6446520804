//! Host names that webhooks may reach, as they are written in settings: `receiver`, `*.svc.cluster.local`.

use postrider_egress::{NamePattern, NamePatternError};
use serde::{Deserializer, Serializer};

use super::text_value;

/// Reads one name.
pub fn parse(text: &str) -> Result<NamePattern, NamePatternError> {
    text.parse()
}

/// Writes names as a list of strings.
pub fn serialize<S: Serializer>(names: &[NamePattern], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter().map(ToString::to_string))
}

/// Reads names from a list of strings, as in the file, or from text with commas, as in a variable.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NamePattern>, D::Error> {
    let expected = "a list of host names, such as [\"receiver\"]";
    text_value::deserialize_list(expected, parse, deserializer)
}
