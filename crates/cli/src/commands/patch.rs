//! A JSON Merge Patch (RFC 7396) from flags. Values are inserted as text, so that no number loses a digit.

use serde_json::Value;

use crate::Failure;

/// The members of a patch, in order.
#[derive(Debug, Default)]
pub(super) struct Patch {
    members: Vec<(&'static str, &'static str, String)>,
    unset: Vec<(String, String)>,
}

impl Patch {
    /// Sets a member to this text, if the flag was given.
    pub fn text(&mut self, member: &'static str, flag: &'static str, value: Option<&str>) {
        self.json(member, flag, value.map(|value| Value::from(value).to_string()));
    }

    /// Sets a member to this JSON, if the flag was given.
    pub fn json(&mut self, member: &'static str, flag: &'static str, value: Option<String>) {
        self.members.extend(value.map(|value| (member, flag, value)));
    }

    /// Removes a member, which `--unset` calls `name`.
    pub fn unset(&mut self, member: &str, name: &str) {
        self.unset.push((member.to_owned(), name.to_owned()));
    }

    /// The patch.
    pub fn finish(self) -> Result<String, Failure> {
        if self.members.is_empty() && self.unset.is_empty() {
            return Err(Failure::Usage(
                "nothing to change: --help lists the flags".to_owned(),
            ));
        }
        for (member, name) in &self.unset {
            if let Some((_, flag, _)) = self.members.iter().find(|(set, ..)| set == member) {
                return Err(Failure::Usage(format!(
                    "{flag} and --unset {name} contradict each other"
                )));
            }
        }
        let set = self.members.iter();
        let set = set.map(|(member, _, value)| format!("\"{member}\":{value}"));
        let unset = self.unset.iter().map(|(member, _)| format!("\"{member}\":null"));
        Ok(format!("{{{}}}", set.chain(unset).collect::<Vec<_>>().join(",")))
    }
}
