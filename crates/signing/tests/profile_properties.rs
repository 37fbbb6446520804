//! What holds for every profile of the settings, and for every request that a receiver gets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use postrider_model::ed25519::{Ed25519Secret, KeyMaterial};
use postrider_signing::profile::verifier::{ProfileVerifier, VerifierKey};
use postrider_signing::profile::{
    BuiltIn, Digest, HeaderDraft, LiveKeys, Message, Overlap, Profile, ProfileDraft, ProfileFault,
    ProfileSigners,
};
use postrider_signing::{HeaderNames, SigningSecret};
use proptest::prelude::*;

fn checked(name: &str, headers: Vec<HeaderDraft>) -> Result<Profile, Vec<ProfileFault>> {
    ProfileDraft { headers }.check(name, &HeaderNames::new("Acme"), |name| name == "host")
}

/// Text, mostly of the pieces that formats consist of.
fn any_format() -> impl Strategy<Value = String> {
    const PIECES: [&str; 15] = [
        "{id}",
        "{timestamp}",
        "{body}",
        "{hex}",
        "{base64}",
        "{{",
        "}}",
        "t=",
        "v1=",
        ",",
        " ",
        ";",
        ".",
        "-",
        "0",
    ];
    let piece = prop_oneof![
        8 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => "\\PC{0,3}",
        1 => proptest::sample::select(&["{", "}", "{x}", "\r\n"][..]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

/// A value of a header that signs, which is often valid.
fn likely_value() -> impl Strategy<Value = String> {
    const TEXTS: [&str; 12] = ["", "t=", "{{", "}}a", ",v1=", " ", ";", ".", "-", "=", "7", "x-"];
    let text = || proptest::sample::select(&TEXTS[..]);
    let holes = (
        proptest::option::of(proptest::sample::select(&["{id}", "{timestamp}"][..])),
        proptest::sample::select(&["{hex}", "{base64}"][..]),
        any::<bool>(),
    );
    (text(), text(), text(), holes).prop_map(|(first, second, third, (hole, signature, is_last))| {
        let hole = hole.unwrap_or_default();
        let (left, right) = if is_last {
            (hole, signature)
        } else {
            (signature, hole)
        };
        format!("{first}{left}{second}{right}{third}").trim().to_owned()
    })
}

fn likely_content() -> impl Strategy<Value = String> {
    const CONTENTS: [&str; 7] = [
        "{body}",
        "{timestamp}{body}",
        "{id}.{timestamp}.{body}",
        "{body}\n{id}",
        "v0:{timestamp}:{body}",
        "{{{body}}}",
        "é{timestamp}é{id}{body}",
    ];
    proptest::sample::select(&CONTENTS[..]).prop_map(str::to_owned)
}

fn header_draft(
    value: impl Strategy<Value = String>,
    signed: impl Strategy<Value = Option<String>>,
) -> impl Strategy<Value = HeaderDraft> {
    const DIGESTS: [Digest; 4] = [
        Digest::HmacSha256,
        Digest::HmacSha1,
        Digest::HmacSha512,
        Digest::Ed25519,
    ];
    const OVERLAPS: [Overlap; 4] = [Overlap::Previous, Overlap::Current, Overlap::Next, Overlap::All];
    let separator = proptest::sample::select(&[',', ' ', ';', '='][..]);
    (
        value,
        signed,
        proptest::option::of(proptest::sample::select(&DIGESTS[..])),
        proptest::option::of(proptest::sample::select(&OVERLAPS[..])),
        separator,
    )
        .prop_map(|(value, signed, digest, overlap, separator)| HeaderDraft {
            name: "S".to_owned(),
            value,
            signed,
            digest,
            key: None,
            overlap,
            separator: (overlap == Some(Overlap::All)).then_some(separator),
        })
}

/// A header that signs, between one with the time and one with the id.
fn likely_headers() -> impl Strategy<Value = Vec<HeaderDraft>> {
    header_draft(likely_value(), likely_content().prop_map(Some)).prop_map(|signs| {
        let unsigned = |name: &str, value: &str| HeaderDraft {
            name: name.to_owned(),
            value: value.to_owned(),
            ..HeaderDraft::default()
        };
        vec![
            unsigned("Time", "at {timestamp} s"),
            signs,
            unsigned("Id", "{id}"),
        ]
    })
}

type Headers = Vec<(String, String)>;

fn sent(
    profile: &Arc<Profile>,
    current: KeyMaterial,
    previous: Option<KeyMaterial>,
    message: &Message<'_>,
) -> Headers {
    let previous = previous.into_iter().collect();
    let keys = LiveKeys { current, previous };
    let mut sent = vec![];
    let signers = ProfileSigners::new(profile, &keys).unwrap();
    signers.sign(message, |name, value| sent.push((name.to_owned(), value)));
    sent
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        // Two of three drafts may have faults.
        max_global_rejects: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A key that is alone verifies, and of two live keys at least one; nothing does for another body.
    #[test]
    fn whatever_a_checked_profile_signs_its_verifier_accepts(
        headers in likely_headers(),
        id in "[!-~]{1,12}",
        body in proptest::collection::vec(any::<u8>(), 0..40),
        timestamp_s in 0..i64::MAX,
        is_overlap in any::<bool>(),
    ) {
        let profile = checked("acme", headers.clone()).map(Arc::new);
        prop_assume!(profile.is_ok());
        let profile = profile.unwrap();
        let keys: [KeyMaterial; 2] = match headers[1].digest {
            Some(Digest::Ed25519) => [7, 8].map(|byte| Ed25519Secret::from_random([byte; 32]).into()),
            _ => [7, 8].map(|byte| SigningSecret::from_random([byte; 24]).into()),
        };
        let message = Message { id: &id, timestamp_s, body: &body };
        let [new, old] = keys.clone();
        let sent = sent(&profile, new, is_overlap.then_some(old), &message);
        let sent: Vec<_> = sent.iter().map(|(name, value)| (&**name, &**value)).collect();
        prop_assert!(sent.iter().all(|(_, value)| value.bytes().all(|byte| (0x20..=0x7e).contains(&byte))));
        let other = [&body[..], b"x"].concat();
        let mut accepted = [false; 2];
        for (key, accepted) in keys.into_iter().zip(&mut accepted) {
            let verifier = ProfileVerifier::new(&profile, &[VerifierKey::Signing(key)]).unwrap();
            *accepted = verifier.verify(&sent, &body, timestamp_s).is_ok();
            prop_assert!(verifier.verify(&sent, &other, timestamp_s).is_err());
        }
        let expected = match headers[1].overlap.unwrap_or_default() {
            _ if !is_overlap => [true, false],
            Overlap::Previous => [false, true],
            Overlap::Current | Overlap::Next => [true, false],
            Overlap::All => [true, true],
        };
        prop_assert_eq!(accepted, expected, "{:?} {:?}", headers, sent);
    }

    #[test]
    fn no_draft_makes_the_check_panic_and_each_is_accepted_or_has_faults(
        headers in proptest::collection::vec(
            header_draft(any_format(), proptest::option::weighted(0.9, any_format())),
            0..3,
        ),
        name in "[a-z]{0,3}\\PC{0,2}",
    ) {
        match checked(&name, headers) {
            Ok(profile) => prop_assert!(profile.header_names().count() > 0),
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }

    #[test]
    fn no_header_that_a_receiver_gets_makes_a_verifier_panic(
        pieces in proptest::collection::vec(
            proptest::sample::select(&["t=", "v1=", "v1,", "v1a,", "sha256=", "1764000000", ",", " ", "é", "AAAA", "00"][..]),
            0..40,
        ),
        body in proptest::collection::vec(any::<u8>(), 0..40),
        at in 0..BuiltIn::ALL.len(),
    ) {
        let profile = Profile::built_in(BuiltIn::ALL[at], &HeaderNames::new("Acme"));
        let key = KeyMaterial::from(SigningSecret::from_random([7; 24]));
        let verifier = ProfileVerifier::new(&profile, &[VerifierKey::Signing(key)]).unwrap();
        let value = pieces.concat();
        let headers: Vec<_> = profile.header_names().map(|name| (name, &*value)).collect();
        prop_assert!(verifier.verify(&headers, &body, 5).is_err());
    }
}
