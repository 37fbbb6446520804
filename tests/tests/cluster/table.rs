//! Prints the evidence as a table.

use std::time::{Duration, Instant};

use super::evidence::{Evidence, Repeat, Retry};

/// A round of the test.
pub struct Round {
    /// The disturbance, in words.
    pub what: String,
    /// When the round began. It lasts until the next one.
    pub from: Instant,
}

/// Prints a row for each round, and the totals.
pub fn print(evidence: &Evidence, rounds: &[Round], seed: u64, took: Duration) {
    let lost = evidence.lost();
    let repeats = evidence.repeats();
    println!("seed {seed}");
    println!("round  events  delivered  lost  again  unrecorded for  what was done");
    for (index, round) in rounds.iter().enumerate() {
        let until = rounds.get(index + 1).map(|next| next.from);
        let is_of_round = |event: &str| {
            evidence.produced.accepted.get(event).is_some_and(|accepted| {
                accepted.at >= round.from && until.is_none_or(|until| accepted.at < until)
            })
        };
        let events = evidence
            .produced
            .accepted
            .keys()
            .filter(|event| is_of_round(event))
            .count();
        let lost = lost.iter().filter(|(event, _)| is_of_round(event)).count();
        let of_round = |repeat: &&Repeat| repeat.cause.is_some_and(|cause| cause.round == index);
        let again: Vec<&Repeat> = repeats.iter().filter(of_round).collect();
        let oldest = again.iter().map(|repeat| repeat.unrecorded.as_millis()).max();
        let delivered = events * evidence.actions.len() - lost;
        println!(
            "{:>5}  {events:>6}  {delivered:>9}  {lost:>4}  {:>5}  {:>11} ms  {}",
            index + 1,
            again.len(),
            oldest.unwrap_or_default(),
            round.what
        );
    }
    print_sums(evidence, lost.len(), took);
}

fn print_sums(evidence: &Evidence, lost: usize, took: Duration) {
    let repeats = evidence.repeats();
    let unexplained = repeats.iter().filter(|repeat| repeat.cause.is_none()).count();
    let recorded_twice = evidence
        .stories
        .values()
        .filter(|story| story.recorded_successes() > 1)
        .count();
    let produced = &evidence.produced;
    println!("events accepted       {}", produced.accepted.len());
    println!("deliveries            {}", evidence.stories.len());
    println!("lost                  {lost}");
    println!(
        "received again        {}, of which without a cause {unexplained}; the late result kept as an attempt: {recorded_twice}",
        repeats.len()
    );
    println!(
        "without response      {} posts, with a 503: {}, with another status: {}",
        produced.without_response,
        produced.refused,
        produced.unexpected.len()
    );
    let slow = evidence.slow_requests();
    let slowest = slow.iter().map(|slow| slow.span.end - slow.span.start).max();
    println!(
        "slow at good nodes    {} posts took more than half a second, at most {:.1} s",
        slow.len(),
        slowest.unwrap_or_default().as_secs_f64()
    );
    for (title, is_untouched) in [("undisturbed retries  ", true), ("disturbed retries    ", false)] {
        let retries = evidence.retries();
        let of_kind: Vec<&Retry> = retries
            .iter()
            .map(|(_, retry)| retry)
            .filter(|retry| retry.is_untouched == is_untouched)
            .collect();
        let worst = of_kind
            .iter()
            .map(|retry| retry.deviation)
            .max()
            .unwrap_or_default();
        println!(
            "{title} {}, at most {:.2} s from when due",
            of_kind.len(),
            worst.as_secs_f64()
        );
    }
    println!(
        "seen as succeeded     {} while it went on",
        evidence.succeeded.len()
    );
    println!("took                  {:.1} s", took.as_secs_f64());
}
