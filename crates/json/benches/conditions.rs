//! What conditions cost an event: nanoseconds for five rows on 512 bytes, and the time of what is built to be
//! slow, with the steps that it is counted as.
//!
//! `cargo bench -p postrider-json`

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::time::Instant;

use postrider_json::{CompiledConditions, Conditions, Payload, Value, inspect};

const DATA: &str = r#"{"id":"prop_01hzx3k9q2m7","status":"accepted","total":1250.50,"currency":"EUR","customer":{"id":"cus_8202522731","name":"Müller & Söhne GmbH","country":"DE","vip":true,"email":"einkauf@mueller.example"},"items":[{"sku":"A-100","title":"Standing desk","quantity":2,"price":499.00},{"sku":"B-220","title":"Chair","quantity":4,"price":63.125}],"tags":["new","q4","priority"],"notes":null,"accepted_at":"2026-11-26T10:42:00.000Z","valid_until":"2026-12-24","version":7,"source":"website form","owner":"usr_17"}"#;
const FIVE_ROWS: &str = r#"{"all":[{"path":"/total","op":"gte","value":1000},{"path":"/customer/country","op":"in","value":["DE","AT","CH"]},{"path":"/tags/*","op":"eq","value":"priority"},{"path":"/items/*/quantity","op":"gt","value":3},{"not":{"path":"/status","op":"starts_with","value":"draft"}}]}"#;

fn main() {
    let compiled = compile(FIVE_ROWS);
    let sets = vec![compiled.clone(); 10];
    println!("five rows on {} bytes, least of 30 rounds:", DATA.len());
    let none = time("the payload is read, without conditions", || {
        black_box(read(black_box(DATA)));
    });
    let one = time("… and one set is judged", || {
        assert!(compiled.hold(&read(black_box(DATA))));
    });
    let ten = time("… and ten sets are judged", || {
        let payload = read(black_box(DATA));
        assert!(sets.iter().all(|set| set.hold(&payload)));
    });
    println!(
        "{:9.0} ns one set, {:.0} ns each further one",
        one - none,
        (ten - one) / 9.0
    );
    time("a tree is built", || {
        black_box(Value::read(black_box(DATA)).unwrap());
    });
    time("the text is inspected", || {
        black_box(inspect(black_box(DATA)).unwrap());
    });
    println!("built to be slow:");
    for bytes in [256 * 1_024, 1_024 * 1_024] {
        hostile(bytes);
    }
}

fn hostile(bytes: usize) {
    let ones = format!("[{}1]", "1,".repeat(bytes / 2));
    let rows = |row: &str| format!("{{\"any\":[{}]}}", vec![row; 50].join(","));
    let nested = format!("[[{ones}]]");
    let objects = format!("[{}0]", "{\"aaaa\":1},".repeat(bytes / 11));
    let list: Vec<_> = (0..200).map(|at| format!("{at}.5")).collect();
    let long = format!("\"{}\"", "Éa".repeat(bytes / 3));
    let escaped = format!("\"{}\"", "\\u00e9".repeat(bytes / 6));
    let trees = format!("[{}[]]", "[1],".repeat(bytes / 4));
    let plain = format!("\"{}\"", "a".repeat(bytes));
    let part = format!("\"{}b\"", "a".repeat(1_000));
    let case = r#"{"path":"","op":"contains","value":"x","ignore_case":true}"#;
    for (name, conditions, data) in [
        (
            "exists below each element",
            rows(r#"{"path":"/*/*/*/x","op":"exists"}"#),
            &nested,
        ),
        (
            "a range",
            rows(r#"{"path":"/*/*/*","op":"gt","value":2}"#),
            &nested,
        ),
        (
            "a member of each element",
            rows(r#"{"path":"/*/b","op":"exists"}"#),
            &objects,
        ),
        (
            "a list of 200",
            format!(r#"{{"path":"/*","op":"in","value":[{}]}}"#, list.join(",")),
            &ones,
        ),
        ("lower case", rows(case), &long),
        (
            "escapes",
            rows(r#"{"path":"","op":"contains","value":"x"}"#),
            &escaped,
        ),
        (
            "text",
            rows(&format!(r#"{{"path":"","op":"contains","value":{part}}}"#)),
            &plain,
        ),
        ("arrays", rows(r#"{"path":"/*","op":"eq","value":[2]}"#), &trees),
    ] {
        let compiled = compile(&conditions);
        let payload = read(data);
        payload_is_outlined(&payload);
        let mut least_us = u128::MAX;
        let mut steps = 0;
        for _ in 0..5 {
            let start = Instant::now();
            let judgement = compiled.judge(&payload);
            least_us = least_us.min(start.elapsed().as_micros());
            steps = judgement.steps;
        }
        let per_step = least_us as f64 * 1_000.0 / steps as f64;
        println!(
            "{least_us:9} µs {steps:9} steps of {per_step:.1} ns: {name}, {} KiB",
            data.len() / 1_024
        );
    }
}

fn payload_is_outlined(payload: &Payload<'_>) {
    let start = Instant::now();
    compile(r#"{"path":"","op":"missing"}"#).hold(payload);
    println!("{:9} µs the outline", start.elapsed().as_micros());
}

fn compile(conditions: &str) -> CompiledConditions {
    Conditions::read(conditions).unwrap().compile()
}

fn read(data: &str) -> Payload<'_> {
    Payload::read(data.as_bytes()).unwrap()
}

fn time(name: &str, mut work: impl FnMut()) -> f64 {
    const RUNS: u32 = 5_000;
    let mut least_ns = f64::MAX;
    for _ in 0..30 {
        let start = Instant::now();
        for _ in 0..RUNS {
            work();
        }
        least_ns = least_ns.min(start.elapsed().as_nanos() as f64 / f64::from(RUNS));
    }
    println!("{least_ns:9.0} ns {name}");
    least_ns
}
