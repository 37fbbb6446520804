//! The two schemes, and the requests that receivers refuse.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use postrider_signing::SigningSecret;
use postrider_signing::postrider_scheme::{self, SignatureError};
use postrider_signing::standard_webhooks::{self, VerifyError, WebhookHeaders};

const BODY: &[u8] = br#"{"a":1}"#;
const ID: &str = "evt_1";
const NOW_S: i64 = 1_764_000_000;

fn old() -> SigningSecret {
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap()
}

fn new() -> SigningSecret {
    SigningSecret::from_random([7; 24])
}

fn verify(secret: &SigningSecret, signature: &str, now_s: i64) -> Result<(), VerifyError> {
    let timestamp = NOW_S.to_string();
    let headers = WebhookHeaders {
        id: Some(ID),
        timestamp: Some(&timestamp),
        signature: Some(signature),
    };
    standard_webhooks::verify(secret, &headers, BODY, now_s)
}

#[test]
fn keys_never_print_secrets() {
    assert_eq!(format!("{:?}", postrider_scheme::Key::new(&old())), "Key(…)");
    assert_eq!(format!("{:?}", standard_webhooks::Key::new(&old())), "Key(…)");
}

#[test]
fn a_hex_signature_is_refused_for_another_body_key_or_form() {
    let signature = postrider_scheme::sign(&old(), BODY);
    let verify = |body, signature| postrider_scheme::verify(&old(), body, signature, None);
    assert_eq!(verify(BODY, Some(&signature)), Ok(()));
    assert_eq!(
        verify(b"{\"a\":1} ", Some(&signature)),
        Err(SignatureError::NoMatch)
    );
    assert_eq!(verify(BODY, None), Err(SignatureError::Missing));
    for malformed in [
        "",
        "sha256",
        &signature[1..],
        &signature.to_uppercase(),
        &format!("{signature}0"),
    ] {
        assert_eq!(
            verify(BODY, Some(malformed)),
            Err(SignatureError::Malformed),
            "{malformed}"
        );
    }
    let other = postrider_scheme::verify(&new(), BODY, Some(&signature), None);
    assert_eq!(other, Err(SignatureError::NoMatch));
    assert_eq!(
        postrider_scheme::verify(&old(), BODY, Some("x"), Some(&signature)),
        Ok(())
    );
    assert_eq!(
        postrider_scheme::verify(&old(), BODY, None, Some(&signature)),
        Ok(())
    );
}

#[test]
fn every_changed_bit_of_a_signature_is_noticed() {
    let token = standard_webhooks::sign(&old(), ID, NOW_S, BODY);
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        assert!(verify(&old(), &changed, NOW_S).is_err(), "{changed}");
    }
}

#[test]
fn one_matching_token_among_others_is_enough() {
    let token = standard_webhooks::sign(&old(), ID, NOW_S, BODY);
    let other = standard_webhooks::sign(&new(), ID, NOW_S, BODY);
    for accepted in [
        token.clone(),
        format!("{other} {token}"),
        format!("v1a,AAAA junk {token} {other}"),
    ] {
        assert_eq!(verify(&old(), &accepted, NOW_S), Ok(()), "{accepted}");
    }
    let other_version = token.replacen("v1,", "v2,", 1);
    for refused in [&other, &other_version, &format!("{token}x"), "v1,", "v1,%%%"] {
        assert_eq!(
            verify(&old(), refused, NOW_S),
            Err(VerifyError::NoMatch),
            "{refused}"
        );
    }
    for malformed in ["", " ", &token[3..], "v1"] {
        assert_eq!(
            verify(&old(), malformed, NOW_S),
            Err(VerifyError::MalformedSignature),
            "{malformed}"
        );
    }
}

#[test]
fn a_request_is_refused_more_than_five_minutes_before_or_after_it_was_sent() {
    let token = standard_webhooks::sign(&old(), ID, NOW_S, BODY);
    for (now_s, expected) in [
        (NOW_S + 300, Ok(())),
        (NOW_S - 300, Ok(())),
        (NOW_S + 301, Err(VerifyError::TimestampTooOld)),
        (NOW_S - 301, Err(VerifyError::TimestampTooNew)),
        (i64::MAX, Err(VerifyError::TimestampTooOld)),
        (i64::MIN, Err(VerifyError::TimestampTooNew)),
    ] {
        assert_eq!(verify(&old(), &token, now_s), expected, "{now_s}");
    }
}

#[test]
fn the_id_and_the_time_are_signed_too() {
    let token = standard_webhooks::sign(&old(), ID, NOW_S, BODY);
    let (same, later) = (NOW_S.to_string(), (NOW_S + 1).to_string());
    let verify = |id, timestamp, signature| {
        let headers = WebhookHeaders {
            id,
            timestamp,
            signature,
        };
        standard_webhooks::verify(&old(), &headers, BODY, NOW_S)
    };
    let token = Some(&token[..]);
    assert_eq!(verify(Some(ID), Some(&same), token), Ok(()));
    assert_eq!(
        verify(Some("evt_2"), Some(&same), token),
        Err(VerifyError::NoMatch)
    );
    assert_eq!(verify(Some(ID), Some(&later), token), Err(VerifyError::NoMatch));
    assert_eq!(verify(None, Some(&same), token), Err(VerifyError::MissingId));
    assert_eq!(verify(Some(ID), None, token), Err(VerifyError::MissingTimestamp));
    assert_eq!(
        verify(Some(ID), Some(&same), None),
        Err(VerifyError::MissingSignature)
    );
    assert_eq!(
        verify(Some(ID), Some("soon"), token),
        Err(VerifyError::MalformedTimestamp)
    );
}
