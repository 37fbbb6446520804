//! The contents of the form, as people type them.

use postrider_configuration::AccountDraft;
use postrider_model::Account;

use crate::conflict::Differing;
use crate::form::Form;
use crate::view::{body, schedule};

/// The form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// The name.
    pub name: String,
    /// The operator's own id for it; empty for none.
    pub uid: String,
    /// JSON; empty for an empty object.
    pub metadata: String,
    /// Delays, as `view::schedule` writes them.
    pub delays: String,
}

impl Fields {
    /// The fields whose saved values differ. Only administrators see the operator's own.
    pub fn differing(&self, saved: &Self, is_admin: bool) -> Vec<Differing> {
        let mut fields = vec![
            ("Name", self.name.as_str(), saved.name.as_str()),
            ("Retry delays", &self.delays, &saved.delays),
        ];
        if is_admin {
            fields.push(("uid", &self.uid, &saved.uid));
            fields.push(("Metadata", &self.metadata, &saved.metadata));
        }
        Differing::among(&fields)
    }

    /// A stored account.
    pub fn of(account: &Account) -> Self {
        Self {
            name: account.name.clone(),
            uid: account.uid.clone().unwrap_or_default(),
            // An empty object is an empty field.
            metadata: match account.metadata.as_str() {
                "{}" => String::new(),
                metadata => body::pretty(metadata).unwrap_or_else(|| metadata.to_owned()),
            },
            delays: schedule::field(account.retry_delays.as_ref()),
        }
    }

    /// The fields as typed. `is_admin`: whether the form had all fields; otherwise only the delays change.
    pub fn typed(form: &Form, account: &Account, is_admin: bool) -> Self {
        let delays = form.text("delays").to_owned();
        if !is_admin {
            return Self {
                delays,
                ..Self::of(account)
            };
        }
        Self {
            name: form.text("name").to_owned(),
            uid: form.text("uid").to_owned(),
            metadata: form.text("metadata").to_owned(),
            delays,
        }
    }

    /// The draft. A member that nobody edited stays as stored, byte for byte, although the form shows
    /// metadata laid out.
    pub fn draft(&self, account: &Account) -> AccountDraft {
        let is = Self::of(account);
        let uid = self.uid.trim();
        let metadata = if self.metadata == is.metadata {
            Some(account.metadata.clone())
        } else {
            Some(self.metadata.trim().to_owned()).filter(|text| !text.is_empty())
        };
        AccountDraft {
            name: self.name.trim().to_owned(),
            uid: (!uid.is_empty()).then(|| uid.to_owned()),
            metadata,
            retry_delays_s: schedule::parse(&self.delays),
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::{IdGenerator, Timestamp};

    use super::*;

    fn account(metadata: &str) -> Account {
        let now = Timestamp::from_unix_ms(0);
        Account {
            id: IdGenerator::new(1).account(now),
            uid: Some("42".to_owned()),
            name: "Acme".to_owned(),
            metadata: metadata.to_owned(),
            retry_delays: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    #[test]
    fn a_customer_can_change_only_the_retries() {
        let form = Form::parse(b"name=Mine&uid=43&metadata=%7B%7D&delays=5").unwrap();
        let account = account("{\"plan\":\"pro\"}");
        let mut draft = Fields::typed(&form, &account, false).draft(&account);
        assert_eq!(draft.retry_delays_s.take(), Some(vec![5]));
        assert_eq!(draft, AccountDraft::of(&account));
        let draft = Fields::typed(&form, &account, true).draft(&account);
        assert_eq!((draft.name.as_str(), draft.uid.as_deref()), ("Mine", Some("43")));
    }

    #[test]
    fn unedited_fields_are_stored_unchanged() {
        for metadata in ["{}", "{ }", "{\"a\":1.10, \"b\":[]}"] {
            let account = account(metadata);
            assert_eq!(Fields::of(&account).draft(&account), AccountDraft::of(&account));
        }
    }
}
