//! Merges the settings: flags override variables, variables the file, and the file the defaults.

use std::collections::HashMap;
use std::path::Path;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::declaration::{defaults, key, read, settings, variable};
use super::file::ConfigFile;
use super::settings::Settings;
use super::{ConfigError, Origin, signature_profiles};
use postrider_cli::Environment;

/// Settings that exclude each other.
const EXCLUSIVE: [(&str, &str); 3] = [
    // With `only_port`, no other port is open, so that `allow_port` would have no effect.
    ("allow_port", "only_port"),
    ("data_dir", "database_url"),
    ("master_key_file", "master_key_command"),
];

/// Settings of the connection to the database, which have no effect without a database.
const OF_THE_DATABASE: [&str; 3] = [
    "database_password_file",
    "database_ca_file",
    "database_connections",
];

/// What the names of the identity provider's settings begin with. They have no effect without its issuer.
const OF_THE_PROVIDER: &str = "oidc_";

/// What the names of the mail server's settings begin with. They have no effect without its URL.
const OF_THE_MAIL_SERVER: &str = "smtp_";

/// Settings of the export over OTLP, which have no effect without a collector.
const OF_THE_COLLECTOR: [&str; 5] = [
    "otlp_headers_file",
    "otlp_compression",
    "otlp_signals",
    "trace_sampling",
    "trace_producers_per_s",
];

/// The variable that holds the database's password.
const DATABASE_PASSWORD: &str = "POSTRIDER_DATABASE_PASSWORD";

/// The settings, and the file that was read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// The file that was read, if one was.
    pub file: ConfigFile,
    /// The sources of the values that are not defaults, by key.
    origins: Origins,
}

type Origins = HashMap<&'static str, Origin>;

impl Loaded {
    /// Rejects settings of the database if none is named, because they would have no effect. Commands that
    /// get the database from elsewhere do not call this.
    pub fn check_database(&self, environment: &Environment) -> Result<(), ConfigError> {
        if self.settings.database_url.is_some() {
            return Ok(());
        }
        let origin = OF_THE_DATABASE
            .iter()
            .find_map(|key| self.origins.get(key).cloned());
        let password = || {
            let set = environment.get(DATABASE_PASSWORD).is_some();
            set.then(|| Origin::Variable(DATABASE_PASSWORD.to_owned()))
        };
        origin
            .or_else(password)
            .map_or(Ok(()), |origin| Err(ConfigError::NoDatabase(origin)))
    }
}

/// Loads the settings from flags, variables, the file and the defaults, in this order of precedence.
///
/// `matches` are those of a command that declares `--config`, and some or all of the settings as flags.
pub fn load(matches: &ArgMatches, environment: &Environment) -> Result<Loaded, ConfigError> {
    let named = flag(matches, "config").or_else(|| environment.get("POSTRIDER_CONFIG").map(str::to_owned));
    let file = ConfigFile::read(named.as_deref().map(Path::new))?;
    let (settings, origins) = merge(|key| flag(matches, key), environment, &file)?;
    Ok(Loaded {
        settings,
        file,
        origins,
    })
}

/// The value of this argument on the command line; several values are joined with commas.
pub fn flag(matches: &ArgMatches, id: &str) -> Option<String> {
    let is_on_command_line =
        matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine);
    let values = is_on_command_line.then(|| matches.get_raw(id)).flatten()?;
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    Some(values.join(","))
}

fn merge(
    flag: impl Fn(&str) -> Option<String>,
    environment: &Environment,
    file: &ConfigFile,
) -> Result<(Settings, Origins), ConfigError> {
    let mut values = defaults();
    let mut origins = HashMap::new();
    for setting in settings() {
        let key = key(setting);
        // Check every value, even one that another overrides: otherwise a mistake in the file would surface
        // only when a flag is removed.
        if let Some((value, origin)) = file.get(key) {
            values.insert(key.to_owned(), checked(key, value, origin.clone())?);
            origins.insert(key, origin);
        }
        let variable = variable(key);
        if let Some(text) = environment.get(&variable) {
            let value = toml::Value::String(text.to_owned());
            let origin = Origin::Variable(variable);
            values.insert(key.to_owned(), checked(key, value, origin.clone())?);
            origins.insert(key, origin);
        }
        if let Some(text) = flag(key) {
            let origin = Origin::Flag(format!("--{}", key.replace('_', "-")));
            values.insert(
                key.to_owned(),
                checked(key, toml::Value::String(text), origin.clone())?,
            );
            origins.insert(key, origin);
        }
    }
    signature_profiles::merge(file, &mut values)?;
    for (one, other) in EXCLUSIVE {
        if let (Some(one), Some(other)) = (origins.get(one), origins.get(other)) {
            return Err(ConfigError::Conflict(one.clone(), other.clone()));
        }
    }
    let orphan = |needed: &str, prefix: &str| {
        let others = settings().map(key).filter(|key| key.starts_with(prefix));
        let mut set = others.filter_map(|key| origins.get(key).cloned());
        set.next().filter(|_| !origins.contains_key(needed))
    };
    if let Some(origin) = orphan("oidc_issuer", OF_THE_PROVIDER) {
        return Err(ConfigError::NoIssuer(origin));
    }
    if let Some(origin) = orphan("smtp_url", OF_THE_MAIL_SERVER) {
        return Err(ConfigError::NoMailServer(origin));
    }
    let of_collector = OF_THE_COLLECTOR.iter().find_map(|key| origins.get(key));
    if let Some(origin) = of_collector.filter(|_| !origins.contains_key("otlp_endpoint")) {
        return Err(ConfigError::NoCollector(origin.clone()));
    }
    let settings = read(values).expect("each value was checked, and no setting depends on another");
    if let Some(port) = port_in_two_places(&settings) {
        return Err(ConfigError::OnePort(port));
    }
    signature_profiles::check(&settings, file, origins.get("signature_profile"))?;
    Ok((settings, origins))
}

/// The port that both `listen` and `metrics_listen` name, on addresses that exclude each other.
fn port_in_two_places(settings: &Settings) -> Option<u16> {
    let (api, metrics) = (settings.listen, settings.metrics_listen?);
    let (one, other) = (api.ip(), metrics.ip());
    let overlap = one == other || one.is_unspecified() || other.is_unspecified();
    (overlap && api.port() == metrics.port() && api.port() != 0).then_some(api.port())
}

/// Returns the value if its setting accepts it.
fn checked(key: &str, value: toml::Value, origin: Origin) -> Result<toml::Value, ConfigError> {
    let mut values = defaults();
    values.insert(key.to_owned(), value.clone());
    match read(values) {
        Ok(_) => Ok(value),
        Err(error) => {
            let message = match value.as_str() {
                Some(text) => format!("`{text}`: {}", error.message()),
                None => error.message().to_owned(),
            };
            Err(ConfigError::Invalid { origin, message })
        }
    }
}

#[cfg(test)]
mod tests;
