//! The time line of a delivery: accepted, each attempt, the waits between attempts, and how the delivery
//! ended or what is next.

use std::time::Duration;

use askama::Template;
use postrider_model::{Attempt, Delivery, DeliveryStatus, Event, Outcome, Scope, Timestamp};
use postrider_signing::HeaderNames;
use postrider_storage::DeliveryRecord;

use super::attempt::{Around, AttemptView, Folds, Sent, sent_as};
use super::resends::{Request, Resends};
use crate::view::icon::Icon;
use crate::view::time::{Exact, Moment};
use crate::view::{duration, markup};

/// Attempts on one page: a delivery can have a thousand, with responses of 16 KiB each.
pub const ATTEMPTS_SHOWN_MAX: usize = 20;

/// Each attempt shows the body if all bodies together have at most this many bytes.
const BODIES_BYTES_MAX: usize = 64 * 1024;

/// The time line.
#[derive(Template)]
#[template(path = "deliveries/timeline.html")]
pub struct Timeline<'a> {
    accepted: Moment,
    accepted_exactly: Exact,
    /// Earlier attempts on another page: how many, and its address.
    earlier: Option<(usize, String)>,
    steps: Vec<Step<'a>>,
    /// The address of later attempts, on a page of earlier ones.
    later: Option<String>,
    end: End,
}

markup!(Timeline<'_>);

struct Step<'a> {
    number: u32,
    /// The time before the attempt, in words: a wait, if the schedule asked for it. `None` for short ones.
    waited: Option<String>,
    tone: &'static str,
    attempt: AttemptView<'a>,
}

/// How the delivery ended, or what is next.
struct End {
    tone: &'static str,
    icon: Icon,
    words: String,
    moment: Option<(Moment, Exact)>,
    advice: &'static str,
}

/// Which attempts to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a> {
    /// Attempts up to this number; `None` for the newest ones.
    pub until: Option<u32>,
    /// The page's address.
    pub path: &'a str,
    /// Whether the delivery waits for the pace of its action.
    pub is_paced: bool,
    /// What the visitor may see.
    pub scope: Scope,
}

impl<'a> Timeline<'a> {
    /// The time line of a delivery.
    pub fn new(
        names: &HeaderNames,
        (record, requests): (&'a DeliveryRecord, &[Request]),
        (event, sent): (&Event, &'a Sent),
        shown: Shown<'_>,
        now: Timestamp,
    ) -> Self {
        let attempts = &record.attempts;
        let resends = Resends::of(attempts, record.delivery.progress.resends, requests);
        let end = shown.until.map_or(attempts.len(), |until| {
            attempts.partition_point(|attempt| attempt.number <= until)
        });
        let start = end.saturating_sub(ATTEMPTS_SHOWN_MAX);
        let visible = &attempts[start..end];
        let failed = visible
            .iter()
            .rposition(|attempt| attempt.outcome != Outcome::Succeeded);
        let open = failed.or(visible.len().checked_sub(1));
        let body_in = (visible.len() * sent.bytes() > BODIES_BYTES_MAX)
            .then(|| visible.last().map(|attempt| attempt.number))
            .flatten();
        let steps = visible.iter().enumerate().map(|(index, attempt)| {
            let before = (start + index).checked_sub(1).map(|before| &attempts[before]);
            Step {
                number: attempt.number,
                waited: before.and_then(|before| {
                    let wait = waited(before, attempt)?;
                    Some(match resends.is_scheduled(start + index) {
                        true => format!("waited {wait}"),
                        false => format!("{wait} later"),
                    })
                }),
                tone: tone(attempt.outcome),
                attempt: AttemptView::new(
                    attempt,
                    Around {
                        sent,
                        prefix: String::new(),
                        body_in,
                        marks: marks(names, resends.mark(start + index), attempt),
                        folds: Folds {
                            request: false,
                            response: open == Some(index),
                        },
                        scope: shown.scope,
                        now,
                    },
                ),
            }
        });
        Self {
            accepted: Moment::new(event.created_at, now),
            accepted_exactly: Exact::new(event.created_at),
            earlier: attempts[..start]
                .last()
                .map(|last| (start, format!("{}?until={}", shown.path, last.number))),
            steps: steps.collect(),
            later: (end < attempts.len()).then(|| shown.path.to_owned()),
            end: End::of(&record.delivery, shown.is_paced, now),
        }
    }
}

/// Remarks about an attempt beside its outcome.
fn marks(names: &HeaderNames, resend: Option<&str>, attempt: &Attempt) -> Vec<String> {
    let mut marks: Vec<String> = resend.map(str::to_owned).into_iter().collect();
    if let Some(number) = sent_as(names, attempt) {
        marks.push(format!("recorded late; sent as attempt {number}"));
    }
    marks
}

/// The wait between two attempts; `None` below a second.
fn waited(before: &Attempt, attempt: &Attempt) -> Option<String> {
    let end = before.started_at.after(before.duration);
    let wait = attempt.started_at.since(end);
    (wait >= Duration::from_secs(1)).then(|| duration::spelled(wait.as_secs()))
}

fn tone(outcome: Outcome) -> &'static str {
    if outcome == Outcome::Succeeded {
        "good"
    } else {
        "bad"
    }
}

impl End {
    fn of(delivery: &Delivery, is_paced: bool, now: Timestamp) -> Self {
        let next = delivery.progress.next_number();
        let (tone, icon, words, advice) = match delivery.progress.status {
            DeliveryStatus::Pending if is_paced && delivery.next_attempt_at.is_none() => {
                ("busy", Icon::Clock, format!("Attempt {next} is due"), "")
            }
            DeliveryStatus::Pending if delivery.next_attempt_at.is_none() => {
                ("busy", Icon::Send, format!("Attempt {next} is in flight"), "")
            }
            DeliveryStatus::Pending if delivery.progress.resend_of.is_some() => (
                "busy",
                Icon::Again,
                format!("Attempt {next}, a resend, is due"),
                "",
            ),
            DeliveryStatus::Pending => ("busy", Icon::Clock, format!("Attempt {next} is due"), ""),
            DeliveryStatus::Succeeded => ("good", Icon::Check, "Succeeded".to_owned(), ""),
            DeliveryStatus::Failed if delivery.last_outcome == Some(Outcome::NotRendered) => (
                "bad",
                Icon::Cross,
                "Failed".to_owned(),
                "A resend would fail in the same way, because it uses the template of then.",
            ),
            DeliveryStatus::Failed => (
                "bad",
                Icon::Cross,
                "Failed".to_owned(),
                "No retries are left. Resend it once the receiver works again.",
            ),
            DeliveryStatus::Canceled => (
                "quiet",
                Icon::Stop,
                "Canceled".to_owned(),
                "The URL or its automation was deleted or disabled before the next attempt.",
            ),
        };
        let due = delivery
            .next_attempt_at
            .map(|at| (Moment::due(at, now), Exact::new(at)));
        let settled = delivery
            .settled_at
            .map(|at| (Moment::new(at, now), Exact::new(at)));
        Self {
            tone,
            icon,
            words,
            moment: due.or(settled),
            advice,
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::delivery::{BodySpec, Progress};

    use super::*;

    fn delivery(status: DeliveryStatus, attempts: u32) -> Delivery {
        Delivery {
            id: postrider_model::DeliveryId::from_u128(1),
            account: postrider_model::AccountId::from_u128(1),
            event: postrider_model::EventId::from_u128(1),
            event_type: "a.b".parse().unwrap(),
            automation: postrider_model::AutomationId::from_u128(1),
            action: postrider_model::ActionId::from_u128(1),
            body: BodySpec::from_code(0).unwrap(),
            progress: Progress {
                status,
                attempts,
                ..Progress::new()
            },
            next_attempt_at: None,
            created_at: Timestamp::from_unix_ms(0),
            settled_at: None,
            last_status_code: None,
            last_outcome: None,
        }
    }

    #[test]
    fn the_timeline_ends_with_the_next_step() {
        let now = Timestamp::from_unix_ms(0);
        let mut waiting = delivery(DeliveryStatus::Pending, 1);
        assert_eq!(End::of(&waiting, false, now).words, "Attempt 2 is in flight");
        assert_eq!(End::of(&waiting, true, now).words, "Attempt 2 is due");
        waiting.next_attempt_at = Some(Timestamp::from_unix_ms(9_500));
        let end = End::of(&waiting, false, now);
        assert_eq!(end.words, "Attempt 2 is due");
        assert!(end.moment.unwrap().0.to_string().contains(">in 9 s<"));
        let failed = delivery(DeliveryStatus::Failed, 3);
        assert_eq!(End::of(&failed, false, now).words, "Failed");
    }
}
