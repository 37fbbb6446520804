//! Storms: nodes on virtual time, over the real store, with receivers of every kind, outages, crashes, clock
//! steps, edits, resends and replays, all decided by a seed.
//!
//! `cargo test -p postrider-engine --test storm` runs the seeds that [`SEEDS`] names. To run others:
//! `STORM_SEEDS=1000..2000 cargo test …`; to repeat one: `STORM_SEEDS=1234 cargo test …`. A storm that breaks
//! a promise is shrunk, and what is left of it printed; with `STORM_LIST=1`, all failing seeds are listed
//! instead, and with `STORM_FIRST=1` only the first. `scripts/planted-faults` shows which faults the storms
//! find.

mod book;
mod link;
mod node;
mod plan;
mod receivers;
mod rng;
mod shared;
mod storm;

use std::ops::Range;

use plan::Plan;

/// The seeds of `./test`.
const SEEDS: u64 = 200;

/// Further seeds that have found a fault.
const FOUND_SOMETHING: [u64; 8] = [306, 337, 761, 862, 1_869, 2_881, 3_037, 3_149];

/// The seeds of `./test --deep`.
const SEEDS_DEEP: Range<u64> = 200..1_400;

/// Storms that are run to shrink one that failed.
const SHRINKING_MAX: usize = 150;

#[test]
fn storms_break_no_promise_1() {
    sweep(seeds(), 0);
}

#[test]
fn storms_break_no_promise_2() {
    sweep(seeds(), 1);
}

#[test]
fn storms_that_have_found_a_fault_find_none() {
    for seed in FOUND_SOMETHING {
        sweep(seed..seed + 1, seed % 2);
    }
}

mod deep {
    use super::*;

    #[test]
    fn many_storms_break_no_promise_1() {
        sweep(SEEDS_DEEP, 0);
    }

    #[test]
    fn many_storms_break_no_promise_2() {
        sweep(SEEDS_DEEP, 1);
    }
}

/// Runs every second of these seeds, so that two cores share the work.
fn sweep(seeds: Range<u64>, half: u64) {
    let (mut storms, mut failed, mut requests, mut events) = (0, 0, 0, 0);
    let lists = std::env::var_os("STORM_LIST").is_some();
    let is_enough = std::env::var_os("STORM_FIRST").is_some();
    for seed in seeds.filter(|seed| seed % 2 == half) {
        let plan = Plan::of(seed);
        let found = storm::run(&plan);
        storms += 1;
        requests += found.requests;
        events += found.events;
        if found.violations.is_empty() {
            continue;
        }
        failed += 1;
        assert!(lists || is_enough, "{}", report(&plan, &found.violations));
        eprintln!("seed {seed}: {}", found.violations[0]);
        if is_enough {
            break;
        }
    }
    assert_eq!(failed, 0, "of {storms} storms");
    eprintln!("{storms} storms: {events} events acknowledged, {requests} requests");
}

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("STORM_SEEDS") else {
        return 0..SEEDS;
    };
    let number = |text: &str| text.parse().expect("STORM_SEEDS is a seed or a range of seeds");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(&text)..number(&text) + 1,
    }
}

/// What a failed storm comes down to.
fn report(plan: &Plan, violations: &[String]) -> String {
    let kept = shrink(plan);
    let small = plan.with_steps(&kept);
    let found = storm::run(&small).violations;
    let mut text = format!("seed {}: {} promises broken:\n", plan.seed, violations.len());
    for violation in violations.iter().take(5) {
        text += &format!("  {violation}\n");
    }
    text += &format!(
        "shrunk to {} of {} steps:\n{small:#?}\n",
        kept.len(),
        plan.steps.len()
    );
    for violation in found.iter().take(5) {
        text += &format!("  {violation}\n");
    }
    text
}

/// The indexes of few steps with which the storm still breaks a promise (delta debugging, Zeller 1999).
fn shrink(plan: &Plan) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..plan.steps.len()).collect();
    let (mut chunk, mut runs) = (kept.len().div_ceil(2), 0);
    while chunk > 0 && runs < SHRINKING_MAX {
        let mut from = 0;
        while from < kept.len() && runs < SHRINKING_MAX {
            let mut fewer = kept.clone();
            fewer.drain(from..(from + chunk).min(kept.len()));
            runs += 1;
            if storm::run(&plan.with_steps(&fewer)).violations.is_empty() {
                from += chunk;
            } else {
                kept = fewer;
            }
        }
        chunk /= 2;
    }
    kept
}
