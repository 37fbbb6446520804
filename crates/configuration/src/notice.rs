//! The automation that mails somebody when another automation fails: *Tell me when this fails* of the form.
//!
//! It is an automation like all others: its `uid` says which one it is about, its trigger are the operational
//! events of that automation's actions.

use postrider_model::account::NAME_CHARS_MAX;
use postrider_model::{AccountId, Automation, AutomationId, By, Does, OperationalType};
use postrider_storage::StoreResult;
use serde_json::json;

use crate::automation::SendEmailDraft;
use crate::{AccountEntry, ActionDraft, AutomationDraft, Configuration, ConfigureError, DoesDraft};

/// The beginning of a notice's `uid`; the id of the automation that it is about follows.
const UID_PREFIX: &str = "failures-of.";

const DESCRIPTION: &str = "Mails when deliveries of the automation fail for good, when Postrider disables one of its actions, and when \
     it works again.";

const SUBJECT: &str = r#"{% if event.type == "postrider.action.failing" %}{{ data.automation.name }} fails{% elif event.type == "postrider.action.disabled" %}{{ data.automation.name }} was disabled{% else %}{{ data.automation.name }} works again{% endif %}"#;

const TEXT: &str = r#"{% if event.type == "postrider.action.failing" %}A delivery of "{{ data.automation.name }}" failed for good, and none has succeeded since.

To: {{ data.action.target }}
Error: {{ data.error }}

Once the receiver works again, failed deliveries can be resent.
{% elif event.type == "postrider.action.disabled" %}Postrider disabled an action of "{{ data.automation.name }}".

To: {{ data.action.target }}
Reason: {{ data.message }}

Once the receiver works, enable the action again. Events that it missed can be sent then.
{% else %}A delivery of "{{ data.automation.name }}" succeeded.{% if data.failing_since %} Deliveries had failed since {{ data.failing_since | date("%d %B %Y, %H:%M") }} UTC.{% endif %}

To: {{ data.action.target }}
{% endif %}"#;

/// Who is told when an automation fails: addresses, separated by commas. `None` if nobody is.
pub fn notified(entry: &AccountEntry, about: AutomationId) -> Option<&str> {
    let uid = uid_of(about);
    let mut automations = entry.config.automations.iter();
    let notice = automations.find(|automation| automation.uid.as_ref() == Some(&uid))?;
    let action = notice
        .actions
        .iter()
        .find(|action| notice.enabled && action.enabled)?;
    match &action.does {
        Does::SendEmail(email) => Some(email.to.as_str()),
        Does::SendWebhook(_) => None,
    }
}

/// Whether the automation is itself such a notice.
pub fn is_notice(automation: &Automation) -> bool {
    let uid = automation.uid.as_deref();
    uid.is_some_and(|uid| uid.starts_with(UID_PREFIX))
}

/// Whether the name of such a notice says which automation it is about, as that is called now.
pub fn is_named_after(entry: &AccountEntry, notice: &Automation) -> bool {
    let about = notice.uid.as_deref().and_then(|uid| uid.strip_prefix(UID_PREFIX));
    let about = about.and_then(|id| entry.automation(id.parse().ok()?));
    about.is_some_and(|about| notice.name == name_of(about))
}

fn name_of(about: &Automation) -> String {
    let name = format!("When “{}” fails", about.name);
    name.chars().take(NAME_CHARS_MAX).collect()
}

fn uid_of(about: AutomationId) -> String {
    format!("{UID_PREFIX}{about}")
}

impl Configuration {
    /// Has these addresses told when the automation fails; none: nobody. Fails as
    /// [`Self::put_automation`] does.
    pub async fn notify_of_failures(
        &self,
        by: &By,
        account: AccountId,
        about: &Automation,
        to: Vec<String>,
    ) -> Result<(), ConfigureError> {
        if to.is_empty() {
            self.delete_notice(by, account, about.id).await?;
            return Ok(());
        }
        let draft = draft(about, to);
        self.put_automation(by, account, &uid_of(about.id), draft).await?;
        Ok(())
    }

    /// Deletes the notice about an automation, if there is one.
    pub(crate) async fn delete_notice(
        &self,
        by: &By,
        account: AccountId,
        about: AutomationId,
    ) -> StoreResult<()> {
        let notice = self.store.automation_of_uid(account, &uid_of(about)).await?;
        if let Some(notice) = notice {
            self.delete_one_automation(by, account, notice.id, None).await?;
        }
        Ok(())
    }
}

fn draft(about: &Automation, to: Vec<String>) -> AutomationDraft {
    let types = [
        OperationalType::ActionFailing,
        OperationalType::ActionDisabled,
        OperationalType::ActionRecovered,
    ];
    let conditions = json!({
        "all": [{ "path": "/automation/id", "op": "eq", "value": about.id.to_string() }],
    });
    let email = SendEmailDraft {
        to,
        subject: SUBJECT.to_owned(),
        text: TEXT.to_owned(),
    };
    AutomationDraft {
        uid: None,
        name: name_of(about),
        description: DESCRIPTION.to_owned(),
        metadata: None,
        enabled: true,
        event_types: types.map(|known| known.as_str().to_owned()).to_vec(),
        conditions: Some(conditions.to_string()),
        actions: vec![ActionDraft::new(DoesDraft::SendEmail(email))],
        retry_delays_s: None,
    }
}
