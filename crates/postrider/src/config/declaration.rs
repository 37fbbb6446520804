//! What can be known of the settings from their one declaration: names, defaults, help.

use std::sync::LazyLock;

use clap::{Arg, Args, Command};
use serde::Deserialize;

use super::settings::Settings;

/// What every variable of ours starts with.
pub const VARIABLE_PREFIX: &str = "POSTRIDER_";

/// Variables that the server reads beside its settings, with what they are for.
const SERVER_VARIABLES: [(&str, &str); 3] = [
    (
        "POSTRIDER_ADMIN_KEY",
        "the API key of the operator; if unset, the first start creates one and prints it",
    ),
    (
        "POSTRIDER_DATABASE_PASSWORD",
        "the password of the PostgreSQL database, if neither the URL nor a file holds it",
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

/// The values of all settings that have a default, as they would stand in a variable.
pub fn defaults() -> toml::Table {
    let with_default = settings().filter_map(|setting| {
        let text = setting.get_default_values().first()?.to_str()?;
        Some((key(setting).to_owned(), toml::Value::String(text.to_owned())))
    });
    with_default.collect()
}

/// The settings that these values make.
pub fn read(values: toml::Table) -> Result<Settings, toml::de::Error> {
    Settings::deserialize(toml::Value::Table(values))
}

/// Says in a command's help which variable sets each setting too, and what it is otherwise.
pub fn with_variables_in_help(command: Command) -> Command {
    command.mut_args(|argument| {
        if !settings().any(|setting| setting.get_id() == argument.get_id()) {
            return argument;
        }
        let default = argument
            .get_default_values()
            .first()
            .and_then(|value| value.to_str());
        let default = default
            .map(|value| format!(" [default: {value}]"))
            .unwrap_or_default();
        let names = format!("[variable: {}]{default}", variable(argument.get_id().as_str()));
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let long_help = argument
            .get_long_help()
            .map_or_else(|| help.clone(), ToString::to_string);
        argument
            .help(format!("{help} {names}"))
            .long_help(format!("{long_help}\n{names}"))
            .hide_default_value(true)
            .hide_possible_values(true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_that_its_setting_takes() {
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
