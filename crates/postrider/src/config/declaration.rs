//! Names, defaults and help of the settings, read from their one declaration.

use std::sync::LazyLock;

use clap::{Arg, Args, Command};
use serde::Deserialize;

use super::settings::Settings;

/// The prefix of every Postrider variable.
pub const VARIABLE_PREFIX: &str = "POSTRIDER_";

/// Variables that the server reads beside its settings, with what they are for.
const SERVER_VARIABLES: [(&str, &str); 6] = [
    (
        "POSTRIDER_ADMIN_KEY",
        "the API key of the operator, if no file holds it; with neither, the first start creates one",
    ),
    (
        "POSTRIDER_DATABASE_PASSWORD",
        "the password of the PostgreSQL database, if neither the URL nor a file holds it",
    ),
    (
        "POSTRIDER_MASTER_KEY",
        "the master key, instead of a file or a command; several keys are separated by spaces",
    ),
    (
        "POSTRIDER_OIDC_CLIENT_SECRET",
        "the secret of the client at the identity provider, if no file holds it",
    ),
    (
        "POSTRIDER_OTLP_HEADERS",
        "headers for the OTLP collector, `name=value` separated by commas, if no file holds them",
    ),
    ("POSTRIDER_CONFIG", "same as --config"),
];

/// All variables that are not settings, with what they are for.
pub fn other_variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    SERVER_VARIABLES
        .into_iter()
        .chain(postrider_cli::environment::VARIABLES)
}

/// The declared settings as arguments of a command.
static DECLARED: LazyLock<Command> = LazyLock::new(|| Settings::augment_args(Command::new("settings")));

/// All settings, in the order of their declaration.
pub fn settings() -> impl Iterator<Item = &'static Arg> {
    DECLARED.get_arguments()
}

/// The key of a setting in the file.
pub fn key(setting: &'static Arg) -> &'static str {
    setting.get_id().as_str()
}

/// The variable that sets the setting with this key.
pub fn variable(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.to_ascii_uppercase())
}

/// The default values of all settings that have one, written as in a variable.
pub fn defaults() -> toml::Table {
    let with_default = settings().filter_map(|setting| {
        let text = setting.get_default_values().first()?.to_str()?;
        Some((key(setting).to_owned(), toml::Value::String(text.to_owned())))
    });
    with_default.collect()
}

/// The settings with these values.
pub fn read(values: toml::Table) -> Result<Settings, toml::de::Error> {
    Settings::deserialize(toml::Value::Table(values))
}

/// The commands with settings as flags.
const HAVE_SETTINGS: [&str; 7] = ["serve", "check", "health", "migrate", "backup", "restore", "copy"];

/// Adds to the help of a command and its subcommands: the variable and the default of each setting, and the
/// possible values of an argument. clap would put these into separate paragraphs.
pub fn with_origins_in_help(command: Command) -> Command {
    let has_variables = HAVE_SETTINGS.contains(&command.get_name());
    // `check` has all settings of `serve`, and its help says so in one line.
    let hides_settings = command.get_name() == "check";
    command
        .mut_args(|argument| {
            let is_setting = settings().any(|setting| setting.get_id() == argument.get_id());
            argument.hide(hides_settings && is_setting)
        })
        .disable_help_subcommand(true)
        .mut_args(|argument| with_origins(argument, has_variables))
        .mut_subcommands(with_origins_in_help)
}

fn with_origins(argument: Arg, has_variables: bool) -> Arg {
    let is_setting = has_variables && settings().any(|setting| setting.get_id() == argument.get_id());
    let variable = is_setting.then(|| format!(" [variable: {}]", variable(argument.get_id().as_str())));
    let default = argument
        .get_default_values()
        .first()
        .and_then(|value| value.to_str())
        .filter(|_| argument.get_action().takes_values())
        .map(|value| format!(" [default: {value}]"));
    let origins =
        variable.unwrap_or_default() + &default.unwrap_or_default() + &possible_values(&argument, is_setting);
    if origins.is_empty() {
        return argument;
    }
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let long_help = argument
        .get_long_help()
        .map_or_else(|| help.clone(), ToString::to_string);
    argument
        .help(format!("{help}{origins}"))
        .long_help(format!(
            "{long_help}{}{}",
            if is_setting { "\n" } else { " " },
            origins.trim_start()
        ))
        .hide_default_value(true)
        .hide_possible_values(true)
}

/// The values that an argument accepts, if they are few. The help of a setting explains them itself.
fn possible_values(argument: &Arg, is_setting: bool) -> String {
    let values = argument.get_possible_values();
    if is_setting || values.is_empty() || !argument.get_action().takes_values() {
        return String::new();
    }
    let names: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
    format!(" [values: {}]", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_valid_for_its_setting() {
        let settings = read(defaults()).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert!(settings.allow_destination.is_empty());
    }

    #[test]
    fn every_setting_has_help_and_a_flag_named_after_its_key() {
        for setting in settings() {
            assert!(setting.get_help().is_some(), "{}", key(setting));
            assert_eq!(setting.get_long(), Some(key(setting).replace('_', "-").as_str()));
        }
    }
}
