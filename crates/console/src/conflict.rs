//! Two people edit the same object. The second one gets the form back with everything they typed, what is
//! saved now beside it, and the choice to overwrite that or to start again.

use askama::Template;
use postrider_model::{AccountId, Timestamp};
use postrider_storage::{AuditFilter, PageRequest};

use crate::pages::audit::who;
use crate::refusal::Refusal;
use crate::state::App;
use crate::view::excerpt::excerpt;
use crate::view::markup;
use crate::view::time::Moment;
use crate::visitor::Visitor;

/// Entries of the audit trail that are searched for the change: the newest few of one object. Tests of an
/// automation are entries, too.
const ENTRIES_SEARCHED: usize = 20;

/// How much older than the change its entry may be, in milliseconds: both take the time of one request.
const ENTRY_OLDER_MAX_MS: i64 = 1_000;

/// Longest saved value that the notice shows, in characters.
const VALUE_CHARS: usize = 300;

/// The button of a form that overwrites what somebody else saved.
pub const SAVE_ANYWAY: &str = "Save anyway";

/// What the form says on top.
#[derive(Debug, Clone, Template)]
#[template(path = "conflict.html")]
pub struct Conflict {
    who: String,
    at: Moment,
    /// The address of the form as saved.
    reload: String,
    differing: Vec<Differing>,
}

markup!(Conflict);

/// A field whose saved value is not the one in the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    name: String,
    saved: String,
}

impl Differing {
    /// The field of this name, and its saved value.
    pub fn new(name: impl Into<String>, saved: &str) -> Self {
        Self {
            name: name.into(),
            saved: match excerpt(saved.as_bytes(), VALUE_CHARS) {
                empty if empty.is_empty() => "empty".to_owned(),
                shown => format!("“{shown}”"),
            },
        }
    }

    /// The same with words in place of a value.
    pub fn in_words(name: impl Into<String>, saved: &str) -> Self {
        Self {
            name: name.into(),
            saved: saved.to_owned(),
        }
    }

    /// The same field as one of an action.
    pub fn within(self, action: &str) -> Self {
        Self {
            name: format!("{action}: {}", self.name),
            ..self
        }
    }

    /// The fields whose typed and saved values differ.
    pub fn among(fields: &[(&str, &str, &str)]) -> Vec<Self> {
        let differ = fields
            .iter()
            .filter(|(_, typed, saved)| typed.trim() != saved.trim());
        differ.map(|(name, _, saved)| Self::new(*name, saved)).collect()
    }
}

/// The object that two people edited.
pub struct Edited {
    /// Its account.
    pub account: Option<AccountId>,
    /// Its id in the audit trail.
    pub id: String,
    /// When it was saved.
    pub at: Timestamp,
    /// The address of its form.
    pub form: String,
}

impl Conflict {
    /// The notice of a form that came too late. The audit trail says who was earlier.
    pub async fn of(
        app: &App,
        visitor: &Visitor,
        edited: Edited,
        differing: Vec<Differing>,
    ) -> Result<Self, Refusal> {
        let filter = AuditFilter {
            account: edited.account,
            target: Some(edited.id),
            ..AuditFilter::default()
        };
        let newest = PageRequest {
            limit: ENTRIES_SEARCHED,
            after: None,
        };
        let entries = app
            .access
            .audit(visitor.caller.scope, filter, newest)
            .await?
            .items;
        let change = entries.iter().find(|entry| {
            let name = entry.action.as_str();
            let is_change = name.ends_with(".updated") || name.ends_with(".disabled");
            is_change && entry.id.time().unix_ms() >= edited.at.unix_ms() - ENTRY_OLDER_MAX_MS
        });
        Ok(Self {
            who: change.map_or_else(|| "Someone else".to_owned(), |entry| who(&entry.actor)),
            at: Moment::new(edited.at, app.now()),
            reload: edited.form,
            differing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_that_differ_are_named_with_what_is_saved() {
        let fields = [
            ("Name", "Mine", "Theirs"),
            ("uid", " a ", "a"),
            ("Hosts", "x", ""),
        ];
        let differing = Differing::among(&fields);
        assert_eq!(
            differing,
            [
                Differing::in_words("Name", "“Theirs”"),
                Differing::in_words("Hosts", "empty"),
            ]
        );
    }
}
