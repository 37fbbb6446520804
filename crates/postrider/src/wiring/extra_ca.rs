//! The operator's own certificate authorities (`extra_ca_file`), for receivers, the identity provider and the
//! mail server.

use std::fmt::Display;
use std::path::Path;

use crate::config::Settings;
use postrider_cli::Failure;

/// The authorities as PEM, if the operator has some.
pub fn pem(settings: &Settings) -> Result<Option<Vec<u8>>, Failure> {
    let pem = settings.extra_ca_file.as_ref().map(std::fs::read).transpose();
    pem.map_err(|error| unusable(settings, &error))
}

/// The failure of a client that cannot use them.
pub fn unusable(settings: &Settings, error: &dyn Display) -> Failure {
    let file = settings.extra_ca_file.as_deref().unwrap_or_else(|| Path::new(""));
    Failure::Failed(format!("extra_ca_file {}: {error}", file.display()))
}
