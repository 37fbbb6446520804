//! For probes and monitoring, where no key is needed and nothing about any account is shown; and the
//! document.

pub mod document;
pub mod health;
pub mod metrics;
pub mod ready;

use serde::Serialize;
use utoipa::ToSchema;

/// How the process is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProcessStatus)]
pub struct StatusView {
    /// `ok` or `ready`.
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
}
