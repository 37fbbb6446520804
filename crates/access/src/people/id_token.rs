//! What the claims of an ID token must say (OpenID Connect Core 1.0, section 3.1.3.7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use postrider_model::Timestamp;
use postrider_model::person::SUBJECT_BYTES_MAX;
use ring::digest;
use serde_json::{Map, Value};

use super::SignInFault;
use super::jose::Verified;

/// How far the provider's clock and ours may differ, in seconds.
const LEEWAY_S: i64 = 60;

/// What this sign-in expects.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    /// The access token beside the ID token.
    pub(super) access_token: Option<&'a str>,
    pub(super) now: Timestamp,
}

/// The claims, if the token was issued for this sign-in. The caller has verified the signature.
pub(super) fn check(token: &Verified, expected: &Expected<'_>) -> Result<Map<String, Value>, SignInFault> {
    let claims: Map<String, Value> = serde_json::from_slice(&token.payload)
        .map_err(|_| SignInFault::Untrusted("the claims of the ID token are malformed"))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let ensure = |holds: bool, fault| {
        if holds {
            Ok(())
        } else {
            Err(SignInFault::Untrusted(fault))
        }
    };
    ensure(
        text("iss") == Some(expected.issuer),
        "the ID token has another issuer",
    )?;
    ensure(
        is_for(&claims, expected.client_id),
        "the ID token is for another client",
    )?;
    ensure(
        text("nonce") == Some(expected.nonce),
        "the ID token belongs to another sign-in",
    )?;
    let now_s = expected.now.unix_s();
    let time_s = |name: &str| claims.get(name).map(|time| time.as_f64().map(|time| time as i64));
    let expires = time_s("exp")
        .flatten()
        .ok_or(SignInFault::Untrusted("the ID token has no expiry time"))?;
    ensure(
        now_s < expires.saturating_add(LEEWAY_S),
        "the ID token has expired",
    )?;
    let issued = time_s("iat")
        .flatten()
        .ok_or(SignInFault::Untrusted("the ID token has no issue time"))?;
    let not_before = time_s("nbf").map_or(Some(issued), |time| time);
    let begins = not_before.map_or(i64::MAX, |time| time.max(issued));
    ensure(
        begins.saturating_sub(LEEWAY_S) <= now_s,
        "the ID token is not valid yet",
    )?;
    if let Some(hash) = claims.get("at_hash") {
        let is_hash = expected
            .access_token
            .is_some_and(|token_text| *hash == half_hash(token.algorithm.hash(), token_text));
        ensure(is_hash, "the ID token belongs to another access token")?;
    }
    let subject = text("sub").unwrap_or_default();
    let is_subject = (1..=SUBJECT_BYTES_MAX).contains(&subject.len())
        && subject.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    ensure(is_subject, "the ID token has no valid subject")?;
    Ok(claims)
}

/// Whether we are the audience. Where there are several, the token says that it was issued to us (`azp`).
fn is_for(claims: &Map<String, Value>, client_id: &str) -> bool {
    let (is_audience, is_alone) = match claims.get("aud") {
        Some(Value::String(audience)) => (audience == client_id, true),
        Some(Value::Array(audiences)) => (
            audiences.iter().any(|audience| audience == client_id),
            audiences.len() == 1,
        ),
        _ => (false, true),
    };
    match claims.get("azp") {
        Some(party) => is_audience && party == client_id,
        None => is_audience && is_alone,
    }
}

/// The left half of a hash (OpenID Connect Core 1.0, section 3.1.3.6).
fn half_hash(algorithm: &'static digest::Algorithm, text: &str) -> String {
    let hash = digest::digest(algorithm, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::jose::Algorithm;
    use super::*;

    const NOW_S: i64 = 1_767_225_600;

    fn checked(change: impl FnOnce(&mut Value)) -> Result<Map<String, Value>, SignInFault> {
        let mut claims = json!({
            "iss": "https://id.example", "aud": "us", "sub": "u1", "nonce": "n1",
            "iat": NOW_S, "exp": NOW_S + 300,
        });
        change(&mut claims);
        let token = Verified {
            algorithm: Algorithm::Rs256,
            payload: claims.to_string().into_bytes(),
        };
        let expected = Expected {
            issuer: "https://id.example",
            client_id: "us",
            nonce: "n1",
            access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            now: Timestamp::from_unix_ms(NOW_S * 1000),
        };
        check(&token, &expected)
    }

    #[test]
    fn a_token_of_this_sign_in_is_accepted() {
        assert_eq!(checked(|_| {}).unwrap()["sub"], "u1");
        for change in [
            json!({"aud": ["us"]}),
            json!({"aud": ["us", "them"], "azp": "us"}),
            json!({"exp": NOW_S - 59}),
            json!({"iat": NOW_S + 60, "nbf": NOW_S + 60}),
            json!({"exp": 1_767_225_900.5}),
            // OpenID Connect Core 1.0, appendix A.3.
            json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}),
        ] {
            let merged = checked(|claims| merge(claims, &change));
            assert!(merged.is_ok(), "{change}: {merged:?}");
        }
    }

    #[test]
    fn a_token_that_was_not_issued_for_this_sign_in_is_refused() {
        for change in [
            json!({"iss": "https://id.example/"}),
            json!({"iss": null}),
            json!({"aud": "them"}),
            json!({"aud": ["them"]}),
            json!({"aud": ["us", "them"]}),
            json!({"aud": ["us", "them"], "azp": "them"}),
            json!({"aud": "us", "azp": "them"}),
            json!({"aud": null}),
            json!({"nonce": "n2"}),
            json!({"nonce": null}),
            json!({"exp": NOW_S - 60}),
            json!({"exp": null}),
            json!({"exp": "never"}),
            json!({"iat": NOW_S + 61}),
            json!({"iat": null}),
            json!({"nbf": NOW_S + 61}),
            json!({"nbf": "now"}),
            json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RA"}),
            json!({"at_hash": null}),
            json!({"sub": ""}),
            json!({"sub": 1}),
            json!({"sub": "é"}),
            json!({"sub": "x".repeat(256)}),
        ] {
            let merged = checked(|claims| merge(claims, &change));
            assert!(
                matches!(merged, Err(SignInFault::Untrusted(_))),
                "{change}: {merged:?}"
            );
        }
    }

    fn merge(claims: &mut Value, change: &Value) {
        let change = change.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(change);
    }
}
