use postrider_model::{ConnectionId, Timestamp};

use super::*;

fn checked(
    draft: &ConnectionDraft,
    current: Option<&Connection>,
) -> Result<Authentication, Vec<(String, &'static str)>> {
    let guard = EgressGuard::new(Vec::new());
    let rules = Rules {
        guard: &guard,
        header_names: &HeaderNames::new("Acme"),
        needs_hosts: false,
    };
    let checked = check(draft, current, &rules).map(|checked| checked.authentication);
    checked.map_err(|error| match error {
        ConfigureError::Faults(faults) => faults.into_iter().map(|it| (it.pointer, it.code)).collect(),
        error => panic!("{error}"),
    })
}

fn faults(draft: &ConnectionDraft) -> Vec<(String, &'static str)> {
    checked(draft, None).err().unwrap_or_default()
}

fn fault(pointer: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(pointer.to_owned(), code)]
}

fn stored(authentication: Authentication) -> Connection {
    Connection {
        id: ConnectionId::from_u128(1),
        name: "CRM".to_owned(),
        authentication,
        created_at: Timestamp::from_unix_ms(0),
        updated_at: Timestamp::from_unix_ms(0),
        version: 1,
        hosts: Vec::new(),
    }
}

fn draft(connection_type: ConnectionType) -> ConnectionDraft {
    ConnectionDraft::new("CRM", connection_type)
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn bearer(token: &str) -> ConnectionDraft {
    ConnectionDraft {
        token: some(token),
        ..draft(ConnectionType::Bearer)
    }
}

fn basic(user: &str, password: &str) -> ConnectionDraft {
    ConnectionDraft {
        user: some(user),
        password: some(password),
        ..draft(ConnectionType::Basic)
    }
}

fn header(name: &str, value: &str) -> ConnectionDraft {
    ConnectionDraft {
        header_name: some(name),
        header_value: some(value),
        ..draft(ConnectionType::Header)
    }
}

fn oauth2() -> ConnectionDraft {
    ConnectionDraft {
        token_url: some("https://id.example/token"),
        client_id: some("me"),
        client_secret: some("hidden"),
        ..draft(ConnectionType::OAuth2)
    }
}

#[test]
fn tokens_and_passwords_cannot_add_a_line_or_a_second_word() {
    for token in ["", "a b", "a\r\nX-Evil: 1", "a\n", "é", "a\0"] {
        assert_eq!(
            faults(&bearer(token)),
            fault("/token", "invalid_value"),
            "{token:?}"
        );
    }
    assert_eq!(faults(&bearer(&"x".repeat(4_096))), []);
    assert_eq!(faults(&bearer(&"x".repeat(4_097))), fault("/token", "too_long"));
    for (user, password) in [("me", "pä ss:wörd"), ("me", ""), ("", "x")] {
        assert_eq!(faults(&basic(user, password)), []);
    }
    assert_eq!(faults(&basic("a:b", "x")), fault("/user", "invalid_value"));
    assert_eq!(faults(&basic("a\n", "x")), fault("/user", "invalid_value"));
    assert_eq!(faults(&basic("a", "x\r\n")), fault("/password", "invalid_value"));
    assert_eq!(faults(&basic("", "")), fault("/user", "blank"));
}

#[test]
fn a_header_is_none_of_ours_and_cannot_split_a_request() {
    assert_eq!(faults(&header("X-Api-Key", "a b")), []);
    assert_eq!(faults(&header("Authorization", "Key a")), []);
    for name in ["Host", "Acme-Signature", "Proxy-Authorization", "webhook_id"] {
        assert_eq!(
            faults(&header(name, "x")),
            fault("/header_name", "reserved_header"),
            "{name}"
        );
    }
    for name in ["a b", "a:", "a\r\nb", "é"] {
        assert_eq!(faults(&header(name, "x")), fault("/header_name", "invalid_value"));
    }
    for value in ["", "a\r\nb: c", " a", "é"] {
        assert_eq!(
            faults(&header("X-A", value)),
            fault("/header_value", "invalid_value")
        );
    }
}

#[test]
fn members_of_another_type_and_missing_ones_are_refused() {
    let both = ConnectionDraft {
        user: some("me"),
        private_key: some("x"),
        ..bearer("abc")
    };
    let extra = ["/user", "/private_key"].map(|it| (it.to_owned(), "invalid_value"));
    assert_eq!(faults(&both), extra);
    let required =
        |pointers: &[&str]| -> Vec<_> { pointers.iter().map(|it| ((*it).to_owned(), "required")).collect() };
    for (of, pointers) in [
        (ConnectionType::Bearer, &["/token"][..]),
        (ConnectionType::Basic, &["/password"]),
        (ConnectionType::Header, &["/header_value", "/header_name"]),
        (
            ConnectionType::OAuth2,
            &["/token_url", "/client_id", "/client_secret"],
        ),
        (
            ConnectionType::ClientCertificate,
            &["/private_key", "/certificate"],
        ),
    ] {
        assert_eq!(faults(&draft(of)), required(pointers), "{of:?}");
    }
    assert_eq!(faults(&bearer(MASK)), fault("/token", "value_required"));
}

#[test]
fn a_token_endpoint_is_judged_like_the_url_of_an_action() {
    assert_eq!(faults(&oauth2()), []);
    for (url, code) in [
        ("http://169.254.169.254/token", "destination_forbidden"),
        ("https://10.0.0.1/token", "destination_forbidden"),
        ("ftp://id.example/", "url_scheme"),
        ("https://me:secret@id.example/", "url_user_info"),
        ("", "url_invalid"),
    ] {
        let draft = ConnectionDraft {
            token_url: some(url),
            ..oauth2()
        };
        assert_eq!(faults(&draft), fault("/token_url", code), "{url}");
    }
}

#[test]
fn parameters_of_a_token_request_are_plain_text() {
    let with = |change: fn(&mut ConnectionDraft)| {
        let mut draft = oauth2();
        change(&mut draft);
        faults(&draft)
    };
    assert_eq!(
        with(|it| it.client_id = some("a\n")),
        fault("/client_id", "invalid_value")
    );
    assert_eq!(
        with(|it| it.client_secret = some("é")),
        fault("/client_secret", "invalid_value")
    );
    assert_eq!(
        with(|it| it.client_secret = some("")),
        fault("/client_secret", "blank")
    );
    for scope in ["a  b", " a", "a\"b", "a\\b", "a\n"] {
        let draft = ConnectionDraft {
            scope: some(scope),
            ..oauth2()
        };
        assert_eq!(faults(&draft), fault("/scope", "invalid_value"), "{scope:?}");
    }
    assert_eq!(
        with(|it| it.audience = some("a\0")),
        fault("/audience", "invalid_value")
    );
    let digest = fault("/client_authentication", "invalid_value");
    assert_eq!(with(|it| it.client_authentication = some("digest")), digest);
    assert_eq!(with(|it| it.scope = some("")), [], "an empty scope is none");
}

#[test]
fn a_draft_of_what_is_stored_changes_nothing() {
    for draft in [bearer("abc"), basic("me", "x"), header("X-A", "1"), oauth2()] {
        let stored = stored(checked(&draft, None).unwrap());
        let again = ConnectionDraft::of(&stored);
        assert_eq!(checked(&again, Some(&stored)), Ok(stored.authentication.clone()));
    }
}

#[test]
fn a_secret_is_kept_unless_it_would_go_to_another_server() {
    let stored = stored(checked(&oauth2(), None).unwrap());
    let moved = |url: &str, secret: Option<&str>| {
        let draft = ConnectionDraft {
            token_url: some(url),
            client_secret: secret.map(str::to_owned),
            ..oauth2()
        };
        checked(&draft, Some(&stored))
    };
    for secret in [None, Some(MASK)] {
        let kept = moved("https://ID.example:443/other", secret).unwrap();
        assert_eq!(kept.secret().expose(), "hidden");
        for url in [
            "https://evil.example/token",
            "http://id.example/token",
            "https://id.example:8443/",
        ] {
            let refused = moved(url, secret);
            assert_eq!(refused, Err(fault("/client_secret", "value_required")), "{url}");
        }
    }
    assert!(moved("https://other.example/token", Some("new")).is_ok());
}

#[test]
fn the_type_of_a_connection_never_changes() {
    let stored = stored(checked(&bearer("abc"), None).unwrap());
    let changed = checked(&basic("me", "x"), Some(&stored));
    assert_eq!(changed, Err(fault("/type", "read_only")));
    let kept = checked(&basic("me", MASK), Some(&stored)).unwrap_err();
    assert!(
        kept.contains(&("/password".to_owned(), "value_required")),
        "no secret of another type is kept"
    );
}

#[test]
fn a_certificate_and_its_key_are_checked_together() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().pem();
    let with = |certificate: &str, private_key: &str| ConnectionDraft {
        certificate: some(certificate),
        private_key: some(private_key),
        ..draft(ConnectionType::ClientCertificate)
    };
    assert_eq!(faults(&with(&certificate, &key.serialize_pem())), []);
    let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let mismatch = fault("/private_key", "invalid_value");
    assert_eq!(faults(&with(&certificate, &other)), mismatch);
    assert_eq!(
        faults(&with("no certificate", &other)),
        fault("/certificate", "invalid_value")
    );
    let combined = format!("{certificate}{}", key.serialize_pem());
    let holds_key = fault("/certificate", "invalid_value");
    assert_eq!(faults(&with(&combined, &key.serialize_pem())), holds_key);
    let alone = ConnectionDraft {
        private_key: None,
        ..with(&combined, "")
    };
    let both = [fault("/private_key", "required"), holds_key].concat();
    assert_eq!(faults(&alone), both);
    let long = "x".repeat(16 * 1024 + 1);
    assert_eq!(
        faults(&with(&certificate, &long)),
        fault("/private_key", "too_long")
    );
}
