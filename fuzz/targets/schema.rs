//! A customer's JSON Schema and a producer's data: the bounds on a check hold. The input is the schema and
//! the data, with a NUL between them.
#![no_main]
#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use postrider_configuration::{Schema, SchemaViolation};
use postrider_json::Payload;

/// The deadline of a check, and a margin for a busy machine.
const CHECK_TIME_MAX: Duration = Duration::from_secs(8);

/// Maximum time of a check on a thread of the runtime, whose budget is 10,000 steps: many times what it takes
/// without instrumentation.
const AT_ONCE_TIME_MAX: Duration = Duration::from_millis(500);

/// Maximum bytes of a violation's pointer and of its detail (1024 characters at most of 4 bytes).
const TEXT_BYTES_MAX: usize = 4 * 1024;

fuzz_target!(|bytes: &[u8]| {
    let Some((schema, data)) = std::str::from_utf8(bytes).ok().and_then(|it| it.split_once('\0')) else {
        return;
    };
    let schema = match Schema::compile(schema) {
        Ok(schema) => schema,
        Err(error) => {
            assert!(error.to_string().len() <= TEXT_BYTES_MAX);
            return;
        }
    };
    let Ok(payload) = Payload::read(data.as_bytes()) else {
        return;
    };
    let started = Instant::now();
    let at_once = schema.violations_at_once(&payload);
    assert!(started.elapsed() < AT_ONCE_TIME_MAX, "{:?}", started.elapsed());
    let started = Instant::now();
    let violations = schema.violations(&payload);
    assert!(started.elapsed() < CHECK_TIME_MAX, "{:?}", started.elapsed());
    is_bounded(&violations);
    if let Some(at_once) = at_once {
        is_bounded(&at_once);
        assert_eq!(at_once.is_empty(), violations.is_empty(), "both ways judge alike");
    }
});

fn is_bounded(violations: &[SchemaViolation]) {
    assert!(violations.len() <= 10);
    for violation in violations {
        assert!(violation.pointer.len() <= TEXT_BYTES_MAX && violation.detail.len() <= TEXT_BYTES_MAX);
        assert!(violation.pointer.is_empty() || violation.pointer.starts_with('/'));
    }
}
