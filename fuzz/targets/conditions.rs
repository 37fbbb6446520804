//! A customer's conditions and a producer's data: three ways of evaluating them agree, and the bounds hold.
//! The input is the conditions and the data, with a NUL between them.
#![no_main]
#![forbid(unsafe_code)]

#[path = "../../crates/json/tests/naive/mod.rs"]
mod naive;
#[path = "../../crates/json/tests/tree/mod.rs"]
mod tree;

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use postrider_json::conditions::{
    FAULTS_MAX, FIELDS_MAX, FOUND_BYTES_MAX, PATH_BYTES_MAX, SAMPLE_BYTES_MAX, SUMMARY_BYTES_MAX, WORK_MAX,
};
use postrider_json::{CompiledConditions, Conditions, Payload, Verdict, fields};
use tree::Tree;

/// Many times what the bound on the work takes with instrumentation.
const JUDGEMENT_TIME_MAX: Duration = Duration::from_millis(500);

/// Maximum bytes of a sentence: the field, what was found, and six values.
const SENTENCE_BYTES_MAX: usize = 1_024;

/// Exponents that the naive evaluator writes out as zeros.
const EXPONENT_DIGITS_MAX: usize = 3;

fuzz_target!(|bytes: &[u8]| {
    let Some((text, data)) = std::str::from_utf8(bytes).ok().and_then(|it| it.split_once('\0')) else {
        return;
    };
    fields_are_paths(data);
    let conditions = match Conditions::read(text) {
        Ok(conditions) => conditions,
        Err(faults) => {
            assert!((1..=FAULTS_MAX).contains(&faults.len()));
            return;
        }
    };
    let printed = conditions.to_string();
    assert_eq!(Conditions::read(&printed).as_ref(), Ok(&conditions), "{printed}");
    assert!(conditions.summary().len() <= SUMMARY_BYTES_MAX + '…'.len_utf8());
    let Ok(payload) = Payload::read(data.as_bytes()) else {
        return;
    };
    let compiled = conditions.compile();
    let started = Instant::now();
    let judgement = compiled.judge(&payload);
    assert!(started.elapsed() < JUDGEMENT_TIME_MAX, "{:?}", started.elapsed());
    assert!(judgement.steps <= WORK_MAX);
    let holds = compiled.hold(&payload);
    assert_eq!(holds, judgement.verdict == Verdict::Holds);
    if judgement.verdict == Verdict::TooMuchWork {
        return;
    }
    explanations_are_bounded(&compiled, &payload);
    // serde_json refuses lone surrogates and deep nesting.
    if let (Ok(row), Ok(tree)) = (Tree::read(&printed), Tree::read(data))
        && numbers_are_short(&row)
        && numbers_are_short(&tree)
    {
        assert_eq!(naive::holds(&row, &tree), holds, "as the naive evaluator says");
    }
});

fn fields_are_paths(data: &str) {
    let fields = fields(data);
    assert!(fields.len() <= FIELDS_MAX);
    for field in fields {
        assert!(field.path.len() <= PATH_BYTES_MAX);
        assert!(field.sample.len() <= SAMPLE_BYTES_MAX + '…'.len_utf8());
        let path = serde_json::Value::from(field.path);
        let found = Conditions::read(&format!(r#"{{"path":{path},"op":"exists"}}"#)).expect("it is a path");
        let payload = Payload::read(data.as_bytes()).expect("it has fields");
        // Of several members of one name only the last counts, and it may have other fields.
        let unique = payload.inspection().loss.is_none();
        assert!(!unique || found.compile().hold(&payload), "{path}");
    }
}

fn explanations_are_bounded(compiled: &CompiledConditions, payload: &Payload<'_>) {
    for row in compiled.explain(payload, &mut WORK_MAX.clone()) {
        assert!(row.sentence.len() <= SENTENCE_BYTES_MAX, "{}", row.sentence);
        assert_eq!(row.found.is_some(), row.found_count > 0);
        let found_len = row.found.map_or(0, |it| it.len());
        assert!(found_len <= FOUND_BYTES_MAX + '…'.len_utf8());
    }
}

fn numbers_are_short(tree: &Tree) -> bool {
    match tree {
        Tree::Number(text) => {
            let exponent = text.split(['e', 'E']).nth(1).unwrap_or("");
            exponent.trim_start_matches(['+', '-']).len() <= EXPONENT_DIGITS_MAX
        }
        Tree::Array(items) => items.iter().all(numbers_are_short),
        Tree::Object(members) => members.iter().all(|(_, value)| numbers_are_short(value)),
        _ => true,
    }
}
