//! Conditions and data that are built to be slow: the work is bounded, and the bound is the same each time.
//!
//! `cargo bench -p postrider-json` prints the times of the release build.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use postrider_json::conditions::WORK_MAX;
use postrider_json::{Conditions, Judgement, Payload, Verdict, fields};

/// Many times what a verdict takes without optimisation on a busy machine.
const BOUND: Duration = Duration::from_secs(5);

fn rows(row: &str, count: usize) -> String {
    format!("{{\"any\":[{}]}}", vec![row; count].join(","))
}

fn payload(data: &str) -> Payload<'_> {
    Payload::read(data.as_bytes()).unwrap()
}

fn judge(conditions: &str, data: &str) -> Judgement {
    let compiled = Conditions::read(conditions).unwrap().compile();
    let payload = payload(data);
    let start = Instant::now();
    let judgement = compiled.judge(&payload);
    assert!(start.elapsed() < BOUND, "took {:?}", start.elapsed());
    assert!(judgement.steps <= WORK_MAX);
    assert_eq!(judgement, compiled.judge(&payload), "again");
    assert_eq!(compiled.hold(&payload), judgement.verdict == Verdict::Holds);
    judgement
}

/// An array of numbers, in arrays of their own as deep as `depth`.
fn ones(bytes: usize, depth: usize) -> String {
    let ones = format!("[{}1]", "1,".repeat(bytes / 2));
    format!("{}{ones}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn what_is_built_to_be_slow_ends_at_the_bound_and_does_not_hold() {
    let list: Vec<_> = (0..200).map(|at| format!("{at}.5")).collect();
    let list = format!(r#"{{"path":"/*","op":"in","value":[{}]}}"#, list.join(","));
    let prefix = format!("\"{}b\"", "a".repeat(1_000));
    let contains = format!(r#"{{"path":"","op":"contains","value":{prefix}}}"#);
    let ignored = r#"{"path":"","op":"contains","value":"x","ignore_case":true}"#;
    let range = r#"{"path":"/*/*/*","op":"gt","value":2}"#;
    let missing = r#"{"not":{"path":"/*/*/*/x","op":"missing"}}"#;
    let length = 256 * 1_024;
    for (conditions, data) in [
        (rows(range, 50), ones(length, 2)),
        (rows(missing, 50), ones(length, 2)),
        (rows(&list, 1), ones(length, 0)),
        (
            rows(r#"{"path":"/*/b","op":"exists"}"#, 50),
            format!("[{}0]", "{\"a\":1},".repeat(length / 8)),
        ),
        (rows(&contains, 50), format!("\"{}\"", "a".repeat(length))),
        (rows(ignored, 50), format!("\"{}\"", "É".repeat(length / 2))),
        (
            rows(r#"{"path":"","op":"gt","value":"x"}"#, 50),
            format!("\"{}\"", "\\u0061".repeat(length / 6)),
        ),
        (
            rows(r#"{"path":"/*","op":"eq","value":[2]}"#, 50),
            format!("[{}0]", "[1],".repeat(length / 4)),
        ),
    ] {
        assert_eq!(
            judge(&conditions, &data).verdict,
            Verdict::TooMuchWork,
            "{:.60}",
            conditions
        );
    }
}

#[test]
fn a_mebibyte_is_judged_within_the_bounds() {
    let length = 1_024 * 1_024;
    let range = rows(r#"{"path":"/*/*/*","op":"gt","value":2}"#, 50);
    // Half a million numbers are more than an outline takes.
    let too_many = ones(length, 2);
    let judgement = judge(&range, &too_many);
    assert_eq!(
        judgement,
        Judgement {
            verdict: Verdict::TooMuchWork,
            steps: 0
        }
    );
    let compiled = Conditions::read(&range).unwrap().compile();
    let explained = compiled.explain(&payload(&too_many), &mut WORK_MAX.clone());
    assert_eq!(explained.len(), 50);
    assert!(explained.iter().all(|row| !row.compared && !row.holds));
    assert_eq!(fields(&too_many), []);
    // Many rows on usual data are judged to the end.
    let item = r#"{"sku":"A-100","title":"Standing desk","quantity":2,"price":499.00},"#;
    let usual = format!("{{\"items\":[{}{{}}]}}", item.repeat(length / item.len()));
    let price = rows(r#"{"path":"/items/*/price","op":"gt","value":500}"#, 10);
    assert_eq!(judge(&price, &usual).verdict, Verdict::DoesNotHold);
}

#[test]
fn what_cannot_change_the_verdict_takes_no_work() {
    let long = format!("\"{}\"", "É".repeat(100_000));
    let equal = r#"{"path":"","op":"eq","value":"É","ignore_case":true}"#;
    assert!(judge(equal, &long).steps < 10);
    let deep = "[".repeat(500) + &"]".repeat(500);
    let path = format!(r#"{{"path":"{}","op":"eq","value":[[]]}}"#, "/*".repeat(250));
    let judgement = judge(&path, &deep);
    assert_eq!(judgement.verdict, Verdict::DoesNotHold);
    let digits = format!("[{}]", "9".repeat(250_000));
    let above = rows(r#"{"path":"/0","op":"lt","value":1e249999}"#, 50);
    assert_eq!(judge(&above, &digits).verdict, Verdict::DoesNotHold);
    let below = rows(r#"{"path":"/0","op":"gt","value":1e250000}"#, 50);
    assert_eq!(judge(&below, &digits).verdict, Verdict::DoesNotHold);
    // The first row decides; the others are not looked up.
    let (holds, slow) = (
        r#"{"path":"","op":"exists"}"#,
        r#"{"path":"/*","op":"eq","value":7}"#,
    );
    let conditions = format!("{{\"any\":[{holds},{}]}}", vec![slow; 49].join(","));
    assert!(judge(&conditions, &ones(100_000, 0)).steps < 10);
}

#[test]
fn an_explanation_is_bounded_and_says_what_it_did_not_compare() {
    let compiled = Conditions::read(&rows(r#"{"path":"/*/*/*","op":"gt","value":2}"#, 50))
        .unwrap()
        .compile();
    let data = ones(256 * 1_024, 2);
    let payload = payload(&data);
    let mut steps = 2 * WORK_MAX + 1;
    let start = Instant::now();
    let rows = compiled.explain(&payload, &mut steps);
    assert!(start.elapsed() < BOUND, "took {:?}", start.elapsed());
    assert_eq!(steps, WORK_MAX + 1, "an explanation takes at most that");
    assert_eq!(rows.len(), 50);
    assert!(rows[0].compared && !rows[49].compared && !rows[49].holds);
    assert_eq!(
        rows[0].sentence,
        "data has 1 and 131072 other values, needs one that is more than 2"
    );
    assert_eq!(
        rows[49].sentence,
        "data was not compared: the data is too large for these conditions"
    );
    let few = compiled.explain(&payload, &mut 10);
    assert!(few.iter().all(|row| !row.compared));
}
