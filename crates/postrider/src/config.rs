//! Settings: from flags, `POSTRIDER_…` variables, `postrider.toml` and defaults, in this order of precedence.
//!
//! Unknown keys and variables are errors, so that a misspelt one is always noticed.
//!
//! * [`settings`]: the one declaration; flags, variables, keys, help and the reference follow from it.
//! * [`declaration`]: what the declaration yields. [`environment`], [`file`]: the sources of values.
//!   [`load`]: merges them.
//! * [`reference`]: the commented `docs/reference/postrider.toml`.
//! * Each other file holds one kind of value.
//!
//! To add a setting: add a field with a doc comment in [`settings`], and use it in [`derived`] or in
//! [`crate::wiring`]; then `UPDATE_GENERATED=1 cargo test -p postrider` writes it into the references.

pub mod accent_color;
pub mod claim_values;
pub mod cors_origins;
mod counts;
pub mod database;
pub mod declaration;
pub mod derived;
pub mod duration;
pub mod egress_proxy;
pub mod environment;
pub mod file;
pub mod frame_ancestors;
pub mod issuer_url;
pub mod listen;
pub mod load;
pub mod log;
pub mod log_lines;
pub mod logo;
pub mod names;
pub mod nearest;
pub mod networks;
pub mod origins;
pub mod otlp;
pub mod people;
pub mod per_second;
pub mod ports;
pub mod product_name;
pub mod public_url;
pub mod reference;
pub mod retry_delays;
pub mod scopes;
pub mod service_links;
pub mod settings;
pub mod signature_profiles;
pub mod size;
pub mod smtp_url;
mod text_value;
pub mod unseen_event_types;

use std::fmt;
use std::path::PathBuf;

pub use load::{Loaded, flag, load};
pub use postrider_cli::Environment;
use postrider_cli::Failure;
pub use settings::Settings;

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag, by its name.
    Flag(String),
    /// A variable, by its name.
    Variable(String),
    /// A key of the file.
    File {
        /// Which file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File { path, line, key } => write!(f, "{}, line {line}: {key}", path.display()),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A value that its setting does not accept.
    #[error("{origin}: {message}")]
    Invalid {
        /// Its source.
        origin: Origin,
        /// The mistake.
        message: String,
    },
    /// Two settings exclude each other.
    #[error("both {0} and {1} are set: remove one of them")]
    Conflict(Origin, Origin),
    /// The API and the metrics would listen on one port.
    #[error("listen and metrics_listen both name port {0}: give metrics_listen another one, or remove it")]
    OnePort(u16),
    /// A setting of the database is given without a database.
    #[error("{0} is set without database_url: set database_url, or remove it")]
    NoDatabase(Origin),
    /// A setting of the mail server is given without a server.
    #[error("{0} is set without smtp_url: set smtp_url, or remove it")]
    NoMailServer(Origin),
    /// A setting of the identity provider is given without a provider.
    #[error("{0} is set without oidc_issuer: set oidc_issuer, or remove it")]
    NoIssuer(Origin),
    /// A setting of the export over OTLP is given without a collector.
    #[error("{0} is set without otlp_endpoint: set otlp_endpoint, or remove it")]
    NoCollector(Origin),
    /// A key of the file that is not a setting.
    #[error("{}, line {line}: {key} is not a setting{}", path.display(), hint(nearest.as_deref()))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The setting that was probably meant.
        nearest: Option<String>,
    },
    /// A `POSTRIDER_…` variable that nothing reads.
    #[error("{name} is not a variable of Postrider{}", hint(nearest.as_deref()))]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The variable that was probably meant.
        nearest: Option<String>,
    },
    /// A file that is not TOML.
    #[error("{}, line {line}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {}: {message}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

fn hint(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean {nearest}?"),
        None => "; see `postrider serve --help`".to_owned(),
    }
}
