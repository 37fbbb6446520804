//! The commented reference of `postrider.toml`, written from the declaration.

use std::fmt::Write as _;

use super::declaration::{defaults, key, other_variables, read, settings, variable};
use postrider_cli::display::wrapped;

const HEAD: [&str; 3] = [
    "The settings of `postrider serve`. This file is read from ./postrider.toml, or from where --config or \
     POSTRIDER_CONFIG say. Keys that are not listed here are refused.",
    "A flag goes before a variable, a variable before this file, and this file before the default. Lists are replaced \
     as a whole. Relative paths start from the working directory. Each line below that is commented out shows the \
     default; where a setting has none, an example.",
    "Generated from the code: do not edit.",
];

/// The text of `docs/reference/postrider.toml`.
pub fn reference() -> String {
    let values = read(defaults())
        .ok()
        .and_then(|settings| toml::Table::try_from(settings).ok())
        .unwrap_or_default();
    let mut text = HEAD.map(comment).join("#\n");
    for setting in settings() {
        let key = key(setting);
        let help = setting
            .get_long_help()
            .or(setting.get_help())
            .map(ToString::to_string)
            .unwrap_or_default();
        let value = values.get(key).map_or_else(|| example(key), ToString::to_string);
        let names = format!("--{}, {}", key.replace('_', "-"), variable(key));
        let lines = comment(&format!("{help}.")) + &comment(&names);
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{lines}#{key} = {value}\n");
    }
    text.push_str("\n# Variables that have no key here:\n");
    for (name, meaning) in other_variables() {
        let _ = write!(text, "{}", comment(&format!("{name}: {meaning}")));
    }
    text
}

/// A value for a setting that has no default.
fn example(key: &str) -> String {
    match key {
        "database_url" => "\"postgres://postrider@db.internal/postrider?sslmode=require\"",
        "database_password_file" => "\"/run/secrets/postrider-db\"",
        "database_ca_file" => "\"/etc/postrider/database-authorities.pem\"",
        "public_url" => "\"https://webhooks.example.com\"",
        "console_logo_file" => "\"/etc/postrider/logo.svg\"",
        "extra_ca_file" => "\"/etc/postrider/authorities.pem\"",
        _ => "[]",
    }
    .to_owned()
}

/// The text as comment lines.
fn comment(text: &str) -> String {
    wrapped(text, "# ")
}
