//! Everything that would be sent to a sender, for people. Secrets are not shown: an environment variable
//! stays as the description writes it, and captured values are named.

use super::environment::Lookup;
use super::template::Values;
use super::{Description, Fault, Payload, Request};

/// The requests in order; the event has the number 0.
pub fn preview(
    description: &Description,
    lookup: &Lookup<'_>,
    mut values: Values,
    payload: &Payload,
) -> Result<String, Fault> {
    let shown = description.clone().masked(lookup)?;
    let mut text = format!("{} {} at {}\n", shown.name, shown.version, shown.address);
    for name in description.required_variables() {
        let state = match lookup(&name) {
            Some(_) => "is set",
            None => "IS NOT SET",
        };
        text += &format!("  {name} {state}\n");
    }
    for step in 0..shown.setup.len() {
        text += &format!("\nset-up {} of {}\n", step + 1, shown.setup.len());
        text += &indented(&shown.setup_request(step, &values)?);
        for (name, pointer) in &shown.setup[step].capture {
            text += &format!("  {{{name}}} is {pointer} of the response\n");
            values.insert(name.clone(), format!("{{{name}}}"));
        }
    }
    text += "\nevent\n";
    text += &indented(&shown.event_request(&values, payload)?.numbered(0));
    text += &format!("  its number is {} of what the sink receives\n", shown.number);
    Ok(text)
}

fn indented(request: &Request) -> String {
    let mut text = format!("  {} {}\n", request.method, request.path);
    for (name, value) in &request.headers {
        text += &format!("  {name}: {value}\n");
    }
    if !request.body.is_empty() {
        text += &format!("\n  {}\n", request.body.trim().replace('\n', "\n  "));
    }
    text
}
