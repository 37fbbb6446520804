//! Profiles of the settings: each fault of a draft.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use postrider_signing::HeaderNames;
use postrider_signing::profile::{
    Digest, HeaderDraft, KeyForm, Overlap, Problem, Profile, ProfileDraft, ProfileFault,
};

fn checked(name: &str, headers: Vec<HeaderDraft>) -> Result<Profile, Vec<ProfileFault>> {
    let draft = ProfileDraft { headers };
    draft.check(name, &HeaderNames::new("Acme"), |name| name == "host")
}

/// The one fault of a profile with this header.
fn fault(header: HeaderDraft) -> String {
    let mut faults = checked("acme", vec![header]).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0).to_string()
}

fn header() -> HeaderDraft {
    HeaderDraft {
        name: "Acme-Signature".to_owned(),
        value: "t={timestamp},v1={hex}".to_owned(),
        signed: Some("{timestamp}.{body}".to_owned()),
        ..HeaderDraft::default()
    }
}

fn with_value(value: &str) -> HeaderDraft {
    HeaderDraft {
        value: value.to_owned(),
        signed: Some("{body}".to_owned()),
        ..header()
    }
}

fn named(name: &str) -> HeaderDraft {
    HeaderDraft {
        name: name.to_owned(),
        ..header()
    }
}

#[test]
fn a_profile_of_the_settings_is_read_and_what_it_does_not_know_is_refused() {
    let read = |toml: &str| toml::from_str::<ProfileDraft>(toml);
    let header = "[[headers]]\nname = 'S'\nvalue = '{hex}'\nsigned = '{body}'\n";
    let draft = read(header).unwrap();
    assert!(
        draft
            .check("acme-2", &HeaderNames::new("Acme"), |_| false)
            .is_ok()
    );
    for unknown in [
        "digest = 'md5'",
        "colour = 'red'",
        "key = 'hex'",
        "overlap = 'none'",
    ] {
        assert!(read(&format!("{header}{unknown}")).is_err(), "{unknown}");
    }
}

#[test]
fn each_fault_of_a_value_or_its_content_is_explained() {
    for (value, expected) in [
        (
            "",
            "a value has visible ASCII characters, with spaces between them",
        ),
        (
            " {hex}",
            "a value has visible ASCII characters, with spaces between them",
        ),
        (
            "{hex}\r\nX: y",
            "a value has visible ASCII characters, with spaces between them",
        ),
        (
            "é{hex}",
            "a value has visible ASCII characters, with spaces between them",
        ),
        (
            "{sig}",
            "`{sig}` is unknown; use {id}, {timestamp}, {body}, {hex} or {base64}",
        ),
        (
            "{hex",
            "a brace that belongs to no placeholder; write `{{` or `}}` for the character itself",
        ),
        ("{hex}{hex}", "`{hex}` can occur once"),
        (
            "{hex} {base64}",
            "a value holds one signature: `{hex}` or `{base64}`",
        ),
        ("{body}{hex}", "`{body}` is not allowed here"),
        (
            "{id}{hex}",
            "placeholders need text between them, which begins and ends without a digit",
        ),
        (
            "{timestamp}0{hex}",
            "placeholders need text between them, which begins and ends without a digit",
        ),
        (&"x".repeat(257), "at most 256 bytes"),
    ] {
        assert_eq!(
            fault(with_value(value)),
            format!("headers[0].value: {expected}"),
            "{value}"
        );
    }
    for (signed, expected) in [
        (None, "required, because the value holds a signature"),
        (Some("{timestamp}"), "the body must be signed: add `{body}`"),
        (Some("{body}{hex}"), "`{hex}` is not allowed here"),
        (
            Some("{id}.{body}"),
            "`{id}` is signed, but no header holds it; receivers could not verify it",
        ),
    ] {
        let header = HeaderDraft {
            signed: signed.map(str::to_owned),
            ..header()
        };
        assert_eq!(fault(header), format!("headers[0].signed: {expected}"));
    }
}

#[test]
fn each_fault_of_a_list_of_signatures_is_explained() {
    let separator = "use a space, a comma or a semicolon, which separates elements that are not empty";
    let last = "the last element must hold the signature, because it is written once for each key";
    let many = format!("{}{{hex}}", "a,".repeat(8));
    for (value, separated, expected) in [
        ("{hex}", None, format!("separator: {separator}")),
        ("{hex}", Some('='), format!("separator: {separator}")),
        ("a,,{hex}", Some(','), format!("separator: {separator}")),
        ("{hex},a", Some(','), format!("value: {last}")),
        (
            "{id},{hex}",
            Some(','),
            "value: `{id}` is not allowed here".to_owned(),
        ),
        (&many, Some(','), "value: at most 8 elements".to_owned()),
    ] {
        let header = HeaderDraft {
            overlap: Some(Overlap::All),
            separator: separated,
            ..with_value(value)
        };
        assert_eq!(fault(header), format!("headers[0].{expected}"), "{value}");
    }
}

#[test]
fn an_option_without_effect_is_refused() {
    let lone = HeaderDraft {
        separator: Some(','),
        ..header()
    };
    assert_eq!(
        fault(lone),
        "headers[0].separator: used only with `overlap = \"all\"`"
    );
    let ed25519 = HeaderDraft {
        digest: Some(Digest::Ed25519),
        key: Some(KeyForm::Decoded),
        ..header()
    };
    assert_eq!(
        fault(ed25519),
        "headers[0].key: an Ed25519 key has one form; leave `key` out"
    );
    let unsigned = HeaderDraft {
        name: "X-Time".to_owned(),
        value: "{timestamp}".to_owned(),
        digest: Some(Digest::HmacSha1),
        ..header()
    };
    let faults = checked("acme", vec![header(), unsigned]).unwrap_err();
    let at: Vec<_> = faults.iter().map(|fault| &*fault.at).collect();
    assert_eq!(at, ["headers[1].signed", "headers[1].digest"]);
}

#[test]
fn names_of_headers_and_profiles_are_checked() {
    for name in [
        "Acme-Signature",
        "acme-signature-v2",
        "X-Hub-Signature",
        "webhook-signature",
    ] {
        assert!(checked("acme", vec![named(name)]).is_ok(), "{name}");
    }
    for name in ["", "a b", "a:", "é", &"x".repeat(65)] {
        assert!(
            fault(named(name)).starts_with("headers[0].name: a header's name has"),
            "{name}"
        );
    }
    for name in [
        "Host",
        "acme-event-type",
        "ACME_DELIVERY_ID",
        "User-Agent",
        "content-type",
        "webhook-id",
    ] {
        assert!(
            fault(named(name)).contains("Postrider sets this header"),
            "{name}"
        );
    }
    let id = HeaderDraft {
        name: "webhook-id".to_owned(),
        value: "{id}".to_owned(),
        ..HeaderDraft::default()
    };
    assert!(checked("acme", vec![header(), id.clone()]).is_ok());
    let problems = |name: &str, headers| {
        let faults = checked(name, headers).unwrap_err();
        faults.into_iter().map(|fault| fault.problem).collect::<Vec<_>>()
    };
    assert_eq!(problems("acme", vec![id]), [Problem::NothingSigned]);
    let next = HeaderDraft {
        overlap: Some(Overlap::Next),
        ..named("Acme-Signature-2")
    };
    assert_eq!(
        problems("acme", vec![next.clone()]),
        [Problem::SignedInOverlapOnly]
    );
    assert!(checked("acme", vec![header(), next]).is_ok());
    let ed25519 = HeaderDraft {
        digest: Some(Digest::Ed25519),
        ..named("Acme-Signature-2")
    };
    assert_eq!(problems("acme", vec![header(), ed25519]), [Problem::TwoKinds]);
    assert_eq!(
        problems("acme", vec![header(), named("Acme_Signature")]),
        [Problem::Duplicate]
    );
    assert_eq!(
        problems("acme", vec![header(), named("ACME-SIGNATURE")]),
        [Problem::Duplicate]
    );
    assert_eq!(problems("acme", vec![]), [Problem::HeaderCount]);
    assert_eq!(problems("acme", vec![header(); 9]), [Problem::HeaderCount]);
    assert_eq!(problems("stripe", vec![header()]), [Problem::BuiltIn]);
    for name in ["", "Acme", "1a", "a b", &"a".repeat(33)] {
        assert_eq!(problems(name, vec![header()]), [Problem::ProfileName], "{name}");
    }
}
