//! The outcome of an attempt in words, and what to do about it.

use http::StatusCode;
use postrider_model::Outcome;
use postrider_model::attempt::{CLIENT_CERTIFICATE, CONNECTION_UNUSABLE, NO_ACCESS_TOKEN};

use super::status::Badge;

/// `503 Service Unavailable`; the number alone if the code has no standard reason.
pub fn status(code: u16) -> String {
    let reason = StatusCode::from_u16(code).ok();
    match reason.and_then(|code| code.canonical_reason()) {
        Some(reason) => format!("{code} {reason}"),
        None => code.to_string(),
    }
}

/// For a table row: the status, or why there is none.
pub fn short(status_code: Option<u16>, outcome: Option<Outcome>) -> Option<String> {
    match (status_code, outcome) {
        (Some(code), Some(Outcome::Succeeded | Outcome::BadStatus)) => Some(status(code)),
        (_, Some(outcome)) => Some(Badge::of_outcome(outcome).word().to_owned()),
        (_, None) => None,
    }
}

/// The same for an e-mail: the code of the mail server's last reply, which has no name.
pub fn short_of_email(code: Option<u16>, outcome: Option<Outcome>) -> Option<String> {
    match (code, outcome) {
        (Some(code), Some(Outcome::Succeeded | Outcome::BadStatus)) => Some(code.to_string()),
        _ => short(None, outcome),
    }
}

/// What to do about the outcome; `None` if there is nothing to do.
pub fn hint(outcome: Outcome, status_code: Option<u16>, error: Option<&str>) -> Option<&'static str> {
    if begins(error, NO_ACCESS_TOKEN) {
        return Some(
            "Nothing was sent to the receiver. Check the connection: its token endpoint and its credentials.",
        );
    }
    if begins(error, CONNECTION_UNUSABLE) {
        return Some(
            "Nothing was sent to the receiver. Correct the connection, or choose another one in the automation. A \
             connection of the installation is corrected by its operator.",
        );
    }
    Some(match outcome {
        Outcome::Succeeded => return None,
        Outcome::BadStatus => of_status(status_code.unwrap_or_default()),
        Outcome::Timeout => {
            "The receiver should respond first and process the event afterwards. You can change the timeout in the automation."
        }
        Outcome::DnsError => {
            "Check the host name in the URL, and that public DNS resolves it to public addresses only."
        }
        Outcome::ConnectError => {
            "Check that the receiver is running and that its firewall allows the request."
        }
        Outcome::TlsError if error.is_some_and(|error| error.contains(CLIENT_CERTIFICATE)) => {
            "The receiver wants a client certificate that has not expired, from an authority that it trusts. Check the connection that the automation uses."
        }
        Outcome::TlsError => "Fix the certificate at the receiver. Postrider always verifies certificates.",
        Outcome::ProtocolError => {
            "Check that a web server listens on this port, and that no proxy in front of it cuts responses off."
        }
        Outcome::Blocked => {
            "Nothing was sent. The operator's rules do not allow this URL: its scheme, port, host name or address."
        }
        Outcome::NotRendered => {
            "Nothing was sent, and no retry follows. Correct the template in the automation: events that are accepted from then on use the new one."
        }
    })
}

/// Whether an attempt with this error sent nothing, because its connection gave no credentials.
pub fn is_unauthenticated(error: Option<&str>) -> bool {
    begins(error, NO_ACCESS_TOKEN) || begins(error, CONNECTION_UNUSABLE)
}

fn begins(error: Option<&str>, words: &str) -> bool {
    error.is_some_and(|error| error.starts_with(words))
}

fn of_status(code: u16) -> &'static str {
    match code {
        300..=399 => {
            "Postrider does not follow redirects. Enter the target of the redirect in the automation."
        }
        401 | 403 => {
            "The receiver did not accept the credentials. Check its signing key, its connection, and any key in the headers."
        }
        404 | 405 => "Check the path of the URL, and that it accepts POST requests.",
        410 => {
            "The receiver wants no more webhooks. If the last attempt gets a 410, Postrider disables the URL."
        }
        413 => "The event is larger than the receiver accepts.",
        429 => "The receiver is rate limiting. Postrider waits for its Retry-After.",
        500.. => "The receiver failed. Its log for this time has the reason.",
        _ => "The receiver did not accept the request. Its response may say why.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_hint() {
        for outcome in Outcome::ALL {
            assert_eq!(
                hint(outcome, Some(500), None).is_none(),
                outcome == Outcome::Succeeded
            );
        }
        let of = |outcome, error| hint(outcome, None, Some(error)).unwrap();
        for (outcome, error, words) in [
            (Outcome::Timeout, "No access token: late", "its token endpoint"),
            (
                Outcome::ProtocolError,
                "The connection cannot be used: The private key is encrypted",
                "Correct the connection",
            ),
            (
                Outcome::TlsError,
                "The server requires a client certificate",
                "Check the connection",
            ),
            (
                Outcome::TlsError,
                "The certificate expired on 2 May 2026",
                "Fix the certificate at the receiver",
            ),
        ] {
            assert!(of(outcome, error).contains(words), "{error}");
        }
    }

    #[test]
    fn an_attempt_without_credentials_shows_no_request() {
        for error in [
            "No access token: late",
            "The connection cannot be used: it is gone",
        ] {
            assert!(is_unauthenticated(Some(error)), "{error}");
        }
        assert!(!is_unauthenticated(Some("The connection was refused")));
        assert!(!is_unauthenticated(None));
    }

    #[test]
    fn a_row_shows_the_status_or_the_reason_it_is_missing() {
        assert_eq!(
            short(Some(500), Some(Outcome::BadStatus)).as_deref(),
            Some("500 Internal Server Error")
        );
        assert_eq!(short(Some(799), Some(Outcome::BadStatus)).as_deref(), Some("799"));
        // The headers arrived, the body did not.
        assert_eq!(
            short(Some(200), Some(Outcome::Timeout)).as_deref(),
            Some("Timeout")
        );
        assert_eq!(short(None, None), None);
        let refused = short_of_email(Some(451), Some(Outcome::BadStatus));
        assert_eq!(refused.as_deref(), Some("451"));
    }
}
