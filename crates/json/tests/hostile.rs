//! Texts built to be slow. With quadratic work each would take minutes; here each takes well under a second,
//! even without optimisation.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use postrider_json::{JsonErrorKind, LossReason, inspect};

/// Many times what the slowest text needs on a busy machine.
const BOUND: Duration = Duration::from_secs(15);

fn in_linear_time<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(start.elapsed() < BOUND, "took {:?}", start.elapsed());
    result
}

fn reason(json: &str) -> Option<LossReason> {
    in_linear_time(|| inspect(json))
        .unwrap()
        .loss
        .map(|loss| loss.reason)
}

#[test]
fn a_hundred_thousand_names_are_distinguished_in_linear_time() {
    // All names begin and end alike, so the first and last bytes of a name do not distinguish it from others.
    let members: Vec<String> = (0..100_000)
        .map(|at| format!("\"aaaaaaaa{at:06}bbbbbbbb\":0"))
        .collect();
    let distinct = format!("{{{}}}", members.join(","));
    assert_eq!(reason(&distinct), None);
    let escaped = distinct.replacen("aaaaaaaa", r"\u0061aaaaaaa", 100_000);
    assert_eq!(reason(&escaped), None);
    let last = format!("{{{},{}}}", members.join(","), members[99_999]);
    assert_eq!(reason(&last), Some(LossReason::DuplicateName));
}

#[test]
fn many_small_objects_with_long_similar_names_take_linear_time() {
    let names: Vec<String> = (10..40)
        .map(|at| format!("\"{}{at}{}\":0", "a".repeat(500), "b".repeat(500)))
        .collect();
    let json = format!("[{}]", vec![format!("{{{}}}", names.join(",")); 100].join(","));
    assert_eq!(reason(&json), None);
}

#[test]
fn numbers_of_200_kilobytes_take_linear_time() {
    let (nines, zeros) = ("9".repeat(200_000), "0".repeat(200_000));
    for (number, expected) in [
        (nines.clone(), Some(LossReason::NumberPrecision)),
        (format!("0.{nines}"), Some(LossReason::NumberPrecision)),
        (format!("1{zeros}"), Some(LossReason::NumberPrecision)),
        (format!("0.{zeros}1"), Some(LossReason::NumberPrecision)),
        (format!("-0.{zeros}"), Some(LossReason::NegativeZero)),
        (format!("1e{nines}"), Some(LossReason::NumberPrecision)),
        (format!("1.{zeros}1"), Some(LossReason::NumberPrecision)),
    ] {
        assert_eq!(reason(&number), expected);
    }
    for number in [
        format!("1.{zeros}"),
        format!("0.{zeros}1e200001"),
        format!("12{zeros}e-200001"),
        format!("0e{nines}"),
        format!("1e{zeros}2"),
        // The standard library's parser is wrong about this one.
        format!("0.{}1e700001", "0".repeat(700_000)),
    ] {
        assert_eq!(reason(&number), None);
    }
}

#[test]
fn two_million_open_brackets_are_refused_without_recursion() {
    for open in ["[", "{\"a\":", "[{\"\":"] {
        let error = in_linear_time(|| inspect(&open.repeat(2_000_000))).unwrap_err();
        assert_eq!(error.kind, JsonErrorKind::TooDeep);
    }
}

#[test]
fn long_strings_of_escapes_take_linear_time() {
    for escape in [r"\u00e9", r"\ud83d\ude00", r"\n", r"\/", r"\u0001"] {
        assert_eq!(reason(&format!("[\"{}\"]", escape.repeat(200_000))), None);
    }
}
