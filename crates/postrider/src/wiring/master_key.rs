//! Where the master key comes from: a file, a variable, or a command.
//!
//! * [`file`]: reads the file, creates it at the first start, and adds a new key to it.
//! * `command`: runs the command.
//!
//! The sealing itself is in [`postrider_storage::sealing`].

mod command;
pub mod file;

use std::path::PathBuf;

use postrider_cli::Failure;
use postrider_configuration::sealing::KeyHolder;
use postrider_model::Entropy;
use postrider_storage::sealing::{MasterKey, MasterKeys};

use crate::config::Settings;

/// The variable that holds the key.
pub const VARIABLE: &str = "POSTRIDER_MASTER_KEY";

/// The name of the file in the data folder.
pub const FILE_NAME: &str = "master.key";

/// Where the master key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    /// A file. The server can add a key to it.
    File(PathBuf),
    /// The variable [`VARIABLE`].
    Variable,
    /// The command of the setting `master_key_command`.
    Command,
}

/// For people: where the key is.
impl std::fmt::Display for MasterKeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Variable => f.write_str(VARIABLE),
            Self::Command => f.write_str("master_key_command"),
        }
    }
}

impl KeyHolder for MasterKeySource {
    fn place(&self) -> String {
        self.to_string()
    }

    fn can_add(&self) -> bool {
        matches!(self, Self::File(_))
    }

    fn put_first(&self, key: &MasterKey) -> Result<(), String> {
        match self {
            Self::File(file) => file::put_first(file, key).map_err(|error| error.to_string()),
            Self::Variable | Self::Command => Err(format!("no key can be added to {self}")),
        }
    }
}

/// Where these settings say the key comes from. `variable` is the value of [`VARIABLE`], if it is set.
///
/// # Errors
/// Two sources, or none for a database.
pub fn source(settings: &Settings, variable: Option<&str>) -> Result<MasterKeySource, Failure> {
    let setting = match (&settings.master_key_file, &settings.master_key_command) {
        (Some(file), _) => Some(("master_key_file", MasterKeySource::File(file.clone()))),
        (None, Some(_)) => Some(("master_key_command", MasterKeySource::Command)),
        (None, None) => None,
    };
    match (setting, variable) {
        (Some((key, _)), Some(_)) => Err(Failure::Usage(format!(
            "both {key} and {VARIABLE} are set: remove one of them"
        ))),
        (Some((_, source)), None) => Ok(source),
        (None, Some(_)) => Ok(MasterKeySource::Variable),
        (None, None) if settings.database_url.is_some() => Err(Failure::Usage(format!(
            "a database needs a master key, which seals the secrets in it: set master_key_file, master_key_command or \
             {VARIABLE}, to the same key on every node. `postrider keys master new` prints a new one"
        ))),
        (None, None) => Ok(MasterKeySource::File(settings.data_dir.join(FILE_NAME))),
    }
}

/// Reads the keys. The first start on a data folder creates its key.
///
/// # Errors
/// Keys that cannot be read or used, with what to do.
pub async fn load(
    settings: &Settings,
    variable: Option<&str>,
    entropy: &Entropy,
) -> Result<(MasterKeySource, MasterKeys), Failure> {
    if let MasterKeySource::File(file) = source(settings, variable)?
        && is_first_start(settings)
    {
        file::create_if_missing(settings, &file, &MasterKey::generate(entropy))?;
    }
    existing(settings, variable).await
}

/// Reads the keys, and never creates one.
///
/// # Errors
/// Keys that cannot be read or used, with what to do.
pub async fn existing(
    settings: &Settings,
    variable: Option<&str>,
) -> Result<(MasterKeySource, MasterKeys), Failure> {
    let source = source(settings, variable)?;
    let text = match &source {
        MasterKeySource::File(file) => file::read(file).map_err(|error| of_file(settings, &error))?,
        // A variable can hold line breaks, but few people know how to write them.
        MasterKeySource::Variable => variable
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join("\n"),
        MasterKeySource::Command => {
            command::output(settings.master_key_command.as_deref().unwrap_or_default()).await?
        }
    };
    let keys = MasterKeys::parse(&text);
    let keys = keys.map_err(|error| Failure::Usage(format!("the master key in {source}: {error}")))?;
    Ok((source, keys))
}

/// The file that the first start will create: there is no database, and no key.
pub fn to_be_created(settings: &Settings, variable: Option<&str>) -> Option<PathBuf> {
    match source(settings, variable) {
        Ok(MasterKeySource::File(file)) if is_first_start(settings) => {
            file.symlink_metadata().is_err().then_some(file)
        }
        _ => None,
    }
}

/// Whether the data folder has no database yet. An empty file becomes one.
fn is_first_start(settings: &Settings) -> bool {
    let database = settings.data_dir.join(postrider_storage_sqlite::DATABASE_FILE);
    settings.database_url.is_none() && database.metadata().map_or(true, |file| file.len() == 0)
}

fn of_file(settings: &Settings, error: &file::KeyFileError) -> Failure {
    let hint = match (error, &settings.database_url) {
        (file::KeyFileError::Missing { .. }, None) => {
            ". The database in the data folder needs its master key: put the file back, for example from the backup \
             of the key"
        }
        (file::KeyFileError::Missing { .. }, Some(_)) => {
            ". For a new database, `postrider keys master new` prints a key; every node needs the same one"
        }
        _ => "",
    };
    Failure::Usage(format!("{error}{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::declaration;

    fn settings(changes: &[(&str, &str)]) -> Settings {
        let mut values = declaration::defaults();
        for (key, value) in changes {
            values.insert((*key).to_owned(), toml::Value::String((*value).to_owned()));
        }
        declaration::read(values).unwrap()
    }

    #[test]
    fn a_data_folder_has_its_key_beside_it_and_a_database_needs_one() {
        let folder = settings(&[("data_dir", "/data")]);
        let file = |path: &str| Ok(MasterKeySource::File(path.into()));
        let text = |source: Result<MasterKeySource, Failure>| source.map_err(|failure| failure.to_string());
        assert_eq!(text(source(&folder, None)), file("/data/master.key"));
        assert_eq!(text(source(&folder, Some("pmk_"))), Ok(MasterKeySource::Variable));
        let database = settings(&[("database_url", "postgres://u@h/d")]);
        assert!(
            text(source(&database, None))
                .unwrap_err()
                .contains("keys master new")
        );
        let named = settings(&[("database_url", "postgres://u@h/d"), ("master_key_file", "/k")]);
        assert_eq!(text(source(&named, None)), file("/k"));
        let both = text(source(&named, Some("pmk_"))).unwrap_err();
        assert!(
            both.contains("master_key_file and POSTRIDER_MASTER_KEY"),
            "{both}"
        );
    }
}
