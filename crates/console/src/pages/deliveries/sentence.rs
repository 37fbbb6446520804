//! The status of a delivery, in one sentence.

use postrider_model::{Attempt, Delivery, DeliveryStatus, Outcome, Timestamp};

use crate::view::time::Moment;

/// The sentence: words, and the time of the next attempt.
pub struct Sentence {
    /// The words.
    pub words: String,
    /// When the next attempt is due.
    pub due: Option<Moment>,
}

/// The sentence for a delivery.
///
/// `paced_until` says until when the delivery waits for the pace of its action; `None` if it does not.
pub fn of(
    delivery: &Delivery,
    attempts: &[Attempt],
    paced_until: Option<Timestamp>,
    now: Timestamp,
) -> Sentence {
    let progress = &delivery.progress;
    let count = progress.attempts;
    if let Some(until) = paced_until {
        return Sentence {
            words: "Waiting for the receiver’s pace. The action’s next request starts".to_owned(),
            due: Some(Moment::due(until, now)),
        };
    }
    let words = match progress.status {
        DeliveryStatus::Succeeded => match received_at(attempts) {
            Some(number) => format!("Succeeded at {}", ordinal(number)),
            None => "Succeeded".to_owned(),
        },
        DeliveryStatus::Failed => format!("Failed after {}", counted(count)),
        DeliveryStatus::Canceled if count == 0 => "Canceled before the first attempt".to_owned(),
        DeliveryStatus::Canceled => format!("Canceled after {}", counted(count)),
        DeliveryStatus::Pending => match delivery.next_attempt_at {
            None if count == 0 => "Sending now".to_owned(),
            None => "Retrying now".to_owned(),
            Some(_) if count == 0 => "Waiting for the first attempt".to_owned(),
            Some(_) => "Waiting to retry".to_owned(),
        },
    };
    Sentence {
        words,
        due: delivery
            .next_attempt_at
            .filter(|_| count > 0)
            .map(|at| Moment::due(at, now)),
    }
}

/// The number of the first attempt that succeeded.
pub fn received_at(attempts: &[Attempt]) -> Option<u32> {
    let received = attempts
        .iter()
        .find(|attempt| attempt.outcome == Outcome::Succeeded);
    received.map(|attempt| attempt.number)
}

fn ordinal(number: u32) -> String {
    const WORDS: [&str; 10] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    ];
    let index = number
        .checked_sub(1)
        .and_then(|index| usize::try_from(index).ok());
    match index.and_then(|index| WORDS.get(index)) {
        Some(word) => format!("the {word} attempt"),
        None => format!("attempt {number}"),
    }
}

fn counted(attempts: u32) -> String {
    match attempts {
        1 => "one attempt".to_owned(),
        many => format!("{many} attempts"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_in_ordinary_words() {
        assert_eq!(ordinal(2), "the second attempt");
        assert_eq!(ordinal(11), "attempt 11");
        assert_eq!(ordinal(0), "attempt 0");
        assert_eq!(
            (counted(1), counted(3)),
            ("one attempt".to_owned(), "3 attempts".to_owned())
        );
    }
}
