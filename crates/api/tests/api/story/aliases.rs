//! Stable ids: those of a run depend on the order in which tasks draw them.

use std::collections::HashMap;

use serde_json::Value;

use super::EVENT;

/// Base 32 of TypeIDs.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The characters of an id that hold its time, which the story's clock decides, and all of them.
const TIME: usize = 10;
const WHOLE: usize = 26;

/// An alias for each id, by the order in which they appear.
#[derive(Default)]
pub struct Aliases(HashMap<String, String>);

impl Aliases {
    /// The same value, with aliases in place of ids.
    pub fn put(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) => self.put_into(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.put(item)).collect(),
            Value::Object(members) => {
                let put = |(name, member): (String, Value)| (self.put_into(&name), self.put(member));
                Value::Object(members.into_iter().map(put).collect())
            }
            other => other,
        }
    }

    /// Replaces the ids within a text, but for the one that the story chose: it is part of what is signed.
    fn put_into(&mut self, text: &str) -> String {
        let words = text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let words = words.map(|word| {
            let id = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            match is_id(id) {
                true => word.replacen(id, &self.of(id), 1),
                false => word.to_owned(),
            }
        });
        words.collect()
    }

    fn of(&mut self, id: &str) -> String {
        let number = self.0.len() as u64 + 1;
        let alias = self.0.entry(id.to_owned());
        alias.or_insert_with(|| alias_of(id, number)).clone()
    }
}

fn is_id(word: &str) -> bool {
    let Some((prefix, rest)) = word.split_once('_') else {
        return false;
    };
    let is_made_by_us = word != EVENT && !rest.bytes().all(|byte| byte == b'0');
    is_made_by_us
        && !prefix.is_empty()
        && rest.len() == WHOLE
        && rest.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// Keeps the prefix and the time. The version and the variant of a UUID stay, too (RFC 9562, section 5.7).
fn alias_of(id: &str, number: u64) -> String {
    let (kept, rest) = id.split_at(id.len() - WHOLE + TIME);
    let rest = rest.bytes().zip(0_u64..).map(|(byte, position)| {
        let mixed = (number << 8 | position).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59;
        let other = ALPHABET[usize::try_from(mixed).unwrap()];
        match position {
            0 => byte,
            3 => ALPHABET[8 + usize::try_from(mixed & 3).unwrap()],
            _ => other,
        }
    });
    kept.to_owned() + &String::from_utf8(rest.collect()).unwrap()
}
