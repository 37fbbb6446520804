//! The deletion of an automation that exists for the time that a client listens to it.
//!
//! A node sees its own listeners only. If other nodes are alive, it marks the automation as abandoned in the
//! store before it deletes it, and waits. Every open stream looks at its automation every 15 seconds, and
//! removes the mark. Then the node leaves the automation alone: the node of that stream deletes it in turn.

use std::time::Duration;

use postrider_configuration::{ConfigureError, abandoned_mark};
use postrider_engine::listen::Absence;
use postrider_model::{AccountId, Automation, AutomationId, AutomationRef};
use tokio::time::sleep;

use crate::router::ApiState;

/// How long a client may be away: long enough to reconnect through a proxy that restarts.
const AWAY_MAX: Duration = Duration::from_secs(60);

/// How long the streams of other nodes have to object. A stream does not look while its client reads nothing,
/// which can last for the timeouts of the requests before.
const OBJECTION_MAX: Duration = Duration::from_secs(300);

/// Deletes the automation if its absence lasts.
pub(super) async fn delete(state: ApiState, account: AccountId, automation: AutomationId, absence: Absence) {
    sleep(AWAY_MAX).await;
    if !absence.lasts() {
        return;
    }
    match delete_unless_heard(&state, account, automation, &absence).await {
        Ok(true) => tracing::info!(%account, %automation, "deleted an automation that nobody listens to"),
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "could not delete an automation that nobody listens to"),
    }
}

async fn delete_unless_heard(
    state: &ApiState,
    account: AccountId,
    automation: AutomationId,
    absence: &Absence,
) -> Result<bool, ConfigureError> {
    let configuration = &state.configuration;
    let mut version = None;
    if state.figures.nodes().await?.len() > 1 {
        let mark = absence.name();
        configuration.mark_abandoned(account, automation, &mark).await?;
        sleep(OBJECTION_MAX).await;
        let named = AutomationRef::Id(automation);
        let found = configuration.automation_named(account, &named).await?;
        let marked = found.filter(|it| abandoned_mark(it) == Some(&mark));
        version = marked.map(|it| it.version);
        // A node that objects from now on changes the version.
        if version.is_none() || !absence.lasts() {
            return Ok(false);
        }
    }
    let deleted = configuration.delete_automation(absence.by(), account, automation, version);
    Ok(deleted.await?.is_deleted())
}

/// Removes the mark of another node, because somebody listens here.
pub(super) async fn object(state: &ApiState, account: AccountId, automation: &Automation) {
    if abandoned_mark(automation).is_none() {
        return;
    }
    let removed = state.configuration.remove_abandoned_mark(account, automation.id);
    if let Err(error) = removed.await {
        // The stream looks again.
        tracing::warn!(%error, "could not object to the deletion of an automation");
    }
}
