use super::*;

const FROM: &str = "Example <automations@example.com>";

fn read(url: &str) -> Result<SmtpSettings, SettingsError> {
    SmtpSettings::read(&SmtpTexts {
        url,
        user: None,
        password: None,
        from: FROM,
    })
}

fn with_credentials(
    url: &str,
    user: Option<&str>,
    password: Option<&str>,
) -> Result<SmtpSettings, SettingsError> {
    SmtpSettings::read(&SmtpTexts {
        url,
        user,
        password,
        from: FROM,
    })
}

#[test]
fn a_url_says_where_the_server_is_and_how_the_connection_is_encrypted() {
    for (url, server, security) in [
        (
            "smtp://mail.example.com:587",
            "mail.example.com:587",
            Security::StartTls,
        ),
        (
            "smtp://mail.example.com",
            "mail.example.com:587",
            Security::StartTls,
        ),
        (
            "SMTP://Mail.Example.com/",
            "mail.example.com:587",
            Security::StartTls,
        ),
        (
            "smtp://mail.example.com:25",
            "mail.example.com:25",
            Security::StartTls,
        ),
        (
            "smtps://mail.example.com",
            "mail.example.com:465",
            Security::Implicit,
        ),
        (
            "smtps://mail.example.com:2465",
            "mail.example.com:2465",
            Security::Implicit,
        ),
        ("smtp://10.0.0.7:25?tls=none", "10.0.0.7:25", Security::None),
        ("smtp://mail?tls=none", "mail:25", Security::None),
        ("smtp://[fd00::1]:2525", "[fd00::1]:2525", Security::StartTls),
        (
            "smtp://mail.example.com.:587",
            "mail.example.com:587",
            Security::StartTls,
        ),
        (
            "smtp://bücher.example",
            "xn--bcher-kva.example:587",
            Security::StartTls,
        ),
    ] {
        let settings = read(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(
            (settings.server().as_str(), settings.security),
            (server, security),
            "{url}"
        );
    }
}

#[test]
fn each_wrong_setting_has_a_clear_error() {
    use SettingsError as E;
    for (url, error) in [
        ("", E::Url),
        ("mail.example.com", E::Url),
        ("mail.example.com:587", E::Scheme),
        ("smtp://", E::Url),
        ("smtp:///", E::Url),
        ("smtp://mail.example.com:0", E::Url),
        ("smtp://mail.example.com:99999", E::Url),
        ("smtp://a b:25", E::Url),
        ("smtp://a%0d%0ab:25", E::Url),
        ("smtp://mail..:25", E::Url),
        ("smtp://.:25", E::Url),
        ("smtp://mail..example.com", E::Url),
        (
            "smtp://a-label-that-is-longer-than-the-sixty-three-bytes-that-dns-permits.example.com",
            E::Url,
        ),
        ("https://mail.example.com", E::Scheme),
        ("smtp://u@mail.example.com", E::CredentialsInUrl),
        ("smtp://u:hunter22@mail.example.com", E::CredentialsInUrl),
        ("smtp://:hunter22@mail.example.com", E::CredentialsInUrl),
        ("smtp://mail.example.com/inbox", E::Rest),
        ("smtp://mail.example.com#a", E::Rest),
        ("smtp://mail.example.com?tls=off", E::Rest),
        ("smtp://mail.example.com?tls=none&x=1", E::Rest),
        ("smtps://mail.example.com?tls=none", E::Rest),
        ("smtp://mail.example.com:465", E::ImplicitPort),
        ("smtps://mail.example.com:587", E::PlainPort(587)),
        ("smtps://mail.example.com:25", E::PlainPort(25)),
    ] {
        assert_eq!(read(url).unwrap_err(), error, "{url}");
        assert!(!error.to_string().contains("hunter22"));
    }
}

#[test]
fn a_password_needs_a_user_and_an_encrypted_connection() {
    let url = "smtp://mail.example.com:587";
    assert!(
        with_credentials(url, Some("u"), Some("p"))
            .unwrap()
            .credentials
            .is_some()
    );
    for (user, password) in [(Some("u"), None), (None, Some("p"))] {
        let error = with_credentials(url, user, password).unwrap_err();
        assert_eq!(error, SettingsError::HalfCredentials);
    }
    let error = with_credentials("smtp://mail.example.com?tls=none", Some("u"), Some("p")).unwrap_err();
    assert_eq!(error, SettingsError::CredentialsWithoutTls);
    let long = "x".repeat(CREDENTIAL_BYTES_MAX + 1);
    for wrong in ["", "a\nb", "a\0b", &long] {
        let error = with_credentials(url, Some(wrong), Some("p")).unwrap_err();
        assert_eq!(error, SettingsError::Credential("smtp_user"), "{wrong:?}");
        let error = with_credentials(url, Some("u"), Some(wrong)).unwrap_err();
        assert_eq!(
            error,
            SettingsError::Credential("smtp_password_file"),
            "{wrong:?}"
        );
    }
}

#[test]
fn the_password_does_not_print() {
    let texts = SmtpTexts {
        url: "smtp://mail.example.com",
        user: Some("ann"),
        password: Some("hunter22"),
        from: FROM,
    };
    let settings = SmtpSettings::read(&texts).unwrap();
    let printed = format!("{settings:?} {texts:?}");
    assert!(
        printed.contains("automations@example.com") && !printed.contains("hunter22"),
        "{printed}"
    );
}

#[test]
fn a_wrong_sender_is_an_error_of_its_setting() {
    let error = SmtpSettings::read(&SmtpTexts {
        url: "smtp://mail.example.com",
        user: None,
        password: None,
        from: "Example",
    });
    assert!(error.unwrap_err().to_string().starts_with("smtp_from: "));
}
