//! The facts about the process that the console shows: version, store and settings, without secrets.
//!
//! Settings are shown in their serialised form, and a type that holds a secret serialises without it
//! ([`DatabaseUrl`]). Secrets that are not settings (the API key, the database's password) are not shown. For
//! a secret in a file, the console shows the path.
//!
//! [`DatabaseUrl`]: crate::config::database::DatabaseUrl

use postrider_console::{SettingRow, SystemFacts};

use postrider_docs::guides;

use crate::config::Settings;
use crate::config::declaration;

/// The facts of a node with these settings.
pub fn facts(settings: &Settings) -> SystemFacts {
    SystemFacts {
        version: env!("CARGO_PKG_VERSION"),
        store: match &settings.database_url {
            None => format!("SQLite in {}", settings.data_dir.display()),
            Some(url) => format!("PostgreSQL at {url}"),
        },
        settings: rows(settings),
    }
}

fn rows(settings: &Settings) -> Vec<SettingRow> {
    let values = toml::Table::try_from(settings).unwrap_or_default();
    let row = |setting| {
        let key = declaration::key(setting);
        let help = setting.get_long_help().or(setting.get_help());
        // clap removes the full stop at the end.
        let help = help.map(|help| format!("{help}.")).unwrap_or_default();
        SettingRow {
            key: key.to_owned(),
            value: values.get(key).map(|value| shown(key, value)).unwrap_or_default(),
            // Who looks at the console may not have the files that the help names.
            help: if settings.docs {
                guides::as_pages(&help)
            } else {
                help
            },
        }
    };
    declaration::settings().map(row).collect()
}

/// The value as a variable would hold it. A command may contain a token.
fn shown(key: &str, value: &toml::Value) -> String {
    match key {
        "master_key_command" => "***".to_owned(),
        _ => text(value),
    }
}

/// The value as a variable would hold it.
fn text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(changes: &[(&str, &str)]) -> Settings {
        let mut values = declaration::defaults();
        for (key, value) in changes {
            values.insert((*key).to_owned(), toml::Value::String((*value).to_owned()));
        }
        declaration::read(values).unwrap()
    }

    #[test]
    fn every_setting_is_shown_without_secrets() {
        for url in [
            "postgres://app:hidden@db/postrider",
            "postgres://app@db/postrider?password=hidden",
            "host=db user=app password=hidden",
        ] {
            let facts = facts(&settings(&[
                ("database_url", url),
                ("database_password_file", "/run/secrets/db"),
                ("master_key_command", "vault read -token=hidden"),
                ("egress_proxy", "http://app:hidden@proxy:3128"),
            ]));
            assert!(!format!("{facts:?}").contains("hidden"), "{facts:?}");
            assert!(facts.store.starts_with("PostgreSQL at "), "{}", facts.store);
            assert_eq!(facts.settings.len(), declaration::settings().count());
        }
    }

    #[test]
    fn help_names_the_pages_that_the_server_shows() {
        let help = |docs: &str| {
            let rows = facts(&settings(&[("docs", docs)])).settings;
            let row = rows.into_iter().find(|row| row.key == "log_requests");
            row.unwrap().help
        };
        assert!(
            help("true").ends_with("See /docs/guides/operating-logs."),
            "{}",
            help("true")
        );
        assert!(
            help("false").ends_with("See docs/operating/logs.md."),
            "{}",
            help("false")
        );
    }

    #[test]
    fn values_are_shown_as_variables_take_them() {
        let facts = facts(&settings(&[("allow_destination", "10.0.0.0/8,192.168.0.0/16")]));
        let value = |key: &str| {
            let row = facts.settings.iter().find(|row| row.key == key).unwrap();
            row.value.as_str()
        };
        assert_eq!(value("allow_destination"), "10.0.0.0/8,192.168.0.0/16");
        assert_eq!(value("retry_delays"), "10,100");
        assert_eq!(value("database_url"), "");
        assert_eq!(value("database_connections"), "8");
        assert_eq!(facts.store, "SQLite in ./postrider-data");
        assert!(facts.settings.iter().all(|row| !row.help.is_empty()));
    }
}
