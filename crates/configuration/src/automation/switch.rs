//! Switches an automation on or off, as the switch in a list does.

use postrider_model::{AccountId, Automation, AutomationId, By};

use crate::Configuration;
use crate::{ConfigureError, EDITS_MAX};

impl Configuration {
    /// Switches an automation on or off and changes nothing else, so that a switch never undoes another edit.
    /// If an edit comes in between, the switch starts over from the edited automation. Fails with `Missing`,
    /// with `TooManyDeliveries` if one event could then have too many, and with [`ConfigureError::Stale`] if
    /// other requests keep changing the automation.
    pub async fn set_automation_enabled(
        &self,
        by: &By,
        account: AccountId,
        id: AutomationId,
        enabled: bool,
    ) -> Result<Automation, ConfigureError> {
        for _ in 0..EDITS_MAX {
            let current = self.store.automation(account, id).await?;
            let current = current.ok_or(ConfigureError::Missing)?;
            if current.enabled == enabled {
                return Ok(current);
            }
            let switched = Automation {
                enabled,
                updated_at: self.clock.now(),
                ..current.clone()
            };
            let audit = self.automation_changed(by, account, Some(&current), Some(&switched));
            match self.save_edited(account, switched, Vec::new(), audit).await {
                Err(ConfigureError::Stale) => {}
                result => return result,
            }
        }
        Err(ConfigureError::Stale)
    }
}
