//! The HTTP API: JSON under `/v1`, and probes and metrics beside it.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@router`] | all routes, and the state that handlers share |
//! | `direct` | serves posted events without the router |
//! | `etag` | entity tags, and `If-Match` |
//! | `edge` | the layer around every request: request id, key, meter, panics, headers |
//! | `auth` | the caller of a request, by its API key |
//! | `by` | who asks for a change, and refused requests, for the audit trail |
//! | `route_table` | the requirement and the meters of each route |
//! | [`problem`] | errors as RFC 9457 documents: one type, one table of codes |
//! | `json_body`, `decode`, `patch`, `merge_patch` | request bodies, from bytes to typed values |
//! | `path`, `query`, `cursor`, `list` | path and query parameters, and the paging of lists |
//! | `fields` | values that several resources show |
//! | `routes` | one folder per resource, one file per endpoint |
//! | `fuzzing` | what the fuzzers of `fuzz/` call; in no build of the product |
//! | [`mod@reference`] | what pages about the API are made of: the document, and the kinds of problems |
//! | `openapi` | the document, generated from the handlers, committed as `openapi.json` |
//!
//! A body is accepted whole or refused, and nothing in it is ignored. It must be JSON, then have the right
//! shape (the response names the first fault), then have valid values (the response names all faults). This
//! crate checks the first two. [`postrider_configuration`] checks configuration, for the console's forms too:
//! a handler turns its body into a draft, calls the verb of that crate, and returns the stored object, or the
//! faults at the same pointers. This crate checks the members of events and filters itself, and passes typed
//! values on.
//!
//! This crate must never see SQL, sign or send anything, read the system's clock, or log a key, a secret or
//! `data`.
//!
//! To add an endpoint: a file in `routes/<resource>/`, with its `#[utoipa::path]`, listed in [`mod@router`]'s
//! `documented_routes`; then run the tests with `UPDATE_GENERATED=1`. To add an error: see [`problem`]. To
//! add a rule about accounts, automations, keys or event types: see [`postrider_configuration`].

#![forbid(unsafe_code)]

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod problem;
pub mod reference;
pub mod router;

mod auth;
mod by;
mod cursor;
mod decode;
mod direct;
mod edge;
mod etag;
mod fields;
mod idempotency_key;
mod json_body;
mod list;
mod merge_patch;
mod once;
mod openapi;
mod patch;
mod path;
mod query;
mod rate_limits;
mod route_table;
mod routes;

pub use rate_limits::RateLimits;
pub use router::{Api, ApiState, MetricsText};
pub use routes::events::create_batch::batch_bytes_max;
