//! Profiles of the settings: each fault, and what holds for every draft.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use postrider_model::ed25519::{Ed25519Secret, KeyMaterial};
use postrider_signing::profile::verifier::{ProfileVerifier, VerifierKey};
use postrider_signing::profile::{
    Digest, HeaderDraft, KeyForm, LiveKeys, Message, Overlap, Problem, Profile, ProfileDraft, ProfileFault,
    ProfileSigners,
};
use postrider_signing::{HeaderNames, SigningSecret};
use proptest::prelude::*;

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
        ("{body}{hex}", "`{body}` cannot stand here"),
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
        (Some("{body}{hex}"), "`{hex}` cannot stand here"),
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
            "value: `{id}` cannot stand here".to_owned(),
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

/// Text, mostly of the pieces that formats consist of.
fn format_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(vec![
            "{id}", "{timestamp}", "{body}", "{hex}", "{base64}", "{{", "}}", "t=", "v1=", ",", " ", ";", ".", "-", "0",
        ])
        .prop_map(str::to_owned),
        1 => "\\PC{0,3}",
        1 => proptest::sample::select(vec!["{", "}", "{x}", "\r\n"]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

fn header_draft() -> impl Strategy<Value = HeaderDraft> {
    const DIGESTS: [Digest; 4] = [
        Digest::HmacSha256,
        Digest::HmacSha1,
        Digest::HmacSha512,
        Digest::Ed25519,
    ];
    const OVERLAPS: [Overlap; 4] = [Overlap::Previous, Overlap::Current, Overlap::Next, Overlap::All];
    (
        "[A-C]{1,2}",
        format_text(),
        proptest::option::weighted(0.9, format_text()),
        proptest::option::of(proptest::sample::select(&DIGESTS[..])),
        proptest::option::of(proptest::sample::select(&OVERLAPS[..])),
        proptest::option::of(proptest::sample::select(&[',', ' ', ';', '='][..])),
    )
        .prop_map(|(name, value, signed, digest, overlap, separator)| HeaderDraft {
            name,
            value,
            signed,
            digest,
            key: None,
            overlap,
            separator,
        })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What a checked profile signs has no line breaks, and its verifier accepts it, with the earlier key of an
    /// overlap too where that signs, and refuses another body. No draft makes the check panic.
    #[test]
    fn whatever_a_checked_profile_signs_its_verifier_accepts(
        headers in proptest::collection::vec(header_draft(), 1..3),
        id in "[!-~]{1,12}",
        body in proptest::collection::vec(any::<u8>(), 0..40),
        timestamp_s in 0..i64::MAX,
    ) {
        let Ok(profile) = checked("acme", headers.clone()).map(Arc::new) else {
            return Ok(());
        };
        let hmac = KeyMaterial::from(SigningSecret::from_random([7; 24]));
        let ed25519 = KeyMaterial::from(Ed25519Secret::from_random([7; 32]));
        for current in [hmac, ed25519] {
            let keys = LiveKeys { current: current.clone(), previous: None };
            // A profile may need keys of one kind, or of both, and then none fits.
            let Ok(signers) = ProfileSigners::new(&profile, &keys) else { continue };
            let mut sent: Vec<(String, String)> = vec![];
            let message = Message { id: &id, timestamp_s, body: &body };
            signers.sign(&message, |name, value| sent.push((name.to_owned(), value)));
            let sent: Vec<_> = sent.iter().map(|(name, value)| (&**name, &**value)).collect();
            prop_assert!(sent.iter().all(|(_, value)| value.bytes().all(|byte| (0x20..=0x7e).contains(&byte))));
            let verifier = ProfileVerifier::new(&profile, &[VerifierKey::Signing(current)]).unwrap();
            for verdict in verifier.verdicts(&sent, &body, Some(timestamp_s)) {
                if sent.iter().any(|(name, _)| *name == verdict.header) {
                    prop_assert_eq!(verdict.result, Ok(()), "{:?} {:?}", headers, sent);
                }
            }
            let other = [&body[..], b"x"].concat();
            prop_assert!(verifier.verify(&sent, &other, timestamp_s).is_err());
        }
    }

    #[test]
    fn no_header_that_a_receiver_gets_makes_a_verifier_panic(
        value in "(t=|v1[a]?,|sha256=|[0-9]{1,20}|[A-Za-z0-9+/=]{44}|[0-9a-f]{64}|,| |\\PC){0,8}",
        body in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let names = HeaderNames::new("Acme");
        for name in postrider_signing::profile::BUILT_IN {
            let profile = Profile::built_in(name, &names).unwrap();
            let key = KeyMaterial::from(SigningSecret::from_random([7; 24]));
            let verifier = ProfileVerifier::new(&profile, &[VerifierKey::Signing(key)]).unwrap();
            let headers: Vec<_> = profile.header_names().map(|name| (name, &*value)).collect();
            prop_assert!(verifier.verify(&headers, &body, 5).is_err());
        }
    }
}
