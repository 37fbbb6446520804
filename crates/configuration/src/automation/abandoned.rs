//! The mark of an automation that a node is about to delete because nobody listens to it there.
//!
//! Nodes of a cluster see it in the store, and one where somebody listens removes it. It is the first member
//! of the automation's metadata, so that it needs no column, and people see it.

use postrider_model::account::METADATA_BYTES_MAX;
use postrider_model::{AccountId, Automation, AutomationId, By};

use crate::Configuration;
use crate::codes;
use crate::{ConfigureError, EDITS_MAX, Faults};

/// What precedes the mark in the metadata.
const BEFORE: &str = r#"{"postrider_abandoned":""#;

/// The automation's mark, if it has one.
pub fn abandoned_mark(automation: &Automation) -> Option<&str> {
    parts(&automation.metadata).map(|(mark, _)| mark)
}

impl Configuration {
    /// Marks an automation as abandoned, in place of an earlier mark. `mark` is of `[a-z0-9-]`. Does nothing
    /// if the automation does not exist. Fails with `Faults` if the metadata has no room, and with `Stale` if
    /// other requests keep changing the automation.
    pub async fn mark_abandoned(
        &self,
        account: AccountId,
        id: AutomationId,
        mark: &str,
    ) -> Result<(), ConfigureError> {
        self.edit_metadata(account, id, |metadata| marked(metadata, mark))
            .await
    }

    /// Removes the mark. Does nothing if there is none, or no such automation. Fails with `Stale` if other
    /// requests keep changing the automation.
    pub async fn remove_abandoned_mark(
        &self,
        account: AccountId,
        id: AutomationId,
    ) -> Result<(), ConfigureError> {
        self.edit_metadata(account, id, unmarked).await
    }

    async fn edit_metadata(
        &self,
        account: AccountId,
        id: AutomationId,
        edit: impl Fn(&str) -> String,
    ) -> Result<(), ConfigureError> {
        for _ in 0..EDITS_MAX {
            let Some(current) = self.store.automation(account, id).await? else {
                return Ok(());
            };
            let metadata = edit(&current.metadata);
            if metadata == current.metadata {
                return Ok(());
            }
            if metadata.len() > METADATA_BYTES_MAX {
                let mut faults = Faults::default();
                let detail = "the metadata is too long to add `postrider_abandoned`";
                faults.add("/metadata", codes::TOO_LONG, detail);
                return Err(faults.into());
            }
            let edited = Automation {
                metadata,
                updated_at: self.clock.now(),
                ..current.clone()
            };
            let audit = self.automation_changed(&By::NODE, account, Some(&current), Some(&edited));
            match self.save_edited(account, edited, Vec::new(), audit).await {
                Err(ConfigureError::Stale) => {}
                Err(ConfigureError::Missing) => return Ok(()),
                result => return result.map(drop),
            }
        }
        Err(ConfigureError::Stale)
    }
}

/// The mark, and the metadata behind its `{`. `None` if the member is not as [`marked`] writes it: a client
/// may have a member of this name, written in its own way.
fn parts(metadata: &str) -> Option<(&str, &str)> {
    let (mark, rest) = metadata.strip_prefix(BEFORE)?.split_once('"')?;
    let is_ours = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    let rest = match rest.strip_prefix(',') {
        Some(rest) => rest,
        None if rest.trim_start().starts_with('}') => rest,
        None => return None,
    };
    mark.bytes().all(is_ours).then_some((mark, rest))
}

fn marked(metadata: &str, mark: &str) -> String {
    let without = unmarked(metadata);
    let rest = without.strip_prefix('{').unwrap_or("}");
    let comma = if rest.trim_start().starts_with('}') {
        ""
    } else {
        ","
    };
    format!("{BEFORE}{mark}\"{comma}{rest}")
}

fn unmarked(metadata: &str) -> String {
    match parts(metadata) {
        Some((_, rest)) => format!("{{{rest}"),
        None => metadata.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_replaced_and_removed_and_leaves_the_other_members_as_they_were_written() {
        for metadata in ["{}", "{ }", r#"{"n":1.0}"#, r#"{ "a": [1e400], "b": {} }"#] {
            let first = marked(metadata, "0f-1");
            let second = marked(&first, "0f-2");
            assert_eq!(parts(&second).unwrap().0, "0f-2");
            assert_eq!(second.len(), first.len(), "{second}");
            serde_json::from_str::<&serde_json::value::RawValue>(&second).unwrap();
            assert_eq!(unmarked(&second), metadata);
        }
        for theirs in [
            r#"{"postrider_abandoned":1}"#,
            r#"{"postrider_abandoned":"a" ,"b":1}"#,
            r#"{"postrider_abandoned":"a\"b"}"#,
            r#"{"postrider_abandoned":"A","b":1}"#,
        ] {
            assert_eq!(parts(theirs), None, "{theirs}");
            assert_eq!(unmarked(theirs), theirs);
        }
    }
}
