//! The commented reference of `postrider.toml`, generated from the declaration.

use std::fmt::Write as _;

use super::declaration::{defaults, key, other_variables, read, settings, variable};
use postrider_cli::display::{TEXT_WIDTH, wrapped};

const HEAD: [&str; 3] = [
    "The settings of `postrider serve`. The server reads ./postrider.toml, or the file that --config or \
     POSTRIDER_CONFIG names. It refuses keys that are not listed here.",
    "A flag overrides a variable, a variable overrides this file, and this file overrides the default. A list replaces \
     the whole list. Relative paths start from the working directory. Each commented-out key shows the default, or an \
     example if there is no default.",
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
    text.push_str("\n# Variables without a key in this file:\n");
    for (name, meaning) in other_variables() {
        let _ = write!(text, "{}", comment(&format!("{name}: {meaning}")));
    }
    text.push_str(super::signature_profiles::EXAMPLE);
    text
}

/// An example value for a setting without a default.
fn example(key: &str) -> String {
    match key {
        "database_url" => "\"postgres://postrider@db.internal/postrider?sslmode=require\"",
        "admin_key_file" => "\"/run/secrets/postrider-admin-key\"",
        "database_password_file" => "\"/run/secrets/postrider-db\"",
        "database_ca_file" => "\"/etc/postrider/database-authorities.pem\"",
        "master_key_file" => "\"/etc/postrider/master.key\"",
        "master_key_command" => "\"systemd-creds cat postrider-master-key\"",
        "oidc_issuer" => "\"https://login.example.com/realms/staff\"",
        "oidc_client_id" => "\"postrider\"",
        "oidc_client_secret_file" => "\"/run/secrets/oidc\"",
        "metrics_listen" => "\"127.0.0.1:9090\"",
        "public_url" => "\"https://webhooks.example.com\"",
        "console_logo_file" => "\"/etc/postrider/logo.svg\"",
        "requests_per_s_and_key" => "100",
        "events_per_s_and_account" => "500",
        "stored_bytes_per_account_max" => "\"20GiB\"",
        "egress_proxy" => "\"http://postrider@proxy.example.com:3128\"",
        "egress_proxy_password_file" => "\"/run/secrets/egress-proxy\"",
        "smtp_url" => "\"smtp://mail.example.com:587\"",
        "smtp_user" => "\"postrider\"",
        "smtp_password_file" => "\"/run/secrets/smtp\"",
        "smtp_from" => "\"Example <automations@example.com>\"",
        "otlp_endpoint" => "\"http://127.0.0.1:4318\"",
        "otlp_headers_file" => "\"/run/secrets/otlp-headers\"",
        "extra_ca_file" => "\"/etc/postrider/authorities.pem\"",
        _ => "[]",
    }
    .to_owned()
}

/// The text as comment lines.
fn comment(text: &str) -> String {
    wrapped(text, "# ", TEXT_WIDTH)
}
