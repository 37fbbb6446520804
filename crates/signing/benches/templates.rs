//! Measures rendering, in time of the processor, on Linux:
//! `cargo bench -p postrider-signing --bench templates`.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use postrider_signing::template::{Preset, Template, TemplateEvent, TemplateKind};

/// 512 bytes, as the payloads of the delivery benchmark.
const DATA: &str = r#"{"id":8202522731445525542,"title":"Renewal 2026, phase two","total":1250.50,"currency":"EUR","url":"https://app.example.com/proposals/8202522731445525542","customer":{"name":"Ada Lovelace \u0026 Sons","email":"ada@example.com","country":"GB"},"owner":{"name":"Grace Hopper","email":"grace@example.com"},"items":[{"sku":"A-1","name":"Licence","quantity":10,"price":99.50},{"sku":"B-7","name":"Support, gold","quantity":1,"price":255.50}],"accepted_at":"2026-01-31T09:30:00.000Z","note":"Please start soon.  "}"#;

const SENTENCE: &str = "*{{ data.customer.name }}* accepted \"{{ data.title }}\" for \
    {{ data.total | number(2) }} {{ data.currency }} <{{ data.url }}|open>";

const ROUNDS: u32 = 200_000;

fn main() {
    let event = TemplateEvent {
        id: "evt_01jrz7n4h8e9vb0x6y5t3k2m1a",
        event_type: "proposal.accepted",
        timestamp: "2026-01-31T09:30:00.000Z",
        account: "acc_01jrz7n4h8e9vb0x6y5t3k2m1a",
        data: DATA,
    };
    println!("{} bytes of data", DATA.len());
    for (name, source) in [
        ("Slack's preset", Preset::Slack.template(SENTENCE)),
        ("Slack by hand", r#"{"text":"*{{ data.customer.name | slack }}* accepted {{ data.total }} {{ data.currency }}"}"#.into()),
        ("a list of items", r#"{"items":[{% for item in data.items %}{"n":{{ item.name }},"p":{{ item.price }}}{% if not loop.last %},{% endif %}{% endfor %}]}"#.into()),
        ("no tags", r#"{"text":"Something happened"}"#.into()),
    ] {
        let template = Template::compile(&source, TemplateKind::Json).expect("it compiles");
        let output = template.render(&event).expect("it renders");
        let mut best_us = f64::MAX;
        for _ in 0..5 {
            let started = processor_time_ns();
            for _ in 0..ROUNDS / 5 {
                black_box(template.render(black_box(&event)).is_ok());
            }
            let taken_ns = (processor_time_ns() - started) as f64;
            best_us = best_us.min(taken_ns / 1e3 / f64::from(ROUNDS / 5));
        }
        println!("{name}: {best_us:.2} µs, {} bytes", output.len());
    }
}

/// How long this thread has run on a processor: other work on the machine does not count.
fn processor_time_ns() -> u64 {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").expect("this is Linux");
    let (running, _) = statistics.split_once(' ').expect("three numbers");
    running.parse().expect("a number")
}
