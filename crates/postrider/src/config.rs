//! Settings: from flags, `POSTRIDER_…` variables, `postrider.toml` and defaults, in this order of precedence.
//!
//! What nothing here reads is refused, so that a misspelt key never goes unnoticed.
//!
//! * [`settings`]: the one declaration; flags, variables, keys, help and the reference follow from it.
//! * [`declaration`]: what follows. [`environment`], [`file`]: where values come from. [`load`]: puts them together.
//! * [`reference`]: the commented `docs/reference/postrider.toml`.
//! * The other files hold one kind of value each.
//!
//! To add a setting: a field with a doc comment in [`settings`], obeyed in [`Settings::engine`] or in
//! [`crate::wiring`]; then `UPDATE_GENERATED=1 cargo test -p postrider` writes it into the references.

pub mod accent_color;
pub mod database;
pub mod declaration;
pub mod duration;
pub mod environment;
pub mod file;
pub mod frame_ancestors;
pub mod load;
pub mod log;
pub mod logo;
pub mod nearest;
pub mod networks;
pub mod product_name;
pub mod public_url;
pub mod reference;
pub mod retry_delays;
pub mod service_links;
pub mod settings;
pub mod size;
mod text_value;

use std::fmt;
use std::path::PathBuf;

pub use load::{Loaded, load};
pub use postrider_cli::Environment;
use postrider_cli::Failure;
pub use settings::Settings;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag, by its name.
    Flag(String),
    /// A variable, by its name.
    Variable(String),
    /// The file.
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

/// Why the settings are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A value that its setting does not take.
    #[error("{origin}: {message}")]
    Invalid {
        /// Where it came from.
        origin: Origin,
        /// What is wrong with it.
        message: String,
    },
    /// Two settings of which only one can hold.
    #[error("{0} and {1} are both given, and only one of them can be obeyed")]
    Conflict(Origin, Origin),
    /// Something about the database, where none is named.
    #[error("{0} is given, and no database_url that it could be for")]
    NoDatabase(Origin),
    /// A key of the file that is no setting.
    #[error("{}, line {line}: {key} is no setting{}", path.display(), hint(nearest.as_deref()))]
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
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// A file that is no TOML.
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
