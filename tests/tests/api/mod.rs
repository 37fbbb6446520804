//! Every row of the API table: the good case and the refusals. Bodies that cannot be are in
//! `tests/bad_input`.

mod accounts;
mod api_keys;
mod automation_edits;
mod automations;
mod batches;
mod deliveries;
mod event_types;
mod events;
mod lists;
mod operations;
mod portal_links;
mod signing_keys;

/// An id of the right kind that nothing has.
fn nobody(prefix: &str) -> String {
    format!("{prefix}_01h455vb4pex5vsknk084sn02q")
}
