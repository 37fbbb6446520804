//! Texts built to be slow. With quadratic work each would take minutes; here each takes well under a second,
//! even without optimisation.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use postrider_json::DEPTH_MAX;
use postrider_signing::{BodyStyle, render_value};

/// Many times what the slowest text needs on a busy machine.
const BOUND: Duration = Duration::from_secs(15);

fn in_linear_time<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    assert!(start.elapsed() < BOUND, "took {:?}", start.elapsed());
    result
}

fn rendered(json: &str, style: BodyStyle) -> String {
    let mut out = Vec::new();
    in_linear_time(|| render_value(json, style, &mut out));
    String::from_utf8(out).unwrap()
}

#[test]
fn numbers_of_200_kilobytes_are_printed_in_linear_time() {
    let (nines, zeros) = ("9".repeat(200_000), "0".repeat(200_000));
    for (number, js, python) in [
        (format!("1.{zeros}"), "1", "1.0"),
        (format!("0.{zeros}1e200001"), "1", "1.0"),
        (format!("12{zeros}e-200001"), "1.2", "1.2"),
        (format!("0e{nines}"), "0", "0.0"),
        (format!("1e{zeros}2"), "100", "100.0"),
        // The standard library's parser is wrong about this one.
        (format!("0.{}1e700001", "0".repeat(700_000)), "1", "1.0"),
    ] {
        assert_eq!(rendered(&number, BodyStyle::Js), js);
        assert_eq!(rendered(&number, BodyStyle::Python), python);
    }
}

#[test]
fn a_hundred_thousand_array_indices_are_put_in_order_in_linear_time() {
    let members: Vec<String> = (0..100_000)
        .map(|at| format!("\"{at}\":{{\"1\":0,\"0\":1}}"))
        .collect();
    let backwards: Vec<String> = members.iter().rev().cloned().collect();
    let printed = rendered(&format!("{{{}}}", backwards.join(",")), BodyStyle::Js);
    assert_eq!(
        printed,
        format!("{{{}}}", members.join(",")).replace("\"1\":0,\"0\":1", "\"0\":1,\"1\":0")
    );
}

#[test]
fn reordering_at_every_depth_takes_linear_time() {
    let inside = "x".repeat(1_000_000);
    let depth = DEPTH_MAX;
    let json = format!(
        "{}\"{inside}\"{}",
        "{\"1\":".repeat(depth),
        ",\"0\":0}".repeat(depth)
    );
    let expected = format!(
        "{}\"{inside}\"{}",
        "{\"0\":0,\"1\":".repeat(depth),
        "}".repeat(depth)
    );
    assert_eq!(rendered(&json, BodyStyle::Js), expected);
}

#[test]
fn long_strings_of_escapes_are_printed_in_linear_time() {
    for escape in [r"\u00e9", r"\ud83d\ude00", r"\n", r"\/", r"\u0001"] {
        let json = format!("[\"{}\"]", escape.repeat(200_000));
        for style in [BodyStyle::Js, BodyStyle::Python] {
            let once = rendered(&json, style);
            assert_eq!(rendered(&once, style), once);
        }
    }
}
