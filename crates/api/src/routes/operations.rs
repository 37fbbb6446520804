//! Endpoints for probes and monitoring, which need no key and show nothing about any account, and the OpenAPI
//! document.

pub mod document;
pub mod health;
pub mod metrics;
pub mod ready;

use serde::Serialize;
use utoipa::ToSchema;

/// The state of the process.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProcessStatus)]
pub struct StatusView {
    /// `ok` or `ready`.
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
}
