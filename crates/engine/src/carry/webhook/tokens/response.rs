//! The response of a token endpoint (RFC 6749 sections 5.1 and 5.2). Nothing in it is trusted, and nothing of
//! it is shown but an error code of the specification: it may hold tokens and secrets.

use std::sync::Arc;
use std::time::Duration;

use postrider_egress::Response;
use postrider_model::Outcome;
use serde::Deserialize;
use serde_json::Value;

use super::{Token, TokenFailure};

/// Most bytes of a response that are read.
pub(super) const RESPONSE_BYTES_MAX: usize = 16 * 1024;

/// Longest token, in bytes. It is a header of every request, and servers accept 8 KiB of headers or more.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// How long a token is used if the response does not say. Servers that leave it out issue tokens for an hour
/// or so; a token that has ended costs a 401 and another token.
const LIFETIME_DEFAULT: Duration = Duration::from_secs(300);

/// How long a token is used at most, whatever the response says.
const LIFETIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How long before its end a token is no longer used, and at most a tenth of its lifetime: a request takes
/// time, and clocks differ.
const MARGIN_MAX: Duration = Duration::from_secs(60);

/// The error codes of RFC 6749, section 5.2.
const ERROR_CODES: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// A token as it was issued.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Issued {
    text: String,
    lifetime: Duration,
}

impl Issued {
    /// The token, received at this time of the monotonic clock.
    pub(super) fn token(self, now: Duration) -> Token {
        let margin = MARGIN_MAX.min(self.lifetime / 10);
        Token {
            text: Arc::from(self.text),
            until: now + (self.lifetime - margin),
        }
    }
}

#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<Value>,
}

#[derive(Deserialize)]
struct ErrorResponse {
    error: String,
}

/// Reads the token from a response.
pub(super) fn read(response: &Response) -> Result<Issued, TokenFailure> {
    let failed = |outcome, error: String| {
        Err(TokenFailure {
            outcome,
            error,
            retry_after: response.retry_after,
            status_code: response.status_code,
        })
    };
    let Some(status) = response.status_code else {
        let words = response.error.as_deref().unwrap_or("The request failed");
        return failed(response.outcome, format!("the token endpoint: {words}"));
    };
    match status {
        200..=299 => {}
        300..=399 => {
            let error = format!("the token endpoint responded HTTP {status}, and redirects are not followed");
            return failed(Outcome::ProtocolError, error);
        }
        _ => {
            let code = error_code(&response.body);
            let code = code.map_or_else(String::new, |code| format!(" ({code})"));
            let error = format!("the token endpoint responded HTTP {status}{code}");
            return failed(Outcome::ProtocolError, error);
        }
    }
    if response.truncated {
        let error = format!("the response of the token endpoint is larger than {RESPONSE_BYTES_MAX} bytes");
        return failed(Outcome::ProtocolError, error);
    }
    issued(&response.body).or_else(|error| {
        let error = format!("the response of the token endpoint {error}");
        failed(Outcome::ProtocolError, error)
    })
}

fn issued(body: &[u8]) -> Result<Issued, &'static str> {
    let response: TokenResponse = serde_json::from_slice(body).map_err(|_| "holds no access_token")?;
    if response
        .token_type
        .is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
    {
        return Err("holds a token of another type than Bearer");
    }
    let text = response.access_token;
    // It becomes part of a header: no line break, and no second word.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("holds a token that no header can carry");
    }
    if text.len() > TOKEN_BYTES_MAX {
        return Err("holds a token of more than 8 KiB");
    }
    Ok(Issued {
        text,
        lifetime: lifetime(response.expires_in.as_ref()),
    })
}

/// Seconds, as a number or, from some servers, as a text. A token whose time has passed, or that says nothing
/// sensible, is used for this one attempt.
fn lifetime(expires_in: Option<&Value>) -> Duration {
    let seconds = match expires_in {
        None | Some(Value::Null) => return LIFETIME_DEFAULT,
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    let seconds = seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0);
    let most = LIFETIME_MAX.as_secs_f64();
    seconds.map_or(Duration::ZERO, |seconds| {
        Duration::from_secs_f64(seconds.min(most))
    })
}

/// The error code of the specification that a response holds.
fn error_code(body: &[u8]) -> Option<&'static str> {
    let response: ErrorResponse = serde_json::from_slice(body).ok()?;
    ERROR_CODES.into_iter().find(|code| *code == response.error)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn response(status: u16, body: &str) -> Response {
        Response {
            outcome: Outcome::Succeeded,
            status_code: Some(status),
            error: None,
            headers: Vec::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            truncated: false,
            retry_after: None,
            waited: Duration::ZERO,
        }
    }

    fn seconds(expires_in: &str) -> f64 {
        let body = format!(r#"{{"access_token":"t","token_type":"Bearer","expires_in":{expires_in}}}"#);
        read(&response(200, &body)).unwrap().lifetime.as_secs_f64()
    }

    fn error(status: u16, body: &str) -> String {
        let failure = read(&response(status, body)).unwrap_err();
        assert_eq!(failure.outcome, Outcome::ProtocolError);
        failure.error
    }

    #[test]
    fn a_lifetime_is_bounded_whatever_the_response_says() {
        for (expires_in, expected) in [
            ("3600", 3_600.0),
            ("\"3600\"", 3_600.0),
            ("1.5", 1.5),
            ("null", 300.0),
            ("0", 0.0),
            ("-5", 0.0),
            ("\"soon\"", 0.0),
            ("[]", 0.0),
            ("1e300", 86_400.0),
            ("18446744073709551615", 86_400.0),
            ("99999999999999999999999999", 86_400.0),
        ] {
            assert!((seconds(expires_in) - expected).abs() < 1e-9, "{expires_in}");
        }
    }

    #[test]
    fn a_token_is_used_until_shortly_before_its_end() {
        let until = |lifetime_s: u64| {
            let issued = Issued {
                text: "t".to_owned(),
                lifetime: Duration::from_secs(lifetime_s),
            };
            issued.token(Duration::from_secs(1_000)).until.as_secs_f64()
        };
        assert!((until(3_600) - 4_540.0).abs() < 1e-9);
        assert!((until(10) - 1_009.0).abs() < 1e-9);
        assert!((until(0) - 1_000.0).abs() < 1e-9, "for this attempt alone");
    }

    #[test]
    fn a_token_with_a_line_break_or_of_another_type_is_refused() {
        let words = "the response of the token endpoint holds a token that no header can carry";
        for token in ["a\\r\\nX-Evil: 1", "a\\n", "a b", "é", "", "a\\u0000"] {
            assert_eq!(
                error(200, &format!(r#"{{"access_token":"{token}"}}"#)),
                words,
                "{token}"
            );
        }
        let long = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(8_193));
        assert!(error(200, &long).ends_with("more than 8 KiB"));
        let mac = error(200, r#"{"access_token":"t","token_type":"mac"}"#);
        assert!(mac.ends_with("another type than Bearer"), "{mac}");
        assert!(read(&response(201, r#"{"access_token":"t","token_type":"bearer"}"#)).is_ok());
    }

    #[test]
    fn a_failure_shows_the_status_and_a_known_code_and_nothing_else() {
        let secret = r#"{"error":"invalid_client","error_description":"hidden"}"#;
        assert_eq!(
            error(401, secret),
            "the token endpoint responded HTTP 401 (invalid_client)"
        );
        let echo = r#"{"error":"hidden secret"}"#;
        assert_eq!(error(400, echo), "the token endpoint responded HTTP 400");
        assert_eq!(read(&response(503, "")).unwrap_err().status_code, Some(503));
        assert_eq!(
            error(302, ""),
            "the token endpoint responded HTTP 302, and redirects are not followed"
        );
        for body in [
            "",
            "<html>",
            "{}",
            "[]",
            r#"{"access_token":1}"#,
            r#"{"error":"invalid_scope"}"#,
        ] {
            assert_eq!(
                error(200, body),
                "the response of the token endpoint holds no access_token"
            );
        }
        let cut = Response {
            truncated: true,
            ..response(200, r#"{"access_token":"t"}"#)
        };
        assert!(read(&cut).unwrap_err().error.contains("larger than 16384 bytes"));
    }

    #[test]
    fn a_failure_of_the_network_keeps_its_outcome_and_its_words() {
        let refused = Response {
            outcome: Outcome::ConnectError,
            status_code: None,
            error: Some("The connection was refused".to_owned()),
            retry_after: Some(Duration::from_secs(7)),
            ..response(200, "")
        };
        let failure = read(&refused).unwrap_err();
        assert_eq!(failure.outcome, Outcome::ConnectError);
        assert_eq!(failure.error, "the token endpoint: The connection was refused");
        assert_eq!(failure.retry_after, Some(Duration::from_secs(7)));
    }
}
