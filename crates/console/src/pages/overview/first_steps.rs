//! The first steps of a new installation.

use postrider_model::EventPattern;
use postrider_storage::PageRequest;
use postrider_web::host::RequestHost;

use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::Visitor;

/// The progress of somebody who sets up the installation, and the next step.
pub struct FirstSteps {
    /// The newest account, if there is one.
    pub account: Option<FirstAccount>,
    /// The command that sends an event.
    pub curl: String,
    /// Whether the visitor may create accounts and API keys.
    pub may_create: bool,
    /// Whether the visitor may create automations.
    pub may_write: bool,
}

/// The account for the next step.
pub struct FirstAccount {
    /// Its name.
    pub name: String,
    /// `/accounts/<id>`.
    pub path: String,
    /// Whether it has an automation.
    pub has_automation: bool,
}

impl FirstSteps {
    /// Of this installation, for this visitor.
    pub async fn of(app: &App, visitor: &Visitor, host: &RequestHost) -> Result<Self, Refusal> {
        let (may_create, may_write) = (visitor.is_admin(), visitor.may_write());
        // The command is an example; a person can correct its address.
        let base_url = app
            .base_url(host)
            .unwrap_or_else(|_| "http://localhost".to_owned());
        let newest = PageRequest {
            limit: 1,
            after: None,
        };
        let mut newest = app.configuration.accounts(newest).await?;
        let Some(account) = newest.items.pop() else {
            return Ok(Self {
                account: None,
                curl: curl(&base_url, "YOUR_ACCOUNT", "proposal.accepted"),
                may_create,
                may_write,
            });
        };
        let entry = app.configuration.entry(account.id).await?;
        let automations = entry.as_ref().map(|entry| &entry.config.automations);
        let patterns = automations.into_iter().flatten();
        let mut patterns = patterns.flat_map(|automation| &automation.trigger.event_types);
        let wanted = patterns.find_map(|pattern| match pattern {
            EventPattern::Exact(name) => Some(name.to_string()),
            EventPattern::Any | EventPattern::Under(_) => None,
        });
        let name = account.uid.clone().unwrap_or_else(|| account.id.to_string());
        Ok(Self {
            may_create,
            may_write,
            curl: curl(&base_url, &name, wanted.as_deref().unwrap_or("proposal.accepted")),
            account: Some(FirstAccount {
                path: format!("/accounts/{}", account.id),
                name: account.name,
                has_automation: automations.is_some_and(|automations| !automations.is_empty()),
            }),
        })
    }
}

/// Ids, `uid`s and event type names contain no character that a shell or JSON interprets.
fn curl(base_url: &str, account: &str, event_type: &str) -> String {
    format!(
        "curl {base_url}/v1/accounts/{account}/events \\\n  \
         -H \"Authorization: Bearer $POSTRIDER_API_KEY\" \\\n  \
         -H 'Content-Type: application/json' \\\n  \
         -d '{{\"type\":\"{event_type}\",\"data\":{{\"number\":1}}}}'"
    )
}

#[cfg(test)]
mod tests {
    use super::curl;

    #[test]
    fn the_example_call_is_valid_shell() {
        assert_eq!(
            curl("http://localhost:8080", "demo", "a.b"),
            "curl http://localhost:8080/v1/accounts/demo/events \\\n  \
             -H \"Authorization: Bearer $POSTRIDER_API_KEY\" \\\n  \
             -H 'Content-Type: application/json' \\\n  \
             -d '{\"type\":\"a.b\",\"data\":{\"number\":1}}'"
        );
    }
}
