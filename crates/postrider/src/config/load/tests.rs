use std::time::Duration;

use super::*;
use crate::command_line;

/// The settings from these flags, variables and file.
fn settings(flags: &[&str], variables: &[(&str, &str)], file: &str) -> Result<Settings, ConfigError> {
    loaded(flags, variables, file).map(|loaded| loaded.settings)
}

/// Like `settings`, with the checks of a command that uses the store.
fn loaded(flags: &[&str], variables: &[(&str, &str)], file: &str) -> Result<Loaded, ConfigError> {
    let environment = variables
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let environment = crate::config::environment::read(environment)?;
    let file = ConfigFile::parse(Path::new("postrider.toml"), file)?;
    let arguments = ["postrider", "serve"].iter().chain(flags);
    let matches = command_line::command().try_get_matches_from(arguments).unwrap();
    let (_, matches) = matches.subcommand().unwrap();
    let (settings, origins) = merge(|key| flag(matches, key), &environment, &file)?;
    let loaded = Loaded {
        settings,
        file,
        origins,
    };
    loaded.check_database(&environment)?;
    Ok(loaded)
}

fn refusal(flags: &[&str], variables: &[(&str, &str)], file: &str) -> String {
    settings(flags, variables, file).unwrap_err().to_string()
}

#[test]
fn flags_override_variables_then_the_file_then_defaults() {
    let timeout = |flags: &[&str], variables: &[(&str, &str)], file| {
        settings(flags, variables, file)
            .unwrap()
            .attempt_timeout
            .get()
            .as_secs()
    };
    let flag = ["--attempt-timeout", "1s"];
    let variable = [("POSTRIDER_ATTEMPT_TIMEOUT", "2s")];
    let file = "attempt_timeout = \"3s\"";
    assert_eq!(timeout(&flag, &variable, file), 1);
    assert_eq!(timeout(&[], &variable, file), 2);
    assert_eq!(timeout(&[], &[], file), 3);
    assert_eq!(timeout(&[], &[], ""), 15);
}

#[test]
fn a_flag_that_repeats_the_default_still_overrides_a_variable() {
    let variable = [("POSTRIDER_IN_FLIGHT_MAX", "7")];
    assert_eq!(
        settings(&["--in-flight-max", "2048"], &variable, "")
            .unwrap()
            .in_flight_max,
        2_048
    );
}

#[test]
fn every_source_can_hold_every_kind_of_value() {
    let from_flags = settings(
        &[
            "--listen=[::1]:0",
            "--retry-delays=1,2",
            "--allow-destination=10.0.0.0/8,::1",
            "--allow-destination=127.0.0.1",
            "--body-limit=1MiB",
            "--retention=7d",
            "--unseen-event-types=refuse",
            "--log-format=json",
            "--in-flight-max=9",
            "--stored-bytes-per-account-max=20GiB",
        ],
        &[],
        "",
    );
    let from_variables = settings(
        &[],
        &[
            ("POSTRIDER_LISTEN", "[::1]:0"),
            ("POSTRIDER_RETRY_DELAYS", "1,2"),
            ("POSTRIDER_ALLOW_DESTINATION", "10.0.0.0/8, ::1, 127.0.0.1"),
            ("POSTRIDER_BODY_LIMIT", "1MiB"),
            ("POSTRIDER_RETENTION", "7d"),
            ("POSTRIDER_UNSEEN_EVENT_TYPES", "refuse"),
            ("POSTRIDER_LOG_FORMAT", "json"),
            ("POSTRIDER_IN_FLIGHT_MAX", "9"),
            ("POSTRIDER_STORED_BYTES_PER_ACCOUNT_MAX", "20GiB"),
        ],
        "",
    );
    let from_file = settings(
        &[],
        &[],
        "listen = \"[::1]:0\"\nretry_delays = [1, 2]\nallow_destination = [\"10.0.0.0/8\", \"::1\", \"127.0.0.1\"]\n\
         body_limit = \"1MiB\"\nretention = \"7d\"\nunseen_event_types = \"refuse\"\nlog_format = \"json\"\n\
         in_flight_max = 9\nstored_bytes_per_account_max = \"20GiB\"",
    );
    let settings = from_flags.unwrap();
    assert_eq!(settings.retention.get(), Duration::from_secs(7 * 86_400));
    assert_eq!(settings.allow_destination.len(), 3);
    assert_eq!(settings.engine().stored_bytes_per_account_max, Some(20 << 30));
    assert_eq!(from_variables.unwrap(), settings);
    assert_eq!(from_file.unwrap(), settings);
}

#[test]
fn an_invalid_value_is_refused_with_its_origin() {
    assert_eq!(
        refusal(&[], &[("POSTRIDER_ATTEMPT_TIMEOUT", "15")], ""),
        "POSTRIDER_ATTEMPT_TIMEOUT: `15`: a duration needs a unit: `15ms`, `15s`, `15m`, `15h` or `15d`"
    );
    assert_eq!(
        refusal(&[], &[], "# ours\n\nretention = 30"),
        "postrider.toml, line 3: retention: a duration needs a unit: `30ms`, `30s`, `30m`, `30h` or `30d`"
    );
    assert_eq!(
        refusal(
            &[],
            &[("POSTRIDER_ALLOW_DESTINATION", "10.0.0.0/8,10.1.2.3/8")],
            ""
        ),
        "POSTRIDER_ALLOW_DESTINATION: `10.0.0.0/8,10.1.2.3/8`: `10.1.2.3/8`: the address has bits set after the \
         prefix: write `10.0.0.0/8` for the whole network"
    );
    assert_eq!(
        refusal(&[], &[], "in_flight_max = 0"),
        "postrider.toml, line 1: in_flight_max: expected 1 to 20000"
    );
    assert_eq!(
        refusal(&[], &[("POSTRIDER_STORED_BYTES_PER_ACCOUNT_MAX", "0")], ""),
        "POSTRIDER_STORED_BYTES_PER_ACCOUNT_MAX: `0`: expected 1B to 1048576GiB"
    );
    assert!(refusal(&[], &[], "listen = true").starts_with("postrider.toml, line 1: listen: "));
}

#[test]
fn an_invalid_value_is_refused_even_if_another_source_overrides_it() {
    let flag = ["--listen", "127.0.0.1:0"];
    assert!(
        refusal(&flag, &[], "listen = \"nowhere\"").starts_with("postrider.toml, line 1: listen: `nowhere`")
    );
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    assert_eq!(
        refusal(&[], &[], "listen = \"127.0.0.1:1\"\nretry-delays = [1]"),
        "postrider.toml, line 2: retry-delays is not a setting; did you mean retry_delays?"
    );
    assert_eq!(
        refusal(&[], &[], "[server]\nlisten = 1"),
        "postrider.toml, line 1: server is not a setting; see `postrider serve --help`"
    );
    assert!(refusal(&[], &[], "listen = ").starts_with("postrider.toml, line 1: "));
}

#[test]
fn database_settings_are_refused_without_a_database_url() {
    let url = ("POSTRIDER_DATABASE_URL", "postgres://app@db/p");
    for (variable, value) in [
        ("POSTRIDER_DATABASE_PASSWORD", "hidden"),
        ("POSTRIDER_DATABASE_PASSWORD_FILE", "/run/secrets/db"),
        ("POSTRIDER_DATABASE_CA_FILE", "/etc/ca.pem"),
        ("POSTRIDER_DATABASE_CONNECTIONS", "8"),
    ] {
        assert_eq!(
            refusal(&[], &[(variable, value)], ""),
            format!("{variable} is set without database_url: set database_url, or remove it")
        );
        assert!(settings(&[], &[(variable, value), url], "").is_ok());
    }
    assert!(settings(&[], &[], "").is_ok());
}

#[test]
fn the_api_and_the_metrics_cannot_listen_on_one_port() {
    for (listen, metrics) in [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        (":8080", "127.0.0.1:8080"),
        ("127.0.0.1:8080", "[::]:8080"),
    ] {
        let refused = refusal(&["--listen", listen, "--metrics-listen", metrics], &[], "");
        assert_eq!(
            refused,
            "listen and metrics_listen both name port 8080: give metrics_listen another one, or remove it"
        );
    }
    for (listen, metrics) in [
        ("127.0.0.1:8080", "127.0.0.1:9090"),
        ("127.0.0.1:8080", "127.0.0.2:8080"),
        ("127.0.0.1:0", "127.0.0.1:0"),
    ] {
        assert!(settings(&["--listen", listen, "--metrics-listen", metrics], &[], "").is_ok());
    }
}

#[test]
fn console_settings_are_read_from_every_source() {
    let from_flags = settings(
        &[
            "--public-url=https://webhooks.example.com/",
            "--console-frame-ancestors=self,https://app.example.com",
            "--console-product-name=Acme Hooks",
            "--console-accent-color=#AA3300",
            "--console-logo-file=logo.svg",
        ],
        &[],
        "",
    );
    let from_file = settings(
        &[],
        &[],
        "public_url = \"https://webhooks.example.com\"\nconsole_frame_ancestors = [\"self\", \"https://app.example.com\"]\n\
         console_product_name = \"Acme Hooks\"\nconsole_accent_color = \"#aa3300\"\nconsole_logo_file = \"logo.svg\"",
    );
    let settings = from_flags.unwrap();
    assert_eq!(settings.console_frame_sources(), "'self' https://app.example.com");
    assert_eq!(from_file.unwrap(), settings);
    assert_eq!(
        refusal(
            &[],
            &[("POSTRIDER_PUBLIC_URL", "https://example.com/hooks?a")],
            ""
        ),
        "POSTRIDER_PUBLIC_URL: `https://example.com/hooks?a`: expected an origin, perhaps with a path, such as \
         `https://example.com/webhooks`: no user, query or fragment"
    );
}

#[test]
fn what_webhooks_may_reach_is_written_alike_everywhere() {
    let expected = |settings: &Settings| {
        assert_eq!(settings.allow_port, [9200, 6379]);
        assert!(settings.https_only);
        let names: Vec<String> = settings
            .allow_destination_name
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["receiver", "*.local"]);
        assert_eq!(settings.deny_destination.len(), 1);
    };
    let flags = [
        "--allow-port=9200,6379",
        "--https-only",
        "--allow-destination-name=receiver",
        "--allow-destination-name=*.local",
        "--deny-destination=8.8.8.0/24",
    ];
    expected(&settings(&flags, &[], "").unwrap());
    let variables = [
        ("POSTRIDER_ALLOW_PORT", "9200,6379"),
        ("POSTRIDER_HTTPS_ONLY", "true"),
        ("POSTRIDER_ALLOW_DESTINATION_NAME", "receiver, *.local"),
        ("POSTRIDER_DENY_DESTINATION", "8.8.8.0/24"),
    ];
    expected(&settings(&[], &variables, "").unwrap());
    let file = "allow_port = [9200, \"6379\"]\nhttps_only = true\n\
        allow_destination_name = [\"receiver\", \"*.local\"]\ndeny_destination = [\"8.8.8.0/24\"]";
    expected(&settings(&[], &[], file).unwrap());
    let overridden = settings(&["--https-only=false"], &variables, file).unwrap();
    assert!(!overridden.https_only);
    assert!(!settings(&[], &[], "").unwrap().https_only);
    for (flag, file) in [
        ("--only-port=443,8443", ""),
        ("--https-only", "only_port = [443, \"8443\"]"),
    ] {
        assert_eq!(settings(&[flag], &[], file).unwrap().only_port, [443, 8443]);
    }
    assert_eq!(
        refusal(&["--allow-port=9200"], &[], "only_port = [443]"),
        "both --allow-port and postrider.toml, line 1: only_port are set: remove one of them"
    );
    for (key, value) in [
        ("POSTRIDER_ALLOW_PORT", "0"),
        ("POSTRIDER_HTTPS_ONLY", "yes"),
        ("POSTRIDER_ALLOW_DESTINATION_NAME", "example.com"),
    ] {
        assert!(refusal(&[], &[(key, value)], "").starts_with(key), "{key}");
    }
}

#[test]
fn the_identity_providers_settings_are_written_alike_everywhere_and_need_its_issuer() {
    let file = "oidc_issuer = \"https://id.example\"\noidc_client_id = \"p\"\noidc_admin = [\"cn=ops,ou=groups\", \"root\"]\n\
        oidc_role_claim = \"/realm_access/roles\"\nsign_in_by_key = false";
    let from_file = settings(&[], &[], file).unwrap();
    assert_eq!(from_file.oidc_admin, ["cn=ops,ou=groups", "root"]);
    assert!(!from_file.sign_in_by_key);
    let flags = [
        "--oidc-issuer=https://id.example",
        "--oidc-client-id=p",
        "--oidc-viewer=sales,finance",
        "--oidc-viewer=support",
        "--sign-in-by-key=false",
    ];
    let from_flags = settings(&flags, &[], "").unwrap();
    assert_eq!(from_flags.oidc_viewer, ["sales", "finance", "support"]);
    assert_eq!(from_flags.oidc_scopes.as_str(), "openid profile email");
    assert!(settings(&[], &[], "").unwrap().sign_in_by_key);
    for (key, value, why) in [
        ("POSTRIDER_OIDC_ADMIN", "ops", "is set without oidc_issuer"),
        ("POSTRIDER_OIDC_NAME", "Acme", "is set without oidc_issuer"),
        ("POSTRIDER_OIDC_ISSUER", "http://id.example", "https"),
        ("POSTRIDER_OIDC_SCOPES", "profile", "openid"),
        ("POSTRIDER_OIDC_VIEWER", "a,,b", "visible"),
    ] {
        let refused = refusal(&[], &[(key, value)], "");
        assert!(refused.starts_with(key) && refused.contains(why), "{refused}");
    }
}

/// A profile with one header of these members.
fn profile(name: &str, members: &str) -> String {
    format!("[signature_profiles.{name}]\n[[signature_profiles.{name}.headers]]\n{members}")
}

#[test]
fn a_signature_profile_of_the_file_can_be_the_usual_one() {
    let members = "name = \"X-Acme\"\nvalue = \"{hex}\"\nsigned = \"{body}\"";
    let file = format!("signature_profile = \"acme\"\n{}", profile("acme", members));
    let profiles = settings(&[], &[], &file).unwrap().signature_profiles().unwrap();
    assert_eq!(profiles.default_profile().name(), "acme");
    assert!(profiles.find(Some("github")).is_some());
}

#[test]
fn each_fault_of_a_signature_profile_is_refused_with_its_place() {
    let at = |key: &str| format!("postrider.toml, line 1: signature_profiles.{key}: ");
    let value = "name = \"X-Acme\"\nvalue = \"{hex}\"";
    for (file, message) in [
        (
            profile("acme", value),
            at("acme") + "headers[0].signed: required, because the value holds a signature",
        ),
        (
            profile("acme", "name = \"X-Acme\""),
            at("acme") + "missing field `value`",
        ),
        (
            profile(
                "acme",
                &format!("{value}\nsigned = \"{{body}}\"\ndigest = \"md5\""),
            ),
            at("acme")
                + "unknown variant `md5`, expected one of `hmac-sha256`, `hmac-sha1`, `hmac-sha512`, `ed25519`",
        ),
        (
            profile("stripe", &format!("{value}\nsigned = \"{{body}}\"")),
            at("stripe") + "name: a built-in profile has this name",
        ),
        (
            profile(
                "acme",
                "name = \"X-Forwarded-For\"\nvalue = \"{hex}\"\nsigned = \"{body}\"",
            ),
            at("acme")
                + "headers[0].name: Postrider sets this header, or it belongs to the connection, to a proxy or to a cloud",
        ),
        (
            "signature_profiles = 1".to_owned(),
            "postrider.toml, line 1: signature_profiles: expected tables, such as [signature_profiles.acme]"
                .to_owned(),
        ),
    ] {
        assert_eq!(refusal(&[], &[], &file), message);
    }
    let unknown = [("POSTRIDER_SIGNATURE_PROFILE", "acme")];
    assert_eq!(
        refusal(&[], &unknown, ""),
        "POSTRIDER_SIGNATURE_PROFILE: `acme` is no signature profile; there are postrider, standard, svix, github, stripe, shopify"
    );
}
