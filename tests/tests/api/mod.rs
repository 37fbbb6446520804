//! Every route of the API: the successful case and the refusals. Invalid bodies are in `tests/bad_input`.

mod accounts;
mod api_keys;
mod automation_edits;
mod automations;
mod batches;
mod deliveries;
mod document;
mod event_types;
mod events;
mod http2;
mod lists;
mod operational_events;
mod operations;
mod portal_links;
mod signing_keys;

/// A valid id that no object has.
fn nobody(prefix: &str) -> String {
    format!("{prefix}_01h455vb4pex5vsknk084sn02q")
}
