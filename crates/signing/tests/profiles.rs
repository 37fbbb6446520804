//! Signature profiles: what they send, while keys overlap too, and what their verifiers refuse.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use postrider_model::ed25519::Ed25519Secret;
use postrider_model::hex;
use postrider_signing::profile::verifier::{ProfileVerifier, VerifierKey, VerifyError};
use postrider_signing::profile::{
    BuiltIn, KeyKindError, LiveKeys, Message, Profile, ProfileDraft, ProfileSigners, public_key,
};
use postrider_signing::{HeaderNames, KeyMaterial, SigningSecret, postrider_scheme, standard_webhooks};

const BODY: &[u8] = br#"{"a":1}"#;
const ID: &str = "evt_1";
const NOW_S: i64 = 1_764_000_000;

type Headers = Vec<(String, String)>;

fn names() -> HeaderNames {
    HeaderNames::new("Acme")
}

fn profile(name: &str) -> Arc<Profile> {
    let built_in = BuiltIn::find(name).unwrap();
    Arc::new(Profile::built_in(built_in, &names()))
}

fn old() -> KeyMaterial {
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap()
}

fn new() -> KeyMaterial {
    SigningSecret::from_random([7; 24]).into()
}

fn ed25519() -> KeyMaterial {
    Ed25519Secret::from_random([5; 32]).into()
}

fn signed_at(
    profile: &Arc<Profile>,
    current: KeyMaterial,
    previous: Option<KeyMaterial>,
    message: &Message<'_>,
) -> Headers {
    let previous = previous.into_iter().collect();
    let signers = ProfileSigners::new(profile, &LiveKeys { current, previous }).unwrap();
    let mut headers = Headers::new();
    signers.sign(message, |name, value| headers.push((name.to_owned(), value)));
    headers
}

fn signed(profile: &Arc<Profile>, current: KeyMaterial, previous: Option<KeyMaterial>) -> Headers {
    let message = Message {
        id: ID,
        timestamp_s: NOW_S,
        body: BODY,
    };
    signed_at(profile, current, previous, &message)
}

fn verified(
    profile: &Profile,
    key: impl Into<KeyMaterial>,
    headers: &Headers,
    body: &[u8],
    now_s: i64,
) -> Result<(), VerifyError> {
    let verifier = ProfileVerifier::new(profile, &[VerifierKey::Signing(key.into())]).unwrap();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    verifier.verify(&headers, body, now_s)
}

fn draft(toml: &str) -> Arc<Profile> {
    let draft: ProfileDraft = toml::from_str(toml).unwrap();
    Arc::new(draft.check("acme", &names(), |_| false).unwrap())
}

fn value<'a>(headers: &'a Headers, name: &str) -> &'a str {
    let header = headers.iter().find(|(other, _)| other == name);
    &header.unwrap_or_else(|| panic!("no {name} in {headers:?}")).1
}

#[test]
fn the_default_profile_signs_under_both_schemes_and_with_both_keys_while_they_overlap() {
    let (KeyMaterial::Hmac(new_secret), KeyMaterial::Hmac(old_secret)) = (new(), old()) else {
        panic!("both are HMAC keys");
    };
    let hex = |secret| postrider_scheme::sign(secret, BODY);
    let token = |secret| standard_webhooks::sign(secret, ID, NOW_S, BODY);
    let (timestamp, tokens) = (
        NOW_S.to_string(),
        [token(&new_secret), token(&old_secret)].join(" "),
    );
    let alone = [
        ("Acme-Signature", hex(&new_secret)),
        ("webhook-id", ID.to_owned()),
        ("webhook-timestamp", timestamp.clone()),
        ("webhook-signature", token(&new_secret)),
    ];
    let both = [
        ("Acme-Signature", hex(&old_secret)),
        ("Acme-Signature-Next", hex(&new_secret)),
        ("webhook-id", ID.to_owned()),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", tokens),
    ];
    let owned = |headers: &[(&str, String)]| -> Headers {
        let headers = headers.iter();
        headers
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    };
    let profile = profile("postrider");
    assert_eq!(signed(&profile, new(), None), owned(&alone));
    assert_eq!(signed(&profile, new(), Some(old())), owned(&both));
}

/// GitHub's and Standard Webhooks' own examples, and those of RFC 2202 and RFC 4231 (test 4 of each).
#[test]
fn published_signatures_are_reproduced() {
    let digest = |digest, value, key: &str, body: &[u8]| {
        let profile = draft(&format!(
            "[[headers]]\nname = 'S'\nvalue = '{value}'\nsigned = '{{body}}'\ndigest = '{digest}'\nkey = 'decoded'"
        ));
        let message = Message {
            id: ID,
            timestamp_s: NOW_S,
            body,
        };
        signed_at(&profile, key.parse().unwrap(), None, &message)
            .remove(0)
            .1
    };
    // "It's a Secret to Everybody"
    let github = digest(
        "hmac-sha256",
        "sha256={hex}",
        "whsec_SXQncyBhIFNlY3JldCB0byBFdmVyeWJvZHk=",
        b"Hello, World!",
    );
    assert_eq!(
        github,
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
    let counting = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGQ==";
    for (name, expected) in [
        ("hmac-sha1", "4c9007f4026250c6bc8414f9bf50c86c2d7235da"),
        (
            "hmac-sha256",
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
        (
            "hmac-sha512",
            "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db\
             a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
        ),
    ] {
        assert_eq!(digest(name, "{hex}", counting, &[0xcd; 50]), expected, "{name}");
    }
    let message = Message {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp_s: 1_614_265_330,
        body: br#"{"test": 2432232314}"#,
    };
    for (key, expected) in [
        (
            "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=",
            "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==",
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ] {
        let headers = signed_at(&profile("standard"), key.parse().unwrap(), None, &message);
        assert_eq!(value(&headers, "webhook-signature"), expected);
    }
}

#[test]
fn each_built_in_profile_has_its_headers_and_verifies_only_what_it_signed() {
    let expected = [
        "Acme-Signature webhook-id webhook-timestamp webhook-signature",
        "webhook-id webhook-timestamp webhook-signature",
        "svix-id svix-timestamp svix-signature",
        "X-Hub-Signature-256",
        "Stripe-Signature",
        "X-Shopify-Hmac-Sha256",
    ];
    for (name, expected) in BuiltIn::ALL.map(BuiltIn::name).into_iter().zip(expected) {
        let profile = profile(name);
        let headers = signed(&profile, new(), None);
        let sent: Vec<_> = headers.iter().map(|(name, _)| &**name).collect();
        assert_eq!(sent.join(" "), expected);
        assert_eq!(verified(&profile, new(), &headers, BODY, NOW_S), Ok(()), "{name}");
        for (key, body) in [(old(), BODY), (new(), &b"{\"a\":2}"[..]), (new(), b"")] {
            let result = verified(&profile, key, &headers, body, NOW_S);
            assert_eq!(result, Err(VerifyError::NoMatch), "{name}");
        }
        let nothing = verified(&profile, new(), &vec![], BODY, NOW_S);
        assert_eq!(nothing, Err(VerifyError::Missing), "{name}");
    }
}

#[test]
fn every_changed_byte_of_a_header_that_is_signed_or_signs_is_noticed() {
    for (name, key) in [
        ("standard", new()),
        ("standard", ed25519()),
        ("svix", ed25519()),
        ("github", new()),
        ("stripe", new()),
        ("shopify", new()),
    ] {
        let profile = profile(name);
        let headers = signed(&profile, key.clone(), None);
        for (header, (_, value)) in headers.iter().enumerate() {
            for at in 0..value.len() {
                let mut changed = value.clone().into_bytes();
                changed[at] ^= 1;
                let mut headers = headers.clone();
                headers[header].1 = String::from_utf8(changed).unwrap();
                let result = verified(&profile, key.clone(), &headers, BODY, NOW_S);
                assert!(result.is_err(), "{name}: {headers:?}");
            }
        }
    }
}

#[test]
fn while_keys_overlap_lists_carry_both_signatures_and_single_values_the_old_one() {
    for name in BuiltIn::ALL.map(BuiltIn::name) {
        let profile = profile(name);
        let headers = signed(&profile, new(), Some(old()));
        assert_eq!(verified(&profile, old(), &headers, BODY, NOW_S), Ok(()), "{name}");
        let by_new = verified(&profile, new(), &headers, BODY, NOW_S);
        let is_single = ["github", "shopify"].contains(&name);
        let expected = if is_single {
            Err(VerifyError::NoMatch)
        } else {
            Ok(())
        };
        assert_eq!(by_new, expected, "{name}");
    }
    let stripe = signed(&profile("stripe"), new(), Some(old()));
    let elements: Vec<_> = stripe[0]
        .1
        .split(',')
        .map(|element| element.split('=').next().unwrap())
        .collect();
    assert_eq!(elements, ["t", "v1", "v1"]);
}

#[test]
fn a_key_of_either_kind_follows_the_other_in_a_list_and_receivers_have_the_public_key_alone() {
    let profile = profile("standard");
    let headers = signed(&profile, ed25519(), Some(old()));
    assert_eq!(verified(&profile, old(), &headers, BODY, NOW_S), Ok(()));
    let KeyMaterial::Ed25519(secret) = ed25519() else {
        panic!("it is an Ed25519 key");
    };
    let verifier = ProfileVerifier::new(&profile, &[VerifierKey::Public(public_key(&secret))]).unwrap();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(verifier.verify(&headers, BODY, NOW_S), Ok(()));
    assert_eq!(verifier.verify(&headers, b"{}", NOW_S), Err(VerifyError::NoMatch));
}

#[test]
fn a_key_of_the_wrong_kind_is_refused_before_anything_is_signed() {
    for name in ["postrider", "github", "stripe", "shopify"] {
        for (current, previous) in [(ed25519(), None), (new(), Some(ed25519()))] {
            let previous = previous.into_iter().collect();
            let result = ProfileSigners::new(&profile(name), &LiveKeys { current, previous });
            assert!(matches!(result, Err(KeyKindError::NeedsHmac { .. })), "{name}");
        }
        let public = VerifierKey::Signing(ed25519());
        assert!(ProfileVerifier::new(&profile(name), &[public]).is_err());
    }
    let asymmetric =
        draft("[[headers]]\nname = 'S'\nvalue = '{base64}'\nsigned = '{body}'\ndigest = 'ed25519'");
    let keys = LiveKeys {
        current: new(),
        previous: Vec::new(),
    };
    let error = ProfileSigners::new(&asymmetric, &keys).unwrap_err();
    assert_eq!(
        error.to_string(),
        "profile `acme` signs S by Ed25519, which needs a key that begins with `whsk_`"
    );
}

#[test]
fn a_signed_time_is_accepted_within_five_minutes_and_an_unsigned_one_always() {
    let tolerance = i64::try_from(standard_webhooks::TOLERANCE_S).unwrap();
    for (name, off_s, expected) in [
        ("stripe", tolerance, Ok(())),
        ("svix", -tolerance, Ok(())),
        ("stripe", tolerance + 1, Err(VerifyError::TimestampTooOld)),
        ("svix", tolerance + 1, Err(VerifyError::TimestampTooOld)),
        ("svix", -tolerance - 1, Err(VerifyError::TimestampTooNew)),
        ("github", 10 * tolerance, Ok(())),
    ] {
        let profile = profile(name);
        let headers = signed(&profile, new(), None);
        assert_eq!(
            verified(&profile, new(), &headers, BODY, NOW_S + off_s),
            expected,
            "{name} {off_s}"
        );
    }
}

#[test]
fn other_versions_and_elements_of_a_list_are_ignored_and_a_header_without_the_time_is_named() {
    let stripe = profile("stripe");
    let mut headers = signed(&stripe, new(), None);
    headers[0].1 = headers[0].1.replace(",v1=", ",v0=00,,v1=,nonsense,v1=");
    assert_eq!(verified(&stripe, new(), &headers, BODY, NOW_S), Ok(()));
    let without_time = headers[0].1.split_once(',').unwrap().1.to_owned();
    headers[0].1 = without_time;
    assert_eq!(
        verified(&stripe, new(), &headers, BODY, NOW_S),
        Err(VerifyError::MissingTimestamp)
    );
    headers[0].1 = "v1".to_owned();
    assert_eq!(
        verified(&stripe, new(), &headers, BODY, NOW_S),
        Err(VerifyError::Malformed)
    );
    let standard = profile("standard");
    let mut headers = signed(&standard, new(), None);
    headers.remove(0);
    assert_eq!(
        verified(&standard, new(), &headers, BODY, NOW_S),
        Err(VerifyError::MissingId)
    );
}

/// Each element of an Ed25519 signature's form costs a verification, so the others are not looked at.
#[test]
fn only_the_first_32_signatures_of_a_list_are_looked_at() {
    let profile = profile("standard");
    let sent = signed(&profile, ed25519(), None);
    let other = format!("v1a,{}==", "A".repeat(86));
    for (before, expected) in [(31, Ok(())), (32, Err(VerifyError::NoMatch))] {
        let mut headers = sent.clone();
        headers[2].1 = format!("{}{}", format!("{other} ").repeat(before), sent[2].1);
        assert_eq!(verified(&profile, ed25519(), &headers, BODY, NOW_S), expected);
    }
}

#[test]
fn an_overlap_is_carried_as_a_profile_of_the_settings_says() {
    let profile = draft(
        "[[headers]]\nname = 'Old'\nvalue = '{hex}'\nsigned = '{body}'\ndigest = 'hmac-sha1'\n\
         [[headers]]\nname = 'New'\nvalue = 'k {base64}'\nsigned = '{body}'\noverlap = 'current'\n\
         [[headers]]\nname = 'Next'\nvalue = '{hex}'\nsigned = '{body}'\noverlap = 'next'\n\
         [[headers]]\nname = 'Both'\nvalue = 'a;b={hex}'\nsigned = '{body}'\noverlap = 'all'\nseparator = ';'\n",
    );
    let by = |key: KeyMaterial| signed(&profile, key, None);
    let both = signed(&profile, new(), Some(old()));
    assert_eq!(both[0], by(old())[0]);
    assert_eq!(both[1], by(new())[1]);
    assert_eq!(by(new()).len(), 3, "without an overlap there is no `Next`");
    assert_eq!(both[2].1, by(new())[2].1.replace("a;b=", ""));
    let expected = format!(
        "{};b={}",
        both[3].1.rsplit_once(";b=").unwrap().0,
        &by(old())[2].1[4..]
    );
    assert_eq!(both[3].1, expected);
    assert_eq!(hex::decode(&both[0].1).unwrap().len(), 20);
}
