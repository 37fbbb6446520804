//! Switches an automation on or off, as the switch in a list does.

use postrider_model::{AccountId, Automation, AutomationId};

use super::fan_out::check_fan_out;
use crate::Configuration;
use crate::{ConfigureError, EDITS_MAX, Faults};

impl Configuration {
    /// Switches an automation on or off and changes nothing else, so that a switch never undoes another edit.
    /// If an edit comes in between, the switch starts over from the edited automation. Fails with `Missing`,
    /// with `Faults` if one event could then have too many deliveries, and with [`ConfigureError::Stale`] if
    /// other requests keep changing the automation.
    pub async fn set_automation_enabled(
        &self,
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
                ..current
            };
            if enabled {
                self.check_fan_out_of(account, &switched).await?;
            }
            match self.save_edited(account, switched).await {
                Err(ConfigureError::Stale) => {}
                result => return result,
            }
        }
        Err(ConfigureError::Stale)
    }

    /// Fails with `Faults` if one event could have too many deliveries once `automation` is on.
    async fn check_fan_out_of(
        &self,
        account: AccountId,
        automation: &Automation,
    ) -> Result<(), ConfigureError> {
        let Some(entry) = self.entry(account).await? else {
            return Err(ConfigureError::Missing);
        };
        let (trigger, actions) = (&automation.trigger, &automation.actions);
        let mut faults = Faults::default();
        check_fan_out(
            &entry.config.automations,
            automation.id,
            trigger,
            actions,
            &mut faults,
        );
        faults.into_checked(Some(()))
    }
}
