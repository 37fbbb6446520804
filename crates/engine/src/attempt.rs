//! One turn of a delivery: finds its action in the current configuration, has the action's carrier make one
//! attempt, and derives the delivery's next state.

use std::sync::Arc;
use std::time::Duration;

use postrider_configuration::AccountEntry;
use postrider_egress::NotSent;
use postrider_model::delivery::{Ended, Next};
use postrider_model::{
    Attempt, AutomationId, DeliveryStatus, Does, Event, Outcome, RateLimit, SYSTEM_ACCOUNT, SendWebhook,
};
use postrider_storage::{Change, Changed, Finished, SessionId, StoreResult};

use crate::carry::{Advice, Job};
use crate::engine::Engine;
use crate::lanes::Ready;
use crate::pace::Lesson;
use crate::report::Report;

/// Pause before reading an account's configuration again, after the store failed to return it or while
/// nothing may be sent.
const CONFIG_RETRY: Duration = Duration::from_millis(250);

/// The result of a delivery's turn.
#[derive(Debug)]
pub struct AttemptResult {
    /// The change to record.
    pub finished: Finished,
    /// What the receiver asks for; nothing if no attempt was made.
    pub advice: Advice,
    /// The session under which the delivery was attempted.
    pub session: SessionId,
    /// The event of the delivery.
    pub event: Arc<Event>,
    /// The automation that was triggered.
    pub automation: AutomationId,
    /// For a resend, the delivery's status before it.
    pub resend_of: Option<DeliveryStatus>,
    /// Whether the result changes its action: its health or its switch.
    pub changes_action: bool,
    /// When the attempt began, by the monotonic clock; `None` if there was none.
    pub began: Option<Duration>,
}

/// How a delivery's turn ended.
#[derive(Debug)]
pub enum Turn {
    /// With this result.
    Ended(Box<AttemptResult>),
    /// Without an attempt: the action has this rate limit, of which its lane did not know.
    Limited(Ready, Option<RateLimit>),
    /// Without an attempt, for want of a resource of ours: the lane learns this.
    Postponed(Ready, Lesson),
    /// The session that owned the delivery is dead: another node may have sent it.
    Lost,
    /// Without an attempt: the delivery was canceled, and the session does not own it any more.
    Canceled,
}

/// Makes one attempt of `ready`, or ends its turn without one if its action may no longer be called.
pub async fn carry_out(engine: &Engine, ready: Ready) -> Turn {
    loop {
        let Some(entry) = entry_of(engine, &ready).await else {
            return Turn::Lost;
        };
        if let Some((_, action)) = entry
            .as_ref()
            .and_then(|entry| entry.callable(ready.delivery.action))
            && action.rate_limit != ready.limit
        {
            let limit = action.rate_limit;
            return Turn::Limited(ready, limit);
        }
        match is_owned(engine, entry.as_deref(), &ready).await {
            Ok(true) => {}
            Ok(false) => return Turn::Canceled,
            Err(error) => {
                tracing::warn!(%error, "could not read whether a delivery was canceled; it waits");
                return Turn::Postponed(ready, Lesson::postponed());
            }
        }
        match try_once(engine, entry, &ready).await {
            Ok(result) => return Turn::Ended(Box::new(result)),
            Err(NotSent::Postponed) => return Turn::Postponed(ready, Lesson::postponed()),
            Err(NotSent::Crowded(_)) => return Turn::Postponed(ready, Lesson::crowded()),
            Err(NotSent::Forbidden) => {}
        }
    }
}

/// Whether the delivery is still owned. Somebody may have canceled it since it was claimed, or even canceled
/// and resent it.
///
/// Only deliveries that were created before the last request to cancel are read again. A request to cancel
/// changes the account's configuration, so one that comes after this read forbids the attempt
/// ([`Job::may_leave`]), and the delivery is read once more.
async fn is_owned(engine: &Engine, entry: Option<&AccountEntry>, ready: &Ready) -> StoreResult<bool> {
    let delivery = &ready.delivery;
    let canceled_before = entry.and_then(|entry| entry.config.canceled_before);
    if canceled_before.is_none_or(|before| delivery.event.created_at >= before) {
        return Ok(true);
    }
    let stored = engine.store().delivery(delivery.key).await?;
    Ok(stored.is_some_and(|stored| stored.progress == delivery.progress && stored.next_attempt_at.is_none()))
}

/// Does the same with the account's configuration as it is now. Forbidden if the lease or the session ended,
/// or the configuration changed, before anything was sent.
async fn try_once(
    engine: &Engine,
    entry: Option<Arc<AccountEntry>>,
    ready: &Ready,
) -> Result<AttemptResult, NotSent> {
    let delivery = &ready.delivery;
    let callable = entry
        .as_ref()
        .and_then(|entry| Some((entry, entry.callable(delivery.action)?)));
    let mut advice = Advice::default();
    let mut changes_action = false;
    let mut began = None;
    let change = match callable {
        None => Change::Canceled {
            at: engine.clock().now(),
            status: delivery.progress.status_when_canceled(),
        },
        Some((entry, (automation, action))) => {
            let attempt;
            let started;
            (attempt, advice, started) = self::attempt(engine, entry, &action.does, ready).await?;
            began = Some(started);
            let ended = Ended {
                outcome: attempt.outcome,
                at: engine.clock().now(),
                retry_after: advice.retry_after,
                is_final: advice.is_final,
                first_due: delivery.event.due_at(),
            };
            let schedule = entry.schedule(automation, &engine.settings().retry_delays);
            let (progress, next) = delivery.progress.after_attempt(ended, schedule);
            let report = Report {
                entry,
                automation,
                action,
                delivery,
                attempt: &attempt,
                next,
                advice,
            };
            let said = report.say(engine).await;
            changes_action = said.changes_action;
            Change::Attempted {
                attempt: Box::new(attempt),
                progress,
                next,
                disables: said.disables,
                report: said.report,
            }
        }
    };
    Ok(AttemptResult {
        finished: Finished {
            key: delivery.key,
            action: delivery.action,
            change,
        },
        advice,
        session: ready.session,
        automation: delivery.automation,
        resend_of: delivery.progress.resend_of,
        changes_action,
        began,
        event: Arc::clone(&delivery.event),
    })
}

/// Reads the account's configuration; the inner `None` means that the account does not exist. Retries until
/// the store returns it, because without it the delivery can be neither attempted nor canceled. While nothing
/// may be sent ([`Engine::may_send`]), waits. Returns `None` once the session that owned the delivery is
/// dead.
async fn entry_of(engine: &Engine, ready: &Ready) -> Option<Option<Arc<AccountEntry>>> {
    let mut is_logged = false;
    loop {
        let entry = engine.configuration().entry(ready.delivery.key.account).await;
        // After each await: the store may have been away for longer than the lease.
        if engine.session() != ready.session {
            return None;
        }
        match entry {
            Ok(entry) if engine.may_send() => return Some(entry),
            Ok(_) => {}
            Err(error) if !is_logged => {
                tracing::warn!(%error, "could not read an account's configuration; retrying");
                is_logged = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(CONFIG_RETRY).await;
    }
}

/// Whether no attempt follows if this one fails.
fn is_last(engine: &Engine, entry: &AccountEntry, ready: &Ready) -> bool {
    let ended = Ended {
        outcome: Outcome::BadStatus,
        at: engine.clock().now(),
        retry_after: None,
        is_final: false,
        first_due: ready.delivery.event.due_at(),
    };
    let schedule = entry
        .callable(ready.delivery.action)
        .map(|(automation, _)| entry.schedule(automation, &engine.settings().retry_delays));
    let next = schedule.map(|schedule| ready.delivery.progress.after_attempt(ended, schedule).1);
    matches!(next, Some(Next::Settle(_)))
}

/// The configuration of the account `system`, if the action names a connection that its own account does not
/// have: it may be the installation's.
async fn installation(
    engine: &Engine,
    entry: &AccountEntry,
    does: &Does,
) -> Result<Option<Arc<AccountEntry>>, NotSent> {
    let Does::SendWebhook(SendWebhook {
        connection: Some(connection),
        ..
    }) = does
    else {
        return Ok(None);
    };
    if entry.has_connection(*connection) {
        return Ok(None);
    }
    // Boxed, because this future is rare and would enlarge every attempt.
    let configuration = engine.configuration();
    let system = Box::pin(configuration.entry(SYSTEM_ACCOUNT)).await;
    let system = system.map_err(|error| {
        tracing::warn!(%error, "could not read the installation's connections; the delivery waits");
        NotSent::Postponed
    })?;
    if system
        .as_ref()
        .is_none_or(|system| !system.has_connection(*connection))
    {
        // The stores keep no such action: this node has not heard yet of a change of one of the two.
        let stale = [entry.config.account.id, SYSTEM_ACCOUNT].map(Changed::Account);
        configuration.forget_accounts(Some(&stale));
        return Err(NotSent::Postponed);
    }
    Ok(system)
}

/// Has the action's carrier make the attempt; returns its record, what the receiver asks for, and when it
/// began. Forbidden if the lease or the session ended, or the configuration changed, while the carrier waited
/// for a connection.
async fn attempt(
    engine: &Engine,
    entry: &Arc<AccountEntry>,
    does: &Does,
    ready: &Ready,
) -> Result<(Attempt, Advice, Duration), NotSent> {
    let delivery = &ready.delivery;
    let number = delivery.progress.next_number();
    let installation = installation(engine, entry, does).await?;
    let configuration = engine.configuration();
    let may_leave = || {
        let is_current = |entry: &Arc<AccountEntry>| configuration.is_current(entry);
        engine.session() == ready.session
            && engine.may_send()
            && is_current(entry)
            && installation.as_ref().is_none_or(is_current)
    };
    let template = match engine.template_of(entry, delivery.action, delivery.body).await {
        Ok(template) => template,
        Err(error) => {
            tracing::warn!(%error, "could not read a template; the delivery waits");
            return Err(NotSent::Postponed);
        }
    };
    let job = Job {
        event: &delivery.event,
        delivery: delivery.key.delivery,
        body: delivery.body,
        template: template.as_deref(),
        header_templates: entry.header_templates(delivery.action),
        number,
        is_last: is_last(engine, entry, ready),
        entry,
        installation: installation.as_deref(),
        timeout: engine.settings().attempt_timeout,
        action: delivery.action,
        may_leave: &may_leave,
    };
    let started_at = engine.clock().now();
    let started = engine.clock().monotonic();
    let carried = engine.carriers().carry(job, does).await?;
    let elapsed = engine.clock().monotonic().saturating_sub(started);
    let duration = elapsed.saturating_sub(carried.waited);
    engine.meters().attempt(carried.outcome, duration);
    let attempt = Attempt {
        number,
        started_at,
        duration,
        outcome: carried.outcome,
        error: carried.error,
        exchange: carried.exchange,
    };
    Ok((attempt, carried.advice, started))
}
