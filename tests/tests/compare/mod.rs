//! The comparison of webhook senders, `benches/compare`: what a description may say, and that the
//! committed ones are complete. A benchmark has no tests of its own, so its modules are part of this binary.

mod committed;
mod environment;
mod messages;
mod numbers;
mod processor_time;
mod refusals;
mod requests;
mod tables;

#[path = "../../../benches/compare/sender/mod.rs"]
mod sender;

#[path = "../../../benches/delivery/table.rs"]
mod table;
#[path = "../../../benches/delivery/wire.rs"]
mod wire;

use sender::template::Values;
use sender::{Description, Payload};

/// A description to which tests add what they are about.
const SMALL: &str = r#"
name = "Small"
version = "1"
address = "http://127.0.0.1:7000"
number = "/n"

[event]
path = "/events"
body = '{"data":{payload}}'
"#;

fn described(text: &str) -> Description {
    Description::parse(text).unwrap()
}

/// An event's data: a number and a text that a JSON string must escape.
fn payload() -> Payload {
    Payload::new(r#"{"n":"00000000","note":"a \"quoted\" word"}"#, 6)
}

/// The values that are known before a set-up.
fn values() -> Values {
    Values::from([
        ("sink".to_owned(), "http://127.0.0.1:9000/ok".to_owned()),
        ("run".to_owned(), "0123abcd".to_owned()),
        ("now".to_owned(), "2026-01-31T09:30:00.000Z".to_owned()),
    ])
}
