//! What came back for an attempt, in words, and what one can do about it.

use http::StatusCode;
use postrider_model::Outcome;

use super::status::Badge;

/// `503 Service Unavailable`; the number alone where nobody gave it a name.
pub fn status(code: u16) -> String {
    let reason = StatusCode::from_u16(code).ok();
    match reason.and_then(|code| code.canonical_reason()) {
        Some(reason) => format!("{code} {reason}"),
        None => code.to_string(),
    }
}

/// In a row of a table: the status, or why there is none.
pub fn short(status_code: Option<u16>, outcome: Option<Outcome>) -> Option<String> {
    match (status_code, outcome) {
        (Some(code), Some(Outcome::Succeeded | Outcome::BadStatus)) => Some(status(code)),
        (_, Some(outcome)) => Some(Badge::of_outcome(outcome).word().to_owned()),
        (_, None) => None,
    }
}

/// What to do about it; `None` where nothing is to be done.
pub fn hint(outcome: Outcome, status_code: Option<u16>) -> Option<&'static str> {
    Some(match outcome {
        Outcome::Succeeded => return None,
        Outcome::BadStatus => of_status(status_code.unwrap_or_default()),
        Outcome::Timeout => {
            "The receiver should answer first and work afterwards. How long is waited can be set in the automation."
        }
        Outcome::DnsError => "Check the host name in the URL, and that it can be looked up from outside.",
        Outcome::ConnectError => "Check that the receiver runs, and that its firewall lets requests in.",
        Outcome::TlsError => "This has to be mended at the receiver. Certificates are always checked.",
        Outcome::ProtocolError => {
            "Check that a web server listens at this port, and that nothing in front of it cuts answers off."
        }
        Outcome::Blocked => {
            "Nothing was sent: requests go to public addresses only, unless the operator allows others."
        }
    })
}

fn of_status(code: u16) -> &'static str {
    match code {
        300..=399 => "Redirects are not followed. Put the address that it leads to into the automation.",
        401 | 403 => {
            "The receiver did not trust the request. Check the signing key it verifies with, and any key in the headers."
        }
        404 | 405 => "Check the path of the URL, and that it takes POST requests.",
        410 => "The receiver wants no more. When the last attempt is answered so, the URL is switched off.",
        413 => "The event is larger than the receiver takes.",
        429 => "The receiver has too much to do. Its Retry-After is kept to.",
        500.. => "The fault is at the receiver. Its own log of this time says more.",
        _ => "The receiver refused it. What it answered may say why.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_hint() {
        for outcome in Outcome::ALL {
            assert_eq!(hint(outcome, Some(500)).is_none(), outcome == Outcome::Succeeded);
        }
    }

    #[test]
    fn a_row_says_the_status_or_why_there_is_none() {
        assert_eq!(
            short(Some(500), Some(Outcome::BadStatus)).as_deref(),
            Some("500 Internal Server Error")
        );
        assert_eq!(short(Some(799), Some(Outcome::BadStatus)).as_deref(), Some("799"));
        // The headers came, the body did not.
        assert_eq!(
            short(Some(200), Some(Outcome::Timeout)).as_deref(),
            Some("No answer in time")
        );
        assert_eq!(short(None, None), None);
    }
}
