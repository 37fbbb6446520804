//! How values are written on a command line; settings are written the same way.

pub mod comparison;
pub mod header_prefix;
pub mod later;
pub mod moment;
pub mod retry_delays;
pub mod signature_profile;
