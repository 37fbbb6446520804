//! Which attempts of a delivery were resends. An attempt does not record it; the audit trail has the requests
//! of people, and every attempt after a success is a resend.

use postrider_model::{Actor, ActorKind, Attempt, AuditAction, Delivery, Outcome, Timestamp};
use postrider_storage::{ActionPattern, AuditFilter, PageRequest};

use crate::pages::audit::who;
use crate::refusal::Refusal;
use crate::state::App;
use crate::visitor::Visitor;

/// Most requests that are read: an attempt shows at most one.
const REQUESTS_MAX: usize = 100;

/// A request to resend a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// When.
    pub at: Timestamp,
    /// Who, as in the middle of a sentence.
    pub who: String,
}

/// The requests to resend this delivery alone, oldest first. None for a visitor who may not read the audit
/// trail.
pub async fn requests(app: &App, visitor: &Visitor, delivery: &Delivery) -> Result<Vec<Request>, Refusal> {
    if delivery.progress.resends == 0 || !visitor.may_write() {
        return Ok(Vec::new());
    }
    let filter = AuditFilter {
        account: Some(delivery.account),
        action: Some(ActionPattern::Exact(AuditAction::DeliveryResent)),
        target: Some(delivery.id.to_string()),
        after: Some(delivery.created_at),
        ..AuditFilter::default()
    };
    let newest = PageRequest {
        limit: REQUESTS_MAX,
        after: None,
    };
    let found = app.access.audit(visitor.caller.scope, filter, newest).await?;
    let mut requests: Vec<Request> = found
        .items
        .iter()
        .map(|entry| Request {
            at: entry.id.time(),
            who: within_a_sentence(&entry.actor),
        })
        .collect();
    requests.reverse();
    Ok(requests)
}

fn within_a_sentence(actor: &Actor) -> String {
    let who = who(actor);
    let mut characters = who.chars();
    match (characters.next(), &actor.name, actor.kind) {
        // `A visitor of a portal link`, not a name.
        (Some(first), None, kind) if kind != ActorKind::Node => {
            format!("{}{}", first.to_lowercase(), characters.as_str())
        }
        _ => who,
    }
}

/// What is known of each attempt.
pub struct Resends {
    marks: Vec<Option<String>>,
    /// Whether every resend is marked, so that the other attempts are known to be scheduled.
    is_complete: bool,
}

impl Resends {
    /// For the attempts of a delivery, of which `count` are resends.
    pub fn of(attempts: &[Attempt], count: u32, requests: &[Request]) -> Self {
        let mut marks = vec![None; attempts.len()];
        if count > 0 {
            for request in requests {
                let began = |attempt: &Attempt| attempt.started_at >= request.at;
                if let Some(index) = attempts.iter().position(began) {
                    marks[index] = Some(format!("Resent by {}", request.who));
                }
            }
            let succeeded = |attempt: &Attempt| attempt.outcome == Outcome::Succeeded;
            let after = attempts.iter().position(succeeded).map(|first| first + 1);
            for mark in &mut marks[after.unwrap_or(attempts.len())..] {
                mark.get_or_insert_with(|| "resend".to_owned());
            }
        }
        let marked = u32::try_from(marks.iter().flatten().count()).unwrap_or(u32::MAX);
        Self {
            marks,
            is_complete: marked >= count,
        }
    }

    /// What the attempt at this index says: that it was a resend, and by whom if that is known.
    pub fn mark(&self, index: usize) -> Option<&str> {
        self.marks.get(index)?.as_deref()
    }

    /// Whether the attempt at this index surely waited for its time in the schedule.
    pub fn is_scheduled(&self, index: usize) -> bool {
        self.is_complete && self.mark(index).is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use postrider_model::{Exchange, SmtpExchange};

    use super::*;

    fn attempt(number: u32, at_ms: i64, outcome: Outcome) -> Attempt {
        Attempt {
            number,
            started_at: Timestamp::from_unix_ms(at_ms),
            duration: Duration::ZERO,
            outcome,
            error: None,
            exchange: Exchange::Smtp(SmtpExchange::default()),
        }
    }

    #[test]
    fn a_resend_is_the_next_attempt_after_its_request_or_any_after_a_success() {
        let attempts = [
            attempt(1, 1_000, Outcome::Timeout),
            attempt(2, 5_000, Outcome::Succeeded),
            attempt(3, 9_000, Outcome::Succeeded),
        ];
        let request = Request {
            at: Timestamp::from_unix_ms(4_990),
            who: "Zoë".to_owned(),
        };
        let known = Resends::of(&attempts, 2, &[request]);
        assert_eq!(
            [0, 1, 2].map(|index| known.mark(index)),
            [None, Some("Resent by Zoë"), Some("resend")]
        );
        assert!(known.is_scheduled(0) && !known.is_scheduled(1));
        // One of the first two was a resend, and nothing says which.
        let unknown = Resends::of(&attempts, 2, &[]);
        assert!(unknown.mark(1).is_none() && !unknown.is_scheduled(1));
    }
}
