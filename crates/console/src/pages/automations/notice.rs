//! *Tell me when this fails*: a tick and an address of the form.

use postrider_configuration::{Fault, codes, is_notice, notified};
use postrider_model::{Automation, EmailAddress, Recipients};

use super::email::addresses;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::account::InAccount;

/// The tick and the addresses, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeFields {
    /// Whether the form has them: not where e-mail is not set up, nor for a notice itself.
    pub is_offered: bool,
    /// Whether somebody is told.
    pub is_ticked: bool,
    /// Addresses, separated by commas or spaces.
    pub to: String,
}

impl NoticeFields {
    /// Those of a new automation, or of a stored one.
    pub fn of(app: &App, account: &InAccount, automation: Option<&Automation>) -> Self {
        let to = automation.and_then(|automation| notified(&account.entry, automation.id));
        Self {
            is_offered: app.configuration.sends_email() && !automation.is_some_and(is_notice),
            is_ticked: to.is_some(),
            to: to.unwrap_or_default().to_owned(),
        }
    }

    /// As typed.
    pub fn typed(form: &Form) -> Self {
        Self {
            is_offered: form.is_ticked("notify_offered"),
            is_ticked: form.is_ticked("notify"),
            to: form.text("notify_to").to_owned(),
        }
    }

    fn addresses(&self) -> Vec<String> {
        addresses(&self.to)
    }

    /// What is wrong with the addresses; nothing without the tick.
    pub fn fault(&self) -> Option<Fault> {
        if !self.is_offered || !self.is_ticked {
            return None;
        }
        let parsed: Result<Vec<EmailAddress>, _> = self.addresses().iter().map(|it| it.parse()).collect();
        let detail = match parsed {
            Ok(addresses) if addresses.is_empty() => "enter an address".to_owned(),
            Ok(addresses) => Recipients::new(addresses).err()?.to_string(),
            Err(error) => error.to_string(),
        };
        Some(Fault {
            pointer: "/notify_to".to_owned(),
            code: codes::INVALID_VALUE,
            detail,
        })
    }

    /// Does what the tick says, for the saved automation. Leaves a notice alone whose recipients stay the
    /// same: a person may have edited its text.
    pub async fn save(&self, app: &App, account: &InAccount, saved: &Automation) -> Result<(), Refusal> {
        let to = match self.is_ticked {
            true => self.addresses(),
            false => Vec::new(),
        };
        let before = notified(&account.entry, saved.id).unwrap_or_default();
        if !self.is_offered || addresses(before) == to {
            return Ok(());
        }
        let by = &account.visitor.by;
        app.configuration
            .notify_of_failures(by, account.id(), saved, to)
            .await?;
        Ok(())
    }
}
