//! Templates of bodies and headers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bounds;
mod faults;
mod hostile;
mod jinja;
mod limits;
mod presets;
mod printing;

use postrider_signing::template::{Template, TemplateEvent, TemplateKind};

/// Data with a value of each kind, and with names that a path has to quote.
const DATA: &str = r#"{
    "id": 8202522731445525542, "total": 1250.50, "huge": 1e400, "name": "Ada \"A\" <b>\n\u00e9",
    "ok": true, "off": false, "nothing": null, "empty": "", "a b": "spaced", "größe": "XL",
    "customer": {"name": "Ada", "tags": ["x", "y"]}, "twice": 1, "twice": 2,
    "items": [{"sku": "b", "price": 2.50, "n": 2}, {"sku": "A", "price": 10, "n": 1}, {"sku": "c", "n": 3}]
}"#;

/// An event with this data.
fn event(data: &str) -> TemplateEvent<'_> {
    TemplateEvent {
        id: "evt_1",
        event_type: "proposal.accepted",
        timestamp: "2026-01-31T09:30:00.000Z",
        account: "acc_1",
        data,
    }
}

/// What a template prints for [`DATA`].
fn rendered(source: &str, kind: TemplateKind) -> String {
    let template = Template::compile(source, kind).unwrap_or_else(|fault| panic!("{source}: {fault}"));
    template
        .render(&event(DATA))
        .unwrap_or_else(|stop| panic!("{source}: {stop}"))
}

fn text(source: &str) -> String {
    rendered(source, TemplateKind::Text)
}

fn json(source: &str) -> String {
    rendered(source, TemplateKind::Json)
}
